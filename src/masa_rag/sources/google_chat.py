"""Google Chat: the chats and spaces in the copy that Google Takeout gives people of their data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from masa_rag._ids import digest
from masa_rag.errors import RecordError, SourceFormatError
from masa_rag.sources._archive import Archive
from masa_rag.sources._base import read_head
from masa_rag.sources._chats.dates import moment
from masa_rag.sources._chats.exports import ChatExport, values_in
from masa_rag.sources._chats.fields import content_of, counts_of, id_of, kept, list_of, text_of, texts_of
from masa_rag.sources._chats.files import ChatFile, is_zip, read_each
from masa_rag.sources._chats.messages import FIRST_FILES, Room, Said, documents
from masa_rag.sources._jsonstream import ITEM, peek
from masa_rag.types import Document, Segment

_INTO = frozenset({(), ("messages",)})
_FILE, _ABOUT = "messages.json", "group_info.json"
_ABOUT_BYTES = 4_194_304
_UNNAMED = "Group Chat"


class GoogleChatExport(ChatExport):
    """Chats and spaces of Google Chat, one document a chat and UTC day.

    Reads ``Google Chat/Groups/*/messages.json`` of Google Takeout, on disk or in a zip, with the names of the spaces
    beside it. An answer in a topic answers the message that opened it.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name in the memory; by default ``google_chat``, so that exports which overlap meet.

    Messages that were deleted and those without text are left out.
    """

    form = "google_chat"
    global_ids = True
    by_content = True
    suffixes: ClassVar[frozenset[str]] = frozenset({".json", ".zip"})
    beside: ClassVar[tuple[str, ...]] = (_ABOUT, "user_info.json")

    @classmethod
    def _is_known(cls, head: bytes) -> bool:
        return any(path == ("messages", ITEM) and _is_message(value) for path, value in peek(head, into=_INTO))

    @classmethod
    def _may_hold(cls, item: Path) -> bool:
        return item.name == _FILE

    @classmethod
    def _is_folder(cls, folder: Path) -> bool:
        """Say whether a folder is a chat's, with the files that were sent in it, or the one of all chats."""
        is_one = (folder / _ABOUT).is_file()
        if not is_one and folder.name != "Groups":
            return False
        found = islice(folder.glob(_FILE if is_one else f"*/{_FILE}"), FIRST_FILES)
        return any(cls._is_known(read_head(path)) for path in found)

    def _documents(self, files: Iterable[ChatFile | RecordError]) -> Iterator[Document | RecordError]:
        told = cache(_told)
        return documents(read_each(files, lambda file: _messages(file, told)))


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and {"creator", "created_date"} <= value.keys()


def _messages(file: ChatFile, told: Callable[[Path], dict[Path, Any]]) -> Iterator[Said | RecordError]:
    room = _room(file.path, _about(file.path, told))
    topics: dict[str, str] = {}
    for item in values_in(file, into=_INTO, is_message=_is_message, of="Google Chat"):
        if isinstance(item, RecordError):
            yield item
        elif isinstance(item, tuple) and item[0] == ("messages", ITEM) and _is_message(item[1]):
            yield from _said(item[1], room, topics, str(file.path))


def _room(path: Path, about: Any) -> Room:
    """Return the chat of a file: a space has a name; a chat of two or more goes by who is in it."""
    folder = path.parent.name
    name = text_of(about, "name")
    title = name if name and name != _UNNAMED else ", ".join(texts_of(about, "members", "name")) or folder
    return Room(folder, title, metadata={"platform": "google_chat"})


def _about(path: Path, told: Callable[[Path], dict[Path, Any]]) -> Any:
    """Return what lies beside a chat about it, None where that cannot be read."""
    about = path.with_name(_ABOUT)
    archive = next(filter(is_zip, path.parents), None)
    if archive is not None and not archive.is_dir():
        return told(archive).get(about)
    with suppress(OSError, ValueError, RecursionError):
        return json.loads(about.read_bytes())
    return None


def _told(archive: Path) -> dict[Path, Any]:
    """Return what a zip says about each of its chats. It is opened once for all: that takes as long as it has files."""
    found: dict[Path, Any] = {}
    with suppress(SourceFormatError, OSError), Archive(archive) as inside:
        for name in inside.names:
            if (path := archive / name).name == _ABOUT:
                with suppress(RecordError, ValueError, RecursionError):
                    found[path] = json.loads(inside.read(name, most=_ABOUT_BYTES))
    return found


def _said(record: dict[str, Any], room: Room, topics: dict[str, str], label: str) -> Iterator[Said | RecordError]:
    written = text_of(record, "created_date")
    created_at = moment(written)
    if created_at is None:
        yield RecordError(f"received the time {written[:60]!r}; expected a date, a clock and UTC", record_id=label)
        return
    try:
        text = content_of(record, "text", record_id=label)
    except RecordError as error:
        yield error
        return
    author = text_of(record.get("creator"), "name", "email")
    identity = id_of(record, "message_id") or digest(room.id, created_at.isoformat(), author, text)
    answers = _answered(record, identity, topics)
    if text and record.get("message_state") != "DELETED":
        edited_at = moment(text_of(record, "updated_date"))
        yield Said(
            room,
            Segment(
                text, author or None, created_at, id=identity, reply_to=answers, metadata=_metadata(record),
                edited_at=edited_at if edited_at != created_at else None,
            ),
        )  # fmt: skip


def _answered(record: dict[str, Any], identity: str, topics: dict[str, str]) -> str | None:
    """Return the message that this one quotes, else the one that opened its topic, None for that one itself."""
    topic = id_of(record, "topic_id")
    opened_by = topics.setdefault(topic, identity) if topic else identity
    quoted = id_of(record.get("quoted_message_metadata"), "message_id")
    return quoted or (opened_by if opened_by != identity else None)


def _metadata(record: dict[str, Any]) -> dict[str, Any]:
    reactions = counts_of(
        (text_of(reaction.get("emoji"), "unicode"), len(people) if isinstance(people, list) and people else 1)
        for reaction in list_of(record, "reactions")
        for people in [reaction.get("reactor_emails")]
    )
    files = texts_of(record, "attached_files", "original_name", "export_name")
    return kept({"attachments": files, "reactions": reactions})
