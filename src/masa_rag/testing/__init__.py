"""Contract tests and fakes for people who write sources, indexes, embedders and the rest."""
