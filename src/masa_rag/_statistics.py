"""What there is in a memory without a question: counts by time and source, who speaks, what is new or called so."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from masa_rag._reading import chunks_by_id
from masa_rag.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import date
    from sqlite3 import Connection

    from masa_rag.types import Chunk

Period = Literal["day", "month"]

_FIRST_DAY = {"day": "%Y-%m-%d", "month": "%Y-%m-01"}


@dataclass(frozen=True, slots=True)
class Count:
    """How many passages of one source begin in one period.

    Attributes:
        day: The day, or the first day of the month (UTC).
        source: The source's name.
        chunks: Number of passages.
    """

    day: date
    source: str
    chunks: int


@dataclass(frozen=True, slots=True)
class Speaker:
    """One person and the number of passages in which they speak."""

    name: str
    chunks: int


def passages_by_time(connection: Connection, *, by: Period = "day", only: Collection[int] | None = None) -> list[Count]:
    """Return counts in order of time, then of source; passages whose time is not known are left out.

    Args:
        connection: Of a memory's catalogue.
        by: "day" or "month".
        only: Numbers of the passages that count; None counts all.
    """
    from datetime import date

    if by not in list(_FIRST_DAY):
        raise ConfigurationError(f"received by={by!r}; expected 'day' or 'month'")
    rows = connection.execute(
        "SELECT strftime(?1, c.started_at, 'unixepoch') AS day, s.name, count(*) FROM chunks c "
        "JOIN documents d ON d.pk = c.document JOIN sources s ON s.pk = d.source "
        "WHERE c.started_at IS NOT NULL AND (?2 IS NULL OR c.pk IN (SELECT value FROM json_each(?2))) "
        "GROUP BY day, s.pk HAVING day IS NOT NULL ORDER BY day, s.name",
        (_FIRST_DAY[by], _listed(only)),
    )
    return [Count(date.fromisoformat(day), name, number) for day, name, number in rows]


def passages_by_speaker(connection: Connection, *, top: int, source: str | None = None) -> list[Speaker]:
    """Return the people who speak in most passages, most first, by name where they are equal.

    Args:
        connection: Of a memory's catalogue.
        top: How many people.
        source: Count in this source only; None counts in all.
    """
    rows = connection.execute(
        "SELECT a.name, count(*) AS number FROM chunk_authors ca JOIN authors a ON a.pk = ca.author "
        "JOIN chunks c ON c.pk = ca.chunk JOIN documents d ON d.pk = c.document JOIN sources s ON s.pk = d.source "
        "WHERE ?1 IS NULL OR s.name = ?1 GROUP BY a.pk ORDER BY number DESC, a.name LIMIT ?2",
        (source, top),
    )
    return [Speaker(name, number) for name, number in rows]


def newest_passages(connection: Connection, *, k: int, only: Collection[int] | None = None) -> list[Chunk]:
    """Return up to ``k`` passages, the newest first; those of unknown time come last, the last added first.

    Args:
        connection: Of a memory's catalogue.
        k: How many.
        only: Numbers of the passages to choose from; None chooses from all.
    """
    rows = connection.execute(
        "SELECT id FROM chunks WHERE ?1 IS NULL OR pk IN (SELECT value FROM json_each(?1)) "
        "ORDER BY started_at DESC NULLS LAST, pk DESC LIMIT ?2",
        (_listed(only), k),
    ).fetchall()
    chunks = chunks_by_id(connection, [row[0] for row in rows])
    return [chunks[row[0]] for row in rows if row[0] in chunks]


def documents_called(connection: Connection, name: str) -> list[tuple[str, str]]:
    """Return the source and id of each document with this title, address or id, in order of time."""
    rows = connection.execute(
        "SELECT s.name, d.id FROM documents d JOIN sources s ON s.pk = d.source "
        "WHERE d.id = ?1 OR d.title = ?1 COLLATE NOCASE OR d.pk IN "
        "(SELECT document FROM chunks WHERE url = ?1 OR instr(url, ?1 || '#t=') = 1) ORDER BY d.created_at, d.id",
        (name,),
    )
    return [(source, document) for source, document in rows]


def _listed(numbers: Collection[int] | None) -> str | None:
    return None if numbers is None else json.dumps(list(numbers))
