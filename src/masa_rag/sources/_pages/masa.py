"""The two JSON shapes in which Masa's scrapers wrote web pages.

One is a list of results with ``url``, ``crawl``, ``metadata``, ``text`` and ``markdown``; the older
one is one object with ``sections`` (each a title and paragraphs) and ``pages`` (links found).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._chats.fields import time_of
from masa_rag.types import Document

_RESULT = re.compile(rb'"crawl"\s*:\s*\{')
_RESULT_KEYS = (b'"loadedUrl"', b'"httpStatusCode"', b'"referrerUrl"')
_SECTIONS = re.compile(rb'\A\s*\{\s*"(?:sections|pages)"\s*:\s*\[')
_ENVELOPES = ("data", "items", "results", "pages")


def is_masa_web(head: bytes) -> bool:
    """Say whether the first bytes of a file are one of the two shapes."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if head.lstrip()[:1] not in (b"{", b"["):
        return False
    if _RESULT.search(head) and any(key in head for key in _RESULT_KEYS):
        return True
    return bool(_SECTIONS.match(head)) and b'"paragraphs"' in head


def documents(value: Any, *, origin: str) -> Iterator[Document | RecordError]:
    """Yield the pages of a parsed file, each address once (the last visit wins).

    Args:
        value: The parsed JSON.
        origin: The file's id: the document's id where the shape has no address, and part of error ids.
    """
    if isinstance(value, Mapping) and isinstance(value.get("sections"), list):
        yield _from_sections(value, origin)
        return
    found: dict[str, Document | RecordError] = {}
    for number, item in enumerate(_results(value)):
        read = _from_result(item, f"{origin}[{number}]")
        found[read.id if isinstance(read, Document) else read.record_id] = read
    yield from found.values()


def _results(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping):
        inner = next((value[key] for key in _ENVELOPES if isinstance(value.get(key), list)), None)
        return inner if inner is not None and "crawl" not in value else [value]
    return [value]


def _from_result(item: Any, place: str) -> Document | RecordError:
    if not isinstance(item, Mapping):
        return RecordError(f"received {type(item).__name__}; expected an object with url and text", record_id=place)
    about, crawl = _mapping(item.get("metadata")), _mapping(item.get("crawl"))
    url = _text(about.get("canonicalUrl")) or _text(item.get("url")) or _text(crawl.get("loadedUrl"))
    text = _text(item.get("markdown")) or _text(item.get("text"))
    if not url or not text:
        missing = "address" if not url else "text"
        return RecordError(f"received a page without {missing}; expected url and text", record_id=place)
    return Document(
        id=_text(item.get("url")) or url,
        text=text,
        kind="page",
        title=_text(about.get("title")),
        author=_text(about.get("author")),
        url=url,
        fetched_at=time_of(crawl.get("loadedTime")),
        metadata=_metadata(about),
    )


def _metadata(about: Mapping[str, Any]) -> dict[str, Any]:
    names = {"description": "description", "languageCode": "language", "keywords": "keywords"}
    return {name: about[key] for key, name in names.items() if about.get(key)}


def _from_sections(value: Mapping[str, Any], origin: str) -> Document | RecordError:
    parts = [part for section in value["sections"] for part in _section(section)]
    links = [link for link in value.get("pages") or () if isinstance(link, str)]
    if not parts:
        return RecordError("received sections without a paragraph; expected text", record_id=origin)
    titles = (_text(_mapping(section).get("title")) for section in value["sections"])
    return Document(
        id=origin,
        text="\n\n".join(parts),
        kind="page",
        title=next((title for title in titles if title), None),
        url=links[0] if links else None,
        metadata={"links": links} if links else {},
    )


def _section(section: Any) -> Iterator[str]:
    paragraphs = [_text(item) for item in _mapping(section).get("paragraphs") or () if _text(item)]
    if paragraphs and (title := _text(_mapping(section).get("title"))):
        yield f"## {title}"
    yield from (paragraph for paragraph in paragraphs if paragraph)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
