"""Pages that need JavaScript, in a real Chromium, under the same network rules as everything else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from loopback import Answer, serving

from masa_rag import ConfigurationError
from masa_rag.errors import RecordError, SourceError
from masa_rag.sources import Browser, Fetcher, WebPages, Website
from masa_rag.sources.browser import _PROGRAMS
from masa_rag.types import Document

needs_chromium = pytest.mark.skipif(
    not any(map(shutil.which, _PROGRAMS)), reason="no Chromium here: apt-get install chromium"
)
STORY = "The lamp on the breakwater was lit by hand until the winter in which the keeper fell ill and nobody came."
SCRIPT = (
    "fetch('/story').then(answer => answer.json()).then(story => { document.getElementById('app').innerHTML = "
    "'<main><article><h1>The lamp</h1>' + story.map(line => '<p>' + line + '</p>').join('') + '</article></main>' })"
)
SHELL = f"<html><head><title>The lamp</title></head><body><div id='app'></div><script>{SCRIPT}</script></body></html>"
HTML = {"Content-Type": "text/html"}


def answer(path: str, _: dict[str, str]) -> Answer:
    """Serve the page, and the story that its script asks for."""
    if path in ("/", "/robots.txt", "/favicon.ico"):
        return Answer(SHELL.encode(), headers=HTML) if path == "/" else Answer(b"", 404)
    return Answer([f"{STORY} It was the year {year}." for year in range(1901, 1909)])


@needs_chromium
def test_a_page_that_scripts_fill_in_is_read() -> None:
    """Without a browser it is reported with what to do; with one it has its text, alone and in a site."""
    with serving(answer) as server:
        fetcher = Fetcher(allow_hosts=["127.0.0.1"])
        (error,) = WebPages(f"{server.url}/", fetcher=fetcher)
        assert isinstance(error, RecordError) and "Browser()" in str(error)
        browser = Browser(fetcher=fetcher)
        (page,) = WebPages(f"{server.url}/", fetcher=fetcher, browser=browser)
        assert isinstance(page, Document)
        assert page.text.count(STORY) == 8
        (same,) = Website(f"{server.url}/", fetcher=fetcher, browser=browser, delay_s=0)
        assert isinstance(same, Document) and same.text == page.text


@needs_chromium
def test_links_that_scripts_write_are_followed() -> None:
    """A site that its scripts fill in has no others."""
    links = SHELL.replace("<h1>", '<a href="/second">on</a><h1>')

    def linked(path: str, parameters: dict[str, str]) -> Answer:
        return Answer(links.encode(), headers=HTML) if path in ("/", "/second") else answer(path, parameters)

    with serving(linked) as server:
        fetcher = Fetcher(allow_hosts=["127.0.0.1"])
        site = Website(f"{server.url}/", fetcher=fetcher, browser=Browser(fetcher=fetcher), delay_s=0)
        pages = [item.id for item in site if isinstance(item, Document)]
        assert pages == [f"{server.url}/", f"{server.url}/second"]


@needs_chromium
def test_the_browser_reaches_nothing_that_is_not_allowed() -> None:
    """A page cannot make the browser ask the user's own machine or network, by any name for it."""
    with serving(lambda path, _: Answer(b"secret")) as inside:
        port = inside.url.rpartition(":")[2]
        places = [f"http://{host}:{port}/" for host in ("127.0.0.1", "localhost", "0.0.0.0", "[::1]", "2130706433")]
        tries = "".join(f"<img src='{place}'><iframe src='{place}'></iframe>" for place in places)
        scripts = "".join(f"fetch('{place}', {{mode: 'no-cors'}}).catch(() => 0);" for place in places)
        scripts += f"try {{ new WebSocket('ws://127.0.0.1:{port}/') }} catch (error) {{}}"
        page = f"<html><body><p>{STORY}</p>{tries}<script>{scripts}</script></body></html>"
        with serving(lambda path, _: Answer(page.encode(), headers=HTML)) as outside:
            fetcher = Fetcher(allow_hosts=[outside.url.removeprefix("http://")])
            assert STORY in Browser(fetcher=fetcher).show(f"{outside.url}/").decode()
        assert inside.asked == []
        with pytest.raises(SourceError):
            Browser(fetcher=Fetcher(allow_hosts=())).show(inside.url)
        assert inside.asked == []


def test_a_missing_browser_is_said(tmp_path: Path) -> None:
    """The message names how to get one."""
    with pytest.raises(ConfigurationError, match="install Chromium"):
        Browser(program=str(tmp_path / "nothing"))
