"""Reads the forms of Discord's messages."""
