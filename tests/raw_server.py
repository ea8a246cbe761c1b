"""A server on the loopback that answers with bytes, whether they are HTTP or not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from masa_rag._http.client import Fetcher, Limits, Response

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
