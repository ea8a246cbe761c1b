"""Chats of iMessage, as imessage-exporter writes them as text."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from forum_helpers import documents, segments, survives

from masa_rag.protocols import Source
from masa_rag.sources import IMessageExport, open_source
from masa_rag.testing.contracts import SourceContract

TEXT = """May 01, 2024  9:30:07 AM
Me
Does it hold?

So far?
Tapbacks:
Loved by Bo Sea
🌊 by +15550100

Written by Ann
    May 01, 2024 12:05:00 PM (Read by you after 5 minutes)
    Bo Sea
    Yes.

May 01, 2024 12:05:00 PM (Read by you after 5 minutes)
Bo Sea
Yes.
Sent with Slam
This message responded to an earlier message.

May 01, 2024 12:06:00 PM Bo Sea named the conversation Crew


May 01, 2024 12:07:00 PM
+15550100
attachments/0c/12/IMG_0001.heic
Look at
the seal

May 01, 2024 12:08:00 PM
Me
May 01, 2024 12:08:00 PM Salt
Edited 10 seconds later: Salty

May 01, 2024 12:09:00 PM
Me
/Users/ann/Library/Messages/Attachments/1.jpeg

"""


class TestIMessage(SourceContract):
    """A text keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = tmp_path / "Bo Sea.txt"
        self.path.write_text(TEXT)

    def make(self) -> Source:
        """Return a fresh source."""
        return open_source(self.path)


def test_who_said_what_and_when(tmp_path: Path) -> None:
    """An answer is read once; tapbacks, files and what the exporter adds are left out."""
    (tmp_path / "Crew - 3.txt").write_text(TEXT)
    (day,) = documents(IMessageExport(tmp_path / "Crew - 3.txt", timezone="America/New_York"))
    assert (day.id, day.title) == ("Crew - 3/2024-05-01", "Crew - 3")
    assert [(part.author, part.text) for part in day.segments] == [
        ("Me", "Does it hold?\n\nSo far?\n\nWritten by Ann"),
        ("Bo Sea", "Yes."),
        ("+15550100", "Look at\nthe seal"),
        ("Me", "Salty"),
    ]
    assert day.segments[0].created_at == datetime(2024, 5, 1, 13, 30, 7, tzinfo=UTC)


def test_all_chats_of_a_folder_are_one_source(tmp_path: Path) -> None:
    """Each under its file's name."""
    for name in ("Bo", "Cy"):
        (tmp_path / f"{name}.txt").write_text(TEXT)
    assert {document.title for document in documents(open_source(tmp_path))} == {"Bo", "Cy"}
    assert len(segments(open_source(tmp_path))) == 8


def test_damaged_files(tmp_path: Path) -> None:
    """100 damaged files give documents and record errors only."""
    survives(IMessageExport, TEXT.encode(), tmp_path / "a.txt", files=100)
