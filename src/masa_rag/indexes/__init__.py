"""Indexes find what is nearest: vectors exactly or approximately, words by BM25.

Names are resolved at first use, so that no program loads an engine that it does not use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from masa_rag.indexes.chroma import ChromaIndex as ChromaIndex
    from masa_rag.indexes.flat import FlatIndex as FlatIndex

_HOMES = {
    "ChromaIndex": "chroma",
    "FlatIndex": "flat",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if (home := _HOMES.get(name)) is None:
        raise AttributeError(f"module 'masa_rag.indexes' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"masa_rag.indexes.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
