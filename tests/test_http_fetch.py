"""Fetching on loopback: redirects, limits, retries, pinned addresses, hostile servers."""

from __future__ import annotations

import gzip
import random
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from masa_rag._http.client import Fetcher, Limits, Response
from masa_rag.errors import SourceError, SourceFormatError, SourceUnavailableError

Answer = Callable[[bytes, socket.socket], None]
QUICK = Limits(max_bytes=2_000_000, timeout_s=0.6, connect_timeout_s=2.0)


class Server:
    """Answers each request on a loopback port by a function of the request's bytes."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        with connection:
            waiting = b""
            try:
                while True:
                    while b"\r\n\r\n" not in waiting:
                        piece = connection.recv(65_536)
                        if not piece:
                            return
                        waiting += piece
                    request, _, waiting = waiting.partition(b"\r\n\r\n")
                    self.requests.append(request)
                    self.answer(request, connection)
            except OSError:
                return

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    """Run a server for the length of a block."""
    server = Server(answer)
    try:
        yield server
    finally:
        server.close()


def ok(body: bytes, *headers: str, status: str = "200 OK") -> Answer:
    """Return an answer with a body of known length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    data = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
    return lambda _request, connection: connection.sendall(data)


def fetcher(server: Server, **options: object) -> Fetcher:
    """Return a fetcher to which site.test is the server on loopback, allowed by name."""
    settings: dict[str, object] = {"limits": QUICK, "sleep": lambda _seconds: None, **options}
    return Fetcher(allow_hosts=[f"site.test:{server.port}"], resolve=lambda _host, _port: ["127.0.0.1"], **settings)  # type: ignore[arg-type]


def get(answer: Answer, path: str = "/", **options: object) -> Response:
    """Serve one answer and fetch it."""
    with serving(answer) as server, fetcher(server, **options) as client:
        return client.fetch(f"http://site.test:{server.port}{path}")


def test_a_page() -> None:
    """Status, headers and body arrive; the request says who asks."""
    with (
        serving(ok(b"<p>hello</p>", "Content-Type: Text/HTML; charset=utf-8", 'ETag: "7"')) as server,
        fetcher(server) as client,
    ):
        response = client.fetch(f"http://site.test:{server.port}/a?b=c#d")
    assert (response.status, response.content, response.content_type) == (200, b"<p>hello</p>", "text/html")
    assert response.headers["etag"] == '"7"'
    assert server.requests[0].startswith(b"GET /a?b=c HTTP/1.1")
    assert b"User-Agent: masa-rag/" in server.requests[0]
    assert f"Host: site.test:{server.port}".encode() in server.requests[0]


def test_one_connection_a_host() -> None:
    """Pages of one host come over one connection."""
    with serving(ok(b"x")) as server, fetcher(server) as client:
        for _ in range(5):
            client.fetch(f"http://site.test:{server.port}/")
    assert (len(server.requests), server.connections) == (5, 1)


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1"])
def test_a_server_that_closes_after_its_answer(version: bytes) -> None:
    """The body is read to its end although the connection closes with it, as python -m http.server does."""

    def answer(_request: bytes, connection: socket.socket) -> None:
        connection.sendall(version + b" 200 OK\r\nConnection: close\r\n\r\n" + b"calm sea " * 2_000)
        connection.shutdown(socket.SHUT_RDWR)

    assert get(answer).content == b"calm sea " * 2_000


def test_a_kept_connection_that_was_closed() -> None:
    """A connection the server closed between two pages is opened again."""

    def answer(_request: bytes, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        connection.shutdown(socket.SHUT_RDWR)

    with serving(answer) as server, fetcher(server) as client:
        for _ in range(2):
            assert client.fetch(f"http://site.test:{server.port}/").content == b"x"


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


def redirecting(request: bytes, connection: socket.socket) -> None:
    """Answer /n with a redirect to /n-1, and /0 with a page."""
    number = int(request.split(b" ")[1].strip(b"/"))
    if number:
        ok(b"", f"Location: /{number - 1}", status="301 Moved")(request, connection)
    else:
        ok(b"end")(request, connection)


def test_redirects_are_followed_up_to_the_limit() -> None:
    """Five redirects lead to the page, six to an error."""
    response = get(redirecting, "/5")
    assert (response.content, response.url[-2:], (response.permanent or "")[-2:]) == (b"end", "/0", "/0")
    with pytest.raises(SourceFormatError, match="5 redirects"):
        get(redirecting, "/6")


@pytest.mark.parametrize(
    ("written", "asked"),
    [("/straße 7".encode(), b"/stra%C3%9Fe%207"), (b"/a%20b ", b"/a%20b"), (b"/caf\xe9", b"/caf%C3%A9")],
)
def test_redirects_that_are_not_escaped(written: bytes, asked: bytes) -> None:
    """Many servers write the letters of a name as they are, in UTF-8, and blanks; browsers follow them."""

    def answer(request: bytes, connection: socket.socket) -> None:
        if request.startswith(b"GET / "):
            connection.sendall(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + written + b"\r\n\r\n")
        else:
            ok(request.split()[1])(request, connection)

    assert get(answer).content == asked


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/",
        "http://[::1]/",
        "http://2130706433/",
        "http://10.0.0.1:8080/",
        "file:///etc/passwd",
        "//0.0.0.0/",
        "http://user@site.test/",
        "gopher://site.test/",
        "http://[::ffff:7f00:1]/",
        "http://inside.test/",
    ],
)
@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
def test_redirects_into_the_network_are_refused(target: str, status: str) -> None:
    """Every hop is checked: a public page cannot send us inside."""
    with pytest.raises(SourceError, match="refused"):
        get(ok(b"", f"Location: {target}", status=status))


def test_conditional_headers_stay_on_the_host() -> None:
    """Headers for one host are not sent to the next; no cookie is ever sent back."""
    with serving(ok(b"other")) as second:
        answer = ok(b"", f"Location: http://other.test:{second.port}/", "Set-Cookie: a=b", status="302 Found")
        with serving(answer) as first:
            hosts = [f"site.test:{first.port}", f"other.test:{second.port}"]
            with Fetcher(allow_hosts=hosts, resolve=lambda _host, _port: ["127.0.0.1"], limits=QUICK) as client:
                client.fetch(f"http://site.test:{first.port}/", headers={"If-None-Match": '"secret"'})
                client.fetch(f"http://site.test:{first.port}/")
    assert b"secret" in first.requests[0]
    assert all(b"secret" not in request for request in second.requests)
    assert all(b"ookie" not in request for request in first.requests + second.requests)


def test_answers_that_change_reach_nothing_private() -> None:
    """A name is resolved once a connection, and what was checked is what is connected to (DNS rebinding)."""
    asked: list[str] = []
    connected: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34"] if len(asked) % 2 else ["127.0.0.1"]

    def refuse(place: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected.append(place[0])
        raise ConnectionRefusedError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "create_connection", refuse)
        client = Fetcher(resolve=resolve, limits=QUICK)
        for number in range(20):
            with pytest.raises(SourceError):
                client.fetch(f"http://rebind{number}.example/")
    assert connected == ["93.184.216.34"] * 10
    assert len(asked) == 20


def test_busy_servers_are_asked_again_after_the_time_they_name() -> None:
    """429 and 503 with Retry-After: wait that long, then ask again."""
    waits: list[float] = []
    answers = [ok(b"", "Retry-After: 7", status="429 Busy"), ok(b"", status="503 Busy"), ok(b"now")]

    def answer(request: bytes, connection: socket.socket) -> None:
        answers.pop(0)(request, connection)

    assert get(answer, sleep=waits.append).content == b"now"
    assert waits == [7.0, 2.0]


def test_a_wait_too_long_is_handed_to_the_user() -> None:
    """A server that asks for an hour is not waited for; the error says how long it wants."""
    waits: list[float] = []
    with pytest.raises(SourceUnavailableError) as caught:
        get(ok(b"", "Retry-After: 3600", status="429 Busy"), sleep=waits.append)
    assert (caught.value.retry_after_s, waits) == (3600.0, [])


@pytest.mark.parametrize(
    ("until", "hours"),
    [("Fri, 31 Dec 2100 12:00:00 CET", 11), ("Fri, 31 Dec 2100 12:00:00", 12), ("Fri, 31 Dec 2100 12:00:00 GMT", 12)],
)
def test_a_wait_until_a_time(until: str, hours: int) -> None:
    """A date is read as those of feeds and mails are: in the zone it names, in UTC where it names none."""
    with pytest.raises(SourceUnavailableError) as caught:
        get(ok(b"", f"Retry-After: {until}", status="503 Busy"))
    left = datetime(2100, 12, 31, hours, tzinfo=UTC) - datetime.now(UTC)
    assert caught.value.retry_after_s == pytest.approx(left.total_seconds(), abs=60)


def test_a_wait_that_is_no_number() -> None:
    """A superscript two is a digit, and no number of seconds: the usual waits are taken."""
    waits: list[float] = []
    with pytest.raises(SourceUnavailableError):
        get(ok(b"", "Retry-After: ²", status="503 Busy"), sleep=waits.append)
    assert waits == [1.0, 2.0]


@pytest.mark.parametrize("status", ["500 Error", "502 Bad", "504 Slow"])
def test_server_errors(status: str) -> None:
    """Server errors are 'not available now', never a page."""
    with pytest.raises(SourceUnavailableError, match=status[:3]):
        get(ok(b"<p>broken</p>", status=status))


@pytest.mark.parametrize("status", ["404 Gone", "410 Gone", "403 No", "304 Same"])
def test_other_statuses_are_returned(status: str) -> None:
    """What the server says about the page itself is for the caller to judge."""
    assert get(ok(b"" if status[0] == "3" else b"x", status=status)).status == int(status[:3])


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


def test_slow_name_servers_are_not_waited_for() -> None:
    """The system's look-up knows no time limit; the fetch does."""
    hang = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        hang.wait(10)
        return ["93.184.215.14"]

    began = time.monotonic()
    with pytest.raises(SourceUnavailableError, match="did not answer in time"):
        Fetcher(resolve=resolve, limits=Limits(timeout_s=0.2)).fetch("http://slow.example/")
    hang.set()
    assert time.monotonic() - began < 2


def test_time_is_counted_over_all_redirects() -> None:
    """Hops that each take a little less than the limit do not add up to more than it."""

    def answer(request: bytes, connection: socket.socket) -> None:
        time.sleep(0.25)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n")

    with serving(answer) as server:
        began = time.monotonic()
        with pytest.raises(SourceUnavailableError, match="took longer"):
            Fetcher(allow_hosts=["127.0.0.1"], limits=QUICK).fetch(f"http://127.0.0.1:{server.port}/")
        assert time.monotonic() - began < 1.2


def test_a_redirect_may_be_refused_by_the_caller() -> None:
    """The caller sees each target before it is asked, and gets the redirect itself when it says no."""

    def answer(request: bytes, connection: socket.socket) -> None:
        target = b"/second" if request.startswith(b"GET / ") else b"/third"
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: " + target + b"\r\nContent-Length: 0\r\n\r\n")

    with serving(answer) as server:
        base = f"http://127.0.0.1:{server.port}"
        fetcher = Fetcher(allow_hosts=["127.0.0.1"], limits=QUICK)
        response = fetcher.fetch(f"{base}/", follow=lambda target: not target.endswith("third"))
        assert (response.status, response.url, len(server.requests)) == (302, f"{base}/second", 2)


def test_hosts_can_be_allowed_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line has no other way to name them; an argument wins."""
    monkeypatch.setenv("MASA_RAG_ALLOW_HOSTS", "127.0.0.1, wiki.lan")

    def answer(request: bytes, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with serving(answer) as server:
        url = f"http://127.0.0.1:{server.port}/"
        assert Fetcher().fetch(url).content == b"ok"
        with pytest.raises(SourceError, match="allow the host"):
            Fetcher(allow_hosts=()).fetch(url)
