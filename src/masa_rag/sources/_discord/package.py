"""The data package that Discord sends to a person: all they ever wrote, channel by channel."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from masa_rag.errors import RecordError, SourceFormatError
from masa_rag.sources._archive import Archive
from masa_rag.sources._chats.fields import id_of, kept, list_of, text_of, time_of
from masa_rag.sources._chats.messages import Room, Said
from masa_rag.sources._discord.message import Names, snowflake_time
from masa_rag.sources._jsonstream import ITEM, json_values
from masa_rag.sources._lines import named_rows
from masa_rag.types import Segment

# The folders have names in the person's language since 2025, "Nachrichten" and "Konto"; what lies in them has not.
_CHANNEL = re.compile(r"(?P<home>(?:[^/]+/){1,2})c?(?P<id>\d{15,20})/messages\.(?:json|csv)", re.IGNORECASE)
_CHANNEL_FOLDER = re.compile(r"c?\d{15,20}", re.IGNORECASE)
_USER = re.compile(r"(?:[^/]+/){1,2}user\.json", re.IGNORECASE)


def is_package(path: Path, head: bytes) -> bool:
    """Say whether the zip or folder is a data package: an index of channels, and messages of one."""
    if path.is_dir():
        return _has_channels(path) and _has_messages(path)
    return head.startswith(b"PK") and _has_messages(path)


def _has_channels(folder: Path) -> bool:
    """A cheap look before the whole folder is listed. Raises OSError when the folder may not be read."""
    roots = [root for root in (folder, folder / "package") if root.is_dir()]
    return any(_is_home(item) for root in roots for item in root.iterdir())


def _is_home(folder: Path) -> bool:
    try:
        inside = folder.iterdir() if (folder / "index.json").is_file() else ()
        return any(_CHANNEL_FOLDER.fullmatch(item.name) for item in inside)
    except OSError:  # one of the folder's own folders: not this one
        return False


def _has_messages(path: Path) -> bool:
    try:
        with Archive(path) as archive:
            return _index(archive) is not None
    except (OSError, SourceFormatError):
        return False


def _index(archive: Archive) -> str | None:
    """Return the list of channels that lies beside their folders, None if there is none."""
    homes = {match["home"] for name in archive.names if (match := _CHANNEL.fullmatch(name))}
    return next((name for name in archive.names if name.removesuffix("index.json") in homes), None)


def package_messages(path: Path, names: Names) -> Iterator[Said | RecordError]:
    """Yield the messages of a package, a zip or the folder unpacked from it."""
    with Archive(path) as archive:
        yield from archive.refused
        yield from _Package(archive, names).messages()


class _Package:
    def __init__(self, archive: Archive, names: Names) -> None:
        self._archive = archive
        self._errors: list[RecordError] = []
        self._titles = self._small(_index(archive) or "")
        user = self._small(next(filter(_USER.fullmatch, archive.names), ""))
        self._author = text_of(user, "global_name", "username") or id_of(user, "id") or None
        self._author_id = id_of(user, "id")
        self._learn(user, names)

    def _small(self, name: str) -> dict[str, Any]:
        """Return a short file as an object, {} (and an error kept for later) when it is none."""
        if not name:
            return {}
        try:
            value = json.loads(self._archive.read(name).decode("utf-8-sig"))
        except RecordError as error:
            self._errors.append(error)
            return {}
        except (ValueError, RecursionError) as error:
            self._errors.append(RecordError(f"damaged JSON ({error})", record_id=f"{self._archive.path}:{name}"))
            return {}
        return value if isinstance(value, dict) else {}

    def _learn(self, user: dict[str, Any], names: Names) -> None:
        if self._author and self._author_id:
            names.users[self._author_id] = self._author
        for friend in list_of(user, "relationships"):
            person = friend.get("user")
            if (number := id_of(person, "id")) and (name := text_of(person, "global_name", "username")):
                names.users[number] = name
        for number in self._titles:
            if name := text_of(self._titles, number):
                names.channels[number] = name.partition(" in ")[0]

    def messages(self) -> Iterator[Said | RecordError]:
        for name in self._archive.names:
            if match := _CHANNEL.fullmatch(name):
                room = self._room(match["id"], name.rpartition("/")[0])
                yield from self._channel(name, room)
            yield from self._errors
            self._errors.clear()

    def _room(self, channel: str, folder: str) -> Room:
        about = self._small(f"{folder}/channel.json") if f"{folder}/channel.json" in self._archive.names else {}
        name, guild = text_of(about, "name"), about.get("guild")
        title = f"#{name}" if name else text_of(self._titles, channel) or f"Discord channel {channel}"
        link = f"https://discord.com/channels/{id_of(guild, 'id') or '@me'}/{channel}"
        metadata = {"platform": "discord", "guild": text_of(guild, "name"), "channel_id": channel, "channel": name}
        return Room(channel, title, link, metadata=kept(metadata))

    def _channel(self, name: str, room: Room) -> Iterator[Said | RecordError]:
        where = f"{self._archive.path}:{name}"
        try:
            with self._archive.open(name) as file:
                rows = named_rows(file, where) if name.lower().endswith(".csv") else _json_rows(file, where)
                for number, row in enumerate(rows):
                    yield from self._message(row, room, f"{where}: message {number + 1}")
        except RecordError as error:
            yield error

    def _message(self, row: Any, room: Room, where: str) -> Iterator[Said | RecordError]:
        if isinstance(row, RecordError):
            yield row
            return
        identity = id_of(row, "ID", "id")
        created_at = time_of(row.get("Timestamp")) if isinstance(row, dict) else None
        created_at = created_at or snowflake_time(identity)
        if not identity or created_at is None:
            yield RecordError("received a message without id or time; expected ID and Timestamp", record_id=where)
        elif text := text_of(row, "Contents", "contents"):
            files = [address.partition("?")[0].rpartition("/")[2] for address in text_of(row, "Attachments").split()]
            metadata = kept({"author_id": self._author_id, "attachments": [file for file in files if file]})
            link = f"{room.url}/{identity}"
            yield Said(room, Segment(text, self._author, created_at, url=link, id=identity, metadata=metadata))


def _json_rows(file: Any, where: str) -> Iterator[Any]:
    for item in json_values(file, into=frozenset({()}), label=where, resembles=_resembles):
        if isinstance(item, RecordError):
            yield item
        elif isinstance(item, tuple) and item[0] == (ITEM,):
            yield item[1]


def _resembles(value: Any) -> bool:
    return isinstance(value, dict) and {"ID", "Timestamp"} <= value.keys()
