"""Daily archives of Discord channels: ``<channel>/<date>.json``, whose messages have no ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from masa_rag._ids import digest
from masa_rag.errors import RecordError
from masa_rag.sources._chats.fields import content_of, kept, text_of, texts_of, time_of
from masa_rag.sources._chats.messages import Room, Said
from masa_rag.types import Segment


def is_daily(record: Any) -> bool:
    """Say whether this is a message of a daily archive: a bare name as author, a time, no id."""
    return (
        isinstance(record, dict)
        and "id" not in record
        and isinstance(record.get("author"), str)
        and {"category", "parent", "content", "created_at", "attachments"} <= record.keys()
    )


def daily_messages(records: Iterable[Any], path: Path) -> Iterator[Said | RecordError]:
    """Yield the messages of one day's file.

    A message's id is made of its author and time, so that an edited text replaces the older one.
    Where two messages of one author share a time, their texts tell them apart. (Discord's clock
    has milliseconds: 2,314 of 2,314 messages of a year of one channel differ in author and time.)
    """
    folder = path.absolute().parent
    above = _channel_above(folder)
    said: dict[tuple[str, str], list[tuple[Room, Segment]]] = defaultdict(list)
    for number, record in enumerate(records):
        if isinstance(record, RecordError):
            yield record
            continue
        try:
            room, segment = _room(record, folder.name, above), _segment(record, f"{path}: message {number + 1}")
        except RecordError as error:
            yield error
            continue
        if segment.text:
            said[str(segment.author), str(segment.created_at)].append((room, segment))
    for (author, moment), group in said.items():
        crowded = len({segment.text for _, segment in group}) > 1
        for room, segment in group:
            identity = digest(author, moment, *([segment.text] if crowded else []))
            yield Said(room, replace(segment, id=identity))


def _segment(record: Any, where: str) -> Segment:
    if not isinstance(record, dict):
        raise RecordError(f"received {type(record).__name__}; expected a message with author and time", record_id=where)
    author, created_at = text_of(record, "author"), time_of(record.get("created_at"))
    if not author or created_at is None:
        raise RecordError("received a message without author or time; expected both", record_id=where)
    return Segment(
        text=content_of(record, "content", record_id=where),
        author=author,
        created_at=created_at,
        metadata=kept({"attachments": texts_of(record, "attachments", "origin_name", "filename")}),
    )


def _room(record: Any, folder: str, above: str) -> Room:
    """The folder names the channel; a thread names its channel as ``parent``, or lies in its folder."""
    parent = text_of(record, "parent") or above
    metadata = kept({"platform": "discord", "category": text_of(record, "category"), "channel": parent or folder})
    if parent and parent != folder:
        return Room(f"{parent}/thread/{folder}", f"#{parent} > {folder}", by_day=False, metadata=metadata)
    return Room(folder, f"#{folder}", metadata=metadata)


def _channel_above(folder: Path) -> str:
    """Return the name of the folder above when that is a channel, that is when it holds days itself."""
    days = folder.parent.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].json")
    return folder.parent.name if next(days, None) else ""
