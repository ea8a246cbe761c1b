"""What was said again: how often, by how many, and which of the copies is shown."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from masa_rag._names import name_words, without_accents
from masa_rag._reading import Filters, chunks_by_id, condition_of, ids_of
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


@dataclass(frozen=True, slots=True)
class Said:
    """How often the same was said, over the whole memory.

    Attributes:
        times: How many passages say it; the same post from two sources is one.
        by: By how many authors; a retweet is said by who retweets.
        shown: Id of the passage that is shown.
    """

    times: int
    by: int
    shown: str


def with_copies(
    connection: sqlite3.Connection,
    hits: Sequence[Hit],
    filters: Filters,
    *,
    preferred: Collection[int] = (),
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
    again = _said_again(connection, [hit.chunk.id for hit in hits], filters, preferred, set(names))
    chunks = chunks_by_id(connection, [said.shown for said in again.values()])
    return [_counted(hit, again.get(hit.chunk.id), chunks) for hit in hits]


def copies_of(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Return source and document of all that say the same, itself included, by the id of the passage, oldest first."""
    rows = connection.execute(
        f"SELECT h.id, s.name, d.id {_COPIES} JOIN said o ON o.first = f.pk JOIN chunks h ON h.pk = o.chunk "
        "WHERE h.id IN (SELECT value FROM json_each(?)) ORDER BY c.pk",
        (json.dumps(list(ids)),),
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for passage, source, document in rows:
        found.setdefault(passage, []).append((source, document))
    return found


def _counted(hit: Hit, said: Said | None, chunks: Mapping[str, Chunk]) -> Hit:
    if said is None:
        return hit
    why = {**hit.why, "said": float(said.times), "said_by": float(said.by)}
    return replace(hit, chunk=chunks.get(said.shown, hit.chunk), why=why)


def _said_again(
    connection: sqlite3.Connection, ids: Sequence[str], filters: Filters, preferred: Collection[int], names: set[str]
) -> dict[str, Said]:
    """Return what is known of those of the passages of which there are copies, by the passage's id."""
    rows = connection.execute(
        "SELECT f.id, count(DISTINCT CASE d.segments WHEN 0 THEN d.id || c.authors ELSE c.pk END), "
        f"count(DISTINCT coalesce({_RETWEETED_BY}, c.authors)) {_COPIES} "
        "WHERE f.id IN (SELECT value FROM json_each(?)) GROUP BY f.pk HAVING count(*) > 1",
        (json.dumps(list(ids)),),
    ).fetchall()
    shown = _shown(connection, [row[0] for row in rows], filters, preferred, names) if rows else {}
    return {row[0]: Said(row[1], row[2], shown.get(row[0], row[0])) for row in rows}


def _shown(
    connection: sqlite3.Connection, ids: Sequence[str], filters: Filters, preferred: Collection[int], names: set[str]
) -> dict[str, str]:
    """Return the id of the copy that is shown for each of the passages."""
    passes, values = condition_of(connection, filters)
    rows = connection.execute(
        f"SELECT f.id, c.pk, c.authors {_COPIES} WHERE f.id IN (SELECT value FROM json_each(?)) AND {passes} "
        "ORDER BY c.pk IN (SELECT value FROM json_each(?)) DESC, c.started_at IS NULL, c.started_at, c.pk",
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
    return {first: known[copy] for first, copy in copies.items() if copy in known}
