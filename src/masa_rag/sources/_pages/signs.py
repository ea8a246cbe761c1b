"""What elements within a line stand for: code, words that were struck out or quoted, emoji, exponents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from masa_rag.sources._pages.words import WORD

if TYPE_CHECKING:
    from lxml.etree import _Element

INLINE = frozenset(
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins"}
    | {"kbd", "label", "mark", "nobr", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong"}
    | {"sub", "sup", "time", "tt", "u", "var", "wbr", "br", "img", "picture", "source"}
)
_EMOJI_CLASS = re.compile(r"emoji|smil(?:ie|ey)|emoticon", re.I)
_EMOJI_NAME = re.compile(r":[\w+-]{1,40}:|[:;=8][-']?[DPpOo]")
_RAISED = re.compile(r"[-+−–]?\d")
_SIGNS = {"code": "`", "del": "~~", "s": "~~", "strike": "~~", "q": '"'}
_ONE_WORD = frozenset({"sub", "wbr"})
_STRUCK = re.compile(r"~~ ?([^~]+?) ?~~")


def sign_of(element: _Element) -> str | None:
    """Return what stands before and behind the words of an element, None where they stand as they are.

    Without its line, what an author struck out would be said. No sign stands around whole paragraphs, or nothing.
    """
    sign = _SIGNS.get(element.tag) or ("~~" if "line-through" in (element.get("style") or "") else None)
    if sign is None or sign == "`":
        return sign
    has_words = any(not text.isspace() for text in element.itertext())
    return sign if has_words and all(item.tag in INLINE for item in element.iterdescendants()) else None


def tidied(text: str) -> str:
    """Return a line with the signs of what was struck out close to its words, or Markdown does not know them."""
    return _STRUCK.sub(r"~~\1~~", text) if "~~" in text else text


def emoji_of(element: _Element) -> str | None:
    """Return the emoji that a picture stands for, as the character or its name in colons; None for other pictures."""
    told = element.get("alt") or ""
    is_emoji = _EMOJI_CLASS.search(element.get("class") or "") is not None
    return told if is_emoji and (_EMOJI_NAME.fullmatch(told) or not WORD.search(told)) else None


def is_number_above(element: _Element, before: str) -> bool:
    """Say whether digits stand above the line right behind a letter or digit: an exponent, or the mark of a note.

    In one row they would be another number: 10 to the eighth power is not 108.
    """
    return before[-1:].isalnum() and _RAISED.match(next(element.itertext(), "")) is not None


def stand_apart(before: _Element, words: str, element: _Element) -> bool:
    """Say whether an element stands apart, by its style alone, from the one that ended right before it.

    Tags, labels and links are written so in rows: ``<span>Field</span><span>Urgent</span>``.
    """
    if _ONE_WORD.intersection((before.tag, element.tag)) or element.getparent().tag == "code":
        return False
    last, first = words[-1], element.text[0]
    if element.tag == before.tag == "a" and element.get("href") != before.get("href"):
        return last.isalnum() and first.isalnum()
    return (last.islower() or last.isdigit()) and first.isupper()
