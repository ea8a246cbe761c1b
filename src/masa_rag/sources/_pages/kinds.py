"""What a file or a folder of pages looks like, before it is read."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from masa_rag.sources._base import read_head, visible_files
from masa_rag.sources._pages.mhtml import is_mhtml

SUFFIXES = frozenset({".html", ".htm", ".xhtml", ".mhtml", ".mht"})
_ASSETS = frozenset(
    {".css", ".js", ".mjs", ".map", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".ico"}
    | {".woff", ".woff2", ".ttf", ".txt", ".xml", ".json"}
)

_HTML = re.compile(rb"\A(?:\xef\xbb\xbf)?(?>\s|<\?xml[^>]*>|<!--.*?-->)*+<(?:!doctype\s+html|html[\s>])", re.I | re.S)
PIECE = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?>\s|<!--.*?-->)*+<(?:head|body|title|meta|link|style|script|h[1-6]|p|div|article|section|main"
    rb"|header|nav|ul|ol|dl|table|blockquote|pre|center|!doctype\s+netscape-bookmark)\b",
    re.I | re.S,
)
"""How a page begins that leaves out ``<html>``, as its standard allows, or of which a part was saved."""
_CHAT = re.compile(r"[^/]*/message_\d+\.html|[^/]*gemini[^/]*/[^/]+\.html", re.IGNORECASE)
_PAGES_LOOKED_AT = 200
"""How many pages of a folder are opened to be sure of it; of all files the ending is looked at."""


def is_page(head: bytes) -> bool:
    """Say whether a file that begins so is a page: HTML, or one saved with all that belongs to it (MHTML)."""
    if is_mhtml(head):
        return True
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "ignore").encode()
    return _HTML.match(head) is not None


def plain_head(head: bytes) -> bytes:
    """Return the head, unpacked as far as it goes if it is gzipped."""
    if not head.startswith(b"\x1f\x8b"):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, 65536)
    except zlib.error:
        return b""


def may_be_no_page(path: Path) -> bool:
    """Say whether a file among pages may be something else: text, or by its name a chat of somebody's data."""
    return (
        path.suffix.lower() in {".txt", ".json", ".jsonl"}
        or _CHAT.fullmatch(f"{path.parent.name}/{path.name}") is not None
    )


def is_site_folder(folder: Path) -> bool:
    """Say whether a folder holds saved pages and nothing but what pages load."""
    pages = 0
    for item in visible_files(folder):
        if item.suffix.lower() in SUFFIXES:
            if pages < _PAGES_LOOKED_AT and not is_page(read_head(item)):
                return False
            pages += 1
        elif item.suffix.lower() not in _ASSETS:
            return False
    return pages > 0
