"""Text files line by line, in bounded memory, whatever their encoding; and texts inside a zip."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from masa_rag.errors import RecordError, SourceError
from masa_rag.sources._archive import Archive
from masa_rag.sources._base import HEAD_BYTES

LONGEST_LINE = 1 << 20
"""Bytes after which a line is cut: no chat has such lines, but a damaged or hostile file may."""


def text_lines(file: IO[bytes], *, fallback: str | None = None) -> Iterator[str]:
    r"""Yield lines without their line end; only ``\n`` and ``\r\n`` end a line.

    UTF-8 is expected, UTF-16 is read when a byte order mark announces it.

    Args:
        file: Open in binary mode.
        fallback: The encoding of a line that is not UTF-8. None keeps its bytes as lone surrogates
            (see :func:`is_damaged`), so that the caller can report the line.
    """
    start = file.read(3)
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        yield from _wide_lines(file, start)
        return
    rest = start.removeprefix(codecs.BOM_UTF8)
    # A line end within the first three bytes belongs to lines of its own.
    while rest and (cut := rest.find(b"\n")) >= 0:
        yield _decoded(rest[: cut + 1], fallback)
        rest = rest[cut + 1 :]
    while line := rest + file.readline(LONGEST_LINE):
        yield _decoded(line, fallback)
        rest = b""


def _wide_lines(file: IO[bytes], start: bytes) -> Iterator[str]:
    """Lines of UTF-16, read in blocks so that a file without line ends is not taken in whole."""
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
    held = decoder.decode(start)
    while block := file.read(LONGEST_LINE):
        *lines, held = (held + decoder.decode(block)).split("\n")
        yield from (line.removesuffix("\r") for line in lines)
    if held := held + decoder.decode(b"", final=True):
        yield held.removesuffix("\r")


def _decoded(line: bytes, fallback: str | None) -> str:
    line = line.removesuffix(b"\n").removesuffix(b"\r")
    try:
        return line.decode()
    except UnicodeDecodeError:
        if fallback is None:
            return line.decode(errors="surrogateescape")
        return line.decode(fallback, errors="replace")


def table_rows(file: IO[bytes], label: str) -> Iterator[tuple[int, list[str]] | RecordError]:
    """Yield (line, cells) of a table in CSV, blank lines left out, and an error for each row that is damaged.

    Args:
        file: Open in binary mode.
        label: Names the file in errors.
    """
    rows = csv.reader(f"{line}\n" for line in text_lines(file))
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            yield RecordError(f"damaged CSV ({error})", record_id=f"{label}: line {rows.line_num}")
            continue
        if row is None:
            return
        if any(map(is_damaged, row)):
            yield RecordError("holds bytes that are not UTF-8", record_id=f"{label}: line {rows.line_num}")
        elif row:
            yield rows.line_num, row


def named_rows(file: IO[bytes], label: str) -> Iterator[dict[str, str] | RecordError]:
    """Yield the rows of a table in CSV by the names of its columns, which its first line has, and errors as they come.

    Args:
        file: Open in binary mode.
        label: Names the file in errors.
    """
    columns: list[str] = []
    for item in table_rows(file, label):
        if isinstance(item, RecordError):
            yield item
        elif not columns:
            columns = item[1]
        else:
            yield dict(zip(columns, item[1], strict=False))


def is_damaged(text: str) -> bool:
    """Say whether the text holds bytes that could not be decoded."""
    return any("\ud800" <= character <= "\udfff" for character in text) if not text.isascii() else False


def head_lines(head: bytes) -> list[str]:
    """Return the non-blank lines of a file's beginning; the last one may be cut."""
    return [line for line in text_lines(io.BytesIO(head)) if line.strip()]


@contextmanager
def opened(path: Path, member: str | None) -> Iterator[IO[bytes]]:
    """Open a file, or a member of a zip, for reading in pieces.

    Raises SourceFormatError for a damaged zip, and RecordError, then or while reading, for a damaged member.
    """
    if member is None:
        with path.open("rb") as file:
            yield file
        return
    with Archive(path) as archive, archive.open(member) as inner:
        yield inner


def zip_texts(path: Path) -> list[str]:
    """Return the names of the ``.txt`` members of a zip, none if it is no zip that can be read."""
    try:
        with Archive(path) as archive:
            return [name for name in archive.names if name.lower().endswith(".txt")]
    except (SourceError, OSError):
        return []


def member_head(path: Path, member: str) -> bytes:
    """Return the first HEAD_BYTES bytes of a zip's member, nothing if it cannot be read."""
    try:
        with opened(path, member) as file:
            return file.read(HEAD_BYTES)
    except (SourceError, OSError):
        return b""
