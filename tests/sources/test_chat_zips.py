"""Exports of chats that somebody put into a zip are read where they are."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from forum_helpers import documents

from masa_rag.errors import RecordError
from masa_rag.protocols import Source
from masa_rag.sources import TelegramExport, open_sources
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document


def zipped(path: Path, files: dict[str, Any]) -> Path:
    """Write texts, and other values as JSON, into a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in files.items():
            archive.writestr(name, value if isinstance(value, (str, bytes)) else json.dumps(value))
    return path


def telegram(title: str, text: str) -> dict[str, Any]:
    """A chat of one message as Telegram Desktop's JSON."""
    message = {"id": 1, "type": "message", "date": "2024-05-01T09:00:00", "from": "Nora", "text": text}
    return {"name": title, "type": "private_group", "id": 77, "messages": [message]}


def page(title: str, text: str, hour: int = 9) -> str:
    """The same as a page."""
    return (
        f'<html><body><div class="page_header"><div class="text bold">{title}</div></div>'
        '<div class="page_body chat_page"><div class="history"><div class="message default" id="message1">'
        f'<div class="date" title="01.05.2024 {hour:02d}:00:00 UTC+00:00"></div><div class="from_name">Nora</div>'
        f'<div class="text">{text}</div></div></div></div></body></html>'
    )


def read(path: Path) -> dict[str, str]:
    """Return {id: text} of what the one source that knows the zip reads of it."""
    (source,) = open_sources(path)
    return {item.id: item.text for item in documents(source)}


class TestZip(SourceContract):
    """A zip keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = zipped(tmp_path / "t.zip", {"ChatExport/result.json": telegram("Crew", "hello")})

    def make(self) -> Source:
        """Return a fresh source."""
        return TelegramExport(self.path)


def test_telegram_with_pictures(tmp_path: Path) -> None:
    """The chat is read; pictures, style sheets and JSON that is no chat are passed over."""
    files = {
        "E/result.json": telegram("Crew", "hello"),
        "E/photos/a.jpg": b"\xff\xd8",
        "E/css/style.css": "",
        "E/a.json": [1],
    }
    assert read(zipped(tmp_path / "t.zip", files)) == {"77/2024-05-01": "Nora: hello"}


def test_telegram_pages_that_say_what_the_json_says_are_left_alone(tmp_path: Path) -> None:
    """Beside the JSON, and below the chats of an account whose JSON is there; other pages are read."""
    files = {
        "E/result.json": telegram("Crew", "hello"), "E/messages.html": page("Crew", "hello"),
        "E/chats/chat_001/messages.html": page("Crew", "hello"), "F/messages.html": page("Pilots", "of the pilots"),
    }  # fmt: skip
    found = read(zipped(tmp_path / "t.zip", files))
    assert found == {"77/2024-05-01": "Nora: hello", "Pilots/2024-05-01": "Nora: of the pilots"}


def test_telegram_chats_of_one_title(tmp_path: Path) -> None:
    """They are told apart in a zip as in a folder: by when they began."""
    files = {f"E/chats/chat_{hour}/messages.html": page("General", f"at {hour}", hour) for hour in (9, 10)}
    assert read(zipped(tmp_path / "t.zip", files)) == {
        "General/2024-05-01T09:00:00Z/2024-05-01": "Nora: at 9",
        "General/2024-05-01T10:00:00Z/2024-05-01": "Nora: at 10",
    }


def test_a_zip_among_other_files_of_a_folder(tmp_path: Path) -> None:
    """A folder of downloads: the zip is taken by the source that knows it."""
    zipped(tmp_path / "ChatExport_2024-05-01.zip", {"result.json": telegram("Crew", "hello")})
    (tmp_path / "notes.txt").write_text("Tar the boats in May.")
    found = [item for source in open_sources(tmp_path) for item in source if isinstance(item, Document)]
    assert sorted(item.text for item in found) == ["Nora: hello", "Tar the boats in May."]


def test_a_damaged_member_costs_itself_alone(tmp_path: Path) -> None:
    """It is reported, and the other chats are read."""
    path = zipped(
        tmp_path / "t.zip", {"a/result.json": telegram("Crew", "x" * 3_000), "b/messages.html": page("P", "hi")}
    )
    data = path.read_bytes()
    path.write_bytes(data[:60] + bytes([data[60] ^ 0xFF]) + data[61:])
    items = list(TelegramExport(path))
    assert [item.text for item in items if isinstance(item, Document)] == ["Nora: hi"]
    assert any("a/result.json" in str(item) for item in items if isinstance(item, RecordError))


def test_a_zip_without_a_chat_says_so(tmp_path: Path) -> None:
    """One that is given by name and holds something else is no silence."""
    (error,) = TelegramExport(zipped(tmp_path / "t.zip", {"notes.txt": "hi"}))
    assert isinstance(error, RecordError)
    assert "no chat" in str(error)


def test_discord_in_all_forms(tmp_path: Path) -> None:
    """Pages, JSON, tables and texts of one zip; what else lies in it is passed over."""
    author = {"id": "700000000000000001", "username": "nora"}
    message = {"id": "1235153741414400000", "channel_id": "900000000000000001", "author": author, "content": "of JSON",
               "timestamp": "2024-05-01T09:00:00Z"}  # fmt: skip
    files = {
        "D/a.json": [message],
        "D/b [900000000000000002].csv": "AuthorID,Author,Date,Content,Attachments,Reactions\n"
        '"1","nora","2024-05-01T09:00:00Z","of the table","",""\n',
        "D/c.txt": f"{'=' * 62}\nGuild: H\nChannel: c\n{'=' * 62}\n\n[5/13/2024 9:00 AM] nora\nof the text\n",
        "D/notes.txt": "Tar the boats.", "D/c.json": {"a": 1},
    }  # fmt: skip
    assert read(zipped(tmp_path / "d.zip", files)) == {
        "900000000000000001/2024-05-01": "nora: of JSON",
        "900000000000000002/2024-05-01": "nora: of the table",
        "H/c/2024-05-13": "nora: of the text",
    }


def test_a_zip_of_several_kinds_of_chats(tmp_path: Path) -> None:
    """One source reads it, and says what is left to others; a chat that somebody sent in a chat is a picture's like."""
    author = {"id": "700000000000000001", "username": "nora"}
    message = {"id": "1235153741414400000", "channel_id": "900000000000000001", "author": author, "content": "hello",
               "timestamp": "2024-05-01T09:00:00Z"}  # fmt: skip
    whatsapp = "13/05/2024, 18:31 - Mara: Who brings the ropes?\n"
    files = {"D/a.json": [message], "T/result.json": telegram("Crew", "hi"), "WhatsApp Chat with Mara.txt": whatsapp}
    (source,) = open_sources(zipped(tmp_path / "all.zip", files | {"D/a.json_Files/sent.txt": whatsapp}))
    day, *errors = source
    assert isinstance(day, Document)
    assert [str(error).partition(" ")[0].rpartition("all.zip/")[2] for error in errors] == [
        "T/result.json:", "WhatsApp",
    ]  # fmt: skip
    assert all("unpack it and add the folder" in str(error) for error in errors)
    del files["D/a.json"]
    (source,) = open_sources(zipped(tmp_path / "two.zip", files))
    assert [isinstance(item, Document) for item in source] == [True, False]
