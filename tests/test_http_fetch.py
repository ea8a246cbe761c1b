"""Fetching on loopback: redirects, limits, retries, pinned addresses."""

from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime

import pytest

from masa_rag._http.client import Fetcher, Limits
from masa_rag.errors import SourceError, SourceFormatError, SourceUnavailableError
from raw_server import QUICK, fetcher, get, ok, serving


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
