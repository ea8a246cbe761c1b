"""Web archives (WARC, ISO 28500): the pages that a crawler stored, read as a stream.

A record is a few headers, an empty line and as many bytes as the headers say; in ``.warc.gz`` each
is gzipped for itself. Of the records, the successful answers of type HTML are read.
"""

from __future__ import annotations

import gzip
import http.client
import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from masa_rag._http.body import read_body
from masa_rag.errors import RecordError, SourceError, SourceFormatError
from masa_rag.sources._chats.fields import time_of
from masa_rag.sources._pages.encoding import page_text

MAX_LINE = 65_536
MAX_HEADERS = 200
MAX_RECORD_BYTES = 1_000_000_000
"""Larger records are no pages, and skipping one means unpacking it."""

_HTML_TYPES = ("text/html", "application/xhtml+xml")
_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)


@dataclass(frozen=True, slots=True)
class Capture:
    """One stored page: its address, when it was fetched, and its bytes."""

    url: str
    fetched_at: datetime | None
    html: bytes


def is_warc(head: bytes) -> bool:
    """Say whether the first (unpacked) bytes of a file are a WARC record."""
    return head.startswith((b"WARC/0.", b"WARC/1."))


def captures(path: Path, *, max_bytes: int) -> Iterator[Capture | RecordError]:
    """Yield the pages of an archive, of each address the last one that was found; what is damaged is an error, once.

    The archive is read twice: first to learn which capture of an address is the last.
    """
    last: dict[str, int] = {}
    for number, headers, content in _records(path, quiet=True):
        if _may_be_page(headers) and (headers["warc-type"] == "resource" or not _has_failed(content)):
            last[headers["warc-target-uri"]] = number
    wanted = set(last.values())
    try:
        for number, headers, content in _records(path):
            if number in wanted and (found := _capture(headers, content, max_bytes)) is not None:
                yield found
    except (SourceFormatError, *_DAMAGE) as error:
        yield RecordError(f"the archive cannot be read any further ({error}); fetch it again", record_id=str(path))


def _records(path: Path, *, quiet: bool = False) -> Iterator[tuple[int, Mapping[str, str], IO[bytes]]]:
    with _opened(path) as file:
        number = 0
        try:
            while (headers := _headers(file)) is not None:
                content = _Part(file, _length(headers))
                yield number, headers, io.BufferedReader(content)
                content.skip()
                number += 1
        except (SourceFormatError, *_DAMAGE):
            if not quiet:
                raise


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    return io.BufferedReader(gzip.GzipFile(path)) if is_gzip else path.open("rb")


def _headers(file: IO[bytes]) -> dict[str, str] | None:
    """Return the headers of the next record, names in lower case; None at the end of the file."""
    line = file.readline(MAX_LINE)
    while line in (b"\r\n", b"\n"):
        line = file.readline(MAX_LINE)
    if not line:
        return None
    if not is_warc(line):
        raise SourceFormatError(f"received {line[:40]!r}; expected a record that begins with WARC/1.0")
    found: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = file.readline(MAX_LINE)
        if line in (b"\r\n", b"\n", b""):
            return found
        name, _, value = line.decode("utf-8", "replace").partition(":")
        found[name.strip().lower()] = value.strip().strip("<>")
    raise SourceFormatError(f"received a record with more than {MAX_HEADERS} headers")


def _length(headers: Mapping[str, str]) -> int:
    told = headers.get("content-length", "")
    if not told.isdecimal() or len(told) > 12 or int(told) > MAX_RECORD_BYTES:
        raise SourceFormatError(f"received a record of {told[:20]!r} bytes; expected at most {MAX_RECORD_BYTES:,}")
    return int(told)


class _Part(io.RawIOBase):
    """The bytes of one record."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        super().__init__()
        self._file, self._left = file, length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(min(len(buffer), self._left))
        if not data and self._left and len(buffer):
            raise EOFError("the last record ends early")
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)

    def skip(self) -> None:
        """Go to the end of the record."""
        buffer = bytearray(1_048_576)
        while self._left:
            self.readinto(buffer)


def _may_be_page(headers: Mapping[str, str]) -> bool:
    if not headers.get("warc-target-uri", "").startswith(("http://", "https://")):
        return False
    kind, media = headers.get("warc-type"), headers.get("content-type", "").lower()
    return (kind == "response" and media.startswith("application/http")) or (
        kind == "resource" and media.startswith(_HTML_TYPES)
    )


def _has_failed(content: IO[bytes]) -> bool:
    line = content.readline(MAX_LINE)
    return line.startswith(b"HTTP/") and line.split()[1:2] != [b"200"]


def _capture(headers: Mapping[str, str], content: IO[bytes], max_bytes: int) -> Capture | RecordError | None:
    url = headers["warc-target-uri"]
    try:
        if headers["warc-type"] == "resource":
            html: bytes | None = content.read(max_bytes + 1)
        else:
            html = _answer(content, max_bytes)
    except (http.client.HTTPException, ValueError) as error:
        return RecordError(f"received an answer that is no HTTP ({type(error).__name__}: {error})", record_id=url)
    except SourceError as error:
        return RecordError(str(error), record_id=url)
    if html is not None and len(html) > max_bytes:
        return RecordError(f"received more than {max_bytes:,} bytes; expected one page", record_id=url)
    return Capture(url, time_of(headers.get("warc-date")), html) if html is not None else None


def _answer(content: IO[bytes], max_bytes: int) -> bytes | None:
    """Return the body of a stored HTTP answer, None unless it is HTML that was found."""
    answer = http.client.HTTPResponse(_Stored(content))  # type: ignore[arg-type]
    answer.begin()
    if answer.status != 200 or not (answer.getheader("content-type") or "text/html").lower().startswith(_HTML_TYPES):
        return None
    body = read_body(answer, answer.getheader("content-encoding"), max_bytes=max_bytes)
    return page_text(body, answer.getheader("content-type")).encode("utf-8", "replace")


class _Stored:
    """What ``http.client`` needs of a socket."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content

    def makefile(self, mode: str) -> IO[bytes]:
        return self._content
