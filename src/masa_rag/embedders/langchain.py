"""Any LangChain embedding model as an embedder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from masa_rag.embedders._rows import encodable, unit_rows
from masa_rag.errors import ConfigurationError, EmbeddingError

if TYPE_CHECKING:
    from masa_rag.protocols import Vector, Vectors


class _Embeddings(Protocol):
    """The two methods of ``langchain_core.embeddings.Embeddings``; LangChain itself is not needed."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]: ...

    def embed_query(self, text: str) -> list[float]: ...


class LangChainEmbedder:
    """Embeds with a LangChain ``Embeddings`` object; its vectors are scaled to length 1.

    Args:
        embeddings: The object, for example ``OpenAIEmbeddings(model="text-embedding-3-small")``.
        fingerprint: Names model and revision, for example ``"openai:text-embedding-3-small"``. LangChain gives
            models no common name, and a memory has to know when it is opened with another one.
    """

    def __init__(self, embeddings: _Embeddings, *, fingerprint: str) -> None:
        if not fingerprint:
            raise ConfigurationError("received an empty fingerprint; expected the model's name and revision")
        self.embeddings = embeddings
        self.fingerprint = fingerprint

    @cached_property
    def dim(self) -> int:
        """Length of a vector, found by embedding one word at the first use."""
        return len(self.embed_query("length"))

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 ``(len(texts), dim)``, row i for text i, each of length 1.

        Raises EmbeddingError when the model returns another number of rows, or numbers that are no vector.
        """
        import numpy as np

        if not texts:
            return np.empty((0, self.dim), np.float32)
        rows = self.embeddings.embed_documents([encodable(text) for text in texts])
        if len(rows) != len(texts):
            raise EmbeddingError(f"the model returned {len(rows)} vectors for {len(texts)} texts; expected one each")
        return unit_rows(rows)

    def embed_query(self, text: str) -> Vector:
        """Return float32 ``(dim,)`` of length 1. Raises EmbeddingError as ``embed_documents`` does."""
        vector: Vector = unit_rows([self.embeddings.embed_query(encodable(text))])[0]
        return vector

    def __repr__(self) -> str:
        return f"<LangChainEmbedder {self.fingerprint!r}>"
