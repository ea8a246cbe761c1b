"""What chat sources share: grouping by day, folding, times, and what the memory makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masa_rag import Memory
from masa_rag.errors import RecordError
from masa_rag.sources import TelegramExport
from masa_rag.sources._chats.fields import clean, time_of
from masa_rag.sources._chats.messages import Room, Said, documents, newer
from masa_rag.types import Document, Segment

START = datetime(2024, 5, 1, tzinfo=UTC)
ROOM = Room("77", "Harbour crew")


def said(number: int, text: str = "x", *, edited: int | None = None) -> Said:
    """Message of that number, an hour each, edited so many hours after the start."""
    edited_at = START + timedelta(hours=edited) if edited is not None else None
    moment = START + timedelta(hours=number)
    return Said(ROOM, Segment(f"{text} {number}", "Nora", moment, id=str(number), edited_at=edited_at))


@settings(max_examples=100, deadline=None)
@given(order=st.permutations(range(60)), window=st.integers(1, 80), repeats=st.lists(st.integers(0, 59), max_size=20))
def test_order_and_repetition_change_nothing(order: list[int], window: int, repeats: list[int]) -> None:
    """Merged by id, the documents are the same for every order of the messages, with any held back."""
    merged: dict[str, dict[str | None, Segment]] = {}
    for item in documents((said(number) for number in [*order, *repeats]), open_segments=window):
        assert isinstance(item, Document)
        merged.setdefault(item.id, {}).update({segment.id: segment for segment in item.segments})
        times = [segment.created_at for segment in item.segments]
        assert times == sorted(times, key=lambda moment: moment or START)
    assert sorted(merged) == ["77/2024-05-01", "77/2024-05-02", "77/2024-05-03"]
    assert sorted(int(str(key)) for found in merged.values() for key in found) == list(range(60))


def test_days_are_let_go_when_too_much_is_held_back() -> None:
    """The day touched longest ago goes first; an error is passed on at once."""
    failed = RecordError("bad", record_id="1")
    found = list(documents([said(0), said(1), said(24), failed, said(48)], open_segments=3))
    assert found[0] is failed
    assert [item.id for item in found if isinstance(item, Document)] == [f"77/2024-05-0{day}" for day in (1, 2, 3)]
    long = Said(ROOM, Segment("x" * 5_000, "Nora", START, id="9"))
    assert len(list(documents([long, said(30), said(60)], open_segments=4))) == 3


def test_the_newer_edit_wins() -> None:
    """An edit wins over none, a later one over an earlier one, and the second of two equals."""
    plain, first, second = (said(1, "a").segment, said(1, "b", edited=2).segment, said(1, "c", edited=3).segment)
    assert newer(None, plain) is plain
    assert newer(plain, first) is newer(first, plain) is first
    assert newer(first, second) is newer(second, first) is second
    other = said(1, "d").segment
    assert newer(plain, other) is other


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-05-01T09:00:00+02:00", datetime(2024, 5, 1, 7, tzinfo=UTC)),
        ("2024-05-01 09:00:00", datetime(2024, 5, 1, 7, tzinfo=UTC)),
        ("2024-05-01T09:00:00Z", datetime(2024, 5, 1, 9, tzinfo=UTC)),
        ("2024-05-01 09:00:00 UTC", datetime(2024, 5, 1, 9, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        ("1714554000.000100", datetime(2024, 5, 1, 9, 0, 0, 100, tzinfo=UTC)),
        ("-5", datetime(1969, 12, 31, 23, 59, 55, tzinfo=UTC)),
        ("soon", None),
        ("", None),
        (None, None),
        (True, None),
        ([], None),
        (1e308, None),
        (10**30, None),
        (float("nan"), None),
        ("0001-01-01T00:00:00", None),
        ("9999-12-31T23:59:59-12:00", None),
    ],
)
def test_times(value: object, expected: datetime | None) -> None:
    """ISO 8601 and Unix seconds become UTC; what is no time is None and never an error."""
    assert time_of(value, zone=ZoneInfo("Europe/Berlin")) == expected


def test_text_that_cannot_be_stored_is_cleaned() -> None:
    """Half a character becomes a mark, a zero byte goes, line breaks are of one kind, outer space is off."""
    assert clean(" a\r\nb\x00c\ud83d ") == "a\nbc\ufffd"


def export(folder: Path, name: str, texts: dict[int, str], *, edited: dict[int, int] | None = None) -> Path:
    """Write a chat of these messages, edited so many minutes after the start."""
    rows = [
        {"id": number, "type": "message", "date": "2024-05-01T00:00:00", "date_unixtime": str(1714521600 + 60 * number)}
        | {"from": "Nora", "from_id": "user1", "text": text}
        | ({"edited_unixtime": str(1714521600 + 60 * edited[number])} if edited and number in edited else {})
        for number, text in texts.items()
    ]
    path = folder / name
    path.write_text(json.dumps({"name": "Crew", "type": "private_group", "id": 77, "messages": rows}))
    return path


def stored(memory: Memory) -> list[str]:
    """What the memory holds of the chat, in order."""
    document = memory.document("telegram:crew", "77/2024-05-01")
    assert document is not None
    return [segment.text for segment in document.segments]


def test_overlapping_exports(tmp_path: Path, open_memory: Callable[..., Memory]) -> None:
    """Two exports that overlap by half: nothing doubled, nothing lost, in either order, and again nothing new."""
    early = export(tmp_path, "a.json", {number: f"text {number}" for number in range(8)})
    late = export(tmp_path, "b.json", {number: f"text {number}" for number in range(4, 12)})
    memory = open_memory()
    for path in (late, early, late, early):
        memory.add(TelegramExport(path, name="telegram:crew"))
    assert stored(memory) == [f"text {number}" for number in range(12)]
    report = memory.add(TelegramExport(late, name="telegram:crew"))
    assert (report.unchanged, report.embedded) == (1, 0)


def test_edited_and_deleted_messages(tmp_path: Path, open_memory: Callable[..., Memory]) -> None:
    """With ``add`` the edit wins, whichever export comes later, and what is gone stays; ``sync`` removes it."""
    old = export(tmp_path, "a.json", {1: "before", 2: "kept", 3: "deleted later"})
    new = export(tmp_path, "b.json", {1: "after", 2: "kept"}, edited={1: 30})
    memory = open_memory()
    for path in (old, new, old):
        memory.add(TelegramExport(path, name="telegram:crew"))
    assert stored(memory) == ["after", "kept", "deleted later"]
    memory.sync(TelegramExport(new, name="telegram:crew"))
    assert stored(memory) == ["after", "kept"]
