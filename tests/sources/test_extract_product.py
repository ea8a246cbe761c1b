"""Pages of shops: customers' reviews stay out of the main text, a description that scripts would show comes in."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from masa_rag.sources._pages.extract import extract_page, page_blocks
from masa_rag.sources._pages.hidden import MARK
from masa_rag.sources._pages.parse import parse_page
from masa_rag.sources._pages.product import leave_reviews

DESCRIPTION = [
    "The lantern burns eleven hours on one filling of paraffin, and its glass can be changed without any tool.",
    "Its frame is bent from a single sheet of brass, so that there is no seam through which the wind could come.",
    "Hang it by the ring on top or stand it on a table: the foot is wide enough for a boat in a gentle swell.",
]
REVIEWS = [
    "I bought it for my mother, who keeps it on her balcony, and she has lit it every evening since the summer.",
    "The glass of mine was cracked when it came, but the shop sent another one within two days.",
    "It smells a little for the first hour, and after that it is the best lamp that I ever had on board.",
]


def shop(*, name: str, heading: str) -> str:
    """Return the page of a lantern with three reviews below a heading, in a section of that class."""
    description = "".join(f"<p>{sentence}</p>" for sentence in DESCRIPTION)
    reviews = "".join(
        f"<div class='card'><b>Customer {sentence[:1]}</b><p>{sentence}</p></div>" for sentence in REVIEWS
    )
    section = f"<section class='{name}'><h2>{heading}</h2>{reviews}</section>"
    return f"<html><body><main><h1>Brass lantern</h1><div>{description}</div>{section}</main></body></html>"


def left(html: str) -> list[str]:
    """Return the texts of the blocks that are not left out as reviews."""
    blocks, nodes = page_blocks(parse_page(html))
    probabilities = np.ones(len(blocks), dtype=np.float32)
    leave_reviews(blocks, nodes, probabilities)
    return [block.text for block, probability in zip(blocks, probabilities, strict=True) if probability]


@pytest.mark.parametrize(
    "heading",
    ["Reviews", "3 Customer Reviews", "Reviews (3)", "Customer reviews for Brass lantern", "Ratings & Reviews"],
)
def test_reviews_of_customers_are_left_out(heading: str) -> None:
    """A section that is named and headed as reviews is no part of what the shop says."""
    html = shop(name="product-reviews", heading=heading)
    assert left(html) == ["Brass lantern", *DESCRIPTION]
    text = extract_page(html).text
    assert all(sentence in text for sentence in DESCRIPTION)
    assert not any(sentence in text for sentence in REVIEWS)


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("product-stories", "Reviews"),
        ("product-reviews", "Stories from three boats"),
        ("reviewed-by", "Reviews"),
        ("preview", "Reviews"),
        ("product-reviews", "Reviewing a lantern at sea"),
    ],
)
def test_one_witness_is_not_enough(name: str, heading: str) -> None:
    """A section that only its class or only its heading calls reviews is judged like any other."""
    assert set(REVIEWS) <= set(left(shop(name=name, heading=heading)))


def test_a_page_of_reviews_keeps_them() -> None:
    """Where reviews are more than two thirds of the page, they are what it is about."""
    reviews = "".join(f"<article><p>{sentence}</p></article>" for sentence in [*REVIEWS, *DESCRIPTION])
    html = f"<body><main><h1>Lamp shop</h1><div class='reviews'><h2>All reviews</h2>{reviews}</div></main></body>"
    assert set(REVIEWS) <= set(left(f"<html>{html}</html>"))


def shell(shown: str) -> str:
    """Return a page whose product is described in its JSON-LD."""
    told = {"@type": "Product", "name": "Brass lantern", "description": " ".join(DESCRIPTION)}
    script = f"<script type='application/ld+json'>{json.dumps(told)}</script>"
    return f"<html><head>{script}</head><body><main><h1>Brass lantern</h1>{shown}</main></body></html>"


SLOGAN = "<p>Lamps that outlive the boats they hang in, made in our own workshop since the harbour was built.</p>"


def test_a_description_that_scripts_would_show_is_kept_and_marked() -> None:
    """The page does not show it, so it is marked like all that readers do not see at first."""
    text = extract_page(shell(SLOGAN)).text
    assert text.startswith(f"{MARK} {DESCRIPTION[0]}")
    assert "outlive the boats" in text


def test_a_description_that_is_shown_is_not_said_twice() -> None:
    """What stands in the page already is not taken from its JSON-LD as well."""
    text = extract_page(shell("".join(f"<p>{sentence}</p>" for sentence in DESCRIPTION))).text
    assert MARK not in text
    assert text.count(DESCRIPTION[0]) == 1


def test_a_page_without_text_stays_one() -> None:
    """A page that shows nothing is reported as one that scripts fill in, whatever its JSON-LD says."""
    page = extract_page(shell(""))
    assert page.text == ""
    assert page.needs_browser


def test_long_texts_are_no_attack() -> None:
    """Headings, styles and descriptions that repeat themselves are read in a moment."""
    heading = "customers " * 15
    style = "height:0;overflow:hidden;" + "transition:" * 20_000
    told = {"@type": "Product", "description": "a b " * 100_000}
    script = f"<script type='application/ld+json'>{json.dumps(told)}</script>"
    words = "".join(f"<p>a lamp of number {number} and its ring</p>" for number in range(2_000))
    section = f"<div class='reviews'><h2>{heading}x</h2>{words}</div><div style='{style}'><p>{SLOGAN}</p></div>"
    began = time.process_time()
    extract_page(f"<html><head>{script}</head><body><main>{section}</main></body></html>")
    assert time.process_time() - began < 3


def test_what_readers_write_below_an_article_is_not_its_author_s() -> None:
    """Also on a page so short that a comment looks like a part of it; a page of comments alone is about them."""
    story = "<p>We painted the oars this week, and left them in the sun to dry for two days before anybody rowed.</p>"
    comment = "<p>Have you tried linseed oil instead of varnish? It lets the wood move with the water.</p>"
    head = "<head><title>Oars</title><meta property='og:type' content='article'></head>"
    page = f"<html>{head}<body><article><h1>Oars</h1>{{}}</article><div id='comments'>{{}}</div></body></html>"
    assert "linseed" not in extract_page(page.format(story * 2, comment)).text
    assert "linseed" in extract_page(page.format("", comment * 3)).text
