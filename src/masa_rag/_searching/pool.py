"""The passages that may answer a question, with their neighbours, and what is counted on them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from masa_rag._rows import GIVEN
from masa_rag._searching.late import nearest
from masa_rag._words import joined_bags

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from masa_rag._searching.query import Question
    from masa_rag._searching.vectors import VectorView
    from masa_rag.protocols import TokenVectors, Vector

_WINDOW = 2
"""Passages on each side that count for a passage; see ``window_scores`` and ``with_neighbours``."""
_BESIDE = 0.5
"""Weight of a neighbour's vector: .602 against .599 on LoCoMo (NDCG@10), .367 against .361 on QMSum."""
_K1, _B = 1.2, 0.75
"""BM25's usual constants (Robertson and Zaragoza, 2009), the same as FTS5 has."""

Row = tuple[int, int, int, int]
"""The number of a document, a place in it, the number of the passage there, and whether that is of a recording."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Rows in the order of the documents: candidates, and neighbours that are only context to them.

    Attributes:
        numbers: The passages' numbers in the catalogue.
        documents: The numbers of their documents.
        positions: Their places in the documents.
        timed: Whether they have a place in a recording.
        chosen: The rows that may be returned.
    """

    numbers: NDArray[np.int64]
    documents: NDArray[np.int64]
    positions: NDArray[np.int64]
    timed: NDArray[np.bool_]
    chosen: NDArray[np.int64]

    def shifted(self, steps: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (rows, the rows that stand ``steps`` after them in the same document), where there is one."""
        rows = np.arange(max(0, len(self.numbers) - steps))
        same = self.documents[rows] == self.documents[rows + steps]
        rows = rows[same & (self.positions[rows + steps] - self.positions[rows] == steps)]
        return rows, rows + steps

    def around(self, steps: int) -> NDArray[np.int64]:
        """Return the chosen rows and those up to ``steps`` places beside them in their documents."""
        near = np.zeros(len(self.numbers), np.bool_)
        near[self.chosen] = True
        wide = near.copy()
        for distance in range(1, steps + 1):
            left, right = self.shifted(distance)
            wide[left] |= near[right]
            wide[right] |= near[left]
        return np.flatnonzero(wide)

    def windowed(self, table: NDArray[np.float64], weights: Sequence[float]) -> NDArray[np.float64]:
        """Return the rows of a table times the first weight, plus those one place beside them times the second, ..."""
        window = weights[0] * table
        for steps, weight in enumerate(weights[1:], 1):
            left, right = self.shifted(steps)
            window[left] += weight * table[right]
            window[right] += weight * table[left]
        return window


def neighbours(connection: sqlite3.Connection, first: Collection[int], others: Collection[int]) -> list[Row]:
    """Return what was named, and what ``gather`` needs beside it: more beside what was named first."""
    return _beside(connection, first, _WINDOW + 1) + _beside(connection, others, _WINDOW)


def _beside(connection: sqlite3.Connection, numbers: Collection[int], reach: int) -> list[Row]:
    """Return these passages and those up to ``reach`` places beside."""
    return _tuples(connection).execute(
        "SELECT n.document, n.position, n.pk, n.start_s IS NOT NULL FROM chunks c "
        "JOIN chunks n ON n.document = c.document AND n.position BETWEEN c.position - ? AND c.position + ? "
        f"WHERE c.pk IN {GIVEN}",
        (reach, reach, json.dumps(list(numbers))),
    ).fetchall()  # fmt: skip


def gather(
    rows: Sequence[Row], named: Collection[int], first: Collection[int], allowed: Collection[int] | None
) -> Pool:
    """Return what was named and, for those of it that were named first, the passages beside them.

    A passage beside a good one may hold the answer too. All come with what their windows need.

    Args:
        rows: The ``neighbours`` of what was named; some may come more than once.
        named: Numbers of passages.
        first: Those of them whose neighbours are candidates too.
        allowed: Numbers of the passages that may be candidates; None for all.
    """
    table = np.fromiter(chain.from_iterable(rows), np.int64, 4 * len(rows)).reshape(-1, 4)
    table = table[np.unique(table[:, 2], return_index=True)[1]]
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    pool = Pool(table[:, 2], table[:, 0], table[:, 1], table[:, 3] > 0, np.zeros(0, np.int64))
    numbers = pool.numbers.tolist()
    chosen = np.array([number in named for number in numbers], np.bool_)
    chosen[replace(pool, chosen=np.flatnonzero([number in first for number in numbers])).around(1)] = True
    if allowed is not None:
        chosen &= np.array([number in allowed for number in numbers], np.bool_)
    return replace(pool, chosen=np.flatnonzero(chosen))


def window_scores(connection: sqlite3.Connection, pool: Pool, question: Question) -> NDArray[np.float64]:
    """Return BM25 of each chosen row counted over a window: itself thrice, neighbours twice, the next ones once.

    In a conversation the words of a question stand in the turns around the answer more often than in it.
    """
    found = _blobs(connection, "SELECT chunk, CAST(words AS BLOB) FROM bags WHERE chunk", pool.numbers)
    bags = [found.get(number, b"") for number in pool.numbers.tolist()]
    lengths = np.array([len(bag) // 4 for bag in bags], np.int64)
    counts = _counts(joined_bags(bags), lengths, question)
    table = np.column_stack([counts, lengths]).astype(np.float64)
    return _bm25(pool.windowed(table, (3, 2, 1))[pool.chosen], np.array(list(question.weights.values())))


def vector_scores(pool: Pool, view: VectorView, vector: Vector) -> NDArray[np.float64]:
    """Return the cosine of each chosen row, averaged with its neighbours'; see ``_BESIDE``.

    Not a number for rows that are not embedded yet.
    """
    rows = pool.around(1)
    cosines = np.full(len(pool.numbers), np.nan)
    cosines[rows] = view.cosines(pool.numbers[rows].tolist(), vector)
    known = np.isfinite(cosines)
    table = np.column_stack([np.where(known, cosines, 0.0), known])
    window = pool.windowed(table, (1, _BESIDE))
    means: NDArray[np.float64] = np.where(known, window[:, 0] / np.maximum(window[:, 1], 1e-9), np.nan)
    return means[pool.chosen]


def word_matches(connection: sqlite3.Connection, pool: Pool, tokens: TokenVectors) -> NDArray[np.float32]:
    """Return for each row and each word of the question the cosine of its nearest word; see ``late.nearest``.

    Rows further than two places from any chosen one are left at 0.
    """
    rows = pool.around(_WINDOW)
    blobs = _blobs(connection, "SELECT chunk, CAST(vectors AS BLOB) FROM tokens WHERE chunk", pool.numbers[rows])
    out = np.zeros((len(pool.numbers), len(tokens)), np.float32)
    if blobs:
        out[rows] = nearest([blobs.get(number, b"") for number in pool.numbers[rows].tolist()], tokens)
    return out


def with_neighbours(pool: Pool, matches: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each word the best of a row and the two rows on each side of it."""
    best = matches.copy()
    for steps in range(1, _WINDOW + 1):
        left, right = pool.shifted(steps)
        best[left] = np.maximum(best[left], matches[right])
        best[right] = np.maximum(best[right], matches[left])
    return best


def _blobs(connection: sqlite3.Connection, select: str, numbers: NDArray[np.int64]) -> dict[int, bytes]:
    wanted = json.dumps(numbers.tolist())
    return dict(_tuples(connection).execute(f"{select} IN {GIVEN}", (wanted,)).fetchall())


def _tuples(connection: sqlite3.Connection) -> sqlite3.Cursor:
    """Return a cursor of plain tuples: of a thousand rows, those with names take half as long again."""
    cursor = connection.cursor()
    cursor.row_factory = None
    return cursor


def _counts(words: NDArray[np.uint32], lengths: NDArray[np.int64], question: Question) -> NDArray[np.int64]:
    """Return how often each stem of the question stands in each bag: shape ``(bags, stems)``.

    Args:
        words: The digests of all bags, one bag after the other.
        lengths: How many of them each bag has.
        question: Its stems.
    """
    stems = np.array(list(question.weights), np.uint32)
    if not len(stems):
        return np.zeros((len(lengths), 0), np.int64)
    is_like = np.zeros(1 << 16, np.bool_)  # most words are none of the stems, and half a digest says so
    is_like[stems.astype(np.uint16)] = True
    like = np.flatnonzero(is_like[words.astype(np.uint16)])
    order = np.argsort(stems)
    places = order[np.minimum(np.searchsorted(stems, words[like], sorter=order), len(stems) - 1)]
    asked = stems[places] == words[like]
    owners = np.searchsorted(np.cumsum(lengths), like[asked], side="right")
    cells = owners * len(stems) + places[asked]
    return np.bincount(cells, minlength=len(lengths) * len(stems)).reshape(len(lengths), len(stems))


def _bm25(table: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score counts of stems, one row a text; the last column is the text's length.

    The mean length is that of these texts: the whole memory's would have to be kept up to date, and ranks
    nearly the same.
    """
    counts, lengths = table[:, :-1], table[:, -1]
    mean = float(lengths.mean()) if len(lengths) and lengths.any() else 1.0
    damped = counts * (_K1 + 1) / (counts + (_K1 * (1 - _B + _B * lengths / mean))[:, None])
    scores: NDArray[np.float64] = damped @ weights
    return scores
