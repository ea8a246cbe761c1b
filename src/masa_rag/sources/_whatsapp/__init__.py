"""Reads the lines of WhatsApp's exports in any language."""
