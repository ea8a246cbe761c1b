"""A page to look at a memory in the browser, for this machine only. Standard library, no JavaScript."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from masa_rag._check import Info
from masa_rag._reading import Filters, allowed_chunks
from masa_rag._statistics import newest_passages, passages_by_time
from masa_rag._why_nothing import given_filters, why_nothing
from masa_rag.errors import ConfigurationError
from masa_rag.integrations._listen import listen
from masa_rag.integrations._page import (
    FIELDS,
    Asked,
    found,
    month_of,
    newest,
    nothing,
    page,
    problem,
    rising,
    sources,
    whole,
)
from masa_rag.memory import Memory

_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    # Nothing may be loaded or run, wherever it was smuggled in.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_LONGEST = 2_000
"""Characters of a question that are looked at. Names are looked up whole: an address as an id may be longer."""
_LOOPBACK = ("127.0.0.1", "localhost")


def make_page_server(memory: Memory, *, port: int = 8766, k: int = 20) -> ThreadingHTTPServer:
    """Return a server on 127.0.0.1; call ``serve_forever`` on it.

    A request whose Host is not this machine's is refused: a web page elsewhere could otherwise point its
    own name at this address and read the memory through the browser (DNS rebinding).

    Args:
        memory: What is shown.
        port: Where to listen; 0 takes a free port.
        k: How many passages are shown.

    Raises:
        ConfigurationError: The port is taken.
    """

    class Handler(_Handler):
        shown = memory
        count = k

    listener = listen(port)
    server = _Server(listener.getsockname(), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    return server


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away: who stops a page wants no traceback."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    shown: Memory
    count: int
    server_version = "masa-rag"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer, whatever goes wrong."""
        try:
            status, text = self._answer()
        except Exception as error:  # noqa: BLE001 - an empty reply would say nothing
            status, text = HTTPStatus.INTERNAL_SERVER_ERROR, problem(f"{type(error).__name__}: {error}")
        self._send(status, text)

    do_HEAD = do_GET

    def _answer(self) -> tuple[HTTPStatus, str]:
        """Return what is at the one address that there is."""
        address = urlsplit(self.path)
        if not self._is_local():
            return HTTPStatus.MISDIRECTED_REQUEST, "this page is for this machine only"
        if address.path != "/":
            return HTTPStatus.NOT_FOUND, "there is only one page: /"
        given = {name: values[0] for name, values in parse_qs(address.query).items()}
        asked = {name: given.get(name, "") for name in FIELDS}
        asked["q"] = asked["q"][:_LONGEST]
        info = self.shown.info()
        return HTTPStatus.OK, page(info, asked, self._body(asked, given, info))

    def _body(self, asked: Asked, given: Mapping[str, str], info: Info) -> str:
        filters: dict[str, Any] = {name: value for name, value in asked.items() if name != "q" and value}
        try:
            if given.get("document"):
                return self._document(given)
            if given.get("rising"):
                who = {name: value for name, value in filters.items() if name not in ("after", "before")}
                return rising(asked, self.shown.trends(days=_number(given["rising"]), **who))
            if asked["q"].strip():
                hits = self.shown.search(asked["q"], k=self.count, **filters)
                return found(asked, hits) if hits else self._nothing(filters)
            return self._newest(asked, filters, info)
        except ConfigurationError as error:
            return problem(str(error))

    def _newest(self, asked: Asked, filters: Mapping[str, Any], info: Info) -> str:
        connection = self.shown.catalog.connection
        allowed = allowed_chunks(connection, Filters(**filters))
        counts = passages_by_time(connection, by="month", only=allowed)
        months: Counter[str] = Counter()
        for count in counts:
            months[month_of(count.day)] += count.chunks
        if allowed is None and info.sources:
            return sources(info, asked, months)
        chunks = newest_passages(connection, k=self.count, only=allowed)
        return newest(asked, chunks, months) if chunks else self._nothing(filters)

    def _nothing(self, filters: Mapping[str, str]) -> str:
        return nothing(why_nothing(self.shown, **given_filters(**filters)))

    def _document(self, given: Mapping[str, str]) -> str:
        source, name = given.get("source", ""), given["document"]
        document = self.shown.document(source, name)
        if document is None:
            return problem(f"There is no document {name!r} in {source!r}.")
        return whole(document, source=source, start=_number(given.get("start")), end=_number(given.get("end")))

    def _is_local(self) -> bool:
        # Any port: a tunnel (ssh -L) may have another one, and a browser names none for 80.
        return self.headers.get("Host", "").partition(":")[0] in _LOOPBACK

    def _send(self, status: HTTPStatus, text: str) -> None:
        body = text.encode("utf-8", "replace")
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: questions are private."""


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else 0
