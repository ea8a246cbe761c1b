"""Which days a question means: "today", "last week", "three days ago", "in March 2025", "since 5 May"."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ONES = "one two three four five six seven eight nine".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_COUNTS: dict[str, float] = {word: number for number, word in enumerate(_ONES + _TEENS, 1)}
_COUNTS |= {word: 10 * number for number, word in enumerate(_TENS, 2)}
_COUNTS |= {"a": 1, "an": 1, "the": 1, "": 1, "few": 3, "a few": 3, "half a": 0.5, "half an": 0.5}
_COUNTS |= dict.fromkeys(("couple", "couple of", "a couple", "a couple of"), 2)
_LENGTHS = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1, "week": 7, "month": 30.44, "year": 365.25}
"""In days; a month and a year are the mean ones of the calendar."""
_NUMBER = (  # what stands behind a comma or a point is the end of a number: "1,000", "1.5"
    rf"(?:(?<!\d[.,/])\d{{1,3}}|(?:{'|'.join(_TENS)})[ -](?:{'|'.join(_ONES)})|{'|'.join(filter(None, _COUNTS))})"
)
_SHORT = ("minute", "hour")
_UNIT = r"(?P<unit>minute|hour|day|week|month|year)s?"
_AS_TYPED = str.maketrans("ıİſK‑\n\r\t\u00a0\u202f", "iIsk-     ")
"""Letters that Python's patterns take for ours where case does not count, as in "FRİDAY", and other blanks."""

_OPENING = (
    r"(?:(?P<never>not) )?"
    rf"(?:(?:(?P<count>{_NUMBER})\s+(?P<stretch>hour|day|week|month|year)s? (?=before|after))?"
    r"(?P<how>since|after|before|prior to|until|till|up to|by) (?:the (?=\d{1,2}(?:st|nd|rd|th)\b)"
    r"|(?:(?<=since )|(?<=before ))the (?:beginning|start) of |(?:(?<=until )|(?<=by ))the end of )?)?"
)
"""What may stand before a time that is not meant ("not"), or at which something else begins or ends."""
_OPENED = r"(?:(?<=since )|(?<=after )|(?<=before )|(?<=until )|(?<=till ))"
_BEGINNING = datetime.min.replace(tzinfo=UTC)

_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_NO_VERB = r"(?!may (?:be|have|not|well|also)\b)"
_DAY, _YEAR = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?", r"(?P<year>(?:19|20)\d\d)"
_YEAR_MONTH = rf"{_YEAR}[-/](?P<month>0[1-9]|1[0-2])"
_DATES = (
    rf"{_YEAR}[-/](?P<month>\d\d)[-/](?P<day>\d\d)(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?",
    rf"{_DAY}(?: of)? {_MONTH}(?:,? {_YEAR})?",
    rf"{_MONTH} {_DAY}(?:,? {_YEAR})?",
    rf"{_MONTH},? {_YEAR}",
)
_BARE = (_MONTH, _YEAR_MONTH, _YEAR, _DAY)
_NAMED = (
    rf"(?:(?:in|during|of|last) |(?<=since )|(?<=of )){_NO_VERB}{_MONTH}",
    rf"(?:this |{_OPENED})(?!(?-i:may|MAY)\b){_NO_VERB}{_MONTH}",
    *(rf"(?:(?:in|during|of) |{_OPENED}|(?<=of )){date}" for date in (_YEAR_MONTH, _YEAR)),
)
"""Months and years alone are dates only after such words, the last of which the opening may have read already; "may"
is a month only there or beside a number, and after words such as "this" only as "May"."""
_UNNAMED = re.compile(r"\?P<\w+>")
_ONE = "|".join(_UNNAMED.sub("?:", date) for date in (*_DATES, *_BARE))
_BETWEEN = rf"(?:from|between) (?P<first>{_ONE}) (?:to|until|till|and|-|–) (?P<last>{_ONE}|now|today)"
_NOT_OF = rf"(?! of (?:the|this|that|last|our|their|his|her|my|\d|{_UNNAMED.sub('?:', _MONTH)}\b))"
"""The last week of March, or of the tour, is none that is reckoned from now."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time and the words that named it.

    Attributes:
        start: Its first moment; the first of the year 1 in UTC, before which nothing is, where it has no beginning
            ("before March").
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
        return _blanked(question, self.words)


Span = tuple[datetime, datetime]
Parts = dict[str, str | None]


class _Rule(NamedTuple):
    """What names a time, and the stretches of time that it may mean, the likeliest first."""

    pattern: re.Pattern[str]
    spans: Callable[[re.Match[str], datetime], Sequence[Span]]
    is_written: bool


def periods_of(question: str, now: datetime) -> list[Period]:
    """Return the periods that a question may mean, the likeliest first; empty when it names none.

    Days begin at midnight of ``now``'s time zone, weeks on Monday (ISO 8601). "Last week" is the calendar week
    before this one, "the last week" and "the past three days" reach back from now. A number of weeks, months or
    years "ago" is as vague as people mean it: half a unit to both sides, of minutes ten. A date without a year is that
    of this year or of one of the twenty before, the latest first; "last March" is over.

    "Since" a date is from its beginning until now, "after" it from its end, "before" it all that was earlier, "until"
    and "by" with the date itself; "two days before" or "after" it are those two. A date without a year is then the
    latest, and for "before", "until" and "by" the nearest: where it lies ahead there is no period, for everything was
    said before it. Nor is there one for which the calendar of Python has no room (the day after 9999).
    """
    try:
        periods = _periods(question.translate(_AS_TYPED), now)
        for period in periods:  # what is stored is compared in UTC, which may have no such year either
            period.start.astimezone(UTC), period.end.astimezone(UTC)
    except OverflowError:
        return []
    return periods


def _periods(question: str, now: datetime) -> list[Period]:
    for _ in range(5):  # "not today", "31 June": the next that is named may be meant, but nobody rules out many
        named = next(((rule, found) for rule in _RULES if (found := rule.pattern.search(question))), None)
        if named is None:
            break
        if periods := _meant(*named, now):
            return periods
        question = _blanked(question, named[1].span())
    return []


def _blanked(question: str, words: tuple[int, int]) -> str:
    first, last = words
    return question[:first] + " " * (last - first) + question[last:]


def _meant(rule: _Rule, found: re.Match[str], now: datetime) -> list[Period]:
    """Return the periods of what a rule has found; none of what is ruled out."""
    if found["never"]:
        return []
    spans, first = rule.spans(found, now), found.start("core")
    names_another = found.string.startswith(("'s", "’s"), found.end())  # "after today's call" is of today
    if found["how"] and not names_another:
        spans, first = _opened(found, spans, now), found.start()
    return [Period(start, end, (first, found.end()), rule.is_written) for start, end in spans]


def _opened(found: re.Match[str], spans: Sequence[Span], now: datetime) -> Sequence[Span]:
    """Return what is since, after, before or until the likeliest of the stretches; none when that lies ahead."""
    how, until = found["how"].lower(), _later(now, timedelta(seconds=1))
    if found["count"]:
        length = _counted(found["count"], found["stretch"])
        return [(start - length, start) if how == "before" else (end, end + length) for start, end in spans]
    if how in ("since", "after"):
        opened = [(start if how == "since" else end, until) for start, end in spans]
    else:
        nearest = sorted(spans, key=lambda span: abs(span[0] - now))[:1]
        opened = [(_BEGINNING, start if how in ("before", "prior to") else end) for start, end in nearest]
    return [(start, end) for start, end in opened if start < end <= until][:1]


def _dates(found: re.Match[str], now: datetime) -> list[Span]:
    """Return the day, month or year of a date that is written out."""
    parts = found.groupdict()
    spans = [_span_of(year, parts, now) for year in _years(parts.get("year"), now)]
    until = now if found["core"].lower().startswith("last ") else datetime.max.replace(tzinfo=UTC)
    return [span for span in spans if span is not None and span[1] <= until]


def _years(year: str | None, now: datetime) -> Sequence[int]:
    return [int(year)] if year else range(now.year, now.year - 21, -1)


def _between(found: re.Match[str], now: datetime) -> list[Span]:
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
    found = next(filter(None, (re.fullmatch(date, text, re.IGNORECASE) for date in (*_DATES, *_BARE))))
    return {"year": None, "month": None, "day": None} | found.groupdict()


def _span_of(year: int, parts: Parts, now: datetime) -> Span | None:
    """Return a day, a month or a year; None when there is no such day."""
    month, day = parts.get("month"), parts.get("day")
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
    return now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _later(now: datetime, length: timedelta) -> datetime:
    """Return the moment after so much time, which a clock that is turned in between does not show."""
    return (now.astimezone(UTC) + length).astimezone(now.tzinfo)


def _today(_: re.Match[str], now: datetime) -> Span:
    return _midnight(now), _midnight(now) + timedelta(days=1)


def _yesterday(_: re.Match[str], now: datetime) -> Span:
    return _midnight(now) - timedelta(days=1), _midnight(now)


def _weekday(found: re.Match[str], now: datetime) -> Span:
    """Return the latest such day before today."""
    back = (now.weekday() - _DAYS.index(found["weekday"].lower()) - 1) % 7 + 1
    start = _midnight(now) - timedelta(days=back)
    return start, start + timedelta(days=1)


def _calendar(found: re.Match[str], now: datetime) -> Span:
    """Return this or the last week, month, quarter or year."""
    unit = found["unit"].lower()
    this = _first_day(_midnight(now), unit)
    if found["which"].lower() == "this":
        return this, _midnight(now) + timedelta(days=1)
    return _first_day(this - timedelta(days=1), unit), this


def _first_day(day: datetime, unit: str) -> datetime:
    """Return the first day of the week, month, quarter or year of a day."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "quarter":
        return day.replace(day=1, month=day.month - (day.month - 1) % 3)
    return day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)


def _reaching_back(found: re.Match[str], now: datetime) -> Span:
    length = _counted(found["number"], found["unit"])
    start = _later(now, -length) if found["unit"].lower() in _SHORT else _midnight(now - length)
    return start, _later(now, timedelta(seconds=1))


def _ago(found: re.Match[str], now: datetime) -> Span:
    unit, length = found["unit"].lower(), _counted(found["number"], found["unit"])
    if found["larger"]:
        length += _counted(found["more"], found["larger"])
    if unit in _SHORT:
        about = timedelta(hours=1) if unit == "hour" else timedelta(minutes=10)
        return _later(now, -length - about), _later(now, about - length)
    half = timedelta(days=_LENGTHS[unit]) / 2
    return _today(found, now - length) if unit == "day" else (now - length - half, now - length + half)


def _to_the_day(found: re.Match[str], now: datetime) -> Span:
    """Return the day that is so many days, weeks, months or years before today or yesterday."""
    count, unit = _count(found["number"]), found["unit"].lower()
    day, _ = (_today if found["day"].lower() == "today" else _yesterday)(found, now)
    if unit in ("day", "week"):
        return _today(found, day - timedelta(days=count * _LENGTHS[unit]))
    year, month = divmod(day.year * 12 + day.month - 1 - round(count * (12 if unit == "year" else 1)), 12)
    if year < 1:
        raise OverflowError(f"received a question for the year {year}; expected one from 1")
    last = monthrange(year, month + 1)[1]  # a month before 31 July is 30 June
    return _today(found, day.replace(year=year, month=month + 1, day=min(day.day, last)))


def _counted(number: str | None, unit: str) -> timedelta:
    return timedelta(days=_count(number) * _LENGTHS[unit.lower()])


def _count(word: str | None) -> float:
    text = " ".join((word or "").lower().replace("-", " ").split())
    if text.isdecimal() or text in _COUNTS:
        return int(text) if text.isdecimal() else _COUNTS[text]
    return sum(_COUNTS[part] for part in text.split())  # "twenty one"


def _rule(core: str, spans: Callable[[re.Match[str], datetime], Sequence[Span]], *, is_written: bool = True) -> _Rule:
    return _Rule(re.compile(rf"\b{_OPENING}(?P<core>{core})\b", re.IGNORECASE), spans, is_written)


def _spoken(core: str, span: Callable[[re.Match[str], datetime], Span]) -> _Rule:
    """Return the rule of a time that is named relative to now."""
    return _rule(core, lambda found, now: [span(found, now)], is_written=False)


_RULES = (
    _rule(_BETWEEN, _between),
    _spoken(rf"(?P<number>{_NUMBER})\s+(?!minute|hour){_UNIT} ago (?P<day>today|yesterday)", _to_the_day),
    _spoken(r"(?:today|tonight|this (?:morning|afternoon|evening))", _today),
    _spoken(r"(?:yesterday|last night)", _yesterday),
    _spoken(
        rf"(?:(?P<more>{_NUMBER})\s+(?P<larger>hour|day|week|month|year)s? and )?(?P<number>{_NUMBER})\s+{_UNIT} ago",
        _ago,
    ),
    _spoken(
        r"(?:(?:in|over|during|within|for) )?the (?!last minute\b)(?:last|past)"
        rf"(?:\s+(?P<number>{_NUMBER}))?\s+{_UNIT}{_NOT_OF}",
        _reaching_back,
    ),
    _spoken(rf"(?:(?:last|past)\s+(?P<number>{_NUMBER})|past|last(?= hour))\s+{_UNIT}{_NOT_OF}", _reaching_back),
    _spoken(rf"(?P<which>this|last) (?P<unit>week|month|quarter|year){_NOT_OF}", _calendar),
    _spoken(rf"(?:(?:on|last) |(?<=since )|(?<=after ))(?P<weekday>{'|'.join(_DAYS)})", _weekday),
    *(_rule(date, _dates) for date in (*_DATES, *_NAMED)),
)
"""The first that matches counts."""
