"""Crawling a site of 300 pages on loopback: loops, traps, redirects, failures, changes, stops."""

from __future__ import annotations

import gzip
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import pytest
from loopback import Answer, Asked, listening

from masa_rag._http.client import Fetcher, Limits
from masa_rag.errors import RecordError, SourceError, SourceFormatError, SourceUnavailableError
from masa_rag.protocols import ResumableSource, Source
from masa_rag.sources import website
from masa_rag.sources._pages.crawl import Robots, Scope, page_rules
from masa_rag.sources._pages.extract import Page
from masa_rag.sources._pages.meta import Head
from masa_rag.sources._pages.sitemap import read_sitemap
from masa_rag.sources.website import Website
from masa_rag.testing.contracts import SourceContract
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
            return 200, html, self.pages[path]
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


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a page's paragraphs for its text: these tests are about the crawl, not about main text."""

    def paragraphs(head: Head) -> Page:
        return Page("\n\n".join(" ".join(item.itertext()) for item in head.tree.iter("p")), title=head.title)

    monkeypatch.setattr(website, "extract_tree", paragraphs)


@pytest.fixture
def served() -> Iterator[tuple[Site, str]]:
    """Serve a fresh site on a loopback port."""
    site = Site()

    def respond(asked: Asked) -> Answer:
        status, headers, body = site.answer(asked.target, asked.headers.get("If-None-Match"))
        site.asked[asked.target] += 1
        site.whole[asked.target] += status == 200
        return Answer(body.encode(), status, headers)

    with listening(respond) as base:
        yield site, base


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


def test_the_whole_site_once(served: tuple[Site, str]) -> None:
    """All 300 pages come once, orphans of the sitemap too; traps, robots and other hosts are kept out."""
    site, base = served
    site.delay_s = 1.5
    documents, errors = split(crawl(base))
    ids = sorted(document.id for document in documents if "/p/" in document.id)
    assert ids == sorted(f"{base}/p/{number}" for number in range(PAGES))
    assert {error.record_id.removeprefix(base) for error in errors} >= {"/error", "/slow"}
    assert not any(path.startswith("/private") for path in site.asked)
    assert site.asked["/photo.jpg"] == 0
    assert sum(count for path, count in site.asked.items() if path.startswith("/calendar")) <= 20
    assert all("deeper" not in path or path.count("deeper") <= 3 for path in site.asked)
    assert "ferry number 7 leaves" in next(document.text for document in documents if document.id.endswith("/p/7"))


def small(links: str, *, head: str = "") -> str:
    """Return a page of one paragraph."""
    return f"<html><head>{head}</head><body><p>{SENTENCES[2]}</p>{links}</body></html>"


def canonical(place: str) -> str:
    """Return the line by which a page names its address."""
    return f"<link rel='canonical' href='{place}'>"


@pytest.mark.parametrize(
    ("pages", "moved", "expected"),
    [
        ({"/a/": "/a"}, {"/a": "/a/"}, "/a/"),
        ({"/a/": "/b", "/b": "/a/"}, {}, "/b"),
        ({"/a/": "/nothing"}, {}, "/a/"),
        ({"/a/": "/private/a"}, {}, "/a/"),
        ({"/a/": "/b", "/b": "/b"}, {}, "/b"),
    ],
    ids=["leads back", "names it in turn", "is not there", "is forbidden", "is a page"],
)
def test_the_address_that_a_page_names(
    served: tuple[Site, str], pages: dict[str, str], moved: dict[str, str], expected: str
) -> None:
    """A page is read once, under the address it names where that is one of the site's; in each round the same."""
    site, base = served
    site.pages = {place: small("", head=canonical(named)) for place, named in pages.items()}
    site.pages["/p/0"], site.moved = small("<a href='/a/'>a</a>"), moved
    site.broken = {"/sitemap.xml": 404}
    first, second = crawl(base), crawl(base)
    documents, errors = split(first)
    assert [item.id.removeprefix(base) for item in documents] == ["/p/0", expected]
    assert not errors
    second.cursor = first.cursor
    assert split(second) == ([], []) and second.gone == ()


def test_a_page_that_was_one_and_names_another_by_now(served: tuple[Site, str]) -> None:
    """Where both were documents, the one that names the other is gone."""
    site, base = served
    site.pages = {"/p/0": small("<a href='/a'>a</a> <a href='/b'>b</a>"), "/a": small(""), "/b": small("")}
    site.broken = {"/sitemap.xml": 404}
    first, second = crawl(base), crawl(base)
    split(first)
    site.pages["/a"] = small("", head=canonical("/b"))
    second.cursor = first.cursor
    assert split(second) == ([], [])
    assert second.gone == (f"{base}/a",)


@pytest.mark.parametrize(("status", "gone"), [(301, ["/p/2"]), (308, ["/p/2"]), (302, []), (307, [])])
def test_a_page_that_moved(served: tuple[Site, str], status: int, gone: list[str]) -> None:
    """What moved for good is gone from its old address; a detour changes nothing."""
    site, base = served
    options = {"include": ["*/p/2", "*/p/3"], "max_depth": 1}
    first, second = crawl(base, **options), crawl(base, **options)
    split(first)
    site.moved, site.moved_status = {"/p/2": "/p/3"}, status
    second.cursor = first.cursor
    assert split(second) == ([], [])
    assert [place.removeprefix(base) for place in second.gone] == gone


@pytest.mark.parametrize(
    "start",
    [
        "<html><head><meta http-equiv='refresh' content='0; url=/latest'></head><body></body></html>",
        "<html><frameset cols='20%,80%'><frame src='/latest'></frameset></html>",
    ],
    ids=["leads on", "frames"],
)
def test_a_start_without_links(served: tuple[Site, str], start: str) -> None:
    """The page to which it leads by itself, or that it frames, is read, and its links followed."""
    site, base = served
    site.broken = {"/sitemap.xml": 404}
    site.pages = {"/p/0": start, "/latest": small("<a href='/a'>a</a>"), "/a": small("")}
    documents, errors = split(crawl(base))
    assert [item.id.removeprefix(base) for item in documents] == ["/latest", "/a"]
    assert not errors


def test_links_are_seen_from_the_base_that_a_page_sets(served: tuple[Site, str]) -> None:
    """Pages of one site name their links as seen from its root, wherever they lie."""
    site, base = served
    site.base = "<base href='/'>"
    documents, _ = split(crawl(base, max_pages=12))
    assert f"{base}/p/3" in {item.id for item in documents}
    assert "/p/p/3" not in site.asked


def test_the_second_round_brings_only_changes(served: tuple[Site, str]) -> None:
    """Unchanged pages are not given again, those with an ETag not even sent; changes and new pages are."""
    site, base = served
    first = crawl(base, exclude=["*/slow", "*/calendar*", "*/old/*"])
    documents, _ = split(first)
    assert len(documents) == PAGES
    site.whole.clear()
    site.versions[4] = site.versions[7] = 2
    site.broken = {"/p/10": 404, "/p/11": 410, "/p/12": 500, "/p/13": 503, "/p/14": 403}
    second = crawl(base, exclude=["*/slow", "*/calendar*", "*/old/*"])
    second.cursor = first.cursor
    documents, errors = split(second)
    assert sorted(document.id for document in documents) == [f"{base}/p/4", f"{base}/p/7"]
    assert sorted(second.gone) == [f"{base}/p/10", f"{base}/p/11"]
    assert {error.record_id.removeprefix(base) for error in errors} >= {"/p/12", "/p/13", "/p/14"}
    sent = [int(path[3:]) for path in +site.whole if path.startswith("/p/") and path[3:].isdigit()]
    assert all(number % 2 or number == 4 for number in sent)


def test_gone_pages_stay_named_until_they_are_back(served: tuple[Site, str]) -> None:
    """A run that only adds does not lose what is gone: the next sync still hears of it."""
    site, base = served
    options = {"include": ["*/p/*"], "max_pages": 40}
    first = crawl(base, **options)
    (known, *_), _ = split(first)
    place = known.id.removeprefix(base)
    site.broken = {place: 404}
    second = crawl(base, **options)
    second.cursor = first.cursor
    split(second)
    third = crawl(base, **options)
    third.cursor = second.cursor
    assert second.gone == third.gone == (known.id,)
    site.broken = {}
    split(third)
    assert third.gone == ()


def test_redirects_to_other_hosts_are_not_followed(served: tuple[Site, str]) -> None:
    """Another host has a robots.txt of its own, which was not read; and forbidden pages stay unasked on this one."""
    site, base = served
    other = f"http://localhost:{base.rpartition(':')[2]}"
    site.robots = "User-agent: *\nDisallow: /secret\n"
    site.moved = {"/p/1": f"{other}/p/2", "/p/2": f"{base}/secret"}
    documents, errors = split(crawl(base, include=["*/p/1", "*/p/2", "*/p/3"], max_depth=1))
    assert sorted(item.id for item in documents) == [f"{base}/p/0", f"{base}/p/3"]
    assert "/secret" not in site.asked and "/p/2" in site.asked
    assert not errors
    site.moved = {"/p/0": f"{other}/"}
    _, errors = split(crawl(base, max_pages=1))
    assert f"leads to {other}/" in str(errors[0])


@pytest.mark.parametrize(
    ("start", "told"),
    [("/gone", "answered 404"), ("/robots.txt", "received text/plain"), ("/private/x", "robots.txt forbids")],
)
def test_a_start_that_is_no_page(served: tuple[Site, str], start: str, told: str) -> None:
    """It is told what is there instead; a crawl that finds nothing is not silent."""
    site, base = served
    site.broken = {"/sitemap.xml": 404}
    source = crawl(base)
    source.start = f"{base}{start}"
    documents, (error,) = split(source)
    assert not documents and told in str(error)


def test_robots_that_turn_away_delete_nothing(served: tuple[Site, str]) -> None:
    """Pages that robots.txt forbids from now on are not fetched and not gone."""
    site, base = served
    options = {"exclude": ["*/slow", "*/calendar*"], "max_pages": 30}
    first = crawl(base, **options)
    split(first)
    site.robots = "User-agent: *\nDisallow: /\n"
    site.asked.clear()
    second = crawl(base, **options)
    second.cursor = first.cursor
    documents, (error,) = split(second)
    assert not documents and "robots.txt forbids" in str(error)
    assert second.gone == ()
    assert set(site.asked) == {"/robots.txt", "/sitemap.xml"}


@pytest.mark.parametrize("stop", [1, 2, 17, 60])
def test_stop_and_resume(served: tuple[Site, str], stop: int) -> None:
    """A crawl that is stopped after any page goes on with the next: none twice, none lost."""
    _, base = served
    options = {"exclude": ["*/slow", "*/calendar*", "*/old/*", "*utm*"], "max_depth": 4}
    whole = [document.id for document in split(crawl(base, **options))[0]]
    first = crawl(base, **options)
    found = [item.id for item in islice((i for i in first if isinstance(i, Document)), stop)]
    second = crawl(base, **options)
    second.cursor = first.cursor
    found += [document.id for document in split(second)[0]]
    assert sorted(found) == sorted(whole)


def test_limits_of_pages_and_depth(served: tuple[Site, str]) -> None:
    """No more pages than allowed are fetched, and none further away than allowed."""
    site, base = served
    site.broken = {"/sitemap.xml": 404}
    documents, _ = split(crawl(base, max_depth=1, exclude=["*/slow", "*/calendar*", "*/old/*", "*utm*"]))
    assert sorted(document.id.removeprefix(base) for document in documents) == ["/p/0", "/p/1", "/p/2", "/p/3"]
    site.asked.clear()
    split(crawl(base, max_pages=10))
    assert sum(site.asked.values()) <= 10 + 2 + 10


def test_include(served: tuple[Site, str]) -> None:
    """Only addresses that match are taken, beside the start."""
    _, base = served
    documents, _ = split(crawl(base, include=["*/p/1", "*/p/2"]))
    assert sorted(document.id.removeprefix(base) for document in documents) == ["/p/0", "/p/1", "/p/2"]


def test_the_delay_robots_ask_for(served: tuple[Site, str]) -> None:
    """A Crawl-delay longer than ours is kept between all requests."""
    site, base = served
    site.robots = "User-agent: *\nCrawl-delay: 7\n"
    source = crawl(base, max_pages=5, exclude=["*/slow"])
    waits: list[float] = []
    source._sleep = waits.append
    split(source)
    assert waits == [7.0] * 4


def test_a_delay_without_end_is_a_minute(served: tuple[Site, str]) -> None:
    """A site cannot hold a crawl for years."""
    site, base = served
    site.robots = "User-agent: *\nCrawl-delay: 1000000000000\n"
    source = crawl(base, max_pages=2)
    waits: list[float] = []
    source._sleep = waits.append
    split(source)
    assert waits == [60.0]


def test_robots_behind_a_byte_order_mark(served: tuple[Site, str]) -> None:
    """The mark that Windows editors write does not hide the first rule."""
    site, base = served
    site.robots = "\ufeffUser-agent: *\nDisallow: /p/3\n"
    split(crawl(base, max_pages=12))
    assert site.asked["/p/1"] and not site.asked["/p/3"]


def test_a_site_whose_robots_fail_is_left_alone(served: tuple[Site, str]) -> None:
    """A server error for robots.txt means that nothing may be fetched now (RFC 9309)."""
    site, base = served
    site.broken = {"/robots.txt": 503}
    with pytest.raises(SourceUnavailableError):
        list(crawl(base))


def test_a_private_site_needs_to_be_allowed(served: tuple[Site, str]) -> None:
    """Without the allow list, loopback is refused before anything is sent."""
    site, base = served
    with pytest.raises(SourceError, match="not in the public internet"):
        list(Website(f"{base}/p/0", delay_s=0.0))
    assert not site.asked


def test_it_is_resumable() -> None:
    """The memory recognises it as a source with a cursor; a fresh one has none; nonsense is refused."""
    source = Website("https://site.example/")
    assert isinstance(source, ResumableSource)
    assert source.cursor is None
    assert source.name == "site:site.example"
    with pytest.raises(SourceUnavailableError, match="cursor"):
        source.cursor = '{"queue": 3}'


def test_robots_rules() -> None:
    """The group for our name wins over the one for all."""
    robots = Robots("User-agent: masa-rag\nDisallow: /a\n\nUser-agent: *\nDisallow: /b\n", "masa-rag/0.1 (+x)")
    assert not robots.allows("https://s.example/a")
    assert robots.allows("https://s.example/b")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/a#b", "https://s.example/a"), ("//s.example/x", "https://s.example/x"), ("https://other.example/", None),
        ("/film.mp4", None), ("/a/a/a/", None), ("javascript:void(0)", None), ("http://[", None),
        ("/" + "x" * 600, None), (" /User Guide.html#b ", "https://s.example/User%20Guide.html"),
        ("http://s.example/a?b=http:", "https://s.example/a?b=http:"), ("/?b=http:", "https://s.example/?b=http:"),
        ("/ä", "https://s.example/%C3%A4"), ("https://user@s.example/", None),
    ],
)  # fmt: skip
def test_scope(url: str, expected: str | None) -> None:
    """Pages of the site are brought into one spelling, the rest is left out."""
    assert Scope("https://s.example/").normal(url, "https://s.example/") == expected


@pytest.mark.parametrize(
    ("metas", "header", "expected"),
    [
        (("index, follow, max-image-preview:none",), "", {"index", "follow"}),
        (("max-snippet: 50; NOINDEX nofollow",), "", {"noindex", "nofollow"}),
        (("index", "none"), "noindexifembedded", {"index", "none", "noindexifembedded"}),
        ((), "otherbot: noindex, nofollow", set()),
        ((), "unavailable_after: 2030-01-01, noindex", {"noindex"}),
    ],
)
def test_page_rules(metas: tuple[str, ...], header: str, expected: set[str]) -> None:
    """Words are taken whole; values of other rules, and what is told to other crawlers, are none."""
    assert page_rules(*metas, header=header) == expected


def test_sitemaps() -> None:
    """Pages and further sitemaps are told apart; bombs and broken XML are typed errors."""
    index = b"<sitemapindex><sitemap><loc> https://s.example/2.xml </loc></sitemap></sitemapindex>"
    assert read_sitemap(index) == ([], ["https://s.example/2.xml"])
    entities = b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    bomb = entities + b"<urlset><url><loc>&b;</loc></url></urlset>"
    for bad in (bomb, b"", b"<urlset>", b"\x1f\x8bnot gzip", b"<a>" * 100_000):
        with pytest.raises(SourceFormatError):
            read_sitemap(bad)


def test_sitemaps_of_other_forms() -> None:
    """Those of a line an address, and with blank lines above, are read; addresses of pictures are no pages."""
    lines = "\ufeffhttps://s.example/1\r\nhttps://s.example/2\r\n"
    assert read_sitemap(lines.encode()) == (["https://s.example/1", "https://s.example/2"], [])
    spaces = "xmlns='http://sitemaps.example/0.9' xmlns:image='http://images.example/1.1'"
    picture = "<image:image><image:loc>https://cdn.example/1</image:loc></image:image>"
    page = f"<url><loc>https://s.example/1</loc>{picture}</url>"
    xml = f"\n\n<?xml version='1.0' encoding='UTF-8'?><urlset {spaces}>{page}</urlset>"
    assert read_sitemap(xml.encode()) == (["https://s.example/1"], [])


def test_sitemaps_are_read_one_after_the_other_to_the_end(served: tuple[Site, str]) -> None:
    """robots.txt may name them without the host; what is left out does not count, and the pause is kept between."""
    site, base = served
    site.robots = "User-agent: *\nCrawl-delay: 7\nSitemap: /first.xml\nSitemap: http://[\nSitemap: /second.txt\n"
    many = "".join(f"<url><loc>/old/{number}</loc></url>" for number in range(20))
    site.sitemaps = {"/first.xml": f"<urlset>{many}</urlset>", "/second.txt": f"{base}/p/299"}
    source = crawl(base, max_pages=5, include=["*/p/299"])
    waits: list[float] = []
    source._sleep = waits.append
    assert [item.id.removeprefix(base) for item in split(source)[0]] == ["/p/0", "/p/299"]
    assert waits == [7.0, 7.0, 7.0]


def test_a_gzipped_sitemap() -> None:
    """It may be put together of several files; one without its end is damaged, not short."""
    packed = gzip.compress(b"<urlset><url><loc>https://s.example/1</loc></url>") + gzip.compress(b"</urlset>")
    assert read_sitemap(packed) == (["https://s.example/1"], [])
    with pytest.raises(SourceFormatError, match="damaged gzip"):
        read_sitemap(packed[:-9])


class TestWebsiteContract(SourceContract):
    """A small site keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _site(self, served: tuple[Site, str]) -> None:
        self.base = served[1]

    def make(self) -> Source:
        """Return a fresh source, without a cursor."""
        return crawl(self.base, max_pages=4, exclude=["*/slow", "*/calendar*", "*/error"])
