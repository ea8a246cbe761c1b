"""Fetching what strangers link to: pinned addresses, and limits on everything.

Each hop of a request is parsed, resolved once, checked, and connected to exactly the address that
was checked, so that a name server that answers differently a moment later (DNS rebinding) gains
nothing. Built on the standard library's ``http.client``, for only there can a socket be pinned,
and a deadline be set over slow headers as well as slow bodies. Proxies are not used: behind one,
nobody can pin an address.
"""

from __future__ import annotations

import http.client
import io
import os
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import TracebackType
from typing import Any, TypeVar

from masa_rag._addresses import AllowedHosts, WebAddress, check_answers, read_address
from masa_rag.errors import SourceError, SourceFormatError, SourceUnavailableError

USER_AGENT = "masa-rag/0.1 (+https://github.com/masa-finance/masa_rag)"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 503})

Resolve = Callable[[str, int], Iterable[str]]
Opened = TypeVar("Opened")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one fetch may cost.

    Attributes:
        max_bytes: Of the body, before and after decompression.
        max_ratio: How many times its size a compressed body may grow, above the first megabyte.
        max_redirects: Hops.
        timeout_s: Seconds for everything: names looked up, all redirects, to the last byte. Each retry has them anew.
        connect_timeout_s: Seconds to wait for the name servers, and for one connection.
        retries: How often a busy server (429, 503) is asked again.
        max_wait_s: The longest wait between two tries; a server that asks for more is not asked again.
    """

    max_bytes: int = 20_000_000
    max_ratio: float = 100.0
    max_redirects: int = 5
    timeout_s: float = 30.0
    connect_timeout_s: float = 10.0
    retries: int = 2
    max_wait_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered.

    Attributes:
        url: The address that answered, after redirects.
        status: The HTTP status.
        headers: Lower-case names; the last of repeated ones.
        content: The body, decompressed.
        permanent: The last address reached by permanent redirects only.
    """

    url: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    permanent: str | None = None

    @property
    def content_type(self) -> str:
        """The media type, lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Fetcher:
    """Fetches pages; keeps one connection a host open. No cookies, no credentials, no proxy.

    Args:
        allow_hosts: Hosts of the user's own network that may be fetched, ``"host"`` or ``"host:port"``. None
            means those of the environment variable ``MASA_RAG_ALLOW_HOSTS``, with commas between them.
        limits: What one fetch may cost.
        user_agent: How to introduce itself; tell who you are and how you can be reached.
        resolve: Returns the IP addresses of a host; for tests.
        sleep: Waits between tries; for tests.
    """

    def __init__(
        self,
        *,
        allow_hosts: Iterable[str] | None = None,
        limits: Limits | None = None,
        user_agent: str = USER_AGENT,
        resolve: Resolve | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limits = limits if limits is not None else Limits()
        self.user_agent = user_agent
        if allow_hosts is None:
            allow_hosts = filter(None, os.environ.get("MASA_RAG_ALLOW_HOSTS", "").split(","))
        self._allowed = AllowedHosts(allow_hosts)
        self._resolve = resolve if resolve is not None else _system_resolve
        self._sleep = sleep
        self._open: dict[tuple[str, str, int], _PinnedConnection] = {}

    def fetch(
        self, url: str, *, headers: Mapping[str, str] | None = None, follow: Callable[[str], bool] | None = None
    ) -> Response:
        """Return what the address answers, redirects followed; every status below 500 except 429 is returned.

        Args:
            url: An http or https address.
            headers: Sent with the first request and as long as redirects stay on the host.
            follow: Asked with the address of each redirect; where it says no, the redirect itself is returned.

        Raises:
            SourceUnavailableError: No connection, too slow, or 429 and 5xx after all tries.
            SourceFormatError: Too large, or a damaged or bomb-like compressed body.
            SourceError: The address, or one it redirects to, is refused.
        """
        address = read_address(url)
        sent = dict(headers or {})
        permanent: str | None = address.url
        clock = _Clock(self.limits.timeout_s)
        for _ in range(self.limits.max_redirects + 1):
            response = self._try(address, sent, clock)
            target = response.headers.get("location")
            if response.status not in REDIRECTS or not target:
                return Response(response.url, response.status, response.headers, response.content, permanent)
            following = read_address(target, base=address.url)
            if follow is not None and not follow(following.url):
                return response
            if following.authority != address.authority:
                sent = {}
            keeps = response.status in (301, 308) and permanent is not None
            permanent = following.url if keeps else None
            address = following
        raise SourceFormatError(
            f"received more than {self.limits.max_redirects} redirects; expected a page", path=url[:200]
        )

    def close(self) -> None:
        """Close the connections that are kept open."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _try(self, address: WebAddress, headers: Mapping[str, str], clock: _Clock) -> Response:
        """Ask once, and again while the server says it is busy and names a bearable wait."""
        for attempt in range(self.limits.retries + 1):
            response = self._once(address, headers, clock)
            if response.status not in _BUSY and response.status < 500:
                return response
            wait = _retry_after(response.headers.get("retry-after"))
            pause = wait if wait is not None else float(2**attempt)
            if response.status not in _BUSY or attempt == self.limits.retries or pause > self.limits.max_wait_s:
                break
            self._sleep(pause)
            clock.restart()
        raise SourceUnavailableError(f"{address.url} answered {response.status}; try again later", retry_after_s=wait)

    def _once(self, address: WebAddress, headers: Mapping[str, str], clock: _Clock) -> Response:
        """Send one request; a kept connection that the server has closed meanwhile is opened anew."""
        key = (address.scheme, address.host, address.port)
        kept = self._open.pop(key, None)
        if kept is not None:
            try:
                return self._exchange(kept, address, headers, clock)
            except (http.client.HTTPException, OSError):
                kept.close()
        connection = self._connect(address, clock)
        try:
            return self._exchange(connection, address, headers, clock)
        except TimeoutError as error:
            raise SourceUnavailableError(f"{address.url} took longer than {self.limits.timeout_s:g} s") from error
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise SourceUnavailableError(f"{address.url} broke off ({type(error).__name__}: {error})") from error
        finally:
            if self._open.get(key) is not connection:
                connection.close()

    def connect(self, address: WebAddress) -> socket.socket:
        """Return a plain socket to an address, after the checks that every request passes; for a browser's proxy.

        Raises:
            SourceError: The address is refused, or cannot be reached.
        """
        return self._first_of(
            address, lambda place: socket.create_connection((place, address.port), self.limits.connect_timeout_s)
        )

    def _connect(self, address: WebAddress, clock: _Clock) -> _PinnedConnection:
        def opened(place: str) -> _PinnedConnection:
            connection = _PinnedConnection(address, place, self.limits, clock)
            try:
                connection.connect()
            except OSError:
                connection.close()
                raise
            return connection

        return self._first_of(address, opened, clock)

    def _first_of(self, address: WebAddress, opened: Callable[[str], Opened], clock: _Clock | None = None) -> Opened:
        """Return the first connection that can be opened to one of the addresses that the name has."""
        answers = self._answers(address, clock if clock is not None else _Clock(self.limits.timeout_s))
        problem: OSError | None = None
        for place in check_answers(address, answers, self._allowed)[:3]:
            try:
                return opened(place)
            except OSError as error:
                problem = error
        raise SourceUnavailableError(f"{address.authority} cannot be reached ({problem or 'no address'})") from problem

    def _answers(self, address: WebAddress, clock: _Clock) -> tuple[str, ...]:
        """Ask the name servers, in a thread of its own: the system's call knows no time limit."""
        told: list[tuple[str, ...] | Exception] = []

        def ask() -> None:
            try:
                told.append(tuple(self._resolve(address.host, address.port)))
            except Exception as error:  # noqa: BLE001 - it is raised again in the thread that waits
                told.append(error)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(min(self.limits.connect_timeout_s, max(clock.rest(), 0.001)))
        answers = told[0] if told else TimeoutError("they did not answer in time")
        if isinstance(answers, (OSError, UnicodeError)):
            raise SourceUnavailableError(f"{address.host} is not known to the name servers ({answers})") from answers
        if isinstance(answers, Exception):
            raise answers
        return answers

    def _exchange(
        self, connection: _PinnedConnection, address: WebAddress, headers: Mapping[str, str], clock: _Clock
    ) -> Response:
        connection.use_clock(clock)
        sent = {"Host": address.authority, "User-Agent": self.user_agent, "Accept-Encoding": "gzip, deflate"}
        connection.request("GET", address.target, headers={**sent, "Accept": "*/*", **headers})
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        content = b"" if answer.status in REDIRECTS else read_body(answer, found.get("content-encoding"), self.limits)
        if answer.isclosed() and not answer.will_close:
            self._open[(address.scheme, address.host, address.port)] = connection
        return Response(address.url, answer.status, found, content)


class _PinnedConnection(http.client.HTTPConnection):
    """A connection to one checked IP address, whatever the name resolves to by now."""

    def __init__(self, address: WebAddress, place: str, limits: Limits, clock: _Clock) -> None:
        super().__init__(address.host, address.port, timeout=limits.connect_timeout_s)
        self._secure = address.scheme == "https"
        self._place = place
        self._limits = limits
        self._clock = clock

    def connect(self) -> None:
        """Open the socket, with TLS for the host's name where the scheme asks for it."""
        seconds = min(self._limits.connect_timeout_s, self._clock.left())
        plain = socket.create_connection((self._place, self.port), timeout=seconds)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            used = _tls().wrap_socket(plain, server_hostname=self.host) if self._secure else plain
        except BaseException:
            plain.close()
            raise
        self.sock: Any = _TimedSocket(used, self._clock)

    def use_clock(self, clock: _Clock) -> None:
        """Let another clock say when the exchange must end."""
        self._clock = clock
        if isinstance(self.sock, _TimedSocket):
            self.sock.clock = clock


class _Clock:
    """What is left of the time for one fetch."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.restart()

    def restart(self) -> None:
        self._end = time.monotonic() + self._seconds

    def left(self) -> float:
        """Return the seconds left; raise TimeoutError when there are none."""
        left = self.rest()
        if left <= 0:
            raise TimeoutError("the time for this address is over")
        return left

    def rest(self) -> float:
        """Return the seconds left, negative when the time is over."""
        return self._end - time.monotonic()


class _TimedSocket:
    """A socket of which every read and write ends when the clock does, so that dripping bytes gain nothing."""

    def __init__(self, inner: socket.socket, clock: _Clock) -> None:
        self._inner = inner
        self.clock = clock

    def sendall(self, data: Any) -> None:
        self._inner.settimeout(self.clock.left())
        self._inner.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._inner, self.clock))

    def close(self) -> None:
        self._inner.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, inner: socket.socket, clock: _Clock) -> None:
        super().__init__()
        self._inner = inner
        # Keeps the socket open: http.client closes its own end at once when the server means to.
        self._file = inner.makefile("rb", buffering=0)
        self._clock = clock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._inner.settimeout(self._clock.left())
        return self._file.readinto(buffer) or 0

    def close(self) -> None:
        self._file.close()
        super().close()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _system_resolve(host: str, port: int) -> list[str]:
    return [str(answer[4][0]) for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def read_body(answer: http.client.HTTPResponse, encoding: str | None, limits: Limits) -> bytes:
    """Return the body, decompressed, within the limits."""
    unpack = _unpacker(encoding, limits)
    parts: list[bytes] = []
    received = size = 0
    while piece := answer.read(65_536):
        received += len(piece)
        part = unpack(piece)
        size += len(part)
        parts.append(part)
        if max(received, size) > limits.max_bytes:
            raise SourceFormatError(f"received more than {limits.max_bytes:,} bytes; expected one page")
        if size > 1_000_000 and size > received * limits.max_ratio:
            raise SourceFormatError(f"received a body that grows more than {limits.max_ratio:g} times when unpacked")
    if answer.length:  # read() with a size does not say that the end is missing
        raise http.client.IncompleteRead(b"", answer.length)
    unpack(b"")
    return b"".join(parts)


def _unpacker(encoding: str | None, limits: Limits) -> Callable[[bytes], bytes]:
    """Return a function that unpacks one piece after the other, never more than the limit at once; b"" is the end."""
    name = (encoding or "identity").strip().lower()
    if name in ("identity", ""):
        return lambda piece: piece
    if name not in ("gzip", "x-gzip", "deflate"):
        raise SourceFormatError(f"received the content encoding {name[:40]!r}; expected gzip, deflate or none")
    state: list[Any] = []

    def unpack(piece: bytes) -> bytes:
        if not piece:
            if state and not state[0].eof:
                raise SourceFormatError(f"received a {name} body without its end; fetch it again")
            return b""
        if not state:
            state.append(zlib.decompressobj(_window(name, piece)))
        try:
            return bytes(state[0].decompress(piece, limits.max_bytes + 1))
        except zlib.error as error:
            raise SourceFormatError(f"received a damaged {name} body ({error})") from error

    return unpack


def _window(name: str, piece: bytes) -> int:
    """Return zlib's wbits: for gzip, for zlib, or for the bare deflate stream that some servers send."""
    if name != "deflate":
        return 31
    has_header = len(piece) > 1 and piece[0] & 0x0F == 8 and (piece[0] << 8 | piece[1]) % 31 == 0
    return 15 if has_header else -15


def _retry_after(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header, given as a number or as a date."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value.strip()[:9])
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def fetch_error(url: str, error: SourceError) -> str:
    """Return what to say about a page that could not be fetched."""
    return f"could not be fetched: {error}" if url not in str(error) else str(error)
