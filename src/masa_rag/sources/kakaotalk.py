"""KakaoTalk: the text of "Export chat messages"."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from masa_rag.sources._chats.files import ChatFile
from masa_rag.sources._chats.texts import Opening, TextChats
from masa_rag.sources._lines import head_lines, text_lines
from masa_rag.sources._pages.months import NUMBERS
from masa_rag.sources._whatsapp.clock import time_alone

_TITLE = re.compile(
    r"(?P<title>.+?)(?: \d+)? ?님과(?:의)? 카카오톡 대화|KakaoTalk Chats with (?P<with>.+?)(?: \d+)?|"
    r"(?P<of>.+?)(?: \d+)? (?:Kakao)?Talk Chats"
)
"""How many are in a group stands behind its name, and changes."""
_SAVED = re.compile(r"(?:저장한 날짜|Date Saved|Saved Date) ?: ?.*\d.*")
_NUMBERED = r"\d{4}(?:년|\.) ?\d{1,2}(?:월|\.) ?\d{1,2}[일.]"
_NAMED = r"[A-Z][a-z]{2,8}\.? \d{1,2}, \d{4}"
_CLOCK = r"(?P<clock>(?:오전 |오후 )?\d{1,2}:\d\d(?:[ \u202f]?[AaPp]\.?[Mm]\.?)?)"
_DAY = re.compile(
    rf"-{{3,}} (?:[A-Z][a-z]+day, )?(?P<ruled>{_NUMBERED}|{_NAMED})(?: [월화수목금토일]요일)? -{{3,}}|"
    rf"{_NUMBERED} [월화수목금토일]요일|[A-Z][a-z]+day, {_NAMED}"
)
"""Where a day begins. Between rules, as computers save it, it is the day of the messages below."""
_SAID = re.compile(rf"\[(?P<who>.{{1,60}}?)\] \[{_CLOCK}\](?: (?P<text>.*))?")
_DATED = re.compile(rf"(?P<day>{_NUMBERED}|{_NAMED})(?:,| at)? {_CLOCK}(?:, (?P<rest>.*))?")
"""A message, or what the app says, as telephones save it."""
_NOTICE = re.compile(
    r"\S.{0,60}님(?:이|을) (?:들어왔습니다|나갔습니다|.{0,200}초대했습니다|.{0,60}내보냈습니다)\..{0,40}|"
    r"채팅방 관리자가 메시지를 가렸습니다\.|\S.{0,60} (?:joined|(?:has )?left) this chat ?room\..{0,40}|"
    r"\S.{0,60} invited .{1,200} to this chat ?room\."
)
"""What the app says in texts that computers save, where nothing marks it."""
_WORDS = re.compile(r"(?P<month>[A-Z][a-z]+)\.? (?P<day>\d{1,2}), (?P<year>\d{4})")
_SENT = re.compile(
    r"사진(?: \d+장)?|<사진 읽지 않음>|동영상|\(?이모티콘\)?|음성메시지|(?:보이스톡|페이스톡|라이브톡|그룹콜).{0,40}|"
    r"파일: .+|삭제된 메시지입니다\.|(?:\d+ )?photos?(?: \d+)?|videos?|emoticons?|stickers?|"
    r"voice (?:note|message)|file: .+|(?:this message was deleted|deleted message)\.?",
    re.IGNORECASE,
)
_HEADER = 5
"""Lines within which the chat's name and the day of saving stand."""


class KakaoTalkExport(TextChats):
    """Chats saved from KakaoTalk in Korean or English, by a telephone or a computer: a document is a chat's UTC day.

    Pictures, emoticons, calls and what the app says are left out. Messages have neither ids nor a zone: an id
    is made of chat, time, sender and text, so that exports which overlap merge.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name; by default ``kakaotalk:`` and the file's.
        timezone: IANA name of the zone that the exporting telephone or computer was in.
    """

    form = "kakaotalk"

    @classmethod
    def _is_known(cls, head: bytes) -> bool:
        lines, opening = head_lines(head), _Lines()
        named = any(_TITLE.fullmatch(line) or _SAVED.fullmatch(line) for line in lines[:_HEADER])
        return named and any((found := opening(line)) is not None and found.author is not None for line in lines)

    def _title(self, file: ChatFile) -> str:
        with file.open() as stream:
            for line, _ in zip(text_lines(stream), range(_HEADER), strict=False):
                if (match := _TITLE.fullmatch(line.strip())) is not None:
                    return match[str(match.lastgroup)].strip()
        return super()._title(file)

    def _opening(self, file: ChatFile) -> Callable[[str], Opening | None]:
        return _Lines()

    def _words(self, text: str) -> str:
        return "" if _SENT.fullmatch(text) else text


class _Lines:
    """Knows of each line what it opens, from those before it."""

    def __init__(self) -> None:
        self._day: str | None = None

    def __call__(self, line: str) -> Opening | None:
        if (day := _DAY.fullmatch(line)) is not None:
            self._day = day["ruled"] or self._day
            return Opening()
        if self._day is not None and (said := _SAID.fullmatch(line)) is not None:
            return Opening(said["who"], _time(self._day, said["clock"]), said["text"] or "")
        if self._day is not None and _NOTICE.fullmatch(line):
            return Opening()
        if (dated := _DATED.fullmatch(line)) is None:
            return None
        who, colon, text = (dated["rest"] or "").partition(" : ")
        return Opening(who, _time(dated["day"], dated["clock"]), text) if colon else Opening()


def _time(day: str, clock: str) -> datetime | None:
    words = _WORDS.fullmatch(day)
    month = NUMBERS.get(words["month"].lower()) if words is not None else None
    numbers = f"{words['year']}/{month}/{words['day']}" if words is not None else day
    return time_alone(f"{numbers}, {clock}", day_first=True)
