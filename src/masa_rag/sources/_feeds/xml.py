"""The XML of feeds: mended where many sites write it as if it were HTML, and the elements of its podcast namespace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5
from typing import Any

from masa_rag.sources._pages.parse import CONTROLS

_AMPERSAND = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
    rb"|&(?!(?-i:amp|lt|gt|quot|apos);|#(?:\d|x[\da-f])[\da-f]*;)(?P<name>[a-z]\w*;)?",
    re.IGNORECASE | re.DOTALL,
)
"""What is left as it is, and each ampersand that is none of an entity of XML."""
_PODCAST = ("https://podcastindex.org/namespace/1.0",
            "https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md")  # fmt: skip
"""Both addresses of the namespace that feeds use: the official one and its documentation's."""
WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
"""How a feed in UTF-16 begins."""


def mended_xml(data: bytes) -> bytes:
    """Return a feed in which each ampersand is that of an entity of XML, outside of CDATA and comments.

    ``Q&A`` and ``?a=1&b=2`` are no XML, and readers that go on nevertheless read ``Q&A;`` or drop letters; ``&eacute;``
    is known from HTML only, and is dropped too. Control characters, which no XML may hold, are left out. In UTF-16,
    or with escapes of ISO 2022, nothing is done.
    """
    if data.startswith(WIDE) or b"\x1b" in data:
        return data
    return _AMPERSAND.sub(_as_xml, data.translate(None, delete=CONTROLS))


def _as_xml(match: re.Match[bytes]) -> bytes:
    if not match[0].startswith(b"&"):
        return match[0]
    name = (match["name"] or b"").decode("latin-1")
    return "".join(f"&#{ord(letter)};" for letter in html5.get(name, "")).encode() or b"&amp;" + match[0][1:]


def elements(parent: Any, name: str) -> Iterator[Any]:
    """Yield the parent's elements of the podcast namespace that have a name."""
    for space in _PODCAST:
        yield from parent.iterfind(f"{{{space}}}{name}")


def all_told(parent: Any, name: str) -> list[dict[str, str]]:
    """Return all elements of a name with their attributes, and their text as ``name``."""
    rows = (({"name": " ".join("".join(item.itertext()).split())}, item.attrib) for item in elements(parent, name))
    return [{key: str(value) for key, value in {**text, **said}.items() if value} for text, said in rows]
