"""What the tests of chat and forum formats share: damage to files, and reading whatever comes out."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from peak_memory import forget_peak, peak_mib

from masa_rag.errors import RecordError
from masa_rag.protocols import Source
from masa_rag.types import Document, Segment

_VALUES = (b"null", b"[]", b"{}", b"1e999", b"-1", b'""', b"true", b'"\\ud800"', b"99999999999999999999999999")


def damaged(data: bytes, seed: int) -> bytes:
    """Return the data with one to three damages, the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 3)):
        data = chance.choice(_DAMAGES)(data, chance)
    return data


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 20)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _recode(data: bytes, chance: random.Random) -> bytes:
    encoding = chance.choice(("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "shift-jis", "utf-7"))
    return data.decode("utf-8", "replace").encode(encoding, "replace")


def _nest(data: bytes, chance: random.Random) -> bytes:
    depth = chance.choice((50, 5_000, 100_000))
    opening, closing = chance.choice(
        ((b"[", b"]"), (b'{"a":', b"}"), (b"<div>", b"</div>"), (b"> ", b""), (b'[quote="a"]', b""))
    )
    at = chance.randrange(len(data) + 1)
    return data[:at] + opening * depth + closing * depth + data[at:]


def _value(data: bytes, chance: random.Random) -> bytes:
    """Put another JSON value in the place of one."""
    places = [index for index, byte in enumerate(data) if byte == ord(":")]
    if not places:
        return data
    at = chance.choice(places) + 1
    end = min((found for mark in (b",", b"}", b"\n") if (found := data.find(mark, at)) >= 0), default=len(data))
    return data[:at] + chance.choice(_VALUES) + data[end:]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start : start + 200] * chance.choice((2, 50)) + data[start:]


def _controls(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return (
        data[:at]
        + chance.choice((b"\x00" * 64, b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\xe2\x80\xae", b"\x1b[31m", b"\n" * 500))
        + data[at:]
    )


_DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _cut,
    _flip,
    _recode,
    _nest,
    _value,
    _repeat,
    _controls,
)


def survives(make: Callable[[Path], Source], good: bytes, path: Path, *, files: int) -> None:
    """Read ``files`` damaged versions of a good file: documents and record errors only, within 256 MB."""
    before = forget_peak()
    for seed in range(files):
        path.write_bytes(damaged(good, seed))
        for item in make(path):
            assert isinstance(item, (Document, RecordError)), seed
            if isinstance(item, Document):
                _ = item.digest  # what the memory computes of each
                item.text.encode()  # no half characters
    assert peak_mib() - before < 256


def documents(source: Source) -> list[Document]:
    """Return the documents; an error fails the test."""
    items = list(source)
    assert [item for item in items if isinstance(item, RecordError)] == []
    return [item for item in items if isinstance(item, Document)]


def errors(source: Source) -> list[RecordError]:
    """Return the record errors only."""
    return [item for item in source if isinstance(item, RecordError)]


def segments(source: Source) -> list[Segment]:
    """Return the segments of all documents, in order; errors are passed over."""
    return [segment for item in source if isinstance(item, Document) for segment in item.segments]


def sound_segments(source: Source) -> list[Segment]:
    """Return the segments of all documents, in order; an error fails the test."""
    return [segment for document in documents(source) for segment in document.segments]


def said(source: Source) -> Iterator[tuple[str | None, str]]:
    """Yield (author, text) of all segments, in order."""
    for segment in segments(source):
        yield segment.author, segment.text
