"""Weekdays, weekends, quarters, dates in figures and stretches of days that a question names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from masa_rag._searching.when import periods_of

JUNE_18 = datetime(2025, 6, 18, 12, tzinfo=UTC)  # a Wednesday


def days(question: str, now: datetime = JUNE_18) -> tuple[str, str]:
    """Return the first and the last day of the likeliest period."""
    (period, *_) = periods_of(question, now)
    return period.start.date().isoformat(), (period.end - timedelta(seconds=1)).date().isoformat()


@pytest.mark.parametrize(
    ("question", "day"),
    [
        ("What did Ann say Tuesday?", "2025-06-17"),
        ("What came out of Monday's call?", "2025-06-16"),
        ("Who called Monday morning?", "2025-06-16"),
        ("the notes from Friday", "2025-06-13"),
        ("on Fri", "2025-06-13"),
        ("last Thurs", "2025-06-12"),
        ("this Tuesday", "2025-06-17"),
        ("this past Wednesday", "2025-06-11"),
        ("on Monday last week", "2025-06-09"),
        ("last week on Friday", "2025-06-13"),
        ("Monday of this week", "2025-06-16"),
        ("on Tuesday, 3 June 2025", "2025-06-03"),
        ("on Tuesday the 3rd of June", "2025-06-03"),
        ("day before yesterday", "2025-06-16"),
        ("What did we agree on the 18th?", "2025-06-18"),
        ("What did we agree on the 31st?", "2025-05-31"),
    ],
)
def test_a_weekday_is_the_latest_or_that_of_the_date_beside_it(question: str, day: str) -> None:
    """Bare at the end, before "'s" and a part of the day; of the week that is named, if one is."""
    assert days(question) == (day, day)


@pytest.mark.parametrize(
    "question",
    [
        "What does Ann cook every Monday?", "on Mondays", "Who sells on Black Friday?", "What is due this Friday?",
        "next Tuesday", "Is it Saturday or Sunday?", "Who works Monday to Friday?", "Happy Monday!",
        "waiting for Monday", "the Sunday school", "next weekend",
        "What shall we do this weekend?", "the weekend cottage", "Who lives on the 5th floor?", "on the 0th",
        "0 years after 2024",
    ],
)  # fmt: skip
def test_a_habit_a_feast_and_a_day_to_come_are_no_time(question: str) -> None:
    """Nothing was said then, or not on one day."""
    assert periods_of(question, JUNE_18) == []


@pytest.mark.parametrize("asked", [21, 22, 23, 24])
@pytest.mark.parametrize("words", ["this weekend", "over the weekend"])
def test_the_weekend_is_the_one_that_is_or_was(words: str, asked: int) -> None:
    """On Saturday and Sunday it is this one, and on Monday and Tuesday the one that is just over."""
    assert days(words, JUNE_18.replace(day=asked)) == ("2025-06-21", "2025-06-22")


@pytest.mark.parametrize(("asked", "first"), [(18, 14), (21, 14), (22, 14), (23, 21)])
def test_the_last_weekend_is_over(asked: int, first: int) -> None:
    """On a Sunday it is the one before."""
    assert days("What did Ann do last weekend?", JUNE_18.replace(day=asked))[0] == f"2025-06-{first}"


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("Q1 2024", "2024-01-01", "2024-03-31"),
        ("the 2024Q3 report", "2024-07-01", "2024-09-30"),
        ("Q4'23", "2023-10-01", "2023-12-31"),
        ("the first quarter of 2024", "2024-01-01", "2024-03-31"),
        ("in the second quarter", "2025-04-01", "2025-06-30"),
        ("since Q1", "2025-01-01", "2025-06-18"),
        ("Q1 of last year", "2024-01-01", "2024-03-31"),
        ("H2 2024", "2024-07-01", "2024-12-31"),
        ("the first half of 2024", "2024-01-01", "2024-06-30"),
        ("in March last year", "2024-03-01", "2024-03-31"),
        ("last year in March", "2024-03-01", "2024-03-31"),
        ("on 5 May of last year", "2024-05-05", "2024-05-05"),
        ("in late March", "2025-03-01", "2025-03-31"),
        ("early 2024", "2024-01-01", "2024-12-31"),
        ("between 3/25/24 and 4/30/24", "2024-03-25", "2024-04-30"),
        ("in mid-2024", "2024-01-01", "2024-12-31"),
        ("in the year 2024", "2024-01-01", "2024-12-31"),
        ("messages from March", "2025-03-01", "2025-03-31"),
        ("in March '24", "2024-03-01", "2024-03-31"),
        ("the previous month", "2025-05-01", "2025-05-31"),
        ("the week of 3 May", "2025-04-28", "2025-05-04"),
        ("the weekend of May 3", "2025-05-03", "2025-05-04"),
        ("3-5 May", "2025-05-03", "2025-05-05"),
        ("May 3–5, 2024", "2024-05-03", "2024-05-05"),
        ("between May 3 and 5, 2024", "2024-05-03", "2024-05-05"),
        ("from the 3rd to the 5th of May", "2025-05-03", "2025-05-05"),
        ("March 30 - April 2", "2025-03-30", "2025-04-02"),
        ("March to May 2024", "2024-03-01", "2024-05-31"),
        ("the films from 2020-2023", "2020-01-01", "2023-12-31"),
    ],
)
def test_parts_of_a_year_and_stretches_are_read(question: str, first: str, last: str) -> None:
    """Quarters, halves, months of another year, weeks of a day, and two days without "from"."""
    assert days(question) == (first, last)


@pytest.mark.parametrize(
    ("question", "day"),
    [
        ("25/6/2024", "2024-06-25"), ("6/25/2024", "2024-06-25"), ("5/5/2024", "2024-05-05"),
        ("5.6.2024", "2024-06-05"), ("2024-6-5", "2024-06-05"), ("2024.06.05", "2024-06-05"),
        ("25-6-2024", "2024-06-25"), ("6/25/24", "2024-06-25"), ("25-Jun-2024", "2024-06-25"),
    ],
)  # fmt: skip
def test_a_date_in_figures_is_read_where_it_is_one_day(question: str, day: str) -> None:
    """With a number above twelve, with points, or with the year in front."""
    assert days(f"What was said on {question}?") == (day, day)


@pytest.mark.parametrize("question", ["5/6/2025", "05/06/25", "6-5-2025"])
def test_figures_that_may_be_two_days_mean_both(question: str) -> None:
    """The fifth of June is the sixth of May to others."""
    (period,) = periods_of(f"What was said on {question}?", JUNE_18)
    may, june = (datetime(2025, 5, 6, tzinfo=UTC), datetime(2025, 6, 5, tzinfo=UTC))
    assert (period.start, period.end) == (may, may + timedelta(days=1))
    assert period.other == (june, june + timedelta(days=1))


@pytest.mark.parametrize("question", ["24/7", "in the first half", "in the second quarter of the game", "31/31/2024"])
def test_figures_and_parts_of_something_else_are_no_time(question: str) -> None:
    """What is of a game is no part of the year, and no month has 31 of its kind."""
    assert periods_of(question, JUNE_18) == []


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("last summer", "2024-06-01", "2024-08-31"),
        ("last fall", "2024-09-01", "2024-11-30"),
        ("this spring", "2025-03-01", "2025-05-31"),
        ("since the spring", "2025-03-01", "2025-06-18"),
        ("summer 2023", "2023-06-01", "2023-08-31"),
        ("the autumn of last year", "2024-09-01", "2024-11-30"),
        ("the week before last", "2025-06-02", "2025-06-08"),
        ("the month before last", "2025-04-01", "2025-04-30"),
        ("a few days ago", "2025-06-14", "2025-06-16"),
        ("several days ago", "2025-06-11", "2025-06-15"),
    ],
)
def test_seasons_and_vague_counts_are_stretches(question: str, first: str, last: str) -> None:
    """Seasons are those of the north, the last one is over; a few are two to four, several three to seven."""
    assert days(f"What did Ann paint {question}?") == (first, last)


def test_a_winter_of_a_year_may_have_begun_in_the_year_before() -> None:
    """To some the winter of 2024 is the one that ends in it, to others the one that begins in it."""
    (period,) = periods_of("in the winter of 2024", JUNE_18)
    assert (period.start, period.other) == (
        datetime(2023, 12, 1, tzinfo=UTC),
        (datetime(2024, 12, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC)),
    )


@pytest.mark.parametrize(
    "question",
    ["What do gulls eat in winter?", "in the fall of Rome", "this winter", "the week before last Easter", "this fall"],
)
def test_a_season_that_is_none_of_a_year_is_no_time(question: str) -> None:
    """A habit, a season to come, another word, another last."""
    assert periods_of(question, JUNE_18) == []


@pytest.mark.parametrize(
    ("question", "back", "stretch"),
    [
        ("in the last 24h", timedelta(days=1), timedelta(days=1, seconds=1)),
        ("past 2 hrs", timedelta(hours=2), timedelta(hours=2, seconds=1)),
        ("5 mins ago", timedelta(minutes=15), timedelta(minutes=20)),
        ("an hour and a half ago", timedelta(hours=2.5), timedelta(hours=2)),
        ("two and a half weeks ago", timedelta(days=21), timedelta(days=7)),
        ("a fortnight ago", timedelta(days=21), timedelta(days=14)),
    ],
)
def test_short_units_and_halves_are_counted(question: str, back: timedelta, stretch: timedelta) -> None:
    """As in chats: "24h" are 24 hours."""
    (period,) = periods_of(question, JUNE_18)
    assert (JUNE_18 - period.start, period.end - period.start) == (back, stretch)
