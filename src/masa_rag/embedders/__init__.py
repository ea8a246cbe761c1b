"""Embedders: text to vectors.

Names are resolved at first use, so that nothing is imported for a model that is not used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from masa_rag._lazy import late_name

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
    return late_name(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return list(__all__)
