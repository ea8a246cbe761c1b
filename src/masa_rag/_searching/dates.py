"""Dates that are written out: "5 May 2023", "in March", "2024-02", "from 3 to 5 May"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from masa_rag._searching.days import Span, day_of, first_day, midnight

Parts = dict[str, str | None]
"""Year, month and day as they are written."""

_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_FULL = "january february march april may june july august september october november december sept".split()
MONTH_WORDS = {*_MONTHS, *_FULL}
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_NO_VERB = r"(?!may (?:be|have|not|well|also)\b)"
_DAY, _YEAR = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?", r"(?P<year>(?:19|20)\d\d)"
_YEAR_MONTH = rf"{_YEAR}[-/](?P<month>0[1-9]|1[0-2])"
DATES = (
    rf"{_YEAR}[-/](?P<month>\d\d)[-/](?P<day>\d\d)(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?",
    rf"{_DAY}(?: of)? {_MONTH}(?:,? {_YEAR})?",
    rf"{_MONTH} {_DAY}(?:,? {_YEAR})?",
    rf"{_MONTH},? {_YEAR}",
)
OPENED = r"(?:(?<=since )|(?<=after )|(?<=before )|(?<=until )|(?<=till ))"
_BARE = (_MONTH, _YEAR_MONTH, _YEAR, _DAY)
NAMED = (
    rf"(?:(?:in|during|of|last) |(?<=since )|(?<=of )){_NO_VERB}{_MONTH}",
    rf"(?:this |{OPENED})(?!(?-i:may|MAY)\b){_NO_VERB}{_MONTH}",
    *(rf"(?:(?:in|during|of) |{OPENED}|(?<=of )){date}" for date in (_YEAR_MONTH, _YEAR)),
)
"""Months and years alone are dates only after such words, the last of which the opening may have read already; "may"
is a month only there or beside a number, and after words such as "this" only as "May"."""
_UNNAMED = re.compile(r"\?P<\w+>")
_ONE = "|".join(_UNNAMED.sub("?:", date) for date in (*DATES, *_BARE))
BETWEEN = rf"(?:from|between) (?P<first>{_ONE}) (?:to|until|till|and|-|–) (?P<last>{_ONE}|now|today)"
NOT_OF = rf"(?! of (?:the|this|that|last|our|their|his|her|my|\d|{_UNNAMED.sub('?:', _MONTH)}\b))"
"""The last week of March, or of the tour, is none that is reckoned from now."""


def dates(found: re.Match[str], now: datetime) -> list[Span]:
    """Return the day, month or year of a date that is written out."""
    parts = found.groupdict()
    spans = [_span_of(year, parts, now) for year in _years(parts.get("year"), now)]
    until = now if found["core"].lower().startswith("last ") else datetime.max.replace(tzinfo=UTC)
    return [span for span in spans if span is not None and span[1] <= until]


def _years(year: str | None, now: datetime) -> Sequence[int]:
    return [int(year)] if year else range(now.year, now.year - 21, -1)


def between(found: re.Match[str], now: datetime) -> list[Span]:
    """Return the stretch from one date to another, both in it; what one leaves out is as in the other."""
    one, other = _parts(found["first"], now), _parts(found["last"], now)
    first, last = _with_month(one, other), _with_month(other, one)
    if any(parts["day"] and not parts["month"] for parts in (first, last)):  # "from 3 to 5"
        return []
    spans = (_first_to_last(first, last, year, now) for year in _years(first["year"] or last["year"], now))
    return [span for span in spans if span is not None]


def _with_month(parts: Parts, other: Parts) -> Parts:
    return parts | {"month": other["month"]} if other["day"] and not (parts["year"] or parts["month"]) else parts


def _first_to_last(first: Parts, last: Parts, year: int, now: datetime) -> Span | None:
    """Return the stretch between two dates of a year, or of two that follow one another ("November to February")."""
    for one, other in ((year, year), (year - 1, year), (year, year + 1)):
        begins = _span_of(int(first["year"] or one), first, now)
        ends = _span_of(int(last["year"] or other), last, now)
        if begins and ends and begins[0] < ends[0]:
            return begins[0], ends[1]
    return None


def _parts(text: str, now: datetime) -> Parts:
    """Return year, month and day of a date, each None where it is left out."""
    text = now.date().isoformat() if text.lower() in ("now", "today") else text
    found = next(filter(None, (re.fullmatch(date, text, re.IGNORECASE) for date in (*DATES, *_BARE))))
    return {"year": None, "month": None, "day": None} | found.groupdict()


def _span_of(year: int, parts: Parts, now: datetime) -> Span | None:
    """Return a day, a month or a year; None when there is no such day."""
    month, day = parts.get("month"), parts.get("day")
    number = None if month is None else int(month) if month.isdecimal() else _MONTHS[month[:3].lower()]
    try:
        start = midnight(now).replace(year=year, month=number or 1, day=int(day or 1))
    except ValueError:
        return None
    if number is None:
        return start, start.replace(year=year + 1)
    if day is None:
        return start, first_day(start + timedelta(days=31), "month")
    return day_of(start)
