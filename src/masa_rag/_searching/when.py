"""Which days a question means: "today", "last week", "three days ago", "in March 2025", "since 5 May"."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from masa_rag._searching.dates import BETWEEN, DATES, MONTH_WORDS, NAMED, NOT_OF, between, dates
from masa_rag._searching.days import Span, later
from masa_rag._searching.spoken import (
    DAYS,
    NUMBER,
    UNIT,
    ago,
    calendar,
    counted,
    reaching_back,
    to_the_day,
    today,
    weekday,
    yesterday,
)

_AS_TYPED = str.maketrans("ıİſK‑\n\r\t\u00a0\u202f", "iIsk-     ")
"""Letters that Python's patterns take for ours where case does not count, as in "FRİDAY", and other blanks."""

_OPENING = (
    r"(?:(?P<never>not) )?"
    rf"(?:(?:(?P<count>{NUMBER})\s+(?P<stretch>hour|day|week|month|year)s? (?=before|after))?"
    r"(?P<how>since|after|before|prior to|until|till|up to|by) (?:the (?=\d{1,2}(?:st|nd|rd|th)\b)"
    r"|(?:(?<=since )|(?<=before ))the (?:beginning|start) of |(?:(?<=until )|(?<=by ))the end of )?)?"
)
"""What may stand before a time that is not meant ("not"), or at which something else begins or ends."""
_WORDS = re.compile(r"[a-z]+|(?:19|20)\d\d")
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
    """

    start: datetime
    end: datetime
    words: tuple[int, int]
    is_written: bool = False

    def cut_from(self, question: str) -> str:
        """Return the question with blanks in place of the words, everything else where it was."""
        return _blanked(question, self.words)


class _Rule(NamedTuple):
    """What names a time, and the stretches of time that it may mean, the likeliest first."""

    needs: Collection[str]
    """Words, of which each text that matches has one."""
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
    words = {word if word.isalpha() else _YEAR for word in _WORDS.findall(question.lower())}
    rules = [rule for rule in _RULES if not words.isdisjoint(rule.needs)]
    for _ in range(5):  # "not today", "31 June": the next that is named may be meant, but nobody rules out many
        named = next(((rule, found) for rule in rules if (found := rule.pattern.search(question))), None)
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
    how, until = found["how"].lower(), later(now, timedelta(seconds=1))
    if found["count"]:
        length = counted(found["count"], found["stretch"])
        return [(start - length, start) if how == "before" else (end, end + length) for start, end in spans]
    if how in ("since", "after"):
        opened = [(start if how == "since" else end, until) for start, end in spans]
    else:
        nearest = sorted(spans, key=lambda span: abs(span[0] - now))[:1]
        opened = [(_BEGINNING, start if how in ("before", "prior to") else end) for start, end in nearest]
    return [(start, end) for start, end in opened if start < end <= until][:1]


def _rule(
    needs: Collection[str],
    core: str,
    spans: Callable[[re.Match[str], datetime], Sequence[Span]],
    *,
    is_written: bool = True,
) -> _Rule:
    return _Rule(needs, re.compile(rf"\b{_OPENING}(?P<core>{core})\b", re.IGNORECASE), spans, is_written)


def _spoken(needs: Collection[str], core: str, span: Callable[[re.Match[str], datetime], Span]) -> _Rule:
    """Return the rule of a time that is named relative to now."""
    return _rule(needs, core, lambda found, now: [span(found, now)], is_written=False)


_RULES = (
    _rule({"from", "between"}, BETWEEN, between),
    _spoken({"ago"}, rf"(?P<number>{NUMBER})\s+(?!minute|hour){UNIT} ago (?P<day>today|yesterday)", to_the_day),
    _spoken({"today", "tonight", "this"}, r"(?:today|tonight|this (?:morning|afternoon|evening))", today),
    _spoken({"yesterday", "last"}, r"(?:yesterday|last night)", yesterday),
    _spoken(
        {"ago"},
        rf"(?:(?P<more>{NUMBER})\s+(?P<larger>hour|day|week|month|year)s? and )?(?P<number>{NUMBER})\s+{UNIT} ago",
        ago,
    ),
    _spoken(
        {"last", "past"},
        r"(?:(?:in|over|during|within|for) )?the (?!last minute\b)(?:last|past)"
        rf"(?:\s+(?P<number>{NUMBER}))?\s+{UNIT}{NOT_OF}",
        reaching_back,
    ),
    _spoken(
        {"last", "past"},
        rf"(?:(?:last|past)\s+(?P<number>{NUMBER})|past|last(?= hour))\s+{UNIT}{NOT_OF}",
        reaching_back,
    ),
    _spoken({"this", "last"}, rf"(?P<which>this|last) (?P<unit>week|month|quarter|year){NOT_OF}", calendar),
    _spoken(DAYS, rf"(?:(?:on|last) |(?<=since )|(?<=after ))(?P<weekday>{'|'.join(DAYS)})", weekday),
    *(_rule(MONTH_WORDS if "jan" in date else {_YEAR}, date, dates) for date in (*DATES, *NAMED)),
)
"""The first that matches counts."""
