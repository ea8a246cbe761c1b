"""Products of matrices in the thread that asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALL = 1 << 18
"""Multiplications up to which OpenBLAS, numpy's matrix library, multiplies in the thread that asks (interface/gemm.c,
0.3). Above it takes all cores, which then wait for more in a busy loop of 10 to 25 ms. Beside a model that needs them
that is half of their time: 400 passages were embedded in 7.2 s of processor time instead of 3.5."""


def product(rows: NDArray[np.float32], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``rows @ columns``, to the last bit where at least two rows are ``SMALL``."""
    size = max(1, SMALL // columns.size)
    out = np.empty((len(rows), columns.shape[1]), np.float32)
    last = max(0, len(rows) - size)  # as high as the others: a row alone is rounded otherwise
    for start in (*range(0, last, size), last):
        np.matmul(rows[start : start + size], columns, out=out[start : start + size])
    return out
