"""Feeds: three forms, repeated podcast elements, full text, and only what changed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from masa_rag._http import Fetcher, Limits, Response
from masa_rag.errors import RecordError, SourceError, SourceFormatError
from masa_rag.protocols import Source
from masa_rag.sources.feed import Feed
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document

REAL = Path(os.environ.get("MASA_RAG_DATA", Path(__file__).parents[3] / "shared" / "data"))
DATA = Path(__file__).parent / "data_web"


class TestRssFile(SourceContract):
    """A feed saved as a file keeps the source contract."""

    def make(self) -> Source:
        """Return a fresh source."""
        return Feed(DATA / "harbour.rss")


class Site(Fetcher):
    """A fetcher that answers from a table and counts what it is asked."""

    def __init__(self, pages: dict[str, Response]) -> None:
        super().__init__(limits=Limits())
        self.pages = pages
        self.asked: list[str] = []

    def fetch(self, url: str, *, headers: object = None) -> Response:
        """Answer from the table; 304 where the ETag is the one that was given."""
        self.asked.append(url)
        page = self.pages[url]
        if isinstance(headers, dict) and headers.get("If-None-Match") == page.headers.get("etag", "none"):
            return Response(url, 304)
        return page


def documents(source: Source) -> list[Document]:
    """Return the documents a source gives."""
    return [item for item in source if isinstance(item, Document)]


def test_rss() -> None:
    """Content becomes Markdown; ids, authors, times, links and enclosures are kept."""
    first, second = documents(Feed(DATA / "harbour.rss"))
    assert first.id == "harbour-12"
    assert first.title == "Episode 12: The dredger"
    assert first.text == "Tove talks about the **dredger**.\n\n- mud\n- more mud".replace("**", "")
    assert first.created_at == datetime(2024, 5, 2, 6, 0, tzinfo=UTC)
    assert first.url == "https://harbour.example/12"
    assert first.metadata["feed"] == "Harbour Radio"
    assert first.metadata["audio"][0]["href"] == "https://harbour.example/12.mp3"
    assert second.text == "A short notice."


def test_repeated_podcast_elements() -> None:
    """All transcripts and persons of an episode are kept, in order, with their attributes."""
    first, _ = documents(Feed(DATA / "harbour.rss"))
    assert [item["type"] for item in first.metadata["transcripts"]] == ["text/vtt", "application/srt", "text/html"]
    assert [item["name"] for item in first.metadata["persons"]] == ["Tove Brandt", "Greta Holm"]
    assert first.metadata["persons"][1]["role"] == "guest"


def test_atom() -> None:
    """Atom's entries are read like RSS items."""
    (entry,) = documents(Feed(DATA / "mill.atom"))
    assert (entry.id, entry.author, entry.text) == ("tag:mill.example,2024:1", "Greta Holm", "The mill turns.")


def test_json_feed() -> None:
    """A JSON feed's items are read; a bad one is passed over."""
    first, second = documents(Feed(DATA / "mill.json"))
    assert (first.id, first.author, first.text) == ("1", "Greta Holm", "Flour again")
    assert first.metadata["tags"] == ["mill"]
    assert second.text == "Plain words"


LONG = "<p>" + " ".join(f"Sentence {number} tells how the harbour was dug out again." for number in range(20)) + "</p>"
MAIN = f"<main><article><h1>Dug out</h1>{LONG}</article></main>"
PAGE = f"<html><head><title>Dug out</title></head><body>{MAIN}</body></html>"
RSS = (
    "<rss version='2.0'><channel><title>H</title><item><guid>a</guid><title>Dug out</title>"
    "<link>https://h.example/a</link><description>Short.</description></item>{}</channel></rss>"
)


def test_full_text_from_the_page() -> None:
    """An entry that is only a summary gets its page's main text; an unchanged feed costs one request."""
    feed_page = Response("https://h.example/feed", 200, {"etag": '"1"'}, RSS.format("").encode())
    page = Response("https://h.example/a", 200, {}, PAGE.encode())
    site = Site({"https://h.example/feed": feed_page, "https://h.example/a": page})
    feed = Feed("https://h.example/feed", fetcher=site)
    (entry,) = documents(feed)
    assert "Sentence 7 tells" in entry.text
    again = Feed("https://h.example/feed", fetcher=site)
    again.cursor = feed.cursor
    assert documents(again) == []
    assert site.asked == ["https://h.example/feed", "https://h.example/a", "https://h.example/feed"]


def test_only_new_entries() -> None:
    """When the feed changed, entries that did not are not given again."""
    url = "https://h.example/feed"
    pages = {url: Response(url, 200, {"etag": '"1"'}, RSS.format("").encode())}
    site = Site(pages)
    feed = Feed("https://h.example/feed", fetcher=site, full_text=False)
    assert [entry.id for entry in documents(feed)] == ["a"]
    more = RSS.format("<item><guid>b</guid><description>New words.</description></item>")
    pages["https://h.example/feed"] = Response("https://h.example/feed", 200, {"etag": '"2"'}, more.encode())
    feed.cursor = feed.cursor
    assert [entry.id for entry in documents(feed)] == ["b"]


def test_a_page_that_fails_leaves_the_summary() -> None:
    """The summary is kept, and the metadata says why there is no more."""

    class Broken(Site):
        def fetch(self, url: str, *, headers: object = None) -> Response:
            if url.endswith("/a"):
                raise SourceError("refused")
            return super().fetch(url, headers=headers)

    site = Broken({"https://h.example/feed": Response("https://h.example/feed", 200, {}, RSS.format("").encode())})
    (entry,) = documents(Feed("https://h.example/feed", fetcher=site))
    assert (entry.text, entry.metadata["page_error"]) == ("Short.", "refused")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no feed",
        b"{}",
        b'{"version": "https://jsonfeed.org/version/1.1"}',
        b"<html><body>page</body></html>",
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "b">]><rss><channel><title>&a;</title></channel></rss>',
        b'{"items": ' + b"[" * 100_000,
    ],
)
def test_no_feed(content: bytes, tmp_path: Path) -> None:
    """What is no feed, or declares entities, is one typed error."""
    path = tmp_path / "feed.xml"
    path.write_bytes(content)
    with pytest.raises(SourceFormatError):
        list(Feed(path))


def test_missing_file() -> None:
    """A file that is not there is a typed error."""
    with pytest.raises(SourceError, match=r"none\.xml"):
        list(Feed("none.xml"))


@pytest.mark.real_data
@pytest.mark.skipif(not (REAL / "formats").is_dir(), reason="the data sets are not there")
def test_every_well_formed_feed_is_read() -> None:
    """Every well-formed feed of the public set is read; ill-formed ones give documents or typed errors."""
    for path in sorted((REAL / "formats/feeds/wellformed").rglob("*.xml")):
        assert all(isinstance(item, (Document, RecordError)) for item in Feed(path)), path
    for path in sorted((REAL / "formats/feeds/illformed").rglob("*.xml")):
        try:
            list(Feed(path))
        except SourceError:
            continue


@pytest.mark.real_data
@pytest.mark.skipif(not (REAL / "formats").is_dir(), reason="the data sets are not there")
def test_every_podcast_element_is_kept() -> None:
    """Every transcript and person inside an item of the public podcast feed is kept."""
    path = REAL / "formats/podcast_feed/example.xml"
    items = path.read_text().split("<item>")[1:]
    entries = documents(Feed(path))
    assert len(entries) == len(items)
    for name in ("transcript", "person"):
        kept = [len(entry.metadata.get(f"{name}s", ())) for entry in entries]
        assert kept == [item.count(f"<podcast:{name}") for item in items]


@pytest.mark.real_data
@pytest.mark.skipif(not (REAL / "robustness").is_dir(), reason="the data sets are not there")
def test_xml_bombs() -> None:
    """XML bombs are refused by feeds and sitemaps alike."""
    from masa_rag.sources._crawl import read_sitemap

    for path in sorted((REAL / "robustness/xml_bombs").glob("*.xml")):
        with pytest.raises(SourceError):
            list(Feed(path))
        try:
            pages, maps = read_sitemap(path.read_bytes(), limit=100)
        except SourceFormatError:
            continue
        assert pages == maps == []
