"""The word index: SQLite's FTS5 with BM25 (Robertson and Zaragoza, 2009), in the catalogue's own file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from math import prod

_MANY = 3_000
"""So many passages are ranked at most, unless there is no other way. FTS5 needs about 2 us for each: a word such as
"think", in 28,000 of 100,000 passages, took 59 ms. What common words add is counted exactly afterwards, for the
passages that were named."""
_READ = 60_000
"""So many places of words are looked through at most, at 0.1 us each, for those in the passages that a filter lets
through; only these are ranked."""
NARROW = 0.1
"""Share of the passages below which those that a filter lets through are picked before they are ranked. With a wider
filter all are ranked, and those that do not pass are left out."""
_TOLD = 0.25
"""A word that more of the passages hold tells nothing by standing beside another."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where words are looked for.

    Attributes:
        connection: A connection to the catalogue.
        passages: How many there are in all.
        allowed: Numbers of the passages that may be returned; None for all that are no copies.
    """

    connection: sqlite3.Connection
    passages: int
    allowed: Collection[int] | None

    @property
    def share(self) -> float:
        """How many of all passages may be returned, from 0 to 1."""
        return 1.0 if self.allowed is None else len(self.allowed) / max(1, self.passages)

    def matching(self, expression: str, *, order: str, k: int) -> list[int]:
        """Return the numbers of up to ``k`` passages that match an expression of FTS5."""
        if self.allowed is None:
            # Copies are found by the passage that said it first, so that they crowd nothing out.
            copy = "SELECT 1 FROM said s WHERE s.chunk = words.rowid AND s.first NOT IN (0, s.chunk)"
            return list(self._rows(expression, f"AND NOT EXISTS ({copy}) ORDER BY {order} LIMIT ?", k))
        if self.share < NARROW:
            # The plus sign keeps SQLite from asking FTS5 once for each number; bm25() is asked for what passes only.
            passes = "AND +rowid IN (SELECT value FROM json_each(?))"
            order = order.replace("rank", "bm25(words)")
            return list(self._rows(expression, f"{passes} ORDER BY {order} LIMIT ?", json.dumps(list(self.allowed)), k))
        found = self._rows(expression, f"ORDER BY {order}")
        return list(islice((number for number in found if number in self.allowed), k))

    def _rows(self, expression: str, rest: str, *values: object) -> Iterator[int]:
        sql = f"SELECT rowid FROM words WHERE words MATCH ? {rest}"
        return (int(row[0]) for row in self.connection.execute(sql, (expression, *values)))


def search_words(
    connection: sqlite3.Connection, words: Mapping[str, int], k: int, allowed: Collection[int] | None = None
) -> list[int]:
    """Return numbers of passages: up to ``k`` that hold rare words, then up to ``k`` that hold common ones together.

    The first are the best by BM25, best first; the others hold as many of the words as leaves about ``k``, the newest
    first. Words that thousands of passages hold take too long to rank and tell little, but three of them together may
    be the subject: of the passages with all three, out of 100,000, 70 % are named with the second list, 2 % without.
    Where a filter lets few passages through, more words are rare among them.

    Args:
        connection: A connection to the catalogue.
        words: The words to find, any of them, each with the number of passages that hold it.
        k: How many.
        allowed: Numbers of the passages that may be returned, or None for all that are no copies.
    """
    place = _Place(connection, connection.execute("SELECT count(*) FROM chunks").fetchone()[0], allowed)
    order = sorted(words, key=lambda word: words[word])
    held = accumulate(words[word] for word in order)
    share = place.share if place.share < NARROW else 1.0
    alone = sum(count * share <= _MANY and count <= _READ for count in held)
    found = _ranked(place, order[:alone], k)
    if alone < len(order):
        found += _together(place, {word: words[word] for word in order if words[word] * place.share > k}, k)
    if not alone and len(found) < k:
        found += _ranked(place, order[:1], k)
    return list(dict.fromkeys(found))


def _ranked(place: _Place, words: Sequence[str], k: int) -> list[int]:
    """Return the passages that hold any of the words, best first."""
    return place.matching(" OR ".join(map(_quoted, words)), order="rank", k=k) if words else []


def _together(place: _Place, words: Mapping[str, int], k: int) -> list[int]:
    """Return passages that hold the rarest of the words and at least one of the others; the newest first."""
    shares = {word: count / place.passages for word, count in words.items() if count <= _TOLD * place.passages}
    if len(shares) < 2:
        return []
    names, joined = list(shares), _joined(list(shares.values()), k / (place.share * place.passages))
    first, others = map(_quoted, names[:joined]), map(_quoted, names[joined:])
    return place.matching(f"{' AND '.join(first)} AND ({' OR '.join(others)})", order="rowid DESC", k=k)


def _joined(shares: Sequence[float], enough: float) -> int:
    """Return how many words, of those that these shares of the passages hold, must stand beside one of the rest.

    So many that, spread by chance, they would be in a share of ``enough``; of one subject they are in more.
    """
    for joined in range(1, len(shares) - 1):
        if prod(shares[:joined]) * min(1.0, sum(shares[joined:])) <= enough:
            return joined
    return len(shares) - 1


def _quoted(word: str) -> str:
    """Return a word as FTS5 takes it for a word, and not for an operator."""
    return f'"{word}"'
