"""Bodies and hostile servers: compressed, endless, slow, cut, mutilated."""

from __future__ import annotations

import gzip
import random
import socket
import time
import zlib

import pytest

from masa_rag._http.client import Limits
from masa_rag.errors import SourceError, SourceFormatError, SourceUnavailableError
from raw_server import Answer, fetcher, get, ok, serving


@pytest.mark.parametrize("first", [b"one ", b"1 " * 70_000])
def test_a_body_of_several_members(first: bytes) -> None:
    """What is put together of several gzip files is read to its end, also where a piece holds the end of one."""
    packed = gzip.compress(first, compresslevel=0) + gzip.compress(b"two") + b"\0" * 8
    assert get(ok(packed, "Content-Encoding: gzip")).content == first + b"two"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
def test_compressed_bodies(encoding: str) -> None:
    """gzip and both sorts of deflate are unpacked."""
    bare = zlib.compressobj(wbits=-15)
    packed = {"gzip": gzip.compress(b"words"), "deflate": zlib.compress(b"words")}.get(
        encoding, bare.compress(b"words") + bare.flush()
    )
    assert get(ok(packed, f"Content-Encoding: {encoding.split()[-1]}")).content == b"words"


@pytest.mark.parametrize("encoding", ["none", "UTF-8", "identity", "", "aws-chunked"])
def test_codings_that_are_none(encoding: str) -> None:
    """What scripts write to switch compression off, or by mistake, says nothing about the body."""
    assert get(ok(b"words", f"Content-Encoding: {encoding}")).content == b"words"


def test_a_kept_connection_that_falls_silent() -> None:
    """It took too long, as on a new connection; the server's name is not to blame."""

    def answer(request: bytes, connection: socket.socket) -> None:
        if b"/silent" not in request:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")

    with serving(answer) as server, fetcher(server) as client:
        client.fetch(f"http://site.test:{server.port}/")
        with pytest.raises(SourceUnavailableError, match=r"/silent took longer than 0\.6 s"):
            client.fetch(f"http://site.test:{server.port}/silent")


def test_an_early_answer_is_not_taken_for_the_next() -> None:
    """What follows a status of 1xx on a connection is not given for another address."""
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"

    def answer(request: bytes, connection: socket.socket) -> None:
        place = request.split(b" ")[1]
        connection.sendall((early if place == b"/a" else b"") + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + place)

    with serving(answer) as server, fetcher(server) as client:
        with pytest.raises(SourceUnavailableError, match="103"):
            client.fetch(f"http://site.test:{server.port}/a")
        assert client.fetch(f"http://site.test:{server.port}/b").content == b"/b"


def chunk(size: int) -> bytes:
    """Return one chunk of a chunked body."""
    return f"{size:x}\r\n".encode() + b"a" * size + b"\r\n"


def drip(first: bytes, again: bytes) -> Answer:
    """Return an answer that sends a little, and then for ever a little more."""

    def answer(_request: bytes, connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(again)
            time.sleep(0.02)

    return answer


def pour(first: bytes, again: bytes) -> Answer:
    """Return an answer that never ends and does not wait."""

    def answer(_request: bytes, connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(again)

    return answer


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(b"\0" * 60_000_000)
NESTED = gzip.compress(gzip.compress(b"\0" * 3_000_000))
HEAD = b"HTTP/1.1 200 OK\r\n"

ENDLESS: dict[str, Answer] = {
    "endless chunks": pour(CHUNKED, chunk(60_000)),
    "endless body": pour(HEAD + b"\r\n", b"a" * 60_000),
    "endless headers": pour(HEAD, b"X-A: b\r\n"),
    "endless header line": pour(HEAD + b"X-A: ", b"b" * 60_000),
    "endless status line": pour(b"", b"HTTP/1.1 200 "),
    "endless 100 continue": pour(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "dripping status": drip(b"", b"H"),
    "dripping headers": drip(HEAD, b"X"),
    "dripping body": drip(HEAD + b"Content-Length: 1000000\r\n\r\n", b"a"),
    "dripping chunks": drip(CHUNKED, chunk(1)),
    "silence": lambda _request, connection: time.sleep(2),
    "gzip bomb": ok(BOMB, "Content-Encoding: gzip"),
    "deflate bomb": ok(zlib.compress(b"\0" * 60_000_000), "Content-Encoding: deflate"),
    "length that lies": lambda _r, c: (c.sendall(HEAD + b"Content-Length: 999999\r\n\r\nx"), c.shutdown(2))[1],
    "gzip without its end": ok(gzip.compress(b"words" * 9)[:-9], "Content-Encoding: gzip"),
    "negative length": lambda _r, c: c.sendall(HEAD + b"Content-Length: -5\r\n\r\n" + b"a" * 3_000_000),
    "unknown encoding": ok(b"x", "Content-Encoding: br"),
    "damaged gzip": ok(gzip.compress(b"words" * 99)[:20] + b"\xff" * 40, "Content-Encoding: gzip"),
    "chunk size of 2^70": pour(HEAD + b"Transfer-Encoding: chunked\r\n\r\n4000000000000000000\r\n", b"a" * 60_000),
    "chunk size no number": lambda _request, connection: connection.sendall(CHUNKED + b"zz\r\n"),
    "no HTTP": lambda _request, connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n" * 10),
    "closed at once": lambda _request, connection: connection.close(),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDLESS)
def test_hostile_servers(name: str) -> None:
    """Each ends within five seconds with a typed error."""
    began = time.monotonic()
    with pytest.raises((SourceUnavailableError, SourceFormatError)):
        get(ENDLESS[name])
    assert time.monotonic() - began < 5


def test_three_hundred_mutilated_answers() -> None:
    """Answers cut and changed at random end in a page or a typed error."""
    dice = random.Random(6)
    whole = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
        % len(NESTED)
        + NESTED
    )
    answers: list[bytes] = []
    for _ in range(300):
        data = bytearray(whole[: dice.randrange(len(whole))] if dice.random() < 0.5 else whole)
        for _ in range(dice.randrange(1, 8)):
            if data:
                data[dice.randrange(len(data))] = dice.randrange(256)
        answers.append(bytes(data))

    def answer(request: bytes, connection: socket.socket) -> None:
        connection.sendall(answers[int(request.split(b" ")[1][1:])])
        connection.shutdown(socket.SHUT_RDWR)

    with serving(answer) as server, fetcher(server, limits=Limits(timeout_s=2.0, retries=0)) as client:
        for number in range(300):
            try:
                client.fetch(f"http://site.test:{server.port}/{number}")
            except SourceError:
                continue
