"""Telegram chats as JSON: Telegram Desktop's ``result.json``, Masa's answers, gotd's messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._chats.fields import id_of, kept, list_of, text_of
from masa_rag.sources._chats.files import ChatFile
from masa_rag.sources._chats.messages import Room, Said
from masa_rag.sources._jsonstream import ITEM, Closed, json_values, peek
from masa_rag.sources._jsonstream import Path as Place
from masa_rag.sources._telegram.message import (
    desktop_message,
    gotd_message,
    gotd_peer,
    is_desktop,
    is_gotd,
    is_masa,
    masa_message,
)
from masa_rag.types import Segment

CHAT_TYPES = frozenset({
    "saved_messages", "replies", "verify_codes", "personal_chat", "bot_chat", "private_group", "private_supergroup",
    "public_supergroup", "private_channel", "public_channel",
})  # fmt: skip
_UNNAMED = {"saved_messages": "Saved messages", "replies": "Replies", "verify_codes": "Verification codes"}
_LISTS = ("chats", "left_chats")
_CHATS = frozenset({()} | {(name, "list", ITEM) for name in _LISTS})
_ACCOUNT = frozenset({"about", "personal_information", *_LISTS})
"""What opens the export of a whole account; that of one chat opens with its name, type and id."""
_BEFORE_CHATS = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*\{\s*"about":\s*"[^"\n]{0,500}Telegram[^"\n]{0,1000}",\s*'
    rb'"(?:profile_pictures|stories|contacts|frequent_contacts|other_data|sessions)":\s*[{\[]'
)
"""How an account's export opens that has so many contacts or pictures that no chat lies in a file's beginning."""
_INTO = frozenset(
    {(), ("data",), ("messages",)}
    | {(name, *rest) for name in _LISTS for rest in ((), ("list",), ("list", ITEM), ("list", ITEM, "messages"))}
)


def is_telegram_json(head: bytes) -> bool:
    """Say whether this is the beginning of one of the known shapes."""
    if _BEFORE_CHATS.match(head):
        return True
    values = peek(head, into=_INTO, limit=40)
    kinds = {value for path, value in values if path[-1:] == ("type",) and isinstance(value, str)}
    for path, value in values:
        if (
            path == ("personal_information",)
            and isinstance(value, dict)
            and {"user_id", "phone_number"} <= value.keys()
        ):
            return True
        if path[-1:] == (ITEM,) and (is_gotd(value) or any(map(is_masa, [value, *list_of(value, "messages")]))):
            return True
        if path[-2:] == ("messages", ITEM) and is_desktop(value) and kinds & CHAT_TYPES:
            return True
    return False


def is_account(head: bytes) -> bool:
    """Say whether this is the beginning of a whole account's export."""
    return any(path and path[0] in _ACCOUNT for path, _ in peek(head, into=_INTO, limit=3))


def json_messages(file: ChatFile, zone: tzinfo) -> Iterator[Said | RecordError]:
    """Yield the messages of a file, whichever of the shapes it has."""
    with file.open() as stream:
        items = json_values(stream, into=_INTO, label=str(file.path), resembles=_resembles)
        yield from _Reader(file.path, zone).read(items)


def _resembles(value: Any) -> bool:
    return is_desktop(value) or is_masa(value) or is_gotd(value)


@dataclass(slots=True)
class _Chat:
    """What is known of the chat that is being read."""

    about: dict[str, Any] = field(default_factory=dict)
    room: Room | None = None
    topics: dict[str, str] = field(default_factory=dict)
    topic_of: dict[str, str] = field(default_factory=dict)


class _Reader:
    def __init__(self, path: Path, zone: tzinfo) -> None:
        self._path = path
        self._zone = zone
        self._chat = _Chat()

    def read(self, items: Iterable[tuple[Place, Any] | Closed | RecordError]) -> Iterator[Said | RecordError]:
        for item in items:
            if isinstance(item, RecordError):
                yield item
            elif isinstance(item, Closed):
                if item.path in _CHATS:
                    self._chat = _Chat()
            elif item[0][-1:] == (ITEM,):
                yield from self._records(item[1])
            elif item[0] and item[0][:-1] in _CHATS:
                self._chat.about[item[0][-1]] = item[1]
                self._chat.room = None

    def _records(self, value: Any) -> Iterator[Said | RecordError]:
        nested = value.get("messages") if isinstance(value, dict) else None
        for record in nested if isinstance(nested, list) else [value]:
            try:
                yield from self._record(record)
            except RecordError as error:
                yield error

    def _record(self, record: Any) -> Iterator[Said]:
        label = str(self._path)
        if is_masa(record):
            room = Room(self._path.stem, self._path.stem, metadata={"platform": "telegram"})
            yield from _spoken(room, masa_message(record, label=label, zone=self._zone))
        elif is_gotd(record):
            yield from _spoken(_gotd_room(record), gotd_message(record, label=label))
        elif isinstance(record, dict) and "type" in record:
            yield from self._desktop(record, label)
        else:
            kind = type(record).__name__
            raise RecordError(f"received {kind}; expected a Telegram message with id, type and date", record_id=label)

    def _desktop(self, record: dict[str, Any], label: str) -> Iterator[Said]:
        if record["type"] != "message":
            if text_of(record, "action") == "topic_created":
                self._chat.topics[id_of(record, "id")] = text_of(record, "title")
            return
        room = self._chat.room = self._chat.room if self._chat.room is not None else self._room()
        segment = desktop_message(record, label=label, link=room.url, chat=room.id, zone=self._zone)
        yield from _spoken(self._topic_room(room, segment), segment)

    def _room(self) -> Room:
        about = self._chat.about
        kind, identity = text_of(about, "type"), id_of(about, "id")
        title = text_of(about, "name") or _UNNAMED.get(kind) or identity or self._path.stem
        link = f"https://t.me/c/{identity}" if identity and kind.endswith(("channel", "supergroup")) else None
        metadata = kept({"platform": "telegram", "chat_type": kind, "chat_id": identity})
        return Room(identity or title, title, link, metadata=metadata)

    def _topic_room(self, room: Room, segment: Segment) -> Room:
        """The topic's own room when the message answers the topic's first message, or one that does."""
        if not self._chat.topics or segment.reply_to is None:
            return room
        topic = self._chat.topic_of.get(segment.reply_to, segment.reply_to)
        title = self._chat.topics.get(topic)
        if title is None:
            return room
        self._chat.topic_of[str(segment.id)] = topic
        return topic_room(room, topic, title)


def topic_room(room: Room, topic: str, title: str) -> Room:
    """Return the room of a topic of a chat, by the number of the message that opened it."""
    metadata = dict(room.metadata) | {"topic": title}
    return Room(f"{room.id}/topic/{topic}", f"{room.title} > {title}", room.url, metadata=metadata)


def _spoken(room: Room, segment: Segment) -> Iterator[Said]:
    if segment.text:
        yield Said(room, segment)


def _gotd_room(record: dict[str, Any]) -> Room:
    peer = gotd_peer(record.get("PeerID"))
    identity = peer.lstrip("abcdefghijklmnopqrstuvwxyz") or "unknown"
    return Room(identity, f"Telegram {peer}".strip(), metadata=kept({"platform": "telegram", "chat_id": identity}))
