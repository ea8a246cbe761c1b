"""One message of Telegram Desktop's export, of Masa's answers or of gotd becomes a segment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._chats.fields import clean, content_of, counts_of, id_of, kept, list_of, text_of, time_of
from masa_rag.types import Segment

_LINE = re.compile(r"^(?=.)", re.MULTILINE)
DELETED = "Deleted account"
"""How Telegram itself shows an account that is gone; the exports have null in place of the name."""


def is_desktop(record: Any) -> bool:
    """Say whether this is a message of Telegram Desktop."""
    return isinstance(record, dict) and {"id", "type", "date"} <= record.keys() and "text" in record


def is_masa(record: Any) -> bool:
    """Say whether this is a message as Masa's documentation shows it."""
    return isinstance(record, dict) and {"message_id", "sender", "content", "timestamp"} <= record.keys()


def is_gotd(record: Any) -> bool:
    """Say whether this is a message of gotd (Go names, ``Date`` in Unix seconds)."""
    return isinstance(record, dict) and {"ID", "PeerID", "Date", "Message"} <= record.keys()


def desktop_message(record: dict[str, Any], *, label: str, link: str | None, chat: str, zone: tzinfo) -> Segment:
    """Return a message of Telegram Desktop; its text is "" when it has none. Raises RecordError.

    Args:
        record: The message, which is not a service message.
        label: Where it was read, for errors.
        link: Address of the chat, to which the message's number is added.
        chat: The chat's id, without a prefix.
        zone: The zone of times that name none; those of Telegram since 2021 carry Unix seconds too.
    """
    identity = id_of(record, "id")
    where = f"{label}: message {identity}"
    text = _desktop_text(record.get("text"), where)
    said = _time(record, "date", zone, where)
    edited = time_of(record.get("edited_unixtime")) or time_of(record.get("edited"), zone=zone)
    return Segment(
        text="\n".join(part for part in (text, *_extras(record, alone=not text)) if part),
        author=_desktop_author(record),
        created_at=said,
        url=f"{link}/{identity}" if link and not identity.startswith("-") else None,  # of the group it was: no link
        id=_required(identity, label),
        reply_to=_desktop_reply(record, chat),
        edited_at=edited if edited is not None and edited > said else None,  # 1970 stood for "never" until 2020
        metadata=_desktop_metadata(record, chat),
    )


def _required(identity: str, label: str) -> str:
    if not identity:
        raise RecordError("received a message without an id; expected a number", record_id=label)
    return identity


def _time(record: dict[str, Any], name: str, zone: tzinfo, where: str) -> datetime:
    moment = time_of(record.get(f"{name}_unixtime")) or time_of(record.get(name), zone=zone)
    if moment is None:
        raise RecordError(f"received the {name} {record.get(name)!r}; expected ISO 8601", record_id=where)
    return moment


def _desktop_text(value: object, where: str) -> str:
    """Join the pieces of a text; a link that hides behind words is written out, and what is quoted is marked."""
    if not isinstance(value, list):
        return content_of({"text": value}, "text", record_id=where)
    text = ""
    for piece in value:
        quoted = isinstance(piece, dict) and piece.get("type") == "blockquote" and text[-1:] in ("", "\n")
        words = _piece(piece, where)
        text += _LINE.sub("> ", words) if quoted else words
    return clean(text)


def _piece(piece: object, where: str) -> str:
    if isinstance(piece, str):
        return piece
    text = piece.get("text") if isinstance(piece, dict) else None
    if not isinstance(piece, dict) or not isinstance(text, str):
        raise RecordError(f"received a {type(piece).__name__} within the text; expected text", record_id=where)
    address = piece.get("href")
    return f"{text} ({address})" if isinstance(address, str) and address and address != text else text


def _extras(record: dict[str, Any], *, alone: bool) -> Iterator[str]:
    """Yield what a message says outside its text: polls and lists; people, places, games, bills only when alone."""
    yield from _poll(record.get("poll"), "question")
    yield from _poll(record.get("todo_list"), "title")
    if alone:
        yield _contact(record.get("contact_information"))
        yield ", ".join(part for part in (text_of(record, "place_name"), text_of(record, "address")) if part)
        bill = record.get("invoice_information")
        yield ": ".join(filter(None, (text_of(record, "game_title"), text_of(record, "game_description"))))
        yield ": ".join(filter(None, (text_of(bill, "title"), text_of(bill, "description"))))


def _contact(person: object) -> str:
    """Return the name and number of somebody whose card was sent."""
    name = " ".join(part for part in (text_of(person, "first_name"), text_of(person, "last_name")) if part)
    return ", ".join(part for part in (name, text_of(person, "phone_number")) if part)


def _poll(poll: object, title: str) -> Iterator[str]:
    """Yield question and answers; the votes move at each visit, so they are metadata and not text."""
    if isinstance(poll, dict):
        yield _words(poll.get(title))
        yield from (f"- {text}" for answer in list_of(poll, "answers") if (text := _words(answer.get("text"))))


def _words(value: object) -> str:
    """Return a text of a poll, which is a list where a part of it is a link or an emoji of its own."""
    pieces = value if isinstance(value, list) else [value]
    texts = (piece.get("text") if isinstance(piece, dict) else piece for piece in pieces)
    return clean("".join(text for text in texts if isinstance(text, str)))


def _votes(poll: object) -> dict[str, int]:
    counts = ((_words(answer.get("text")), id_of(answer, "voters")) for answer in list_of(poll, "answers"))
    return {text: int(voters) for text, voters in counts if text and voters.isdecimal() and len(voters) < 10}


def _desktop_author(record: dict[str, Any]) -> str | None:
    if record.get("from", "") is None:
        return DELETED
    return text_of(record, "from") or id_of(record, "from_id") or None


def _desktop_reply(record: dict[str, Any], chat: str) -> str | None:
    """Return the message answered if it is one of this chat; in another, its number means nothing here."""
    peer = id_of(record, "reply_to_peer_id")
    return None if peer and _bare(peer) != chat else id_of(record, "reply_to_message_id") or None


def _bare(peer: str) -> str:
    return peer.removeprefix("user").removeprefix("chat").removeprefix("channel")


def _desktop_metadata(record: dict[str, Any], chat: str) -> dict[str, Any]:
    peer = id_of(record, "reply_to_peer_id")
    elsewhere = f"{peer}/{id_of(record, 'reply_to_message_id')}" if peer and _bare(peer) != chat else None
    forwarded = DELETED if record.get("forwarded_from", "") is None else text_of(record, "forwarded_from")
    return kept({
        "author_id": id_of(record, "from_id"),
        "signature": text_of(record, "author"),
        "forwarded_from": forwarded,
        "via_bot": text_of(record, "via_bot"),
        "reply_to_elsewhere": elsewhere,
        "media": text_of(record, "media_type") or ("photo" if "photo" in record else None),
        "file": text_of(record, "file_name"),
        "reactions": _reactions(record),
        "votes": _votes(record.get("poll")),
    })  # fmt: skip


def _reactions(record: dict[str, Any]) -> dict[str, int]:
    """Count reactions by emoji; custom ones by their number, paid ones as "paid"."""
    items = list_of(record, "reactions")
    return counts_of(
        (text_of(item, "emoji") or id_of(item, "document_id") or text_of(item, "type"), item.get("count"))
        for item in items
    )


def masa_message(record: dict[str, Any], *, label: str, zone: tzinfo) -> Segment:
    """Return a message as Masa's documentation shows it. Raises RecordError."""
    identity = _required(id_of(record, "message_id"), label)
    where = f"{label}: message {identity}"
    sender = record["sender"]
    author = text_of(sender, "name", "username")
    handle = text_of(sender, "username")
    return Segment(
        text=content_of(record, "content", record_id=where),
        author=author or None,
        created_at=_time(record, "timestamp", zone, where),
        id=identity,
        metadata=kept({"handle": handle if handle != author else None}),
    )


def gotd_message(record: dict[str, Any], *, label: str) -> Segment:
    """Return a message of gotd. Raises RecordError. It holds no names: the author is ``user<id>``."""
    identity = _required(id_of(record, "ID"), label)
    where = f"{label}: message {identity}"
    created_at = time_of(record.get("Date"))
    if created_at is None:
        raise RecordError(f"received the Date {record.get('Date')!r}; expected Unix seconds", record_id=where)
    entities = ((item.get("Offset"), item.get("Length"), item.get("URL")) for item in list_of(record, "Entities"))
    author = gotd_peer(record.get("FromID")) or gotd_peer(record.get("PeerID"))
    return Segment(
        text=with_links(content_of(record, "Message", record_id=where), entities),
        author=text_of(record, "PostAuthor") or author or None,
        created_at=created_at,
        id=identity,
        reply_to=_gotd_reply(record),
        edited_at=time_of(record.get("EditDate") or None),
        metadata=kept({
            "author_id": author,
            "forwarded_from": _gotd_forwarded(record.get("FwdFrom")),
            "reactions": _gotd_reactions(record),
        }),
    )  # fmt: skip


def _gotd_forwarded(forward: object) -> str:
    return text_of(forward, "FromName") or gotd_peer(forward.get("FromID") if isinstance(forward, dict) else None)


def _gotd_reply(record: dict[str, Any]) -> str | None:
    answered = id_of(record.get("ReplyTo"), "ReplyToMsgID")
    return answered if answered not in ("", "0") else None


def gotd_peer(peer: object) -> str:
    """Return ``user1``, ``chat1`` or ``channel1``, as Telegram Desktop writes them; "" when unknown."""
    for name in ("User", "Chat", "Channel"):
        if (number := id_of(peer, f"{name}ID")) not in ("", "0"):
            return f"{name.lower()}{number}"
    return ""


def _gotd_reactions(record: dict[str, Any]) -> dict[str, int]:
    pairs = ((item.get("Reaction"), item.get("Count")) for item in list_of(record.get("Reactions"), "Results"))
    return counts_of((text_of(kind, "Emoticon") or id_of(kind, "DocumentID"), count) for kind, count in pairs)


def with_links(text: str, links: Iterable[tuple[Any, Any, Any]], quotations: Iterable[tuple[Any, Any]] = ()) -> str:
    """Write the addresses of (offset, length, address) behind the words they hide in, and mark what is quoted.

    Offsets count UTF-16 units, as Telegram's do (API, "Styled text with message entities").

    Args:
        text: The message.
        links: Offset, length and address of each.
        quotations: Offset and length of each; its lines begin with "> " then.
    """
    data = _units(text)
    added: list[tuple[int, str]] = []
    for offset, length, address in (link for link in links if _fits(link, len(data) // 2)):
        end = offset + length
        if data[2 * offset : 2 * end].decode("utf-16-le", "replace") != address:
            added.append((end, f" ({address})"))
    for offset, length in (part for part in quotations if _fits((*part, ">"), len(data) // 2)):
        for line in data[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace").split("\n"):
            added += [(offset, "> ")] if line else []
            offset += len(_units(line)) // 2 + 1
    for at, words in sorted(added, reverse=True):
        data = data[: 2 * at] + _units(words) + data[2 * at :]
    return clean(data.decode("utf-16-le", "replace"))


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _fits(link: tuple[Any, Any, Any], size: int) -> bool:
    offset, length, address = link
    whole = all(isinstance(number, int) and number >= 0 for number in (offset, length))
    return whole and isinstance(address, str) and bool(address) and offset + length <= size
