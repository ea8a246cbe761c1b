"""When a tweet or a message was written: what files say, and what the id of a tweet says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from masa_rag._time import EPOCH, from_unix, mail_time
from masa_rag.errors import RecordError

_EPOCH_MS = 1_288_834_974_657
"""Zero of the clock in a tweet's id: 2010-11-04T01:42:54.657Z (Twitter's Snowflake, ids of 41 + 22 bits)."""
_FIRST_SNOWFLAKE = 29_700_859_247
"""Ids below it were counted, not clocked: they hold no time."""
_MONTHS = {name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_CLOCK = r"(?:,?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*([ap])\.?m\.?)?)?"
_ORDERED = re.compile(rf"(\d{{1,2}})([/.-])(\d{{1,2}})\2(\d{{4}}|\d\d){_CLOCK}", re.IGNORECASE)
_YEAR_FIRST = re.compile(rf"(\d{{4}})([/.-])(\d{{1,2}})\2(\d{{1,2}}){_CLOCK}", re.IGNORECASE)
_ZONED = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?\s*(?![AaPp][Mm]$)([A-Za-z]{2,5})")

_NAMES_ZONE = re.compile(r"(?:\b(?![AP]M)[A-Z]{2,5}|[+-]\d{2}:?\d{2})(?: \d{4})?$")


def snowflake_time(tweet_id: str | None) -> datetime | None:
    """Return the time that a tweet's id holds, to the millisecond, or None for ids older than the scheme."""
    if tweet_id is None or not (tweet_id.isascii() and tweet_id.isdigit()) or len(tweet_id) > 19:
        return None
    number = int(tweet_id)
    if number < _FIRST_SNOWFLAKE:
        return None
    return EPOCH + timedelta(milliseconds=(number >> 22) + _EPOCH_MS)


def time_of(value: object, *, tweet_id: str | None = None, zone: tzinfo = UTC) -> datetime | None:
    """Return when a tweet was written: as the file says, else as its id says, else None.

    Args:
        value: ISO 8601, ``Wed Oct 02 20:03:42 +0000 2024``, or Unix seconds or milliseconds. Zero,
            and the year 1 that Go writes for "no time", count as absent.
        tweet_id: Also settles what a named zone means: "IST" is three of them, the id is one time.
        zone: The zone of times that name none.
    """
    found = _number_time(value) if isinstance(value, (int, float)) else _text_time(value, tweet_id, zone)
    return found if found is not None else snowflake_time(tweet_id)


def _number_time(value: float) -> datetime | None:
    seconds = value / 1000 if value > 1e11 else value
    try:
        return _in_utc(from_unix(seconds), UTC)
    except (ValueError, OverflowError):
        return None


def _text_time(value: object, tweet_id: str | None, zone: tzinfo) -> datetime | None:
    if not isinstance(value, str) or not value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return _other_time(value.strip(), tweet_id, zone)
    return _in_utc(found, zone)


def _in_utc(found: datetime, zone: tzinfo) -> datetime | None:
    if found.year < 2000:
        return None
    try:
        return (found if found.tzinfo is not None else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _other_time(value: str, tweet_id: str | None, zone: tzinfo) -> datetime | None:
    if value.isascii() and value.replace(".", "", 1).isdigit() and len(value) < 20:
        return _number_time(float(value))
    parts = value.split()
    try:
        if len(parts) == 6 and parts[1] in _MONTHS:
            _, month, day, clock, offset, year = parts
            return _in_utc(
                datetime.fromisoformat(f"{int(year):04d}-{_MONTHS[month]:02d}-{int(day):02d}T{clock}{offset}"), zone
            )
        if (match := _ZONED.fullmatch(value)) is not None:
            return _named_zone_time(match, tweet_id, zone)
    except ValueError:
        return None
    return None


def _named_zone_time(match: re.Match[str], tweet_id: str | None, zone: tzinfo) -> datetime | None:
    day, clock, name = match.groups()
    found = datetime.fromisoformat(f"{day}T{clock}")
    if name.upper() in ("UTC", "GMT", "Z"):
        return _in_utc(found.replace(tzinfo=UTC), zone)
    if (written := snowflake_time(tweet_id)) is not None:
        offset = round((found.replace(tzinfo=UTC) - written) / timedelta(minutes=15))
        if abs(offset) <= 56:  # zones lie within 14 hours of UTC, in quarters of an hour
            return found.replace(tzinfo=UTC) - offset * timedelta(minutes=15)
        return written
    return _in_utc(found, zone)


def worded_time(written: str, zone: tzinfo) -> datetime | None:
    """Return a date with its month in letters, as Nitter and mails write it: ``May 13, 2024 · 10:00 AM UTC``."""
    found = mail_time(written.replace(" · ", " "))
    return found if found is None or _NAMES_ZONE.search(written) else _in_utc(found.replace(tzinfo=None), zone)


class DateOrder:
    """Which number is the month in the dates of one file, such as 5/18/2025 7:20, as Excel saves them.

    A number above 12 in any of them tells; without one, or with some in both places, it stays unknown.
    """

    def __init__(self) -> None:
        self._places_of_day: set[int] = set()

    def add(self, written: str) -> None:
        """Take in a date of the file."""
        if (match := _ORDERED.fullmatch(written)) is not None:
            self._places_of_day |= {place for place in (1, 3) if int(match[place]) > 12}

    def read(self, written: str, zone: tzinfo) -> datetime | None:
        """Return a date of the file in UTC, None when it is no such date or the order is unknown."""
        if (match := _YEAR_FIRST.fullmatch(written)) is not None:
            return _at(match, (1, 3, 4), zone)
        match = _ORDERED.fullmatch(written)
        if match is None or len(self._places_of_day) != 1:
            return None
        if self._places_of_day == {3}:
            return _at(match, (4, 1, 3), zone)
        return _at(match, (4, 3, 1), zone) if len(match[4]) == 4 else None  # 18/5/13 may begin with the year


def _at(match: re.Match[str], places: tuple[int, int, int], zone: tzinfo) -> datetime | None:
    """Return the time of a date whose year, month and day stand in these places, None when there is no such day."""
    year, month, day = (int(match[place]) for place in places)
    hour, half = int(match[5] or 0), (match[8] or "").casefold()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    clock = (hour, int(match[6] or 0), int(match[7] or 0))
    try:
        return _in_utc(datetime(year if year > 99 else 2000 + year, month, day, *clock), zone)  # noqa: DTZ001
    except ValueError:
        return None


class Undated:
    """Counts the dates of a table that cannot be read, to report them together."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.count, self.line, self.example = 0, 0, ""

    def add(self, line: int, written: str) -> None:
        """Take in a date whose time stays unknown; "" is none."""
        if written:
            if not self.count:
                self.line, self.example = line, written[:40]
            self.count += 1

    def report(self) -> Iterator[RecordError]:
        """Yield the one error, if there is anything to report."""
        if self.count:
            yield RecordError(
                f"received dates such as {self.example!r} ({self.count} in all), whose time stays unknown; expected "
                "2025-05-18T07:20, or a day above 12 that tells which number is the month",
                record_id=f"{self.label} line {self.line}",
            )
