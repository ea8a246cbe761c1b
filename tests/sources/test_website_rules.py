"""What belongs to a site and may be read: robots.txt, rules of pages, the spelling of addresses, sitemaps."""

from __future__ import annotations

import gzip

import pytest

from masa_rag.errors import SourceFormatError
from masa_rag.sources._pages.crawl import Robots, Scope, page_rules
from masa_rag.sources._pages.sitemap import read_sitemap


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


def test_a_gzipped_sitemap() -> None:
    """It may be put together of several files; one without its end is damaged, not short."""
    packed = gzip.compress(b"<urlset><url><loc>https://s.example/1</loc></url>") + gzip.compress(b"</urlset>")
    assert read_sitemap(packed) == (["https://s.example/1"], [])
    with pytest.raises(SourceFormatError, match="damaged gzip"):
        read_sitemap(packed[:-9])
