"""Tweets from files, in every shape they are commonly kept in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from masa_rag.errors import ConfigurationError, RecordError
from masa_rag.sources._base import FileSource
from masa_rag.sources._json import Damage, read_objects
from masa_rag.sources._tweet_ids import IdSet
from masa_rag.sources._tweet_record import Tweet
from masa_rag.sources._tweet_shapes import Bad, Defaults, is_tweet, tweets_in
from masa_rag.sources._tweet_threads import Assembler
from masa_rag.types import Document

_MASA = re.compile(rb'"(?:ConversationID|PermanentURL|TimeParsed)"\s*:')
_ANSWERS = (
    (b'"InReplyToStatusID"', re.compile(rb'"InReplyToStatusID"\s*:\s*"(\d+)"')),
    (b'"in_reply_to_status_id', re.compile(rb'"in_reply_to_status_id(?:_str)?"\s*:\s*"?(\d+)')),
)
_OVERLAP = 64
"""Bytes kept of one piece for the next, so that a match across their border is found."""


class Tweets(FileSource):
    """Tweets from files: one document a tweet, one document with segments a self-thread.

    Args:
        paths: Files, folders or patterns.
        name: The source's name in the memory.
        retweets: Whether retweets become documents. They carry the name and the words of whom they
            repeat, and ``metadata["retweeted_by"]``.
        author: Whose tweets these are, for files that do not say (a CSV of ``tweet,datetime``).
        timezone: The zone of times that name none, as an IANA name.

    A document's id is the tweet's id, or that of the thread's first tweet, so that overlapping
    exports meet. ``author`` is the display name; ``metadata`` holds the handle (``username``),
    ``reply_to``, ``conversation_id``, counts (``likes``, ``retweets``, ``replies``, ``quotes``,
    ``views``), ``hashtags``, ``mentions`` and links to ``media``. A quoted tweet follows the tweet's
    own words in lines that begin with ``> ``.
    """

    form: ClassVar[str] = "tweets"
    suffixes: ClassVar[frozenset[str]] = frozenset({".json", ".jsonl", ".ndjson"})

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        name: str | None = None,
        retweets: bool = False,
        author: str | None = None,
        timezone: str = "UTC",
    ) -> None:
        super().__init__(paths, name=name)
        self.retweets = retweets
        self.defaults = Defaults(author=author, zone=_zone(timezone))

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:  # noqa: ARG003 - a seam fixes parameters
        """Say whether the file holds tweets, by the names of their fields."""
        return _MASA.search(head) is not None

    def __iter__(self) -> Iterator[Document | RecordError]:
        files = self.files()
        assembler = Assembler(retweets=self.retweets, answered=_answered(files))
        for path in files:
            try:
                for item in self._tweets(path):
                    if isinstance(item, RecordError):
                        yield item
                    else:
                        yield from assembler.add(item)
            except OSError as error:
                yield RecordError(f"cannot be read ({error.strerror or error})", record_id=str(path))
        yield from assembler.finish()

    def _tweets(self, path: Path) -> Iterator[Tweet | RecordError]:
        with path.open("rb") as stream:
            yield from _read(stream, path.name, self.defaults)


def _read(stream: IO[bytes], label: str, defaults: Defaults) -> Iterator[Tweet | RecordError]:
    number = 0
    for value in read_objects(stream, accept=is_tweet):
        if isinstance(value, Damage):
            yield RecordError(
                f"{value.message}; the records around it are read", record_id=f"{label} line {value.line}"
            )
            continue
        number += 1
        for item in tweets_in(value, defaults):
            if isinstance(item, Bad):
                yield RecordError(item.message, record_id=item.record_id or f"{label} record {number}")
            else:
                yield item


def _answered(files: list[Path]) -> IdSet:
    """Return the ids that tweets in the files answer, by a quick look at the bytes (1 GB/s)."""
    found = IdSet()
    for path in files:
        try:
            with path.open("rb") as stream:
                _look(stream, found)
        except OSError:
            continue  # reported when the file is read
    return found


def _look(stream: IO[bytes], found: IdSet) -> None:
    rest = b""
    while data := stream.read(1 << 20):
        data = rest + data
        for key, pattern in _ANSWERS:
            if key in data:
                for match in pattern.findall(data):
                    found.add(match.decode())
        rest = data[-_OVERLAP:]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"received the time zone {name!r}; expected an IANA name such as 'Europe/Berlin'"
        ) from error
