"""Dates of chats as pages and exports write them for people, in whatever language: month in letters, or in numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from masa_rag._time import mail_time
from masa_rag.sources._chats.days import at
from masa_rag.sources._pages.months import NUMBERS, folded
from masa_rag.sources._whatsapp.clock import time_alone

_CLOCK = re.compile(r"(\d{1,2})[:.](\d\d)(?:[:.](\d\d))?(?![.:\d])\s*(?:([ap])\.?\s?m\b\.?)?", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_NUMBER = re.compile(r"\d{1,2}")
_OFFSET = re.compile(r"(?:GMT|UTC)([+-]\d{1,2})(?::?(\d\d))?")
_NAMED = re.compile(r"\b(?!AM\b|PM\b)[A-Z]{2,5}\b")
_NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def moment(written: str, zone: tzinfo = UTC) -> datetime | None:
    """Return the time of "Tuesday, March 5, 2024 at 2:03:04 PM", None for anything else.

    Args:
        written: A date and a clock; the name of a zone, which is passed over.
        zone: Where it was written. Dates in numbers begin with the year or the day.
    """
    local = worded(written) or time_alone(written, day_first=True)
    return at(local, zone) if local is not None else None


def zoned(written: str) -> datetime | None:
    """Return the time of "Jun 1, 2024, 10:00:00 AM CEST" or "GMT+2"; a zone that is not known is taken for UTC."""
    offset, name = _OFFSET.search(written), _NAMED.search(written)
    found = moment(" ".join(_NAMED.sub(" ", _OFFSET.sub(" ", written)).split()))
    if found is not None and offset is not None:
        hours, minutes = int(offset[1]), int(offset[2] or 0)
        return found - timedelta(hours=hours, minutes=-minutes if offset[1].startswith("-") else minutes)
    noon = mail_time(f"1 Jan 2024 12:00:00 {name[0]}") if name is not None else None
    return found + (noon - _NOON) if found is not None and noon is not None else found


def worded(written: str) -> datetime | None:
    """Return the local time of a date whose month is a word, None for anything else."""
    if (clock := _CLOCK.search(written)) is None:
        return None
    rest = _CLOCK.sub(" ", written, count=1)
    year = _YEAR.search(rest)
    numbers = [int(number) for number in _NUMBER.findall(_YEAR.sub(" ", rest, count=1))]
    words = (NUMBERS.get(folded(word)) for word in re.findall(r"[^\W\d_]+", rest))
    month = next(filter(None, words), None) or (numbers.pop(0) if len(numbers) == 2 and "月" in rest else None)
    if year is None or month is None or not numbers:
        return None
    half = (clock[4] or "").lower()
    hour = int(clock[1]) % 12 + (12 if half == "p" else 0) if half else int(clock[1])
    try:
        return datetime(int(year[0]), month, numbers[0], hour, int(clock[2]), int(clock[3] or 0))  # noqa: DTZ001
    except ValueError:
        return None
