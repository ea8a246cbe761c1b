"""LINE: the text of "Export chat history"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import IO

from masa_rag.sources._chats.files import ChatFile
from masa_rag.sources._chats.texts import Opening, TextChats
from masa_rag.sources._lines import head_lines, text_lines
from masa_rag.sources._whatsapp.clock import DateOrder, Stamp, local_time, stamp_alone, time_alone

_MARK = "[LINE]"
_TITLE = re.compile(
    r"\[LINE\] ?(?:chat history (?:with|in) |ประวัติการ(?:สนทนา|แชท)กับ ?|[與与](?=.+的))?\"?(?P<title>.+?)\"?"
    r"(?:との?トーク履歴|のトーク履歴|的聊天[記记][錄录])?",
    re.IGNORECASE,
)
_DAY = re.compile(r"(?:[^\s\d]{1,12} )?(?P<date>\d{1,4}[./]\d{1,2}[./]\d{1,4})(?: ?[^\s\d]{1,16})?")
"""What stands alone below a blank line where a day begins: 2024/01/15(Mon), 2024.01.15 Monday, Sat, 18/05/2024."""
_SAID = re.compile(r"(?P<clock>[^\d\t]{0,8}\d{1,2}:\d{2}[^\d\t]{0,8})\t(?P<who>[^\t]*)(?:\t(?P<text>.*))?")
_SENT = re.compile(
    r"\[(?:sticker|photo|video|file|gif|voice message|location|contact|album|"
    r"スタンプ|写真|動画|ファイル|ボイスメッセージ|位置情報|連絡先|アルバム|"
    r"貼圖|照片|圖片|影片|檔案|語音訊息|位置訊息|聯絡資訊|相簿|贴图|图片|视频|文件|"
    r"สติกเกอร์|รูป|ภาพ|รูปภาพ|วิดีโอ|วีดีโอ|ไฟล์|ข้อความเสียง|"
    r"스티커|사진|동영상|파일|음성 메시지|stiker|foto|berkas|pesan suara)\]|☎.*",
    re.IGNORECASE,
)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class LineExport(TextChats):
    """Chats saved from LINE, in any of its languages: one document a chat and UTC day, each message a segment.

    Stickers, pictures, calls and what the app says are left out. Messages have neither ids nor a zone: an id is made of
    chat, time, sender and text, so that exports which overlap merge.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name; by default ``line:`` and the file's.
        timezone: IANA name of the zone that the exporting phone was in.
    """

    form = "line"

    @classmethod
    def _is_known(cls, head: bytes) -> bool:
        lines = head_lines(head)
        return bool(lines) and lines[0].startswith(_MARK) and any(map(_SAID.fullmatch, lines))

    def _title(self, file: ChatFile) -> str:
        with file.open() as stream:
            first = next((line for line in text_lines(stream) if line.strip()), "")
        match = _TITLE.fullmatch(first.strip())
        return match["title"].strip() if match is not None else super()._title(file)

    def _opening(self, file: ChatFile) -> Callable[[str], Opening | None]:
        with file.open() as stream:
            return _Lines(_day_first(stream))

    def _words(self, text: str) -> str:
        if "\n" in text and text[:1] == text[-1:] == '"':  # so are messages of several lines
            text = text[1:-1].replace('""', '"')
        return "" if _SENT.fullmatch(text) else text


class _Lines:
    """Knows of each line what it opens, from those before it."""

    def __init__(self, day_first: bool) -> None:
        self._day_first = day_first
        self._day = ""
        self._below_blank = True

    def __call__(self, line: str) -> Opening | None:
        below_blank, self._below_blank = self._below_blank, not line.strip()
        if below_blank and (day := _day(line)) is not None:
            self._day = day
            return Opening()
        match = _SAID.fullmatch(line)
        if match is None:
            return None
        if not match["text"] or not match["who"].strip():  # what the app says
            return Opening()
        when = time_alone(f"{self._day}, {match['clock'].strip()}", day_first=self._day_first)
        return Opening(match["who"], when, match["text"])


def _day(line: str) -> str | None:
    match = _DAY.fullmatch(bare := line.strip())
    return match["date"] if match is not None and match["date"] != bare else None  # without its weekday it is a word


def _day_first(file: IO[bytes]) -> bool:
    """Say whether the day comes before the month: by their weekdays, in English, else as WhatsApp's dates tell."""
    order, votes = DateOrder(), 0
    for line, stamp in _days(file):
        order.add(stamp)
        first, second = (local_time(stamp, day_first=value) for value in (True, False))
        votes += _is_named(line, first) - _is_named(line, second)
    return votes > 0 if votes else order.day_first()


def _days(file: IO[bytes]) -> Iterator[tuple[str, Stamp]]:
    for line in text_lines(file):
        if (day := _day(line)) is not None and (stamp := stamp_alone(f"{day}, 0:00")) is not None:
            yield line, stamp


def _is_named(line: str, day: datetime | None) -> bool:
    return day is not None and _WEEKDAYS[day.weekday()] in line.lower()
