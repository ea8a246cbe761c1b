"""The title of a page without the name of its site."""

from __future__ import annotations

import pytest

from masa_rag.sources._pages.extract import extract_page


@pytest.mark.parametrize(
    ("title", "heading", "found"),
    [
        ("Oars and seals | Tidewell", "Our oars", "Oars and seals"),
        ("Oars and seals - Tidewell.co.uk", "Our oars", "Oars and seals"),
        ("Oars and seals — Tide Well", "Our oars", "Oars and seals"),
        ("Oars — Tidewell Handbook 2.1", "Oars¶", "Oars"),
        ("水车小屋的一年_谷川晚报", "水车小屋的一年", "水车小屋的一年"),
        ("水車小屋の一年｜谷川だより", "水車小屋の一年", "水車小屋の一年"),
        ("水車小屋—谷川の一年", "谷川だより", "水車小屋—谷川の一年"),
        ("Tidewell | Oars and seals", "Oars and seals", "Oars and seals"),
        ("Oars | Boats of the North", "Boats of the North", "Oars | Boats of the North"),
        ("Oars - grade A", "Our oars", "Oars - grade A"),
        ("Vitamins - D", "Our oars", "Vitamins - D"),
        ("Tidewell - Oars for everybody", "Welcome", "Tidewell - Oars for everybody"),
    ],
)
def test_the_name_of_the_site_is_cut_off(title: str, heading: str, found: str) -> None:
    """By the heading, or where it is what the address calls the site; a front page keeps it."""
    html = f"<html><head><title>{title}</title></head><body><h1>{heading}</h1></body></html>"
    assert extract_page(html, url="https://www.tidewell.co.uk/oars").title == found


@pytest.mark.parametrize(
    ("title", "heading", "found"),
    [
        ("Oars and seals of the …", "Oars and seals of the north", "Oars and seals of the north"),
        ("Oars and seals of the no", "Oars and seals of the north", "Oars and seals of the north"),
        ("Oars", "Oars of the north", "Oars"),
        ("And then...", "And then...", "And then..."),
        ("Oars and...", "Our oars", "Oars and..."),
    ],
)
def test_a_title_that_was_cut_is_made_whole(title: str, heading: str, found: str) -> None:
    """The heading is taken where the title is its begin and ends within a word, or says that more follows."""
    assert (
        extract_page(f"<html><head><title>{title}</title></head><body><h1>{heading}</h1></body></html>").title == found
    )
