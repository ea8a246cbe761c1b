"""Finds what a page says: its text, its title, who wrote it and when."""
