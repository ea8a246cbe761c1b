"""Small vectors of the pieces of words, for late interaction: the last layer's rows in fewer dimensions.

The projection is made here and not in the graph, so that its length can change without a new graph.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from masa_rag._blas import product

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from masa_rag.protocols import TokenVectors

    Axes = NDArray[np.float32]

AXES = "axes.npy"
"""The file with the axes beside the graph."""
TOKEN_DIM = 96
"""Length of a piece's vector. On LoCoMo's turns, all rankers together, NDCG@10: 64 axes .584, 96 .599, all 384
dimensions .593. By chance drawn axes reach .582, axes fitted on abstracts and podcasts .593."""
_TEXTS, _WORDS = 600, 16
"""So many texts of so many words each are looked at: about a third of the vocabulary of an English BERT."""
_STEP = 1024
"""Axes are rounded to 1/1024: the last digits of an eigenvector differ from one machine to another."""


def shortened(rows: NDArray[np.float32], axes: Axes) -> TokenVectors:
    """Return rows ``(tokens, dim)`` along the axes: ``(tokens, TOKEN_DIM)``, each of length 1."""
    short = product(rows, axes)
    scaled: TokenVectors = short / np.maximum(np.linalg.norm(short, axis=1, keepdims=True), np.float32(1e-9))
    return scaled


def write_axes(path: Path, session: Any, tokenizer: Any, *, window: int) -> None:
    """Fit the axes along which a model tells its own words apart best, and write them.

    The words of the vocabulary, in an order that means nothing, go through the model; the axes are the
    eigenvectors of the sum of outer products of its last layer (principal components without centring).
    No other text is used, so that no kind of text is favoured.

    Args:
        path: The file to write.
        session: The model, whose second output is the last layer.
        tokenizer: Its tokenizer.
        window: How many tokens a text may have.
    """
    total = 0.0
    for ids in _texts(tokenizer, window):
        rows = session.run(None, {"input_ids": np.array([ids], np.int64)})[1][0][1:-1].astype(np.float64)
        total = total + rows.T @ rows
    axes = np.linalg.eigh(total)[1][:, ::-1][:, :TOKEN_DIM]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    np.save(path, np.rint(axes * np.sign(largest) * _STEP).astype(np.int16), allow_pickle=False)


def read_axes(path: Path) -> Axes | None:
    """Return the axes, shape ``(dim, TOKEN_DIM)``, or None when the file is not there."""
    if not path.is_file():
        return None
    axes: Axes = np.load(path, allow_pickle=False).astype(np.float32) / np.float32(_STEP)
    return axes


def _texts(tokenizer: Any, window: int) -> Iterator[list[int]]:
    plain = (word for word in tokenizer.get_vocab() if word.isascii() and word.isalpha() and len(word) > 2)
    words = sorted(plain, key=lambda word: (zlib.crc32(word.encode()), word))
    for start in range(0, min(len(words), _TEXTS * _WORDS), _WORDS):
        yield tokenizer.encode(" ".join(words[start : start + _WORDS])).ids[:window]
