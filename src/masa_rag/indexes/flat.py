"""Exact search: one product of a matrix and a vector. The reference for every other index."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from masa_rag.indexes._coarse import CoarseRows
from masa_rag.indexes._vectors import last_of_each, ranked, unit_rows, unit_vector
from masa_rag.types import Chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from masa_rag.protocols import Vector, Vectors

_TIE = 2e-6
"""Scores nearer to each other than this may come out in either order of one float32 product,
because its sums are not made in the same order for each row; those are compared in float64."""
_MANY = 30_000
_BLOCK = 8_192
"""Rows that a thread compares before it takes the next ones: the other one may have waited for a processor."""
_ASKED = 10
"""Queries until many rows are copied coarsely: 100,000 take 0.2 s, and then each query 20 ms of processor time less."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """One state. Rows below ``count`` never change once it is published, so readers need no lock."""

    matrix: Vectors
    ids: list[str]
    alive: NDArray[np.bool_]
    count: int
    coarse: CoarseRows | None = None
    """A copy of the first rows."""


class FlatIndex:
    """All vectors in memory, compared one by one: exact, and fast enough to some 100,000 of them.

    Nothing is written to disk; whoever uses it fills it when opening. At 384
    dimensions it takes 1.5 kB a vector, twice that while it grows. Many threads may query while
    one writes: a reader sees the state before or after a write, never between. Vectors are scaled
    to length 1, so scores are cosines. Equal scores are ordered by id.

    A removed or replaced vector stays in memory, unreachable, until a quarter of all rows is of
    that kind; then they are dropped in one go.

    Who asks often (a server, an agent) has more than 30,000 rows copied in 8 bits a number, once: what cannot be among
    the nearest is left out by it, the rest is compared as always. The answers are the same.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = 0
        self._row_of: dict[str, int] = {}
        self._rows = _nothing(0)

    def upsert(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Insert or replace; of chunks with the same id the last counts."""
        self.upsert_vectors([chunk.id for chunk in chunks], vectors)

    def upsert_vectors(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Insert or replace by id; of equal ids the last counts.

        Args:
            ids: Their ids.
            vectors: Shape ``(len(ids), dim)``. A contiguous float32 array of unit rows that is read-only is kept as
                it is, without a copy, where the index was empty.
        """
        with self._lock:
            rows = unit_rows(vectors, count=len(ids), dim=self._dim())
            if not ids:
                return
            ids, rows = _unique(ids, rows)
            if self._row_of:
                self._drop(ids)
                self._append(ids, rows)
            else:  # the first rows of all; read-only ones cannot change under us and are kept as they are
                self._fill(ids, rows.copy() if rows.flags.writeable else rows)

    def ids(self) -> set[str]:
        """Return the ids that are in it."""
        with self._lock:
            return set(self._row_of)

    def delete(self, ids: Sequence[str]) -> None:
        """Remove; unknown ids are ignored."""
        with self._lock:
            self._drop(ids)
            self._compact()

    def query(self, vector: Vector, k: int, allowed: Iterable[str] | None = None) -> list[tuple[str, float]]:
        """Return up to ``k`` (id, cosine), best first; only ids in ``allowed`` unless it is None."""
        if allowed is None:
            self._copy_coarsely()
        with self._lock:
            state = self._rows
            rows = None if allowed is None else self._find(allowed)
        if k < 1 or not state.count or (rows is not None and not len(rows)):
            return []
        query = unit_vector(vector, dim=state.matrix.shape[1])
        if rows is None and state.coarse is not None:
            rows = _near(state, state.coarse, query, k)
        if rows is None:
            rows, scores = _all_scores(state, query)
        else:
            scores = _products(state.matrix[rows], query)
        return _best(state, rows, scores, query=query, k=k)

    def cosines(self, ids: Sequence[str], vector: Vector) -> NDArray[np.float64]:
        """Return the cosine of each id with ``vector``, in the order given; not a number for unknown ids."""
        with self._lock:
            state = self._rows
            rows = np.fromiter(map(self._row_of.get, ids, repeat(-1)), np.int64)
        out = np.full(len(rows), np.nan)
        if len(known := np.flatnonzero(rows >= 0)):
            query = unit_vector(vector, dim=state.matrix.shape[1])
            out[known] = _products(state.matrix[rows[known]], query)
        return out

    def clear(self) -> None:
        """Remove everything; nothing was ever on disk."""
        with self._lock:
            self._row_of = {}
            self._rows = _nothing(0)

    def close(self) -> None:
        """Release the memory. The index is empty afterwards."""
        self.clear()

    def __len__(self) -> int:
        return len(self._row_of)

    def _dim(self) -> int | None:
        return self._rows.matrix.shape[1] if self._row_of else None

    def _find(self, allowed: Iterable[str]) -> NDArray[np.int64]:
        found = (self._row_of.get(key) for key in set(allowed))
        return np.fromiter((row for row in found if row is not None), dtype=np.int64)

    def _fill(self, ids: Sequence[str], rows: Vectors) -> None:
        self._row_of = dict(zip(ids, range(len(ids)), strict=True))
        self._rows = _Rows(rows, list(ids), np.ones(len(ids), dtype=np.bool_), len(ids))

    def _copy_coarsely(self) -> None:
        """Make a coarse copy of many rows that are asked for often, and anew when a quarter of them came after it."""
        with self._lock:
            self._asked += 1
            state = self._rows
            since = state.count - (state.coarse.count if state.coarse else 0)
            if state.count <= _MANY or self._asked % _ASKED or 4 * since <= state.count:
                return
        coarse = CoarseRows(state.matrix[: state.count])
        with self._lock:
            if self._rows.matrix is state.matrix:  # otherwise rows have moved
                self._rows = replace(self._rows, coarse=coarse)

    def _drop(self, ids: Iterable[str]) -> None:
        rows = [row for key in ids if (row := self._row_of.pop(key, None)) is not None]
        if rows:
            alive = self._rows.alive.copy()  # a reader may hold the old one
            alive[rows] = False
            self._rows = replace(self._rows, alive=alive)

    def _append(self, ids: Sequence[str], rows: Vectors) -> None:
        state = self._with_room(len(ids))
        end = state.count + len(ids)
        state.matrix[state.count : end] = rows
        state.alive[state.count : end] = True
        state.ids.extend(ids)
        self._row_of.update(zip(ids, range(state.count, end), strict=True))
        self._rows = replace(state, count=end)
        self._compact()

    def _with_room(self, more: int) -> _Rows:
        """Return the state in arrays with room for ``more`` rows; doubling makes appending cheap."""
        state = self._rows
        capacity = len(state.matrix)
        if state.count + more <= capacity:
            return state
        moved = _moved(state, slice(state.count), capacity=max(2 * capacity, state.count + more))
        return replace(moved, coarse=state.coarse)

    def _compact(self) -> None:
        state = self._rows
        if 4 * (state.count - len(self._row_of)) <= state.count:
            return
        rows = np.flatnonzero(state.alive[: state.count])
        self._rows = _moved(state, rows, capacity=len(rows))
        self._row_of = {key: row for row, key in enumerate(self._rows.ids)}


def _unique(ids: Sequence[str], rows: Vectors) -> tuple[Sequence[str], Vectors]:
    """Return ids and rows without repetitions; of equal ids the last row stays."""
    keep = last_of_each(ids)
    return (ids, rows) if len(keep) == len(ids) else ([ids[row] for row in keep], rows[keep])


def _products(rows: Vectors, query: Vector) -> NDArray[np.float32]:
    """Return the product of each row with the query; of more than ``_MANY`` rows on two threads.

    ``rows @ query`` is as fast (100,000 rows of 384 on 2 cores: 8 ms, on one 15), but the threads of OpenBLAS
    go on spinning for 25 ms: a search took 50 ms of processor time with it, with this 35.
    """
    scores = np.empty(len(rows), np.float32)

    def fill(start: int) -> None:
        np.vecdot(rows[start : start + _BLOCK], query, scores[start : start + _BLOCK])

    starts = range(0, len(rows), _BLOCK)
    if len(rows) <= _MANY:
        for start in starts:
            fill(start)
    else:
        with ThreadPoolExecutor(2, "masa-rag-compare") as pool:
            list(pool.map(fill, starts))  # raises what a thread raised
    return scores


def _nothing(dim: int) -> _Rows:
    return _Rows(np.empty((0, dim), dtype=np.float32), [], np.empty(0, dtype=np.bool_), 0)


def _moved(state: _Rows, rows: Any, *, capacity: int) -> _Rows:
    """Return a state of the given rows (a slice or row numbers) in new arrays."""
    kept = state.matrix[rows]
    matrix = np.empty((capacity, state.matrix.shape[1]), dtype=np.float32)
    matrix[: len(kept)] = kept
    alive = np.zeros(capacity, dtype=np.bool_)
    alive[: len(kept)] = state.alive[rows]
    ids = state.ids[rows] if isinstance(rows, slice) else [state.ids[row] for row in rows]
    return _Rows(matrix, ids, alive, len(kept))


def _near(state: _Rows, coarse: CoarseRows, query: Vector, k: int) -> NDArray[np.int64]:
    """Return the rows among which the ``k`` nearest are: what the copy does not leave out, and what came after it."""
    since = coarse.count + np.flatnonzero(state.alive[coarse.count : state.count])
    return np.concatenate([coarse.near(query, k, state.alive), since])


def _all_scores(state: _Rows, query: Vector) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    scores = _products(state.matrix[: state.count], query)
    scores[~state.alive[: state.count]] = -np.inf
    return np.arange(state.count), scores


def _best(
    state: _Rows, rows: NDArray[np.int64], scores: NDArray[np.float32], *, query: Vector, k: int
) -> list[tuple[str, float]]:
    """Return the ``k`` best of the rows; everything near the last place is compared in float64."""
    place = len(scores) - min(k, len(scores))
    floor = np.partition(scores, place)[place] - _TIE
    near = rows[(scores >= floor) & (scores > -np.inf)]
    exact: NDArray[np.float64] = np.vecdot(state.matrix[near].astype(np.float64), query.astype(np.float64))
    return ranked([state.ids[row] for row in near], np.round(exact, 7).tolist(), k)
