"""Times that a question names relative to when it is asked."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masa_rag import Document, Memory, Segment
from masa_rag._searching.when import Period, periods_of
from masa_rag.errors import ConfigurationError

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)  # a Sunday
DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)


def period_of(question: str, now: datetime) -> Period | None:
    """Return the likeliest period."""
    return next(iter(periods_of(question, now)), None)


@pytest.mark.parametrize(
    ("question", "start", "end"),
    [
        ("What did Ann talk about today?", MIDNIGHT, MIDNIGHT + DAY),
        ("today's agenda", MIDNIGHT, MIDNIGHT + DAY),
        ("Who called THIS MORNING?", MIDNIGHT, MIDNIGHT + DAY),
        ("news from yesterday", MIDNIGHT - DAY, MIDNIGHT),
        ("What broke three days ago?", MIDNIGHT - 3 * DAY, MIDNIGHT - 2 * DAY),
        ("decisions of this week", datetime(2026, 11, 16, tzinfo=UTC), MIDNIGHT + DAY),
        ("decisions of last week", datetime(2026, 11, 9, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC)),
        ("What changed last month?", datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)),
        ("last year", datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        ("in the last week", MIDNIGHT - 7 * DAY, NOW + timedelta(seconds=1)),
        ("over the past 3 days", MIDNIGHT - 3 * DAY, NOW + timedelta(seconds=1)),
        ("the past hour", NOW - timedelta(hours=1), NOW + timedelta(seconds=1)),
        ("What was said on Monday?", datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 17, tzinfo=UTC)),
        ("last Sunday", datetime(2026, 11, 15, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC)),
        ("two weeks ago", NOW - 17.5 * DAY, NOW - 10.5 * DAY),
        ("a couple weeks ago", NOW - 17.5 * DAY, NOW - 10.5 * DAY),
        ("twenty-one days ago", MIDNIGHT - 21 * DAY, MIDNIGHT - 20 * DAY),
        ("twelve days ago", MIDNIGHT - 12 * DAY, MIDNIGHT - 11 * DAY),
        ("the last twenty four hours", NOW - DAY, NOW + timedelta(seconds=1)),
        ("half a year ago", NOW - 365.25 * DAY, NOW),
        ("a year and two weeks ago", NOW - (365.25 + 17.5) * DAY, NOW - (365.25 + 10.5) * DAY),
        ("in the last 30 minutes", NOW - timedelta(minutes=30), NOW + timedelta(seconds=1)),
        ("half an hour ago", NOW - timedelta(minutes=90), NOW + timedelta(minutes=30)),
        ("20 minutes ago", NOW - timedelta(minutes=30), NOW - timedelta(minutes=10)),
        ("the last hour", NOW - timedelta(hours=1), NOW + timedelta(seconds=1)),
        ("last hour", NOW - timedelta(hours=1), NOW + timedelta(seconds=1)),
        ("the talk of the past week", MIDNIGHT - 7 * DAY, NOW + timedelta(seconds=1)),
        ("past week", MIDNIGHT - 7 * DAY, NOW + timedelta(seconds=1)),
        ("this quarter", datetime(2026, 10, 1, tzinfo=UTC), MIDNIGHT + DAY),
        ("last quarter", datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)),
        ("last\u00a0week\n", datetime(2026, 11, 9, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC)),
        ("last November", datetime(2025, 11, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)),
        ("on FRİDAY", datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)),
        ("last frıday", datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)),
        ("ſix days ago", MIDNIGHT - 6 * DAY, MIDNIGHT - 5 * DAY),
    ],
)
def test_a_question_names_a_period(question: str, start: datetime, end: datetime) -> None:
    """Days begin at midnight, weeks on Monday; a number of weeks ago is half a week to both sides, of minutes ten."""
    period = period_of(question, NOW)
    assert period is not None
    assert (period.start, period.end) == (start, end)


@pytest.mark.parametrize(
    "question",
    [
        "What is the plan?", "the todayness of it", "it may rain", "the last straw", "next weekend", "weeks",
        "1.5 years ago", "1,000 days ago", "the last week of the tour", "in the last 3 days of our stay",
        "Who left at the last minute?",
    ],
)  # fmt: skip
def test_other_words_are_left_alone(question: str) -> None:
    """What only looks alike is no time."""
    assert period_of(question, NOW) is None


@pytest.mark.parametrize(
    ("question", "start", "days"),
    [
        ("on 5 May 2023", datetime(2023, 5, 5, tzinfo=UTC), 1),
        ("on the 5th of May, 2023", datetime(2023, 5, 5, tzinfo=UTC), 1),
        ("on October 13th, 2023?", datetime(2023, 10, 13, tzinfo=UTC), 1),
        ("on 2024-02-29", datetime(2024, 2, 29, tzinfo=UTC), 1),
        ("at 2024-02-29T12:00:00Z", datetime(2024, 2, 29, tzinfo=UTC), 1),
        ("on 2024/02/29", datetime(2024, 2, 29, tzinfo=UTC), 1),
        ("in 2024-02", datetime(2024, 2, 1, tzinfo=UTC), 29),
        ("in the last week of February 2024", datetime(2024, 2, 1, tzinfo=UTC), 29),
        ("in 2023-24", datetime(2023, 1, 1, tzinfo=UTC), 365),
        ("in February 2024", datetime(2024, 2, 1, tzinfo=UTC), 29),
        ("in 2023", datetime(2023, 1, 1, tzinfo=UTC), 365),
        ("the camping trip in June", datetime(2026, 6, 1, tzinfo=UTC), 30),
        ("Dec 24", datetime(2026, 12, 24, tzinfo=UTC), 1),
    ],
)
def test_a_date_is_a_day_a_month_or_a_year(question: str, start: datetime, days: int) -> None:
    """Without a year it is first of this one, then of those before; its words stay in the question."""
    found = periods_of(question, NOW)
    assert (found[0].start, found[0].end - found[0].start) == (start, days * DAY)
    assert found[0].is_written
    assert len(found) == (1 if "20" in question else 21)


@pytest.mark.parametrize("question", ["on 31 June 2023", "2023-13-01"])
def test_a_day_that_does_not_exist_is_no_time(question: str) -> None:
    """No error: somebody mistyped."""
    assert periods_of(question, NOW) == []


def test_a_long_question_without_a_time_is_looked_through_once() -> None:
    """Each kind of time is only looked for where a word of it stands; all of them took 0.7 s of 100 kB."""
    question = "Where did the crane go that she bought for the harbour? " * 2000
    began = time.process_time()
    assert periods_of(question, NOW) == []
    assert time.process_time() - began < 0.2


JUNE_18 = datetime(2025, 6, 18, 12, tzinfo=UTC)  # a Wednesday
BEGINNING = datetime.min.replace(tzinfo=UTC)
SOON = JUNE_18 + timedelta(seconds=1)


def day(month: int, number: int, year: int = 2025) -> datetime:
    """Return midnight."""
    return datetime(year, month, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("question", "start", "end"),
    [
        ("What changed since March?", day(3, 1), SOON),
        ("since 10 June", day(6, 10), SOON),
        ("since 10 July", day(7, 10, 2024), SOON),
        ("since 2024", day(1, 1, 2024), SOON),
        ("since the beginning of March", day(3, 1), SOON),
        ("since Monday", day(6, 16), SOON),
        ("since yesterday", day(6, 17), SOON),
        ("after 10 June 2025", day(6, 11), SOON),
        ("after last week", day(6, 16), SOON),
        ("before March 2025", BEGINNING, day(3, 1)),
        ("before 2025-03", BEGINNING, day(3, 1)),
        ("before 2025/03/01", BEGINNING, day(3, 1)),
        ("since 2025-03-01T08:30", day(3, 1), SOON),
        ("before 10 June", BEGINNING, day(6, 10)),
        ("before the 10th of June", BEGINNING, day(6, 10)),
        ("before yesterday", BEGINNING, day(6, 17)),
        ("until 2025-06-10", BEGINNING, day(6, 11)),
        ("by 10 June", BEGINNING, day(6, 11)),
        ("until the end of March", BEGINNING, day(4, 1)),
    ],
)
def test_a_word_before_a_time_opens_it_to_one_side(question: str, start: datetime, end: datetime) -> None:
    """Since it until now, before it from the first moment there is; the word is cut with it."""
    period = period_of(question, JUNE_18)
    assert period is not None
    assert (period.start, period.end) == (start, end)
    assert period.cut_from(question).split() in ([], ["What", "changed", "?"])


@pytest.mark.parametrize(
    ("question", "start", "end"),
    [
        ("from 3 to 5 May 2025", day(5, 3), day(5, 6)),
        ("between May 3 and 5", day(5, 3), day(5, 6)),
        ("from 30 April until 2 May", day(4, 30), day(5, 3)),
        ("between 2025-05-03 and 2025-05-05", day(5, 3), day(5, 6)),
        ("between March and May", day(3, 1), day(6, 1)),
        ("between 2025-03 and 2025-05", day(3, 1), day(6, 1)),
        ("from November to February", day(11, 1, 2024), day(3, 1)),
        ("from November 2023 to February", day(11, 1, 2023), day(3, 1, 2024)),
        ("between 2021 and 2023", day(1, 1, 2021), day(1, 1, 2024)),
        ("from 2024 to March 2025", day(1, 1, 2024), day(4, 1)),
        ("from December until today", day(12, 1, 2024), day(6, 19)),
    ],
)
def test_two_dates_are_the_stretch_between_them(question: str, start: datetime, end: datetime) -> None:
    """Both are part of it, and each has what only the other says; winter begins in the year before."""
    period = period_of(question, JUNE_18)
    assert period is not None
    assert (period.start, period.end, period.words) == (start, end, (0, len(question)))


@pytest.mark.parametrize(
    ("question", "start", "end"),
    [
        ("the day before yesterday", day(6, 16), day(6, 17)),
        ("two days before 10 June", day(6, 8), day(6, 10)),
        ("the week after 10 June", day(6, 11), day(6, 18)),
        ("a week ago today", day(6, 11), day(6, 12)),
        ("a week ago yesterday", day(6, 10), day(6, 11)),
        ("four months ago today", day(2, 18), day(2, 19)),
        ("a year ago today", day(6, 18, 2024), day(6, 19, 2024)),
        ("not today but yesterday", day(6, 17), day(6, 18)),
        ("not in March but in April", day(4, 1), day(5, 1)),
        ("what did Ann build this May", day(5, 1), day(6, 1)),
        ("what did Ann build last may", day(5, 1), day(6, 1)),
        ("what did they decide before the meeting in March", day(3, 1), day(4, 1)),
        ("what did Ann say after today's call", day(6, 18), day(6, 19)),
        ("before the 10 June call", day(6, 10), day(6, 11)),
    ],
)
def test_the_words_around_a_time_tell_which_is_meant(question: str, start: datetime, end: datetime) -> None:
    """The day before it, the one that is not ruled out, and not more than a meeting's own day."""
    period = period_of(question, JUNE_18)
    assert period is not None
    assert (period.start, period.end) == (start, end)


@pytest.mark.parametrize(
    "question",
    [
        "We ship the seal mid-April",
        "Why this may be the crane",
        "WHY THIS MAY BE THE CRANE",
        "Why This May Be the Crane",
        "before may",
        "tomorrow",
        "the day after tomorrow",
        "why not today",
        "until today",
        "before March 2030",
        "by 10 December",
        "what must be done by March",
        "from 3 to 5 cranes",
        "not today " * 20,
    ],
)
def test_what_lies_ahead_or_may_be_another_word_is_no_time(question: str) -> None:
    """All that was said was said before a day to come; of a date without a year the nearest counts."""
    assert periods_of(question, JUNE_18) == []


def test_the_last_day_of_a_shorter_month_is_a_month_ago() -> None:
    """There was no 31 June."""
    period = period_of("a month ago today", day(7, 31))
    assert period is not None
    assert period.start == day(6, 30)


def test_days_begin_in_the_zone_of_the_asker() -> None:
    """At 23:30 in UTC it is already tomorrow in Tokyo."""
    tokyo = datetime(2026, 11, 22, 23, 30, tzinfo=UTC).astimezone(timezone(timedelta(hours=9)))
    period = period_of("today", tokyo)
    assert period is not None
    assert period.start == datetime(2026, 11, 22, 15, tzinfo=UTC)


@given(st.text(max_size=60), st.sampled_from(["today", "2 days ago", "last month"]), st.text(max_size=60))
def test_cutting_moves_nothing(before: str, words: str, after: str) -> None:
    """What is left of the question stands where it stood, and no period ends before it starts."""
    question = f"{before} {words} {after}"
    period = period_of(question, NOW)
    assert period is not None
    cut = period.cut_from(question)
    assert len(cut) == len(question)
    assert period.start < period.end
    assert cut[: period.words[0]] + question[slice(*period.words)] + cut[period.words[1] :] == question


@pytest.fixture
def week(memory: Memory) -> Memory:
    """A week of one line a day by the same two people, all about the same."""
    lines = ["The harbour gets a new crane", "The harbour wall is wet", "The harbour cat had kittens"]
    turns = [
        Segment(f"{line}.", author, MIDNIGHT - back * DAY + timedelta(hours=9), id=f"{back}{author}")
        for back, line in enumerate(lines)
        for author in ("Ann", "Bo")
    ]
    memory.add([Document(id="1", segments=turns), Document(id="2", text="Today is a word in a note.")], name="s")
    return memory


def test_what_was_said_then_comes_first(week: Memory) -> None:
    """The time is a boost: its passages lead, the others follow; ``why`` says so."""
    hits = week.search("What did Ann say about the harbour yesterday?", now=NOW)
    assert hits[0].chunk.text.endswith("The harbour wall is wet.")
    assert hits[0].why["time"] == 1.0
    assert hits[0].chunk.authors == ("Ann",)
    assert len(hits) > 2


def test_a_time_nobody_spoke_in_changes_nothing(week: Memory) -> None:
    """Without a passage of that time the words count as words."""
    asked = datetime(2030, 1, 1, tzinfo=UTC)
    assert week.search("today", now=asked)[0].chunk.document_id == "2"


def test_filters_hold_beside_a_time(week: Memory) -> None:
    """A filter is never weakened by what the question says."""
    hits = week.search("harbour today", author="Bo", before=MIDNIGHT, now=NOW)
    assert {hit.chunk.authors for hit in hits} == {("Bo",)}
    assert all("crane" not in hit.chunk.text for hit in hits)


@pytest.mark.parametrize("now", [datetime(2026, 1, 1), datetime.min])  # noqa: DTZ001, DTZ901
def test_a_clock_without_a_zone_is_refused(week: Memory, now: datetime) -> None:
    """Nobody could say when its day began."""
    with pytest.raises(ConfigurationError, match="without a zone"):
        week.search("today", now=now)


@pytest.mark.parametrize(
    "now",
    [
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=12))),
        datetime(1, 1, 1, 6, tzinfo=timezone(timedelta(hours=5))),
        datetime(9999, 12, 31, 20, tzinfo=timezone(timedelta(hours=-3))),
    ],
)
@pytest.mark.parametrize(
    "words",
    [
        "today",
        "yesterday",
        "three years ago",
        "the past 3 weeks",
        "last year",
        "on Monday",
        "in December",
        "since May",
        "until yesterday",
        "999 years ago today",
    ],
)
def test_at_both_ends_of_the_calendar_no_period_is_meant(week: Memory, now: datetime, words: str) -> None:
    """There is no week before the year 1 and no day after 9999: the question is answered as if it named none."""
    assert week.search(f"What about the harbour {words}?", now=now)
