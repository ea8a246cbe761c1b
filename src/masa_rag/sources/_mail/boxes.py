"""The mails in a file: one, or a mailbox of thousands, which is read mail by mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.parser import BytesHeaderParser
from typing import IO

from masa_rag.sources._pages.kinds import plain_head

MOST_BYTES = 16_777_216
"""How much of one mail is read. What was written comes first, pictures and films behind it."""
_LONGEST_LINE = 1 << 20
_OPENING = re.compile(
    rb"From (?:[^\r\n]*\d:\d\d[^\r\n]*(?:19|20)\d\d|[^\r\n]*(?:19|20)\d\d[^\r\n]*\d:\d\d|-?[ \t]*(?=\r?\n))"
)
"""The line before each mail of a mailbox: an address, and when it came; in Thunderbird's neither of them."""
_AGAIN = re.compile(rb"\A>From - [^\r\n]*\r?\n")
"""The same line once more, as Thunderbird's export has it on a Mac."""
_HEADER = re.compile(rb"[!-9;-~]+:")
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
_LENGTH = re.compile(rb"\d{1,12}[ \t]*\r?\n")
"""The first line of a mail of Apple Mail: how many bytes follow, before a list of properties."""
_SURE = ("message-id", "received", "mime-version", "x-mailer", "delivered-to", "newsgroups", "content-type")
"""Headers of which a mail has one, and a text that somebody copied out of one has not."""


def is_mail(head: bytes, *, named: bool = False) -> bool:
    """Say whether a file begins as a mail or as a mailbox, also packed with gzip.

    Args:
        head: The file's beginning.
        named: Whether the file's name says that it is a mail; then its sender is enough.
    """
    head = plain_head(head)
    if opening := _OPENING.match(head):
        head = _AGAIN.sub(b"", head[opening.end() :].partition(b"\n")[2])
    head = head[length.end() :] if (length := _LENGTH.match(head)) else head
    if not _HEADER.match(head):
        return False
    headers = BytesHeaderParser().parsebytes(head)
    names = {name.lower() for name in headers}
    is_page = headers.get_content_type() == "multipart/related" and not {"to", "received"} & names
    return "from" in names and (named or not names.isdisjoint(_SURE)) and not is_page


def mails(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the mails of a file, each at most MOST_BYTES long."""
    first = file.readline(_LONGEST_LINE)
    if _LENGTH.fullmatch(first):
        yield file.read(min(int(first), MOST_BYTES))
    elif _OPENING.match(first):
        for mail in _box(file):
            yield _ESCAPED.sub(rb"\1", _AGAIN.sub(b"", mail))
    else:
        yield first + file.read(MOST_BYTES)


def _box(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the mails of a mailbox whose first line was read. A line is their opening if a header follows it."""
    mail = bytearray()
    opening = b""
    for line in iter(lambda: file.readline(_LONGEST_LINE), b""):
        if opening:
            if _HEADER.match(line) or _AGAIN.match(line):
                yield bytes(mail)
                mail.clear()
            else:
                mail += opening
            opening = b""
        if line.startswith(b"From ") and _OPENING.match(line):
            opening = line
        elif len(mail) < MOST_BYTES:
            mail += line
    yield bytes(mail + opening)
