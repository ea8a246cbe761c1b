"""Fetches over HTTP what strangers serve: bounded, and never from local addresses."""
