"""Conversations with assistants, read from the exports that their makers give people."""
