"""What servers send in place of a page: checks for robots, and requests for consent."""

from __future__ import annotations

from pathlib import Path

import pytest
from loopback import Answer, serving

from masa_rag._http.client import Fetcher
from masa_rag.errors import RecordError
from masa_rag.sources import WebPages, Website
from masa_rag.types import Document

STORY = "The wheel of the tide mill turns with the water, and what it gives grows with the fall and the flow. "
WAIT = "This process is automatic. Your browser will be sent to the page shortly, please wait a few seconds more."

WALLS = {
    "by its title": f"<head><title>Just a moment...</title></head><body><h1>Checking</h1><p>{WAIT}</p></body>",
    "by its script": f"<body><p>{WAIT}</p><script>window._cf_chl_opt={{}}</script></body>",
    "by what it asks": f"<body><p>{WAIT}</p><div id='px-captcha'></div></body>",
    "by its form": f"<body><p>{WAIT}</p><form action='https://consent.youtube.com/save'></form></body>",
}


@pytest.mark.parametrize("way", WALLS)
def test_a_check_for_robots_is_not_the_page(tmp_path: Path, way: str) -> None:
    """It is reported, saved or at an address, so that a mirror of the page is not overwritten by it."""
    wall = f"<html>{WALLS[way]}</html>"
    (tmp_path / "page.html").write_text(wall)
    with serving(
        lambda path, _: Answer(wall.encode() if path == "/mill" else b"", 200 if path == "/mill" else 404)
    ) as site:
        fetcher = Fetcher(allow_hosts=["127.0.0.1"])
        page = WebPages(f"{site.url}/mill", fetcher=fetcher)
        crawl = Website(f"{site.url}/mill", fetcher=fetcher, delay_s=0)
        found = [item for source in (WebPages(tmp_path), page, crawl) for item in source]
    assert len(found) == 3
    assert all(isinstance(item, RecordError) and "check for robots" in str(item) for item in found)


def test_an_article_about_one_is_a_page(tmp_path: Path) -> None:
    """A title says little of a page that says much."""
    path = tmp_path / "page.html"
    path.write_text(f"<html><head><title>Just a moment</title></head><body><p>{STORY * 30}</p></body></html>")
    assert isinstance(next(iter(WebPages(path))), Document)
    path.write_text(f"<html><head><title>Just a moment</title></head><body><p>{STORY}</p></body></html>")
    assert isinstance(next(iter(WebPages(path))), RecordError)
