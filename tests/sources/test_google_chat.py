"""Google Chat, as Google Takeout gives it."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forum_helpers import documents, errors, segments, survives

from masa_rag.protocols import Source
from masa_rag.sources import GoogleChatExport, google_chat, open_source, open_sources
from masa_rag.sources._archive import Archive
from masa_rag.sources._chats.dates import moment
from masa_rag.testing.contracts import SourceContract


def said(minute: int, who: str, text: str | None, *, topic: str = "t1", **more: Any) -> dict[str, Any]:
    """A message that many minutes after nine."""
    words = {} if text is None else {"text": text}
    return {
        "creator": {"name": who, "email": f"{who.lower()}@sea.example", "user_type": "Human"},
        "created_date": f"Wednesday, May 1, 2024 at 9:{minute:02d}:07\u202fAM UTC",
        "topic_id": topic, "message_id": f"AAA/{topic}/m{minute}",
    } | words | more  # fmt: skip


def chat(root: Path, *messages: dict[str, Any], name: str | None = "Harbour", folder: str = "Space AAA") -> Path:
    """Write a chat of Takeout."""
    path = root / "Takeout" / "Google Chat" / "Groups" / folder / "messages.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    members = [{"name": "Ann", "user_type": "Human"}, {"name": "Bo", "user_type": "Human"}]
    about = {"members": members} | ({} if name is None else {"name": name})
    path.with_name("group_info.json").write_text(json.dumps(about))
    path.write_text(json.dumps({"messages": list(messages)}))
    return path


class TestGoogleChat(SourceContract):
    """A chat keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = chat(tmp_path, said(0, "Ann", "Does it hold?"), said(1, "Bo", "It does."))

    def make(self) -> Source:
        """Return a fresh source."""
        return open_source(self.path)


def test_who_said_what_and_when(tmp_path: Path) -> None:
    """A chat's day is a document; an answer in a topic answers its first message, or the one it quotes."""
    reactions = [{"emoji": {"unicode": "👍"}, "reactor_emails": ["a@sea.example", "b@sea.example"]}]
    files = [{"original_name": "seal.jpg", "export_name": "File-seal.jpg"}]
    path = chat(
        tmp_path,
        said(0, "Ann", "Does it hold?", reactions=reactions),
        said(1, "Bo", "It does.", attached_files=files),
        said(2, "Cy", "So it does.", topic="t2", quoted_message_metadata={"message_id": "AAA/t1/m1"}),
        said(3, "Bo", None, attached_files=files),
        said(4, "Bo", "gone", message_state="DELETED"),
    )
    (day,) = documents(open_source(path))
    assert (day.id, day.title, day.kind) == ("Space AAA/2024-05-01", "Harbour", "conversation")
    assert [(part.author, part.text, part.reply_to) for part in day.segments] == [
        ("Ann", "Does it hold?", None),
        ("Bo", "It does.", "AAA/t1/m0"),
        ("Cy", "So it does.", "AAA/t1/m1"),
    ]
    assert day.segments[0].created_at == datetime(2024, 5, 1, 9, 0, 7, tzinfo=UTC)
    assert day.segments[0].metadata == {"reactions": {"👍": 2}}
    assert day.segments[1].metadata == {"attachments": ["seal.jpg"]}


@pytest.mark.parametrize("name", [None, "Group Chat"])
def test_a_chat_without_a_name(tmp_path: Path, name: str | None) -> None:
    """It goes by who is in it."""
    (day,) = documents(open_source(chat(tmp_path, said(0, "Ann", "Hi"), name=name, folder="DM B")))
    assert (day.id, day.title) == ("DM B/2024-05-01", "Ann, Bo")


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("Wednesday, May 1, 2024 at 2:03:04\u202fPM UTC", 14),
        ("Wednesday, May 1, 2024 at 12:03:04 AM UTC", 0),
        ("Wednesday, 1 May 2024 at 14:03:04 UTC", 14),
        ("Mittwoch, 1. Mai 2024 um 14:03:04 UTC", 14),
        ("mercredi 1 mai 2024 à 14:03:04 UTC", 14),
        ("miércoles, 1 de mayo de 2024, 14:03:04 UTC", 14),
        ("2024年5月1日水曜日 14:03:04 UTC", 14),
    ],
)
def test_times_in_several_languages(written: str, hour: int) -> None:
    """Takeout writes dates as the person's language does."""
    assert moment(written) == datetime(2024, 5, 1, hour, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize("written", ["", "soon", "May 1 at 9:00:00", "Wednesday, May 41, 2024 at 9:00:00 AM UTC"])
def test_a_message_without_a_time_is_reported(tmp_path: Path, written: str) -> None:
    """The others of the chat are read."""
    source = open_source(chat(tmp_path, said(0, "Ann", "One"), said(1, "Bo", "Two", created_date=written)))
    assert "date" in str(errors(source)[0])
    assert [part.text for part in segments(source)] == ["One"]


def test_a_folder_and_a_zip(tmp_path: Path) -> None:
    """All chats are read, with their names; what was sent in them and what is about people is no chat."""
    chat(tmp_path, said(0, "Ann", "One"))
    path = chat(tmp_path, said(1, "Bo", "Two"), name="Pumps", folder="Space BBB")
    (path.parent / "File-note.txt").write_text("Sent.")
    users = tmp_path / "Takeout" / "Google Chat" / "Users" / "User 1"
    users.mkdir(parents=True)
    (users / "user_info.json").write_text('{"user": {"name": "Ann"}}')
    with zipfile.ZipFile(tmp_path / "takeout.zip", "w") as archive:
        for item in (tmp_path / "Takeout").rglob("*.json"):
            archive.write(item, item.relative_to(tmp_path))
    (folder,) = open_sources(tmp_path / "Takeout")
    for source in (folder, open_source(tmp_path / "takeout.zip")):
        assert type(source) is GoogleChatExport
        assert sorted((item.title, item.text) for item in documents(source)) == [
            ("Harbour", "Ann: One"),
            ("Pumps", "Bo: Two"),
        ]


def test_a_zip_is_opened_once_for_the_names_of_all_its_chats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To open one takes as long as it has files; names that are damaged leave the others theirs."""
    for number in range(4):
        chat(tmp_path, said(number, "Ann", "Does it hold?"), name=f"Pier {number}", folder=f"Space {number}")
    (tmp_path / "Takeout/Google Chat/Groups/Space 2/group_info.json").write_text('{"name": ')
    with zipfile.ZipFile(tmp_path / "takeout.zip", "w") as archive:
        for path in sorted(tmp_path.rglob("*.json")):
            archive.write(path, path.relative_to(tmp_path))
    opened: list[Path] = []

    class Counted(Archive):
        """Notes that it was opened."""

        def __init__(self, path: Path) -> None:
            opened.append(path)
            super().__init__(path)

    monkeypatch.setattr(google_chat, "Archive", Counted)
    titles = [document.title for document in documents(GoogleChatExport(tmp_path / "takeout.zip"))]
    assert titles == ["Pier 0", "Pier 1", "Space 2", "Pier 3"]
    assert opened == [tmp_path / "takeout.zip"]


def test_damaged_files(tmp_path: Path) -> None:
    """100 damaged files give documents and record errors only."""
    path = chat(tmp_path, *(said(number, "Åse", f"blå {number}", reactions=[{"emoji": {}}]) for number in range(9)))
    survives(GoogleChatExport, path.read_bytes(), path, files=100)
