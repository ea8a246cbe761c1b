"""Reddit: saved posts and comments, as Masa's workers, Reddit's own API and its archives write them."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from masa_rag.errors import RecordError
from masa_rag.sources._base import FileSource, read_head
from masa_rag.sources._chats.cooked import cooked_text
from masa_rag.sources._chats.fields import content_of, id_of, kept, text_of, texts_of, time_of
from masa_rag.sources._chats.files import ChatFile, holds_chats, in_zip, is_zip, read_each, unpacked
from masa_rag.sources._chats.messages import Room, Said, documents
from masa_rag.sources._jsonfile import first_records, records
from masa_rag.sources._jsonstream import ITEM, Closed
from masa_rag.sources._jsonstream import Path as Keys
from masa_rag.sources._reddit_rows import POST, is_table, rows
from masa_rag.types import Document, Segment

_INTO: frozenset[Keys] = frozenset(
    {(), ("data", "children"), *((name,) for name in ("data", "items", "posts", "comments", "results"))}
)
_GONE = frozenset({"[deleted]", "[removed]"})
_SITE = "https://www.reddit.com"


class RedditExport(FileSource):
    """Posts and comments: a JSON list, ``{"data": [...]}``, JSON Lines, a listing of Reddit's API, or tables.

    Saved records of Masa's workers (``dataType``, ``communityName``, ``parentId``), of Reddit's API and of
    its archives (``subreddit``, ``link_id``, ``selftext``) are told apart by their fields, for saved
    files have lost their type. One document a post: the post is its first segment, its comments
    follow by time, ``reply_to`` is the parent. Comments whose post is not in the file are filed under it
    all the same, so that files merge. Advertisements, deleted and removed texts, users and communities
    are left out. Of the data that Reddit sends a person (a zip, or its ``posts.csv`` and ``comments.csv``) only
    these two tables are read; they name no author.

    Args:
        paths: A file, a folder, a pattern, or several of them.
        name: The source's name; by default ``reddit``, so that exports which overlap meet.
    """

    form = "reddit"
    global_ids = True
    suffixes: ClassVar[frozenset[str]] = frozenset({".json", ".jsonl", ".ndjson", ".csv", ".zip"})

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say whether the first record has the fields of a post or a comment, or the first line those of its table."""
        if is_zip(path):
            return holds_chats(path, _is_named, is_table)
        if is_table(head):
            return True
        found = [record for _, value in first_records(head, _INTO) for record in _flat(value)]
        return any(_is_record(record) for record in found)

    def _takes(self, path: Path) -> bool:
        """Take tables and zips by what is in them."""
        by_content = is_zip(path) or _is_named(path)
        return type(self).recognises(path, read_head(path)) if by_content else super()._takes(path)

    def __iter__(self) -> Iterator[Document | RecordError]:
        paths = self.files()
        rooms: dict[str, Room] = {}
        parents: dict[str, str] = {}
        for record in read_each(_unzipped(paths), _records):  # archives have posts and comments in files of their own
            if isinstance(record, dict) and _is_record(record):
                _note(record, rooms, parents)
        yield from documents(read_each(_unzipped(paths), lambda file: _said(file, rooms, parents)))


def _unzipped(paths: list[Path]) -> Iterator[ChatFile | RecordError]:
    return unpacked(paths, lambda path: in_zip(path, _is_named, is_table))


def _is_named(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def _said(file: ChatFile, rooms: dict[str, Room], parents: dict[str, str]) -> Iterator[Said | RecordError]:
    found = False
    for number, record in enumerate(_records(file), start=1):
        if isinstance(record, RecordError):
            yield record
            continue
        found = True
        if _kind(record) in ("user", "community", "more") or record.get("isAd") is True:
            continue
        try:
            segment = _segment(record, f"{file.path}, record {number}")
        except RecordError as error:
            yield error
            continue
        if segment is not None:
            post = _post_of(record, parents)
            yield Said(rooms.get(post) or Room(id=post, title=_community(record) or post, by_day=False), segment)
    if not found:
        yield RecordError("no post or comment found; expected Reddit's JSON or tables", record_id=str(file.path))


def _records(file: ChatFile) -> Iterator[dict[str, Any] | RecordError]:
    """Yield the records of a file."""
    return rows(file) if is_table(file.head()) else _json_records(file.path)


def _json_records(path: Path) -> Iterator[dict[str, Any] | RecordError]:
    """Yield the records of a file; a file that is one record gives its fields one by one."""
    fields: dict[str, Any] = {}
    for item in records(path, into=_INTO, lines_into=frozenset(), resembles=_is_record):
        if isinstance(item, RecordError):
            yield item
        elif not isinstance(item, Closed):
            keys, value = item
            if keys and keys[-1] != ITEM:
                fields[keys[-1]] = value
            elif not isinstance(value, dict):
                kind = type(value).__name__
                yield RecordError(f"received {kind}; expected a post or a comment", record_id=str(path))
            else:
                yield from _flat(value)
    if _is_record(fields):
        yield fields


def _flat(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the records in what may be a wrapper (``kind``, ``data``), a listing, or a record with its answers."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        elif not isinstance(item, dict):
            continue
        elif isinstance(item.get("kind"), str) and isinstance(item.get("data"), dict):
            stack.append(item["data"])
        elif isinstance(item.get("children"), list) and not _is_record(item):
            stack.append(item["children"])
        else:
            yield item
            stack += [item.get("comments"), item.get("replies")]


def _kind(record: dict[str, Any]) -> str:
    """Return "post", "comment", "user", "community", or "" for what is none of them."""
    if (named := text_of(record, "dataType", "type").lower()) in ("post", "comment", "user", "community"):
        return named
    if "parentId" in record or ("parent_id" in record and "body" in record):
        return "comment"
    here = "communityName" in record or "subreddit" in record
    return "post" if here and "title" in record else "more" if "count" in record and "children" in record else ""


def _is_record(value: Any) -> bool:
    """A post or a comment by Masa's fields or by Reddit's; ``dataType`` alone would be too little."""
    if not isinstance(value, dict) or _kind(value) not in ("post", "comment"):
        return False
    masa = ("parsedId" in value or "parsedCommunityName" in value) and "username" in value
    return masa or ("subreddit" in value and "created_utc" in value) or ("link_id" in value and "body" in value)


def _identity(record: dict[str, Any]) -> str:
    """Return Reddit's full name of a record: t3_ for a post, t1_ for a comment."""
    return _full(id_of(record, "id", "parsedId", "name"), "t1_" if _kind(record) == "comment" else "t3_")


def _parent(record: dict[str, Any]) -> str:
    return _full(id_of(record, "parentId", "parent_id"), "t1_")


def _full(identity: str, prefix: str) -> str:
    return identity if not identity or identity[:3] in ("t1_", "t3_") else f"{prefix}{identity}"


def _post_of(record: dict[str, Any], parents: dict[str, str]) -> str:
    """Return the post a record belongs to: named by it, in its address, or at the end of its parents."""
    if _kind(record) == "post":
        return _identity(record)
    if (named := id_of(record, "link_id", "postId")) != "":
        return named if named.startswith("t3_") else f"t3_{named}"
    if (match := POST.search(text_of(record, "url", "permalink"))) is not None:
        return f"t3_{match[1].lower()}"
    seen: set[str] = set()
    parent = _parent(record) or _identity(record)
    while parent in parents and parent not in seen:  # a damaged file may answer in a circle
        seen.add(parent)
        parent = parents[parent]
    return parent


def _note(record: dict[str, Any], rooms: dict[str, Room], parents: dict[str, str]) -> None:
    identity = _identity(record)
    if _kind(record) == "comment":
        if _parent(record):
            parents[identity] = _parent(record)
    elif identity:
        title = _title(record) or _community(record) or identity
        metadata = {"community": _community(record)}
        rooms[identity] = Room(id=identity, title=title, url=_url(record), by_day=False, metadata=metadata)


def _segment(record: dict[str, Any], where: str) -> Segment | None:
    kind, identity = _kind(record), _identity(record)
    if kind not in ("post", "comment") or not identity:
        raise RecordError(
            "neither a post nor a comment with an id; expected 'id' and 'parentId' or 'title'", record_id=where
        )
    body = _body(record, identity)
    if kind == "post":
        link = _target(record)
        parts = (_title(record), body, _beside(record), link if link not in body else "")
        body = "\n\n".join(part for part in parts if part)
    if not body:
        return None
    author = text_of(record, "username", "author")
    return Segment(
        body,
        author=author if author and author not in _GONE else None,
        created_at=time_of(record.get("createdAt", record.get("created_utc"))),
        url=_url(record),
        id=identity,
        reply_to=(_parent(record) or None) if kind == "comment" else None,
        edited_at=time_of(record.get("edited")),
        metadata=kept({"votes": _votes(record)}),
    )


def _body(record: dict[str, Any], identity: str) -> str:
    text = content_of(record, "body", record_id=identity) or content_of(record, "selftext", record_id=identity)
    if not text and isinstance(markup := record.get("html"), str):
        text = cooked_text(markup)
    text = _unescaped(record, text)
    return "" if text in _GONE else text


def _beside(record: dict[str, Any]) -> str:
    """Return the choices of a post's poll and the captions of its pictures, a line each."""
    choices = texts_of(record.get("poll_data"), "options", "text")
    lines = (*(f"- {choice}" for choice in choices), *texts_of(record.get("gallery_data"), "items", "caption"))
    return _unescaped(record, "\n".join(lines))


def _title(record: dict[str, Any]) -> str:
    return _unescaped(record, text_of(record, "title"))


def _unescaped(record: dict[str, Any], text: str) -> str:
    """Return a text as it was written: Reddit's API escapes &, < and >, Masa's workers do not."""
    return html.unescape(text) if "subreddit" in record else text


def _target(record: dict[str, Any]) -> str:
    """Return the address that a post links to, "" for one that has none but its own."""
    if not text_of(record, "permalink"):
        return ""  # then ``url`` is the post's own
    link = _unescaped(record, text_of(record, "url"))
    own = POST.search(link)
    if own is not None and f"t3_{own[1].lower()}" == _identity(record):
        return ""
    return f"{_SITE}{link}" if link.startswith("/r/") else link


def _votes(record: dict[str, Any]) -> int | None:
    value = record.get("upVotes", record.get("score"))
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _community(record: dict[str, Any]) -> str:
    return text_of(record, "parsedCommunityName", "communityName", "subreddit").removeprefix("r/")


def _url(record: dict[str, Any]) -> str | None:
    link = text_of(record, "permalink", "url")
    return f"{_SITE}{link}" if link.startswith("/r/") else link or None
