"""A mail: its parts, and which of them are what was written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import Message

from masa_rag._ids import digest
from masa_rag.sources._chats.cooked import cooked_text
from masa_rag.sources._chats.fields import clean
from masa_rag.sources._mail import headers
from masa_rag.sources._mail.quotes import own_words

_DEEPEST = 8
"""How many mails or parts may lie in one another."""
_SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")
_SOFT_END = re.compile(r"(?m)^(?!-- $|>)(.*\S) \n(?!>)")


@dataclass(frozen=True, slots=True)
class Mail:
    """What is known of a mail.

    Attributes:
        id: Its Message-ID without brackets; where it has none, made of who wrote what when.
        earlier: The ids of the mails before it in its thread, the first one first.
        answers: The id of the mail that it answers, None if it answers none.
        author: Who wrote it.
        address: Where from, "" where that is not said.
        sent_at: When, None if not known.
        subject: Without "Re:" and the like.
        is_reply: Whether the subject says that it is an answer.
        text: What was written, without what is quoted.
        files: Names of what was sent with it.
        mailing_list: The name of the list that it was sent to, "" for none.
        url: Where an archive shows it.
        enclosed: Mails that were sent with it.
    """

    id: str
    earlier: list[str]
    answers: str | None
    author: str
    address: str
    sent_at: datetime | None
    subject: str
    is_reply: bool
    text: str
    files: list[str]
    mailing_list: str = ""
    url: str | None = None
    enclosed: list[Mail] = field(default_factory=list)


def read(data: bytes) -> Mail:
    """Return the mail in these bytes. Raises ValueError or RecursionError for what no mail is."""
    return _mail(message_from_bytes(data), 0)


def _mail(message: Message, depth: int) -> Mail:
    author, address = headers.sender(message)
    subject = headers.words(headers.raw(message, "subject"))
    text, files, enclosed = _content(message, depth, passed_on=headers.is_forward(subject))
    bare, is_reply, sent_at = headers.subject(subject), headers.is_reply(subject), headers.sent(message)
    moment = sent_at.isoformat() if sent_at is not None else ""
    own = headers.raw(message, "message-id")
    answered = headers.identities(headers.raw(message, "in-reply-to"))
    earlier = headers.identities(headers.raw(message, "references"))
    earlier += [item for item in answered if item not in earlier]
    return Mail(
        next(iter(headers.identities(own)), own) or digest(author, moment, subject, text),
        earlier,
        next(iter([*answered, *reversed(earlier)]), None),
        author,
        address,
        sent_at,
        bare,
        is_reply,
        "" if headers.is_discarded(message) else text or ("" if is_reply else bare),
        files,
        _list_name(message),
        next(iter(headers.identities(headers.raw(message, "archived-at"))), None),
        enclosed,
    )


def _content(message: Message, depth: int, *, passed_on: bool) -> tuple[str, list[str], list[Mail]]:
    """Return what somebody wrote in a mail, the names of the files and the mails that were sent with it."""
    texts: list[str] = []
    files: list[str] = []
    enclosed: list[Mail] = []
    for part in _parts(message, depth):
        if isinstance(part, Mail):
            enclosed.append(part)
        elif (name := _file_name(part)) is not None:
            files += [name] if name else []
        else:
            texts.append(own_words(_text(part), passed_on=passed_on))
    return clean("\n\n".join(filter(None, texts))), files, enclosed


def _list_name(message: Message) -> str:
    """Return the name of a list, "Harbour talk", or what stands before its host, "talk"."""
    given = headers.raw(message, "list-id")
    name, _, identity = headers.words(given).rpartition("<")
    return name.strip("\"' ") or identity.rstrip(">").partition(".")[0]


def _parts(message: Message, depth: int) -> Iterator[Message | Mail]:
    """Yield the parts of a mail that are shown, the mails that it encloses, and what was sent with it."""
    kind, inside = message.get_content_type(), message.get_payload()
    if depth > _DEEPEST or not isinstance(inside, list):
        yield message
    elif kind == "message/rfc822":
        yield from (_mail(part, depth + 1) for part in inside if isinstance(part, Message))
    else:
        parts = [part for part in inside if isinstance(part, Message)]
        chosen = _chosen(parts) if kind == "multipart/alternative" else parts
        for part in chosen:
            yield from _parts(part, depth + 1)


def _chosen(parts: list[Message]) -> list[Message]:
    """Return of the forms in which a mail says the same the plain one, if it says something, else the richest."""
    plain = [part for part in parts if part.get_content_type() == "text/plain" and _text(part).strip()]
    return plain[:1] or parts[-1:]


def _file_name(part: Message) -> str | None:
    """Return the name of a part that is a file, "" for one without a name, None for a part that is text."""
    kind = part.get_content_type()
    name = headers.words(" ".join((part.get_filename() or "").split()))
    if kind in _SIGNATURES:
        return ""
    is_text = kind in ("text/plain", "text/html") and part.get_content_disposition() != "attachment"
    return None if is_text and not name else name


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    text = headers.text_in(payload if isinstance(payload, bytes) else b"", part.get_content_charset())
    if part.get_content_type() == "text/html":
        return cooked_text(text, hidden=frozenset())
    if str(part.get_param("format")).lower() == "flowed":
        return _SOFT_END.sub(
            r"\1 " if str(part.get_param("delsp")).lower() != "yes" else r"\1", text.replace("\r\n", "\n")
        )
    return text
