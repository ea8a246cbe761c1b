"""Which passages are of the time that a question names, wherever it is asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from masa_rag import Document, Memory, Segment
from masa_rag._reading import Filters
from masa_rag._searching.scope import asked_at, scope_of
from masa_rag._searching.when import periods_of

DAY = datetime(2024, 10, 15, tzinfo=UTC)
ZONES = ["America/New_York", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Niue", "UTC"]  # 14 hours to -11


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clock of this machine is Berlin's: one hour before UTC, two in summer."""
    if not hasattr(time, "tzset"):
        pytest.skip("Windows does not let a program change its zone")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


def meant(memory: Memory, question: str, now: datetime) -> list[str]:
    """Return the texts of the passages of the time that the question names."""
    connection = memory.catalog.connection
    numbers = scope_of(connection, question, Filters(), now).meant
    texts = [connection.execute("SELECT text FROM chunks WHERE pk = ?", (number,)).fetchone()[0] for number in numbers]
    return sorted(texts)


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_without_a_clock_is_that_day_everywhere(memory: Memory, zone: str) -> None:
    """A page and a recording that know only their day are of 15 October for everybody, and of no other day."""
    spoken = [Segment("The crane.", "Ann", start=5.0, end=9.0), Segment("The wall.", "Bo", start=4000.0, end=4009.0)]
    memory.add(
        [
            Document(id="page", kind="page", text="The harbour.", created_at=DAY),
            Document(id="call", kind="speech", segments=spoken, created_at=DAY),
        ],
        name="s",
    )
    now = datetime(2024, 10, 16, 9, tzinfo=ZoneInfo(zone))
    assert meant(memory, "on 15 October 2024", now) == ["Ann: The crane.", "Bo: The wall.", "The harbour."]
    assert meant(memory, "yesterday", now) == ["Ann: The crane.", "Bo: The wall.", "The harbour."]
    for question in ("on 14 October 2024", "on 16 October 2024", "today", "before yesterday", "after 15 October"):
        assert meant(memory, question, now) == []


def test_a_clock_counts_where_the_question_is_asked(memory: Memory) -> None:
    """What was said at 02:00 in UTC was said the evening before in New York, and so was a talk from 00:00 to 00:05."""
    talk = [Segment("Gulls.", "Ann", created_at=DAY), Segment("Terns.", "Ann", created_at=DAY + timedelta(minutes=5))]
    memory.add(
        [
            Document(id="post", text="The harbour.", created_at=DAY + timedelta(hours=2)),
            Document(id="chat", kind="conversation", segments=talk),
        ],
        name="s",
    )
    now = datetime(2024, 10, 16, 9, tzinfo=ZoneInfo("America/New_York"))
    assert meant(memory, "on 14 October", now) == ["Ann: Gulls.\nTerns.", "The harbour."]
    assert meant(memory, "on 15 October", now) == []


def test_today_is_found_though_its_midnight_is_yet_to_come(memory: Memory) -> None:
    """Midnight in UTC is the evening before in New York: the newest document of all is not too old for today."""
    memory.add([Document(id="page", kind="page", text="The harbour.", created_at=DAY)], name="s")
    assert meant(memory, "today", datetime(2024, 10, 15, 9, tzinfo=ZoneInfo("America/New_York"))) == ["The harbour."]


def test_a_date_that_is_two_days_means_what_was_said_on_both(memory: Memory) -> None:
    """11/10/2024 is a day of October to some and of November to others; neither is left out for the other."""
    days = (
        ("autumn", datetime(2024, 10, 11, 9, tzinfo=UTC)),
        ("winter", datetime(2024, 11, 10, 9, tzinfo=UTC)),
        ("none", DAY),
    )
    memory.add([Document(id=text, text=text, created_at=day) for text, day in days], name="s")
    assert meant(memory, "on 11/10/2024", datetime(2025, 1, 1, tzinfo=UTC)) == ["autumn", "winter"]


def test_everything_before_a_date_reaches_back_to_the_beginning(memory: Memory) -> None:
    """The oldest passage of all is before March, and one without a time is not."""
    memory.add(
        [Document(id=str(year), text=f"Of {year}.", created_at=DAY.replace(year=year)) for year in (1, 2024)], name="s"
    )
    memory.add([Document(id="none", text="Of no year.")], name="t")
    now = datetime(2025, 6, 18, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert meant(memory, "before March 2025", now) == ["Of 1.", "Of 2024."]
    assert meant(memory, "since March 2024", now) == ["Of 2024."]


@pytest.mark.usefixtures("berlin")
def test_midnight_is_that_of_the_day_and_not_of_today() -> None:
    """In Berlin January begins at 23:00 in UTC and July at 22:00, in whatever month the question is asked."""
    for month, hour in ((1, 23), (7, 22)):
        (period,) = periods_of(f"on 2025-{month:02d}-01", asked_at(None))
        eve = datetime(2025, month, 1, tzinfo=UTC) - timedelta(days=1)
        assert period.start.astimezone(UTC) == eve.replace(hour=hour)


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize("of_machine", [True, False])
def test_a_day_is_as_long_as_it_was(of_machine: bool) -> None:
    """On 30 March 2025 Berlin turned its clocks forward: that day began at 23:00 in UTC and had 23 hours."""
    zone = asked_at(None).tzinfo if of_machine else ZoneInfo("Europe/Berlin")
    (period,) = periods_of("yesterday", datetime(2025, 3, 31, 9, tzinfo=zone))
    assert period.start.astimezone(UTC) == datetime(2025, 3, 29, 23, tzinfo=UTC)
    assert period.end.astimezone(UTC) == datetime(2025, 3, 30, 22, tzinfo=UTC)


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize("of_machine", [True, False])
@pytest.mark.parametrize("asked", [datetime(2025, 3, 30, 1, 30, tzinfo=UTC), datetime(2025, 10, 26, 1, 30, tzinfo=UTC)])
def test_an_hour_is_an_hour_when_the_clock_is_turned(asked: datetime, of_machine: bool) -> None:
    """At 03:30 of one night the past hour began at 01:30; at the second 02:30 of another at the first."""
    now = asked.astimezone(asked_at(None).tzinfo if of_machine else ZoneInfo("Europe/Berlin"))
    (period,) = periods_of("the past hour", now)
    assert period.start.astimezone(UTC) == asked - timedelta(hours=1)
    assert period.end.astimezone(UTC) == asked + timedelta(seconds=1)


@pytest.mark.usefixtures("berlin")
def test_the_clock_of_the_machine_has_a_zone_at_all_times() -> None:
    """Where the machine knows of none, in the year 1 or on Windows before 1970, it is today's."""
    now = asked_at(None)
    assert now.replace(year=1, month=1, day=1, hour=0, minute=0).utcoffset() == now.utcoffset()
    assert periods_of("999 years ago", now)


def test_a_filter_by_all_sources_there_are_is_none(memory: Memory) -> None:
    """Who keeps one source in a memory names it in each question; beside another one it leaves something out."""
    memory.add([Document(id="1", text="The crane.")], name="s")
    assert scope_of(memory.catalog.connection, "crane", Filters(source="s")).allowed is None
    memory.add([Document(id="1", text="The wall.")], name="t")
    assert len(scope_of(memory.catalog.connection, "crane", Filters(source="s")).allowed or ()) == 1
    assert scope_of(memory.catalog.connection, "crane", Filters(source="u")).allowed == set()


@pytest.mark.parametrize(
    ("passed_by_all", "by_one"),
    [
        ({"kind": ["note", "post"]}, {"kind": "note"}),
        ({"after": "2024-01-01"}, {"after": "2024-10-15"}),
        ({"before": "2024-12-31"}, {"before": "2024-10-15"}),
        ({"before": "2024-12-31", "kind": ["note", "post"]}, {"before": "2024-12-31", "kind": "post"}),
    ],
)
def test_a_filter_that_all_passages_pass_is_none(memory: Memory, passed_by_all: Any, by_one: Any) -> None:
    """Of many passages it would be picked each by itself; where one is of another kind or time, it holds."""
    connection = memory.catalog.connection
    first = Document(id="1", kind="note", text="The crane.", created_at=DAY - timedelta(days=3))
    memory.add([first, Document(id="2", kind="post", text="The wall.", created_at=DAY)], name="s")
    assert scope_of(connection, "crane", Filters(**passed_by_all)).allowed is None
    assert len(scope_of(connection, "crane", Filters(**by_one)).allowed or ()) == 1
    memory.add([Document(id="3", kind="page", text="The gate.")], name="s")
    assert len(scope_of(connection, "crane", Filters(**passed_by_all)).allowed or ()) == 2
