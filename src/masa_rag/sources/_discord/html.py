"""DiscordChatExporter's HTML pages, of its older and newer layouts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._chats.fields import clean, kept
from masa_rag.sources._chats.files import ChatFile
from masa_rag.sources._chats.html import classes, each, elements, first, forget, inline_text, mark_quotations
from masa_rag.sources._chats.messages import Room, Said
from masa_rag.sources._discord.message import snowflake_time
from masa_rag.types import Segment

_MARKS = (b"chatlog__message-group", b"preamble__entry")
_AUTHOR = frozenset({"chatlog__author", "chatlog__author-name"})
_BOT = frozenset({"chatlog__author-tag", "chatlog__bot-label", "chatlog__bot-tag"})
"""The mark behind a bot's name, by the exporter's version."""
_WORDS = ("chatlog__markdown-preserve", "preserve-whitespace")
_NUMBER = re.compile(r"\d{15,20}")
_IN_NAME = re.compile(r"\[(\d{15,20})\]")


def is_exporter_html(head: bytes) -> bool:
    """Say whether this is the beginning of such a page; its style sheet already names the classes."""
    return b"<" in head[:64] and any(mark in head for mark in _MARKS) and b"chatlog" in head


def html_messages(page: ChatFile) -> Iterator[Said | RecordError]:
    """Yield the messages of a page.

    Times are taken from the message ids, to the millisecond: the page shows them in the exporting
    person's own zone and language.
    """
    entries: list[str] = []
    author = _Author()
    path = page.path
    with page.open() as file:
        for element in elements(file, keep=_wanted, label=str(path)):
            if isinstance(element, RecordError):
                yield element
            elif "preamble__entry" in classes(element):
                entries.append(inline_text(element, preserve=False))
            elif classes(element) & _AUTHOR:
                author = _Author(clean("".join(element.itertext())), element.get("data-user-id") or "")
            elif classes(element) & _BOT:
                author = replace(author, bot=True)
            else:
                yield from _message(element, author, room=page_room(entries, path), where=str(path))
                forget(element)


@dataclass(frozen=True, slots=True)
class _Author:
    """Who speaks until the next name."""

    name: str = ""
    number: str = ""
    bot: bool = False


def _wanted(element: Any) -> bool:
    marks = _AUTHOR | _BOT | {"preamble__entry"}
    return element.get("data-message-id") is not None or not classes(element).isdisjoint(marks)


def page_room(entries: list[str], path: Path) -> Room:
    """The page names server and channel; the channel's id is in the file's name, where the exporter puts it."""
    server, place = (*entries, "", "")[:2]
    name, channel = place.rpartition(" / ")[2], channel_id(path)
    title = f"#{name}" if name and server != "Direct Messages" else name or path.stem
    metadata = kept({
        "platform": "discord", "guild": server, "channel": name, "channel_id": channel,
        "category": place.rpartition(" / ")[0],
    })  # fmt: skip
    return Room(channel or "/".join(filter(None, (server, name))) or path.stem, title, metadata=metadata)


def channel_id(path: Path) -> str | None:
    """Return the channel's id, which the exporter puts into the file's name; None if it is not there."""
    match = _IN_NAME.search(path.name)
    return match[1] if match else None


def _message(element: Any, author: _Author, *, room: Room, where: str) -> Iterator[Said | RecordError]:
    identity = element.get("data-message-id").strip()
    created_at = snowflake_time(identity)
    if created_at is None:
        yield RecordError(f"received the message id {identity[:40]!r}; expected a number", record_id=where)
        return
    if text := _text(element, by_machine=author.bot):
        metadata = kept({
            "author_id": author.number, "edited": first(element, "chatlog__edited-timestamp") is not None,
            "reactions": _reactions(element), "forwarded": bool(_forwarded(element)),
        })  # fmt: skip
        name, reply = author.name or author.number or None, _answered(element)
        yield Said(room, Segment(text, name, created_at, id=identity, reply_to=reply, metadata=metadata))


def _text(element: Any, *, by_machine: bool) -> str:
    content = first(element, "chatlog__content")
    words = first(content, *_WORDS) if content is not None else None  # else it only says that it was edited
    parts = [_readable(words), _forwarded(element)]
    if not any(parts) or by_machine:  # else the preview of a link: another page's words
        parts += (line for embed in each(element, "chatlog__embed") for line in _embed_lines(embed))
    return "\n".join(dict.fromkeys(part for part in parts if part))


def _forwarded(element: Any) -> str:
    return _part(element, "chatlog__forwarded-content")


def _embed_lines(embed: Any) -> Iterator[str]:
    older = _part(embed, "chatlog__embed-author-name")  # there the newer name is that of what holds name and icon
    yield older or _part(embed, "chatlog__embed-author")
    yield _part(embed, "chatlog__embed-title")
    yield _part(embed, "chatlog__embed-description")
    for field in each(embed, "chatlog__embed-field"):
        yield ": ".join(filter(None, (_part(field, f"chatlog__embed-field-{name}") for name in ("name", "value"))))


def _part(element: Any, name: str) -> str:
    """Return the words of the first part of that name, without the address that a title leads to; "" without one."""
    part = first(element, name)
    words = first(part, *_WORDS) if part is not None else None
    return _readable(words) if words is not None else inline_text(part, preserve=False)


def _readable(words: Any | None) -> str:
    """Return words as they were written, what they quote in lines that begin with "> ", as in Discord and its JSON."""
    if words is not None:
        for code in words.iter("code"):
            if "chatlog__markdown-pre--multiline" in classes(code):
                _set_apart(code)
        mark_quotations(words, lambda item: "chatlog__markdown-quote-content" in classes(item), preserve=True)
    return inline_text(words, preserve=True)


def _set_apart(code: Any) -> None:
    """Give code of several lines lines of its own, which on the page only the style sheet does."""
    before = code.getprevious()
    words = before.tail if before is not None else code.getparent().text
    code.text = ("" if (words or "").endswith("\n") else "\n") + (code.text or "")
    code.tail = ("" if (code.tail or "").startswith("\n") else "\n") + (code.tail or "")


def _answered(element: Any) -> str | None:
    link = first(element, "chatlog__reply-link", "chatlog__reference-link")
    match = _NUMBER.search((link.get("onclick") or "") if link is not None else "")
    return match[0] if match else None


def _reactions(element: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in each(element, "chatlog__reaction"):
        picture, count = item.find(".//img"), first(item, "chatlog__reaction-count")
        name = (picture.get("alt") or "") if picture is not None else ""
        digits = inline_text(count, preserve=False)
        if name and digits.isdecimal() and len(digits) < 10:
            counts[clean(name)] = int(digits)
    return counts
