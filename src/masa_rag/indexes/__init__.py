"""Indexes find what is nearest: vectors exactly or approximately, words by BM25."""
