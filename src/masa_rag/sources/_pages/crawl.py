"""The parts of a polite crawl: what may be fetched (robots.txt), what belongs to the site, what is left."""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urlsplit

from masa_rag._http.addresses import read_address
from masa_rag._http.client import Fetcher, Response
from masa_rag._lazy import require
from masa_rag.errors import SourceError, SourceFormatError, SourceUnavailableError

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_ROBOTS_BYTES = 512_000
"""RFC 9309, section 2.5: at least 500 KiB must be read, what is beyond may be ignored."""
MAX_DELAY_S = 60.0
"""A site that asks for more, by mistake or to hold crawlers, is not waited for without end."""
MAX_URL_CHARACTERS = 500
MAX_QUERIES_A_PATH = 20
"""Calendars, filters and session numbers make endless addresses of one path; this many are followed."""

_NO_PAGE = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|ico|css|js|mjs|json|xml|rss|atom|pdf|docx?|xlsx?|pptx?|zip|gz|tgz|rar|7z|exe|dmg|iso"
    r"|mp[34]|m4a|wav|ogg|webm|avi|mov|woff2?|ttf|eot)$",
    re.I,
)

_VALUE = re.compile(r"[\w-]+\s*:\s*[^,;\s]+")
"""Rules with a value: ``max-image-preview:none`` is not ``none``."""
_FOR_OTHERS = re.compile(r"\s*(?!max-|unavailable)[\w-]+\s*:")
_RULE_END = re.compile(r"[,;\s]+")


class Robots:
    """A site's robots.txt (RFC 9309): absent means all is allowed, a server error means nothing is."""

    def __init__(self, text: str, user_agent: str) -> None:
        protego = require("protego", extra="web", purpose="Reading robots.txt")
        self._rules: Any = protego.Protego.parse(text)
        self._agent = user_agent

    @classmethod
    def fetch(cls, start: str, fetcher: Fetcher) -> Robots:
        """Return the rules of the site of ``start``. Raises SourceUnavailableError where the server fails."""
        place = read_address("/robots.txt", base=start).url
        try:
            response = fetcher.fetch(place)
        except SourceFormatError:
            return cls("", fetcher.user_agent)
        text = response.content[:MAX_ROBOTS_BYTES].decode("utf-8-sig", "replace") if response.status == 200 else ""
        return cls(text, fetcher.user_agent)

    def allows(self, url: str) -> bool:
        """Say whether this address may be fetched."""
        return bool(self._rules.can_fetch(url, self._agent))

    @property
    def delay_s(self) -> float:
        """Seconds the site asks to leave between two requests, at most MAX_DELAY_S; 0 where it does not ask."""
        delay = self._rules.crawl_delay(self._agent)
        return min(float(delay), MAX_DELAY_S) if delay is not None else 0.0

    @property
    def sitemaps(self) -> list[str]:
        """Addresses of sitemaps."""
        return list(self._rules.sitemaps)


@dataclass
class Scope:
    """Which addresses belong to the site.

    Attributes:
        start: The first page; others must be on its host.
        include: Patterns such as ``"*/docs/*"``; an address must match one. Empty takes all.
        exclude: Patterns of which none may match.
    """

    start: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    _queries: Counter[str] = field(default_factory=Counter)

    def normal(self, url: str, base: str) -> str | None:
        """Return the address of a page of the site in its plain spelling, or None where it is none."""
        try:
            address = read_address(urldefrag(url.strip())[0].replace(" ", "%20"), base=base)
        except (SourceError, ValueError):
            return None
        found = address.url
        if address.scheme == "http" and self.start.startswith("https:"):
            found = f"https{found.removeprefix('http')}"  # old links of a site that has moved to it
        if address.authority != read_address(self.start).authority or len(found) > MAX_URL_CHARACTERS:
            return None
        path = urlsplit(found).path
        if _NO_PAGE.search(path) or _turns_in_circles(path):
            return None
        return found if self._is_wanted(found) else None

    def _is_wanted(self, url: str) -> bool:
        if any(fnmatchcase(url, pattern) for pattern in self.exclude):
            return False
        return not self.include or url == self.start or any(fnmatchcase(url, pattern) for pattern in self.include)

    def is_new_query(self, url: str) -> bool:
        """Say whether one more address of this path may be followed; count it."""
        path, _, query = url.partition("?")
        if not query or any(fnmatchcase(url, part) and not fnmatchcase(path, part) for part in self.include):
            return True  # the user's own pattern speaks of the query
        self._queries[path] += 1
        return self._queries[path] <= MAX_QUERIES_A_PATH

    def many_queries(self) -> list[str]:
        """Return the paths of which not all addresses were followed."""
        return sorted(path for path, count in self._queries.items() if count > MAX_QUERIES_A_PATH)


def _turns_in_circles(path: str) -> bool:
    """Say whether a path repeats a part more than twice, as relative links to nowhere do (/a/b/a/b/a/b)."""
    counts = Counter(part for part in path.split("/") if part)
    return bool(counts) and (max(counts.values()) > 2 or counts.total() > 20)


def links_of(tree: _Element, base: str, scope: Scope) -> Iterator[str]:
    """Yield the site's addresses that a page links to, or frames, each once; those marked ``nofollow`` are left out."""
    seen: set[str] = set()
    for link in tree.iter("a", "area", "frame"):
        if "nofollow" in (link.get("rel") or "").lower() or not (target := link.get("href") or link.get("src")):
            continue
        found = scope.normal(target, base)
        if found is not None and found not in seen:
            seen.add(found)
            yield found


def page_rules(*metas: str, header: str = "") -> set[str]:
    """Return the words by which a page rules what is done with it: ``noindex``, ``nofollow``, ``none``.

    Args:
        metas: What its meta tags for robots say.
        header: Its X-Robots-Tag; one that names another crawler does not count.
    """
    told = (*metas, "" if _FOR_OTHERS.match(header) else header)
    return {word for rules in told for word in _RULE_END.split(_VALUE.sub(" ", rules.lower())) if word}


@dataclass
class Known:
    """What the last visit of a page told.

    Attributes:
        etag: Its ETag.
        modified: Its Last-Modified.
        digest: Of its document; empty where it gave none.
        document: The id of its document; empty where it never gave one.
        depth: Links between the start and the page.
    """

    etag: str = ""
    modified: str = ""
    digest: str = ""
    document: str = ""
    depth: int = 0

    def conditions(self) -> dict[str, str]:
        """Return the headers that ask for the page only if it changed; one that gave no document may by now."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in headers.items() if value and self.digest}


@dataclass
class Frontier:
    """What is known and what is left; as text it is the cursor.

    Attributes:
        queue: Addresses to fetch, with their distance from the start.
        queued: All addresses of this round.
        known: What earlier visits told, by address.
        gone: Documents whose pages are gone or moved, until they are there again.
        fetched: Pages fetched in this round.
        settings: With which the round began.
        left: Pages of this round that name another address as theirs, and that address.
        barren: Addresses that gave no page in this round.
    """

    queue: deque[tuple[str, int]] = field(default_factory=deque)
    queued: set[str] = field(default_factory=set)
    known: dict[str, Known] = field(default_factory=dict)
    gone: dict[str, None] = field(default_factory=dict)
    fetched: int = 0
    settings: str = ""
    left: dict[str, str] = field(default_factory=dict)
    barren: set[str] = field(default_factory=set)

    def add(self, url: str, depth: int) -> None:
        """Queue an address, once a round."""
        if url not in self.queued:
            self.queued.add(url)
            self.queue.append((url, depth))

    def begin(self, start: Iterable[str], *, settings: str) -> None:
        """Begin a new round: the start, the sitemaps' pages, and all that was known before.

        With other settings than before all pages are sent anew, for others of their links may be followed.
        """
        if settings != self.settings:
            self.known = {url: replace(known, etag="", modified="") for url, known in self.known.items()}
        self.queued, self.fetched, self.settings = set(), 0, settings
        self.left, self.barren = {}, set()
        for url in start:
            self.add(url, 0)
        for url, known in self.known.items():
            self.add(url, known.depth)

    def note(self, url: str, response: Response, depth: int, *, digest: str = "") -> None:
        """Note what a page told; without a digest it gave no document now, and the one it gave before stays its own."""
        before = self.known.get(url, Known())
        etag, modified = response.headers.get("etag", ""), response.headers.get("last-modified", "")
        self.known[url] = Known(etag, modified, digest, url if digest else before.document, depth)
        if digest:
            self.gone.pop(url, None)

    def forget(self, url: str) -> None:
        """Note that a page is gone, and its document with it."""
        known = self.known.pop(url, None)
        if known is not None and known.document:
            self.gone[known.document] = None

    def has_a_turn(self, final: str, asked: str) -> bool:
        """Say whether the page to which an address leads is asked for by itself; not one that named this address."""
        return (final in self.known or final in self.queued) and self.left.get(final) != asked

    def leaves_to(self, canonical: str, url: str) -> bool:
        """Say whether a page is left for the address that it names as its own, and note it.

        Sites name addresses that lead back to the page, that name the page in turn, or that are not there. A page
        that is known as a document stays one until the other is one as well.
        """
        if self._is_document(canonical):
            self.forget(url)
        elif self._is_document(url) or url in self.left or canonical in self.barren or self.left.get(canonical) == url:
            return False
        self.left[url] = canonical
        return True

    def give_up(self, url: str, depth: int, *, again: bool = False) -> None:
        """Note that an address gives no page; those that were left for it have another turn.

        With ``again`` it has one as well, in the next round, though the page that links to it may not be sent then.
        """
        self.barren.add(url)
        if again:
            self.known.setdefault(url, Known(depth=depth))
        self.queue.extend((page, depth) for page, named in self.left.items() if named == url)

    def _is_document(self, url: str) -> bool:
        return url in self.known and self.known[url].document != ""

    def to_text(self) -> str:
        """Return the state as JSON."""
        known = {
            url: [item.etag, item.modified, item.digest, item.document, item.depth] for url, item in self.known.items()
        }
        state = {"version": 1, "queue": list(self.queue), "queued": sorted(self.queued), "known": known}
        state |= {"gone": list(self.gone), "fetched": self.fetched, "settings": self.settings}
        return json.dumps({**state, "left": self.left, "barren": sorted(self.barren)})

    @classmethod
    def from_text(cls, text: str | None) -> Frontier:
        """Return the state that ``to_text`` wrote; None gives an empty one."""
        if text is None:
            return cls()
        try:
            value = json.loads(text)
            return cls(
                queue=deque((str(url), int(depth)) for url, depth in value["queue"]),
                queued=set(value["queued"]),
                known={url: Known(*item) for url, item in value["known"].items()},
                gone=dict.fromkeys(map(str, value.get("gone", ()))),
                fetched=int(value["fetched"]),
                settings=str(value.get("settings", "")),
                left=dict(value.get("left", {})),
                barren=set(value.get("barren", ())),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceUnavailableError(
                f"received a cursor that this version cannot read ({error}); forget the source's cursor to begin anew"
            ) from error
