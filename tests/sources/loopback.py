"""A server on the loopback that replays answers, for sources that read sites and web APIs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Answer:
    """What the server says: a value to be sent as JSON, or bytes."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """What was asked: the method, the path with its query, the headers and the body."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@contextmanager
def listening(answer: Callable[[Asked], Answer]) -> Iterator[str]:
    """Serve ``answer`` on a free port of the loopback; gives the server's address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet an answer, or each waits 40 ms for an acknowledgement

        def do_GET(self) -> None:
            """Answer one request."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            given = answer(Asked(self.command, self.path, self.headers, body))
            data = given.body if isinstance(given.body, bytes) else json.dumps(given.body).encode()
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Loopback:
    """A running server: its address, and what was asked of it."""

    url: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)


@contextmanager
def serving(answer: Callable[[str, dict[str, str]], Answer]) -> Iterator[Loopback]:
    """Serve ``answer(path, parameters)`` on a free port of the loopback."""
    state = Loopback()

    def remembered(asked: Asked) -> Answer:
        parts = urlsplit(asked.target)
        parameters = dict(parse_qsl(parts.query))
        state.asked.append((parts.path, parameters))
        state.tokens.append(asked.headers.get("Authorization", ""))
        return answer(parts.path, parameters)

    with listening(remembered) as state.url:
        yield state
