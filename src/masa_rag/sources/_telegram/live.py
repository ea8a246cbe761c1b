"""One message as telethon gives it, and the chat or topic in which it was said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._chats.fields import clean, counts_of, kept
from masa_rag.sources._chats.messages import Room, Said
from masa_rag.sources._telegram.json import topic_room
from masa_rag.sources._telegram.message import DELETED, with_links
from masa_rag.types import Segment

_CHANNEL_MARK = 1_000_000_000_000
"""What telethon adds to a channel's number before it turns the sign (its "Chats vs Channels")."""

_QUOTATION = "MessageEntityBlockquote"
"""The class of telethon's that stands for a quotation."""


class Rooms:
    """The chat, and the rooms of its topics, which are the export's.

    Args:
        entity: The chat.
        ask: Returns the message of a number, None if there is none.
    """

    def __init__(self, entity: Any, ask: Callable[[int], Any]) -> None:
        self._chat = _room(entity)
        self._ask = ask
        self._topics: dict[int, Room] = {}

    def of(self, record: Any) -> Room:
        """Return the room of a message. A topic's name stands in the message that opened it."""
        header = getattr(record, "reply_to", None)
        if getattr(header, "forum_topic", None) is not True:
            return self._chat
        topic = getattr(header, "reply_to_top_id", None) or getattr(header, "reply_to_msg_id", None)
        if not isinstance(topic, int):
            return self._chat
        if topic not in self._topics:
            title = getattr(getattr(self._ask(topic), "action", None), "title", None)
            named = isinstance(title, str) and clean(title)
            self._topics[topic] = topic_room(self._chat, str(topic), named) if named else self._chat
        return self._topics[topic]


def _room(entity: Any) -> Room:
    identity, title = str(getattr(entity, "id", "unknown")), _name(entity)
    of_many = getattr(entity, "megagroup", False) or getattr(entity, "broadcast", False)
    link = f"https://t.me/c/{identity}" if of_many else None
    metadata = kept({"platform": "telegram", "chat_id": identity, "username": getattr(entity, "username", None)})
    return Room(identity, title or f"Telegram {identity}", link, metadata=metadata)


def _name(person: Any) -> str | None:
    """Return how a user or chat is called; None for nobody."""
    if person is None:
        return None
    if getattr(person, "deleted", False):
        return DELETED
    full = " ".join(filter(None, (getattr(person, "first_name", None), getattr(person, "last_name", None))))
    name = getattr(person, "title", None) or full or getattr(person, "username", None)
    return clean(name) if isinstance(name, str) and clean(name) else None


def said(record: Any, rooms: Rooms) -> Iterator[Said | RecordError]:
    """Yield a message that somebody wrote; service messages have an action, media alone have no text."""
    if getattr(record, "action", None) is not None or not (getattr(record, "message", None) or _poll(record)):
        return
    room = rooms.of(record)
    number, created_at = getattr(record, "id", None), getattr(record, "date", None)
    if not isinstance(number, int) or not isinstance(created_at, datetime) or not isinstance(record.message, str):
        yield RecordError(
            "received a message without number, date or text; expected all", record_id=f"{room.id}/{number}"
        )
        return
    entities = getattr(record, "entities", None) or ()
    links = ((item.offset, item.length, getattr(item, "url", None)) for item in entities)
    quoted = ((item.offset, item.length) for item in entities if type(item).__name__ == _QUOTATION)
    if text := "\n".join(filter(None, (with_links(record.message, links, quoted), _poll(record)))):
        yield Said(room, _segment(record, text, link=f"{room.url}/{number}" if room.url else None))


def _poll(record: Any) -> str:
    """Return a poll's question and answers as an export's; the votes move, and are no words."""
    poll = getattr(getattr(record, "media", None), "poll", None)
    question, *answers = (_words(getattr(poll, "question", None)), *map(_words, getattr(poll, "answers", None) or ()))
    return "\n".join([question, *(f"- {answer}" for answer in answers if answer)]) if question else ""


def _words(value: Any) -> str:
    """Return a text, which lies in an object of its own since 2024, and in an answer's."""
    while value is not None and not isinstance(value, str):
        value = getattr(value, "text", None)
    return clean(value or "")


def _segment(record: Any, text: str, *, link: str | None) -> Segment:
    sender, author_id = getattr(record, "sender", None), _peer(getattr(record, "sender_id", None))
    edited = getattr(record, "edit_date", None)
    header = getattr(record, "reply_to", None)
    elsewhere = getattr(header, "reply_to_peer_id", None) is not None  # there the number is another message's
    reply = getattr(header, "reply_to_msg_id", None) if not elsewhere else None
    forward = getattr(record, "fwd_from", None)
    return Segment(
        text,
        author=_name(sender) or getattr(record, "post_author", None) or author_id,
        created_at=record.date,
        url=link,
        id=str(record.id),
        reply_to=str(reply) if reply else None,
        edited_at=edited if isinstance(edited, datetime) else None,
        metadata=kept({
            "author_id": author_id,
            "handle": getattr(sender, "username", None),
            "forwarded_from": getattr(forward, "from_name", None),
            "reactions": _reactions(record),
        }),
    )  # fmt: skip


def _peer(number: Any) -> str | None:
    """Return ``user1``, ``chat1`` or ``channel1``; telethon marks groups and channels by the sign."""
    if not isinstance(number, int) or number == 0:
        return None
    if number > 0:
        return f"user{number}"
    return f"channel{-number - _CHANNEL_MARK}" if -number > _CHANNEL_MARK else f"chat{-number}"


def _reactions(record: Any) -> dict[str, int]:
    results = getattr(getattr(record, "reactions", None), "results", None) or ()
    return counts_of((getattr(item.reaction, "emoticon", None), item.count) for item in results)
