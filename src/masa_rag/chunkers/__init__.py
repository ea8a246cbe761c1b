"""Chunkers cut documents into passages: conversations by turns, plain text by its own structure."""

from __future__ import annotations

from collections.abc import Sequence

from masa_rag.chunkers._passages import CountTokens
from masa_rag.chunkers.recursive import RecursiveChunker as RecursiveChunker
from masa_rag.chunkers.turns import TurnChunker as TurnChunker
from masa_rag.types import Chunk, Document

__all__ = ["RecursiveChunker", "StructureChunker", "TurnChunker"]


class StructureChunker:
    """The default: documents with segments go to a TurnChunker, plain text to a RecursiveChunker.

    Args:
        count_tokens: The embedder's tokenizer; an estimate when None.
    """

    def __init__(self, *, count_tokens: CountTokens | None = None) -> None:
        self._turns = TurnChunker(count_tokens=count_tokens)
        self._text = RecursiveChunker(count_tokens=count_tokens)
        self.fingerprint: str = f"structure({self._turns.fingerprint},{self._text.fingerprint})"

    def chunk(self, document: Document, *, source: str) -> Sequence[Chunk]:
        """Return the passages in reading order."""
        chunker = self._turns if document.segments else self._text
        return chunker.chunk(document, source=source)
