"""HashingEmbedder: the contract without a model."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from masa_rag.embedders import HashingEmbedder
from masa_rag.errors import ConfigurationError
from masa_rag.testing.embedders import EmbedderContract


class TestContract(EmbedderContract):
    """It keeps the contract, and to the last bit."""

    tolerance = 0.0

    def make(self) -> HashingEmbedder:
        """Return the embedder under test."""
        return HashingEmbedder()


def test_shared_words_bring_texts_near() -> None:
    """Two of three words shared is a cosine of about 2/3; none shared is near 0."""
    first, second, other = HashingEmbedder(4096).embed_documents(["red green blue", "red green grey", "one two three"])
    assert first @ second == pytest.approx(2 / 3, abs=0.01)
    assert first @ other == pytest.approx(0, abs=0.01)


def test_words_are_counted() -> None:
    """A token is a word; punctuation is none."""
    assert HashingEmbedder().count_tokens(["Hello, world!", "", "…"]) == [2, 0, 0]


def test_every_process_agrees() -> None:
    """Python's own hash changes from run to run; this one does not."""
    code = "from masa_rag.embedders import HashingEmbedder as H; print(H(8).embed_query('red green').tolist())"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.strip() == str(HashingEmbedder(8).embed_query("red green").tolist())


def test_one_place_is_enough() -> None:
    """With one place every text has the vector 1 or -1."""
    assert np.abs(HashingEmbedder(1).embed_documents(["a", "b", ""])).tolist() == [[1], [1], [1]]
    with pytest.raises(ConfigurationError, match="expected 1 or more"):
        HashingEmbedder(0)
