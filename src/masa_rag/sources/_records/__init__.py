"""Rows of what people said in JSON, CSV and XML of any program: where they are, and which field is which."""
