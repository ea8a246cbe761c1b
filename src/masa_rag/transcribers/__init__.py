"""Transcribers turn recordings into timed lines."""
