"""How much there is in a memory, counted for plots: by time and source, and by who speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from masa_rag.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import date
    from sqlite3 import Connection

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


def passages_by_time(connection: Connection, *, by: Period = "day") -> list[Count]:
    """Return counts in order of time, then of source; passages whose time is not known are left out."""
    from datetime import date

    if by not in _FIRST_DAY:
        raise ConfigurationError(f"received by={by!r}; expected 'day' or 'month'")
    rows = connection.execute(
        "SELECT strftime(?, c.started_at, 'unixepoch') AS day, s.name, count(*) FROM chunks c "
        "JOIN documents d ON d.pk = c.document JOIN sources s ON s.pk = d.source "
        "WHERE c.started_at IS NOT NULL GROUP BY day, s.pk HAVING day IS NOT NULL ORDER BY day, s.name",
        (_FIRST_DAY[by],),
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
