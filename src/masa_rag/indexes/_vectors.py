"""What every index checks about the vectors it is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from masa_rag.errors import ConfigurationError, MemoryMismatchError

if TYPE_CHECKING:
    from masa_rag.protocols import Vector, Vectors

UNIT_TOLERANCE = 1e-5
"""Rows whose squared length is this near to 1 count as unit vectors; float32 rounding at 1,024
dimensions stays below 1e-6."""


def unit_rows(vectors: Vectors, *, count: int, dim: int | None) -> Vectors:
    """Return ``vectors`` as float32 rows of length 1, without a copy when they are that already.

    Args:
        vectors: Shape ``(count, dim)``. Rows of zeros stay zeros: they are like nothing.
        count: How many rows there must be.
        dim: The length that vectors in the index have, or None if it is empty.

    Raises:
        ConfigurationError: The shape is wrong or a value is not finite.
        MemoryMismatchError: The index holds vectors of another length.
    """
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if rows.ndim != 2 or len(rows) != count:
        raise ConfigurationError(
            f"received vectors of shape {rows.shape} for {count} ids; expected ({count}, dim), one row an id"
        )
    if dim is not None and count and rows.shape[1] != dim:
        raise _other_length(rows.shape[1], dim)
    squares = np.einsum("ij,ij->i", rows, rows)
    if not np.isfinite(squares).all():
        raise ConfigurationError("received a vector with values that are not finite; expected unit vectors")
    if (np.abs(squares - 1) > UNIT_TOLERANCE).any():
        rows = (rows / np.sqrt(np.where(squares == 0, 1, squares))[:, None]).astype(np.float32, copy=False)
    return rows


def unit_vector(vector: Vector, *, dim: int) -> Vector:
    """Return a query vector as float32 of length 1; errors as in ``unit_rows``."""
    row = np.asarray(vector, dtype=np.float32)
    if row.ndim != 1:
        raise ConfigurationError(f"received a query of shape {row.shape}; expected one vector of shape ({dim},)")
    unit: Vector = unit_rows(row[None, :], count=1, dim=dim)[0]
    return unit


def last_of_each(ids: Sequence[str]) -> list[int]:
    """Return the positions of the last occurrence of each id, in order of first appearance."""
    return list(dict(zip(ids, range(len(ids)), strict=True)).values())


def ranked(ids: Sequence[str], scores: Sequence[float], k: int) -> list[tuple[str, float]]:
    """Return the ``k`` best (id, score), best first; equal scores are ordered by id."""
    return sorted(zip(ids, scores, strict=True), key=lambda item: (-item[1], item[0]))[:k]


def _other_length(received: int, expected: int) -> MemoryMismatchError:
    return MemoryMismatchError(
        f"received vectors of length {received}, but the index holds vectors of length {expected}. "
        "Use the embedder that the index was made with, or embed everything again with: masa-rag rebuild --re-embed"
    )
