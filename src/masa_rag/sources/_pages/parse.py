"""From the bytes of a page to its tree."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from masa_rag.errors import SourceFormatError
from masa_rag.sources._pages.boxes import write_tweets
from masa_rag.sources._pages.encoding import page_text
from masa_rag.sources._pages.formulas import write_formulas

if TYPE_CHECKING:
    from lxml.etree import _Element

CONTROLS = bytes(code for code in range(32) if code not in (9, 10, 13))
"""Bytes that no text holds; the parser stops at some of them."""

MAX_TAGS = 100_000
"""Opening and closing ones. The largest of 369 pages of a benchmark has 20,000; a tree of more takes seconds
and hundreds of megabytes."""

MAX_ATTRIBUTES = 5_000
_LONGEST_VALUE = 50_000
"""Bytes of an attribute that are read. Longer are pictures of saved pages; a class of 19 MB took 9 s and 600 MB."""
_TAG = re.compile(rb"<[a-zA-Z](?:[^\"'>]++|\"[^\"]*+\"|'[^']*+')*+")
_ELEMENT = re.compile(rb"<[a-zA-Z]")
_QUOTED = re.compile(rb"\"[^\"]*+\"|'[^']*+'")
_NAME = re.compile(rb"\s[a-zA-Z_:]")

_SAVED_FROM = re.compile(
    rb"<!--\s*(?:saved from url=\(\d+\)|page saved with singlefile\s+url:\s*)(https?://[!-;=?-~]+?)\s*(?:-->|\n)", re.I
)
_SLASHED_DOCTYPE = re.compile(rb"\A\s*<\s?!\s?doctype[^>]*/[^<>]*>", re.I)
_CLOSED_HTML = re.compile(rb"(<html[^>]*?)\s*/>", re.I)
_LINK = re.compile(rb"<(/?)a(?=[\s>])", re.I)
_HEAD_BYTES = 4_096


def parse_page(html: bytes | str) -> _Element:
    """Return the tree of a page, formulas as TeX, boxed tweets as quotes. Raises SourceFormatError if there is none."""
    from lxml.etree import LxmlError, fromstring

    data = _repaired(_utf8(html))
    refuse_many_tags(data, most=MAX_TAGS, expected="one page")
    _refuse_many_attributes(data)
    data = _with_links_closed(_TAG.sub(_without_long_values, data))
    try:
        tree = fromstring(data, parser=_parser()) if data.strip() else None
    except (ValueError, LxmlError) as error:
        raise SourceFormatError(f"received bytes that cannot be read as HTML ({error}); expected a page") from error
    if tree is None or _ELEMENT.search(data) is None:
        raise SourceFormatError("received bytes without any HTML element; expected a page")
    write_formulas(tree)
    write_tweets(tree)
    return tree


@lru_cache(maxsize=64)
def xpath(path: str) -> Any:
    """Return what finds the texts or elements of a path in a tree."""
    from lxml.etree import XPath

    return XPath(path, smart_strings=False)


def saved_from(html: bytes) -> str | None:
    """Return the address that a browser, or SingleFile, wrote into the page when it saved it; None where none did."""
    match = _SAVED_FROM.search(html[:_HEAD_BYTES])
    return match[1].decode() if match is not None else None


def refuse_many_tags(data: bytes, *, most: int, expected: str) -> None:
    """Raise SourceFormatError for markup of which a tree would fill the memory."""
    if (tags := data.count(b"<")) > most:
        raise SourceFormatError(f"received {tags:,} tags; expected {expected}, of at most {most:,}")


def _refuse_many_attributes(data: bytes) -> None:
    """Raise SourceFormatError for a tag that would take the parser minutes: it compares each attribute with all."""
    for tag in _TAG.findall(data):
        if len(tag) > 2 * MAX_ATTRIBUTES and len(_NAME.findall(_QUOTED.sub(b"", tag))) > MAX_ATTRIBUTES:
            raise SourceFormatError(f"received a tag with more than {MAX_ATTRIBUTES:,} attributes; expected a page")


def _without_long_values(tag: re.Match[bytes]) -> bytes:
    if len(tag[0]) <= _LONGEST_VALUE:
        return tag[0]
    return _QUOTED.sub(lambda value: value[0] if len(value[0]) <= _LONGEST_VALUE else b'""', tag[0])


def _utf8(html: bytes | str) -> bytes:
    return (html if isinstance(html, str) else page_text(html)).encode("utf-8", "replace").removeprefix(codecs.BOM_UTF8)


def _repaired(data: bytes) -> bytes:
    """Mend what the parser gives up at: control characters, a slash in the document type, ``<html/>``."""
    data = data.translate(None, delete=CONTROLS)
    head = _CLOSED_HTML.sub(rb"\1>", _SLASHED_DOCTYPE.sub(b"", data[:_HEAD_BYTES]), count=1)
    return head + data[_HEAD_BYTES:]


def _with_links_closed(data: bytes) -> bytes:
    """Close the links that are open where another begins, as browsers do: else old pages are links within links."""
    opened = False

    def closed(match: re.Match[bytes]) -> bytes:
        nonlocal opened
        before, opened = opened, not match[1]
        return b"</a>" + match[0] if before and opened else match[0]

    return _LINK.sub(closed, data)


@lru_cache(maxsize=1)
def _parser() -> Any:
    from lxml.etree import HTMLParser

    ways = {"remove_comments": True, "remove_pis": True, "collect_ids": False, "no_network": True}
    return HTMLParser(encoding="utf-8", huge_tree=True, **ways)  # else it stops at 256 open tags, and at 10 MB of text
