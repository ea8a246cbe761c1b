"""Chunkers cut documents into passages."""
