"""Reads what feeds hold: entries, and a podcast's episodes."""
