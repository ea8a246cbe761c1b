"""Times that a question names relative to when it is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masa_rag import Document, Memory, Segment
from masa_rag._when import Period, periods_of
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
    ],
)
def test_a_question_names_a_period(question: str, start: datetime, end: datetime) -> None:
    """Days begin at midnight, weeks on Monday; a number of weeks ago is half a week to both sides."""
    period = period_of(question, NOW)
    assert period is not None
    assert (period.start, period.end) == (start, end)


@pytest.mark.parametrize(
    "question", ["What is the plan?", "the todayness of it", "it may rain", "the last straw", "this weekend", "weeks"]
)
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
    "words", ["today", "yesterday", "three years ago", "the past 3 weeks", "last year", "on Monday", "in December"]
)
def test_at_both_ends_of_the_calendar_no_period_is_meant(week: Memory, now: datetime, words: str) -> None:
    """There is no week before the year 1 and no day after 9999: the question is answered as if it named none."""
    assert week.search(f"What about the harbour {words}?", now=now)
