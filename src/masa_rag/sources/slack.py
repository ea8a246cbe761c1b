"""Slack: the export that a workspace's owner downloads, as a zip or the folder unpacked from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from masa_rag.errors import RecordError, SourceFormatError
from masa_rag.sources._archive import Archive
from masa_rag.sources._base import HEAD_BYTES, FileSource
from masa_rag.sources._chats.fields import kept, text_of
from masa_rag.sources._chats.files import ChatFile, read_each
from masa_rag.sources._chats.messages import FIRST_FILES, Room, Said, documents
from masa_rag.sources._jsonstream import ITEM, json_values, peek
from masa_rag.sources._paths import expanded
from masa_rag.sources._slack.message import finished, is_slack_message, said
from masa_rag.sources._slack.text import Names
from masa_rag.types import Document

_DAY = re.compile(r"(?P<root>(?:[^/]+/)*?)(?P<folder>[^/]+/)?\d{4}-\d{2}-\d{2}\.json")
_USERS = frozenset({"users.json", "org_users.json"})
_ROOMS = frozenset({"channels.json", "groups.json", "dms.json", "mpims.json"})
_INTO = frozenset({()})
_LISTS = frozenset({(), ("users",), ("members",)})


class SlackExport(FileSource):
    """Messages of a Slack workspace, one document a channel and UTC day, or one a thread.

    Reads the official export (also of an Enterprise organisation, and its direct messages), a zip
    or a folder. The zip is not unpacked to disk. A thread is one document with its first message
    and all answers; messages outside threads are cut by day.

    Args:
        paths: A zip, a folder, a pattern, or several.
        name: The source's name in the memory; by default ``slack``, so that exports which overlap meet.
        workspace: First part of the workspace's address (``"harbour"`` of harbour.slack.com), which
            the export does not tell; with it, messages have links.

    Joins, topics, pins and other lines of the workspace are left out, and so are messages without
    any text. Mentions, channels and links become readable; access tokens of files are cut out.
    """

    form = "slack"
    global_ids = True
    suffixes: ClassVar[frozenset[str]] = frozenset({".zip"})

    def __init__(
        self, paths: str | Path | Iterable[str | Path], *, name: str | None = None, workspace: str | None = None
    ) -> None:
        super().__init__(paths, name=name)
        self.workspace = workspace

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say whether the zip or folder is a Slack export: its lists of people and rooms, and a day of messages."""
        try:
            if not (_has_lists(path) if path.is_dir() else head.startswith(b"PK")):
                return False
            with Archive(path) as archive:
                return _is_export(archive)
        except (OSError, SourceFormatError):
            return False

    def __iter__(self) -> Iterator[Document | RecordError]:
        names = Names(users={"USLACKBOT": "Slackbot"})
        exports = map(ChatFile.at, self.files())
        messages = read_each(exports, lambda export: _messages(export.path, names, self.workspace))
        return documents(messages, finish=lambda segment: finished(segment, names))

    def _expand(self, given: str | Path) -> Iterator[Path]:
        path = expanded(given)
        is_export = path.is_dir() and self.only is None and not any(path.glob("*.zip"))
        return iter([path]) if is_export else super()._expand(given)


def _has_lists(folder: Path) -> bool:
    """A cheap look before the whole folder is listed."""
    return any((folder / name).is_file() for name in _USERS)


def _is_export(archive: Archive) -> bool:
    files = {name.rpartition("/")[2] for name in archive.names}
    days = [name for name in archive.names if (match := _DAY.fullmatch(name)) and match["folder"]]
    if not files & _USERS or not files & _ROOMS:
        return False
    return any(_opens_with_message(archive, day) for day in days[:FIRST_FILES])


def _opens_with_message(archive: Archive, day: str) -> bool:
    try:
        with archive.open(day) as file:
            values = peek(file.read(HEAD_BYTES), into=_INTO, limit=3)
    except RecordError:  # reported when it is read
        return False
    return any(path == (ITEM,) and is_slack_message(value) for path, value in values)


def _messages(path: Path, names: Names, workspace: str | None) -> Iterator[Said | RecordError]:
    with Archive(path) as archive:
        yield from archive.refused
        yield from _Export(archive, names, workspace).messages()


class _Export:
    def __init__(self, archive: Archive, names: Names, workspace: str | None) -> None:
        self._archive = archive
        self._names = names
        self._workspace = workspace
        self._rooms: dict[tuple[str, str], dict[str, Any]] = {}

    def messages(self) -> Iterator[Said | RecordError]:
        """Yield the messages, people and rooms being read first."""
        yield from self._people_and_rooms()
        days = [(match, name) for name in self._archive.names if (match := _DAY.fullmatch(name))]
        if not days:
            yield RecordError(
                "holds no day of messages; expected <channel>/<date>.json", record_id=str(self._archive.path)
            )
        for match, name in days:
            yield from self._day(name, self._room(match["root"], (match["folder"] or "").rstrip("/")))

    def _people_and_rooms(self) -> Iterator[RecordError]:
        for name in self._archive.names:
            root, _, file = name.rpartition("/")
            if file not in _USERS | _ROOMS or _DAY.fullmatch(name):
                continue
            for item in self._list(name):
                if isinstance(item, RecordError):
                    yield item
                elif file in _USERS:
                    self._names.learn_user(item)
                else:
                    self._learn_room(f"{root}/" if root else "", item, kind=file.removesuffix(".json"))

    def _learn_room(self, root: str, about: dict[str, Any], *, kind: str) -> None:
        identity, name = text_of(about, "id"), text_of(about, "name")
        for folder in (identity, name):  # direct messages lie in folders named by id
            if folder:
                self._rooms[root, folder] = about | {"kind": kind}
        if identity and name:
            self._names.channels[identity] = name

    def _room(self, root: str, folder: str) -> Room:
        folder = folder or self._archive.path.stem
        about = self._rooms.get((root, folder), {})
        identity, name = text_of(about, "id") or folder, text_of(about, "name") or folder
        direct = about.get("kind") in ("dms", "mpims")
        title = self._people(about) or name if direct else f"#{name}"
        metadata = kept({
            "platform": "slack", "channel_id": identity, "channel": None if direct else name,
            "topic": text_of(about.get("topic"), "value"), "purpose": text_of(about.get("purpose"), "value"),
        })  # fmt: skip
        return Room(identity, title, metadata=metadata)

    def _people(self, about: dict[str, Any]) -> str:
        members = about.get("members")
        people = [item for item in members if isinstance(item, str)] if isinstance(members, list) else []
        return ", ".join(self._names.users.get(person, person) for person in people)

    def _list(self, name: str) -> Iterator[dict[str, Any] | RecordError]:
        """Yield the objects of a list, bare or within an object."""
        where = f"{self._archive.path}:{name}"
        try:
            with self._archive.open(name) as file:
                for item in json_values(file, into=_LISTS, label=where):
                    if isinstance(item, RecordError):
                        yield item
                    elif isinstance(item, tuple) and item[0][-1:] == (ITEM,) and isinstance(item[1], dict):
                        yield item[1]
        except RecordError as error:
            yield error

    def _day(self, name: str, room: Room) -> Iterator[Said | RecordError]:
        where = f"{self._archive.path}:{name}"
        try:
            with self._archive.open(name) as file:
                for item in json_values(file, into=_INTO, label=where, resembles=is_slack_message):
                    yield from self._message(item, room, where)
        except RecordError as error:
            yield error

    def _message(self, item: Any, room: Room, where: str) -> Iterator[Said | RecordError]:
        if isinstance(item, RecordError):
            yield item
        elif isinstance(item, tuple):
            try:
                yield from said(item[1], room, self._names, label=where, workspace=self._workspace)
            except RecordError as error:
                yield error
