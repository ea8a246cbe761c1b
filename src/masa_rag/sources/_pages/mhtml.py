"""Pages saved as one file (MHTML, RFC 2557): a mail whose parts are the page and all that it shows."""

from __future__ import annotations

import re
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from email.parser import BytesHeaderParser

from masa_rag._time import mail_time
from masa_rag.errors import SourceFormatError

_HEADER = re.compile(rb"[\w-]+:")
_SENT = ("to", "received")
"""Headers of mails, which people send with pictures in the same form."""


def is_mhtml(head: bytes) -> bool:
    """Say whether the first bytes of a file are a page that was saved as one file."""
    if not _HEADER.match(head) or b"multipart/related" not in head.lower():
        return False
    headers = BytesHeaderParser().parsebytes(head)
    return headers.get_content_type() == "multipart/related" and not any(name in headers for name in _SENT)


def unpack_mhtml(data: bytes) -> tuple[bytes | str, str | None, datetime | None]:
    """Return the page, its address and when it was saved (None where the file does not say).

    Raises SourceFormatError where no part is a page.
    """
    try:
        message = message_from_bytes(data)
        part = next((part for part in message.walk() if part.get_content_type() == "text/html"), None)
    except (RecursionError, ValueError) as error:
        raise SourceFormatError(f"received a damaged MHTML file ({error}); save the page again") from error
    if part is None:
        raise SourceFormatError("received an MHTML file without a page in it; save the page again")
    address = "".join(str(part["Content-Location"] or message["Snapshot-Content-Location"] or "").split())
    is_web = address.startswith(("http://", "https://"))
    return _html(part), address if is_web else None, mail_time(str(message["Date"] or ""))


def _html(part: Message) -> bytes | str:
    """Return the text of a part, as bytes where it does not say in which encoding they are."""
    payload = part.get_payload(decode=True)
    html = payload if isinstance(payload, bytes) else b""
    try:
        return html.decode(part.get_content_charset() or "", errors="replace")
    except (LookupError, ValueError):  # some codecs of Python are no encodings of text
        return html
