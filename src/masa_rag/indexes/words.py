"""The word index: SQLite's FTS5 with BM25 (Robertson and Zaragoza, 2009), in the catalogue's own file."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate, islice
from math import prod

_MANY = 3_000
"""So many passages are ranked at most, unless there is no other way. FTS5 needs about 2 us for each: a word such as
"think", in 28,000 of 100,000 passages, took 59 ms. What common words add is counted exactly afterwards, for the
passages that were named."""
_TOLD = 0.25
"""A word that more of the passages hold tells nothing by standing beside another."""
_COPY = "(SELECT 1 FROM said s WHERE s.chunk = words.rowid AND s.first NOT IN (0, s.chunk))"
"""Copies are found by the passage that said it first, so that they crowd nothing out."""


def search_words(
    connection: sqlite3.Connection, words: Mapping[str, int], k: int, allowed: Collection[int] | None = None
) -> list[int]:
    """Return numbers of passages: up to ``k`` that hold rare words, then up to ``k`` that hold common ones together.

    The first are the best by BM25, best first; the others hold as many of the words as leaves about ``k``, the newest
    first. Words that thousands of passages hold take too long to rank and tell little, but three of them together may
    be the subject: of the passages with all three, out of 100,000, 70 % are named with the second list, 2 % without.

    Args:
        connection: A connection to the catalogue.
        words: The words to find, any of them, each with the number of passages that hold it.
        k: How many.
        allowed: Numbers of the passages that may be returned, or None for all that are no copies.
    """
    order = sorted(words, key=lambda word: words[word])
    alone = sum(held <= _MANY for held in accumulate(words[word] for word in order))
    found = _ranked(connection, order[:alone], k, allowed)
    if alone < len(order):
        found += _together(connection, {word: words[word] for word in order if words[word] > k}, k, allowed)
    if not alone and len(found) < k:
        found += _ranked(connection, order[:1], k, allowed)
    return list(dict.fromkeys(found))


def _ranked(connection: sqlite3.Connection, words: Sequence[str], k: int, allowed: Collection[int] | None) -> list[int]:
    """Return the passages that hold any of the words, best first."""
    if not words:
        return []
    return _matching(connection, " OR ".join(map(_quoted, words)), "rank", k, allowed)


def _together(
    connection: sqlite3.Connection, words: Mapping[str, int], k: int, allowed: Collection[int] | None
) -> list[int]:
    """Return passages that hold the rarest of the words and at least one of the others; the newest first."""
    passages = connection.execute("SELECT count(*) FROM chunks").fetchone()[0] if len(words) > 1 else 0
    shares = {word: count / passages for word, count in words.items() if count <= _TOLD * passages}
    if len(shares) < 2:
        return []
    names, joined = list(shares), _joined(list(shares.values()), k / passages)
    first, others = map(_quoted, names[:joined]), map(_quoted, names[joined:])
    return _matching(connection, f"{' AND '.join(first)} AND ({' OR '.join(others)})", "rowid DESC", k, allowed)


def _joined(shares: Sequence[float], enough: float) -> int:
    """Return how many words, of those that these shares of the passages hold, must stand beside one of the rest.

    So many that, spread by chance, they would be in a share of ``enough``; of one subject they are in more.
    """
    for joined in range(1, len(shares) - 1):
        if prod(shares[:joined]) * min(1.0, sum(shares[joined:])) <= enough:
            return joined
    return len(shares) - 1


def _matching(
    connection: sqlite3.Connection, expression: str, order: str, k: int, allowed: Collection[int] | None
) -> list[int]:
    copies = f"AND NOT EXISTS {_COPY}" if allowed is None else ""
    limit = k if allowed is None else -1
    rows: Iterator[sqlite3.Row] = connection.execute(
        f"SELECT rowid FROM words WHERE words MATCH ? {copies} ORDER BY {order} LIMIT ?", (expression, limit)
    )
    numbers = (int(row[0]) for row in rows)
    return list(islice((number for number in numbers if allowed is None or number in allowed), k))


def _quoted(word: str) -> str:
    """Return a word as FTS5 takes it for a word, and not for an operator."""
    return f'"{word}"'
