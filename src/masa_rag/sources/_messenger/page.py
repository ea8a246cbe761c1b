"""A chat of Messenger or Instagram as a page, as Meta writes it unless told otherwise: with what the JSON has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from typing import Any

from lxml import etree

from masa_rag.errors import RecordError
from masa_rag.sources._chats.cooked import cooked_text
from masa_rag.sources._chats.dates import moment
from masa_rag.sources._chats.files import ChatFile
from masa_rag.sources._chats.html import classes, elements, first, forget

PAGE = re.compile(r"message_\d+\.html")
_BOX, _SENDER, _BODY, _REACTIONS, _DATE = "_a6-g", "_a6-i", "_a6-p", "_a6-q", "_a6-o"


def is_page(path: Path, head: bytes) -> bool:
    """Say whether this is such a page: posts and comments look alike, and have other names."""
    return PAGE.fullmatch(path.name) is not None and may_be_page(head)


def may_be_page(head: bytes) -> bool:
    """Say whether a file begins as pages of Meta's copies do, of whose classes the styles tell."""
    return b"<html" in head[:512] and _BOX.encode() in head


def page_values(file: ChatFile, zone: tzinfo) -> Iterator[tuple[str, Any] | RecordError]:
    """Yield what the JSON tells of a chat, by its name, and ("message", a record) for each message.

    Args:
        file: The page.
        zone: The zone of its times, which it does not name.
    """
    yield "thread_path", f"{file.path.parent.parent.name}/{file.path.parent.name}"
    with file.open() as stream:
        for element in elements(stream, keep=_wanted, label=str(file.path)):
            if isinstance(element, RecordError):
                yield element
            elif element.tag == "title":
                yield "title", "".join(element.itertext())
            else:
                if (sender := _words(element, _SENDER)) and (date := _words(element, _DATE)):
                    yield "message", _record(first(element, _BODY), sender, date, zone)
                forget(element)


def _wanted(element: Any) -> bool:
    return element.tag == "title" or _BOX in classes(element)


def _words(box: Any, name: str) -> str:
    part = first(box, name)
    return "".join(part.itertext()).strip() if part is not None else ""


def _record(body: Any, sender: str, date: str, zone: tzinfo) -> dict[str, Any]:
    time = moment(date, zone)
    reactions = list(_reactions(body))  # before the text, of which they are no part
    return {
        "sender_name": sender,
        "timestamp_ms": int(time.timestamp() * 1000) if time is not None else date,
        "reactions": reactions,
        "content": _text(body),
    }


def _reactions(body: Any) -> Iterator[dict[str, str]]:
    """Yield the reactions, each a sign before a name, and take them out of the body."""
    box = first(body, _REACTIONS) if body is not None else None
    for item in box.iter("li") if box is not None else ():
        yield {"reaction": "".join(item.itertext()).strip().partition(" ")[0]}
    if box is not None:
        box.getparent().remove(box)


def _text(body: Any) -> str:
    if body is None:
        return ""
    return cooked_text(etree.tostring(body, encoding="unicode", method="html", with_tail=False), hidden=frozenset())
