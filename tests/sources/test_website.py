"""Crawling a site of 300 pages on loopback: loops, traps, failures, changes, stops."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest
from served_site import PAGES, Site, crawl, paragraphs, serving_site, split

from masa_rag.errors import SourceError, SourceUnavailableError
from masa_rag.protocols import ResumableSource, Source
from masa_rag.sources import website
from masa_rag.sources.website import Website
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not look for main text."""
    monkeypatch.setattr(website, "extract_tree", paragraphs)


@pytest.fixture
def served() -> Iterator[tuple[Site, str]]:
    """Serve a fresh site on a loopback port."""
    with serving_site() as served:
        yield served


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


def test_what_is_left_unread_is_told(served: tuple[Site, str]) -> None:
    """Neither the limit of pages nor that of queries is kept without a word."""
    _, base = served
    with pytest.warns(UserWarning, match="more pages were found and not read, for max_pages is 10"):
        split(crawl(base, max_pages=10))
    with pytest.warns(UserWarning, match="only 20 addresses of http://.*/calendar with different queries"):
        split(crawl(base, include=["*/p/*", "*/calendar*"], exclude=["*utm*"]))


def test_a_pattern_that_speaks_of_queries_has_no_limit_of_them(served: tuple[Site, str]) -> None:
    """Topics of many boards are queries of one path."""
    _, base = served
    documents, _ = split(crawl(base, include=["*/calendar?day=*"], max_pages=40))
    assert f"{base}/calendar?day=30" in {item.id for item in documents}


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


class TestWebsiteContract(SourceContract):
    """A small site keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _site(self, served: tuple[Site, str]) -> None:
        self.base = served[1]

    def make(self) -> Source:
        """Return a fresh source, without a cursor."""
        return crawl(self.base, max_pages=4, exclude=["*/slow", "*/calendar*", "*/error"])
