"""What a page says about itself: JSON-LD, Open Graph, meta tags, microdata, and only then its look."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from masa_rag.sources._pages.authors import linked_authors, meta_authors, name_of, organisations, shown_authors
from masa_rag.sources._pages.blocks import Block
from masa_rag.sources._pages.dates import is_day_first, is_likely, read_date, shown_date, shown_times
from masa_rag.sources._pages.features import KINDS, PageFacts
from masa_rag.sources._pages.linked import clean, linked_objects, listed, string, types_of
from masa_rag.sources._pages.marks import names_in
from masa_rag.sources._pages.titles import headings_of, names_at_home, title_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_TITLE_NAMES = ("og:title", "twitter:title", "dc.title", "citation_title", "parsely-title", "sailthru.title")
_DATE_NAMES = (
    "article:published_time", "datepublished", "date", "dc.date", "dc.date.issued", "sailthru.date",
    "article:published", "dcterms.created", "article.published",
)  # fmt: skip
_DATE_NAME = re.compile(r"publi\w*[-_:. ]?(?:date|time)|pub-?date|datepublished")
"""What many others are called: ``w-published-date``, ``citation_publication_date``, ``parsely-pub-date``."""
_ARTICLE_TYPES = frozenset(
    {"article", "newsarticle", "blogposting", "techarticle", "report", "scholarlyarticle", "reportagenewsarticle"}
    | {"liveblogposting", "opinionnewsarticle", "analysisnewsarticle", "backgroundnewsarticle", "reviewnewsarticle"}
    | {"advertisercontentarticle", "satiricalarticle", "medicalscholarlyarticle"}
)
_CONTENT_TYPES = _ARTICLE_TYPES | frozenset(
    {"socialmediaposting", "apireference"}
    | {"discussionforumposting", "qapage", "question", "product", "productgroup", "recipe", "review", "podcastepisode"}
    | {"webpage", "collectionpage", "itempage", "aboutpage", "videoobject", "howto", "course", "service", "event"}
)
_REFRESH = re.compile(r"\s*(\d+)[.\d]*\s*[;,]\s*(?:url\s*=\s*)?[\"']?\s*([^\s\"'][^\"']*)", re.I)
_MOST_SECONDS = 10
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
        return linked_objects(self.tree)

    def things(self, *types: str) -> Iterator[Mapping[str, Any]]:
        """Yield the JSON-LD objects of the given types (lower case), without what customers say of another."""
        wanted = set(types) if types else _CONTENT_TYPES
        found = (item for item in self.linked_data if not wanted.isdisjoint(types_of(item)))
        return (item for item in found if id(item) not in self._reviews)

    @cached_property
    def _reviews(self) -> frozenset[int]:
        return frozenset(
            id(review) for item in self.linked_data for key in ("review", "reviews") for review in listed(item.get(key))
        )

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
    def leads_to(self) -> str | None:
        """The address to which the page leads by itself, after seconds that leave no time to read it."""
        for element in self.tree.iter("meta"):
            told = element.get("content") if (element.get("http-equiv") or "").lower() == "refresh" else None
            match = _REFRESH.match(told or "")
            if match and int(match[1]) <= _MOST_SECONDS and next(element.iterancestors("noscript"), None) is None:
                found = _joined(self.base, match[2])
                return found if found and found.startswith(("http://", "https://")) and found != self.url else None
        return None

    @property
    def frames(self) -> list[str]:
        """The addresses of the pages that the page shows in frames, in place of any text."""
        told = (item.get("src") for item in self.tree.iter("frame"))
        return [found for place in told if place and (found := _joined(self.base, place))]

    @cached_property
    def site(self) -> str | None:
        """The name of the site."""
        return self.meta("og:site_name", "application-name", "al:ios:app_name")

    @cached_property
    def title(self) -> str | None:
        """The title of the page, without the site's name."""
        headlines = (string(item.get("headline")) for item in self.things())
        told = (next(filter(None, headlines), None), self.meta(*_TITLE_NAMES), self.tree.findtext(".//title"))
        address = self.canonical or self.url
        told_sites = filter(None, (self.site, _domain(address), host_of(address)))
        sites = [*told_sites, *names_at_home(self.tree, host_of(address))]
        titles = list(filter(None, map(clean, told)))
        return title_of(titles, list(headings_of(self.tree)), sites, is_article=self.is_article)

    @cached_property
    def is_article(self) -> bool:
        """Whether the page says that it is an article."""
        return self.meta("og:type") == "article" or any(self.things(*_ARTICLE_TYPES))

    @cached_property
    def _is_sold(self) -> bool:
        """Whether something is sold on the page: then it shows names and days of customers."""
        return any(self.things("product", "productgroup"))

    @cached_property
    def author(self) -> str | None:
        """Who wrote the page; several names are joined by a semicolon."""
        told = chain(linked_authors(self.linked_data, self.things()), meta_authors(self.metas))
        shown = shown_authors(self.tree) if not (self.quick or self._is_sold) else ()
        owners, owner = organisations(self.linked_data, self.site), None
        for name in filter(None, map(name_of, chain(told, shown))):
            if name.lower() not in owners:
                return name
            owner = owner or name
        return owner

    def published(self, blocks: Sequence[Block] = ()) -> datetime | None:
        """Return when the page was published; a day without a time is midnight UTC.

        Args:
            blocks: What the page shows, to look through where its head is silent.
        """
        told = (read_date(text, day_first=self.day_first) for text in self._told_dates() if text)
        found = next(filter(is_likely, told), None)
        if found is None and not self._is_sold:
            found = shown_date(blocks, day_first=self.day_first)
        if found is None and (match := _URL_DATE.search(self.url or self.canonical or "")):
            found = read_date("-".join(match.groups()))
        return found

    def _told_dates(self) -> Iterator[str | None]:
        beside = {"videoobject"} if self._is_sold or any(self.things(*_ARTICLE_TYPES)) else set()
        things = [item for item in self.things() if beside.isdisjoint(types_of(item))]
        for key in ("datePublished", "dateCreated", "uploadDate"):
            yield from (text for item in things if (text := string(item.get(key))))
        yield from (self.metas[name][0] for name in _DATE_NAMES if name in self.metas)
        yield from (told[0] for name, told in self.metas.items() if _DATE_NAME.search(name))
        yield from shown_times(self.tree)

    @cached_property
    def language(self) -> str | None:
        """The language the page declares, as a lower-case code such as ``en`` or ``pt-br``."""
        root = self.tree.getroottree().getroot()
        code = root.get("lang") or self.meta("og:locale", "content-language", "dc.language")
        return code.strip().lower().replace("_", "-")[:12] or None if code else None

    @property
    def day_first(self) -> bool:
        """Whether dates of figures on the page begin with the day."""
        return is_day_first(self.language)

    @cached_property
    def licence(self) -> str | None:
        """The licence the page names, as an address or a name."""
        for item in self.tree.iter("link", "a"):
            named = "license" in (item.get("rel") or "").split() and item.get("href")
            if named and (address := _joined(self.base, named)):
                return address
        return next((text for item in self.things() if (text := string(item.get("license")))), None)

    @cached_property
    def description(self) -> str | None:
        """The page's own summary."""
        return self.meta("og:description", "description", "twitter:description")

    @cached_property
    def product(self) -> str | None:
        """What the page's JSON-LD says of the product that is sold there; it may hold HTML."""
        things = self.things("product", "productgroup")
        return next((text for item in things if (text := string(item.get("description")))), None)

    @cached_property
    def article(self) -> str | None:
        """The text of the article in the page's JSON-LD; None where it holds none, or several. It may be HTML."""
        said = {str(item["articleBody"]) for item in self.linked_data if isinstance(item.get("articleBody"), str)}
        return said.pop() if len(said) == 1 else None

    def facts(self) -> PageFacts:
        """Return what the block model is told about the page as a whole."""
        signs = {f"type:{name}" for item in self.linked_data for name in types_of(item)}
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
        parts += [names_in(element)[:500] for element in (self.tree, body) if element is not None]
        return " ".join(parts).lower()


def _joined(base: str | None, place: str) -> str | None:
    """Return an address as seen from the page, None where one of them cannot be read."""
    try:
        address = urljoin(base or "", place.strip())
        urlsplit(address)
    except ValueError:
        return None
    return address


def _domain(url: str | None) -> str | None:
    """Return what a site is called in its address: ``tidewell`` of ``www.tidewell.co.uk``."""
    parts = (host_of(url) or "").split(".")
    return max(parts[:-1], key=len, default=None) if len(parts) > 1 else None


def host_of(url: str | None) -> str | None:
    """Return the host of an address, lower case, or None."""
    try:
        return urlsplit(url or "").hostname
    except ValueError:
        return None
