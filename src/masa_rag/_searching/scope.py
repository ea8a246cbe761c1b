"""Where a question looks: among the passages that pass the filters, and among those of a time that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from masa_rag._reading import Filters, allowed_chunks, narrowing, numbers_in, spoken_until
from masa_rag._searching.rank import DATE_BOOST, TIME_BOOST
from masa_rag._searching.when import periods_of
from masa_rag._time import utc
from masa_rag._words import words_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from masa_rag._searching.when import Period

_ASKS_NOTHING = frozenset(
    """what who how and tell me about on in at from of the for during over was were there spoke said und et y s
    call calls meeting meetings episode episodes chat chats talk talks session sessions podcast podcasts conversation
    conversations discussion discussions message messages tweet tweets post posts""".split()
)
"""What may stand beside a time that is all of a question: "2024-01-04", "What about yesterday?", "May 4th call"."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a question looks.

    Attributes:
        text: The question, without words such as "yesterday" where passages of that time are ``meant``. The words
            of a date stay: what is spoken of may be of another time than the speaking.
        untimed: The question without the words of the first time that it names; where it has no others ("4 May?"), one
            for what happened.
        allowed: Numbers of the passages that pass the filters; None for all.
        meant: The same for those of the time that is named; empty when none is, or nothing is of that time.
        boost: What they gain; see ``rank.TIME_BOOST``.
        copies: Those of that time of which there are copies: what was said by them then, not what said it first.
        is_timed: Whether the question names a time.
    """

    text: str
    untimed: str
    allowed: set[int] | None = None
    meant: set[int] = field(default_factory=set)
    boost: float = 0.0
    copies: set[int] = field(default_factory=set)
    is_timed: bool = False

    @property
    def places(self) -> Sequence[set[int] | None]:
        """Each set of passages in which words and vectors look for the best."""
        return (self.allowed, self.meant) if self.meant else (self.allowed,)


def scope_of(connection: sqlite3.Connection, query: str, filters: Filters, now: datetime | None = None) -> Scope:
    """Return where a question looks, asked at ``now``, by the clock of this machine when None."""
    periods = periods_of(query, asked_at(now))
    untimed = periods[0].cut_from(query) if periods else query
    if periods and _ASKS_NOTHING.issuperset(word for word, _, _ in words_of(untimed)):
        untimed = "What happened?"
    allowed = allowed_chunks(connection, narrowing(connection, filters))
    for period in _begun(connection, periods):
        meant, copies = _spoken_in(connection, period, allowed)
        if meant:
            text, boost = (query, DATE_BOOST) if period.is_written else (period.cut_from(query), TIME_BOOST)
            return Scope(text, untimed, allowed, meant, boost, copies, is_timed=True)
    return Scope(query, untimed, allowed, is_timed=bool(periods))


def _begun(connection: sqlite3.Connection, periods: Sequence[Period]) -> list[Period]:
    """Return the periods that are not newer than everything: spares looking through all passages."""
    until = spoken_until(connection) if periods else 0.0
    return [period for period in periods if min(period.start.timestamp(), _on_the_wall(period.start)) <= until]


_SPOKEN_IN = """
SELECT json_group_array(coalesce(nullif(t.first, 0), c.pk)), json_group_array(c.pk) FILTER (WHERE t.first > 0)
FROM chunks c LEFT JOIN said t ON t.chunk = c.pk
WHERE c.ended_at >= min(:start, :first_day) AND c.started_at < max(:end, :last_day)  -- each has an index
    AND CASE WHEN c.started_at % 86400 = 0 AND c.ended_at % 86400 = 0
        THEN c.ended_at >= :first_day AND c.started_at < :last_day
        ELSE c.ended_at >= :start AND c.started_at < :end END
"""


def _spoken_in(connection: sqlite3.Connection, period: Period, allowed: set[int] | None) -> tuple[set[int], set[int]]:
    """Return those of the allowed passages that are of a period, of copies what said it first, and the copies.

    What is stored as midnight in UTC knows only its day: a page, or a recording, whose passages all have the time of
    the whole. It is of that day wherever the question is asked, so it is compared with the clock on the wall there.
    """
    inside, copies = set[int](), set[int]()
    for start, end in ((period.start, period.end), *([period.other] if period.other else [])):
        values = {
            "start": start.timestamp(), "first_day": _on_the_wall(start),
            "end": end.timestamp(), "last_day": _on_the_wall(end),
        }  # fmt: skip
        # All have ended since the year 1: the plus has SQLite take the index of the beginnings.
        sql = _SPOKEN_IN.replace("WHERE c.ended_at", "WHERE +c.ended_at") if start.year == 1 else _SPOKEN_IN
        # One text instead of a row for each, as in allowed_chunks: a period may hold all passages.
        found = map(numbers_in, connection.execute(sql, values).fetchone())
        inside, copies = inside.union(next(found)), copies.union(next(found))
    return inside if allowed is None else inside & allowed, copies


def _on_the_wall(time: datetime) -> float:
    """Return the Unix seconds at which the clocks of UTC show what those of the asker show at that time."""
    return time.replace(tzinfo=UTC).timestamp()


class _Here(tzinfo):
    """The zone of this machine, summer and winter: ``datetime.astimezone`` keeps the offset of the moment it is given.

    With it a day that is reckoned from now begins at midnight as the clocks showed it then.
    """

    def utcoffset(self, time: datetime | None) -> timedelta | None:
        """Return how far the clocks here are, or were, ahead of UTC at a time that they show."""
        try:
            return None if time is None else time.replace(tzinfo=None).astimezone().utcoffset()
        except (OSError, OverflowError, ValueError):  # Windows knows none before 1970, others none in the year 1
            return datetime.now().astimezone().utcoffset()

    def dst(self, time: datetime | None) -> None:
        """Return None: it is not needed."""

    def tzname(self, time: datetime | None) -> None:
        """Return None: it is not needed."""

    def fromutc(self, time: datetime) -> datetime:
        """Return a time in UTC as the clocks here show it, told from the same an hour later by its ``fold``."""
        return datetime.fromtimestamp(time.replace(tzinfo=UTC).timestamp()).replace(tzinfo=self)  # noqa: DTZ006


def asked_at(now: datetime | None) -> datetime:
    """Return the time of a question; one without a zone is refused, for nobody could say when its day began."""
    if now is None:
        return datetime.now(_Here())
    utc(now)
    return now
