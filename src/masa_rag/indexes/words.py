"""The word index: SQLite's FTS5 with BM25 (Robertson and Zaragoza, 2009), in the catalogue's own file."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping

_MANY = 3_000
"""So many passages are scored at most, unless the rarest word alone stands in more. FTS5 needs about 1 us
for each; what common words add is counted exactly afterwards, for the passages that were named."""


def search_words(
    connection: sqlite3.Connection, words: Mapping[str, int], k: int, allowed: Collection[int] | None = None
) -> list[tuple[int, float]]:
    """Return up to ``k`` (chunk number, BM25 score), best first; a larger score is better.

    Args:
        connection: A connection to the catalogue.
        words: The words to find, any of them, each with the number of chunks that hold it.
        k: How many.
        allowed: Numbers of the chunks that may be returned, or None for all that are no copies.
    """
    expression = match_expression(words)
    if not expression or (allowed is not None and not allowed):
        return []
    if allowed is None:
        # Copies are found by the passage that said it first, so that they crowd nothing out.
        sql = (
            "SELECT rowid, -bm25(words) FROM words WHERE words MATCH ? AND NOT EXISTS "
            "(SELECT 1 FROM said s WHERE s.chunk = words.rowid AND s.first NOT IN (0, s.chunk)) ORDER BY rank LIMIT ?"
        )
        return [(row[0], row[1]) for row in connection.execute(sql, (expression, k))]
    sql = "SELECT rowid, -bm25(words) FROM words WHERE words MATCH ? ORDER BY rank"
    found = ((row[0], row[1]) for row in connection.execute(sql, (expression,)))
    hits = []
    for number, score in found:
        if number in allowed:
            hits.append((number, score))
            if len(hits) == k:
                break
    return hits


def match_expression(words: Mapping[str, int]) -> str:
    """Return the FTS5 expression: the rarest words, quoted so that none is an operator, and OR-ed.

    The rarest word is always in it, others as long as all together stand in at most ``_MANY`` chunks.
    """
    chosen: list[str] = []
    total = 0
    for word, count in sorted(words.items(), key=lambda item: item[1]):
        total += count
        if chosen and total > _MANY:
            break
        chosen.append(word)
    return " OR ".join(f'"{word}"' for word in chosen)
