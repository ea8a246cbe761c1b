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
_COUNTS |= {"half": 0.5, "a half": 0.5, "several": 5}
_VAGUE = {"few": 1, "a few": 1, "several": 2}
"""How many more or fewer they may be: a few days are two to four, several three to seven."""
_LENGTHS = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1, "week": 7, "month": 30.44, "year": 365.25}
_LENGTHS |= {"fortnight": 14, "decade": 3652.5}
"""In days; a month and a year are the mean ones of the calendar."""
_MONTHS = {"month": 1, "year": 12, "decade": 120}
_ABBREVIATED = {"min": "minute", "hr": "hour", "h": "hour", "d": "day", "wk": "week", "w": "week", "yr": "year"}
NUMBER = (  # what stands behind a comma or a point is the end of a number: "1,000", "1.5"
    rf"(?:(?<!\d[.,/])\d{{1,3}}|(?:{'|'.join(_TENS)})[ -](?:{'|'.join(_ONES)})|{'|'.join(filter(None, _COUNTS))})"
)
_SHORT = ("minute", "hour")
UNIT = (  # what has one letter stands behind figures only: "24h"
    r"(?:\s+(?=[a-z]{3})|(?<=\d)\s?)"
    rf"(?P<unit>(?:{'|'.join(_LENGTHS)}|{'|'.join(word for word in _ABBREVIATED if len(word) > 1)})s?|h|d|w)"
)
WEEKDAY = rf"(?P<weekday>{'|'.join(DAYS)}|(?-i:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun))"
DAY_WORDS = {*DAYS, "mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun"}
_NO_DAY = {"every", "each", "next", "most", "some", "for", "or", "to", "until", "till", "by", "before", "a"}
_NO_DAY |= {"happy", "black", "good", "cyber", "giving", "fat", "super", "taco", "casual", "ash", "palm", "easter"}
"""Words before a weekday that is none of the last seven: a habit, a feast, or one that lies ahead."""


def today(_: re.Match[str], now: datetime) -> list[Span]:
    """Return this day."""
    return [day_of(now)]


def yesterday(found: re.Match[str], now: datetime) -> list[Span]:
    """Return the day before this, or the one before that."""
    return [day_of(midnight(now) - timedelta(days=2 if found["before"] else 1))]


def weekday(found: re.Match[str], now: datetime) -> list[Span]:
    """Return the latest such day before today; "this" is that of this week, unless it lies ahead."""
    if not _NO_DAY.isdisjoint(found.string[: found.start("core")].lower().split()[-1:]):
        return []
    day, today = _of_this_week(found, now), midnight(now)
    if found["core"].lower().startswith("this ") and not found["past"]:
        return [day_of(day)] if day <= today else []
    return [day_of(day if day < today else day - timedelta(days=7))]


def weekday_of_week(found: re.Match[str], now: datetime) -> list[Span]:
    """Return the weekday of this week or of the last."""
    day = _of_this_week(found, now)
    return [day_of(day if found["which"].lower() == "this" else day - timedelta(days=7))]


def _of_this_week(found: re.Match[str], now: datetime) -> datetime:
    number = next(at for at, name in enumerate(DAYS) if name.startswith(found["weekday"].lower()[:3]))
    return first_day(midnight(now), "week") + timedelta(days=number)


def weekend(found: re.Match[str], now: datetime) -> list[Span]:
    """Return Saturday and Sunday: those that are or were the last; "this weekend" lies ahead from Wednesday on."""
    monday, core = first_day(midnight(now), "week"), found["core"].lower()
    if now.weekday() in (2, 3, 4) and core.startswith("this ") and "past" not in core:
        return []
    if now.weekday() < 5 or any(word in core for word in ("last", "past", "previous")):
        monday -= timedelta(days=7)
    return [(monday + timedelta(days=5), monday + timedelta(days=7))]


def day_of_month(found: re.Match[str], now: datetime) -> list[Span]:
    """Return the latest day of that number, today's or one before."""
    days = (midnight(now) - timedelta(days=back) for back in range(62))  # in two months is every number
    return [day_of(day) for day in days if day.day == int(found["number"])][:1]


def calendar(found: re.Match[str], now: datetime) -> list[Span]:
    """Return this or the last week, month, quarter or year."""
    unit = found["unit"].lower()
    this = first_day(midnight(now), unit)
    if found["which"].lower() == "this":
        return [(this, midnight(now) + timedelta(days=1))]
    return [(first_day(this - timedelta(days=1), unit), this)]


def before_last(found: re.Match[str], now: datetime) -> list[Span]:
    """Return the week, month, quarter or year before the last one."""
    unit = found["unit"].lower()
    last = first_day(first_day(midnight(now), unit) - timedelta(days=1), unit)
    return [(first_day(last - timedelta(days=1), unit), last)]


def reaching_back(found: re.Match[str], now: datetime) -> list[Span]:
    """Return so many units back from now: of days and longer ones whole days."""
    length = counted(found["number"], found["unit"])
    start = later(now, -length) if _unit(found["unit"]) in _SHORT else midnight(now - length)
    return [(start, later(now, timedelta(seconds=1)))]


def ago(found: re.Match[str], now: datetime) -> list[Span]:
    """Return the stretch around so many units before now."""
    unit, length = _unit(found["unit"]), counted(found["number"], found["unit"])
    if found["larger"]:
        length += counted(found["more"], found["larger"])
    if found["half"] or found["and_half"]:
        length += counted("half", unit)
    some = timedelta(days=_VAGUE.get(" ".join(found["number"].lower().split()), 0) * _LENGTHS[unit])
    if unit in _SHORT:
        about = some + (timedelta(hours=1) if unit == "hour" else timedelta(minutes=10))
        return [(later(now, -length - about), later(now, about - length))]
    half = timedelta(days=_LENGTHS[unit]) / 2
    if unit == "day":
        return [(day_of(now - length - some)[0], day_of(now - length + some)[1])]
    return [(now - length - some - half, now - length + some + half)]


def to_the_day(found: re.Match[str], now: datetime) -> list[Span]:
    """Return the day that is so many days, weeks, months or years before today or yesterday."""
    count, unit = _count(found["number"]), _unit(found["unit"])
    day = midnight(now) - timedelta(days=0 if found["day"].lower() == "today" else 1)
    if unit not in _MONTHS:
        return [day_of(day - timedelta(days=count * _LENGTHS[unit]))]
    year, month = divmod(day.year * 12 + day.month - 1 - round(count * _MONTHS[unit]), 12)
    if year < 1:
        raise OverflowError(f"received a question for the year {year}; expected one from 1")
    last = monthrange(year, month + 1)[1]  # a month before 31 July is 30 June
    return [day_of(day.replace(year=year, month=month + 1, day=min(day.day, last)))]


def counted(number: str | None, unit: str) -> timedelta:
    """Return the length of so many units, of one where no number is given."""
    return timedelta(days=_count(number) * _LENGTHS[_unit(unit)])


def _unit(written: str) -> str:
    """Return "hour" for "hours", "hrs" and "h"."""
    word = written.lower().rstrip("s")
    return _ABBREVIATED.get(word, word)


def _count(word: str | None) -> float:
    text = " ".join((word or "").lower().replace("-", " ").split())
    if text.isdecimal() or text in _COUNTS:
        return int(text) if text.isdecimal() else _COUNTS[text]
    return sum(_COUNTS[part] for part in text.split())  # "twenty one"
