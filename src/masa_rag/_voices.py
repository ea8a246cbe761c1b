"""Who said which words when: voices, counted in a stretch of time and in those of the same length before it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from time import time
from typing import TYPE_CHECKING

import numpy as np

from masa_rag._reading import Filters, condition_of
from masa_rag._rows import GIVEN
from masa_rag._time import from_unix
from masa_rag._words import joined_bags

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from masa_rag._words import Bag

    Numbers = NDArray[np.float64]

EARLIER = 8
"""Stretches before the last that it is compared with."""
LEAST = 3
"""Voices that make a trend, and different speakers of them, where there are so many."""
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was said in a stretch of time. A voice is whoever speaks in a passage, on one day; copies are no voice.

    So who repeats a word all day says it once, and an episode in which two people talk is one voice.

    Attributes:
        numbers: The passages' numbers in the catalogue.
        voices: The number of each passage's voice, from 0.
        speakers: Who speaks in each passage, as a number; a document where it is not known.
        lengths: How many words each passage has.
        words: The digests of their stems, one passage after the other.
    """

    numbers: list[int]
    voices: NDArray[np.int64]
    speakers: NDArray[np.int64]
    lengths: NDArray[np.int64]
    words: Bag

    def voices_at(self, places: Collection[int]) -> int:
        """Return how many voices these passages have; 0 where they have fewer speakers than make a trend."""
        chosen = list(places)
        if len(np.unique(self.speakers[chosen])) < min(LEAST, int(self.speakers.max(initial=-1)) + 1):
            return 0
        return len(np.unique(self.voices[chosen]))

    @property
    def total(self) -> int:
        """How many voices there are."""
        return int(self.voices.max(initial=-1)) + 1

    def voices_of_words(self) -> tuple[Bag, NDArray[np.int64]]:
        """Return the digest of each word that was said, and how many voices said it; in order of the digests."""
        owners = np.repeat(self.voices, self.lengths).astype(np.uint64)
        said = np.unique(owners << np.uint64(32) | self.words)
        return np.unique(said.astype(np.uint32), return_counts=True)

    def voices_of(self, digests: Bag) -> NDArray[np.int64]:
        """Return how many voices said each of these words."""
        known, counts = self.voices_of_words()
        if not len(known):
            return np.zeros(len(digests), np.int64)
        at = np.minimum(np.searchsorted(known, digests), len(known) - 1)
        return np.where(known[at] == digests, counts[at], 0)

    def voices_of_all(self, digests: Collection[int]) -> int:
        """Return how many voices have a passage with all of these words."""
        return len(np.unique(self.voices[self.passages_with(digests)]))

    def passages_with(self, digests: Collection[int]) -> NDArray[np.int64]:
        """Return the places of the passages that hold all of these words; of no word none."""
        held = [np.isin(np.arange(len(self.numbers)), self.passages_with_any([digest])) for digest in digests]
        return np.flatnonzero(np.logical_and.reduce(held)) if held else np.zeros(0, np.int64)

    def passages_with_any(self, digests: Collection[int]) -> NDArray[np.int64]:
        """Return the places of the passages that hold one of these words, in order."""
        owners = np.repeat(np.arange(len(self.numbers)), self.lengths)
        return np.unique(owners[np.isin(self.words, np.array(list(digests), np.uint32))])


def stretches(connection: sqlite3.Connection, filters: Filters, *, until: float, length_s: float) -> list[Stretch]:
    """Return what passes the filters in ``EARLIER`` stretches and in the last one, oldest first.

    Of the last only what comes from sources that said something before it: all that a new one says would be unusual.

    Args:
        connection: Of a memory's catalogue.
        filters: By author, source and kind.
        until: End of the last stretch, Unix seconds; what was said at that very time belongs to it.
        length_s: Seconds of each.
    """
    passes, values = condition_of(connection, filters)
    bounds = [until - length_s * back for back in range(EARLIER + 1, -1, -1)]
    known = json.dumps(_sources(connection, bounds[0], bounds[-2]))
    spans, earliest = list(pairwise(bounds)), _earliest(connection)
    earlier = [_stretch(connection, passes, values, span, earliest) for span in spans[:-1]]
    passes += f" AND c.document IN (SELECT pk FROM documents WHERE source IN {GIVEN})"
    return [*earlier, _stretch(connection, passes, [*values, known], spans[-1], earliest)]


_SAID = """
SELECT c.pk, CASE c.authors WHEN '[]' THEN c.document ELSE c.authors END, CAST(c.started_at / ? AS INTEGER),
    CAST(b.words AS BLOB), t.first
FROM chunks c JOIN bags b ON b.chunk = c.pk LEFT JOIN said t ON t.chunk = c.pk
WHERE c.started_at > ? AND c.started_at <= ? AND
"""
_COPIED = """
SELECT t.first, t.chunk, min(c.started_at), f.started_at
FROM said t JOIN chunks c ON c.pk = t.chunk JOIN chunks f ON f.pk = t.first
WHERE t.first NOT IN (0, t.chunk) GROUP BY t.first
"""
"""SQLite gives the chunk of the row that has the minimum."""


def _earliest(connection: sqlite3.Connection) -> dict[int, int]:
    """Return for each passage of which copies are known the earliest of all: itself, or a copy that was read later."""
    rows = connection.execute(_COPIED).fetchall()
    return {first: copy if own is None or (at is not None and at < own) else first for first, copy, at, own in rows}


def _stretch(
    connection: sqlite3.Connection,
    passes: str,
    values: Sequence[object],
    span: tuple[float, float],
    earliest: Mapping[int, int],
) -> Stretch:
    start, end = span
    found = connection.execute(f"{_SAID} {passes}", (min(_DAY_S, end - start), start, end, *values))
    rows = [row for row in found if not row[4] or earliest.get(row[4], row[4]) == row[0]]
    bags = [row[3] for row in rows]
    return Stretch(
        numbers=[row[0] for row in rows],
        voices=_numbered([(row[1], row[2]) for row in rows]),
        speakers=_numbered([row[1] for row in rows]),
        lengths=np.array([len(words) // 4 for words in bags], np.int64),
        words=joined_bags(bags),
    )


def _numbered(values: Sequence[Hashable]) -> NDArray[np.int64]:
    """Return for each value how many others came before it for the first time."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], np.int64)


def _sources(connection: sqlite3.Connection, start: float, end: float) -> list[int]:
    rows = connection.execute(
        "SELECT DISTINCT d.source FROM chunks c JOIN documents d ON d.pk = c.document "
        "WHERE c.started_at > ? AND c.started_at <= ?",
        (start, end),
    )
    return [row[0] for row in rows]


def latest(connection: sqlite3.Connection, filters: Filters) -> datetime:
    """Return when the last passage that passes was said; now where there is none, or a clock was ahead."""
    passes, values = condition_of(connection, filters)
    row = connection.execute(
        f"SELECT max(c.started_at) FROM chunks c WHERE {passes} AND c.started_at <= ?", (*values, time())
    ).fetchone()
    return datetime.now(UTC) if row[0] is None else from_unix(row[0])


def surprise(table: NDArray[np.int64], totals: NDArray[np.int64]) -> Numbers:
    """Return how unusual the last column is, beside the others, in standard deviations; below 0 where it is less.

    The signed root of the likelihood ratio (Dunning, 1993, "Accurate methods for the statistics of surprise and
    coincidence"), which holds for counts of three and of thousands. Words that come and go are expected to: where the
    earlier counts differ by more than chance, it is divided by the root of how much more (McCullagh and Nelder, 1989,
    section 4.5), half of the way, for eight counts do not say it exactly.

    Args:
        table: Voices that say something, one row a word, one column a stretch.
        totals: All voices of each stretch; those without any are left out.
    """
    now, before = table[:, -1].astype(np.float64), table[:, :-1].sum(axis=1).astype(np.float64)
    share = totals[-1] / max(1, totals.sum())
    both = now + before
    ratio = _ratio(now, both * share) + _ratio(before, both * (1 - share))
    scores: Numbers = np.sign(now - both * share) * np.sqrt(2 * np.maximum(ratio, 0.0))
    return scores / np.sqrt(_excess(table[:, :-1], totals[:-1]))


def _ratio(seen: Numbers, expected: Numbers) -> Numbers:
    filled = (seen > 0) & (expected > 0)
    return np.where(filled, seen * np.log(np.where(filled, seen, 1.0) / np.where(filled, expected, 1.0)), 0.0)


def _excess(table: NDArray[np.int64], totals: NDArray[np.int64]) -> Numbers:
    """Return by how much counts vary more than chance would have it, at least 1."""
    table, totals = table[:, totals > 0], totals[totals > 0]
    free = len(totals) - 1
    if free < 1:
        return np.ones(len(table))
    expected = np.outer(table.sum(axis=1), totals / totals.sum())
    squares = np.where(expected > 0, (table - expected) ** 2 / np.where(expected > 0, expected, 1.0), 0.0).sum(axis=1)
    excess: Numbers = np.maximum(1.0, (squares + free) / (2 * free))
    return excess
