"""The archive that X gives its users: a zip, or the folder it was unpacked to.

Tweets lie in ``data/tweets.js`` and ``data/tweets-partN.js`` as ``window.YTD.tweets.partN = [...]``,
posts in communities in ``community-tweet.js``, the whole text of long posts in ``note-tweet.js``,
deleted ones in ``deleted-tweets.js``; ``account.js`` says whose archive it is. Until 2018 they lay in
``data/js/tweets/2012_08.js``, a file a month. Nothing else is opened: direct messages, contacts and
advertising data stay unread. Nothing is written to disk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from masa_rag.sources._archive import Archive as Zip
from masa_rag.sources._archive import Limits
from masa_rag.sources._json import read_objects
from masa_rag.sources._tweets.legacy import User
from masa_rag.sources._tweets.record import id_of, mapping_of, text_of

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
