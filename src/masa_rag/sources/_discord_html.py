"""DiscordChatExporter's HTML pages, of its older and newer layouts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._chat import Room, Said
from masa_rag.sources._chat_html import classes, elements, first, forget, inline_text
from masa_rag.sources._discord_message import snowflake_time
from masa_rag.sources._fields import clean, kept
from masa_rag.types import Segment

_MARKS = (b"chatlog__message-group", b"preamble__entry")
_AUTHOR = frozenset({"chatlog__author", "chatlog__author-name"})
_NUMBER = re.compile(r"\d{15,20}")
_IN_NAME = re.compile(r"\[(\d{15,20})\]")


def is_exporter_html(head: bytes) -> bool:
    """Say whether this is the beginning of such a page; its style sheet already names the classes."""
    return b"<" in head[:64] and any(mark in head for mark in _MARKS) and b"chatlog" in head


def html_messages(path: Path) -> Iterator[Said | RecordError]:
    """Yield the messages of a page.

    Times are taken from the message ids, to the millisecond: the page shows them in the exporting
    person's own zone and language.
    """
    entries: list[str] = []
    author: tuple[str, str] = ("", "")
    with path.open("rb") as file:
        for element in elements(file, keep=_wanted, label=str(path)):
            if isinstance(element, RecordError):
                yield element
            elif "preamble__entry" in classes(element):
                entries.append(inline_text(element, preserve=False))
            elif classes(element) & _AUTHOR:
                author = clean("".join(element.itertext())), element.get("data-user-id") or ""
            else:
                yield from _message(element, author, room=_room(entries, path), where=str(path))
                forget(element)


def _wanted(element: Any) -> bool:
    return element.get("data-message-id") is not None or not classes(element).isdisjoint(_AUTHOR | {"preamble__entry"})


def _room(entries: list[str], path: Path) -> Room:
    """The page names server and channel; the channel's id is in the file's name, where the exporter puts it."""
    server, place = (*entries, "", "")[:2]
    name = place.rpartition(" / ")[2]
    match = _IN_NAME.search(path.name)
    title = f"#{name}" if name and server != "Direct Messages" else name or path.stem
    metadata = kept({
        "platform": "discord", "guild": server, "channel": name, "channel_id": match[1] if match else None,
        "category": place.rpartition(" / ")[0],
    })  # fmt: skip
    return Room(match[1] if match else "/".join(filter(None, (server, name))) or path.stem, title, metadata=metadata)


def _message(element: Any, author: tuple[str, str], *, room: Room, where: str) -> Iterator[Said | RecordError]:
    identity = element.get("data-message-id").strip()
    if "chatlog__message-container" not in classes(element) and _inside_container(element):
        return
    created_at = snowflake_time(identity)
    if created_at is None:
        yield RecordError(f"received the message id {identity[:40]!r}; expected a number", record_id=where)
        return
    if text := _text(element):
        name, number = author
        metadata = kept({"author_id": number, "edited": _edited(element), "reactions": _reactions(element)})
        reply = _answered(element)
        yield Said(
            room, Segment(text, name or number or None, created_at, id=identity, reply_to=reply, metadata=metadata)
        )


def _inside_container(element: Any) -> bool:
    return any("chatlog__message-container" in classes(item) for item in element.iterancestors())


def _text(element: Any) -> str:
    content = (
        first(element, "chatlog__markdown-preserve", "preserve-whitespace") if _content(element) is not None else None
    )
    if text := inline_text(content, preserve=True):
        return text
    names = ("chatlog__embed-author-name", "chatlog__embed-title", "chatlog__embed-description")
    parts = (inline_text(first(element, name), preserve=True) for name in names)
    return "\n".join(part for part in parts if part)


def _content(element: Any) -> Any | None:
    return first(element, "chatlog__content")


def _edited(element: Any) -> bool:
    return first(element, "chatlog__edited-timestamp") is not None


def _answered(element: Any) -> str | None:
    link = first(element, "chatlog__reply-link", "chatlog__reference-link")
    match = _NUMBER.search((link.get("onclick") or "") if link is not None else "")
    return match[0] if match else None


def _reactions(element: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in element.iter():
        if isinstance(item.tag, str) and "chatlog__reaction" in classes(item):
            picture, count = item.find(".//img"), first(item, "chatlog__reaction-count")
            name = (picture.get("alt") or "") if picture is not None else ""
            digits = inline_text(count, preserve=False)
            if name and digits.isdecimal() and len(digits) < 10:
                counts[clean(name)] = int(digits)
    return counts
