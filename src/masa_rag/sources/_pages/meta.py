"""What a page says about itself: JSON-LD, Open Graph, meta tags, microdata, and only then its look."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from masa_rag.sources._pages.blocks import Block
from masa_rag.sources._pages.dates import is_likely, read_date, shown_date
from masa_rag.sources._pages.features import KINDS, PageFacts

if TYPE_CHECKING:
    from lxml.etree import _Element

_TITLE_NAMES = ("og:title", "twitter:title", "dc.title", "citation_title", "parsely-title", "sailthru.title")
_AUTHOR_NAMES = (
    "author",
    "article:author",
    "dc.creator",
    "citation_author",
    "parsely-author",
    "sailthru.author",
    "byl",
)
_DATE_NAMES = (
    "article:published_time", "og:published_time", "datepublished", "date", "dc.date", "dc.date.issued", "pubdate",
    "citation_publication_date", "parsely-pub-date", "sailthru.date", "publish-date", "publication_date",
    "article:published", "dcterms.created", "originalpublicationdate", "article.published",
)  # fmt: skip
_CONTENT_TYPES = frozenset(
    {"article", "newsarticle", "blogposting", "techarticle", "report", "scholarlyarticle", "reportagenewsarticle"}
    | {"discussionforumposting", "qapage", "question", "product", "productgroup", "recipe", "review", "podcastepisode"}
    | {"webpage", "collectionpage", "itempage", "aboutpage", "videoobject", "howto", "course", "service", "event"}
)
_SEPARATOR = re.compile(r"\s+[|–—·•»:]\s+|\s+-\s+|\s*\|\s*")
_BY = re.compile(r"^\s*(?:written |posted |published )?(?:by|von|par|por|di)[:\s]+", re.I)
_BYLINE_END = re.compile(r"\s+[|·•–—-]\s+|\s*\b(?:updated|published|posted)\b:?\s*", re.I)
"""Between a name and the day or the reading time, which stand in the same line."""
_URL_DATE = re.compile(r"/(20\d\d)[/-](\d{1,2})[/-](\d{1,2})(?:/|-|$)")


@dataclass
class Head:
    """The metadata of one parsed page.

    Attributes:
        tree: The page.
        url: Where it came from, if that is known.
        quick: Look for the author in the head only.
    """

    tree: _Element
    url: str | None = None
    quick: bool = False
    metas: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.metas = {}
        for element in self.tree.iter("meta"):
            name = (element.get("property") or element.get("name") or element.get("itemprop") or "").lower()
            if name and (content := (element.get("content") or "").strip()):
                self.metas.setdefault(name, []).append(content)

    def meta(self, *names: str) -> str | None:
        """Return the first non-empty content of the first of the names that the page has."""
        return next((self.metas[name][0] for name in names if name in self.metas), None)

    @cached_property
    def linked_data(self) -> list[Mapping[str, Any]]:
        """All JSON-LD objects of the page, outer before inner; what cannot be parsed is left out."""
        found: list[Mapping[str, Any]] = []
        for script in self.tree.iter("script"):
            if "ld+json" in (script.get("type") or "") and script.text:
                try:
                    value = json.loads(script.text.strip().rstrip(";"), strict=False)
                except (ValueError, RecursionError):
                    continue
                found.extend(_objects(value))
        return found

    def things(self, *types: str) -> Iterator[Mapping[str, Any]]:
        """Yield the JSON-LD objects of the given types (lower case)."""
        wanted = set(types) if types else _CONTENT_TYPES
        return (item for item in self.linked_data if not wanted.isdisjoint(_types(item)))

    @cached_property
    def class_names(self) -> frozenset[str]:
        """All class names that the page uses."""
        return frozenset(" ".join(filter(None, {element.get("class") for element in self.tree.iter()})).split())

    @cached_property
    def base(self) -> str | None:
        """The address from which the page's relative links are seen: the one that it sets, else its own."""
        told = next((item.get("href") for item in self.tree.iter("base") if item.get("href")), None)
        return (_joined(self.url, told) if told else None) or self.url

    @cached_property
    def canonical(self) -> str | None:
        """The address the page names as its own, absolute; None where it names none or a bare site."""
        links = (item for item in self.tree.iter("link") if "canonical" in (item.get("rel") or "").lower().split())
        link = next((item.get("href") for item in links), None)
        found = link or self.meta("og:url")
        if not found:
            return None
        absolute = _joined(self.base, found)
        return absolute if absolute is not None and absolute.startswith(("http://", "https://")) else None

    @cached_property
    def site(self) -> str | None:
        """The name of the site."""
        return self.meta("og:site_name", "application-name", "al:ios:app_name")

    @cached_property
    def title(self) -> str | None:
        """The title of the page, without the site's name."""
        heading = self._heading()
        tag = _clean(self.tree.findtext(".//title"))
        for candidate in (self._linked_title(), self.meta(*_TITLE_NAMES), tag):
            if candidate and (clean := _clean(candidate)):
                return _without_site(clean, heading, self.site)
        return heading

    def _linked_title(self) -> str | None:
        return next((text for item in self.things() if (text := _string(item.get("headline")))), None)

    def _heading(self) -> str | None:
        headings = [text for item in self.tree.iter("h1") if (text := _clean(" ".join(item.itertext())))]
        return headings[0] if headings else None

    @cached_property
    def author(self) -> str | None:
        """Who wrote the page; several names are joined by a semicolon."""
        shown = self._shown_authors() if not self.quick else ()
        for candidate in chain(self._linked_authors(), self._meta_authors(), shown):
            if name := _name(candidate):
                return name
        return None

    def _linked_authors(self) -> Iterator[str]:
        by_id = {
            item["@id"]: item for item in self.linked_data if isinstance(item.get("@id"), str) and item.get("name")
        }
        for item in self.things():
            authors = item.get("author") or item.get("creator")
            names = [_person(author, by_id) for author in (authors if isinstance(authors, list) else [authors])]
            if known := [name for name in dict.fromkeys(names) if name]:
                yield "; ".join(known)

    def _meta_authors(self) -> Iterator[str]:
        for name in _AUTHOR_NAMES:
            values = [value for value in self.metas.get(name, ()) if not value.startswith("http")]
            if values:
                yield "; ".join(dict.fromkeys(values))

    def _shown_authors(self) -> Iterator[str]:
        for shown, longest in ((_shows_author, 60), (_may_show_author, 50)):
            for element in filter(shown, self._labelled):
                named = element.find(".//*[@itemprop='name']") if element.get("itemprop") == "author" else None
                text = _clean(" ".join((element if named is None else named).itertext()))
                if text and len(text) < longest:
                    yield from (part for part in _BYLINE_END.split(text) if part and read_date(part) is None)

    @cached_property
    def _labelled(self) -> list[_Element]:
        """The elements that may name an author, found in one pass."""
        return [element for element in self.tree.iter() if _may_name_author(element)]

    def published(self, blocks: Sequence[Block] = ()) -> datetime | None:
        """Return when the page was published; a day without a time is midnight UTC.

        Args:
            blocks: What the page shows, to look through where its head is silent.
        """
        told = (read_date(text) for text in self._told_dates() if text)
        found = next((day for day in told if is_likely(day)), None) or shown_date(blocks)
        if found is None and (match := _URL_DATE.search(self.url or self.canonical or "")):
            found = read_date("-".join(match.groups()))
        return found

    def _told_dates(self) -> Iterator[str | None]:
        for key in ("datePublished", "dateCreated", "uploadDate"):
            yield from (text for item in self.things() if (text := _string(item.get(key))))
        yield from (self.metas[name][0] for name in _DATE_NAMES if name in self.metas)
        for element in self.tree.iter("time"):
            yield element.get("datetime") or " ".join(element.itertext())

    @cached_property
    def language(self) -> str | None:
        """The language the page declares, as a lower-case code such as ``en`` or ``pt-br``."""
        root = self.tree.getroottree().getroot()
        code = root.get("lang") or self.meta("og:locale", "content-language", "dc.language")
        return code.strip().lower().replace("_", "-")[:12] or None if code else None

    @cached_property
    def licence(self) -> str | None:
        """The licence the page names, as an address or a name."""
        for item in self.tree.iter("link", "a"):
            named = "license" in (item.get("rel") or "").split() and item.get("href")
            if named and (address := _joined(self.base, named)):
                return address
        return next((text for item in self.things() if (text := _string(item.get("license")))), None)

    @cached_property
    def description(self) -> str | None:
        """The page's own summary."""
        return self.meta("og:description", "description", "twitter:description")

    @cached_property
    def product(self) -> str | None:
        """What the page's JSON-LD says of the product that is sold there; it may hold HTML."""
        things = self.things("product", "productgroup")
        return next((text for item in things if (text := _string(item.get("description")))), None)

    def facts(self) -> PageFacts:
        """Return what the block model is told about the page as a whole."""
        signs = {f"type:{name}" for item in self.linked_data for name in _types(item)}
        if kind := self.meta("og:type"):
            signs |= {"og:", f"og:{kind.lower()}"}
        names = self._made_with()
        kinds = tuple(float(any(word in signs or word in names for word in words)) for _, words in KINDS)
        title, address = self.tree.findtext(".//title") or "", self.canonical or self.url or ""
        return PageFacts(title, self.description or "", kinds, address)

    def _made_with(self) -> str:
        """Return the names in which the software that made the page shows: generator, scripts, styles."""
        body = self.tree.find("body")
        parts = [*self.metas.get("generator", ())]
        parts += [(item.get("src") or "")[:200] for item in list(self.tree.iter("script"))[:60]]
        parts += [(item.get("href") or "")[:200] for item in self.tree.iter("link") if item.get("rel") == "stylesheet"]
        for element in (self.tree, body):
            if element is not None:
                parts.append(f"{element.get('class') or ''} {element.get('id') or ''}"[:500])
        return " ".join(parts).lower()


_AUTHOR_CLASS = re.compile(
    r"(?<![a-z])(?:author[-_]?name|byline|post-author|entry-author|article-author|author)(?![a-z])", re.I
)


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


@lru_cache(maxsize=8)
def _xpath(path: str) -> Any:
    from lxml.etree import XPath

    return XPath(path, smart_strings=False)


def _objects(value: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    if depth > 12:  # a page may nest without end; what matters lies near the top
        return
    if isinstance(value, list):
        for item in value:
            yield from _objects(item, depth + 1)
    elif isinstance(value, Mapping):
        yield value
        for item in value.values():
            if isinstance(item, (list, Mapping)):
                yield from _objects(item, depth + 1)


def _types(item: Mapping[str, Any]) -> list[str]:
    kinds = item.get("@type")
    return [kind.lower() for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)]


def _person(value: Any, by_id: Mapping[str, Mapping[str, Any]]) -> str | None:
    if isinstance(value, Mapping):
        return _string(value.get("name")) or _string(by_id.get(str(value.get("@id")), {}).get("name"))
    return _string(value)


def _string(value: Any) -> str | None:
    if isinstance(value, list) and value:
        value = value[0]
    return _clean(value) if isinstance(value, str) else None


def _clean(text: str | None) -> str | None:
    """Return the text with white space folded and entities that were escaped twice resolved."""
    if not text:
        return None
    if "&" in text:
        from html import unescape

        text = unescape(text)
    return " ".join(text.split()) or None


def _name(text: str) -> str | None:
    """Return a name of a person or group, or None where the text is no name."""
    name = _BY.sub("", text).strip(" ,;|·-–")
    if not name or len(name) > 120 or name.startswith(("http", "@")) or name.lower() in _NO_NAMES:
        return None
    return name if re.search(r"[^\W\d]", name) else None


_NO_NAMES = frozenset({"admin", "administrator", "editor", "staff", "author", "unknown", "none", "null", "guest", "by"})


def _without_site(title: str, heading: str | None, site: str | None) -> str:
    """Cut the site's name off a title: by the heading, by the name itself."""
    if heading and heading != title and title.startswith(heading) and _SEPARATOR.match(title[len(heading) :]):
        return heading
    parts = _SEPARATOR.split(title)
    if len(parts) < 2:
        return title
    if site and parts[-1].strip().lower() in site.lower():
        return title[: title.rfind(parts[-1])].rstrip(" |–—·•»:-")
    return title


def _joined(base: str | None, place: str) -> str | None:
    """Return an address as seen from the page, None where one of them cannot be read."""
    try:
        address = urljoin(base or "", place.strip())
        urlsplit(address)
    except ValueError:
        return None
    return address


def host_of(url: str | None) -> str | None:
    """Return the host of an address, lower case, or None."""
    try:
        return urlsplit(url or "").hostname
    except ValueError:
        return None
