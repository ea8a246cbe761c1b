"""What the names and tags of elements say of their place in a page, each as a bit of a number."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

MARKS: tuple[tuple[str, str], ...] = (
    ("content", "content|main|body|story|text|prose|markdown|entry|post|article"),
    ("product", "product|pdp|item|sku|price|spec|feature|detail|descr|variant"),
    ("card", "card|tile|grid|result|listing|teaser|archive|catalog|collection|row|col"),
    ("navigation", "nav|menu|breadcrumb|crumb|sitemap|pagination|pager|toc|toolbar|topbar|skip|drawer|mega"),
    ("foot", "foot|bottom|copyright|legal|imprint|colophon"),
    ("head", "header|masthead|banner|hero|announcement|top"),
    ("side", "side|aside|rail|widget"),
    ("related", "relat|recommend|similar|also|trending|popular|latest|upsell|cross|viewed|suggest|next|prev"),
    ("social", "shar|social|follow|facebook|twitter|whatsapp|pinterest|linkedin"),
    ("comment", "comment|respon|reply|disqus|discussion|message|thread"),
    ("review", "review|rating|star|testimonial|feedback"),
    ("overlay", "modal|popup|pop-up|overlay|cookie|consent|gdpr|dialog|lightbox|toast|tooltip|notice|alert"),
    ("advert", "advert|sponsor|promo|affiliate|outbrain|taboola|cta"),
    ("form", "form|search|login|signup|subscri|newsletter|account|cart|basket|checkout|wishlist|filter|facet|sort"),
    ("byline", "byline|author|bio|avatar|date|meta|tag|categor|published|timestamp|label|badge"),
    ("slide", "slide|carousel|swiper|slick|gallery|tab|accordion|collaps|panel|faq|toggle|expand"),
    ("caption", "caption|credit|figure|image|media|video|thumb"),
    ("hidden", "hidden|sr-only|visually|screen-reader|offscreen|invisible|print"),
)  # fmt: skip
_ADVERT = re.compile(r"(?<![a-z])ads?(?![a-z])")


def _mark_table() -> dict[str, list[tuple[str, int]]]:
    """Return, by their first three letters, the words that stand for each of MARKS."""
    found: dict[str, list[tuple[str, int]]] = {}
    for number, (_, words) in enumerate(MARKS):
        for word in words.split("|"):
            found.setdefault(word[:3], []).append((word, 1 << number))
    return found


_MARK_WORDS = _mark_table()
_ADVERT_BIT = next(1 << number for number, (name, _) in enumerate(MARKS) if name == "advert")

STRUCTURE = (
    "article", "main", "section", "aside", "nav", "header", "footer", "form", "table", "ul", "ol", "dl", "figure",
    "blockquote", "button", "dialog", "details", "pre", "li", "td", "th", "a",
)  # fmt: skip
_STRUCTURE_BIT = {tag: 1 << number for number, tag in enumerate(STRUCTURE)}
_ROLES = {
    "main": "main", "navigation": "nav", "banner": "header", "contentinfo": "footer", "complementary": "aside",
    "article": "article", "dialog": "dialog", "search": "form", "button": "button", "menu": "nav", "menubar": "nav",
}  # fmt: skip


def structure_bits(*tags: str) -> int:
    """Return the bits of ``Node.structure`` that stand for these tags."""
    return sum(_STRUCTURE_BIT[tag] for tag in tags)


def structure_of(tag: str, role: str | None) -> int:
    """Return the bit of STRUCTURE for an element, by its role where it has one that stands for a tag; 0 for others."""
    return _STRUCTURE_BIT.get(_ROLES.get(role or "", tag), 0)


def names_in(element: _Element) -> str:
    """Return the class names of an element and its id."""
    return f"{element.get('class') or ''} {element.get('id') or ''}"


def mark_bits(*names: str) -> int:
    """Return the bits of ``Node.marks`` that stand for these names."""
    return sum(1 << number for number, (name, _) in enumerate(MARKS) if name in names)


@lru_cache(maxsize=20_000)  # pages of one site, and of one maker of sites, share their class names
def _marks(name: str) -> int:
    """Return the bits of MARKS for one class name or id."""
    lowered, bits = name.lower().replace("footnote", "note"), 0  # it is text, no foot of the page
    for start in range(len(lowered) - 2):
        for word, bit in _MARK_WORDS.get(lowered[start : start + 3], ()):
            if lowered.startswith(word, start):
                bits |= bit
    return bits | _ADVERT_BIT if "ad" in lowered and _ADVERT.search(lowered) else bits


@lru_cache(maxsize=20_000)
def marks_of(names: str, name: str) -> int:
    """Return the bits of MARKS found in an element's class names and in its id."""
    bits = _marks(name) if name else 0
    for one in names.split():
        bits |= _marks(one)
    return bits
