"""Messages of formats without message ids, gathered into one document a channel and UTC day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from masa_rag._ids import digest
from masa_rag.errors import RecordError
from masa_rag.sources._chats.messages import NEVER, day_of
from masa_rag.types import Document, Segment

MOST_HELD = 50_000
"""Messages kept before the oldest days are given away. WhatsApp exports end at 40,000 messages."""


def at(local: datetime, place: tzinfo) -> datetime | None:
    """Return a local time without zone as UTC, or None when the calendar ends there."""
    try:
        return local.replace(tzinfo=place).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def day_documents(
    messages: Iterable[Segment | RecordError],
    *,
    channel: str,
    title: str,
    metadata: Mapping[str, Any],
) -> Iterator[Document | RecordError]:
    """Yield one document a day from messages that have times and no ids.

    Messages of one time keep the order of the file. Each gets an id made of channel, time, author,
    text and how many equal ones came before, so that overlapping exports give the same ids.

    Args:
        messages: Segments, and errors, which are passed on. Those without a time go into one document.
        channel: Stable id of the channel or chat: the first part of the documents' ids.
        title: Its readable name.
        metadata: Put on each document.
    """
    days: dict[str, list[Segment]] = {}
    held = 0

    def whole(day: str) -> Document:
        segments = _with_ids(sorted(days.pop(day), key=_time), channel)
        return Document(
            f"{channel}/{day}",
            segments=segments,
            kind="conversation",
            title=title,
            created_at=segments[0].created_at,
            metadata=metadata,
        )

    for message in messages:
        if isinstance(message, RecordError):
            yield message
            continue
        days.setdefault(day_of(message), []).append(message)
        held += 1
        while held > MOST_HELD and len(days) > 1:
            oldest = min(days)
            held -= len(days[oldest])
            yield whole(oldest)
    yield from map(whole, sorted(days))


def _time(segment: Segment) -> datetime:
    return segment.created_at or NEVER


def _with_ids(segments: list[Segment], channel: str) -> list[Segment]:
    seen: Counter[tuple[datetime, str | None, str]] = Counter()
    named = []
    for segment in segments:
        key = (_time(segment), segment.author, segment.text)
        when = segment.created_at.isoformat() if segment.created_at is not None else ""
        named.append(replace(segment, id=digest(channel, when, segment.author or "", segment.text, str(seen[key]))))
        seen[key] += 1
    return named
