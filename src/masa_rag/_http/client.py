"""Fetching what strangers link to: redirects, retries, and limits on everything.

Every hop goes through the checks of ``_connections``; what comes back is unpacked by ``_http_body``.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from masa_rag._http.addresses import WebAddress, read_address
from masa_rag._http.body import MAX_RATIO, read_body
from masa_rag._http.connections import Clock, Connector, PinnedConnection, Resolve
from masa_rag._time import mail_time
from masa_rag.errors import SourceFormatError, SourceUnavailableError

USER_AGENT = "masa-rag/0.1 (+https://github.com/masa-finance/masa_rag)"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 503})


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
    max_ratio: float = MAX_RATIO
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
        self.limits: Limits = limits if limits is not None else Limits()
        self.user_agent = user_agent
        self._connector = Connector(allow_hosts=allow_hosts, resolve=resolve, timeout_s=self.limits.connect_timeout_s)
        self._sleep = sleep
        self._open: dict[tuple[str, str, int], PinnedConnection] = {}

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
        clock = Clock(self.limits.timeout_s)
        for _ in range(self.limits.max_redirects + 1):
            response = self._try(address, sent, clock)
            target = response.headers.get("location")
            if response.status not in REDIRECTS or not target:
                return Response(response.url, response.status, response.headers, response.content, permanent)
            following = read_address(_plain_location(target), base=address.url)
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

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self, address: WebAddress) -> socket.socket:
        """Return a plain socket to an address, after the checks that every request passes; for a browser's proxy.

        Raises:
            SourceError: The address is refused, or cannot be reached.
        """
        return self._connector.plain(address, Clock(self.limits.timeout_s))

    def _try(self, address: WebAddress, headers: Mapping[str, str], clock: Clock) -> Response:
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

    def _once(self, address: WebAddress, headers: Mapping[str, str], clock: Clock) -> Response:
        """Send one request; a kept connection that the server has closed meanwhile is opened anew."""
        kept = self._open.pop((address.scheme, address.host, address.port), None)
        if kept is not None:
            with contextlib.suppress(http.client.HTTPException, OSError, ValueError):
                return self._exchange(kept, address, headers, clock)
        try:
            clock.left()
            connection = self._connector.pinned(address, clock)
            return self._exchange(connection, address, headers, clock)
        except TimeoutError as error:
            raise SourceUnavailableError(f"{address.url} took longer than {self.limits.timeout_s:g} s") from error
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise SourceUnavailableError(f"{address.url} broke off ({type(error).__name__}: {error})") from error

    def _exchange(
        self, connection: PinnedConnection, address: WebAddress, headers: Mapping[str, str], clock: Clock
    ) -> Response:
        """Send one request and read its answer; the connection is kept open if it may be, else closed."""
        key = (address.scheme, address.host, address.port)
        connection.use_clock(clock)
        sent = {"Host": address.authority, "User-Agent": self.user_agent, "Accept-Encoding": "gzip, deflate"}
        try:
            connection.request("GET", address.target, headers={**sent, "Accept": "*/*", **headers})
            answer = connection.getresponse()
            if answer.status < 200:  # the real answer is still to come, and would be taken for that to the next request
                raise http.client.HTTPException(f"an answer of status {answer.status} only")
            found = {name.lower(): value for name, value in answer.getheaders()}
            content = b""
            if answer.status not in REDIRECTS:
                coded = found.get("content-encoding")
                content = read_body(answer, coded, max_bytes=self.limits.max_bytes, max_ratio=self.limits.max_ratio)
            if answer.isclosed() and not answer.will_close:
                self._open[key] = connection
        finally:
            if self._open.get(key) is not connection:
                connection.close()
        return Response(address.url, answer.status, found, content)


def _plain_location(target: str) -> str:
    """Return where a redirect leads as an address: many servers write letters and blanks as they are, in UTF-8."""
    with contextlib.suppress(UnicodeError):
        target = target.encode("latin-1").decode("utf-8")
    return target.strip().replace(" ", "%20")


def _retry_after(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header, given as a number or as a date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value.strip()[:9])
    moment = mail_time(value)
    return None if moment is None else max(0.0, (moment - datetime.now(UTC)).total_seconds())
