"""What the chat sources share: messages become one document a room and day, or one a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._base import visible_files
from masa_rag.sources._chats.fields import kept
from masa_rag.types import Document, Segment

OPEN_SEGMENTS = 50_000
"""How many messages are held back so that a day or thread comes as one document, even when it is
spread over several files. About 50 MB; past it, the documents touched longest ago are let go, and
what belongs to them later comes under the same id and is merged by the memory."""

UNDATED = "undated"
NEVER = datetime.min.replace(tzinfo=UTC)
"""Before all times: where what has none is put."""


@dataclass(frozen=True, slots=True)
class Room:
    """Where messages are said: a channel, a chat, a thread.

    Attributes:
        id: Stable; the document's id, or its beginning.
        title: Its readable name.
        url: A link to it.
        by_day: One document a UTC day, or one for all (a thread).
        metadata: For the document; JSON values only.
    """

    id: str
    title: str
    url: str | None = None
    by_day: bool = True
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Said:
    """One message and where it was said."""

    room: Room
    segment: Segment


def documents(
    items: Iterable[Said | Document | RecordError],
    *,
    finish: Callable[[Segment], Segment] | None = None,
    open_segments: int = OPEN_SEGMENTS,
    as_read: bool = False,
) -> Iterator[Document | RecordError]:
    """Group messages into documents, fold those with the same id and sort them by time.

    Args:
        items: Messages in any order; errors, and documents that are made already, are passed on at once.
        finish: Called on each message as late as possible, when the most names are known.
        open_segments: How many messages may be held back.
        as_read: Whether messages of one time stay in the order in which they were read, not that of their ids.
    """
    days = _Open(finish, _time if as_read else _order)
    for item in items:
        if not isinstance(item, Said):
            yield item
            continue
        days.add(item)
        if days.count > open_segments:
            yield from days.release(down_to=open_segments // 2)
    yield from days.release(down_to=0)


class _Open:
    """The documents that may still grow, the one touched longest ago first."""

    def __init__(
        self, finish: Callable[[Segment], Segment] | None, order: Callable[[Segment], tuple[datetime, int, str]]
    ) -> None:
        self._finish, self._order = finish, order
        self._rooms: dict[str, Room] = {}
        self._segments: dict[str, dict[str, Segment]] = {}
        self.count = 0

    def add(self, said: Said) -> None:
        key = document_id(said.room, said.segment)
        self._rooms[key] = said.room
        messages = self._segments.pop(key, {})
        self._segments[key] = messages  # moved to the end: touched last
        identity = said.segment.id or ""
        before = messages.get(identity)
        messages[identity] = newer(before, said.segment)
        self.count += _weight(messages[identity]) - (_weight(before) if before else 0)

    def release(self, *, down_to: int) -> Iterator[Document]:
        while self._segments and self.count > down_to:
            key = next(iter(self._segments))
            messages = self._segments.pop(key)
            self.count -= sum(map(_weight, messages.values()))
            yield self._document(key, self._rooms.pop(key), messages.values())

    def _document(self, key: str, room: Room, messages: Iterable[Segment]) -> Document:
        ordered = sorted(messages, key=self._order)
        segments = ordered if self._finish is None else [self._finish(segment) for segment in ordered]
        return Document(
            id=key,
            segments=segments,
            kind="conversation",
            title=room.title,
            created_at=segments[0].created_at,
            url=room.url,
            metadata=kept(room.metadata),
        )


def _weight(segment: Segment) -> int:
    """Long messages count more than once, so that what is held back is bounded in bytes too."""
    return 1 + len(segment.text) // 1_000


def document_id(room: Room, segment: Segment) -> str:
    """Return ``<room>/<YYYY-MM-DD>`` (the UTC day), or the room's id when it is not cut by day."""
    return f"{room.id}/{day_of(segment)}" if room.by_day else room.id


def day_of(segment: Segment) -> str:
    """Return the UTC day of a message, UNDATED where its time is not known."""
    return segment.created_at.date().isoformat() if segment.created_at is not None else UNDATED


def newer(before: Segment | None, after: Segment) -> Segment:
    """Return the one edited last; of two with equal or no edit times, the one that came second."""
    if before is None or after.edited_at == before.edited_at:
        return after
    if before.edited_at is None or after.edited_at is None:
        return after if before.edited_at is None else before
    return after if after.edited_at > before.edited_at else before


def _order(segment: Segment) -> tuple[datetime, int, str]:
    """By time, then by id; of two numbers the shorter is the smaller."""
    identity = segment.id or ""
    return segment.created_at or NEVER, len(identity), identity


def _time(segment: Segment) -> tuple[datetime, int, str]:
    """By time alone."""
    return segment.created_at or datetime.min.replace(tzinfo=UTC), 0, ""


FIRST_FILES = 20
"""How many files of a folder are looked at before it is recognised."""


def first_files(folder: Path, wanted: Callable[[Path], bool], recognised: Callable[[Path], bool]) -> bool:
    """Say whether a folder holds this format: the first of its files that are wanted all do, and one exists."""
    some = sorted(islice(filter(wanted, visible_files(folder)), FIRST_FILES))
    return bool(some) and all(map(recognised, some))
