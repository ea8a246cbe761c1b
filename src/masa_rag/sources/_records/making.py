"""Records become documents: a post each, a thread with its answers, a channel's day."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from masa_rag._ids import digest
from masa_rag.errors import RecordError
from masa_rag.sources._chats.fields import kept
from masa_rag.sources._chats.messages import Room, Said
from masa_rag.sources._records.fields import Fields
from masa_rag.sources._records.looking import at
from masa_rag.sources._records.names import plain
from masa_rag.sources._records.values import link_in, mended, said, text_in, time_in
from masa_rag.sources._records.walk import Row
from masa_rag.sources._written import DateOrder, Undated
from masa_rag.types import Document, Segment

_ME = "Me"
_OUT = frozenset({"sent", "outgoing", "outbox", "out", "true", "2", "4", "5", "6"})
_NOTHING = frozenset({"0", "root", "-1"})
_ANSWERS = re.compile("comment|repl|children|answer|respon|note|koment|komment|coment")
_CHATS = re.compile("chat|messag|conversation|nachricht")
_LONG_ID = 15
_BLUESKY = re.compile(r"at://(?P<did>[^/]+)/app\.bsky\.feed\.post/(?P<key>[^/]+)")
_HACKER_NEWS = "https://news.ycombinator.com/item?id="
_YOUTUBE = ("www.youtube.com", "youtube.com")
_HN_KINDS = frozenset({"story", "comment", "job", "poll", "pollopt"})


@dataclass(slots=True)
class Facts:
    """What all records of a file tell together, before the first of them is made a document.

    Attributes:
        order: Which number is the month in its dates.
        parents: What each record answers, by ids.
        tops: Title and link of those that may be answered, by ids.
        begun: Ids that records name as their thread.
    """

    order: DateOrder = field(default_factory=DateOrder)
    parents: dict[str, str] = field(default_factory=dict)
    tops: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)

    def top_of(self, identity: str) -> str:
        """Return the first of those that a record answers in turn; damaged files may answer in a circle."""
        passed = {identity}
        while (parent := self.parents.get(identity)) is not None and parent not in passed:
            identity = parent
            passed.add(identity)
        return identity


class Maker:
    """Makes documents of the records of one file.

    Args:
        path: The file.
        zone: The zone of times that name none.
    """

    def __init__(self, path: Path, zone: tzinfo) -> None:
        self._path, self._zone = path, zone
        self._space = " ".join(re.findall(r"[^\W\d_]+", path.stem)) or "records"
        self._facts = Facts()
        self._undated = Undated(str(path))
        self._times: Counter[str] = Counter()

    def learn(self, rows: Iterable[Row | RecordError]) -> None:
        """Take in what all records tell together."""
        facts = self._facts
        for row in rows:
            if isinstance(row, RecordError):
                continue
            facts.order.add(str(self._written(row)))
            identity, parent = text_in(row.fields.value(row.record, "id")), _parent(row)
            if thread := _thread(row):
                facts.begun.add(thread)
            if identity and parent and parent != identity:
                facts.parents[identity] = parent
                facts.begun.add(parent)
            elif identity and _relates(row.fields) and (title := _title(row)):
                facts.tops[identity] = title, self._url(row, identity)

    def items(self, rows: Iterable[Row | RecordError]) -> Iterator[Said | Document | RecordError]:
        """Yield what is said in rooms, and the posts, as they come."""
        for number, row in enumerate(rows, start=1):
            if isinstance(row, RecordError):
                yield row
                continue
            segment = self._segment(row, number)
            if segment is not None:
                room = self._room(row, segment)
                yield _headed(segment, row, room) if room is not None else self._post(row, segment)
        yield from self._undated.report()

    # One record

    def _segment(self, row: Row, number: int) -> Segment | None:
        """Return what a record says, None where it says nothing."""
        text = _words(row) or _title(row)
        if not text:
            return None
        author, written = self._author(row), self._written(row)
        created_at = time_in(written, self._zone, self._facts.order)
        if created_at is None:
            self._undated.add(number, str(written))
        moment = created_at.isoformat() if created_at is not None else str(written)
        own = text_in(row.fields.value(row.record, "id"))
        row.identity = _own_id(row, own) or self._made_id(
            author or "", moment, text, repeats=created_at is None or row.fields.is_chat
        )
        parent = _parent(row) or (row.above.identity if row.above is not None else "")
        return Segment(
            text,
            author=author,
            created_at=created_at,
            url=self._url(row, own),
            id=row.identity,
            reply_to=parent if parent and parent != row.identity else None,
            metadata=_details(row, author),
        )

    def _made_id(self, *said: str, repeats: bool) -> str:
        """Return an id made of what is said; where people repeat themselves ("ok"), each time has its own."""
        identity = digest(*said)
        if not repeats:
            return identity
        self._times[identity] += 1
        return identity if self._times[identity] == 1 else digest(*said, str(self._times[identity]))

    def _author(self, row: Row) -> str | None:
        if text_in(str(row.fields.value(row.record, "direction"))).casefold() in _OUT:
            return _ME
        name = mended(text_in(row.fields.value(row.record, "author")))
        return name.lstrip("@") or None

    def _written(self, row: Row) -> Any:
        """Return when a record says it was written, with the hour that stands in a field of its own; "" for nothing."""
        value = row.fields.value(row.record, "time")
        clock = text_in(row.fields.value(row.record, "clock"))
        return f"{text_in(value)} {clock}" if clock else value if isinstance(value, (int, float)) else text_in(value)

    def _url(self, row: Row, identity: str) -> str | None:
        record, link = row.record, link_in(row.fields.value(row.record, "url"))
        uri = _BLUESKY.fullmatch(link) or _BLUESKY.fullmatch(identity)
        if uri is not None:
            handle = text_in(row.fields.value(record, "username")) or uri["did"]
            return f"https://bsky.app/profile/{handle.lstrip('@')}/post/{uri['key']}"
        if identity and _is_hacker_news(record):
            return f"{_HACKER_NEWS}{identity}"
        if identity and "parent" in record and urlsplit(row.around.url).hostname in _YOUTUBE:
            return f"{row.around.url}&lc={identity}"
        return link if link.startswith("http") else None

    # Where it is said

    def _room(self, row: Row, segment: Segment) -> Room | None:
        """Return the thread or the channel that a record belongs to, None for a post."""
        around, identity = row.around, segment.id or ""
        if thread := _thread(row):
            return self._thread_room(row, thread)
        first = self._facts.top_of(identity)
        if row.above is None and (first != identity or first in self._facts.begun):
            return self._thread_room(row, first)
        if row.above is not None or row.answered:
            top = row.uppermost
            return self._thread_room(top, top.identity or around.id or around.url or identity)
        keys = " ".join(map(plain, around.keys))
        if channel := text_in(row.fields.value(row.record, "channel")):
            return Room(self._key(channel), channel)
        if _CHATS.search(keys) or row.fields.is_chat:
            name = around.title or (around.keys[-1] if len(around.keys) > 1 else "") or self._space
            place = around.id if around.title and around.id else "/".join(filter(None, (around.id, name)))
            return Room(self._key(place), name.strip(": "))
        if _ANSWERS.search(keys) and (around.id or around.url or around.title):
            return self._thread_room(row, around.id or around.url or around.title)
        return None

    def _thread_room(self, row: Row, identity: str) -> Room:
        title, url = self._facts.tops.get(identity, ("", None))
        title = title or (_title(row) if row.identity == identity or row.answered else "") or row.around.title
        title = title or text_in(row.fields.value(row.record, "channel"))
        return Room(self._key(identity), title or self._space, url or row.around.url or None, by_day=False)

    def _post(self, row: Row, segment: Segment) -> Document:
        title = _title(row) or row.around.title or ("" if segment.author else self._space)
        return Document(
            self._key(segment.id or ""),
            segment.text,
            kind="post",
            title=title if title and title != segment.text else None,
            author=segment.author,
            created_at=segment.created_at,
            url=segment.url or row.around.url or None,
            metadata=segment.metadata,
        )

    def _key(self, identity: str) -> str:
        """Return an id that differs from those of other files' records: many count theirs from 1."""
        short = identity.isdecimal() and len(identity) < _LONG_ID
        return f"{self._space}/{identity}" if short else identity


def _words(row: Row) -> str:
    fields = row.fields
    if not fields.asked:
        return said(fields.value(row.record, "text"))
    answers = ((way[-1].strip(), said(at(row.record, way))) for way in fields.asked)
    return "\n".join(
        f"{question}{'' if question.endswith('?') else ':'} {answer}" for question, answer in answers if answer
    )


def _title(row: Row) -> str:
    return " ".join(said(row.fields.value(row.record, "title")).split())


def _headed(segment: Segment, row: Row, room: Room) -> Said:
    """Return what is said in a room, with its title above it where that is not the room's."""
    title = _title(row)
    if not title or title in segment.text or room.title in title:
        return Said(room, segment)
    return Said(room, replace(segment, text=f"{title}\n\n{segment.text}"))


def _details(row: Row, author: str | None) -> dict[str, Any]:
    username = mended(text_in(row.fields.value(row.record, "username"))).lstrip("@")
    rating = row.fields.value(row.record, "rating")
    return kept({"username": username if username != author else "", "rating": rating})


def _own_id(row: Row, identity: str) -> str:
    """Return a record's own id, told from that of one above it in another list: both may be counted from 1."""
    other = row.uppermost.members.setdefault(identity, row.fields) is not row.fields
    return f"below/{identity}" if identity and other else identity


def _parent(row: Row) -> str:
    parent = text_in(row.fields.value(row.record, "reply_to"))
    return "" if parent.casefold() in _NOTHING else parent


def _thread(row: Row) -> str:
    thread = text_in(row.fields.value(row.record, "thread"))
    return "" if thread.casefold() in _NOTHING else thread


def _relates(fields: Fields) -> bool:
    return "reply_to" in fields.ways or "thread" in fields.ways


def _is_hacker_news(record: Mapping[str, Any]) -> bool:
    """Say whether this is surely a record of Hacker News, of its own API or of Algolia's."""
    if record.get("type") in _HN_KINDS and {"id", "by", "time"} <= record.keys():
        return True
    return {"objectID", "_tags"} <= record.keys() or {"points", "story_id", "parent_id"} <= record.keys()
