"""Reads the lines of IRC logs."""
