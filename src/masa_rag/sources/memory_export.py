"""What ``Memory.export`` wrote, read back: every document as it was stored, under the name its source had."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from masa_rag.errors import RecordError, SourceFormatError, SourceUnavailableError
from masa_rag.sources._paths import expanded
from masa_rag.types import Document

FORMAT = "masa-rag export"
VERSION = 1
"""Grows when an older version of the library would lose something of a newer file."""

_LONGEST = 1 << 20
"""Bytes of a first line; another program's file may be one line of any length."""
_BOM = b"\xef\xbb\xbf"
_OPENING = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"format"\s*:\s*"' + FORMAT.encode() + rb'"')


def first_line(source: str, documents: int) -> bytes:
    """Return the line that says what the file is, and whose documents follow it, one a line."""
    return msgspec.json.encode({"format": FORMAT, "version": VERSION, "source": source, "documents": documents})


def heading_of(path: Path) -> dict[str, Any]:
    """Return what the first line of an export says, nothing for any other file."""
    with path.open("rb") as file:
        line = file.readline(_LONGEST)
    if not _OPENING.match(line):
        return {}
    try:
        found = msgspec.json.decode(line.removeprefix(_BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return dict(found)


def is_export(path: Path) -> bool:
    """Say whether a file begins like an export; no where it cannot be read."""
    with suppress(OSError), path.open("rb") as file:
        return _OPENING.match(file.read(64)) is not None
    return False


class MemoryExport:
    """One source of a memory, as ``Memory.export`` and ``masa-rag export`` wrote it: ids, times, links, all as stored.

    Added to the memory it came from it changes nothing; in another one it gives the same documents and passages.
    ``sync`` also deletes what the source got since it was exported.

    Args:
        path: The file. Of a folder with several, ``open_sources`` and ``masa-rag add`` read each as its own source.
        name: The source's name in the memory; by default the one it had.

    Raises:
        SourceFormatError: It is no export of a memory, or, when it is read, one of a newer version.
    """

    origin = None
    """A document that is there already was seen where its own source saw it."""

    def __init__(self, path: str | Path, *, name: str | None = None) -> None:
        self._path = expanded(path)
        if self._path.is_dir():
            raise SourceFormatError("this is a folder; give one file, or each of open_sources(folder)", path=str(path))
        with _readable(self._path):
            self._heading = heading_of(self._path)
        source = self._heading.get("source")
        if not isinstance(source, str) or not source.strip():
            raise SourceFormatError(
                f'the first line is not that of an export; expected {{"format":"{FORMAT}","source":"..."}}. Take the '
                "file as masa-rag export wrote it",
                path=str(path),
            )
        self.name: str = source if name is None else name

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:  # noqa: ARG003 - its content tells
        """Say whether a file is an export of a memory, by how it begins."""
        return _OPENING.match(head) is not None

    def __iter__(self) -> Iterator[Document | RecordError]:
        version = self._heading.get("version")
        if version != VERSION:
            raise SourceFormatError(
                f"received an export of version {version}; this version of masa-rag reads version {VERSION}. Update it "
                "with: pip install -U masa-rag, in a clone with: git pull",
                path=str(self._path),
            )
        number = 0
        for place, line in self._lines():
            number += 1
            yield _document(line, f"{self._path}: line {place}")
        whole = self._heading.get("documents")
        if isinstance(whole, int) and number < whole:
            yield RecordError(
                f"holds {number} of {whole} documents: it is cut off, or was damaged; copy it again, or export anew",
                record_id=str(self._path),
            )

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        with _readable(self._path), self._path.open("rb") as file:
            file.readline()
            yield from ((place, line) for place, line in enumerate(file, 2) if line.strip())

    def __repr__(self) -> str:
        return f"<MemoryExport {self.name!r}>"


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Raise what the system raises within the block as ours."""
    try:
        yield
    except OSError as error:
        raise SourceUnavailableError(
            f"received {str(path)!r}, which cannot be read ({error.strerror or error}); check path and permissions"
        ) from error


def _document(line: bytes, place: str) -> Document | RecordError:
    try:
        return msgspec.json.decode(line, type=Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return RecordError(f"is no document as it was exported ({error}); export it again", record_id=place)
