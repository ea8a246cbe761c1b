"""Reads Slack's messages."""
