"""Who wrote a page, in the ways in which pages say it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from masa_rag.sources._pages.extract import extract_page

SENTENCE = "The wheel of the tide mill turns with the water, and what it gives grows with the fall and the flow."


def author(shown: str = "", *, told: object = None, head: str = "", after: str = "") -> str | None:
    """Return the author of a page with these lines below its heading, this JSON-LD, and this below the text."""
    script = f"<script type='application/ld+json'>{json.dumps(told)}</script>" if told is not None else ""
    body = f"<main><h1>The mill</h1>{shown}<p>{SENTENCE}</p>{after}</main>"
    return extract_page(f"<html><head><title>The mill</title>{head}{script}</head><body>{body}</body></html>").author


@pytest.mark.parametrize(
    "shown",
    [
        "<p>By <a href='/staff/mara'>Mara Lind</a></p>",
        "<div>Written by<!-- --> <a href='/x'>Mara Lind</a></div>",
        "<p>von Mara Lind - 3. Mai 2024</p>",
        "<div class='byline'>Text by <a href='/x'>Mara Lind</a></div>",
        "<div class='author'>View all posts by Mara Lind →</div>",
        "<div class='author-box'><span class='author-box__name'>Mara Lind</span><i>Miller and editor</i></div>",
        "<div class='byline'>Written by Mara Lind. Medically reviewed by Tomas Okafor, dietitian of the county</div>",
        "<p class='author'>Mara Lind | Fact-checked by Bo Ek</p>",
        "<p>Posted by Mara Lind on May 2, 2024</p>",
        "<p class='author'>Author(s): Mara Lind</p>",
        "<div class='post-author'><a href='/author/mara'>Mara Lind</a>, our man at the mill</div>",
    ],
)
def test_the_name_alone(shown: str) -> None:
    """What stands around the name, such as an office or a day, is no part of it."""
    assert author(shown) == "Mara Lind"


@pytest.mark.parametrize(
    ("line", "name"), [("作者：林美玲", "林美玲"), ("بقلم: ليلى حداد", "ليلى حداد"), ("מאת: נועה לביא", "נועה לביא")]
)
def test_the_word_for_author_is_no_part_of_the_name(line: str, name: str) -> None:
    """It is known in scripts other than the Latin one too."""
    assert author(f"<p class='author'>{line}</p>") == name


@pytest.mark.parametrize(
    "shown",
    [
        "<p>By Appointment Only</p>",
        "<p>By <a href='/terms'>using this site</a> you agree</p>",
        "<ol class='comments'><li><cite class='comment-author'>Bo Ek</cite></li></ol>",
        "<div class='related'><p>By <a href='/x'>Bo Ek</a></p></div>",
    ],
)
def test_what_names_no_author(shown: str) -> None:
    """A line needs a link or a day beside a name; who commented, or wrote another page, is not asked for."""
    assert author(shown) is None


def test_a_person_is_better_than_the_site() -> None:
    """Sites that name themselves as the author of all pages often show who it was; else they are the author."""
    told = [{"@type": "Article", "author": {"@type": "Organization", "name": "Courier"}}]
    assert author("<div class='byline'>By Mara Lind</div>", told=told) == "Mara Lind"
    assert author(told=told) == "Courier"
    told = [{"@type": "Article", "author": "Courier", "publisher": {"name": "Courier"}}]
    head = "<meta name='twitter:label1' content='Geschrieben von'><meta name='twitter:data1' content='Mara Lind'>"
    assert author(told=told, head=head) == "Mara Lind"


def test_customers_are_no_authors() -> None:
    """Who reviewed what a page sells did not write the page; who wrote a page that is a review did."""
    review = {"@type": "Review", "author": {"name": "Kenneth S."}, "reviewBody": "Fine."}
    after = "<div class='stars'><span class='author'>Kenneth S.</span></div>"
    assert author(told={"@type": "Product", "name": "Lantern", "review": [review]}, after=after) is None
    assert author(told={**review, "itemReviewed": {"@type": "Thing", "name": "Lantern"}}) == "Kenneth S."


def test_updates_of_a_live_blog_are_not_the_blog() -> None:
    """Its title, author and day are its own, not those of the update that stands first."""
    update = {"@type": "BlogPosting", "headline": "The bell rings", "author": {"name": "Ole Berg"}}
    blog = {
        "@type": "LiveBlogPosting", "headline": "The storm", "author": {"name": "Mara Lind"},
        "datePublished": "2024-03-01", "liveBlogUpdate": [{**update, "datePublished": "2024-03-02T07:00:00Z"}],
    }  # fmt: skip
    script = f"<script type='application/ld+json'>{json.dumps(blog)}</script>"
    page = extract_page(f"<html><head>{script}</head><body><h1>The storm</h1></body></html>")
    assert (page.title, page.author, page.created_at) == ("The storm", "Mara Lind", datetime(2024, 3, 1, tzinfo=UTC))
