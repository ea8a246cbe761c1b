"""In which encoding a JSON or CSV file is written."""

from __future__ import annotations

import codecs

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(head: bytes) -> str:
    """Return the encoding of a JSON or CSV file by its byte order mark, else by where its zero bytes are.

    RFC 8259 asks for UTF-8; Windows tools write UTF-16 nevertheless.
    """
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if head[1:2] == b"\0" and head[:1] != b"\0":
        return "utf-16-le" if head[2:3] != b"\0" else "utf-32-le"
    if head[:1] == b"\0":
        return "utf-16-be" if head[1:2] != b"\0" else "utf-32-be"
    return "utf-8-sig"
