"""One Discord message of the API's or DiscordChatExporter's shape becomes a segment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from masa_rag._time import EPOCH
from masa_rag.errors import RecordError
from masa_rag.sources._chats.fields import clean, content_of, counts_of, id_of, kept, list_of, text_of, time_of
from masa_rag.types import Segment

EPOCH_MS = 1_420_070_400_000
"""Discord's epoch, 2015-01-01; the upper bits of an id are milliseconds since then (API reference, "Snowflakes")."""

_SPOKEN_TYPES = frozenset({0, 19, 20, 21, 23})
"""Message types that somebody wrote: default, reply, slash command, thread starter, context menu command."""
_SYSTEM_TYPES = frozenset({
    "RecipientAdd", "RecipientRemove", "Call", "ChannelNameChange", "ChannelIconChange",
    "ChannelPinnedMessage", "GuildMemberJoin", "ThreadCreated",
})  # fmt: skip
_TEXT_DISPLAY = 10
_MARKUP = re.compile(
    r"<(?:@(?P<user>!?\d+)|@&(?P<role>\d+)|\#(?P<channel>\d+)|a?:(?P<emoji>\w+):\d+"
    r"|t:(?P<time>-?\d{1,12})(?::[tTdDfFRsS])?|/(?P<command>[^:<>\n]{1,100}):\d+|id:(?P<page>\w+))>"
)


@dataclass(slots=True)
class Names:
    """What an export itself tells of the names behind ids, gathered while it is read."""

    users: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)

    def readable(self, text: str) -> str:
        """Replace ``<@1>``, ``<@&1>``, ``<#1>``, ``<:wave:1>``, ``<t:1>`` and ``</help:1>``.

        An id that nobody names stays as a number: ``@1``.
        """
        return _MARKUP.sub(self._name, text) if "<" in text else text

    def _name(self, match: re.Match[str]) -> str:
        kind, value = str(match.lastgroup), match[str(match.lastgroup)]
        if kind == "time":
            return _clock_text(value) or match[0]
        number = value.lstrip("!")
        known = {"user": self.users, "role": self.roles, "channel": self.channels}.get(kind, {})
        form = {"user": "@{}", "role": "@{}", "channel": "#{}", "emoji": ":{}:", "command": "/{}", "page": "#{}"}[kind]
        return form.format(self.given.get(number) or known.get(number) or number)


def _clock_text(seconds: str) -> str | None:
    moment = time_of(seconds)
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else None


def snowflake_time(identity: str) -> datetime | None:
    """Return when the id was made, to the millisecond; None when it is no Discord id."""
    if not (identity.isascii() and identity.isdecimal() and 15 <= len(identity) <= 20):
        return None
    return EPOCH + timedelta(milliseconds=(int(identity) >> 22) + EPOCH_MS)


def spoken(record: dict[str, Any]) -> bool:
    """Say whether somebody wrote this message; joins, pins, calls and the like are the machine's."""
    kind = record.get("type", 0)
    if isinstance(kind, str) and not kind.isdecimal():
        return kind not in _SYSTEM_TYPES
    return not isinstance(kind, (int, str)) or int(kind) in _SPOKEN_TYPES


def message(record: Any, names: Names, *, label: str, link: str | None = None, channel: str = "") -> Segment:
    """Return the message; its text is "" when it has none. Raises RecordError when it is not one.

    Args:
        record: An object of the API or of DiscordChatExporter.
        names: Learns the people and channels that the message names.
        label: Where it was read, for errors.
        link: Address of its channel, to which the message's id is added.
        channel: Id of its channel, where the message does not name it; "" if it is not known.
    """
    identity = id_of(record, "id")
    if not identity:
        raise RecordError("received a message without an id; expected a Discord message", record_id=label)
    learn(record, names)
    where = f"{label}: message {identity}"
    created_at = time_of(record.get("timestamp")) or snowflake_time(identity)
    if created_at is None:
        raise RecordError(f"received the timestamp {record.get('timestamp')!r}; expected ISO 8601", record_id=where)
    return Segment(
        text=_text(record, where),
        author=_display_name(record.get("author")),
        created_at=created_at,
        url=f"{link}/{identity}" if link else None,
        id=identity,
        reply_to=_answered(record, channel),
        edited_at=time_of(record.get("edited_timestamp") or record.get("timestampEdited")),
        metadata=_metadata(record),
    )


def learn(record: dict[str, Any], names: Names) -> None:
    """Remember the names of the author, of the people mentioned or answered, and of the thread."""
    answered = record.get("referenced_message")
    others = (answered.get("author"), *list_of(answered, "mentions")) if isinstance(answered, dict) else ()
    for person in (*others, record.get("author"), *list_of(record, "mentions")):
        if (number := id_of(person, "id")) and (name := _display_name(person)):
            names.users[number] = name
    for channel in (record.get("thread"), *list_of(record, "mention_channels")):
        if (number := id_of(channel, "id")) and (name := text_of(channel, "name")):
            names.channels[number] = name


def _display_name(person: object) -> str | None:
    member = person.get("member") if isinstance(person, dict) else None
    name = text_of(person, "nickname", "global_name") or text_of(member, "nick") or text_of(person, "username", "name")
    return name or id_of(person, "id") or (clean(person) if isinstance(person, str) else "") or None


def _answered(record: dict[str, Any], channel: str) -> str | None:
    reference = record.get("message_reference", record.get("reference"))
    if not isinstance(reference, dict) or reference.get("type") in (1, "Forward") or any(_forwarded(record)):
        return None
    here = id_of(record, "channel_id", "channelID") or channel
    there = id_of(reference, "channel_id", "channelId")
    if here and there and here != there:
        return None  # a crosspost or a thread's first message: not a message of this channel
    return id_of(reference, "message_id", "messageId") or None


def _text(record: dict[str, Any], where: str) -> str:
    parts = [content_of(record, "content", record_id=where), *_forwarded(record)]
    author = record.get("author")
    by_machine = isinstance(author, dict) and bool(author.get("bot") or author.get("isBot"))
    said = any(parts)
    for embed in list_of(record, "embeds"):
        if not said or by_machine or embed.get("type") == "rich":  # else the preview of a link: another page's words
            parts.extend(_embed_lines(embed))
    if not said:
        parts.extend(text_of(item, "description") for item in list_of(record, "attachments"))
    parts.extend(_laid_out(record))
    parts.extend(_poll_lines(record.get("poll")))
    return "\n".join(dict.fromkeys(part for part in parts if part))


def _forwarded(record: dict[str, Any]) -> Iterator[str]:
    snapshots = (snapshot.get("message") for snapshot in list_of(record, "message_snapshots"))
    for forwarded in (record.get("forwardedMessage"), *snapshots):
        yield text_of(forwarded, "content")
        if not text_of(forwarded, "content"):
            yield from (line for embed in list_of(forwarded, "embeds") for line in _embed_lines(embed))
            yield from _laid_out(forwarded)


def _embed_lines(embed: dict[str, Any]) -> Iterator[str]:
    yield text_of(embed.get("author"), "name")
    yield text_of(embed, "title")
    yield text_of(embed, "description")
    for item in list_of(embed, "fields"):
        yield ": ".join(part for part in (text_of(item, "name"), text_of(item, "value")) if part)


def _laid_out(record: Any) -> Iterator[str]:
    """Yield the words of a bot's message that is laid out in parts and has no content (API, "Component Reference")."""
    waiting = list_of(record, "components")[::-1]
    while waiting:
        item = waiting.pop()
        if item.get("type") == _TEXT_DISPLAY:
            yield text_of(item, "content")
        waiting.extend(reversed(list_of(item, "components")))


def _poll_lines(poll: object) -> Iterator[str]:
    question = poll.get("question") if isinstance(poll, dict) else None
    yield text_of(question, "text")
    for answer in list_of(poll, "answers"):
        if choice := text_of(answer.get("poll_media"), "text") or text_of(answer, "text"):
            yield f"- {choice}"


def _metadata(record: dict[str, Any]) -> dict[str, Any]:
    author = record.get("author")
    handle = text_of(author, "username", "name")
    files = (text_of(item, "filename", "fileName") for item in list_of(record, "attachments"))
    return kept({
        "author_id": id_of(author, "id"),
        "handle": handle if handle != _display_name(author) else None,
        "bot": isinstance(author, dict) and bool(author.get("bot") or author.get("isBot")),
        "attachments": [name for name in files if name],
        "reactions": _reactions(record),
        "forwarded": any(_forwarded(record)),
    })  # fmt: skip


def _reactions(record: dict[str, Any]) -> dict[str, int]:
    return counts_of((text_of(item.get("emoji"), "name"), item.get("count")) for item in list_of(record, "reactions"))
