"""Skype, and Teams for home: the conversations in the export that Microsoft gives people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from masa_rag._ids import digest
from masa_rag.errors import RecordError
from masa_rag.sources._chats.cooked import cooked_text
from masa_rag.sources._chats.exports import ChatExport, values_in
from masa_rag.sources._chats.fields import clean, id_of, kept, text_of, time_of
from masa_rag.sources._chats.files import ChatFile
from masa_rag.sources._chats.messages import Room, Said
from masa_rag.sources._jsonstream import ITEM, Closed, peek
from masa_rag.types import Segment

_LIST = ("conversations",)
_ONE = (*_LIST, ITEM)
_MESSAGES = (*_ONE, "MessageList")
_INTO = frozenset({(), _LIST, _ONE, _MESSAGES})
_HEAD_VALUES = 400
"""How many values of a file's beginning are looked at: conversations in which nothing is said may come first."""
_WRITTEN = ("RichText", "Text")
"""Kinds of messages that somebody wrote; the others are calls, joins, media and cards."""
_QUOTE = re.compile(r"<quote\b(?P<about>[^>]{0,2000})>.*?</quote>", re.DOTALL)
_QUOTED_ID = re.compile(r"\bmessageid=\"([^\"]+)\"")
_EDIT = re.compile(r"<e_m\b[^>]{0,200}?\bts=\"(\d{9,11})\"")
_MARK = re.compile(r"</?(?:e_m|legacyquote|ss|at|b|i|s|pre|c_i)\b[^>]{0,400}>")
"""Marks of Skype's own; what stands between them is what was written."""
_LONGEST = 100_000
"""Characters of a message; Skype's own limit is 8,000."""
_NAME = re.compile(r"^\d+:(?:live:)?")


class SkypeExport(ChatExport):
    """Conversations of Skype, and of Teams for home, one document a conversation and UTC day.

    Reads ``messages.json`` of *Export chat history*, unpacked from its ``.tar``, on disk or in a zip. What a message
    quotes is left out, and the message answers it.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name in the memory; by default ``skype``, so that exports which overlap meet.

    Calls, joins, media and deleted messages are left out. Who has no name in the export goes by the Skype name.
    """

    form = "skype"
    global_ids = True
    by_content = True
    suffixes: ClassVar[frozenset[str]] = frozenset({".json", ".zip"})
    beside: ClassVar[tuple[str, ...]] = ("endpoints.json",)

    @classmethod
    def _is_known(cls, head: bytes) -> bool:
        values = peek(head, into=_INTO, limit=_HEAD_VALUES)
        return any(path == (*_MESSAGES, ITEM) and _is_message(value) for path, value in values)

    def _messages(self, file: ChatFile) -> Iterator[Said | RecordError]:
        """Yield the messages of a file; a conversation is named before its messages."""
        about: dict[str, Any] = {}
        for item in values_in(file, into=_INTO, is_message=_is_message, of="Skype"):
            if isinstance(item, RecordError):
                yield item
            elif isinstance(item, Closed):
                about = {} if item.path == _ONE else about
            elif _is_message(item[1]):
                yield from _said(item[1], about, str(file.path))
            elif item[0][:-1] == _ONE:
                about[item[0][-1]] = item[1]


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and {"originalarrivaltime", "messagetype", "content"} <= value.keys()


def _said(record: dict[str, Any], about: dict[str, Any], label: str) -> Iterator[Said | RecordError]:
    written = text_of(record, "content")[:_LONGEST]
    if text_of(record, "messagetype") not in _WRITTEN or not written:
        return
    place = id_of(record, "conversationid") or id_of(about, "id")
    created_at = time_of(record.get("originalarrivaltime"))
    if created_at is None:
        problem = f"received the time {str(record.get('originalarrivaltime'))[:40]!r}; expected ISO 8601"
        yield RecordError(problem, record_id=label)
        return
    room = _room(about, place)
    sender = id_of(record, "from")
    author = text_of(record, "displayName") or (room.title if sender == place else _NAME.sub("", sender))
    edit, (text, quoted) = _EDIT.search(written), _text(written)
    if text:
        identity = id_of(record, "id") or digest(place, created_at.isoformat(), author, text)
        yield Said(
            room,
            Segment(
                text, author or None, created_at, id=f"{place}/{identity}",
                reply_to=f"{place}/{quoted}" if quoted is not None else None,
                edited_at=time_of(edit[1]) if edit is not None else None,
                metadata=kept({"username": _NAME.sub("", sender)}),
            ),
        )  # fmt: skip


def _room(about: dict[str, Any], place: str) -> Room:
    title = text_of(about, "displayName") or text_of(about.get("threadProperties"), "topic") or _NAME.sub("", place)
    return Room(place, title, metadata={"platform": "skype"})


def _text(written: str) -> tuple[str, str | None]:
    """Return what somebody wrote, without what it quotes, and the id of the message that is quoted."""
    quoting, end, own = written.rpartition("</quote>")
    quote = _QUOTE.search(quoting + end)
    quoted = _QUOTED_ID.search(quote["about"]) if quote is not None else None
    lines = _MARK.sub("", _QUOTE.sub("", quoting + end) + own).replace("\r\n", "\n").split("\n")
    text = clean("\n".join(cooked_text(line, hidden=frozenset()) for line in lines))  # its breaks are the person's
    return text, quoted[1] if quoted is not None else None
