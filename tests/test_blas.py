"""Products of matrices: the library's threads are left asleep, and the numbers are the same."""

from __future__ import annotations

import numpy as np
import pytest

from masa_rag import _blas
from masa_rag._blas import SMALL, product


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 15, 60, 333])
def test_a_product_in_parts_is_the_product(count: int) -> None:
    """Rows of a model of 384 along 96 axes, seven at once: the same as at once, to the last bit."""
    chance = np.random.default_rng(count)
    rows, axes = (chance.standard_normal(shape, np.float32) for shape in ((count, 384), (384, 96)))
    assert product(rows, axes).tobytes() == (rows @ axes).tobytes()


def test_no_part_is_so_large_that_other_threads_wake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each multiplies SMALL times at most; a row that is more by itself cannot be cut."""
    parts: list[int] = []
    matmul = np.matmul

    def counted(rows: np.ndarray, columns: np.ndarray, out: np.ndarray) -> np.ndarray:
        parts.append(rows.size * columns.shape[1])
        return matmul(rows, columns, out=out)

    monkeypatch.setattr(_blas.np, "matmul", counted)
    product(np.ones((500, 48), np.float32), np.ones((48, 14), np.float32))
    assert len(parts) == 2
    assert max(parts) <= SMALL
    parts.clear()
    product(np.ones((3, 1000), np.float32), np.ones((1000, 300), np.float32))
    assert parts == [300_000] * 3
