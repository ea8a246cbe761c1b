"""What a crawl remembers of the round before."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest
from served_site import Site, canonical, crawl, paragraphs, serving_site, small, split

from masa_rag import Memory
from masa_rag.errors import SourceUnavailableError
from masa_rag.sources import website
from masa_rag.sources.website import Website


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not look for main text."""
    monkeypatch.setattr(website, "extract_tree", paragraphs)


@pytest.fixture
def served() -> Iterator[tuple[Site, str]]:
    """Serve a site of which the sitemap is not there."""
    with serving_site() as (site, base):
        site.broken = {"/sitemap.xml": 404}
        yield site, base


def again(before: Website, base: str, **options: object) -> Website:
    """Return the crawl of the next round."""
    source = crawl(base, **options)
    source.cursor = before.cursor
    return source


def test_no_round_goes_deeper_than_the_first(served: tuple[Site, str]) -> None:
    """A page is as far from the start as it was when it was found."""
    site, base = served
    site.pages = {"/p/0": small("<a href='/a'>a</a>"), "/a": small("<a href='/b'>b</a>"), "/b": small("")}
    first = crawl(base, max_depth=1)
    split(first)
    second = again(first, base, max_depth=1)
    split(second)
    split(again(second, base, max_depth=1))
    assert "/a" in site.asked and "/b" not in site.asked


def test_lists_that_are_not_indexed_are_looked_through_in_each_round(served: tuple[Site, str]) -> None:
    """New pages are found there though the page that links to the list has not changed."""
    site, base = served
    listing = "<meta name='robots' content='noindex, follow'>"
    site.pages = {"/p/0": small("<a href='/all'>all</a>"), "/all": small("", head=listing)}
    site.headers = {"/p/0": {"ETag": '"1"'}, "/all": {"ETag": '"1"'}}
    first = crawl(base)
    split(first)
    site.pages |= {"/all": small("<a href='/new'>new</a>", head=listing), "/new": small("")}
    site.headers["/all"] = {"ETag": '"2"'}
    (found,), _ = split(again(first, base))
    assert found.id == f"{base}/new"


def test_a_page_without_text_is_read_again(served: tuple[Site, str]) -> None:
    """Its server would say that it has not changed, but by now a browser may be there to show it."""
    site, base = served
    site.pages, site.headers = {"/p/0": "<html><body><div></div></body></html>"}, {"/p/0": {"ETag": '"1"'}}
    first = crawl(base)
    assert len(split(first)[1]) == len(split(again(first, base))[1]) == 1


def test_a_document_that_lost_its_text_can_be_gone(served: tuple[Site, str]) -> None:
    """A page that shows no text for a while is still the page of its document."""
    site, base = served
    site.pages = {"/p/0": small("<a href='/a'>a</a>"), "/a": small("")}
    first = crawl(base)
    split(first)
    site.pages["/a"] = "<html><body><div></div></body></html>"
    second = again(first, base)
    split(second)
    site.broken["/a"] = 404
    third = again(second, base)
    split(third)
    assert (second.gone, third.gone) == ((), (f"{base}/a",))


def test_a_wider_crawl_follows_links_of_unchanged_pages(served: tuple[Site, str]) -> None:
    """With more pages, more depth or other patterns, what was left out the first time is found."""
    site, base = served
    site.pages = {"/p/0": small("<a href='/a'>a</a>"), "/a": small("<a href='/b'>b</a>"), "/b": small("")}
    site.headers = {place: {"ETag": '"1"'} for place in site.pages}
    first = crawl(base, max_pages=1)
    split(first)
    second = again(first, base, max_depth=1)
    assert [item.id for item in split(second)[0]] == [f"{base}/a"]
    third = again(second, base)
    assert [item.id for item in split(third)[0]] == [f"{base}/b"]
    site.whole.clear()
    assert split(again(third, base)) == ([], []) and not site.whole["/a"]


def test_a_page_that_failed_is_asked_for_again(served: tuple[Site, str]) -> None:
    """In the next round, though the page that links to it has not changed and is not sent."""
    site, base = served
    site.pages, site.headers = {"/p/0": small("<a href='/a'>a</a>"), "/a": small("")}, {"/p/0": {"ETag": '"1"'}}
    site.broken["/a"] = 500
    first = crawl(base)
    assert len(split(first)[1]) == 1
    del site.broken["/a"]
    assert [item.id for item in split(again(first, base))[0]] == [f"{base}/a"]


def test_a_server_that_is_down_is_left_alone(served: tuple[Site, str]) -> None:
    """The crawl stops after some failures, and goes on later with what it left."""
    site, base = served
    links = "".join(f"<a href='/{name}'>{name}</a>" for name in "abcdefghijkl")
    site.pages = {"/p/0": small(links), **{f"/{name}": small("") for name in "abcdefghijkl"}}
    site.broken |= {f"/{name}": 503 for name in "abcdefghijkl"}
    first = crawl(base)
    with pytest.raises(SourceUnavailableError, match="10 pages could not be had one after the other"):
        split(first)
    assert site.asked["/j"] and not site.asked["/k"]
    site.broken = {"/sitemap.xml": 404}
    second = again(first, base)
    assert [item.id.removeprefix(base) for item in split(second)[0]] == ["/k", "/l"]
    assert len(split(again(second, base))[0]) == 10


def test_a_crawl_that_is_stopped_knows_what_it_left_for_another_page(served: tuple[Site, str]) -> None:
    """Where that page turns out not to be there, the first is read after all."""
    site, base = served
    links = "<a href='/a'>a</a> <a href='/b'>b</a>"
    site.pages = {"/p/0": small(links), "/a": small("", head=canonical("/nothing")), "/b": small("")}
    first = crawl(base)
    found = [item.id for item in islice(first, 2)]
    found += [item.id for item in split(again(first, base))[0]]
    assert found == [f"{base}/p/0", f"{base}/b", f"{base}/a"]


def test_a_round_that_brings_nothing_is_remembered(served: tuple[Site, str], memory: Memory) -> None:
    """A page that was sent for its links once, and says what it said, is not sent each time from then on."""
    site, base = served
    site.pages, site.headers = {"/p/0": small("")}, {"/p/0": {"ETag": '"1"'}}
    for depth in (1, 2, 2):
        site.whole.clear()
        memory.add(crawl(base, max_depth=depth))
    assert not site.whole["/p/0"]
