"""A whole site, crawled politely: robots.txt, one connection, only what changed."""

from __future__ import annotations

import json
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from masa_rag._http.addresses import read_address
from masa_rag._http.client import REDIRECTS, Fetcher, Response
from masa_rag.errors import RecordError, SourceError, SourceFormatError, SourceUnavailableError
from masa_rag.sources._pages.crawl import MAX_QUERIES_A_PATH, Frontier, Known, Robots, Scope, links_of, page_rules
from masa_rag.sources._pages.encoding import page_text
from masa_rag.sources._pages.extract import extract_tree
from masa_rag.sources._pages.meta import Head
from masa_rag.sources._pages.parse import parse_page
from masa_rag.sources._pages.sitemap import MAX_SITEMAPS, read_sitemap
from masa_rag.sources.webpages import fetched_now, page_document
from masa_rag.types import Document

if TYPE_CHECKING:
    from masa_rag.sources.browser import Browser

_HTML_TYPES = frozenset({"", "text/html", "application/xhtml+xml"})
_GONE = frozenset({404, 410})
MOST_FAILURES = 10
"""A server that is down, or that has enough, is not asked for all the other pages as well."""
_LEADS_OUT = "leads to {}, out of the site; give that address as the start"


class Website:
    """The pages of one site, found by links and sitemaps.

    It is resumable: ``cursor`` holds what is known of each page and what is left to fetch, so a
    crawl that was stopped goes on, and the next one fetches only what changed (by ETag,
    Last-Modified, and the digest of the text). ``gone`` names the documents whose pages answered 404
    or 410, moved for good, or name another document as their original, and ``memory.sync`` deletes
    them; server errors, time-outs and pages that robots.txt now forbids do not count as gone.

    A page's document has the id of its canonical address. Pages that ask not to be indexed
    (``noindex``) are left out, and links marked ``nofollow`` are not followed.

    Args:
        start: The first page's address. Only its host is crawled.
        name: The source's name in the memory; by default ``site:<host>``.
        max_pages: Pages fetched in one round.
        max_depth: Links between the start, or a sitemap's page, and a page.
        include: Patterns of addresses to take, for example ``"*/docs/*"``; empty takes all. Of one path with
            different queries 20 are followed, for most are calendars and filters; a pattern that only addresses with
            a query match, ``"*/viewtopic.php?t=*"``, takes them all.
        exclude: Patterns of addresses to leave out.
        delay_s: Seconds between two requests; a longer Crawl-delay in robots.txt wins, up to a minute.
        fetcher: How to fetch; give one to set limits, the user agent, or hosts of your own network.
        browser: Shows pages that hold no text without JavaScript; None reports them.
    """

    def __init__(
        self,
        start: str,
        *,
        name: str | None = None,
        max_pages: int = 500,
        max_depth: int = 5,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        delay_s: float = 1.0,
        fetcher: Fetcher | None = None,
        browser: Browser | None = None,
    ) -> None:
        address = read_address(start)
        self.start: str = address.url
        self.name: str = name if name is not None else f"site:{address.authority}"
        self.max_pages = max_pages
        self.max_depth = max_depth
        self.delay_s = delay_s
        self._scope_patterns = (tuple(include), tuple(exclude))
        self._fetcher = fetcher if fetcher is not None else Fetcher()
        self._browser = browser
        self._given: str | None = None
        self._frontier = Frontier()
        self._failures = 0
        self._sleep: Callable[[float], None] = time.sleep

    @property
    def cursor(self) -> str | None:
        """What is known and left, as text; written out only when it is asked for.

        Each iteration begins from the cursor that was set last, so iterating twice reads twice.
        """
        empty = not (self._frontier.known or self._frontier.queue or self._frontier.gone)
        return None if empty else self._frontier.to_text()

    @cursor.setter
    def cursor(self, text: str | None) -> None:
        self._frontier = Frontier.from_text(text)
        self._given = text

    @property
    def gone(self) -> Sequence[str]:
        """Ids of the documents whose pages were gone or moved, in this or an earlier round, and are not back."""
        return tuple(self._frontier.gone)

    def __iter__(self) -> Iterator[Document | RecordError]:
        robots = Robots.fetch(self.start, self._fetcher)
        scope = Scope(self.start, *self._scope_patterns)
        frontier, self._failures = Frontier.from_text(self._given), 0
        self._frontier = frontier
        pause = max(self.delay_s, robots.delay_s)
        if not frontier.queue:
            frontier.begin([self.start, *self._sitemap_pages(robots, scope, pause)], settings=self._settings())
        while frontier.queue and frontier.fetched < self.max_pages:
            url, depth = frontier.queue.popleft()
            if robots.allows(url):
                if frontier.fetched and pause:
                    self._sleep(pause)
                frontier.fetched += 1
                item = self._visit(url, depth, scope, robots)
            else:
                frontier.give_up(url, depth)
                item = self._no_start(url, "robots.txt forbids to read this page; begin with another")
            if item is not None:
                yield item
            if self._failures >= MOST_FAILURES:
                raise SourceUnavailableError(
                    f"{self.name}: {self._failures} pages could not be had one after the other, the last was {url}; "
                    "run it again later, it goes on there"
                )
        self._tell_what_is_left(scope)
        frontier.queue.clear()

    def _settings(self) -> str:
        """Return what decides which links are followed."""
        return json.dumps([self.max_pages, self.max_depth, *self._scope_patterns])

    def _tell_what_is_left(self, scope: Scope) -> None:
        told = []
        if left := len(self._frontier.queue):
            told.append(f"{left} more pages were found and not read, for max_pages is {self.max_pages}")
        if many := scope.many_queries():
            told.append(
                f"only {MAX_QUERIES_A_PATH} addresses of {', '.join(many[:5])} with different queries were followed; "
                f"include=['{many[0]}?id=*'] would take all that match"
            )
        if told:
            warnings.warn(f"{self.name}: {'; '.join(told)}", stacklevel=2)

    def __repr__(self) -> str:
        return f"<Website {self.name!r}>"

    def _sitemap_pages(self, robots: Robots, scope: Scope, pause: float) -> list[str]:
        """Return the site's pages that its sitemaps name; a sitemap that cannot be read is passed over."""
        waiting = deque(robots.sitemaps or ["/sitemap.xml"])
        pages: dict[str, None] = {}
        asked: set[str] = set()
        while waiting and len(asked) < MAX_SITEMAPS and len(pages) < self.max_pages:
            place = waiting.popleft()
            if place in asked:
                continue
            if asked and pause:
                self._sleep(pause)
            asked.add(place)
            found, further = self._sitemap(place)
            waiting.extend(further)
            wanted = filter(None, (scope.normal(url, self.start) for url in found))
            pages.update(dict.fromkeys(islice(wanted, self.max_pages)))
        return list(pages)

    def _sitemap(self, place: str) -> tuple[list[str], list[str]]:
        try:
            response = self._fetcher.fetch(read_address(place, base=self.start).url)
            return read_sitemap(response.content) if response.status == 200 else ([], [])
        except SourceError:
            return [], []

    def _visit(self, url: str, depth: int, scope: Scope, robots: Robots) -> Document | RecordError | None:
        """Fetch one page; return its document if it is new or changed, an error if it failed, else None."""
        response = self._answer(url, scope, robots)
        if not isinstance(response, Response):
            self._frontier.give_up(url, depth, again=isinstance(response, RecordError))
            return response
        if response.status == 304:
            return None
        final = scope.normal(response.url, url) or url
        if final != url and response.permanent is not None:
            self._frontier.forget(url)
        if final != url and self._frontier.has_a_turn(final, url):
            return None
        self._frontier.queued.add(final)
        return self._read(final, url, depth, response, scope)

    def _answer(self, url: str, scope: Scope, robots: Robots) -> Response | RecordError | None:
        """Return the answer that is a page of the site, or an unchanged one; None where it is gone or none."""
        known = self._frontier.known.get(url, Known())
        try:
            response = self._fetcher.fetch(url, headers=known.conditions(), follow=partial(_may_follow, scope, robots))
        except SourceError as error:
            self._failures = self._failures + 1 if isinstance(error, SourceUnavailableError) else 0
            return RecordError(str(error), record_id=url)
        self._failures = 0
        if response.status in _GONE:
            self._frontier.forget(url)
            return self._no_start(url, f"answered {response.status}: there is no such page; check the address")
        if response.status in REDIRECTS:  # out of the site, or to what robots.txt forbids
            return self._no_start(url, _LEADS_OUT.format(response.headers.get("location", "")[:200]))
        if response.status not in (200, 304):
            return RecordError(f"answered {response.status}; expected 200", record_id=url)
        is_page = response.content_type in _HTML_TYPES and scope.normal(response.url, url) is not None
        if is_page or response.status == 304:
            return response
        return self._no_start(url, f"received {response.content_type or response.url}; expected a page to begin with")

    def _no_start(self, url: str, problem: str) -> RecordError | None:
        """Return what keeps the start from being a page as an error; of other pages it is nothing to speak of."""
        return RecordError(problem, record_id=url) if url == self.start else None

    def _read(
        self, url: str, asked: str, depth: int, response: Response, scope: Scope
    ) -> Document | RecordError | None:
        try:
            tree = parse_page(page_text(response.content, response.headers.get("content-type")))
        except SourceFormatError as error:
            return RecordError(str(error), record_id=url)
        head = Head(tree, response.url)
        if head.leads_to is not None:
            return self._lead(url, head.leads_to, depth, scope)
        rules = page_rules(*head.metas.get("robots", ()), header=response.headers.get("x-robots-tag", ""))
        follow = partial(self._follow, rules, depth, scope)
        follow(head)
        if not rules.isdisjoint({"noindex", "none"}):
            self._frontier.note(url, response, depth)
            return None
        canonical = self._canonical(url, head, scope)
        if canonical not in (url, asked) and self._frontier.leaves_to(canonical, url):
            self._frontier.add(canonical, depth)
            return None
        return self._document(url, depth, head, response, follow)

    def _lead(self, url: str, target: str, depth: int, scope: Scope) -> RecordError | None:
        """Follow a page that leads on by itself: some begin so, and have no links beside."""
        found = scope.normal(target, url)
        if found is None:
            return self._no_start(url, _LEADS_OUT.format(target[:200]))
        self._queue(found, depth, scope)
        return None

    def _queue(self, url: str, depth: int, scope: Scope) -> None:
        if url not in self._frontier.queued and scope.is_new_query(url):
            self._frontier.add(url, depth)

    def _canonical(self, url: str, head: Head, scope: Scope) -> str:
        """Return the address under which the site wants the page to be known; a page's own where that is unlikely.

        Pages that all name the front page as theirs are a common mistake of templates.
        """
        named = scope.normal(head.canonical, url) if head.canonical else None
        return url if named is None or urlsplit(named).path == "/" else named

    def _follow(self, rules: set[str], depth: int, scope: Scope, head: Head) -> None:
        if depth < self.max_depth and rules.isdisjoint({"nofollow", "none"}):
            for link in links_of(head.tree, head.base or self.start, scope):
                self._queue(link, depth + 1, scope)

    def _document(
        self, url: str, depth: int, head: Head, response: Response, follow: Callable[[Head], None]
    ) -> Document | RecordError | None:
        page = extract_tree(head)
        if page.needs_browser and self._browser is not None:
            try:
                head = Head(parse_page(self._browser.show(url)), url)
                page = extract_tree(head)
            except SourceError as error:
                return RecordError(str(error), record_id=url)
            follow(head)
        document = page_document(page, record_id=url)
        before = self._frontier.known.get(url)
        if isinstance(document, RecordError):
            self._frontier.note(url, response, depth)
            return None if head.frames else document
        self._frontier.note(url, response, depth, digest=document.digest)
        return None if before is not None and before.digest == document.digest else fetched_now(document, url)


def _may_follow(scope: Scope, robots: Robots, target: str) -> bool:
    """Say whether a redirect leads to another page of the site that may be fetched: other hosts have other rules."""
    return scope.normal(target, target) is not None and robots.allows(target)
