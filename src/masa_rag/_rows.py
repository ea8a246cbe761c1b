"""Documents and chunks as rows of the catalogue, and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from math import nan, nextafter
from typing import Any

import msgspec

from masa_rag._time import from_unix
from masa_rag.errors import StorageError
from masa_rag.types import Chunk, Document, Segment

GIVEN = "(SELECT value FROM json_each(?))"
"""Any number of values as one; SQLite takes 32,766 one by one, in older builds 999."""

_DOCUMENT_FIELDS = tuple(name for name in Document.__slots__ if name not in ("text", "segments"))


def encode_document(document: Document) -> bytes:
    """Return the document as JSON without empty fields; the text of segments is not kept twice."""
    body = _filled(document, _DOCUMENT_FIELDS)
    if document.segments:
        body["segments"] = [_filled(segment, Segment.__slots__) for segment in document.segments]
    else:
        body["text"] = document.text
    return msgspec.json.encode(body, enc_hook=_plain)


def decode_document(body: bytes) -> Document:
    """Return the document that :func:`encode_document` wrote.

    Raises:
        StorageError: The bytes are damaged.
    """
    try:
        return msgspec.json.decode(body, type=Document)
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError) as error:  # the last where it is no bytes any more
        raise StorageError(
            f"a stored document cannot be read ({error}); masa-rag rebuild names it, and adding its source after that "
            "brings it back"
        ) from error


def readable_document(body: bytes) -> Document | None:
    """Return the document, or None where its bytes are damaged."""
    try:
        return decode_document(body)
    except StorageError:
        return None


def _plain(value: object) -> object:
    raise TypeError(f"a {type(value).__name__} is no JSON value")


def _filled(value: Document | Segment, names: tuple[str, ...] | Any) -> dict[str, Any]:
    pairs = ((name, getattr(value, name)) for name in names)
    return {
        name: dict(item) if isinstance(item, Mapping) else item
        for name, item in pairs
        if item is not None and item != {} and item != ()
    }


_TEXTS = msgspec.json.Decoder(tuple[str, ...])

CHUNK_COLUMNS = (
    "id", "document", "position", "header", "text", "start", "end", "segment_ids", "authors",
    "started_at", "ended_at", "start_s", "end_s", "url",
)  # fmt: skip


def chunk_row(chunk: Chunk, document: int) -> tuple[Any, ...]:
    """Return the chunk's values in the order of CHUNK_COLUMNS."""
    return (
        chunk.id, document, chunk.position, chunk.header, chunk.text, chunk.start, chunk.end,
        msgspec.json.encode(chunk.segment_ids).decode(), msgspec.json.encode(chunk.authors).decode(),
        seconds(chunk.started_at), seconds(chunk.ended_at), chunk.start_s, chunk.end_s, chunk.url,
    )  # fmt: skip


CHUNK_SELECT = """
SELECT c.pk, c.id, d.id AS document_id, s.name AS source, c.text, c.header, c.start, c.end, c.segment_ids, c.authors,
       c.started_at, c.ended_at, c.start_s, c.end_s, c.url, d.title, d.kind, c.position
FROM chunks c JOIN documents d ON d.pk = c.document JOIN sources s ON s.pk = d.source
"""


def row_chunk(row: sqlite3.Row) -> Chunk:
    """Return the chunk of a row of CHUNK_SELECT.

    Raises:
        StorageError: The row is damaged.
    """
    values = dict(row)
    del values["pk"]
    try:
        for name in ("segment_ids", "authors"):
            values[name] = _TEXTS.decode(values[name])
        for name in ("started_at", "ended_at"):
            values[name] = moment(values[name])
        if odd := [name for name in ("id", "document_id", "source", "text", "header") if type(values[name]) is not str]:
            raise TypeError(f"its {odd[0]} is no text")
    except (ValueError, TypeError, StorageError) as error:
        raise StorageError(
            f"passage {row['id']!r} cannot be read ({error}); make the passages anew from their documents with: "
            "masa-rag rebuild"
        ) from error
    return Chunk(**values)


def is_list_of_texts(value: bytes) -> bool:
    """Say whether it is what ``chunk_row`` makes of ids and names."""
    try:
        _TEXTS.decode(value)
    except msgspec.DecodeError:
        return False
    return True


def names_in(authors: str) -> tuple[str, ...]:
    """Return who speaks in a passage, as ``chunk_row`` writes it; nobody where it is damaged."""
    try:
        return _TEXTS.decode(authors)
    except msgspec.DecodeError:
        return ()


def is_unit(vector: object, *, dim: int) -> bool:
    """Say whether a value is a stored vector as it should be: ``dim`` float32 numbers, of length 1."""
    return abs(length_of(vector, dim=dim) - 1) < 1e-3


def length_of(vector: object, *, dim: int) -> float:
    """Return the length of a stored vector of ``dim`` float32 numbers, and what is no number where it is damaged."""
    import numpy as np

    if not isinstance(vector, bytes) or len(vector) != 4 * dim:
        return nan
    return float(np.linalg.norm(np.frombuffer(vector, np.float32).astype(np.float64)))


_LAST = nextafter(253_402_300_800.0, 0.0)
"""The last moment of the year 9999. Some write it for "never", and as a number it is rounded up into the next one."""


def seconds(value: datetime | None) -> float | None:
    """Return Unix seconds; None stays None."""
    return None if value is None else min(value.timestamp(), _LAST)


def moment(value: float | None) -> datetime | None:
    """Return the UTC time of Unix seconds; None stays None.

    Raises:
        StorageError: It is no time.
    """
    try:
        return None if value is None else from_unix(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise StorageError(f"a stored time is damaged ({error}); make it anew with: masa-rag rebuild") from error
