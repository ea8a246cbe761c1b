"""LangChainEmbedder: somebody else's vectors, checked and scaled."""

from __future__ import annotations

import numpy as np
import pytest

from masa_rag.embedders import HashingEmbedder, LangChainEmbedder
from masa_rag.errors import ConfigurationError, EmbeddingError
from masa_rag.testing.embedders import EmbedderContract


class Tripled:
    """A LangChain model in shape: lists of floats, not of length 1."""

    def __init__(self) -> None:
        self.calls = 0
        self.inner = HashingEmbedder(64)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return rows of length 3."""
        self.calls += 1
        return (self.inner.embed_documents(texts) * 3).tolist()

    def embed_query(self, text: str) -> list[float]:
        """Return a row of length 3."""
        return self.embed_documents([text])[0]


class Fixed:
    """Answers the same whatever it is asked."""

    def __init__(self, rows: object) -> None:
        self.rows = rows

    def embed_documents(self, texts: list[str]) -> object:
        """Return what it was given."""
        return self.rows


class TestContract(EmbedderContract):
    """The adapter keeps the contract."""

    def make(self) -> LangChainEmbedder:
        """Return the embedder under test."""
        return LangChainEmbedder(Tripled(), fingerprint="test:tripled")


def test_a_langchain_model_fits() -> None:
    """An object of LangChain's own class works."""
    fakes = pytest.importorskip("langchain_core.embeddings.fake")
    embedder = LangChainEmbedder(fakes.DeterministicFakeEmbedding(size=16), fingerprint="fake:16")
    assert embedder.dim == 16
    assert embedder.embed_documents(["a", "b"]).shape == (2, 16)


def test_dim_is_asked_once() -> None:
    """The length is found with one call and remembered."""
    model = Tripled()
    embedder = LangChainEmbedder(model, fingerprint="test:tripled")
    assert (embedder.dim, embedder.dim, model.calls) == (64, 64, 1)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1.0, 2.0]], "1 vectors for 2 texts"),
        ([[1.0], [1.0, 2.0]], "no table of numbers"),
        ([["a"], ["b"]], "no table of numbers"),
        ([1.0, 2.0], "shape"),
        ([[np.nan, 0.0], [1.0, 0.0]], "not finite"),
        ([[np.inf, 0.0], [1.0, 0.0]], "not finite"),
    ],
)
def test_bad_vectors_are_refused(rows: object, message: str) -> None:
    """What is no vector a text is an error, not a row in the memory."""
    with pytest.raises(EmbeddingError, match=message):
        LangChainEmbedder(Fixed(rows), fingerprint="bad").embed_documents(["a", "b"])


def test_a_text_without_known_words_keeps_no_other_from_being_embedded() -> None:
    """Models of word vectors give zeros for one emoji; it gets a vector of length 1 like any other."""
    found = LangChainEmbedder(Fixed([[0.0, 0.0], [0.0, 3.0]]), fingerprint="words").embed_documents(["🔥", "b"])
    assert found.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_a_fingerprint_is_needed() -> None:
    """An empty one would let any two models be mixed."""
    with pytest.raises(ConfigurationError, match="empty fingerprint"):
        LangChainEmbedder(Tripled(), fingerprint="")
