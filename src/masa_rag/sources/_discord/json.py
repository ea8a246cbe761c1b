"""Discord messages as JSON: what the API answers, what DiscordChatExporter writes, daily archives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._chats.fields import id_of, kept, text_of
from masa_rag.sources._chats.files import ChatFile
from masa_rag.sources._chats.messages import Room, Said
from masa_rag.sources._discord.daily import daily_messages, is_daily
from masa_rag.sources._discord.html import channel_id
from masa_rag.sources._discord.message import Names, message, snowflake_time, spoken
from masa_rag.sources._jsonstream import ITEM, Closed, json_values, peek
from masa_rag.sources._jsonstream import Path as Place

_INTO = frozenset({(), ("data",), ("messages",)})
_DIRECT = frozenset({"DirectTextChat", "DirectGroupTextChat"})
Items = Iterable[tuple[Place, Any] | Closed | RecordError]


def json_form(head: bytes) -> str | None:
    """Name the shape of which this is the beginning: "api", "exporter", "daily", or None."""
    values = peek(head, into=_INTO)
    return next((form for path, value in values if (form := _form(path, value))), None)


def _form(path: Place, value: Any) -> str | None:
    if path == ("channel",) and isinstance(value, dict) and {"id", "type", "name"} <= value.keys():
        return "exporter"
    if path[-1:] != (ITEM,):
        return None
    if is_daily(value):
        return "daily"
    if _is_message(value) and {"timestampEdited", "isPinned"} <= value.keys():
        return "exporter"
    return "api" if _is_message(value) and id_of(value, "channel_id", "channelID") else None


def _is_message(value: Any) -> bool:
    """A Discord message: ids count milliseconds since 2015, and the author is an object."""
    return (
        isinstance(value, dict)
        and snowflake_time(id_of(value, "id")) is not None
        and isinstance(value.get("author"), dict)
        and {"content", "timestamp"} <= value.keys()
    )


def json_messages(file: ChatFile, names: Names) -> Iterator[Said | RecordError]:
    """Yield the messages of a file, whichever of the known shapes it has."""
    path = file.path
    with file.open() as stream:
        values: Items = json_values(stream, into=_INTO, label=str(path), resembles=_resembles)
        held: list[tuple[Place, Any] | Closed | RecordError] = []
        for item in values:
            held.append(item)
            if isinstance(item, tuple) and (form := _form(*item)):
                yield from _READERS[form](chain(held, values), path, names)
                return
        yield from (item for item in held if isinstance(item, RecordError))
    yield RecordError("holds no Discord messages in a known shape", record_id=str(path))


def _resembles(value: Any) -> bool:
    return is_daily(value) or (isinstance(value, dict) and {"id", "content", "timestamp"} <= value.keys())


def _daily(items: Items, path: Path, _names: Names) -> Iterator[Said | RecordError]:
    yield from daily_messages(_records(items), path)


def _records(items: Items) -> Iterator[Any]:
    """Yield the elements of the lists, and the errors."""
    for item in items:
        if isinstance(item, RecordError):
            yield item
        elif isinstance(item, tuple) and item[0][-1:] == (ITEM,):
            yield item[1]


def _api(items: Items, path: Path, names: Names) -> Iterator[Said | RecordError]:
    for number, record in enumerate(_records(items)):
        label = f"{path}: message {number + 1}"
        try:
            channel = id_of(record, "channel_id", "channelID")
            if not isinstance(record, RecordError) and not channel:
                raise RecordError("received a message without channel_id; expected one", record_id=label)
            yield from said(record, channel_room(channel, names), names, label=label)
        except RecordError as error:
            yield error


def channel_room(channel: str, names: Names) -> Room:
    """Return the room of a channel of which the id is known, and the name perhaps."""
    given = names.given.get(channel)
    title = f"#{given}" if given else f"Discord channel {channel}"
    return Room(channel, title, metadata=kept({"platform": "discord", "channel_id": channel, "channel": given}))


def said(record: Any, room: Room, names: Names, *, label: str, link: str | None = None) -> Iterator[Said | RecordError]:
    """Yield the message if somebody wrote it and it has text; raise RecordError if it is none."""
    if isinstance(record, RecordError):
        raise record
    segment = message(record, names, label=label, link=link, channel=text_of(dict(room.metadata), "channel_id"))
    if segment.text and spoken(record):
        yield Said(room, segment)


def _exporter(items: Items, path: Path, names: Names) -> Iterator[Said | RecordError]:
    guild: dict[str, Any] = {}
    room, link = _unnamed(path), None
    for number, item in enumerate(items):
        if isinstance(item, RecordError):
            yield item
        elif isinstance(item, tuple) and item[0] == ("guild",) and isinstance(item[1], dict):
            guild = item[1]
        elif isinstance(item, tuple) and item[0] == ("channel",) and isinstance(item[1], dict):
            room, link = _exported_room(item[1], guild, names) or room, _link(item[1], guild)
        elif isinstance(item, tuple) and item[0][-1:] == (ITEM,):
            try:
                yield from said(item[1], room, names, label=f"{path}: message {number + 1}", link=link)
            except RecordError as error:
                yield error


def _unnamed(path: Path) -> Room:
    """The room when the head is damaged: the exporter also puts the channel's id into the file's name."""
    return Room(channel_id(path) or path.stem, path.stem, metadata={"platform": "discord"})


def _exported_room(channel: dict[str, Any], guild: dict[str, Any], names: Names) -> Room | None:
    if not (identity := id_of(channel, "id")):
        return None
    kind, name = text_of(channel, "type"), text_of(channel, "name") or identity
    names.channels[identity] = name
    title = name if kind in _DIRECT else f"#{name}"
    parent, parent_id = text_of(channel, "category"), id_of(channel, "categoryId")
    metadata = kept({
        "platform": "discord", "guild": text_of(guild, "name"), "channel_id": identity, "channel": name,
        "category": parent, "topic": text_of(channel, "topic"),
    })  # fmt: skip
    link = _link(channel, guild)
    if kind.endswith("Thread"):
        root = parent_id or identity
        return Room(f"{root}/thread/{identity}", f"#{parent} > {name}" if parent else title, link, False, metadata)
    return Room(identity, title, link, metadata=metadata)


def _link(channel: dict[str, Any], guild: dict[str, Any]) -> str | None:
    """Return the channel's address; direct messages have no guild ("0"), and the path says ``@me``."""
    server, identity = id_of(guild, "id"), id_of(channel, "id")
    return (
        f"https://discord.com/channels/{'@me' if server == '0' else server}/{identity}" if server and identity else None
    )


_READERS = {"api": _api, "exporter": _exporter, "daily": _daily}
