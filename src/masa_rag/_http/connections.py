"""Connections to exactly the addresses that were checked, and that end when their time is over.

A name is looked up once, every answer is checked, and the socket is opened to one of them, so that
a name server that answers differently a moment later (DNS rebinding) gains nothing. Built on the
standard library's ``http.client``, for only there can a socket be pinned, and a deadline be set
over slow headers as well as slow bodies. Proxies are not used: behind one, nobody can pin an address.
"""

from __future__ import annotations

import http.client
import io
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeVar

from masa_rag._http.addresses import AllowedHosts, WebAddress, check_answers
from masa_rag._http.offline import check_online
from masa_rag.errors import SourceUnavailableError

Resolve = Callable[[str, int], Iterable[str]]
Opened = TypeVar("Opened")


class Connector:
    """Opens connections to hosts of the public internet, and to those that the user names.

    Args:
        allow_hosts: Hosts of the user's own network, ``"host"`` or ``"host:port"``. None means those of
            the environment variable ``MASA_RAG_ALLOW_HOSTS``, with commas between them.
        resolve: Returns the IP addresses of a host; None asks the system.
        timeout_s: Seconds to wait for the name servers, and for one connection.
    """

    def __init__(self, *, allow_hosts: Iterable[str] | None, resolve: Resolve | None, timeout_s: float) -> None:
        if allow_hosts is None:
            allow_hosts = filter(None, os.environ.get("MASA_RAG_ALLOW_HOSTS", "").split(","))
        self._allowed = AllowedHosts(allow_hosts)
        self._resolve = resolve if resolve is not None else _system_resolve
        self._timeout_s = timeout_s

    def plain(self, address: WebAddress, clock: Clock) -> socket.socket:
        """Return a bare socket. Raises SourceError where the address is refused or cannot be reached."""
        return self._first_of(
            address, lambda place: socket.create_connection((place, address.port), self._timeout_s), clock
        )

    def pinned(self, address: WebAddress, clock: Clock) -> PinnedConnection:
        """Return a connection for requests; errors as of :meth:`plain`."""

        def opened(place: str) -> PinnedConnection:
            connection = PinnedConnection(address, place, timeout_s=self._timeout_s, clock=clock)
            try:
                connection.connect()
            except OSError:
                connection.close()
                raise
            return connection

        return self._first_of(address, opened, clock)

    def _first_of(self, address: WebAddress, opened: Callable[[str], Opened], clock: Clock) -> Opened:
        """Return the first connection that can be opened to one of the addresses that the name has."""
        check_online(address.host)
        answers = self._answers(address, clock)
        problem: OSError | None = None
        for place in check_answers(address, answers, self._allowed)[:3]:
            try:
                return opened(place)
            except OSError as error:
                problem = error
        raise SourceUnavailableError(f"{address.authority} cannot be reached ({problem or 'no address'})") from problem

    def _answers(self, address: WebAddress, clock: Clock) -> tuple[str, ...]:
        """Ask the name servers, in a thread of its own: the system's call knows no time limit."""
        told: list[tuple[str, ...] | Exception] = []

        def ask() -> None:
            try:
                told.append(tuple(self._resolve(address.host, address.port)))
            except Exception as error:  # noqa: BLE001 - it is raised again in the thread that waits
                told.append(error)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(min(self._timeout_s, max(clock.rest(), 0.001)))
        answers = told[0] if told else TimeoutError("they did not answer in time")
        if isinstance(answers, (OSError, UnicodeError)):
            raise SourceUnavailableError(f"{address.host} is not known to the name servers ({answers})") from answers
        if isinstance(answers, Exception):
            raise answers
        return answers


class PinnedConnection(http.client.HTTPConnection):
    """A connection to one checked IP address, whatever the name resolves to by now."""

    def __init__(self, address: WebAddress, place: str, *, timeout_s: float, clock: Clock) -> None:
        super().__init__(address.host, address.port, timeout=timeout_s)
        self._secure = address.scheme == "https"
        self._place = place
        self._timeout_s = timeout_s
        self._clock = clock

    def connect(self) -> None:
        """Open the socket, with TLS for the host's name where the scheme asks for it."""
        seconds = min(self._timeout_s, self._clock.left())
        plain = socket.create_connection((self._place, self.port), timeout=seconds)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            used = _tls().wrap_socket(plain, server_hostname=self.host) if self._secure else plain
        except BaseException:
            plain.close()
            raise
        self.sock: Any = _TimedSocket(used, self._clock)

    def use_clock(self, clock: Clock) -> None:
        """Let another clock say when the exchange must end."""
        self._clock = clock
        if isinstance(self.sock, _TimedSocket):
            self.sock.clock = clock


class Clock:
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

    def __init__(self, inner: socket.socket, clock: Clock) -> None:
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
    def __init__(self, inner: socket.socket, clock: Clock) -> None:
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
