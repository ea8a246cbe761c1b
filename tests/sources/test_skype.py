"""Skype, and Teams for home, as Microsoft exports them."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forum_helpers import documents, errors, segments, survives

from masa_rag.protocols import Source
from masa_rag.sources import SkypeExport, open_source
from masa_rag.testing.contracts import SourceContract


def said(minute: int, who: str, content: str, **more: Any) -> dict[str, Any]:
    """A message that many minutes after nine."""
    return {
        "id": f"17145540{minute:02d}000", "displayName": None, "messagetype": "RichText", "version": 1,
        "originalarrivaltime": f"2024-05-01T09:{minute:02d}:07.31Z", "content": content, "conversationid": "8:bo.sea",
        "from": who, "properties": None, "amsreferences": None,
    } | more  # fmt: skip


def export(path: Path, *messages: dict[str, Any], **more: Any) -> Path:
    """Write an export of one conversation, the newest message first."""
    talk = {"id": "8:bo.sea", "displayName": "Bo Sea", "version": 1, "properties": {}, "threadProperties": None,
            "MessageList": list(reversed(messages))} | more  # fmt: skip
    empty = {"id": "48:calllogs", "displayName": None, "MessageList": []}
    path.write_text(json.dumps({"userId": "8:live:ann", "exportDate": "2024-06-01", "conversations": [empty, talk]}))
    return path


class TestSkype(SourceContract):
    """An export keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = export(tmp_path / "messages.json", said(0, "8:live:ann", "Does it?"), said(1, "8:bo.sea", "Yes."))

    def make(self) -> Source:
        """Return a fresh source."""
        return open_source(self.path)


def test_who_said_what_and_when(tmp_path: Path) -> None:
    """The other of two goes by the conversation's name; marks are taken off, a quote is an answer."""
    quote = '<quote author="bo.sea" authorname="Bo Sea" timestamp="1" messageid="1714554000000"><legacyquote>[1] Bo: '
    quote += "</legacyquote>Does it hold?<legacyquote>\n\n&lt;&lt;&lt; </legacyquote></quote>"
    path = export(
        tmp_path / "messages.json",
        said(0, "8:bo.sea", "Does it hold?"),
        said(1, "8:live:ann", f'{quote}It <b raw_pre="*">does</b> &amp; more\n<ss type="smile">:)</ss>'),
        said(2, "8:live:ann", 'See <a href="https://sea.example">https://sea.example</a>'),
        said(3, "8:bo.sea", 'Fine<e_m a="bo.sea" ts_ms="1714554300000" ts="1714554300" t="61"></e_m>'),
        said(4, "8:bo.sea", "<partlist/>", messagetype="Event/Call"),
        said(5, "8:bo.sea", "<URIObject/>", messagetype="RichText/UriObject"),
        said(6, "8:bo.sea", ""),
    )
    (day,) = documents(open_source(path))
    assert (day.id, day.title) == ("8:bo.sea/2024-05-01", "Bo Sea")
    assert [(part.author, part.text) for part in day.segments] == [
        ("Bo Sea", "Does it hold?"),
        ("ann", "It does & more\n:)"),
        ("ann", "See https://sea.example"),
        ("Bo Sea", "Fine"),
    ]
    first, answer, _, edited = day.segments
    assert first.created_at == datetime(2024, 5, 1, 9, 0, 7, 310_000, tzinfo=UTC)
    assert answer.reply_to == first.id
    assert edited.edited_at == datetime(2024, 5, 1, 9, 5, tzinfo=UTC)
    assert edited.metadata == {"username": "bo.sea"}


def test_a_group(tmp_path: Path) -> None:
    """It goes by its topic, and people by the names that their messages have."""
    path = export(
        tmp_path / "messages.json",
        said(0, "8:bo.sea", "Hi", conversationid="19:x@thread.skype", displayName="Bo"),
        id="19:x@thread.skype",
        displayName=None,
        threadProperties={"topic": "Crew"},
    )
    (day,) = documents(open_source(path))
    assert (day.title, day.segments[0].author) == ("Crew", "Bo")


def test_a_message_without_a_time_is_reported(tmp_path: Path) -> None:
    """The others are read."""
    path = export(tmp_path / "m.json", said(0, "8:bo.sea", "One"), said(1, "8:bo.sea", "x", originalarrivaltime="soon"))
    assert "ISO 8601" in str(errors(open_source(path))[0])
    assert [part.text for part in segments(open_source(path))] == ["One"]


def test_a_zip_is_read_where_it_is(tmp_path: Path) -> None:
    """With the pictures beside the messages."""
    path = export(tmp_path / "messages.json", said(0, "8:bo.sea", "One"))
    with zipfile.ZipFile(tmp_path / "skype.zip", "w") as archive:
        archive.write(path, "messages.json")
        archive.writestr("media/a.jpg", b"\xff\xd8")
    assert [part.text for part in segments(open_source(tmp_path / "skype.zip"))] == ["One"]


@pytest.mark.parametrize("content", ["<quote " * 100_000, "<b " * 200_000, "<e_m " * 200_000, "<quote>" * 100_000])
def test_hostile_texts_take_no_time(tmp_path: Path, content: str) -> None:
    """None of the patterns runs back and forth over a long text."""
    assert list(SkypeExport(export(tmp_path / "m.json", said(0, "8:bo.sea", content), said(1, "8:bo.sea", "Hi"))))


def test_damaged_files(tmp_path: Path) -> None:
    """100 damaged files give documents and record errors only."""
    path = export(tmp_path / "m.json", *(said(number, "8:bo.sea", f"<b>blå</b> {number}") for number in range(9)))
    survives(SkypeExport, path.read_bytes(), path, files=100)
