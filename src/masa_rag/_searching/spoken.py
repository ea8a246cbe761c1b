"""Times that are named relative to now: "today", "last week", "three days ago", "on Monday"."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import datetime, timedelta

from masa_rag._searching.days import Span, day_of, first_day, later, midnight

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ONES = "one two three four five six seven eight nine".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_COUNTS: dict[str, float] = {word: number for number, word in enumerate(_ONES + _TEENS, 1)}
_COUNTS |= {word: 10 * number for number, word in enumerate(_TENS, 2)}
_COUNTS |= {"a": 1, "an": 1, "the": 1, "": 1, "few": 3, "a few": 3, "half a": 0.5, "half an": 0.5}
_COUNTS |= dict.fromkeys(("couple", "couple of", "a couple", "a couple of"), 2)
_LENGTHS = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1, "week": 7, "month": 30.44, "year": 365.25}
"""In days; a month and a year are the mean ones of the calendar."""
NUMBER = (  # what stands behind a comma or a point is the end of a number: "1,000", "1.5"
    rf"(?:(?<!\d[.,/])\d{{1,3}}|(?:{'|'.join(_TENS)})[ -](?:{'|'.join(_ONES)})|{'|'.join(filter(None, _COUNTS))})"
)
_SHORT = ("minute", "hour")
UNIT = r"(?P<unit>minute|hour|day|week|month|year)s?"


def today(_: re.Match[str], now: datetime) -> Span:
    """Return this day."""
    return day_of(now)


def yesterday(_: re.Match[str], now: datetime) -> Span:
    """Return the day before this."""
    return midnight(now) - timedelta(days=1), midnight(now)


def weekday(found: re.Match[str], now: datetime) -> Span:
    """Return the latest such day before today."""
    back = (now.weekday() - DAYS.index(found["weekday"].lower()) - 1) % 7 + 1
    return day_of(midnight(now) - timedelta(days=back))


def calendar(found: re.Match[str], now: datetime) -> Span:
    """Return this or the last week, month, quarter or year."""
    unit = found["unit"].lower()
    this = first_day(midnight(now), unit)
    if found["which"].lower() == "this":
        return this, midnight(now) + timedelta(days=1)
    return first_day(this - timedelta(days=1), unit), this


def reaching_back(found: re.Match[str], now: datetime) -> Span:
    """Return so many units back from now: of days and longer ones whole days."""
    length = counted(found["number"], found["unit"])
    start = later(now, -length) if found["unit"].lower() in _SHORT else midnight(now - length)
    return start, later(now, timedelta(seconds=1))


def ago(found: re.Match[str], now: datetime) -> Span:
    """Return the stretch around so many units before now."""
    unit, length = found["unit"].lower(), counted(found["number"], found["unit"])
    if found["larger"]:
        length += counted(found["more"], found["larger"])
    if unit in _SHORT:
        about = timedelta(hours=1) if unit == "hour" else timedelta(minutes=10)
        return later(now, -length - about), later(now, about - length)
    half = timedelta(days=_LENGTHS[unit]) / 2
    return day_of(now - length) if unit == "day" else (now - length - half, now - length + half)


def to_the_day(found: re.Match[str], now: datetime) -> Span:
    """Return the day that is so many days, weeks, months or years before today or yesterday."""
    count, unit = _count(found["number"]), found["unit"].lower()
    day, _ = (today if found["day"].lower() == "today" else yesterday)(found, now)
    if unit in ("day", "week"):
        return day_of(day - timedelta(days=count * _LENGTHS[unit]))
    year, month = divmod(day.year * 12 + day.month - 1 - round(count * (12 if unit == "year" else 1)), 12)
    if year < 1:
        raise OverflowError(f"received a question for the year {year}; expected one from 1")
    last = monthrange(year, month + 1)[1]  # a month before 31 July is 30 June
    return day_of(day.replace(year=year, month=month + 1, day=min(day.day, last)))


def counted(number: str | None, unit: str) -> timedelta:
    """Return the length of so many units, of one where no number is given."""
    return timedelta(days=_count(number) * _LENGTHS[unit.lower()])


def _count(word: str | None) -> float:
    text = " ".join((word or "").lower().replace("-", " ").split())
    if text.isdecimal() or text in _COUNTS:
        return int(text) if text.isdecimal() else _COUNTS[text]
    return sum(_COUNTS[part] for part in text.split())  # "twenty one"
