"""Passages spread evenly over a conversation: of each stretch of it the one that holds most of what it speaks of."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from masa_rag._rows import GIVEN
from masa_rag._words import STOP_WORDS, bags, joined_bags

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FIRST = 4
"""Stretches of the first round; each round has twice as many. 6 and 8 are within .01 of it."""


def evenly(connection: sqlite3.Connection, numbers: Sequence[int], k: int) -> list[tuple[int, float]]:
    """Return up to ``k`` of the passages, with scores: the best of each of four stretches, then of eight, ...

    A stretch that has one already waits. The best passage of a stretch is the one that holds most of what
    the stretch speaks of (after centroid summaries, Radev et al., 2004): its words, each weighed by the square root
    of the number of passages of the stretch that hold it and by its rarity in all of them, over the square root of
    the number of its words. Numbers as they are let "yeah" win where a stretch is hours long. Not as good on
    QMSum, calls and LoCoMo alike: the cosine to the mean vector, the longest passage, the first.
    """
    rows, columns, weights = _stems_of(connection, numbers)
    places = np.arange(len(numbers))
    taken: dict[int, float] = {}
    stretches = _FIRST
    while len(taken) < min(k, len(numbers)):
        stretches = min(stretches, len(numbers))
        stretch = places * stretches // len(numbers)
        scores = _centrality(stretch, rows, columns, weights)
        full = set(stretch[list(taken)].tolist()) if taken else set()
        best = {int(stretch[place]): int(place) for place in np.argsort(scores, kind="stable")}
        fresh = [place for at, place in best.items() if at not in full]
        taken |= {place: float(scores[place]) for place in sorted(fresh, key=lambda place: (-scores[place], place))}
        stretches *= 2
    return [(numbers[place], score) for place, score in list(taken.items())[:k]]


def _stems_of(
    connection: sqlite3.Connection, numbers: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return (passage, stem) of each different stem of each passage, and how rare each stem is among them."""
    found = connection.execute(f"SELECT chunk, words FROM bags WHERE chunk IN {GIVEN}", (json.dumps(list(numbers)),))
    held = {row[0]: np.unique(joined_bags([row[1]])) for row in found}
    common = np.unique(np.concatenate(bags(sorted(STOP_WORDS))))
    words = [np.setdiff1d(held.get(number, common), common, assume_unique=True) for number in numbers]
    rows = np.repeat(np.arange(len(numbers)), [len(part) for part in words])
    stems, columns = np.unique(np.concatenate([*words, common[:0]]), return_inverse=True)
    counts = np.bincount(columns, minlength=len(stems))
    return rows, columns, np.log1p((len(numbers) - counts + 0.5) / (counts + 0.5))


def _centrality(
    stretch: NDArray[np.int64], rows: NDArray[np.int64], columns: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    keys = stretch[rows] * max(1, len(weights)) + columns
    _, places, counts = np.unique(keys, return_inverse=True, return_counts=True)
    sums = np.bincount(rows, np.sqrt(counts[places]) * weights[columns], minlength=len(stretch))
    total: NDArray[np.float64] = sums / np.sqrt(np.maximum(1, np.bincount(rows, minlength=len(stretch))))
    return total
