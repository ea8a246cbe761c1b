"""Rerankers score the best hits once more."""
