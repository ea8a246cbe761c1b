"""The archive that X gives its users: a zip, or the folder it was unpacked to.

Tweets lie in ``data/tweets.js`` and ``data/tweets-partN.js`` as ``window.YTD.tweets.partN = [...]``,
posts in communities in ``community-tweet.js``, the whole text of long posts in ``note-tweet.js``,
deleted ones in ``deleted-tweets.js``; ``account.js`` says whose archive it is. Until 2018 they lay in
``data/js/tweets/2012_08.js``, a file a month. Nothing else is opened: direct messages, contacts and
advertising data stay unread. Nothing is written to disk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

from masa_rag.sources._archive import Archive as Zip
from masa_rag.sources._archive import Limits
from masa_rag.sources._json import Damage, read_objects
from masa_rag.sources._tweet_legacy import User
from masa_rag.sources._tweet_record import (
    Tweet,
    entity_links,
    id_of,
    list_of,
    mapping_of,
    text_of,
    unescaped,
    with_links,
)
from masa_rag.sources._tweet_time import time_of

_TWEETS = re.compile(r"(?:tweets?|community-tweets?)(?:-part\d+)?\.js")
_MONTH = re.compile(r"(?:.*/)?js/tweets/\d{4}_\d{2}\.js")
_DELETED = re.compile(r"deleted-tweets?(?:-part\d+)?\.js")
_NOTES = re.compile(r"note-tweets?(?:-part\d+)?\.js")
_SCRIPT = re.compile(
    rb"^(?:\xef\xbb\xbf)?\s*(?:window\.YTD\.(?:tweets?|community_tweets?|deleted_tweets?)\.part\d+|"
    rb"Grailbird\.data\.tweets_\d{4}_\d{2})\s*="
)
_LIMITS = Limits(directory_bytes=128 << 20, entries=1_000_000, member_bytes=8 << 30, total_bytes=32 << 30)
"""An archive holds one file a picture, so hundreds of thousands are possible, and its tweets alone are large."""

Open = Callable[[], IO[bytes]]


@dataclass(frozen=True, slots=True)
class Archive:
    """The files of an archive that matter here: (name, how to open it), in order of name."""

    tweets: list[tuple[str, Open]] = field(default_factory=list)
    deleted: list[tuple[str, Open]] = field(default_factory=list)
    notes: list[tuple[str, Open]] = field(default_factory=list)
    account: list[tuple[str, Open]] = field(default_factory=list)

    def put(self, name: str, opener: Open) -> None:
        """Take a file by its name, if it is one of those that matter."""
        base = name.rpartition("/")[2]
        kinds = ((_TWEETS, self.tweets), (_DELETED, self.deleted), (_NOTES, self.notes))
        for pattern, files in kinds:
            if pattern.fullmatch(base):
                files.append((name, opener))
        if _MONTH.fullmatch(name):
            self.tweets.append((name, opener))
        if base == "account.js":
            self.account.append((name, opener))


def is_archive_js(head: bytes) -> bool:
    """Say whether a file begins like a tweets file of an archive."""
    return _SCRIPT.match(head) is not None


def archive_folder(folder: Path) -> Archive | None:
    """Return the archive in a folder (itself, or its ``data``), None if there is none."""
    for place, pattern in ((folder / "data", "*.js"), (folder, "*.js"), (folder, "data/js/tweets/*.js")):
        found = Archive()
        if place.is_dir():
            for path in sorted(place.glob(pattern)):
                found.put(path.relative_to(place).as_posix(), partial(_opened, path))
        if found.tweets:
            return found
    return None


def _opened(path: Path) -> IO[bytes]:
    return path.open("rb")


@contextmanager
def archive_zip(path: Path) -> Iterator[Archive | None]:
    """Open a zip and give the archive in it, None if there is none.

    Raises:
        SourceFormatError: It is no zip, or one that is made to do harm.
    """
    with Zip(path, limits=_LIMITS) as file:
        found = Archive()
        for name in file.names:
            found.put(name, partial(file.open, name))
        yield found if found.tweets else None


def owner_of(archive: Archive) -> User:
    """Return whose archive it is. Only name, handle and id are read: the file also holds a mail address."""
    for _, opener in archive.account:
        with opener() as stream:
            for value in read_objects(stream):
                account = mapping_of(value.get("account")) if isinstance(value, dict) else {}
                if account:
                    return User(
                        id_of(account.get("accountId")),
                        text_of(account.get("accountDisplayName")),
                        text_of(account.get("username")),
                    )
    return User()


class Notes:
    """The whole texts of long posts, found by the time and the beginning of the post.

    A note has an id of its own that no tweet names; the two are written within the same second or
    two, and the tweet's text is the note's beginning.
    """

    SAME_CHARS = 100
    """How much of the beginning must be the same when the times are not."""

    def __init__(self, archive: Archive) -> None:
        self.by_second: dict[int, list[str]] = {}
        self.by_start: dict[str, str] = {}
        for _, opener in archive.notes:
            with opener() as stream:
                for value in read_objects(stream):
                    if not isinstance(value, Damage):
                        self._put(mapping_of(value.get("noteTweet")))

    def _put(self, note: Mapping[str, Any]) -> None:
        core = mapping_of(note.get("core"))
        if (text := text_of(core.get("text"))) is None:
            return
        pairs = (
            (mapping_of(row).get("shortUrl"), mapping_of(row).get("expandedUrl")) for row in list_of(core.get("urls"))
        )
        links = entity_links({"url": short, "expanded_url": full} for short, full in pairs)
        text = with_links(unescaped(text), links)
        if len(text) >= self.SAME_CHARS:
            self.by_start.setdefault(text[: self.SAME_CHARS], text)
        if (written := time_of(note.get("createdAt"))) is not None:
            self.by_second.setdefault(int(written.timestamp()), []).append(text)

    def lengthen(self, tweet: Tweet) -> None:
        """Give a tweet its whole text, if it is a note's beginning."""
        start = tweet.text[: self.SAME_CHARS]
        if (text := self.by_start.get(start)) is not None and len(text) > len(tweet.text) - 30:
            tweet.text = text
        elif tweet.created_at is not None and self.by_second:
            second = int(tweet.created_at.timestamp())
            near = [text for shift in (0, 1, -1, 2, -2) for text in self.by_second.get(second + shift, ())]
            tweet.text = next((text for text in near if text.startswith(start[:20])), tweet.text)
