"""The steps from a question to an order of passages."""
