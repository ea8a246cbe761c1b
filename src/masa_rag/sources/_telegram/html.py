"""Telegram Desktop's pages: ``messages.html``, ``messages2.html`` and so on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from io import BytesIO
from pathlib import Path
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._chats.fields import clean, kept
from masa_rag.sources._chats.files import ChatFile
from masa_rag.sources._chats.html import classes, each, elements, first, forget, inline_text, mark_quotations
from masa_rag.sources._chats.messages import Room, Said
from masa_rag.types import Segment

_DATE = re.compile(r"(\d{2})\.(\d{2})\.(\d{4}) (\d{2}):(\d{2}):(\d{2})(?: UTC([+-]\d{2}):(\d{2}))?")
_ID = re.compile(r"message(-?\d+)")  # negative in the history of the group that a supergroup was
_GO_TO = re.compile(r"#go_to_message(-?\d+)$")


def is_telegram_html(head: bytes) -> bool:
    """Say whether this is the beginning of such a page."""
    return b"page_body chat_page" in head and b'class="history"' in head and b"page_header" in head


def chat_ids(pages: Iterable[ChatFile], zone: tzinfo) -> dict[Path, str]:
    """Return {folder: id} of those chats that share their title with others of the same account's export.

    The id is the title and when the first message was said, for the folders are numbered anew in each export. Where
    that is the same too, it is the title and the folder.

    Args:
        pages: The first page of each chat.
        zone: The zone of times without one.
    """
    openings = {page.path.parent: _opening(page, zone) for page in pages}
    titles = Counter(title for title, _ in openings.values() if title)
    alike = Counter(openings.values())
    return {
        folder: f"{title}/{began}" if began and alike[title, began] == 1 else f"{title}/{folder.name}"
        for folder, (title, began) in openings.items()
        if titles[title] > 1
    }


def _opening(page: ChatFile, zone: tzinfo) -> tuple[str, str]:
    """Return the title and the UTC time of the first message, each "" where the page's beginning does not tell."""
    title = ""
    try:
        head = page.head()
    except (OSError, RecordError):  # reported when its messages are read
        return "", ""
    for element in elements(BytesIO(head), keep=_wanted, label=str(page.path)):
        if isinstance(element, RecordError):
            break
        if "page_header" in classes(element):
            title = _title(element)
        elif (said_at := _said_at(element, zone)) is not None:
            return title, f"{said_at:%Y-%m-%dT%H:%M:%SZ}"
    return title, ""


def html_messages(page: ChatFile, zone: tzinfo, *, chat: str | None = None) -> Iterator[Said | RecordError]:
    """Yield the messages of a page.

    Args:
        page: The page.
        zone: The zone of times without one; pages since 2022 name it.
        chat: The chat's id, which the page does not tell. By default its title, or the folder's name.
    """
    path = page.path
    room = Room(path.parent.name, path.parent.name, metadata={"platform": "telegram"})
    author: str | None = None
    forwarded: str | None = None
    with page.open() as file:
        for element in elements(file, keep=_wanted, label=str(path)):
            if isinstance(element, RecordError):
                yield element
            elif "page_header" in classes(element):
                title = _title(element)
                room = Room(chat or title, title, metadata={"platform": "telegram"}) if title else room
            else:
                author, forwarded = _author(element) or author, _forwarded(element, forwarded)
                yield from _message(element, author, forwarded, room=room, zone=zone, where=str(path))
                forget(element)


def _wanted(element: Any) -> bool:
    names = classes(element)
    return "page_header" in names or ("message" in names and element.get("id") is not None)


def _title(header: Any) -> str:
    return inline_text(first(header, "bold"), preserve=False)


def _author(element: Any) -> str | None:
    """Return the name at the message's head; a message "joined" to the one before has none."""
    for item in each(element, "from_name"):
        if not any("forwarded" in classes(above) for above in item.iterancestors()):
            return clean(" ".join((item.text or "").split()).partition(" via @")[0]) or None
    return None


def _message(
    element: Any, author: str | None, forwarded: str | None, *, room: Room, zone: tzinfo, where: str
) -> Iterator[Said | RecordError]:
    match = _ID.fullmatch(element.get("id"))
    if "service" in classes(element) or match is None:
        return
    created_at = _said_at(element, zone)
    if created_at is None:
        yield RecordError(
            "received a message without a date; expected DD.MM.YYYY HH:MM:SS", record_id=f"{where}: {match[0]}"
        )
        return
    votes, words = _votes(element), first(element, "text")
    if words is not None:
        mark_quotations(words, lambda item: item.tag == "blockquote", preserve=False)
    text = inline_text(words, preserve=False) or _poll(element) or _card(element)
    if text:
        metadata = kept({
            "forwarded_from": forwarded, "reactions": _reactions(element), "votes": votes,
        })  # fmt: skip
        reply = _answered(element)
        yield Said(room, Segment(text, author, created_at, id=match[1], reply_to=reply, metadata=metadata))


def _said_at(element: Any, zone: tzinfo) -> datetime | None:
    date = first(element, "date")
    return _time((date.get("title") or "") if date is not None else "", zone)


def _time(text: str, zone: tzinfo) -> datetime | None:
    if (match := _DATE.search(text)) is None:
        return None
    day, month, year, hour, minute, second = (int(match[number]) for number in range(1, 7))
    try:
        if match[7]:
            minutes = int(match[8]) * (-1 if match[7].startswith("-") else 1)
            zone = timezone(timedelta(hours=int(match[7]), minutes=minutes))
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _poll(element: Any) -> str:
    question = inline_text(first(element, "question"), preserve=False)
    answers = (inline_text(item, preserve=False) for item in each(element, "answer"))
    return "\n".join([question, *(f"- {answer.removeprefix('- ')}" for answer in answers)]) if question else ""


def _card(element: Any) -> str:
    """Return the person or place whose card was sent, as the JSON has them; "" for none."""
    card = first(element, "media_contact", "media_venue")
    names = ("title", "description", "status") if card is not None else ()
    parts = (inline_text(first(card, name), preserve=False) for name in names)
    return ", ".join(part.removesuffix(" - vCard") for part in parts if part)


def _votes(element: Any) -> dict[str, int]:
    """Return how many chose each answer of a poll, and take the numbers out: they move, the words stay."""
    counts: dict[str, int] = {}
    for answer in each(element, "answer"):
        if (details := first(answer, "details")) is not None:
            number = inline_text(details, preserve=False).partition(" ")[0]
            details.getparent().remove(details)
            name = inline_text(answer, preserve=False).removeprefix("- ")
            if number.isdecimal() and len(number) < 10:
                counts[name] = int(number)
    return counts


def _forwarded(element: Any, before: str | None) -> str | None:
    """Return whose words a message forwards, None if they are its author's own.

    Of several in a row only the first names whom they are of: ``before`` is who was named last.
    """
    for item in element.iter("div"):
        if {"forwarded", "body"} <= classes(item):
            name = first(item, "from_name")
            return (clean((name.text or "").partition(" via @")[0]) if name is not None else "") or before
    return None


def _answered(element: Any) -> str | None:
    box = first(element, "reply_to")
    for link in box.iter("a") if box is not None else ():
        if match := _GO_TO.search(link.get("href") or ""):
            return match[1]
    return None


def _reactions(element: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in each(element, "reaction"):
        name = inline_text(first(item, "emoji"), preserve=False)
        digits = inline_text(first(item, "count"), preserve=False)
        pictures = len(each(item, "userpic"))
        if name:
            counts[name] = int(digits) if digits.isdecimal() and len(digits) < 10 else max(1, pictures)
    return counts
