"""Google's My Activity as a page, as Takeout writes it unless told otherwise: its entries as the JSON has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from masa_rag.errors import RecordError
from masa_rag.sources._chats.cooked import cooked_text
from masa_rag.sources._chats.dates import zoned
from masa_rag.sources._chats.files import ChatFile
from masa_rag.sources._chats.html import classes, elements, forget

_TITLE, _BODY = "mdl-typography--title", frozenset({"content-cell", "mdl-typography--body-1"})
_DATE = re.compile(r"<br\s*/?>\s*(?P<date>[^<>]{0,60}\d{1,2}[:.]\d\d[:.]\d\d[^<>]{0,40}?)\s*(?=<|$)")


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
