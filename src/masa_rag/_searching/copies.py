"""What was said again: how often, by how many, and which of the copies is shown."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace

from masa_rag._names import name_words, without_accents
from masa_rag._reading import Filters, chunks_by_id, condition_of, ids_of
from masa_rag._rows import GIVEN
from masa_rag.types import Chunk, Hit

_COPIES = (
    "FROM chunks f JOIN said t ON t.first = f.pk JOIN chunks c ON c.pk = t.chunk "
    "JOIN documents d ON d.pk = c.document JOIN sources s ON s.pk = d.source"
)
_RETWEETED_BY = (
    "(SELECT json_extract(CAST(o.body AS TEXT), '$.metadata.retweeted_by') FROM documents o "
    "WHERE o.pk = d.pk AND o.segments = 0 AND json_valid(CAST(o.body AS TEXT)))"
)
"""Of no conversation. It is asked for by number, for what is grouped is sorted with all that is read of it: of a
thousand passages of one conversation a thousand times its whole text."""


def with_copies(
    connection: sqlite3.Connection,
    hits: Sequence[Hit],
    filters: Filters,
    *,
    preferred: Collection[int],
    names: Collection[str] = (),
) -> list[Hit]:
    """Return the hits with how often and by how many each was said, and of copies the one that is asked for.

    That is the earliest that passes the filters: of those by somebody who is named, if there are any, else of those
    that are preferred.

    Args:
        connection: The catalogue's.
        hits: Of copies the passages that said it first.
        filters: What is shown passes them.
        preferred: Numbers of passages, such as those of the time that the question names.
        names: Words in small letters and without accents that may name who said it.
    """
    counts = _said_again(connection, [hit.chunk.id for hit in hits])
    shown = _shown(connection, list(counts), filters, preferred, set(names)) if counts else {}
    return [
        replace(hit, chunk=shown.get(hit.chunk.id, hit.chunk), why={**hit.why, **counts.get(hit.chunk.id, {})})
        for hit in hits
    ]


def copies_of(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Return source and document of all that say the same, itself included, by the id of the passage, oldest first."""
    rows = connection.execute(
        f"SELECT h.id, s.name, d.id {_COPIES} JOIN said o ON o.first = f.pk JOIN chunks h ON h.pk = o.chunk "
        f"WHERE h.id IN {GIVEN} ORDER BY c.pk",
        (json.dumps(list(ids)),),
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for passage, source, document in rows:
        found.setdefault(passage, []).append((source, document))
    return found


def _said_again(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return how often and by how many each of the passages was said of which there are copies, by its id.

    The same post from two sources is one; a retweet is said by who retweets.
    """
    rows = connection.execute(
        "SELECT f.id, count(DISTINCT CASE d.segments WHEN 0 THEN d.id || c.authors ELSE c.pk END), "
        f"count(DISTINCT coalesce({_RETWEETED_BY}, c.authors)) {_COPIES} "
        f"WHERE f.id IN {GIVEN} GROUP BY f.pk HAVING count(*) > 1",
        (json.dumps(list(ids)),),
    )
    return {row[0]: {"said": float(row[1]), "said_by": float(row[2])} for row in rows}


def _shown(
    connection: sqlite3.Connection, ids: Sequence[str], filters: Filters, preferred: Collection[int], names: set[str]
) -> dict[str, Chunk]:
    """Return the copy that is shown for each of the passages, by the passage's id."""
    passes, values = condition_of(connection, filters)
    rows = connection.execute(
        f"SELECT f.id, c.pk, c.authors {_COPIES} WHERE f.id IN {GIVEN} AND {passes} "
        f"ORDER BY c.pk IN {GIVEN} DESC, c.started_at IS NULL, c.started_at, c.pk",
        (json.dumps(list(ids)), *values, json.dumps(list(preferred))),
    )
    shown: dict[str, int] = {}
    of_named: dict[str, int] = {}
    for first, copy, authors in rows:
        shown.setdefault(first, copy)
        if names and first not in of_named:
            folded = without_accents(authors)
            if any(name in folded for name in names) and names & name_words(authors):
                of_named[first] = copy
    copies = shown | of_named
    known = ids_of(connection, copies.values())
    chunks = chunks_by_id(connection, list(known.values()))
    return {first: chunks[known[copy]] for first, copy in copies.items() if known.get(copy) in chunks}
