"""Who wrote a page: by its JSON-LD, its meta tags, and the elements that are named after an author."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from masa_rag.sources._pages.dates import read_date
from masa_rag.sources._pages.linked import clean, string

if TYPE_CHECKING:
    from lxml.etree import _Element

_META_NAMES = (
    "author",
    "article:author",
    "dc.creator",
    "citation_author",
    "parsely-author",
    "sailthru.author",
    "byl",
)
_BY = re.compile(r"^\s*(?:written |posted |published )?(?:by|von|par|por|di)[:\s]+", re.I)
_BYLINE_END = re.compile(r"\s+[|·•–—-]\s+|\s*\b(?:updated|published|posted)\b:?\s*", re.I)
"""Between a name and the day or the reading time, which stand in the same line."""
_NO_NAMES = frozenset({"admin", "administrator", "editor", "staff", "author", "unknown", "none", "null", "guest", "by"})
_AUTHOR_CLASS = re.compile(
    r"(?<![a-z])(?:author[-_]?name|byline|post-author|entry-author|article-author|author)(?![a-z])", re.I
)


def linked_authors(objects: Iterable[Mapping[str, Any]], things: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the authors of each of the things that a page is about, several joined by a semicolon.

    Args:
        objects: All JSON-LD objects of the page; authors may be named by their ``@id`` only.
        things: Those of them that say what the page is.
    """
    by_id = {item["@id"]: item for item in objects if isinstance(item.get("@id"), str) and item.get("name")}
    for item in things:
        authors = item.get("author") or item.get("creator")
        names = [_person(author, by_id) for author in (authors if isinstance(authors, list) else [authors])]
        if known := [name for name in dict.fromkeys(names) if name]:
            yield "; ".join(known)


def meta_authors(metas: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the authors of a page's meta tags, several of one name joined by a semicolon."""
    for name in _META_NAMES:
        values = [value for value in metas.get(name, ()) if not value.startswith("http")]
        if values:
            yield "; ".join(dict.fromkeys(values))


def shown_authors(tree: _Element) -> Iterator[str]:
    """Yield what stands in the elements of a page that are named after an author, the surest first."""
    labelled = [element for element in tree.iter() if _may_name_author(element)]
    for shown, longest in ((_shows_author, 60), (_may_show_author, 50)):
        for element in filter(shown, labelled):
            named = element.find(".//*[@itemprop='name']") if element.get("itemprop") == "author" else None
            text = clean(" ".join((element if named is None else named).itertext()))
            if text and len(text) < longest:
                yield from (part for part in _BYLINE_END.split(text) if part and read_date(part) is None)


def name_of(text: str) -> str | None:
    """Return a name of a person or group, or None where the text is no name."""
    name = _BY.sub("", text).strip(" ,;|·-–")
    if not name or len(name) > 120 or name.startswith(("http", "@")) or name.lower() in _NO_NAMES:
        return None
    return name if re.search(r"[^\W\d]", name) else None


def _person(value: Any, by_id: Mapping[str, Mapping[str, Any]]) -> str | None:
    if isinstance(value, Mapping):
        return string(value.get("name")) or string(by_id.get(str(value.get("@id")), {}).get("name"))
    return string(value)


def _shows_author(element: _Element) -> bool:
    get = element.get
    is_named = get("rel") == "author" or get("itemprop") == "author"
    return is_named or get("class") in ("author-name", "byline") or (element.tag == "a" and get("class") == "author")


def _may_show_author(element: _Element) -> bool:
    return _AUTHOR_CLASS.search(element.get("class") or "") is not None


def _may_name_author(element: _Element) -> bool:
    names = element.get("class")
    if names is not None and ("author" in names or "byline" in names):
        return True
    return "author" in (element.get("itemprop"), element.get("rel"))
