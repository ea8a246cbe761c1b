"""Feeds at an address: full text, and only what changed."""

from __future__ import annotations

import pytest

from masa_rag._http.client import Fetcher, Limits, Response
from masa_rag.errors import SourceError, SourceUnavailableError
from masa_rag.protocols import Source
from masa_rag.sources.feed import Feed
from masa_rag.types import Document


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
    ("error", "again"), [(SourceUnavailableError("busy"), ["# Dug out"]), (SourceError("refused"), [])]
)
def test_a_page_that_cannot_be_had_for_a_while_is_asked_for_again(error: SourceError, again: list[str]) -> None:
    """Its summary stands until then, though the feed has not changed; a page that is refused is let be."""

    class Failing(Site):
        def fetch(self, url: str, *, headers: object = None) -> Response:
            if url.endswith("/a") and "https://h.example/a" not in self.asked:
                self.asked.append(url)
                raise error
            return super().fetch(url, headers=headers)

    pages = {
        "https://h.example/feed": Response("https://h.example/feed", 200, {"etag": '"1"'}, RSS.format("").encode())
    }
    site = Failing({**pages, "https://h.example/a": Response("https://h.example/a", 200, {}, PAGE.encode())})
    first, second = Feed("https://h.example/feed", fetcher=site), Feed("https://h.example/feed", fetcher=site)
    (entry,) = documents(first)
    assert (entry.text, entry.metadata["page_error"]) == ("Short.", str(error))
    second.cursor = first.cursor
    assert [entry.text.splitlines()[0] for entry in documents(second)] == again


def test_a_page_that_says_less_than_the_summary() -> None:
    """A request for consent, or to log in, does not take its place."""
    summary = "The harbour was dug out again after the winter, for sand had filled the whole of the eastern basin."
    feed_page = Response("https://h.example/feed", 200, {}, RSS.replace("Short.", summary).format("").encode())
    wall = Response(
        "https://h.example/a", 200, {}, b"<main><h1>Log in</h1><p>You must log in to read this text.</p></main>"
    )
    site = Site({"https://h.example/feed": feed_page, "https://h.example/a": wall})
    assert [entry.text for entry in documents(Feed("https://h.example/feed", fetcher=site))] == [summary]
