"""Messenger and Instagram: the chats in the copy that Meta gives people of their data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from masa_rag._ids import digest
from masa_rag.errors import RecordError
from masa_rag.sources._base import read_head
from masa_rag.sources._chats.exports import ChatExport
from masa_rag.sources._chats.fields import clean, kept, list_of, text_of, texts_of, time_of
from masa_rag.sources._chats.files import ChatFile, is_zip
from masa_rag.sources._chats.messages import FIRST_FILES, Room, Said
from masa_rag.sources._chats.zoned import ZonedSource
from masa_rag.sources._jsonstream import ITEM, json_values, peek
from masa_rag.sources._messenger.page import PAGE, is_page, may_be_page, page_values
from masa_rag.types import Segment

_INTO = frozenset({(), ("messages",)})
_MEDIA = ("photos", "videos", "gifs", "audio_files", "files", "media")
_PART = re.compile(r"message_\d+\.json")
_SENT = re.compile(
    r"(?P<who>.+) (?:sent (?:an attachment|a (?:photo|video|voice message|sticker|GIF|link|location))\.|"
    r"started (?:an audio call|a video (?:call|chat))\.?)"
)
_BY_MACHINE = re.compile(
    r"Liked a message|Reacted .{1,20} to (?:your|a) message|You are now connected on Messenger\.|"
    r"You missed a (?:video )?call from .+\.|(?:Audio call|Video (?:call|chat)) ended\.?"
)
"""What an export has as the text of messages without one, in English; in other languages it cannot be told."""
_EARLIEST, _LATEST = 1e11, 1e14
"""Milliseconds, in the years 1973 and 5138."""


class MessengerExport(ZonedSource, ChatExport):
    """Chats of Messenger and Instagram, one document a chat and UTC day.

    Reads ``message_1.json`` and its like of *Download your information*, of Facebook and of Instagram, and the chats
    that Messenger gives from its secure storage, on disk or in a zip. Letters that Facebook writes as bytes (``Ã©``)
    are mended. Messages have no ids: an id is made of chat, time, author and text. Where there are only pages
    (``message_1.html``), these are read, but their times name no zone, and JSON is the better choice.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name in the memory; by default ``messenger``, so that exports which overlap meet.
        timezone: IANA name of the zone of the times in pages.

    Calls, joins, messages that were taken back and those without text are left out.
    """

    form = "messenger"
    global_ids = True
    by_content = True
    suffixes: ClassVar[frozenset[str]] = frozenset({".json", ".html", ".zip"})

    @classmethod
    def _is_known(cls, head: bytes) -> bool:
        return may_be_page(head) or any(
            path == ("messages", ITEM) and _is_message(value) for path, value in peek(head, into=_INTO)
        )

    @classmethod
    def _is_file(cls, path: Path, head: bytes) -> bool:
        return is_page(path, head) or (path.suffix.lower() != ".html" and cls._is_known(head))

    @classmethod
    def _is_folder(cls, folder: Path) -> bool:
        """Say whether a folder is a chat's, with the media that were sent in it, or the one of all chats in a copy."""
        deeper = {"messages": ("*/*/",), "inbox": ("*/",)}.get(folder.name, ())
        names = (f"{depth}message_1.{kind}" for depth in ("", *deeper) for kind in ("json", "html"))
        parts = (part for name in names for part in islice(folder.glob(name), FIRST_FILES))
        return any(cls._is_file(part, read_head(part)) for part in parts)

    @classmethod
    def _may_hold(cls, item: Path) -> bool:
        """Say whether a file of a zip may hold a chat, by its name: in secure storage they lie at the top."""
        named = _PART.fullmatch(item.name) or PAGE.fullmatch(item.name)
        return named is not None or (is_zip(item.parent) and item.suffix.lower() == ".json")

    def _takes(self, path: Path) -> bool:
        """Take of a folder what holds messages, and a page only where the JSON does not say the same."""
        return super()._takes(path) and not (path.suffix == ".html" and path.with_suffix(".json").is_file())

    def _messages(self, file: ChatFile) -> Iterator[Said | RecordError]:
        """Yield the messages of a file; the JSON names the chat behind them, and has 10,000 at most."""
        about: dict[str, Any] = {}
        records: list[dict[str, Any]] = []
        for item in page_values(file, self._zone) if is_page(file.path, file.head()) else _values(file):
            if isinstance(item, RecordError):
                yield item
            elif item[0] == "message":
                records.append(item[1])
            else:
                about[item[0]] = item[1]
        if not records:
            yield RecordError("holds no messages of Messenger or Instagram in a known shape", record_id=str(file.path))
        room = _room(about, file.path)
        for record in records:
            yield from _said(record, room, str(file.path))


def _is_message(value: Any) -> bool:
    """Say whether this is a message, of Meta's copies or of secure storage."""
    return isinstance(value, dict) and (
        {"sender_name", "timestamp_ms"} <= value.keys() or {"senderName", "timestamp", "isUnsent"} <= value.keys()
    )


def _values(file: ChatFile) -> Iterator[tuple[str, Any] | RecordError]:
    """Yield ("message", a record) and what is told of the chat, by its name."""
    with file.open() as stream:
        for item in json_values(stream, into=_INTO, label=str(file.path), resembles=_is_message):
            if isinstance(item, RecordError):
                yield item
            elif isinstance(item, tuple) and item[0] == ("messages", ITEM) and _is_message(item[1]):
                yield "message", item[1]
            elif isinstance(item, tuple) and len(item[0]) == 1 and item[0][0] != "message":
                yield item[0][0], item[1]


def _room(about: dict[str, Any], path: Path) -> Room:
    own = path.parent.name if _PART.fullmatch(path.name) or PAGE.fullmatch(path.name) else path.stem
    place = _words(about, "thread_path", "threadName") or own
    title = _words(about, "title") or re.sub(r"_\d+$", "", place.rpartition("/")[2])
    return Room(place, title, metadata={"platform": "messenger"})


def _said(record: dict[str, Any], room: Room, label: str) -> Iterator[Said | RecordError]:
    moment = record.get("timestamp_ms", record.get("timestamp"))
    created_at = None
    if isinstance(moment, (int, float)) and _EARLIEST < moment < _LATEST:
        created_at = time_of(moment / 1000)
    author = _words(record, "sender_name", "senderName")
    if created_at is None:
        yield RecordError(f"received the time {str(moment)[:40]!r}; expected Unix milliseconds", record_id=label)
    elif text := _text(record, author):
        identity = digest(room.id, created_at.isoformat(), author, text)
        yield Said(room, Segment(text, author or None, created_at, id=identity, metadata=_metadata(record)))


def _text(record: dict[str, Any], author: str) -> str:
    """Return what somebody wrote or shared, "" for what the machine says and what was taken back."""
    kind, is_unsent = text_of(record, "type"), record.get("isUnsent", record.get("is_unsent"))
    words, link = _words(record, "content", "text"), text_of(record.get("share"), "link")
    if is_unsent is True or "call_duration" in record or kind in ("Call", "Subscribe", "Unsubscribe", "placeholder"):
        return ""
    sent = _SENT.fullmatch(words)
    if _BY_MACHINE.fullmatch(words) or (sent is not None and (sent["who"] == "You" or author.startswith(sent["who"]))):
        words = ""
    return "\n".join(part for part in (words, link if link not in words else "") if part)


def _metadata(record: dict[str, Any]) -> dict[str, Any]:
    files = [PurePosixPath(file).name for kind in _MEDIA for file in texts_of(record, kind, "uri")]
    reactions = Counter(_words(item, "reaction") for item in list_of(record, "reactions"))
    return kept({"attachments": files, "reactions": dict(reactions)})


def _words(record: dict[str, Any], *names: str) -> str:
    """Return the first of the fields that is a text; one whose letters are the bytes of UTF-8, one each, is mended."""
    text = next((value for name in names if isinstance(value := record.get(name), str)), "")
    with suppress(UnicodeError):  # it is written as it should be
        text = text.encode("latin-1").decode("utf-8")
    return clean(text)
