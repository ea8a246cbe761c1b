"""Google's My Activity as a page, as Takeout writes it unless told otherwise: its entries as the JSON has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lxml import etree

from masa_rag._time import mail_time
from masa_rag.errors import RecordError
from masa_rag.sources._chats.cooked import cooked_text
from masa_rag.sources._chats.files import ChatFile
from masa_rag.sources._chats.html import classes, elements, forget
from masa_rag.sources._whatsapp.clock import local_time, stamp_of
from masa_rag.sources.google_chat import moment

_TITLE, _BODY = "mdl-typography--title", frozenset({"content-cell", "mdl-typography--body-1"})
_DATE = re.compile(r"<br\s*/?>\s*(?P<date>[^<>]{0,60}\d{1,2}[:.]\d\d[:.]\d\d[^<>]{0,40}?)\s*(?=<|$)")
_OFFSET = re.compile(r"(?:GMT|UTC)([+-]\d{1,2})(?::?(\d\d))?")
_NAMED = re.compile(r"\b(?!AM\b|PM\b)[A-Z]{2,5}\b")
_NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def is_page(path: Path, head: bytes) -> bool:
    """Say whether this is such a page of Gemini: by its folder's name, for styles fill all that is seen of the page."""
    return "gemini" in path.parent.name.lower() and may_be_page(head)


def may_be_page(head: bytes) -> bool:
    """Say whether a file begins as pages of Takeout do."""
    return b"<html" in head[:512] and b"mdl-" in head


def page_entries(file: ChatFile) -> Iterator[dict[str, Any] | RecordError]:
    """Yield the entries of a page; one whose time cannot be read has it as it is written."""
    product = ""
    with file.open() as stream:
        for element in elements(stream, keep=_wanted, label=str(file.path)):
            if isinstance(element, RecordError):
                yield element
            elif _TITLE in classes(element):
                product = "".join(element.itertext()).strip()
            elif "Gemini" in product or product == "Bard":
                yield _entry(product, etree.tostring(element, encoding="unicode", method="html", with_tail=False))
                forget(element)


def _wanted(element: Any) -> bool:
    names = classes(element)
    return _TITLE in names or (names >= _BODY and "mdl-typography--text-right" not in names)


def _entry(product: str, html: str) -> dict[str, Any]:
    inside = html[html.find(">") + 1 :].removesuffix("</div>")
    dates = ((match, time) for match in _DATE.finditer(inside) if (time := zoned(match["date"])) is not None)
    match, time = next(dates, (None, None))
    asked, answer = (inside[: match.start()], inside[match.end() :]) if match is not None else (inside, "")
    return {
        "header": product,
        "title": cooked_text(asked, hidden=frozenset()).replace("\xa0", " ").strip(),
        "time": time.isoformat() if time is not None else "",
        "safeHtmlItem": [{"html": answer}],
    }


def zoned(written: str) -> datetime | None:
    """Return the time of "Jun 1, 2024, 10:00:00 AM CEST", in whatever language; a zone that is not known is UTC."""
    offset, name = _OFFSET.search(written), _NAMED.search(written)
    bare = " ".join(_NAMED.sub(" ", _OFFSET.sub(" ", written)).split())
    local = moment(bare) or _numbered(bare)
    if local is None:
        return None
    if offset is not None:
        hours, minutes = int(offset[1]), int(offset[2] or 0)
        return local - timedelta(hours=hours, minutes=-minutes if offset[1].startswith("-") else minutes)
    noon = mail_time(f"1 Jan 2024 12:00:00 {name[0]}") if name is not None else None
    return local + (noon - _NOON) if noon is not None else local


def _numbered(written: str) -> datetime | None:
    """Return a date in numbers, of which only languages that have the day or the year first make use."""
    found = stamp_of(f"[{written}]")
    local = local_time(found[0], day_first=True) if found is not None else None
    return local.replace(tzinfo=UTC) if local is not None else None
