"""Where a question looks: among the passages that pass the filters, and among those of a time that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from masa_rag._rank import DATE_BOOST, TIME_BOOST
from masa_rag._reading import Filters, allowed_chunks, spoken_until
from masa_rag._time import utc
from masa_rag._when import periods_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from masa_rag._when import Period


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a question looks.

    Attributes:
        text: The question, without words such as "yesterday" where passages of that time are ``meant``. The words
            of a date stay: what is spoken of may be of another time than the speaking.
        untimed: The question without the words of the first time that it names.
        allowed: Numbers of the passages that pass the filters; None for all.
        meant: The same for those of the time that is named; empty when none is, or nothing is of that time.
        boost: What they gain; see ``_rank.TIME_BOOST``.
    """

    text: str
    untimed: str
    allowed: set[int] | None = None
    meant: set[int] = field(default_factory=set)
    boost: float = 0.0

    @property
    def places(self) -> Sequence[set[int] | None]:
        """Each set of passages in which words and vectors look for the best."""
        return (self.allowed, self.meant) if self.meant else (self.allowed,)


def scope_of(connection: sqlite3.Connection, query: str, filters: Filters, now: datetime | None = None) -> Scope:
    """Return where a question looks, asked at ``now``, by the clock of this machine when None."""
    periods = periods_of(query, _asked_at(now))
    untimed = periods[0].cut_from(query) if periods else query
    allowed = allowed_chunks(connection, filters)
    for period in _begun(connection, periods):
        if meant := _spoken_in(connection, period, allowed):
            text, boost = (query, DATE_BOOST) if period.is_written else (period.cut_from(query), TIME_BOOST)
            return Scope(text, untimed, allowed, meant, boost)
    return Scope(query, untimed, allowed)


def _begun(connection: sqlite3.Connection, periods: Sequence[Period]) -> list[Period]:
    """Return the periods that are not newer than everything: spares looking through all passages."""
    until = spoken_until(connection) if periods else 0.0
    return [period for period in periods if period.start.timestamp() <= until]


def _spoken_in(connection: sqlite3.Connection, period: Period, allowed: set[int] | None) -> set[int]:
    inside = allowed_chunks(connection, Filters(after=period.start, before=period.end)) or set()
    return inside if allowed is None else inside & allowed


def _asked_at(now: datetime | None) -> datetime:
    """Return the time of a question; one without a zone is refused, for nobody could say when its day began."""
    if now is None:
        return datetime.now().astimezone()
    utc(now)
    return now
