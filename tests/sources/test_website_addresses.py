"""Under which address a page of a site is known, where its links lead, and where a crawl may begin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from served_site import Site, canonical, crawl, paragraphs, serving_site, small, split

from masa_rag.sources import website


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not look for main text."""
    monkeypatch.setattr(website, "extract_tree", paragraphs)


@pytest.fixture
def served() -> Iterator[tuple[Site, str]]:
    """Serve a fresh site on a loopback port."""
    with serving_site() as served:
        yield served


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
