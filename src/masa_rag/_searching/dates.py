"""Dates that are written out: "5 May 2023", "in March", "2024-02", "Q1 2024", "from 3 to 5 May"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

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
_DAY, _YEAR = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.(?= (?!may\b)))?", r"(?P<year>(?:19|20)\d\d)"
_THE = r"(?:the (?=\d{1,2}(?:st|nd|rd|th)\b))?"
_YEAR_MONTH = rf"{_YEAR}[-/](?P<month>0[1-9]|1[0-2])"
_QUARTER = r"(?:the )?(?P<part>q[1-4]|(?:first|second|third|fourth|last|[1-4](?:st|nd|rd|th)) quarter)"
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""Their first months, as north of the equator."""
_SEASON = rf"(?P<part>{'|'.join(_SEASONS)})"
_PART = rf"{_QUARTER[:-1]}|h[12]|(?:first|second|1st|2nd) half|{'|'.join(_SEASONS)})"
_NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 4}
PART_WORDS = {"q", "h", "quarter", "half", *_SEASONS}
FIGURES = (
    rf"(?P<one>\d\d?)[/-](?P<two>\d\d?)[/-]{_YEAR}",
    r"(?P<one>\d\d?)/(?P<two>\d\d?)/(?P<short>\d\d)",
)
"""Of which nobody can tell the day from the month unless one is above twelve."""
DATES = (
    rf"{_YEAR}[-/.](?P<month>\d\d?)[-/.](?P<day>\d\d?)(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?",
    rf"(?P<day>\d\d?)\. ?(?P<month>\d\d?)\. ?{_YEAR}",
    rf"{_DAY}(?: of)? {_MONTH}(?:,? {_YEAR})?",
    rf"{_DAY}-{_MONTH}-{_YEAR}",
    rf"{_MONTH} {_THE}{_DAY}(?:,? {_YEAR})?",
    rf"{_MONTH},? {_YEAR}",
    rf"(?:{_MONTH}|{_PART}) ?['’](?P<short>\d\d)",
    rf"{_PART}(?:[ /-]| of ){_YEAR}",
    rf"{_YEAR}[ /-]?{_PART}",
)
_WHICH = r"(?P<which>this|last) year"
OF_A_YEAR = (
    rf"{_DAY}(?: of)? {_MONTH},? (?:of )?{_WHICH}",
    rf"{_MONTH}(?: {_THE}{_DAY})?,? (?:of )?{_WHICH}",
    rf"{_PART},? (?:of )?{_WHICH}",
    rf"{_WHICH} in {_MONTH}",
)
"""A part of this year or of the last, and not the whole of it."""
OPENED = r"(?:(?<=since )|(?<=after )|(?<=before )|(?<=until )|(?<=till ))"
_BARE = (_MONTH, _YEAR_MONTH, _YEAR, rf"{_DAY}(?:,? {_YEAR})?")
_IN = rf"(?:(?:in|during|of|from) |{OPENED}|(?<=of ))"
_EARLY = r"(?:(?:early|mid|late)[ -])?"
NAMED = (
    rf"(?:(?:in|during|of|last) |(?<=since )|(?<=of )){_EARLY}{_NO_VERB}{_MONTH}",
    rf"(?:this |{OPENED})(?!(?-i:may|MAY)\b){_NO_VERB}{_MONTH}",
    rf"from (?!(?:may|june|april|august)\b){_MONTH}",
    *(rf"{_IN}{_EARLY}(?:the year )?{date}" for date in (_YEAR_MONTH, _YEAR)),
    rf"(?<!the )(?:early|mid|late)[ -]{_YEAR}",
    rf"{_IN}{_QUARTER}(?! of\b)",
    rf"(?:last|this|(?:over|during) the|(?<=since )the) {_SEASON}(?! of\b)",
)
"""Months, quarters and years alone are dates only after such words, the last of which the opening may have read
already: what is planned for "mid-April" was said before. "May" is a month only there or beside a number, and after
words such as "this" only with a capital. After "from" the months that are names of people as well are none."""
WEEK = r"(?:(?P<around>week|weekend) (?:of|(?<=the week )(?:beginning|commencing|starting)) (?:the )?)?"
_UNNAMED = re.compile(r"\?P<\w+>")
_ONE = "|".join(_UNNAMED.sub("?:", date) for date in (*FIGURES, *DATES, *_BARE))
_M, _D, _Y = (_UNNAMED.sub("?:", part) for part in (_MONTH, _DAY, _YEAR))
_TO = rf"(?: ?[-–—] ?| (?:to|through|until|till) ){_THE}"
RANGES = (
    rf"(?:from |between )?{_THE}(?P<first>{_D}(?: {_M})?){_TO}(?P<last>{_D}(?: of)? {_M}(?:,? {_Y})?)",
    rf"(?:from |between )?(?P<first>{_M} {_D}){_TO}(?P<last>(?:{_M} )?{_D}(?:,? {_Y})?)",
    rf"(?:from |between )?(?P<first>{_M}){_TO}(?P<last>{_M},? {_Y})",
    rf"(?:from|between|in|during|of) (?P<first>{_Y})[-–](?P<last>{_Y})",
)
BETWEEN = (
    rf"(?:from|between) {_THE}(?P<first>{_ONE}) (?:to|through|until|till|and|-|–) {_THE}(?P<last>{_ONE}|now|today)"
)
NOT_OF = rf"(?! of (?:the|this|that|last|our|their|his|her|my|\d|{_UNNAMED.sub('?:', _MONTH)}\b))"
NO_DATE = rf"(?!,? (?:the )?(?:{'|'.join(_UNNAMED.sub('?:', date) for date in (*FIGURES, *DATES))})\b)"
"""The last week of March, or of the tour, is none that is reckoned from now, nor is Monday, 5 May."""


def dates(found: re.Match[str], now: datetime) -> list[Span]:
    """Return the day, week, month, quarter or year of a date that is written out."""
    parts = found.groupdict()
    spans = [_span_of(year, parts, now) for year in _years(parts, now)]
    which = found["core"].lower().partition(" ")[0]
    return [_around(span, parts) for span in spans if span is not None and _is_meant(span, which, now)]


def _is_meant(span: Span, which: str, now: datetime) -> bool:
    """Say whether a stretch is over ("last March"), or has begun and is of this year ("this winter")."""
    if which == "this":
        return span[0] <= now and (span[0].year == now.year or now < span[1])
    return which != "last" or span[1] <= now


def either_day(found: re.Match[str], now: datetime) -> list[Span]:
    """Return the day of a date in figures; both, the earlier first, where each of two may be the month."""
    parts = found.groupdict()
    ways = [parts | {"month": parts[month], "day": parts[day]} for month, day in (("one", "two"), ("two", "one"))]
    spans = {_span_of(year, way | {"one": None}, now) for way in ways for year in _years(parts, now)}
    return sorted(_around(span, parts) for span in spans if span is not None)


def _around(span: Span, parts: Parts) -> Span:
    """Return the week or the weekend of a day, if that is asked for."""
    around, monday = parts.get("around"), first_day(span[0], "week")
    if not around or span != day_of(span[0]):
        return span
    return monday + timedelta(days=0 if around.lower() == "week" else 5), monday + timedelta(days=7)


def _years(parts: Parts, now: datetime) -> Sequence[int]:
    """Return the years that a date may be of, the latest first."""
    if which := parts.get("which"):
        year = now.year - (which.lower() == "last")
    elif written := f"20{parts['short']}" if parts.get("short") else parts.get("year"):
        year = int(written)
    else:
        return range(now.year, now.year - 21, -1)
    is_winter = (parts.get("part") or "").lower() == "winter"  # to some that of 2024 has begun in 2023
    return [year - 1, year] if is_winter else [year]


def between(found: re.Match[str], now: datetime) -> list[Span]:
    """Return the stretch from one date to another, both in it; what one leaves out is as in the other."""
    one, other = _parts(found["first"], now), _parts(found["last"], now)
    first, last = _with_month(one, other), _with_month(other, one)
    if any(parts["day"] and not parts["month"] for parts in (first, last)):  # "from 3 to 5"
        return []
    spans = (_first_to_last(first, last, year, now) for year in _years(first if first["year"] else last, now))
    return [span for span in spans if span is not None]


def _with_month(parts: Parts, other: Parts) -> Parts:
    return parts | {"month": other["month"]} if parts["day"] and other["day"] and not parts["month"] else parts


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
    found = next(filter(None, (re.fullmatch(date, text, re.IGNORECASE) for date in (*FIGURES, *DATES, *_BARE))))
    parts = {"year": None, "month": None, "day": None} | found.groupdict()
    return parts | {"year": f"20{parts['short']}"} if parts.get("short") else parts


def _span_of(year: int, parts: Parts, now: datetime) -> Span | None:
    """Return a day, a month, a quarter, half a year or a year; None where there is none such, or none can be told."""
    try:
        month, day, length = _places(parts)
        start = midnight(now).replace(year=year, month=month, day=day or 1)
    except ValueError:
        return None
    return day_of(start) if day else (start, first_day(start + timedelta(days=31 * length), "month"))


def _places(parts: Parts) -> tuple[int, int, int]:
    """Return the first month, the day (0 for none) and the number of months.

    Raises:
        ValueError: One and two are a day and a month, and nobody can tell which is which.
    """
    if part := parts.get("part"):
        if season := _SEASONS.get(part.lower()):
            return season, 0, 3
        length = 6 if part[0] in "hH" or part[-1] in "fF" else 3
        return 1 + length * (_which_part(part.lower()) - 1), 0, length
    if parts.get("one"):
        low, high = sorted((int(parts["one"] or 0), int(parts["two"] or 0)))
        if low != high <= 12:
            raise ValueError(f"received {low} and {high}; expected one that is no month")
        return low, high, 1
    if not (month := parts.get("month")):
        return 1, 0, 12
    return int(month) if month.isdecimal() else _MONTHS[month[:3].lower()], int(parts.get("day") or 0), 1


def _which_part(part: str) -> int:
    """Return 3 for "q3", "3rd quarter" and "third quarter"."""
    digit = re.search(r"\d", part)
    return int(digit[0]) if digit else _NTH[part.split()[0]]
