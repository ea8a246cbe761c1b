"""Web archives: pages out of WARC files, whole, damaged and hostile."""

from __future__ import annotations

import gzip
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from masa_rag.errors import RecordError
from masa_rag.protocols import Source
from masa_rag.sources import open_source
from masa_rag.sources.webpages import WebPages
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document

STORY = (
    "The lock keeper of the old canal counts every boat, and writes their names into a book that nobody has asked for. "
    "On Friday he closed the gate for the winter, and the last boat through was the one that carries the mail. "
)


def html(title: str) -> bytes:
    """Return a page."""
    main = f"<main><h1>{title}</h1><p>{STORY}</p></main>"
    return f"<html><head><title>{title}</title></head><body>{main}</body></html>".encode()


def record(kind: str, url: str, content: bytes, *, media: str = "application/http", date: str = "2024-05-01") -> bytes:
    """Return one WARC record."""
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: <{url}>\r\nWARC-Date: {date}T10:00:00Z\r\n"
    head += f"Content-Type: {media}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content + b"\r\n\r\n"


def answer(body: bytes, *headers: str, status: str = "200 OK", media: str = "text/html") -> bytes:
    """Return a stored HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {media}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def chunked(body: bytes) -> bytes:
    """Return a body in two chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:50], body[50:])) + b"0\r\n\r\n"


RECORDS = [
    record("warcinfo", "", b"software: test", media="application/warc-fields"),
    record("request", "https://lock.example/", b"GET / HTTP/1.1\r\n\r\n"),
    record("response", "https://lock.example/", answer(html("The lock"))),
    record("response", "https://lock.example/packed", answer(gzip.compress(html("Packed")), "Content-Encoding: gzip")),
    record("response", "https://lock.example/cut", answer(chunked(html("In chunks")), "Transfer-Encoding: chunked")),
    record("response", "https://lock.example/gone", answer(html("Gone"), status="404 Not Found")),
    record("response", "https://lock.example/photo", answer(b"GIF89a", media="image/gif")),
    record("response", "dns:lock.example", b"1.2.3.4", media="text/dns"),
    record("resource", "https://lock.example/kept", html("A resource"), media="text/html"),
    record("response", "https://lock.example/", answer(html("The lock, newer")), date="2024-06-01"),
]
TITLES = ["Packed", "In chunks", "A resource", "The lock, newer"]


def packed(records: list[bytes]) -> bytes:
    """Return each record gzipped for itself, as crawlers write them."""
    return b"".join(gzip.compress(item) for item in records)


class TestArchive(SourceContract):
    """An archive keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _archive(self, tmp_path: Path) -> None:
        self.path = tmp_path / "crawl.warc.gz"
        self.path.write_bytes(packed(RECORDS))

    def make(self) -> Source:
        """Return a fresh source."""
        return WebPages(self.path)


@pytest.mark.parametrize("data", [b"".join(RECORDS), packed(RECORDS), gzip.compress(b"".join(RECORDS))])
def test_pages_of_an_archive(tmp_path: Path, data: bytes) -> None:
    """Found pages of type HTML, each address once with its last capture, whatever the packing."""
    path = tmp_path / "crawl"
    path.write_bytes(data)
    source = open_source(path)
    assert type(source).__name__ == "WebPages"
    found = [item for item in source if isinstance(item, Document)]
    assert [item.title for item in found] == TITLES
    assert found[-1].id == found[-1].url == "https://lock.example/"
    assert found[-1].fetched_at == datetime(2024, 6, 1, 10, tzinfo=UTC)
    assert "names into a book" in found[0].text


def test_a_capture_that_failed_takes_no_page_away(tmp_path: Path) -> None:
    """Of the captures of an address the last that found the page counts, not a later "too many requests"."""
    busy = record("response", "https://lock.example/packed", answer(html("Busy"), status="429 Too Many Requests"))
    (tmp_path / "crawl.warc").write_bytes(b"".join([*RECORDS, busy]))
    assert [item.title for item in WebPages(tmp_path / "crawl.warc") if isinstance(item, Document)] == TITLES


def test_the_encoding_that_the_stored_answer_names(tmp_path: Path) -> None:
    """A page that leaves its encoding to the server is read in it."""
    page = html("S\u0105skaita u\u017e tilt\u0105").decode().encode("cp1257")
    stored = answer(page, media="text/html; charset=windows-1257")
    (tmp_path / "crawl.warc").write_bytes(record("response", "https://lock.example/", stored))
    assert [item.title for item in WebPages(tmp_path / "crawl.warc")] == ["S\u0105skaita u\u017e tilt\u0105"]


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("is_packed", [True, False])
def test_a_cut_archive_gives_what_is_whole(tmp_path: Path, cut: float, is_packed: bool) -> None:
    """The records before the damage are read, the damage is said once."""
    data = packed(RECORDS) if is_packed else b"".join(RECORDS)
    path = tmp_path / "crawl.warc"
    path.write_bytes(data[: int(len(data) * cut)])
    found = list(WebPages(path))
    assert len([item for item in found if isinstance(item, RecordError)]) == 1
    assert all(isinstance(item, Document) for item in found[:-1])


BOMB = zlib.compressobj(9, wbits=31)
BOMB_BYTES = BOMB.compress(b"a" * 80_000_000) + BOMB.flush()


@pytest.mark.parametrize(
    "data",
    [
        record("response", "https://x.example/", b"no http at all"),
        record("response", "https://x.example/", answer(BOMB_BYTES, "Content-Encoding: gzip")),
        record("response", "https://x.example/", answer(b"zz", "Content-Encoding: gzip")),
        record("response", "https://x.example/", answer(b"", "Content-Encoding: br")),
        record("response", "https://x.example/", answer(b"zz\r\n", "Transfer-Encoding: chunked")),
        RECORDS[2].replace(b"Content-Length: ", b"Content-Length: 99999999999"),
        RECORDS[2].replace(b"Content-Length: ", b"Content-Length: -"),
        RECORDS[2].replace(b"WARC-Date", b"X: y\r\n" * 300 + b"WARC-Date"),
        RECORDS[2] + b"no record",
    ],
)
def test_hostile_records_are_typed_errors(tmp_path: Path, data: bytes) -> None:
    """Nothing but errors that say what was wrong."""
    path = tmp_path / "crawl.warc"
    path.write_bytes(data)
    assert isinstance(list(WebPages(path))[-1], RecordError)
