"""Predicts which message of a chat answers which."""
