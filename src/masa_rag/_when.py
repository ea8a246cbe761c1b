"""Which days a question means: "today", "last week", "three days ago", "in March 2025", "on 5 May"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_COUNTS = {word: number for number, word in enumerate("one two three four five six seven eight nine ten".split(), 1)}
_COUNTS |= {"a": 1, "an": 1, "the": 1, "": 1, "couple of": 2, "a couple of": 2, "few": 3, "a few": 3}
_LENGTHS = {"hour": 1 / 24, "day": 1, "week": 7, "month": 30.44, "year": 365.25}
"""In days; a month and a year are the mean ones of the calendar."""
_NUMBER = rf"(?:\d{{1,3}}|{'|'.join(word for word in _COUNTS if word)})"
_UNIT = r"(hour|day|week|month|year)s?"

_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY, _YEAR = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?", r"(?P<year>(?:19|20)\d\d)"
_DATES = [
    re.compile(rf"\b{pattern}\b", re.IGNORECASE)
    for pattern in (
        rf"{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)",
        rf"{_DAY}(?: of)? {_MONTH}(?:,? {_YEAR})?",
        rf"{_MONTH} {_DAY}(?:,? {_YEAR})?",
        rf"{_MONTH},? {_YEAR}",
        rf"(?:in|during|since|of|this|last) {_MONTH}(?P<year>)",
        rf"(?:in|during|of) {_YEAR}",
    )
]
"""Dates that are written out; "may" is a month only beside a number or after such a word."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time and the words that named it.

    Attributes:
        start: Its first moment.
        end: The first moment after it.
        words: (first character, one past the last) of the words in the question.
        is_written: Whether it is a date ("in March 2025") and not relative to now ("last week"). A date may also
            be that of what is spoken of, long before or after.
    """

    start: datetime
    end: datetime
    words: tuple[int, int]
    is_written: bool = False

    def cut_from(self, question: str) -> str:
        """Return the question with blanks in place of the words, everything else where it was."""
        first, last = self.words
        return question[:first] + " " * (last - first) + question[last:]


Span = tuple[datetime, datetime]


def periods_of(question: str, now: datetime) -> list[Period]:
    """Return the periods that a question may mean, the likeliest first; empty when it names none.

    Days begin at midnight of ``now``'s time zone, weeks on Monday (ISO 8601). "Last week" is the calendar week
    before this one, "the last week" and "the past three days" reach back from now. A number of weeks, months or
    years "ago" is as vague as people mean it: half a unit to both sides. A date without a year is that of this
    year or of one of the twenty before, the latest first. What the calendar of Python has no room for (the week
    before the year 1, the day after 9999) is no period.
    """
    try:
        periods = _periods(question, now)
        for period in periods:  # what is stored is compared in UTC, which may have no such year either
            period.start.astimezone(UTC), period.end.astimezone(UTC)
    except OverflowError:
        return []
    return periods


def _periods(question: str, now: datetime) -> list[Period]:
    for pattern, span in _RULES:
        if found := pattern.search(question):
            start, end = span(found, now)
            return [Period(start, end, found.span())]
    return _written(question, now)


def _written(question: str, now: datetime) -> list[Period]:
    """Return the day, month or year of a date that is written out."""
    for pattern in _DATES:
        if found := pattern.search(question):
            parts = found.groupdict()
            years = [int(parts["year"])] if parts["year"] else range(now.year, now.year - 21, -1)
            spans = (_span_of(year, parts.get("month"), parts.get("day"), now) for year in years)
            return [Period(*span, found.span(), is_written=True) for span in spans if span is not None]
    return []


def _span_of(year: int, month: str | None, day: str | None, now: datetime) -> Span | None:
    """Return a day, a month or a year; None when there is no such day."""
    number = None if month is None else int(month) if month.isdecimal() else _MONTHS[month[:3].lower()]
    try:
        start = _midnight(now).replace(year=year, month=number or 1, day=int(day or 1))
    except ValueError:
        return None
    if number is None:
        return start, start.replace(year=year + 1)
    if day is None:
        return start, _first_day(start + timedelta(days=31), "month")
    return start, start + timedelta(days=1)


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
