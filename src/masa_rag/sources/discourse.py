"""Discourse: topics of a forum, as its own JSON (``https://forum.example/t/123.json``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from masa_rag.errors import RecordError
from masa_rag.sources._base import FileSource
from masa_rag.sources._chats.cooked import cooked_text, raw_text
from masa_rag.sources._chats.fields import clean, id_of, kept, list_of, text_of, time_of
from masa_rag.sources._chats.messages import NEVER
from masa_rag.sources._jsonfile import first_records, records
from masa_rag.sources._jsonstream import ITEM, Closed
from masa_rag.sources._jsonstream import Path as Keys
from masa_rag.types import Document, Segment

_TOPICS: tuple[Keys, ...] = ((), (ITEM,))
_POSTS = ("post_stream", "posts")
_INTO = frozenset(path for topic in _TOPICS for path in (topic, (*topic, "post_stream"), (*topic, *_POSTS)))
_GONE = ("hidden", "deleted_at", "user_deleted")
_REGULAR = (1, 2)  # 1 a post, 2 a moderator's post; 3 and 4 are notices and whispers


class DiscourseTopics(FileSource):
    """Saved topics: one JSON object a file, a list of them, JSON Lines, or a folder of files.

    One document a topic, one segment a post, ``reply_to`` from ``reply_to_post_number``. The
    Markdown (``raw``) is taken where it is there, otherwise the HTML (``cooked``) as text: quotes
    open with "> " and who is quoted, code is fenced. Notices ("closed this topic"), hidden and deleted posts
    are left out. Pages of one topic (``?page=2``) merge by post number.

    Args:
        paths: A file, a folder, a pattern, or several of them.
        name: The source's name; by default ``discourse:`` and the file's.
        site: The forum's address, for links: ``"https://forum.example"``.
    """

    form = "discourse"
    suffixes: ClassVar[frozenset[str]] = frozenset({".json", ".jsonl"})

    def __init__(
        self, paths: str | Path | Iterable[str | Path], *, name: str | None = None, site: str | None = None
    ) -> None:
        super().__init__(paths, name=name)
        self.site: str | None = site.rstrip("/") if site is not None else None

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:  # noqa: ARG003 - its content tells
        """Say whether it holds a ``post_stream`` with numbered posts."""
        return head[:2] != b"PK" and b'"post_stream"' in head and _has_posts(head)

    def _read(self, path: Path) -> Iterator[Document | RecordError]:
        fields: dict[str, Any] = {}
        posts: list[Any] = []
        found = False
        for item in records(path, into=_INTO, resembles=_is_post):
            if isinstance(item, RecordError):
                yield item
            elif isinstance(item, Closed):
                if item.path in _TOPICS and posts:
                    yield from self._topic(fields, posts, record_id=str(path))
                    fields, posts, found = {}, [], True
            elif item[0][-3:] == (*_POSTS, ITEM):
                posts.append(item[1])
            elif item[0] and item[0][-1] != ITEM:
                fields[item[0][-1]] = item[1]
        if posts:  # the file was cut off within a topic
            yield from self._topic(fields, posts, record_id=str(path))
        elif not found:
            yield RecordError("no topic found; expected the JSON of /t/<id>.json", record_id=str(path))

    def _topic(self, fields: dict[str, Any], posts: list[Any], *, record_id: str) -> Iterator[Document | RecordError]:
        topic = id_of(fields, "id") or next((found for post in posts if (found := id_of(post, "topic_id"))), "")
        if not topic:
            yield RecordError("a topic without an id; expected 'id', or 'topic_id' in its posts", record_id=record_id)
            return
        address = f"{self.site}/t/{text_of(fields, 'slug') or '-'}/{topic}" if self.site is not None else None
        segments: dict[int, Segment] = {}
        for post in posts:
            try:
                segment = _segment(post, topic, address)
            except RecordError as error:
                yield error
                continue
            if segment is not None:
                segments[post["post_number"]] = segment
        if segments:
            yield _document(fields, topic, address, segments)


def _document(fields: dict[str, Any], topic: str, address: str | None, posts: dict[int, Segment]) -> Document:
    segments = [post for _, post in sorted(posts.items(), key=lambda item: (item[1].created_at or NEVER, item[0]))]
    tags = fields.get("tags")
    names = [tag if isinstance(tag, str) else text_of(tag, "name") for tag in tags] if isinstance(tags, list) else []
    numbers = {name: _number_of(fields.get(name)) for name in ("views", "like_count", "category_id")}
    return Document(
        f"topic/{topic}",
        segments=segments,
        kind="conversation",
        title=text_of(fields, "title", "fancy_title") or None,
        created_at=time_of(fields.get("created_at")) or segments[0].created_at,
        url=address,
        metadata=kept({"tags": [name for name in names if name], **numbers}),
    )


def _segment(post: Any, topic: str, address: str | None) -> Segment | None:
    """Return a post as a segment, None when it has nothing to read; RecordError for one that is malformed."""
    record_id = f"topic {topic}, post {id_of(post, 'post_number', 'id') or '?'}"
    number = post.get("post_number") if isinstance(post, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise RecordError("received a post without a number; expected 'post_number'", record_id=record_id)
    if post.get("post_type", 1) not in _REGULAR or any(post.get(name) for name in _GONE):
        return None
    text = _text(post, record_id)
    if not text:
        return None
    created_at = time_of(post.get("created_at"))
    answers = post.get("reply_to_post_number")
    return Segment(
        text,
        author=text_of(post, "name", "display_username", "username") or None,
        created_at=created_at,
        url=f"{address}/{number}" if address is not None else None,
        id=f"{topic}/{number}",
        reply_to=f"{topic}/{answers}" if isinstance(answers, int) and not isinstance(answers, bool) else None,
        edited_at=time_of(post.get("updated_at")) if _number_of(post.get("version")) > 1 else None,
        metadata=kept({"username": text_of(post, "username"), "likes": _likes(post)}),
    )


def _text(post: dict[str, Any], record_id: str) -> str:
    for name, read in (("raw", raw_text), ("cooked", cooked_text)):
        value = post.get(name)
        if isinstance(value, str):
            return clean(read(value))
        if value is not None:
            kind = type(value).__name__
            raise RecordError(f"received {kind} as {name!r}; expected text. The post is left out", record_id=record_id)
    return ""


def _likes(post: dict[str, Any]) -> int | None:
    """Actions of type 2 are likes."""
    for action in list_of(post, "actions_summary"):
        if action.get("id") == 2:
            return _number_of(action.get("count")) or None
    return None


def _number_of(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _is_post(value: Any) -> bool:
    return isinstance(value, dict) and "post_number" in value


def _has_posts(head: bytes) -> bool:
    found = first_records(head, _INTO)
    return any(keys[-3:] == (*_POSTS, ITEM) and _is_post(value) for keys, value in found) or any(
        isinstance(value, dict) and _is_topic(value) for keys, value in found if not keys
    )


def _is_topic(value: dict[str, Any]) -> bool:
    return any(map(_is_post, list_of(value.get("post_stream"), "posts")))
