"""iMessage and SMS: the texts that imessage-exporter writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from masa_rag.sources._chats.dates import worded
from masa_rag.sources._chats.files import ChatFile
from masa_rag.sources._chats.texts import Opening, TextChats
from masa_rag.sources._lines import head_lines

_TIME = r"(?P<time>[A-Z][a-z]{2} \d{2}, \d{4} [ \d]\d:\d{2}:\d{2} [AP]M)"
_HEAD = re.compile(rf"(?P<reply> {{4}})?{_TIME}(?: \((?:Read|Delivered|Opened) .*\))?")
"""What opens a message, above its author. An answer also stands, indented, in the message that it answers."""
_TOLD = re.compile(rf"{_TIME} \S.*")
"""What the app itself says, and the first wording of a message that was edited."""
_EDITED = re.compile(r"Edited [^:]{1,60} later: (?P<text>.*)")
_TAPBACKS = re.compile(r"(?m)^(?:Tapbacks|Reactions):\n(?:.{1,60} (?:by|from) .+(?:\n|\Z))*")
_ADDED = re.compile(
    r"This message (?:responded to an earlier message\.|was deleted from the conversation!)|Attachment missing!|"
    r"Sent with (?:Confetti|Echo|Fireworks|Balloons|Heart|Lasers|Shooting Start?|Sparkles|Spotlight|Slam|Loud|Gentle|"
    r"Invisible Ink)|Sticker from .+: \S.*|(?:/Users/|/private/|/var/|~/Library/|attachments/)\S.*\.\w{2,5}"
)
"""What the exporter adds to a message: how it was sent, and where its files lie."""


class IMessageExport(TextChats):
    """Chats of iMessage, SMS and RCS as imessage-exporter writes them as text: a document is a chat's UTC day.

    The chat is named after its file. Tapbacks, stickers, files and what the app says are left out; of a message that
    was edited the first wording is. An id is made of chat, time, author and text, so that exports which overlap merge.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name; by default ``imessage:`` and the file's or folder's.
        timezone: IANA name of the zone of the computer that exported.
    """

    form = "imessage"

    @classmethod
    def _is_known(cls, head: bytes) -> bool:
        lines = head_lines(head)
        opens = bool(lines) and (_HEAD.fullmatch(lines[0]) or _TOLD.fullmatch(lines[0])) is not None
        return opens and any(map(_HEAD.fullmatch, lines))

    def _opening(self, file: ChatFile) -> Callable[[str], Opening | None]:
        return _Lines()

    def _words(self, text: str) -> str:
        lines = _TAPBACKS.sub("", f"{text}\n").split("\n")
        return "\n".join(line for line in lines if not _ADDED.fullmatch(line.strip())).strip()


class _Lines:
    """Knows of each line what it opens, from those before it."""

    def __init__(self) -> None:
        self._when: datetime | None = None
        self._author: str | None = None
        self._is_head = False

    def __call__(self, line: str) -> Opening | None:
        if (head := _HEAD.fullmatch(line)) is not None:
            self._is_head, self._author, self._when = head["reply"] is None, None, worded(head["time"])
            return Opening()
        if self._is_head:
            self._is_head, self._author = False, line.strip()
            return Opening(self._author, self._when)
        if _TOLD.fullmatch(line):
            return Opening()
        if self._author is not None and (edited := _EDITED.fullmatch(line)) is not None:
            return Opening(self._author, self._when, edited["text"])
        return None
