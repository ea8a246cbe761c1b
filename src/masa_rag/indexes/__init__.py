"""Indexes find what is nearest: vectors exactly or approximately, words by BM25.

Names are resolved at first use, so that no program loads an engine that it does not use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from masa_rag._lazy import late_name

if TYPE_CHECKING:
    from masa_rag.indexes.chroma import ChromaIndex as ChromaIndex
    from masa_rag.indexes.flat import FlatIndex as FlatIndex

_HOMES = {
    "ChromaIndex": "chroma",
    "FlatIndex": "flat",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    return late_name(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return list(__all__)
