"""A proxy on this machine that lets a browser out to public addresses only.

A browser resolves names and follows links by itself, so nothing it does could be checked from
outside. Given this proxy as its only way out, every connection it makes (pages, scripts, images,
sockets) is resolved once, checked and pinned here, under the same rules as ``Fetcher``.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable

from masa_rag._http.addresses import WebAddress, read_address
from masa_rag.errors import SourceError

Connect = Callable[[WebAddress], socket.socket]
"""Opens a socket to an address that was checked. Raises SourceError for one that is refused."""

_HEAD_BYTES = 65_536


class CheckingProxy:
    """Listens on the loopback for as long as the block lasts.

    Args:
        connect: Opens the connections.
        max_bytes: What all connections together may bring.
        timeout_s: Seconds after which a connection ends.

    Attributes:
        refused: What was asked for and refused, in order.
    """

    def __init__(self, connect: Connect, *, max_bytes: int, timeout_s: float) -> None:
        self.refused: list[str] = []
        self._connect, self._left, self._timeout_s = connect, max_bytes, timeout_s
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    def __enter__(self) -> CheckingProxy:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left = 0
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            client.settimeout(self._timeout_s)
            try:
                head, rest = _read_head(client)
                self._answer(client, head, rest)
            except (OSError, ValueError):
                return  # the browser notices by itself

    def _answer(self, client: socket.socket, head: bytes, rest: bytes) -> None:
        method, target, version = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        tunnel = method == "CONNECT"
        url = f"https://{target}/" if tunnel else target
        try:
            address = read_address(url)
            server = self._connect(address)
        except SourceError:
            self.refused.append(url)
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        with server:
            if tunnel:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                server.sendall(_plain_request(method, address, version, head) + rest)
            self._relay(client, server)

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        """Carry bytes both ways until one side ends, the time is over or the bytes are used up."""
        end = time.monotonic() + self._timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while self._left > 0 and time.monotonic() < end:
                for key, _ in selector.select(timeout=1.0):
                    data = key.fileobj.recv(65_536)  # type: ignore[union-attr]
                    if not data:
                        return
                    self._left -= len(data)
                    key.data.sendall(data)


def _read_head(client: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(8_192)
        if not piece or len(data) > _HEAD_BYTES:
            raise ValueError("no request")
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _plain_request(method: str, address: WebAddress, version: str, head: bytes) -> bytes:
    """Return the request as the server wants it: without the host in the target, one request a connection."""
    lines = head.split(b"\r\n")[1:]
    kept = [line for line in lines if not line.lower().startswith((b"proxy-", b"connection:", b"host:"))]
    first = f"{method} {address.target} {version}\r\nHost: {address.authority}\r\nConnection: close".encode("latin-1")
    return b"\r\n".join([first, *kept]) + b"\r\n\r\n"
