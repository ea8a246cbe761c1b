"""Contract tests for people who write sources, indexes, embedders and the rest."""
