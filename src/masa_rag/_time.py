"""Times: aware and UTC inside; seconds as numbers; ``HH:MM:SS`` for people."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from math import isfinite
from numbers import Real

from masa_rag.errors import ConfigurationError

_CLOCK = re.compile(r"(?:(\d{1,9}):)?(\d{1,3}):(\d{2})(?:[.,](\d{1,9}))?")

_ZONES = {
    "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "MET": 1, "MEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "AST": -4, "ADT": -3, "ET": -5, "CT": -6, "MT": -7, "PT": -8, "AKST": -9, "AKDT": -8, "HST": -10,
    "BRT": -3, "ART": -3, "SGT": 8, "HKT": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip
"""Hours that clocks are ahead of UTC in zones that RFC 2822 does not name, and that readers of it take for UTC."""
_ZONE = re.compile(rf"\s+({'|'.join(_ZONES)})\s*$")
_OFFSET = re.compile(r"(?<=\d)\s*(?:GMT|UTC)?([+-]\d\d):?(\d\d)\s*$")
"""Written as some do: "+02:00", "GMT+0200"."""
_HALF = re.compile(r"\b(1[0-2]|0?[1-9])(:\d\d(?::\d\d)?)\s*([ap])\.?m\b\.?", re.IGNORECASE)
"""``10:00 PM``, which readers of RFC 2822 take for ten in the morning, and the zone behind it for none."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_unix(seconds: float) -> datetime:
    """Return the UTC time of Unix seconds; ``datetime.fromtimestamp`` knows none before 1970 on Windows.

    Raises OverflowError for one that no calendar holds, and ValueError for NaN.
    """
    return EPOCH + timedelta(seconds=seconds)


def utc(value: datetime) -> datetime:
    """Return an aware time in UTC. A naive time is refused: it could mean any zone."""
    if getattr(value, "tzinfo", None) is None:
        what = f"{value.isoformat()} without a zone" if isinstance(value, datetime) else repr(value)
        raise ConfigurationError(
            f"received the time {what}; expected an aware datetime, for example datetime(2024, 5, 1, tzinfo=UTC)"
        )
    if type(value) is not datetime:  # a subclass, as pandas hands out, is taken by no encoder
        value = datetime.combine(value.date(), value.timetz())
    try:
        return value if value.tzinfo is UTC else value.astimezone(UTC)
    except OverflowError as error:
        raise ConfigurationError(f"received the time {value.isoformat()}, which UTC has no year for") from error


def position(name: str, value: object) -> float | None:
    """Return the seconds of a segment's ``start`` or ``end`` as they come back from the memory; None stays None."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value)):
        raise ConfigurationError(f"received {name}={value!r} for a segment; expected seconds as a number, or None")
    return None if value is None else float(value)


def parse_time(value: str | date | datetime | int | float) -> datetime:
    """Return an aware UTC time from an ISO 8601 string, date, aware datetime or Unix seconds.

    A date or a time without a zone is taken as UTC: this function reads what *people* type as
    a filter and what formats define to be UTC. Raises ConfigurationError for anything else.
    """
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, date):
        return datetime.combine(value, time(), tzinfo=UTC)
    try:
        if isinstance(value, (int, float)):
            return from_unix(value)
        parsed = datetime.fromisoformat(value.strip())
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, AttributeError) as error:
        raise ConfigurationError(
            f"received the time {value!r}; expected ISO 8601 such as 2024-05-01 or 2024-05-01T12:30:00Z"
        ) from error


def clock(seconds: float) -> str:
    """Return seconds as ``HH:MM:SS``; fractions are cut, hours may exceed two digits."""
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def parse_clock(text: str) -> float | None:
    """Return the seconds of ``[HH:]MM:SS[.fff]``, or None if the text is no such time.

    Minutes may exceed 59 when there are no hours ("67:32"), as some transcripts write them.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    hours, minutes, seconds, fraction = match.groups()
    total = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return total + (float(f"0.{fraction}") if fraction else 0.0)


def _whole_day(half: re.Match[str]) -> str:
    return f"{int(half[1]) % 12 + 12 * (half[3] in 'pP'):02d}{half[2]}"


def mail_time(value: str | None) -> datetime | None:
    """Return the time of a date as in mails and feeds (RFC 2822), "Wed, 01 May 2024 10:00:00 CEST"; None for others.

    A date without a zone is taken as UTC.
    """
    try:
        zoned = _ZONE.sub(lambda found: f" {_ZONES[found[1]]:+03d}00", _HALF.sub(_whole_day, value)) if value else None
        parsed = parsedate_to_datetime(_OFFSET.sub(r" \1\2", zoned)) if zoned else None
        return None if parsed is None else parse_time(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))
    except (ValueError, TypeError, IndexError, OverflowError, ConfigurationError):
        return None
