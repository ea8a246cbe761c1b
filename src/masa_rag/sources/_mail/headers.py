"""What the headers of a mail say: who wrote it, when, about what, in answer to which."""

from __future__ import annotations

import re
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

from masa_rag._time import mail_time
from masa_rag.sources._chats.fields import clean
from masa_rag.sources._encoding import encoding_of_text

_WORD = r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?="
_ENCODED = re.compile(rf"{_WORD}(?:\s+{_WORD})*")
_IDENTITY = re.compile(r"<\s*([^<>\s]+)\s*>")
_NAMED = re.compile(r"(?P<name>[^<]*)<\s*(?P<address>[^<>]*?)\s*>")
_BEHIND = re.compile(r"(?P<address>\S+(?: at \S+)?)\s*\((?P<name>.*)\)\s*")
"""The name behind the address, as in old mails, and in archives of lists, which write "ann at sea.example"."""
_BEFORE = re.compile(r"(?P<name>.+?)\s+(?P<address>[^\s@]+@[^\s@]+)")
_ADDRESS = re.compile(r"\s*<[^<>]*>")
_VIA = re.compile(r"\s+via\s.+")
"""What a list adds to the name of who writes to it."""
_LAST_FIRST = re.compile(r"(?P<last>[^\W\d][^,]*), *(?P<first>[^\W\d][^,]*)")
_TITLES = frozenset("inc ltd llc gmbh ag jr sr phd md esq ii iii iv co corp".split())
_REPLY = r"(?:re|aw|antw|sv|odp|res|ynt|回复|答复|回覆|답장|ответ)(?:\s*\[\d+\]|\^\d+)?\s*[:：]"
_FORWARD = r"(?:fwd?|wg|tr|rv|enc|doorst|videresendt|转发|轉寄|전달)\s*[:：]"
"""What programs put before a subject in several languages; single letters are left, for "R: 4.4" is a subject."""
_PREFIXES = re.compile(rf"^(?:\s|{_REPLY}|{_FORWARD})+", re.IGNORECASE)
_AFTER_LIST = re.compile(rf"^(\[[^\]\n]{{1,40}}\])(?:\s|{_REPLY}|{_FORWARD})+", re.IGNORECASE)
_IS_REPLY = re.compile(rf"\s*(?:\[[^\]\n]{{1,40}}\]\s*)?{_REPLY}", re.IGNORECASE)
_IS_FORWARD = re.compile(rf"\s*(?:\[[^\]\n]{{1,40}}\]\s*)?{_FORWARD}", re.IGNORECASE)
_STATUS, _EXPUNGED = re.compile(r"[0-9A-Fa-f]{4}"), 0x0008
_DISCARDED = frozenset({"Spam", "Trash"})
_ENCODINGS = {
    "iso-8859-1": "cp1252", "latin1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949", "shift_jis": "cp932", "iso-8859-8-i": "iso-8859-8", "iso-8859-9": "cp1254",
}  # fmt: skip
"""What is meant where mails say the former: the latter has all of its letters, and those that mails really hold."""


_FIRST_YEAR, _LAST_YEAR = 1969, 2099
_LONGEST = 16_384
"""Characters of a header that are read; the list of the mails before one is the longest."""


def text_in(data: bytes, charset: str | None) -> str:
    """Return text in the encoding that a mail names, or, where that cannot be, in the one that it looks like."""
    name = (charset or "").lower().strip("\"' ")
    try:
        return data.decode(_ENCODINGS.get(name, name or "ascii"))
    except (LookupError, ValueError):
        return data.decode(encoding_of_text(data)[0], errors="replace")


def raw(message: Message, name: str) -> str:
    """Return a header in one line as it stands there, "" where there is none."""
    value = next((value for key, value in message.raw_items() if key.lower() == name), "")
    data = str(value)[:_LONGEST].encode("utf-8", "surrogateescape")
    return " ".join(text_in(data, "utf-8").split())


def words(text: str) -> str:
    """Return a text of a header with the letters that are written in ASCII signs."""
    return clean(_ENCODED.sub(lambda found: _decoded(found[0]), text))


def _decoded(encoded: str) -> str:
    try:
        parts = decode_header(encoded)
    except (HeaderParseError, ValueError):
        return encoded
    return "".join(part if isinstance(part, str) else text_in(part, charset) for part, charset in parts)


def identities(text: str) -> list[str]:
    """Return the ids of mails that a header names, in order."""
    return _IDENTITY.findall(text)


def sender(message: Message) -> tuple[str, str]:
    """Return the name and the address of who wrote a mail; the address is the name where there is no other."""
    given = raw(message, "from")[:500]
    found = _BEHIND.fullmatch(given) or _NAMED.search(given) or _BEFORE.fullmatch(given)
    address = (found["address"] if found else given).strip("<>").replace(" at ", "@")
    name = words(_ADDRESS.sub("", found["name"])).strip("\"' ").replace("\\", "") if found else ""
    if message["List-Id"]:
        name = _VIA.sub("", name)
    swapped = _LAST_FIRST.fullmatch(name)
    if swapped and swapped["first"].strip(". ").lower() not in _TITLES:  # as Outlook writes names
        name = f"{swapped['first'].strip()} {swapped['last'].strip()}"
    name = " ".join(name.strip("\"' ").split())
    return address if name.replace(" at ", "@") in ("", address) else name, address


def sent(message: Message) -> datetime | None:
    """Return when a mail was written, else when it came, else None."""
    times = map(mail_time, (raw(message, "date"), raw(message, "received").rpartition(";")[2].strip()))
    return next((time for time in times if time is not None and _FIRST_YEAR <= time.year <= _LAST_YEAR), None)


def is_discarded(message: Message) -> bool:
    """Say whether a mail was deleted, or is spam: Thunderbird keeps it until it compacts, Gmail's Takeout labels it."""
    status = _STATUS.fullmatch(raw(message, "x-mozilla-status"))
    labels = words(raw(message, "x-gmail-labels")).split(",")
    return (status is not None and int(status[0], 16) & _EXPUNGED != 0) or not _DISCARDED.isdisjoint(labels)


def subject(text: str) -> str:
    """Return a subject without what answers and forwarding put before it; the name of a list stays."""
    return _AFTER_LIST.sub(r"\1 ", _PREFIXES.sub("", text)).strip()


def is_reply(text: str) -> bool:
    """Say whether a subject is that of an answer."""
    return _IS_REPLY.match(text) is not None


def is_forward(text: str) -> bool:
    """Say whether a subject is that of a mail that was passed on."""
    return _IS_FORWARD.match(text) is not None
