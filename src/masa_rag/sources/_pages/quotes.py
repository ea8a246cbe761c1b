"""Quotes inside the posts of a thread: what another post of the page says already is not said again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from masa_rag.sources._pages.parse import xpath
from masa_rag.sources._pages.styles import Sight
from masa_rag.sources._pages.words import WORD

if TYPE_CHECKING:
    from lxml.etree import _Element

_RUN = 3
_REPEATED = 0.6
"""Share of a quote's runs of words that another post holds; the rest may be a line that names whom it quotes."""

_QUOTE = (
    "descendant-or-self::blockquote | .//aside[contains(@class, 'quote')]"
    " | .//div[contains(@class, 'bbcode_quote') or contains(@class, 'quotebox') or contains(@class, 'quotetitle')]"
    " | .//div[div[1][normalize-space() = 'Quote:']]"
)
"""How boards mark a quote; the last is the older vBulletin's, which has no name for it."""

_NAMING = ("title", "bbcode_postedby", "quotetitle", "bbCodeBlock-title")
_CONTROLS = ("bbCodeBlock-expandLink", "bbCodeBlock-shrinkLink", "quote-controls")


class Said:
    """What the posts of a page say in their own words.

    Args:
        bodies: The element that holds the text of each post.
    """

    def __init__(self, bodies: Iterable[_Element]) -> None:
        quotes = {body: _outermost(body) for body in bodies}
        own = [set(_runs(_words_without(body, set(found)))) for body, found in quotes.items()]
        said = set().union(*own) if own else set()
        self._repeated = {quote for found in quotes.values() for quote in found if _is_in(quote, said)}

    def sight(self, element: _Element) -> Sight:
        """Say that a repeated quote, and a button to unfold one, is not to be read."""
        if element in self._repeated or (element.get("class") or "").startswith(_CONTROLS):
            return Sight.NEVER
        return Sight.SHOWN


def _outermost(body: _Element) -> list[_Element]:
    """Return the quotes in a post that stand in no other."""
    quotes: list[_Element] = [quote for quote in xpath(_QUOTE)(body) if quote is not body]
    inside = set(quotes)
    return [quote for quote in quotes if inside.isdisjoint(quote.iterancestors())]


def _words_without(element: _Element, left_out: set[_Element]) -> list[str]:
    from lxml.etree import iterwalk

    pieces: list[str] = []
    walker = iterwalk(element, events=("start", "end"))
    for event, item in walker:
        if event == "end":
            pieces.append(item.tail if item is not element and item.tail else "")
        elif item in left_out:
            walker.skip_subtree()
        elif item.text:
            pieces.append(item.text)
    return WORD.findall(" ".join(pieces).lower())


def _runs(words: Iterable[str]) -> Iterator[tuple[str, ...]]:
    known = list(words)
    return zip(*(known[start:] for start in range(_RUN)), strict=False)


def _is_in(quote: _Element, said: set[tuple[str, ...]]) -> bool:
    runs = list(_runs(_words_without(quote, {item for item in quote.iter() if _names_quoted(item)})))
    return bool(runs) and sum(run in said for run in runs) >= _REPEATED * len(runs)


def _names_quoted(element: _Element) -> bool:
    """Say whether an element is the line that names who is quoted."""
    return element.tag == "cite" or (element.get("class") or "") in _NAMING
