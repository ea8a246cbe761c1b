"""Which days a question means when it says "today", "last week" or "three days ago"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_COUNTS = {word: number for number, word in enumerate("one two three four five six seven eight nine ten".split(), 1)}
_COUNTS |= {"a": 1, "an": 1, "the": 1, "": 1, "couple of": 2, "a couple of": 2, "few": 3, "a few": 3}
_LENGTHS = {"hour": 1 / 24, "day": 1, "week": 7, "month": 30.44, "year": 365.25}
"""In days; a month and a year are the mean ones of the calendar."""
_NUMBER = rf"(?:\d{{1,3}}|{'|'.join(word for word in _COUNTS if word)})"
_UNIT = r"(hour|day|week|month|year)s?"


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time and the words that named it.

    Attributes:
        start: Its first moment.
        end: The first moment after it.
        words: (first character, one past the last) of the words in the question.
    """

    start: datetime
    end: datetime
    words: tuple[int, int]

    def cut_from(self, question: str) -> str:
        """Return the question with blanks in place of the words, everything else where it was."""
        first, last = self.words
        return question[:first] + " " * (last - first) + question[last:]


Span = tuple[datetime, datetime]


def period_of(question: str, now: datetime) -> Period | None:
    """Return the period that a question names relative to ``now``, or None.

    Days begin at midnight of ``now``'s time zone, weeks on Monday (ISO 8601). "Last week" is the calendar week
    before this one, "the last week" and "the past three days" reach back from now. A number of weeks, months or
    years "ago" is as vague as people mean it: half a unit to both sides. Dates that are written out ("in March",
    "on 5 May 2023") are no business of this: they stand in the headers of passages and are found as words.
    """
    for pattern, span in _RULES:
        if found := pattern.search(question):
            start, end = span(found, now)
            return Period(start, end, found.span())
    return None


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _today(_: re.Match[str], now: datetime) -> Span:
    return _midnight(now), _midnight(now) + timedelta(days=1)


def _yesterday(_: re.Match[str], now: datetime) -> Span:
    return _midnight(now) - timedelta(days=1), _midnight(now)


def _weekday(found: re.Match[str], now: datetime) -> Span:
    """Return the latest such day before today."""
    back = (now.weekday() - _DAYS.index(found[1].lower()) - 1) % 7 + 1
    start = _midnight(now) - timedelta(days=back)
    return start, start + timedelta(days=1)


def _calendar(found: re.Match[str], now: datetime) -> Span:
    """Return this or the last week, month or year."""
    unit = found[2].lower()
    this = _first_day(_midnight(now), unit)
    if found[1].lower() == "this":
        return this, _midnight(now) + timedelta(days=1)
    return _first_day(this - timedelta(days=1), unit), this


def _first_day(day: datetime, unit: str) -> datetime:
    """Return the first day of the week, month or year of a day."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)


def _reaching_back(found: re.Match[str], now: datetime) -> Span:
    days = _count(found[1]) * _LENGTHS[found[2].lower()]
    start = now - timedelta(days=days)
    return start if days < 1 else _midnight(start), now + timedelta(seconds=1)


def _ago(found: re.Match[str], now: datetime) -> Span:
    length = _LENGTHS[found[2].lower()]
    middle = now - timedelta(days=_count(found[1]) * length)
    if length <= 1:
        return _today(found, middle) if length == 1 else (middle - timedelta(hours=1), middle + timedelta(hours=1))
    return middle - timedelta(days=length / 2), middle + timedelta(days=length / 2)


def _count(word: str | None) -> int:
    text = " ".join((word or "").lower().split())
    return int(text) if text.isdecimal() else _COUNTS[text]


def _rule(pattern: str, span: Callable[[re.Match[str], datetime], Span]) -> tuple[re.Pattern[str], Callable[..., Span]]:
    return re.compile(rf"\b{pattern}\b", re.IGNORECASE), span


_RULES = (
    _rule(r"(?:today|tonight|this (?:morning|afternoon|evening))", _today),
    _rule(r"(?:yesterday|last night)", _yesterday),
    _rule(rf"({_NUMBER})\s+{_UNIT} ago", _ago),
    _rule(rf"(?:(?:in|over|during|within|for) )?the (?:last|past)(?:\s+({_NUMBER}))?\s+{_UNIT}", _reaching_back),
    _rule(rf"(?:last|past)\s+({_NUMBER})\s+{_UNIT}", _reaching_back),
    _rule(r"(this|last) (week|month|year)", _calendar),
    _rule(rf"(?:on|last) ({'|'.join(_DAYS)})", _weekday),
)
"""The first that matches counts."""
