"""Chats of Signal, as signal-export takes them out of Signal Desktop."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forum_helpers import documents, errors, segments, survives

from masa_rag.protocols import Source
from masa_rag.sources import SignalExport, open_source, open_sources
from masa_rag.testing.contracts import SourceContract


def said(minute: int, who: str, body: str, **more: Any) -> dict[str, Any]:
    """A message that many minutes after nine, on the clock of the computer that exported."""
    return {
        "date": f"2024-05-01T09:{minute:02d}:07.123000", "sender": who, "body": f"{body}  ", "quote": "",
        "sticker": None, "reactions": [], "attachments": [], "deleted": False, "call": False, "missed": False,
    } | more  # fmt: skip


def export(folder: Path, *messages: dict[str, Any]) -> Path:
    """Write a chat with the page and the Markdown that say the same."""
    folder.mkdir(parents=True)
    (folder / "data.json").write_text("".join(f"{json.dumps(message)}\n" for message in messages))
    (folder / "chat.md").write_text("[2024-05-01 09:00:07] Me: Does it hold?  \n")
    (folder / "index.html").write_text("<html><body><p>Does it hold?</p></body></html>")
    return folder


class TestSignal(SourceContract):
    """An export keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = export(tmp_path / "out" / "Bo", said(0, "Me", "Does it hold?"), said(1, "Bo", "Yes.")).parent

    def make(self) -> Source:
        """Return a fresh source."""
        return open_source(self.path)


def test_who_said_what_and_when(tmp_path: Path) -> None:
    """A quoted message is answered; calls, deleted messages and what Signal says are left out."""
    path = export(
        tmp_path / "Bo",
        said(0, "Me", "Does it hold?\nReally?"),
        said(1, "Bo", "Yes.", quote="\n\n> Does it hold?\n> Really?\n\n", reactions=[["Me", "🌊"]]),
        said(2, "Me", "Incoming call", call=True),
        said(3, "Bo", "", deleted=True),
        said(4, "No-Sender", "Bo has changed the number"),
        said(5, "Bo", "Look", attachments=[{"name": "seal.jpg", "path": "media/seal.jpg"}]),
    )
    (day,) = documents(SignalExport(path / "data.json", timezone="Europe/Oslo", me="Ann Sea"))
    assert (day.id, day.title) == ("Bo/2024-05-01", "Bo")
    assert [(part.author, part.text) for part in day.segments] == [
        ("Ann Sea", "Does it hold?\nReally?"),
        ("Bo", "Yes."),
        ("Bo", "Look"),
    ]
    question, answer, picture = day.segments
    assert question.created_at == datetime(2024, 5, 1, 7, 0, 7, 123_000, tzinfo=UTC)
    assert (answer.reply_to, answer.metadata) == (question.id, {"reactions": {"🌊": 1}})
    assert picture.metadata == {"attachments": ["seal.jpg"]}


def test_the_whole_folder_is_one_source(tmp_path: Path) -> None:
    """Pages and Markdown say the same as the data beside them, and are left alone."""
    export(tmp_path / "out" / "Bo", said(0, "Bo", "One"))
    export(tmp_path / "out" / "Crew", said(1, "Cy", "Two"))
    (tmp_path / "out" / "style.css").write_text("body {}")
    assert [part.text for part in segments(open_source(tmp_path / "out"))] == ["One", "Two"]


def test_what_lies_beside_chats_is_not_lost(tmp_path: Path) -> None:
    """A folder with other things is taken apart."""
    export(tmp_path / "Bo", said(0, "Bo", "One"))
    (tmp_path / "notes.md").write_text("# Two\n\nThe seal held.\n")
    assert {source.name.partition(":")[0] for source in open_sources(tmp_path)} == {"signal", "files"}


def test_in_a_zip_and_with_damage(tmp_path: Path) -> None:
    """What can be read is read, and the rest reported."""
    path = export(tmp_path / "Bo", said(0, "Bo", "One"), said(1, "Bo", "Two", date="soon"), said(2, "Bo", "Three"))
    with zipfile.ZipFile(tmp_path / "signal.zip", "w") as archive:
        archive.write(path / "data.json", "out/Bo/data.json")
    source = open_source(tmp_path / "signal.zip")
    assert [(part.text, part.author) for part in segments(source)] == [("One", "Bo"), ("Three", "Bo")]
    assert "ISO 8601" in str(errors(source)[0])
    survives(SignalExport, (path / "data.json").read_bytes(), tmp_path / "data.json", files=100)
