"""Texts on their way into a model, and rows on their way out of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from masa_rag.errors import EmbeddingError

if TYPE_CHECKING:
    from masa_rag.protocols import Vectors


def unit_rows(rows: Any) -> Vectors:
    """Return rows as float32, each divided by its length.

    A row of zeros, which models of word vectors give a text of which they know no word, points along the first axis:
    one emoji must not keep the texts beside it from being embedded.

    Raises EmbeddingError when they are not numbers of one shape, or not finite.
    """
    import numpy as np

    try:
        vectors = np.asarray(rows, np.float32)
    except (TypeError, ValueError) as error:
        raise EmbeddingError(f"the model returned no table of numbers ({error})") from error
    if vectors.ndim != 2:
        raise EmbeddingError(f"the model returned an array of shape {vectors.shape}; expected (texts, dim)")
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    if not np.isfinite(lengths).all():
        raise EmbeddingError("the model returned a vector that is not finite; it cannot be compared with others")
    nothing = lengths == 0
    scaled: Vectors = (vectors / (lengths + nothing)).astype(np.float32)
    scaled[nothing[:, 0], 0] = 1
    return scaled


def encodable(text: str) -> str:
    """Return the text with "?" for lone surrogates: exports that cut inside an emoji have them, UTF-8 has not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
