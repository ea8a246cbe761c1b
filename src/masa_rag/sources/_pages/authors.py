"""Who wrote a page: by its JSON-LD, its meta tags, and what it shows near its heading."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, dropwhile, islice
from typing import TYPE_CHECKING, Any

from masa_rag.sources._pages.dates import read_date
from masa_rag.sources._pages.linked import clean, listed, string, types_of
from masa_rag.sources._pages.marks import names_in

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
_BY = re.compile(
    r"^\s*(?:(?:view |see )?(?:all )?(?:written|posted|published|submitted|authored|text|words|story|posts|articles) )?"
    r"(?:by|von|par|por|di|door)[:\s]+"
    r"|^\s*(?:author(?:s|\(s\))?|geschrieben von|écrit par|escrito por|scritto da|geschreven door|автор|текст"
    r"|بقلم|מאת)[:\s]+"
    r"|^\s*(?:作者|撰文|記者|记者|執筆者?|著者|取材・文|文|글)\s*[:：＝/]\s*",
    re.I,
)
_REVIEWED = r"(?:(?:medically|clinically|fact[- ]?checked|and)\s)*(?:reviewed|edited|fact[- ]?checked) by"
_BYLINE_END = re.compile(
    rf"\s+[|·•⋅–—-]\s+|[\s,.;]*\b(?:updated|published|posted|{_REVIEWED})\b:?\s*|\s+on\s+(?=\w+,? ?\d)", re.I
)
"""Between a name and the day, the reading time or the reviewer, which stand in the same line."""
_LABEL = re.compile(r"\b(?:by|von|par|por|da|door)\s*:?\s*$|^(?:author|autor|auteur|autore)\b", re.I)
_NO_NAMES = frozenset({"admin", "administrator", "editor", "staff", "author", "unknown", "none", "null", "guest", "by"})
_AUTHOR_CLASS = re.compile(
    r"(?<![a-z])(?:author[\w-]*name|byline|post-author|entry-author|article-author|author)(?![a-z])", re.I
)
_NAME_CLASS = re.compile(r"name(?:$|[\s_-])", re.I)
_AUTHOR_PLACE = re.compile(r"/(?:authors?|contributors?|profiles?|people|writers?|staff|team)/[^/?#]", re.I)
_PART = r"(?:[^\W\d_a-z][\w.'’-]*|d[aeiu]|del|della|van|von|der|den|la|le|bin|al|and|und|et|y|&)"
_NAME = re.compile(rf"{_PART}(?:,? {_PART}){{1,5}}")
_BESIDE = re.compile(r"(?<![a-z])(?:comments?|reviews?|reviewer|testimonials?|related|recommend\w*)(?![a-z])", re.I)
"""Names of what holds the words, or the titles, of others than the page's author."""
_ABOVE = 12
_NEAR = 120
_MOST_IN_LINE = 6
_MOST_IN_BOX = 60
_LONGEST_LINE = 120


def linked_authors(objects: Sequence[Mapping[str, Any]], things: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the authors of each of the things that a page is about, several joined by a semicolon.

    Args:
        objects: All JSON-LD objects of the page; authors may be named by their ``@id`` only.
        things: Those of them that say what the page is.
    """
    by_id = {item["@id"]: item for item in objects if isinstance(item.get("@id"), str) and item.get("name")}
    for item in things:
        authors = item.get("author") or item.get("creator")
        names = [_person(author, by_id) for author in listed(authors)]
        if known := [name for name in dict.fromkeys(names) if name and "@" not in name]:
            yield "; ".join(known)


def meta_authors(metas: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the authors of a page's meta tags, several of one name joined by a semicolon."""
    for name in _META_NAMES:
        values = [value for value in metas.get(name, ()) if not value.startswith("http")]
        if values:
            yield "; ".join(dict.fromkeys(values))
    for number in ("1", "2"):  # what cards of Twitter show below a link, with a label in the language of the page
        label, value = metas.get(f"twitter:label{number}"), metas.get(f"twitter:data{number}")
        if label and value and _LABEL.search(label[0]):
            yield value[0]


def organisations(objects: Iterable[Mapping[str, Any]], site: str | None) -> frozenset[str]:
    """Return the names, lower case, of the site and of what its JSON-LD calls an organisation or a publisher."""
    found = {site}
    for item in objects:
        found.update(string(owner.get("name")) for owner in listed(item.get("publisher")) if isinstance(owner, Mapping))
        if any(kind.endswith(("organization", "website", "corporation", "business")) for kind in types_of(item)):
            found.add(string(item.get("name")))
    return frozenset(name.lower() for name in found if name)


def shown_authors(tree: _Element) -> Iterator[str]:
    """Yield what stands in the elements of a page that are named after an author, the surest first."""
    labelled = [element for element in tree.iter() if _may_name_author(element)]
    for shown, longest in ((_shows_author, 60), (_may_show_author, 50)):
        for element in filter(shown, labelled):
            if _holds_more_than(_MOST_IN_BOX, element) or _is_beside(element):
                continue
            text = clean(" ".join(_named(element).itertext()))
            parts = _BYLINE_END.split(text) if text and len(text) < _LONGEST_LINE else []
            yield from (part for part in parts if 0 < len(part) < longest and read_date(part) is None)
    yield from _bylines(tree)


def name_of(text: str) -> str | None:
    """Return a name of a person or group, or None where the text is no name."""
    name = _BY.sub("", text).strip(" ,;|·-–→›»")
    if not name or len(name) > 120 or name.startswith(("http", "@")) or name.lower() in _NO_NAMES:
        return None
    return name if re.search(r"[^\W\d]", name) else None


def _bylines(tree: _Element) -> Iterator[str]:
    """Yield the names in lines such as "by Mara Lind" below the heading, with a link, or a day beside them."""
    near = islice(dropwhile(lambda element: element.tag != "h1", tree.iter()), _NEAR)
    for element in near:
        if _holds_more_than(_MOST_IN_LINE, element):
            continue
        text = clean(" ".join(element.itertext())) or ""
        if not _BY.match(text) or len(text) > _LONGEST_LINE or _is_beside(element):
            continue
        link = next(element.iter("a"), None)
        linked = clean(" ".join(link.itertext())) if link is not None else None
        for part in (linked, *_BYLINE_END.split(_BY.sub("", text))[:1]):
            if part and (linked or read_date(text)) and _NAME.fullmatch(part):
                yield part


def _named(element: _Element) -> _Element:
    """Return what names the author within an element that shows one, with picture, post or links: the name alone."""
    if element.get("itemprop") == "author" and (named := element.find(".//*[@itemprop='name']")) is not None:
        return named
    names = (item for item in element.iterdescendants() if _NAME_CLASS.search(item.get("class") or ""))
    links = (item for item in element.iterdescendants("a") if _AUTHOR_PLACE.search(item.get("href") or ""))
    named = next(chain(names, links), None)
    return named if named is not None and clean(" ".join(named.itertext())) else element


def _holds_more_than(most: int, element: _Element) -> bool:
    return next(islice(element.iterdescendants(), most, None), None) is not None


def _is_beside(element: _Element) -> bool:
    above = islice(chain((element,), element.iterancestors()), _ABOVE)
    around = (item for item in above if item.tag not in ("html", "body"))
    return any(_BESIDE.search(names_in(item)) for item in around)


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
