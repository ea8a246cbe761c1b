"""Which days a question means: "today", "last week", "three days ago", "in March 2025", "since 5 May"."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import NamedTuple

from masa_rag._searching import dates as written
from masa_rag._searching import foreign, spoken
from masa_rag._searching.dates import DATES, FIGURES, MONTH_WORDS, NAMED, NO_DATE, NOT_OF, OF_A_YEAR, OPENED, PART_WORDS
from masa_rag._searching.days import Span, later
from masa_rag._searching.spoken import DAY_WORDS, NUMBER, UNIT, WEEKDAY

_AS_TYPED = str.maketrans("ıİſK‑\n\r\t\u00a0\u202f", "iIsk-     ")
"""Letters that Python's patterns take for ours where case does not count, as in "FRİDAY", and other blanks."""

_OPENING = (
    r"(?:(?P<never>not) )?"
    rf"(?:(?:(?P<count>{NUMBER})\s+(?P<stretch>hour|day|week|month|year)s? (?=before|after))?"
    r"(?P<how>since|after|before|prior to|until|till|up to|by) (?:the (?=\d{1,2}(?:st|nd|rd|th)\b)"
    r"|(?:(?<=since )|(?<=before ))the (?:beginning|start) of |(?:(?<=until )|(?<=by ))the end of )?)?"
)
"""What may stand before a time that is not meant ("not"), or at which something else begins or ends."""
_WORDS = re.compile(r"[a-z]+|(?:19|20)\d\d|\d/\d")
_YEAR = "2024"
"""Stands for every year among the words of a question: to look for these first takes a fifth of the time."""
_BEGINNING = datetime.min.replace(tzinfo=UTC)


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
        other: Another stretch that the same words are to other people: 5/6/2025 is two days, and both are meant.
    """

    start: datetime
    end: datetime
    words: tuple[int, int]
    is_written: bool = False
    other: Span | None = None

    @property
    def days(self) -> str:
        """Its days as the asker counts them: "2026-11-22", "2026-11-16 to 2026-11-22", "until 2026-11-22"."""
        first, last = (time.date().isoformat() for time in (self.start, self.end - timedelta(microseconds=1)))
        if self.start.year == 1:
            return f"until {last}"
        return first if first == last else f"{first} to {last}"

    def cut_from(self, question: str) -> str:
        """Return the question with blanks in place of the words, everything else where it was."""
        return _blanked(question, self.words)


class _Rule(NamedTuple):
    """What names a time, and the stretches of time that it may mean, the likeliest first."""

    needs: Collection[str]
    """Words, of which each text that matches has one."""
    core: str
    """The time without what may stand before it: found in a twentieth of the time."""
    spans: Callable[[re.Match[str], datetime], Sequence[Span]]
    is_written: bool = True


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
        typed = question.translate(_AS_TYPED)
        periods = _periods(typed, now) or _foreign(typed, now)
        for period in periods:  # what is stored is compared in UTC, which may have no such year either
            period.start.astimezone(UTC), period.end.astimezone(UTC)
    except OverflowError:
        return []
    return periods


def _periods(question: str, now: datetime) -> list[Period]:
    words = {word if word.isalpha() else _YEAR for word in _WORDS.findall(question.lower())}
    rules = [rule for rule in _RULES if not words.isdisjoint(rule.needs)]
    for _ in range(5):  # "not today", "31 June": the next that is named may be meant, but nobody rules out many
        named = next(((rule, found) for rule in rules if (found := _found(rule, question))), None)
        if named is None:
            break
        if periods := _meant(*named, now):
            return periods
        question = _blanked(question, named[1].span())
    return []


def _foreign(question: str, now: datetime) -> list[Period]:
    """Return the periods of the words in another language that name a time."""
    words, english = foreign.time_in(question) or ((0, 0), "")
    return [replace(period, words=words) for period in _periods(english, now)]


def _found(rule: _Rule, question: str) -> re.Match[str] | None:
    if not _compiled(rf"\b(?:{rule.core})\b").search(question):
        return None
    return _compiled(rf"\b{_OPENING}(?P<core>{rule.core})\b").search(question)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern, made when it is tried first: all of them take 0.2 s."""
    return re.compile(pattern, re.IGNORECASE)


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
    words = first, found.end()
    if len(spans) == 2:  # of one year: of a date without a year there are more
        return [Period(*spans[0], words, rule.is_written, spans[1])]
    return [Period(start, end, words, rule.is_written) for start, end in spans]


def _opened(found: re.Match[str], spans: Sequence[Span], now: datetime) -> Sequence[Span]:
    """Return what is since, after, before or until the likeliest of the stretches; none when that lies ahead."""
    how, until = found["how"].lower(), later(now, timedelta(seconds=1))
    if found["count"]:
        length = spoken.counted(found["count"], found["stretch"])
        beside = [(start - length, start) if how == "before" else (end, end + length) for start, end in spans]
        return beside if length else []  # "0 days before"
    if how in ("since", "after"):
        opened = [(start if how == "since" else end, until) for start, end in spans]
    else:
        nearest = sorted(spans, key=lambda span: abs(span[0] - now))[:1]
        opened = [(_BEGINNING, start if how in ("before", "prior to") else end) for start, end in nearest]
    return [(start, end) for start, end in opened if start < end <= until][:1]


_spoken = partial(_Rule, is_written=False)
"""The rule of a time that is named relative to now."""


def _needs(date: str) -> Collection[str]:
    months = MONTH_WORDS if "jan" in date else set()
    parts = PART_WORDS if "quarter" in date or "summer" in date else set()
    return months | parts or {_YEAR}


_ANOTHER_LAST = rf"(?! (?:night|week|month|christmas|easter|{'|'.join({*MONTH_WORDS, *DAY_WORDS, *PART_WORDS})}))"
_AGO = rf"(?P<number>{NUMBER})(?P<half> and a half)?{UNIT}(?P<and_half> and a half)? ago"
_RULES = (
    _Rule({"from", "between"}, written.BETWEEN, written.between),
    *(_Rule(_needs(stretch), stretch, written.between) for stretch in written.RANGES),
    *(_Rule({"year"}, date, written.dates) for date in OF_A_YEAR),
    _spoken({"ago"}, rf"(?P<number>{NUMBER})(?!\s*(?:min|h)){UNIT} ago (?P<day>today|yesterday)", spoken.to_the_day),
    _spoken({"today", "tonight", "this"}, r"(?:today|tonight|this (?:morning|afternoon|evening))", spoken.today),
    _spoken({"yesterday", "last"}, r"(?:(?P<before>day before )?yesterday|last night)", spoken.yesterday),
    _spoken({"ago"}, rf"(?:(?P<more>{NUMBER})\s+(?P<larger>hour|day|week|month|year)s? and )?{_AGO}", spoken.ago),
    _spoken(
        {"last", "past"},
        r"(?:(?:in|over|during|within|for) )?the (?!last minute\b)(?:last|past)"
        rf"(?:\s+(?P<number>{NUMBER}))?{UNIT}{NOT_OF}",
        spoken.reaching_back,
    ),
    _spoken(
        {"last", "past"},
        rf"(?:(?:last|past)\s+(?P<number>{NUMBER})|past|last(?= hour)){UNIT}{NOT_OF}",
        spoken.reaching_back,
    ),
    _spoken(DAY_WORDS, rf"(?:on )?{WEEKDAY},? (?:of )?(?P<which>this|last) week", spoken.weekday_of_week),
    _spoken(DAY_WORDS, rf"(?P<which>this|last) week,? (?:on )?{WEEKDAY}", spoken.weekday_of_week),
    _spoken(
        {"this", "last", "previous"},
        rf"(?P<which>this|last|previous) (?P<unit>week|month|quarter|year){NOT_OF}",
        spoken.calendar,
    ),
    _spoken({"last"}, rf"the (?P<unit>week|month|quarter|year) before last{_ANOTHER_LAST}", spoken.before_last),
    _spoken(
        {"weekend"},
        rf"(?:(?:this|last|past|previous)|(?:over|during|on|at|from) the(?: last| past)?|{OPENED}the) weekend{NOT_OF}",
        spoken.weekend,
    ),
    _spoken(
        DAY_WORDS,
        rf"(?:(?:on|last|this|from|(?:this )?(?P<past>past)) |(?<=since )|(?<=after )){WEEKDAY}{NO_DATE}",
        spoken.weekday,
    ),
    _spoken(
        DAY_WORDS,
        rf"{WEEKDAY}(?P<past>)(?=['’]s\b| (?:morning|afternoon|evening|night)\b|\W*$)",
        spoken.weekday,
    ),
    _spoken({"the"}, r"on the (?P<number>\d{1,2})(?:st|nd|rd|th)(?=\W*$)", spoken.day_of_month),
    *(_Rule(_needs(date), rf"{written.WEEK}{date}", written.either_day) for date in FIGURES),
    *(_Rule(_needs(date), rf"{written.WEEK}{date}", written.dates) for date in DATES),
    *(_Rule(_needs(date), date, written.dates) for date in NAMED),
)
"""The first that matches counts."""
