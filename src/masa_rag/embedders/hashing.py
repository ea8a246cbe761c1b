"""Vectors without a model, for tests and first looks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from masa_rag.errors import ConfigurationError

if TYPE_CHECKING:
    from masa_rag.protocols import Vector, Vectors

_WORD = re.compile(r"\w+")


class HashingEmbedder:
    """Counts words into a fixed number of places, chosen by hash (Weinberger et al., 2009, arXiv:0902.2206).

    Texts that share words come out near, texts that say the same in other words do not: use it in tests and
    to try the library without a model, never to judge what search finds.

    Args:
        dim: Length of a vector, 1 or more.
    """

    def __init__(self, dim: int = 256) -> None:
        if dim < 1:
            raise ConfigurationError(f"received dim={dim}; expected 1 or more")
        self.dim = dim

    @property
    def fingerprint(self) -> str:
        """Names the method and the length."""
        return f"hashing:{self.dim}"

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 ``(len(texts), dim)``, row i for text i, each of length 1."""
        import numpy as np

        out = np.zeros((len(texts), self.dim), np.float32)
        for row, text in zip(out, texts, strict=True):
            for place, sign in self._places(text):
                row[place] += sign
            if not row.any():
                row[0] = 1.0  # no word, or words that cancel: still a vector of length 1
        vectors: Vectors = out / np.linalg.norm(out, axis=1, keepdims=True)
        return vectors

    def embed_query(self, text: str) -> Vector:
        """Return float32 ``(dim,)`` of length 1."""
        vector: Vector = self.embed_documents([text])[0]
        return vector

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of words of each text."""
        return [len(_WORD.findall(text)) for text in texts]

    def __repr__(self) -> str:
        return f"HashingEmbedder(dim={self.dim})"

    def _places(self, text: str) -> list[tuple[int, float]]:
        words = (word.encode("utf-8", "surrogatepass") for word in _WORD.findall(text.lower()))
        numbers = (int.from_bytes(hashlib.blake2b(word, digest_size=8).digest(), "big") for word in words)
        return [(number // 2 % self.dim, 1.0 if number % 2 else -1.0) for number in numbers]
