"""A site of 300 pages on loopback, and what tests do with it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from loopback import Answer, Asked, listening

from masa_rag._http.client import Fetcher, Limits
from masa_rag.errors import RecordError
from masa_rag.protocols import Source
from masa_rag.sources._pages.extract import Page
from masa_rag.sources._pages.meta import Head
from masa_rag.sources.website import Website
from masa_rag.types import Document

PAGES = 300
SENTENCES = (
    "The ferry number {n} leaves the western quay at dawn and returns before the lamps are lit.",
    "Its captain keeps a log of {n} lines in which every gull and every delay is written down.",
    "Nobody in the village remembers who painted the funnel blue, though many claim that they did.",
    "When the fog is thick, a bell is rung {n} times so that the rowing boats keep away.",
)


class Site:
    """What the server shows: pages by number, each with a version, and what it was asked."""

    def __init__(self) -> None:
        self.versions = dict.fromkeys(range(PAGES), 1)
        self.broken: dict[str, int] = {}
        self.moved: dict[str, str] = {}
        self.moved_status = 302
        self.sitemaps: dict[str, str] = {}
        self.pages: dict[str, str] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.asked: Counter[str] = Counter()
        self.whole: Counter[str] = Counter()
        self.robots = "User-agent: *\nDisallow: /private\nCrawl-delay: 0.0\n"
        self.delay_s = 0.0
        self.base = ""

    def page(self, number: int) -> str:
        """Return page ``number``: some text, and links onward, back, into traps, out."""
        text = "".join(f"<p>{sentence.format(n=number)}</p>" for sentence in SENTENCES)
        links = [f"/p/{(number * 3 + step) % (PAGES - 5)}" for step in (1, 2, 3)]
        links += [
            f"/old/{number}",
            f"/calendar?day={number}",
            "deeper/deeper/deeper/",
            "/private/x",
            "https://other.example/",
        ]
        links += ["mailto:a@b.example", "/photo.jpg", f"/p/{number}#top", f"/p/{number}?utm_source=x"]
        links += ["/error", "/slow", "/noindex"]
        if self.base:
            links = [link.removeprefix("/") for link in links]
        nav = "".join(f'<li><a href="{link}">go</a></li>' for link in links)
        head = f"<title>Ferry {number}</title><link rel='canonical' href='/p/{number}'>{self.base}"
        return (
            f"<html lang='en'><head>{head}</head><body><nav><ul>{nav}</ul></nav><main><article><h1>Ferry {number}</h1>"
            f"<p>Version {self.versions[number]} of the story.</p>{text}</article></main></body></html>"
        )

    def answer(self, path: str, given: str | None) -> tuple[int, dict[str, str], str]:
        """Return status, headers and body for a path; every second page has an ETag."""
        html = {"Content-Type": "text/html"}
        if given and given == self.headers.get(path, {}).get("ETag"):
            return 304, {}, ""
        if path in self.moved:
            return self.moved_status, {"Location": self.moved[path]}, ""
        if path in self.broken:
            return self.broken[path], html, "broken"
        fixed = self._fixed(path)
        if fixed is not None:
            return fixed
        bare = path.partition("?")[0]
        if bare.startswith("/old/"):
            return 301, {"Location": bare.replace("/old/", "/p/")}, ""
        number = int(bare.removeprefix("/p/")) if bare.startswith("/p/") and bare[3:].isdigit() else -1
        if number not in self.versions:
            return 404, html, "nothing"
        etag = f'"{number}-{self.versions[number]}"'
        if number % 2 == 0 and given == etag:
            return 304, {}, ""
        return 200, {**html, **({"ETag": etag} if number % 2 == 0 else {})}, self.page(number)

    def _fixed(self, path: str) -> tuple[int, dict[str, str], str] | None:
        html = {"Content-Type": "text/html"}
        if path in self.pages:
            return 200, {**html, **self.headers.get(path, {})}, self.pages[path]
        if path == "/robots.txt":
            return 200, {"Content-Type": "text/plain"}, self.robots
        if path in self.sitemaps:
            return 200, {"Content-Type": "text/xml"}, self.sitemaps[path]
        if path == "/sitemap.xml":
            orphans = "".join(f"<url><loc>/p/{number}</loc></url>" for number in range(PAGES - 5, PAGES))
            schema = "http://www.sitemaps.org/schemas/sitemap/0.9"
            return 200, {"Content-Type": "text/xml"}, f"<urlset xmlns='{schema}'>{orphans}</urlset>"
        if path.startswith("/calendar"):
            day = int(path.rpartition("=")[2])
            return 200, html, f"<html><body><p>Day</p><a href='/calendar?day={day + 1}'>next</a></body></html>"
        if path == "/error":
            return 500, html, "broken"
        if path == "/noindex":
            head = "<head><meta name='robots' content='noindex'></head>"
            return 200, html, f"<html>{head}<body><p>{SENTENCES[2]}</p></body></html>"
        if path == "/slow":
            time.sleep(self.delay_s)
            return 200, html, "<html><body><p>late</p></body></html>"
        return None


@contextmanager
def serving_site() -> Iterator[tuple[Site, str]]:
    """Serve a fresh site on a loopback port."""
    site = Site()

    def respond(asked: Asked) -> Answer:
        status, headers, body = site.answer(asked.target, asked.headers.get("If-None-Match"))
        site.asked[asked.target] += 1
        site.whole[asked.target] += status == 200
        return Answer(body.encode(), status, headers)

    with listening(respond) as base:
        yield site, base


def paragraphs(head: Head) -> Page:
    """Take a page's paragraphs for its text: for tests that are about the crawl, not about main text."""
    return Page("\n\n".join(" ".join(item.itertext()) for item in head.tree.iter("p")), title=head.title)


def crawl(base: str, **options: object) -> Website:
    """Return a website source for the served site."""
    limits = Limits(timeout_s=1.0, retries=0)
    fetcher = Fetcher(allow_hosts=[base.removeprefix("http://")], limits=limits)
    settings: dict[str, object] = {"delay_s": 0.0, "max_pages": 1_000, "max_depth": 400, "fetcher": fetcher, **options}
    return Website(f"{base}/p/0", **settings)  # type: ignore[arg-type]


def split(source: Source) -> tuple[list[Document], list[RecordError]]:
    """Return the documents and the errors of a source."""
    items = list(source)
    return [i for i in items if isinstance(i, Document)], [i for i in items if isinstance(i, RecordError)]


def small(links: str, *, head: str = "") -> str:
    """Return a page of one paragraph."""
    return f"<html><head>{head}</head><body><p>{SENTENCES[2]}</p>{links}</body></html>"


def canonical(place: str) -> str:
    """Return the line by which a page names its address."""
    return f"<link rel='canonical' href='{place}'>"
