"""The archive that X gives its users: a zip, or the folder it was unpacked to.

Tweets lie in ``data/tweets.js`` and ``data/tweets-partN.js`` as ``window.YTD.tweets.partN = [...]``,
posts in communities in ``community-tweet.js``, the whole text of long posts in ``note-tweet.js``,
deleted ones in ``deleted-tweets.js``; ``account.js`` says whose archive it is. Nothing else is
opened: direct messages, contacts and advertising data stay unread. Nothing is written to disk.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from typing import IO, Any, cast

from masa_rag.errors import SourceFormatError
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
_DELETED = re.compile(r"deleted-tweets?(?:-part\d+)?\.js")
_NOTES = re.compile(r"note-tweets?(?:-part\d+)?\.js")
_YTD = re.compile(rb"^(?:\xef\xbb\xbf)?\s*window\.YTD\.(?:tweets?|community_tweets?|deleted_tweets?)\.part\d+\s*=")
MAX_ENTRIES = 1_000_000
"""An archive holds one file a picture, so hundreds of thousands are possible."""
MAX_ENTRY_BYTES = 8 << 30
MAX_RATIO = 250
"""Tweets compress 8 to 15 times, very repetitive ones 100 times; a zip bomb 1,000 times (deflate's limit: 1,032)."""
_RATIO_FROM_BYTES = 16 << 20
"""Below it a high ratio does no harm."""
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
"""What zipfile raises for damaged, encrypted (RuntimeError) and unknown (NotImplementedError) entries."""

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
        if base == "account.js":
            self.account.append((name, opener))


def is_archive_js(head: bytes) -> bool:
    """Say whether a file begins like a tweets file of an archive."""
    return _YTD.match(head) is not None


def archive_folder(folder: Path) -> Archive | None:
    """Return the archive in a folder (itself, or its ``data``), None if there is none."""
    for place in (folder / "data", folder):
        found = Archive()
        if place.is_dir():
            for path in sorted(place.glob("*.js")):
                found.put(path.name, lambda path=path: path.open("rb"))  # type: ignore[misc]
        if found.tweets:
            return found
    return None


@contextmanager
def archive_zip(path: Path) -> Iterator[Archive | None]:
    """Open a zip and give the archive in it, None if there is none.

    Raises:
        SourceFormatError: It is no zip, or one that is made to do harm.
    """
    try:
        file = zipfile.ZipFile(path)
    except _ZIP_ERRORS as error:
        raise SourceFormatError(f"cannot be opened as a zip ({error}); download it again", path=str(path)) from error
    with file:
        yield _in_zip(file, path)


def _in_zip(file: zipfile.ZipFile, path: Path) -> Archive | None:
    entries = file.infolist()
    if len(entries) > MAX_ENTRIES:
        raise SourceFormatError(f"holds {len(entries)} files; expected at most {MAX_ENTRIES}", path=str(path))
    found = Archive()
    for entry in sorted(entries, key=lambda item: item.filename):
        if not entry.is_dir() and not _leads_out(entry.filename):
            found.put(entry.filename, lambda entry=entry: _open(file, entry))  # type: ignore[misc]
    return found if found.tweets else None


def _leads_out(name: str) -> bool:
    """Say whether a name points outside the archive; such names are made to overwrite files, no export has them."""
    return name.startswith(("/", "\\")) or ":" in name or ".." in re.split(r"[/\\]", name)


def _open(file: zipfile.ZipFile, entry: zipfile.ZipInfo) -> IO[bytes]:
    ratio = entry.file_size / max(entry.compress_size, 1)
    if entry.file_size > MAX_ENTRY_BYTES or (entry.file_size > _RATIO_FROM_BYTES and ratio > MAX_RATIO):
        raise SourceFormatError(
            f"would unpack {entry.compress_size} to {entry.file_size} bytes; expected at most {MAX_RATIO} times "
            f"and {MAX_ENTRY_BYTES} bytes",
            path=entry.filename,
        )
    try:
        return cast("IO[bytes]", _Checked(file.open(entry), entry))
    except _ZIP_ERRORS as error:
        raise SourceFormatError(f"cannot be unpacked ({error})", path=entry.filename) from error


class _Checked(BufferedIOBase):
    """A file in a zip whose errors are ours, and which never gives more than its size says."""

    def __init__(self, file: IO[bytes], entry: zipfile.ZipInfo) -> None:
        self.file, self.entry, self.left = file, entry, entry.file_size

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes; raises SourceFormatError where the zip is damaged."""
        try:
            data = self.file.read(size if size is not None else -1)
        except _ZIP_ERRORS as error:
            raise SourceFormatError(f"is damaged ({error})", path=self.entry.filename) from error
        self.left -= len(data)
        if self.left < 0:
            raise SourceFormatError("unpacks to more than its size says", path=self.entry.filename)
        return data

    def close(self) -> None:
        """Close the file."""
        self.file.close()
        super().close()


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
