"""Reads the pages of Messenger's and Instagram's chats."""
