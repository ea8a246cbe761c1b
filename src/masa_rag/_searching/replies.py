"""Messages that answer one another: what was asked brings what was answered."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from masa_rag._reading import chunks_by_id
from masa_rag.types import Hit

_SHARE = 0.5
"""How far a message rises towards the best one that it answers or that answers it."""
_ROUNDS = 4
"""How many links further that reaches."""

Links = Mapping[str, set[str]]


def with_replies(connection: sqlite3.Connection, hits: Sequence[Hit], filters: Mapping[str, object]) -> list[Hit]:
    """Return as many hits, in an order in which messages rise with those that they answer, or that answer them.

    In a busy chat an answer stands far from its question, between other talk. Measured on 168 conversations in
    ten IRC logs, each asked for by its first message: 69 % of the others stand in 600 tokens of context, 42 %
    without this. The links there were predicted; with those that people set it is more.

    Args:
        connection: The catalogue's.
        hits: What search found, best first.
        filters: What it was asked to hold to. Messages that it did not find come in as well, unless they might
            be by somebody else or of another time than was asked for.
    """
    links = {} if hits and "overview" in hits[0].why else _links(connection, hits)
    if not links:
        return list(hits)
    add = all(filters.get(name) is None for name in ("author", "after", "before"))
    found = {hit.chunk.id: hit for hit in hits}
    lent = _lent({key: hit.score for key, hit in found.items()}, links)
    best = sorted((key for key in lent if add or key in found), key=lambda key: (-lent[key], key))[: len(hits)]
    chunks = chunks_by_id(connection, [key for key in best if key not in found])
    found |= {key: Hit(chunk, lent[key], 0) for key, chunk in chunks.items()}
    return [_ranked(found[key], lent[key], rank) for rank, key in enumerate((key for key in best if key in found), 1)]


def _ranked(hit: Hit, score: float, rank: int) -> Hit:
    why = hit.why if score == hit.score and hit.rank else {**hit.why, "replies": score}
    return replace(hit, score=score, rank=rank, why=why)


def _lent(scores: Mapping[str, float], links: Links) -> dict[str, float]:
    """Return the scores after each has risen towards its best neighbour, several times; unknown ones begin lowest."""
    lowest = min(scores.values())
    now = dict(scores)
    for _ in range(_ROUNDS):
        before = dict(now)
        for key in before.keys() | {other for known in before for other in links.get(known, ())}:
            own = before.get(key, lowest)
            best = max((before[other] for other in links.get(key, ()) if other in before), default=own)
            now[key] = max(own, own + _SHARE * (best - own))
    return now


def _links(connection: sqlite3.Connection, hits: Sequence[Hit]) -> dict[str, set[str]]:
    """Return passage -> the passages of the same document that it answers or that answer it."""
    documents = {(hit.chunk.source, hit.chunk.document_id) for hit in hits if hit.chunk.segment_ids}
    links: defaultdict[str, set[str]] = defaultdict(set)
    for source, document in sorted(documents):
        answered = connection.execute(
            "SELECT json_extract(j.value, '$.id'), json_extract(j.value, '$.reply_to') "
            "FROM documents d JOIN sources s ON s.pk = d.source, json_each(CAST(d.body AS TEXT), '$.segments') j "
            "WHERE s.name = ? AND d.id = ? AND instr(CAST(d.body AS TEXT), '\"reply_to\"') "
            "AND json_extract(j.value, '$.reply_to') IS NOT NULL",
            (source, document),
        ).fetchall()
        if not answered:
            continue
        passage = _passage_of(connection, source, document)
        for one, other in ((passage.get(row[0]), passage.get(row[1])) for row in answered):
            if one is not None and other is not None and one != other:
                links[one].add(other)
                links[other].add(one)
    return dict(links)


def _passage_of(connection: sqlite3.Connection, source: str, document: str) -> dict[str, str]:
    """Return segment -> the passage that it begins in."""
    rows = connection.execute(
        "SELECT c.id, c.segment_ids FROM chunks c JOIN documents d ON d.pk = c.document JOIN sources s "
        "ON s.pk = d.source WHERE s.name = ? AND d.id = ? ORDER BY c.position DESC",
        (source, document),
    )
    return {segment: row[0] for row in rows for segment in json.loads(row[1])}
