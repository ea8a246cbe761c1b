"""Reads the formats that transcripts come in."""
