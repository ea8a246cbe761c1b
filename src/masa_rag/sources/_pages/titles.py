"""The title of a page, of those that its head names and the headings that it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from masa_rag.sources._pages.blocks import read_blocks
from masa_rag.sources._pages.linked import clean
from masa_rag.sources._pages.words import words_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_SEPARATOR = re.compile(r"\s+[|–—·•»:]\s+|\s+-\s+|\s*[|｜]\s*|(?<=[^\x00-\xff])[-_–—]+(?=[^\x00-\xff])")
"""Between the parts of a title; in Chinese and Japanese they stand without blanks."""
_FRONT = frozenset({"/", "./", "index.php", "./index.php", "/index.php", "/index.html"})
_LONGEST_NAME = 60
_LEAST_SITE = 3
"""Letters of which a part of a site's name has at least as many."""
_MOST_HEADINGS = 50
_AGREES = 0.5
"""Share of the words of the shorter of two titles that the other has as well."""
_LEAST_SHARED = 2
"""Words by which a heading is known to say the same as a title."""


def headings_of(tree: _Element) -> Iterator[str]:
    """Yield the main headings that a page shows, in their order."""
    for element in islice(tree.iter("h1"), _MOST_HEADINGS):
        blocks, _ = read_blocks(element)
        if text := " ".join(" ".join(block.text for block in blocks).split()).rstrip("¶#§🔗 "):
            yield text


def names_at_home(tree: _Element, host: str | None) -> Iterator[str]:
    """Yield what the links to the front page say, and the pictures in them: that is where a site names itself.

    Args:
        tree: The page.
        host: Its host, where that is known.
    """
    for link in tree.iter("a"):
        try:
            place = urlsplit((link.get("href") or "").strip())
        except ValueError:
            continue
        if place.path in _FRONT and place.hostname in (None, host):
            told = (" ".join(link.itertext()), link.get("title"), *(item.get("alt") for item in link.iter("img")))
            yield from (name for text in told if (name := clean(text)) and len(name) <= _LONGEST_NAME)


def title_of(told: Sequence[str], shown: Sequence[str], sites: Sequence[str], *, is_article: bool) -> str | None:
    """Return the title of a page, without the name of its site.

    The heading decides: sites name themselves in the head of each page, search engines are told one title and
    readers another, and Wikipedia's headline is what Wikidata says the page is about. An article is called by its
    heading. Other pages have headings that advertise: there the best title of the head is the one it confirms.

    Args:
        told: The titles that the head names, the best first.
        shown: The headings.
        sites: What the site is called.
        is_article: Whether the page says that it is an article.
    """
    known = frozenset(map(_letters, sites))
    headings = [_without_site(text, [], known) for text in shown if _letters(text) not in known]
    titles = [_whole(_without_site(title, headings, known), headings) for title in told]
    if not titles:
        return next(iter(headings or shown), None)
    heading = max(headings, key=lambda text: max(_agreement(text, title) for title in titles), default="")
    confirmed = [title for title in titles if _agreement(heading, title) >= _AGREES]
    if is_article and any(len(_shared(heading, title)) >= _LEAST_SHARED for title in confirmed):
        return next((title for title in titles if _letters(title) == _letters(heading)), heading)
    return next(iter(confirmed), titles[0])


def _agreement(first: str, second: str) -> float:
    shorter = min(len(set(words_of(first))), len(set(words_of(second))))
    return len(_shared(first, second)) / max(shorter, 1)


def _shared(first: str, second: str) -> set[str]:
    return set(words_of(first)) & set(words_of(second))


def _without_site(title: str, headings: Sequence[str], known: frozenset[str]) -> str:
    """Cut the site's name off a title: what is left is a heading, or what is cut is one of the site's names."""
    parts = _SEPARATOR.split(title)
    if len(parts) < 2:
        return title
    for heading in headings:
        begin, end = title[: len(heading)], title[-len(heading) :]
        if begin.lower() == heading.lower() and (begin == title or _SEPARATOR.match(title, len(begin))):
            return begin
        if end.lower() == heading.lower() and _letters(parts[0]) in known:
            return end
    site = _letters(parts[-1])
    if site in known or (len(site) >= _LEAST_SITE and any(site in name for name in known)):
        return title[: title.rfind(parts[-1])].rstrip(" |｜–—·•»:-_")
    return title


def _whole(title: str, headings: Sequence[str]) -> str:
    """Return a heading in place of a title that was cut off after so many letters."""
    begun = title.rstrip(".… ")
    for heading in headings:
        if not heading.startswith(begun) or len(heading) == len(begun):
            continue
        if title.endswith(("…", "...")) or (title[-1:].isalnum() and heading[len(title)].isalnum()):
            return heading
    return title


def _letters(text: str) -> str:
    """Return a name as it may stand in an address: without blanks, signs and case."""
    return "".join(filter(str.isalnum, text.lower()))
