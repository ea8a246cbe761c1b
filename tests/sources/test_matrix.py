"""Rooms of Matrix, as Element exports them."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forum_helpers import documents, errors, segments, survives

from masa_rag.protocols import Source
from masa_rag.sources import MatrixExport, open_source
from masa_rag.testing.contracts import SourceContract

ROOM = "!quay:sea.example"


def event(number: int, who: str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An event that many minutes after nine."""
    return {
        "type": "m.room.message", "sender": f"@{who}:sea.example", "content": content, "event_id": f"$e{number}",
        "origin_server_ts": 1_714_554_000_000 + number * 60_000, "room_id": ROOM, "unsigned": {},
    } | more  # fmt: skip


def said(number: int, who: str, body: str, **more: Any) -> dict[str, Any]:
    """A text."""
    return event(number, who, {"msgtype": "m.text", "body": body} | more)


def export(path: Path, *events: dict[str, Any]) -> Path:
    """Write a room as Element does."""
    about = {"room_name": "Quay", "room_creator": "@ann:sea.example", "topic": "", "export_date": "03/05/2024"}
    path.write_text(json.dumps(about | {"exported_by": "@ann:sea.example", "messages": events}))
    return path


class TestMatrix(SourceContract):
    """An export keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = export(tmp_path / "export.json", said(0, "ann", "Does it hold?"), said(1, "bo", "Yes."))

    def make(self) -> Source:
        """Return a fresh source."""
        return open_source(self.path)


def test_who_said_what_and_when(tmp_path: Path) -> None:
    """A quoted message is answered; joins, files, what was deleted or is secret are left out."""
    reply = {"m.relates_to": {"m.in_reply_to": {"event_id": "$e1"}}}
    thread = {"m.relates_to": {"rel_type": "m.thread", "event_id": "$e1"}}
    edit = {"m.relates_to": {"rel_type": "m.replace", "event_id": "$e1"}, "m.new_content": {"body": "Does it?"}}
    poll = {"question": {"body": "When?"}, "answers": [{"id": "1", "org.matrix.msc1767.text": "May"}]}
    path = export(
        tmp_path / "export.json",
        event(
            0,
            "ann",
            {"membership": "join", "displayname": "Ann Sea"},
            type="m.room.member",
            state_key="@ann:sea.example",
        ),
        said(1, "ann", "Does it hold?"),
        said(2, "bo", "> <@ann:sea.example> Does it hold?\n\nYes.\n> as you see", **reply),
        said(3, "ann", "Good.", **thread),
        said(4, "ann", "* Does it?", **edit),
        event(5, "bo", {"msgtype": "m.image", "body": "seal.jpg", "url": "mxc://sea.example/x"}),
        event(6, "bo", {"msgtype": "m.image", "body": "The seal", "filename": "seal.jpg"}),
        event(7, "bo", {"algorithm": "m.megolm.v1.aes-sha2"}, type="m.room.encrypted"),
        event(8, "bo", {}),
        event(9, "bo", {"msgtype": "m.emote", "body": "waves"}),
        event(10, "ann", {"org.matrix.msc3381.poll.start": poll}, type="org.matrix.msc3381.poll.start"),
    )
    (day,) = documents(open_source(path))
    assert (day.id, day.title, day.url) == (f"{ROOM}/2024-05-01", "Quay", f"https://matrix.to/#/{ROOM}")
    assert [(part.id, part.author, part.text, part.reply_to) for part in day.segments] == [
        ("$e1", "Ann Sea", "Does it hold?", None),
        ("$e2", "bo", "Yes.\n> as you see", "$e1"),
        ("$e3", "Ann Sea", "Good.", "$e1"),
        ("$e6", "bo", "The seal", None),
        ("$e9", "bo", "waves", None),
        ("$e10", "Ann Sea", "When?\n- May", None),
    ]
    assert day.segments[0].created_at == datetime(2024, 5, 1, 9, 1, tzinfo=UTC)
    assert day.segments[4].metadata == {"action": True, "author_id": "@bo:sea.example"}


def test_a_saved_answer_of_a_server_in_a_zip(tmp_path: Path) -> None:
    """Its events lie in a chunk, and a bad one does not stop the others."""
    answer = {"start": "t1", "chunk": [said(1, "bo", "Two"), said(0, "bo", "One", x=1) | {"origin_server_ts": "soon"}]}
    with zipfile.ZipFile(tmp_path / "room.zip", "w") as archive:
        archive.writestr("room.json", json.dumps(answer))
    source = open_source(tmp_path / "room.zip")
    assert [part.text for part in segments(source)] == ["Two"]
    assert "Unix milliseconds" in str(errors(source)[0])


def test_damaged_files(tmp_path: Path) -> None:
    """100 damaged files give documents and record errors only."""
    path = export(tmp_path / "m.json", *(said(number, "bo", f"blå {number}") for number in range(9)))
    survives(MatrixExport, path.read_bytes(), path, files=100)
