"""A page at an address: what keeps an answer from being one, and where it leads by itself."""

from __future__ import annotations

from masa_rag._http.client import Fetcher, Response
from masa_rag.errors import SourceError, SourceFormatError
from masa_rag.sources._pages.encoding import page_text
from masa_rag.sources._pages.hidden import visible_characters
from masa_rag.sources._pages.kinds import is_page
from masa_rag.sources._pages.meta import Head
from masa_rag.sources._pages.parse import parse_page
from masa_rag.sources.files import heading_of
from masa_rag.types import Document

_STEPS = 3
"""How often a page may lead on to another by itself."""
_PLAIN = frozenset({"text/plain", "text/markdown", "text/x-markdown"})


def fetch_page(url: str, fetcher: Fetcher, *, quick: bool = False) -> tuple[Response, Head | None]:
    """Return the page at an address, or the one that it leads to by itself; without a head where it is plain text.

    Raises:
        SourceUnavailableError: It cannot be had now.
        SourceError: It cannot be had at all, or is no page; the message says what to do.
    """
    for step in range(_STEPS + 1):
        response = fetcher.fetch(url)
        _refuse(response)
        if response.content_type in _PLAIN and not is_page(response.content):
            return response, None
        head = Head(parse_page(_text(response)), response.url, quick=quick)
        if head.leads_to is None or step == _STEPS:
            break
        url = head.leads_to
    return response, head


def plain_document(response: Response) -> Document:
    """Return plain text, or Markdown, as a document. Raises SourceFormatError where there is none."""
    text = visible_characters(_text(response).replace("\r\n", "\n")).strip()
    if not text or "\0" in text:
        raise SourceFormatError(f"received {response.content_type} without readable text; expected some sentences")
    return Document(response.url, text, kind="page", title=heading_of(text), url=response.url)


def _text(response: Response) -> str:
    return page_text(response.content, response.headers.get("content-type"))


def _refuse(response: Response) -> None:
    """Raise SourceError for an answer that is no page."""
    status, kind = response.status, response.content_type
    if status in (404, 410):
        raise SourceError(f"answered {status}: there is no such page (any more); check the address")
    if status in (401, 403):
        raise SourceError(
            f"answered {status}: the server wants a login, or refuses programs; save the page from a browser"
        )
    if status not in (200, 203):
        raise SourceError(f"answered {status}; expected 200")
    if response.content.startswith(b"%PDF-"):
        kind = "application/pdf"
    if kind and not kind.startswith("text/") and not kind.endswith(("html", "html+xml", "/xml", "octet-stream")):
        raise SourceFormatError(
            f"received {kind}; expected a page (text/html). Save it, and turn it into text or a transcript first"
        )
