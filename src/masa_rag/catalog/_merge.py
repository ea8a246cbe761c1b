"""Two versions of one document become one; and a document without what somebody said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from difflib import SequenceMatcher
from typing import Any

from masa_rag._names import same_name
from masa_rag.types import Document, Segment

_NEVER = datetime.min.replace(tzinfo=UTC)


def merge(stored: Document, incoming: Document) -> Document:
    """Return ``incoming`` with those segments of ``stored`` that it lacks.

    Segments with ids merge: of two with the same id the later edit wins, and the incoming one when
    neither is later. Where ids are made of the words (see ``_reworded``) an edited one replaces what it
    was, and where they are made of names (see ``_renamed``) the incoming name is taken. Without ids
    nothing says which segments are the same, so ``incoming`` replaces. Title, link and metadata are those of
    ``incoming``, unless only ``stored`` has the post that the thread is named after.
    A plain document and one with segments under the same id are a tweet and its thread, of which one
    export knows the beginning only and the other the rest: the plain one counts as a segment.
    """
    if bool(stored.segments) != bool(incoming.segments):
        stored, incoming = _as_segments(stored), _as_segments(incoming)
    if not (_mergeable(stored) and _mergeable(incoming)):
        return incoming
    newest = {segment.id: segment for segment in stored.segments}
    for segment in incoming.segments:
        known = newest.get(segment.id)
        if known is None or _edited(segment) >= _edited(known):
            newest[segment.id] = segment if known is None else _answering(segment, known)
    now = _renamed(stored.segments, incoming.segments)
    now |= _reworded(stored.segments, incoming.segments) | _reworded(incoming.segments, stored.segments)
    order = _united(*([now.get(part.id, part.id) for part in parts.segments] for parts in (stored, incoming)))
    times = [time for time in (stored.created_at, incoming.created_at) if time is not None]
    segments = _by_time([newest[key] for key in order])
    head = stored if _has_beginning(stored) and not _has_beginning(incoming) else incoming
    return replace(head, text="", segments=segments, created_at=min(times, default=None))


def keep_segments(document: Document, ids: Collection[str]) -> Document | None:
    """Return the document with only these segments; None when nothing is left of it."""
    kept = [segment for segment in document.segments if segment.id in ids]
    return replace(document, text="", segments=kept) if kept else None


def without_authors(document: Document, forgotten: Collection[str]) -> Document | None:
    """Return the document without what the forgotten authors said; None when nothing is left.

    What is the document's own (title, link, metadata) and what nobody is named for is taken to be its author's.

    Args:
        document: Any document.
        forgotten: Names as :func:`masa_rag._names.same_name` writes them.
    """
    owned = document.author is not None and same_name(document.author) in forgotten
    gone = [owned if item.author is None else same_name(item.author) in forgotten for item in document.segments]
    kept = [item for item, is_gone in zip(document.segments, gone, strict=True) if not is_gone]
    if not owned and len(kept) == len(document.segments):
        return document
    if not kept:
        return None
    metadata = {} if owned else _without_participants(document.metadata, forgotten)
    if owned:
        document = replace(document, author=None, title=None, url=None)
    return replace(document, text="", segments=kept, metadata=metadata)


def _without_participants(metadata: Mapping[str, Any], forgotten: Collection[str]) -> dict[str, Any]:
    """Return the metadata with those who take part, whom a header names, but for the forgotten."""
    kept = dict(metadata)
    if isinstance(names := kept.get("participants"), (list, tuple)):
        kept["participants"] = [name for name in names if same_name(str(name)) not in forgotten]
    return kept


def _as_segments(document: Document) -> Document:
    """Return a plain document as one of a single segment."""
    if document.segments:
        return document
    only = Segment(
        document.text, document.author, document.created_at, url=document.url, id=document.id,
        reply_to=document.metadata.get("reply_to"), metadata=document.metadata,
    )  # fmt: skip
    return replace(document, text="", segments=[only])


def _has_beginning(document: Document) -> bool:
    """Say whether it holds the post that a thread is named after, and so knows its title and its address."""
    return any(segment.id == document.id for segment in document.segments)


def _mergeable(document: Document) -> bool:
    return bool(document.segments) and all(segment.id is not None for segment in document.segments)


def _reworded(old: Sequence[Segment], new: Sequence[Segment]) -> dict[str | None, str | None]:
    """Return old -> new id of the messages that ``new`` has edited.

    WhatsApp marks an edited message, and says neither its id nor when. It has the author and the time of
    what it was, which the newer export no longer has; of several such, the most alike is meant.
    """
    olds, news = {segment.id for segment in old}, {segment.id for segment in new}
    gone: dict[str | None, Segment] = {part.id: part for part in old if part.id not in news}
    replaced: dict[str | None, str | None] = {}
    for part in new:
        if part.id in olds or part.edited_at is not None or part.metadata.get("edited") is not True:
            continue
        same = [was for was in gone.values() if (was.author, was.created_at) == (part.author, part.created_at)]
        if same:
            was = max(same, key=lambda was: SequenceMatcher(None, was.text, part.text, autojunk=False).ratio())
            replaced[gone.pop(was.id).id] = part.id
    return replaced


def _renamed(old: Sequence[Segment], new: Sequence[Segment]) -> dict[str | None, str | None]:
    """Return old -> new id of the messages of those who have another name in ``new``.

    WhatsApp gives people the names of the phone's address book, so a number that is saved under a name is another
    author from then on. Somebody who is gone and somebody who is new said the same at the same time: they are one.
    """
    same: defaultdict[tuple[datetime | None, str], list[Segment]] = defaultdict(list)
    for part in _others_in(new, old):
        same[part.created_at, part.text].append(part)
    renamed: dict[str | None, str | None] = {}
    for part in _others_in(old, new):
        if part.created_at is not None and (now := same.get((part.created_at, part.text))):
            renamed[part.id] = now.pop(0).id
    return renamed


def _others_in(parts: Sequence[Segment], known: Sequence[Segment]) -> list[Segment]:
    """Return the messages that are not among the known ones, of people who say nothing there."""
    ids, authors = {part.id for part in known}, {part.author for part in known}
    return [part for part in parts if part.id not in ids and part.author not in authors]


def _answering(segment: Segment, known: Segment) -> Segment:
    """Return a message with the link that it had: what answers what is guessed where the format does not say it.

    A guess made from another piece of the log may be another one, and links that come and go help nobody.
    """
    keeps = known.reply_to is not None and segment.text == known.text
    return replace(segment, reply_to=known.reply_to) if keeps else segment


def _edited(segment: Segment) -> datetime:
    return segment.edited_at if segment.edited_at is not None else _NEVER


def _united(stored: Sequence[str | None], incoming: Sequence[str | None]) -> list[str | None]:
    """Return all ids: what is new stands behind the id that it follows in ``incoming``."""
    known = set(stored)
    behind: dict[str | None, list[str | None]] = {}
    last: str | None = None
    for key in incoming:
        if key in known:
            last = key
        else:
            behind.setdefault(last, []).append(key)
            known.add(key)
    return [*behind.get(None, ()), *(item for key in dict.fromkeys(stored) for item in (key, *behind.get(key, ())))]


def _by_time(segments: list[Segment]) -> list[Segment]:
    """Sort by time where every time is known. Equal times (many logs know only minutes) keep their order."""
    if any(segment.created_at is None for segment in segments):
        return segments
    return sorted(segments, key=lambda segment: segment.created_at or _NEVER)
