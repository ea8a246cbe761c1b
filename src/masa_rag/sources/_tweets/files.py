"""How the files of a tweets source are found, recognised and read."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import IO

from masa_rag.errors import MasaRagError, RecordError
from masa_rag.sources._base import read_head, visible_files
from masa_rag.sources._encoding import encoding_of
from masa_rag.sources._foreign import table_advice
from masa_rag.sources._json import Damage, read_objects
from masa_rag.sources._tables import delimiter
from masa_rag.sources._tweets.archive import Archive, archive_folder, archive_zip, is_archive_js, owner_of
from masa_rag.sources._tweets.ids import IdSet
from masa_rag.sources._tweets.notes import Notes
from masa_rag.sources._tweets.record import Tweet
from masa_rag.sources._tweets.rows import is_post, is_row, row_id
from masa_rag.sources._tweets.shapes import Bad, Defaults, holds_tweets, is_tweet, tweets_in
from masa_rag.sources._tweets.tables import TweetTable, table_tweets

SUFFIXES = frozenset({".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".zip"})
"""Of the files in a folder; an archive's ``.js`` files are found by what the folder holds."""
_ANSWERS = (
    (b'"InReplyToStatusID"', (rb'"InReplyToStatusID"\s*:\s*"(\d{1,20})"',)),
    (b'"in_reply_to', (rb'"in_reply_to(?:_(?:status_|tweet_)?id)?(?:_str)?"\s*:\s*"?(\d{1,20})',)),
    (b'"inReplyTo', (rb'"inReplyTo(?:Status|Tweet)?Id(?:Str)?"\s*:\s*"?(\d{1,20})',)),
    (
        b'"replied_to"',
        (
            rb'"type"\s*:\s*"replied_to"\s*,\s*"id"\s*:\s*"(\d{1,20})"',
            rb'"id"\s*:\s*"(\d{1,20})"\s*,\s*"type"\s*:\s*"replied_to"',
        ),
    ),
)
_OVERLAP = 64
"""Bytes kept of one piece for the next, so that a match across their border is found."""
_LOOKED_AT = 5
"""Values of a file, and files of a folder, by which they are recognised."""
_GRAPHQL = (b'"tweet_results"', b'"legacy"', b'"full_text"')

Found = Iterator[Tweet | RecordError]


def recognised(path: Path, head: bytes) -> bool:
    """Say whether a file or folder holds tweets, by its content."""
    if path.is_dir():
        return archive_folder(path) is not None or _all_recognised(path)
    if head.startswith(b"PK"):
        return _is_archive_zip(path)
    if is_archive_js(head) or all(mark in head for mark in _GRAPHQL):
        return True
    if (names := _columns(head)) is None:
        values = islice(read_objects(BytesIO(head), accept=is_tweet), _LOOKED_AT)
        return any(isinstance(value, dict) and holds_tweets(value) for value in values)
    return is_row(names, surely=True) or is_post(names)


def _all_recognised(folder: Path) -> bool:
    """Say whether the first files of a folder all hold tweets."""
    found = list(islice(visible_files(folder), _LOOKED_AT))
    return bool(found) and all(item.suffix.lower() in SUFFIXES and recognised(item, read_head(item)) for item in found)


def _is_archive_zip(path: Path) -> bool:
    try:
        with archive_zip(path) as found:
            return found is not None
    except MasaRagError:
        return False


def read_tweets(path: Path, defaults: Defaults, *, deleted: bool) -> Found:
    """Yield the tweets of a file, or of an archive's folder, and an error for each bad record."""
    try:
        if path.is_dir():
            yield from _read_archive(archive_folder(path) or Archive(), defaults, deleted)
            return
        head = read_head(path)
        if head.startswith(b"PK"):
            with archive_zip(path) as found:
                yield from _read_zip(found, path, defaults, deleted)
        elif is_archive_js(head):
            yield from _read_archive(_part_of_archive(path), defaults, deleted=True)
        elif _is_table(head):
            yield from table_tweets(path, author=defaults.author, zone=defaults.zone)
        elif (columns := table_advice(path, head)) is not None:
            yield RecordError(columns, record_id=path.name)
        else:
            with path.open("rb") as stream:
                yield from _read_json(stream, path.name, defaults)
    except OSError as error:
        yield RecordError(f"cannot be read ({error.strerror or error})", record_id=str(path))
    except MasaRagError as error:
        yield RecordError(str(error), record_id=path.name)


def _columns(head: bytes) -> list[str] | None:
    """Return the columns that a file has if it is a table, None if it is JSON."""
    text = head.decode(encoding_of(head[:4]), "replace").lstrip("\ufeff \t\r\n\0")
    line = text.partition("\n")[0].rstrip("\r")
    return None if text[:1] in ("{", "[") else [cell.strip('"') for cell in line.split(delimiter(line))]


def _is_table(head: bytes) -> bool:
    names = _columns(head)
    return names is not None and is_row(names)


def _read_json(stream: IO[bytes], label: str, defaults: Defaults) -> Found:
    number = 0
    for value in read_objects(stream, accept=is_tweet):
        if isinstance(value, Damage):
            yield RecordError(
                f"{value.message}; what is readable around it is read", record_id=f"{label} line {value.line}"
            )
            continue
        number += 1
        for item in tweets_in(value, defaults):
            if isinstance(item, Bad):
                yield RecordError(item.message, record_id=item.record_id or f"{label} record {number}")
            else:
                yield item
    if number == 0:
        yield RecordError("holds no tweets in a known shape; see the documentation of Tweets", record_id=label)


def _read_zip(found: Archive | None, path: Path, defaults: Defaults, deleted: bool) -> Found:
    if found is None:
        yield RecordError("holds no data/tweets.js; expected the archive that X sends", record_id=path.name)
        return
    yield from _read_archive(found, defaults, deleted)


def _part_of_archive(path: Path) -> Archive:
    """Return one file of an unpacked archive, with the files beside it that complete it."""
    beside = archive_folder(path.parent) or Archive()
    return Archive(tweets=[(path.name, lambda: path.open("rb"))], notes=beside.notes, account=beside.account)


def _read_archive(archive: Archive, defaults: Defaults, deleted: bool) -> Found:
    own = Defaults(author=defaults.author, zone=defaults.zone, owner=owner_of(archive))
    notes = Notes(opener for _, opener in archive.notes)
    for name, opener in [*archive.tweets, *(archive.deleted if deleted else [])]:
        try:
            with opener() as stream:
                for item in _read_json(stream, name, own):
                    if isinstance(item, RecordError) or notes.lengthen(item):
                        yield item
        except (OSError, MasaRagError) as error:
            yield RecordError(str(error), record_id=name)
    yield from notes.rest()


def answered_in(path: Path, found: IdSet) -> None:
    """Add the ids that the tweets of a file answer, by a quick look at its bytes (about 1 GB/s).

    It tells which tweets may open a thread before the first of them is read. What cannot be read is
    reported when it is read.
    """
    try:
        if path.is_dir():
            _look_in_archive(archive_folder(path), found)
        elif (head := read_head(path)).startswith(b"PK"):
            with archive_zip(path) as archive:
                _look_in_archive(archive, found)
        elif _is_table(head):
            _look_in_table(path, found)
        else:
            with path.open("rb") as stream:
                _look(stream, found)
    except (OSError, MasaRagError):
        return


def _look_in_archive(archive: Archive | None, found: IdSet) -> None:
    for _, opener in archive.tweets if archive is not None else ():
        with opener() as stream:
            _look(stream, found)


def _look_in_table(path: Path, found: IdSet) -> None:
    table = TweetTable(path)
    if (column := table.fields.get("reply_to")) is None:
        return
    for _, value in table.rows():
        if isinstance(value, dict) and (answered := row_id(value.get(column))) is not None:
            found.add(answered)


def _look(stream: IO[bytes], found: IdSet) -> None:
    rest = b""
    for data in _in_utf8(stream):
        data = rest + data
        for key, patterns in _ANSWERS:
            if key in data:
                for pattern in patterns:
                    found.update(re.findall(pattern, data))
        rest = data[-_OVERLAP:]


def _in_utf8(stream: IO[bytes]) -> Iterator[bytes]:
    decoder = None
    while data := stream.read(1 << 20):
        if decoder is None:
            decoder = codecs.getincrementaldecoder(encoding_of(data[:4]))("replace")
            plain = encoding_of(data[:4]) == "utf-8-sig"
        yield data if plain else decoder.decode(data).encode("utf-8", "replace")
