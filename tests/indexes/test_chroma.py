"""ChromaIndex keeps the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from masa_rag.indexes import ChromaIndex
from masa_rag.testing.indexes import IndexContract


class TestChromaIndex(IndexContract):
    """ChromaIndex, embedded, keeps the contract of an index."""

    many = 2_300  # more than two batches

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "chroma"

    def make(self) -> ChromaIndex:
        """Return an index in a new folder."""
        return ChromaIndex(self.folder)

    def reopen(self) -> ChromaIndex:
        """Return an index over the same folder."""
        return ChromaIndex(self.folder)
