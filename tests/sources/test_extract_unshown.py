"""Articles that stand in the JSON-LD of a page only."""

from __future__ import annotations

import json

import pytest

from masa_rag.sources._pages.extract import extract_page
from masa_rag.sources._pages.hidden import MARK

STORY = [
    "The tide mill stands where the creek meets the harbour, and its wheel turns twice a day without wind.",
    "Eleven volunteers spent three winters on the wheel, which had rusted to its axle since the flood.",
    "On Sunday the first sack of flour went to the school kitchen, where bread was baked the same evening.",
]
MENU = "<nav><a href='/'>Home</a> <a href='/news'>News</a></nav>"


def page(shown: str, *bodies: str) -> str:
    """Return a page whose scripts would show articles with these bodies."""
    told = [{"@type": "NewsArticle", "headline": "The mill", "articleBody": body} for body in bodies]
    script = f"<script type='application/ld+json'>{json.dumps(told)}</script>"
    return f"<html><head><title>The mill</title>{script}</head><body>{MENU}{shown}</body></html>"


@pytest.mark.parametrize(
    "body",
    ["\n\n".join(STORY), "\r\n".join(STORY), "".join(f"<p>{line}</p>" for line in STORY)],
    ids=["paragraphs", "lines", "HTML"],
)
@pytest.mark.parametrize("shown", ["<div id='app'></div>", f"<main><h1>The mill</h1><p>{STORY[0]}</p></main>"])
def test_an_article_that_scripts_would_show_is_kept_and_marked(body: str, shown: str) -> None:
    """A page that is empty, or shows the first paragraph only, has the text that its JSON-LD tells."""
    found = extract_page(page(shown, body))
    assert found.text == f"{MARK} " + "\n\n".join(STORY)
    assert not found.needs_browser


def test_an_article_that_is_shown_is_not_taken_from_the_json() -> None:
    """What the page shows keeps its shape, and is said once."""
    shown = "".join(f"<p>{line}</p>" for line in STORY)
    text = extract_page(page(f"<main><h1>The mill</h1>{shown}</main>", " ".join(STORY))).text
    assert text == "# The mill\n\n" + "\n\n".join(STORY)


def test_a_list_of_articles_is_none_of_them() -> None:
    """Where the JSON-LD tells several articles, none is taken for the page's own."""
    assert extract_page(page("<div id='app'></div>", STORY[0], STORY[1])).text == ""


@pytest.mark.parametrize(
    "plea",
    [
        "<strong>We are sorry, but the tide table does not work without JavaScript. Please enable it.</strong>",
        "<style>.box{color:#333}</style><h1>JavaScript is off</h1><p>Turn it on, or take another browser, to read on."
        " Our help pages name all the browsers that can show the tide table to you.</p><a href='/help'>Help</a>",
        "<p>Bitte schalten Sie JavaScript in Ihrem Browser ein, sonst bleibt diese Seite für Sie leider leer.</p>",
    ],
)
def test_the_request_to_turn_scripts_on_is_no_text(plea: str) -> None:
    """A page that shows nothing else is one for a browser; a page's own words stand without it."""
    shell = f"<div id='app'></div><noscript>{plea}</noscript><script src='/app.js'></script>"
    assert extract_page(page(shell)).needs_browser
    assert extract_page(page(f"<main><h1>The mill</h1><p>{STORY[0]}</p></main>{shell}")).text.endswith(STORY[0])


def test_what_is_told_to_readers_without_scripts_is_text() -> None:
    """A page may write its words for them only."""
    assert STORY[1] in extract_page(page(f"<noscript><p>{STORY[1]}</p><p>{STORY[2]}</p></noscript>")).text
