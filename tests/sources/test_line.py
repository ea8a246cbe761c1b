"""Chats that LINE saves as text."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from forum_helpers import documents, errors, segments, survives

from masa_rag.protocols import Source
from masa_rag.sources import LineExport, open_source
from masa_rag.testing.contracts import SourceContract

ENGLISH = (
    "[LINE] Chat history with Ann\nSaved on: 2024/05/03 10:00\n\n2024/05/01(Wed)\n09:30\tAnn\tDoes it hold?\n"
    "09:31\tBo\t[Sticker]\n09:32\tBo joined the chat.\n\n2024/05/02(Thu)\n"
    '21:05\tBo\t"Yes.\n\n2024/05/04\nSee you"\n21:06\tAnn\t☎ Call time 1:23\n21:07\tAnn\t"Salty", he said\n'
)


def saved(path: Path, text: str) -> Path:
    """Write a text as the app saves it."""
    path.write_text(text, encoding="utf-8")
    return path


class TestLine(SourceContract):
    """A text keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = saved(tmp_path / "chat.txt", ENGLISH)

    def make(self) -> Source:
        """Return a fresh source."""
        return open_source(self.path)


def test_who_said_what_and_when(tmp_path: Path) -> None:
    """Lines below a message belong to it; stickers, calls and what the app says are left out."""
    path = saved(tmp_path / "[LINE] Chat with Ann.txt", ENGLISH)
    first, second = documents(LineExport(path, timezone="Asia/Tokyo"))
    assert (first.id, first.title) == ("Ann/2024-05-01", "Ann")
    assert [(part.author, part.text) for part in first.segments] == [("Ann", "Does it hold?")]
    assert first.segments[0].created_at == datetime(2024, 5, 1, 0, 30, tzinfo=UTC)
    assert [(part.author, part.text) for part in second.segments] == [
        ("Bo", "Yes.\n\n2024/05/04\nSee you"),
        ("Ann", '"Salty", he said'),
    ]


@pytest.mark.parametrize(
    ("text", "title", "moment"),
    [
        (
            "[LINE] Aoiとのトーク履歴\n保存日時：2024/05/03 10:00\n\n2024/05/01(水)\n午後9:30\tAoi\tはい\n",
            "Aoi",
            (5, 1, 21),
        ),
        (
            "[LINE] 與小明的聊天記錄\n儲存日期：2024/05/03\n\n2024/05/01（三）\n下午09:30\t小明\t早安\n",
            "小明",
            (5, 1, 21),
        ),
        ("[LINE] ประวัติการสนทนากับ Nok\nบันทึก: 2567/05/03\n\n2024/05/01 พุธ\n21:30\tNok\tดี\n", "Nok", (5, 1, 21)),
        ("[LINE] Chat history with Cy\n\nWed, 05/01/2024\n09:30PM\tCy\tHi\n", "Cy", (5, 1, 21)),
        ("[LINE] Chat history with Cy\n\nFri, 05/01/2024\n09:30PM\tCy\tHi\n", "Cy", (1, 5, 21)),
        ("[LINE] Chat history with Cy\n\n2024.05.01 Wednesday\n9:30 PM\tCy\tHi\n", "Cy", (5, 1, 21)),
    ],
)
def test_languages_and_dates(tmp_path: Path, text: str, title: str, moment: tuple[int, int, int]) -> None:
    """The weekday tells the day from the month."""
    (day,) = documents(open_source(saved(tmp_path / "a.txt", text)))
    month, number, hour = moment
    assert (day.title, day.segments[0].created_at) == (title, datetime(2024, month, number, hour, 30, tzinfo=UTC))


def test_a_message_before_any_day_is_reported(tmp_path: Path) -> None:
    """Its time is not known; the others are read."""
    path = saved(tmp_path / "a.txt", "[LINE] Chat history with Cy\n\n09:30\tCy\tHi\n\n2024/05/01(Wed)\n09:31\tCy\tHo\n")
    assert "no such date" in str(errors(open_source(path))[0])
    assert [part.text for part in segments(open_source(path))] == ["Ho"]


def test_in_a_zip(tmp_path: Path) -> None:
    """It is read where it is."""
    with zipfile.ZipFile(tmp_path / "line.zip", "w") as archive:
        archive.writestr("[LINE] Chat with Ann.txt", ENGLISH)
    assert len(segments(open_source(tmp_path / "line.zip"))) == 3


def test_damaged_files(tmp_path: Path) -> None:
    """100 damaged files give documents and record errors only."""
    survives(LineExport, ENGLISH.encode(), tmp_path / "a.txt", files=100)
