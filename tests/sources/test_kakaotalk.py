"""Chats that KakaoTalk saves as text."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from forum_helpers import documents, survives

from masa_rag.protocols import Source
from masa_rag.sources import KakaoTalkExport, open_source
from masa_rag.testing.contracts import SourceContract

COMPUTER = (
    "갑판원 12 님과 카카오톡 대화\n저장한 날짜 : 2024-05-03 10:00:00\n\n"
    "--------------- 2024년 5월 1일 수요일 ---------------\n"
    "[안나] [오전 9:30] 버텼어요?\n[보리] [오후 12:05] 네\n둘째 줄\n"
    "보리님이 나갔습니다.\n[안나] [오후 9:31] 사진\n[안나 [항구]] [오후 9:32] [확인] 좋아요\n"
)
KOREAN = (
    "갑판원 님과 카카오톡 대화\n저장한 날짜 : 2024년 5월 3일 오전 10:00\n\n\n2024년 5월 1일 오전 9:30\n"
    "2024년 5월 1일 오전 9:30, 안나 : 버텼어요?\n2024년 5월 1일 오후 12:05, 보리 : 네\n둘째 줄\n"
    "2024년 5월 1일 오후 9:30, 보리님이 나갔습니다.\n2024년 5월 1일 오후 9:32, 안나 [항구] : [확인] 좋아요\n"
)
APPLE = KOREAN.replace("2024년 5월 1일 오", "2024. 5. 1. 오").replace(
    "2024. 5. 1. 오전 9:30\n", "2024년 5월 1일 수요일\n", 1
)
ENGLISH = (
    "KakaoTalk Chats with 갑판원 12\nDate Saved : May 3, 2024 at 10:00 AM\n\nWednesday, May 1, 2024\n"
    "May 1, 2024 at 9:30 AM, 안나 : 버텼어요?\nMay 1, 2024 at 12:05 PM, 보리 : 네\n둘째 줄\n"
    "May 1, 2024 at 9:30 PM, 보리 left this chatroom.\nMay 1, 2024 at 9:32 PM, 안나 [항구] : [확인] 좋아요\n"
)
ENGLISH_COMPUTER = (
    "갑판원 KakaoTalk Chats\nDate Saved : 2024-05-03 10:00:00\n\n"
    "--------------- Wednesday, May 1, 2024 ---------------\n"
    "[안나] [9:30 AM] 버텼어요?\n[보리] [12:05 PM] 네\n둘째 줄\n보리 left this chatroom.\n"
    "[안나 [항구]] [9:32 PM] [확인] 좋아요\n"
)


def saved(path: Path, text: str) -> Path:
    """Write a text as the app saves it."""
    path.write_text(text, encoding="utf-8-sig")
    return path


class TestKakaoTalk(SourceContract):
    """A text keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = saved(tmp_path / "chat.txt", COMPUTER)

    def make(self) -> Source:
        """Return a fresh source."""
        return open_source(self.path)


@pytest.mark.parametrize("text", [COMPUTER, KOREAN, APPLE, ENGLISH, ENGLISH_COMPUTER])
def test_who_said_what_and_when(tmp_path: Path, text: str) -> None:
    """Computers and telephones save it in two languages; pictures and what the app says are left out."""
    (day,) = documents(open_source(saved(tmp_path / "a.txt", text), timezone="Asia/Seoul"))
    assert (day.id, day.title) == ("갑판원/2024-05-01", "갑판원")
    assert [(part.created_at, part.author, part.text) for part in day.segments] == [
        (datetime(2024, 5, 1, 0, 30, tzinfo=UTC), "안나", "버텼어요?"),
        (datetime(2024, 5, 1, 3, 5, tzinfo=UTC), "보리", "네\n둘째 줄"),
        (datetime(2024, 5, 1, 12, 32, tzinfo=UTC), "안나 [항구]", "[확인] 좋아요"),
    ]


def test_a_text_that_quotes_a_chat_is_text(tmp_path: Path) -> None:
    """Without the app's own lines it is nobody's export."""
    path = saved(tmp_path / "a.txt", "메모\n\n2024년 5월 1일 오전 9:30, 안나 : 버텼어요?\n")
    assert type(open_source(path)).__name__ == "Files"


@pytest.mark.parametrize("text", [COMPUTER, ENGLISH])
def test_damaged_files(tmp_path: Path, text: str) -> None:
    """100 damaged files give documents and record errors only."""
    survives(KakaoTalkExport, text.encode(), tmp_path / "a.txt", files=100)
