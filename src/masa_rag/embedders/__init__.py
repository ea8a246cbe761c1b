"""Embedders: text to vectors.

Names are resolved at first use, so that nothing is imported for a model that is not used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from masa_rag.embedders.hashing import HashingEmbedder as HashingEmbedder
    from masa_rag.embedders.langchain import LangChainEmbedder as LangChainEmbedder
    from masa_rag.embedders.onnx import OnnxEmbedder as OnnxEmbedder
    from masa_rag.embedders.sentence_transformers import SentenceTransformerEmbedder as SentenceTransformerEmbedder

_HOMES = {
    "HashingEmbedder": "hashing",
    "LangChainEmbedder": "langchain",
    "OnnxEmbedder": "onnx",
    "SentenceTransformerEmbedder": "sentence_transformers",
}

__all__ = ["default_embedder", *sorted(_HOMES)]


def default_embedder() -> OnnxEmbedder:
    """Return the embedder a memory uses unless it is given one: all-MiniLM-L6-v2 on the CPU."""
    from masa_rag.embedders.onnx import OnnxEmbedder

    return OnnxEmbedder()


def __getattr__(name: str) -> object:
    if (home := _HOMES.get(name)) is None:
        raise AttributeError(f"module 'masa_rag.embedders' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"masa_rag.embedders.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
