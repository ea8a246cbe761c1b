"""Reads the forms of Telegram's messages."""
