"""Messenger and Instagram: the chats in a copy of one's data, and those of secure storage."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forum_helpers import documents, segments, survives

from masa_rag.errors import RecordError
from masa_rag.protocols import Source
from masa_rag.sources import MessengerExport, open_source, open_sources
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document

NINE = 1_714_554_000_000
"""1 May 2024, 9:00 UTC, in milliseconds."""


def bytewise(text: str) -> str:
    """The text as Facebook writes it: a character for each byte."""
    return text.encode().decode("latin-1")


def said(minute: int, who: str, words: str | None, **more: Any) -> dict[str, Any]:
    """A message that many minutes after nine."""
    content = {} if words is None else {"content": bytewise(words)}
    return {"sender_name": bytewise(who), "timestamp_ms": NINE + 60_000 * minute, **content} | more


def chat(folder: Path, *messages: dict[str, Any], number: int = 1) -> Path:
    """Write a part of a chat, the newest message first, the chat's name behind them."""
    path = folder / "your_facebook_activity" / "messages" / "inbox" / "skjaergard_77" / f"message_{number}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    value = {
        "participants": [{"name": "Nora"}, {"name": "Ivo"}], "messages": list(reversed(messages)),
        "title": bytewise("Skjærgård"), "is_still_participant": True, "thread_path": "inbox/skjaergard_77",
    }  # fmt: skip
    path.write_text(json.dumps(value))
    return path


class TestChat(SourceContract):
    """A chat keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = chat(tmp_path, said(0, "Nora", "Does the seal hold?"), said(1, "Ivo", "It does."))

    def make(self) -> Source:
        """Return a fresh source."""
        return open_source(self.path)


def test_who_said_what_and_when(tmp_path: Path) -> None:
    """Messages come in order of time; letters that were written as bytes are letters, at the end of a text too."""
    reactions = [{"reaction": bytewise("👍"), "actor": "Ivo"}, {"reaction": bytewise("👍"), "actor": "Nora"}]
    photos = [{"uri": "messages/inbox/skjaergard_77/photos/pump.jpg", "creation_timestamp": 1}]
    path = chat(
        tmp_path,
        said(0, "Åse Nygård", "Så er pumpen nå her, voilà", reactions=reactions),
        said(1, "Ivo", "See below", photos=photos),
    )
    (day,) = documents(open_source(path))
    assert (day.id, day.title, day.kind) == ("inbox/skjaergard_77/2024-05-01", "Skjærgård", "conversation")
    first, second = day.segments
    assert (first.author, first.text) == ("Åse Nygård", "Så er pumpen nå her, voilà")
    assert (first.created_at, first.metadata) == (datetime(2024, 5, 1, 9, 0, tzinfo=UTC), {"reactions": {"👍": 2}})
    assert (second.text, second.metadata) == ("See below", {"attachments": ["pump.jpg"]})


def test_what_nobody_says_is_left_out(tmp_path: Path) -> None:
    """Calls, joins, notes of reactions and attachments, and what was taken back; a shared link is said."""
    path = chat(
        tmp_path,
        said(0, "Nora", "Nora sent an attachment.", share={"link": "https://tides.example", "share_text": "High"}),
        said(1, "Ivo", "Nora sent a photo."),
        said(2, "Ivo", "You sent an attachment.", photos=[{"uri": "a.jpg"}]),
        said(3, "Ivo", "Ivo called you.", call_duration=61),
        said(4, "Ivo", "Ivo added Cy to the group.", type="Subscribe"),
        said(5, "Ivo", "Reacted ❤ to your message "),
        said(6, "Ivo", "no, wait", is_unsent=True),
        said(7, "Ivo", None, sticker={"uri": "s.png"}),
        said(7, "Ivo", "Ivo started an audio call"),
        said(7, "Ivo", "Audio call ended"),
        said(8, "Nora", "look: https://tides.example", share={"link": "https://tides.example"}),
    )
    texts = [item.text for item in segments(open_source(path))]
    assert texts == ["https://tides.example", "Nora sent a photo.", "look: https://tides.example"]


def test_parts_of_a_chat_are_one(tmp_path: Path) -> None:
    """A day that goes over from one file to the next is one document; other files of a copy are passed over."""
    chat(tmp_path, said(10, "Ivo", "later"), number=1)
    chat(tmp_path, said(0, "Nora", "sooner"), said(1, "Ivo", "sooner too"), number=2)
    (tmp_path / "profile.json").write_text('{"profile_v2": {"name": "Nora"}}')
    with pytest.warns(UserWarning, match=r"profile\.json"):
        source = open_source(tmp_path)
    (day,) = source
    assert [item.text for item in getattr(day, "segments", ())] == ["sooner", "sooner too", "later"]
    assert len(list(MessengerExport(tmp_path))) == 1


@pytest.mark.parametrize("place", [".", "your_facebook_activity", "your_facebook_activity/messages", "chat"])
def test_what_was_sent_belongs_to_the_chat(tmp_path: Path, place: str) -> None:
    """Voices, videos and texts that were sent in a chat are not read as recordings and notes of their own."""
    folder = chat(tmp_path, said(0, "Nora", "hello")).parent
    for name, data in (("videos/a.mp4", b"\0\0\0\x18ftypmp42"), ("files/note.md", b"Sent."), ("files/b.json", b"[1]")):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    (source,) = open_sources(folder if place == "chat" else tmp_path / place)
    assert [item.text for item in documents(source)] == ["Nora: hello"]


def test_notes_beside_a_copy_are_read(tmp_path: Path) -> None:
    """What does not lie in a chat's folder is no part of the export."""
    chat(tmp_path, said(0, "Nora", "hello"))
    (tmp_path / "your_facebook_activity" / "messages" / "mine.md").write_text("My note.")
    assert {type(source).__name__ for source in open_sources(tmp_path)} == {"MessengerExport", "Files"}


def test_a_chat_of_secure_storage(tmp_path: Path) -> None:
    """Its fields have other names, and its letters are as they should be."""
    row = {"isUnsent": False, "media": [{"uri": "./media/a.jpg"}], "reactions": [{"actor": "Ivo", "reaction": "👍"}],
           "senderName": "Åse", "text": "Så blå", "timestamp": NINE, "type": "text"}  # fmt: skip
    path = tmp_path / "Åse_12.json"
    gone = row | {"isUnsent": True, "timestamp": NINE + 1, "text": "gone"}
    lost = row | {"type": "placeholder", "timestamp": NINE + 2, "text": "This message is no longer available"}
    value = {"participants": ["Åse", "Ivo"], "threadName": "Åse_12", "messages": [row, gone, lost]}
    path.write_text(json.dumps(value))
    (day,) = documents(open_source(path))
    assert (day.id, day.title) == ("Åse_12/2024-05-01", "Åse")
    (only,) = day.segments
    assert (only.author, only.text, only.created_at) == ("Åse", "Så blå", datetime(2024, 5, 1, 9, 0, tzinfo=UTC))
    assert only.metadata == {"attachments": ["a.jpg"], "reactions": {"👍": 1}}


def test_a_zip_is_read_where_it_is(tmp_path: Path) -> None:
    """Also when a hundred other files of the copy come before the chats."""
    path = chat(tmp_path, said(0, "Nora", "Does the seal hold?"))
    with zipfile.ZipFile(tmp_path / "facebook.zip", "w") as archive:
        for number in range(100):
            archive.writestr(f"ads_information/{number}.json", "{}")
        archive.write(path, path.relative_to(tmp_path))
    assert [item.text for item in segments(open_source(tmp_path / "facebook.zip"))] == ["Does the seal hold?"]


@pytest.mark.parametrize("moment", [None, "soon", -1, 10**400, True])
def test_a_message_without_a_time_is_reported(tmp_path: Path, moment: object) -> None:
    """The others of the chat are read."""
    path = chat(tmp_path, said(0, "Nora", "lost", timestamp_ms=moment), said(1, "Nora", "kept"))
    error, day = MessengerExport(path)
    assert isinstance(error, RecordError)
    assert "milliseconds" in str(error)
    assert [item.text for item in getattr(day, "segments", ())] == ["kept"]


def test_damaged_files(tmp_path: Path) -> None:
    """100 damaged files give documents and record errors only."""
    path = chat(tmp_path, *(said(number, "Åse", f"blå {number}", photos=[{"uri": "a.jpg"}]) for number in range(9)))
    survives(MessengerExport, path.read_bytes(), path, files=100)


def box(who: str, words: str, date: str, more: str = "") -> str:
    """A message as the page shows it."""
    return (
        f'<div class="pam _3-95 _2ph- _a6-g uiBoxWhite noborder"><h2 class="_3-95 _2pim _a6-h _a6-i">{who}</h2>'
        f'<div class="_3-95 _a6-p"><div><div></div><div>{words}</div><div></div>{more}</div></div>'
        f'<div class="_3-94 _a6-o">{date}</div></div>'
    )


def page(folder: Path, *boxes: str) -> Path:
    """Write a chat as a page."""
    path = folder / "your_instagram_activity" / "messages" / "inbox" / "skjaergard_77" / "message_1.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    style = "<style>._a6-g{border:0}</style>"
    path.write_text(f"<html><head>{style}<title>Skjærgård</title></head><body>{''.join(boxes)}</body></html>")
    return path


def test_a_chat_as_a_page(tmp_path: Path) -> None:
    """The form that Meta gives unless told otherwise; its times name no zone."""
    reactions = '<div><ul class="_a6-q"><li><span>👍 Ivo</span></li><li><span>👍 Nora</span></li></ul></div>'
    path = page(
        tmp_path,
        '<div class="_a6-g"><div class="_a6-h">Participants: Nora and Ivo</div></div>',
        box("Ivo", "Good &amp; dry", "May 1, 2024 10:01 am"),
        box("Nora", "Tetningen holdt", "1. mai 2024 10:00:30", reactions),
        box("Ivo", "", "May 1, 2024 9:59 am"),
        box("Ivo", "When?", "some day"),
    )
    day, wrong = sorted(open_source(path, timezone="Europe/Oslo"), key=lambda item: isinstance(item, RecordError))
    assert isinstance(day, Document)
    assert (day.id, day.title) == ("inbox/skjaergard_77/2024-05-01", "Skjærgård")
    assert [(part.author, part.text) for part in day.segments] == [("Nora", "Tetningen holdt"), ("Ivo", "Good & dry")]
    assert day.segments[0].created_at == datetime(2024, 5, 1, 8, 0, 30, tzinfo=UTC)
    assert day.segments[0].metadata == {"reactions": {"👍": 2}}
    assert "'some day'" in str(wrong)


def test_pages_among_others_of_a_copy(tmp_path: Path) -> None:
    """A copy in pages is no site: its chats are chats, on disk and in a zip."""
    chats = page(tmp_path, box("Ivo", "Good", "May 1, 2024 10:01 am"))
    other = tmp_path / "your_instagram_activity" / "posts_1.html"
    other.write_text(f"<html><body><h1>Posts</h1><p>{'The seal held. ' * 20}</p></body></html>")
    assert {source.name.partition(":")[0] for source in open_sources(tmp_path)} == {"messenger", "pages"}
    with zipfile.ZipFile(tmp_path / "copy.zip", "w") as archive:
        for item in (chats, other):
            archive.write(item, item.relative_to(tmp_path))
    assert [part.text for part in segments(open_source(tmp_path / "copy.zip"))] == ["Good"]


def test_a_page_beside_its_json_is_left_alone(tmp_path: Path) -> None:
    """They say the same."""
    path = chat(tmp_path, said(0, "Nora", "One"))
    page(tmp_path, box("Nora", "One", "May 1, 2024 9:00 am")).rename(path.with_suffix(".html"))
    assert [part.text for part in segments(MessengerExport(path.parent))] == ["One"]


def test_a_field_that_no_export_has(tmp_path: Path) -> None:
    """It is passed over, whatever it is called."""
    path = chat(tmp_path, said(0, "Nora", "One"))
    path.write_text(json.dumps({"message": 5} | json.loads(path.read_text())))
    assert [part.text for part in segments(open_source(path))] == ["One"]


def test_damaged_pages(tmp_path: Path) -> None:
    """100 damaged pages give documents and record errors only."""
    path = page(tmp_path, *(box("Ivo", f"blå {number}", "May 1, 2024 10:01 am") for number in range(9)))
    survives(MessengerExport, path.read_bytes(), path, files=100)
