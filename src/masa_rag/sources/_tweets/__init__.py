"""Reads what tweets come in: archives, answers of APIs, tables."""
