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


_ARTICLE = '<script type="application/ld+json">{"@type": "Article", "headline": "%s"}</script>'
_OPEN_GRAPH = '<meta property="og:title" content="%s">'


@pytest.mark.parametrize(
    ("head", "headings", "found"),
    [
        (_ARTICLE % "mill driven by the tide", ["Tide mill"], "Tide mill"),
        (_ARTICLE % "Oars and Seals in 2026", ["Seals and their oars"], "Seals and their oars"),
        (_ARTICLE % "Oars and Seals", ["Tidewell", "OARS AND SEALS"], "Oars and Seals"),
        (_ARTICLE % "Oars and Seals", ["Read our other stories"], "Oars and Seals"),
        (_OPEN_GRAPH % "Everything that floats", ["Tide mill"], "Tide mill"),
        (_OPEN_GRAPH % "Tide mills for sale", ["The best tide mills of the north"], "Tide mills for sale"),
        (_OPEN_GRAPH % "Oars | Boats", ["Oars | Boats | Tidewell"], "Oars | Boats"),
    ],
)
def test_the_heading_decides_between_titles(head: str, headings: list[str], found: str) -> None:
    """An article is called by its heading if that says what its head says; of other pages it confirms one title."""
    shown = "".join(f"<h1>{heading}</h1>" for heading in headings)
    html = f"<html><head>{head}<title>Tide mill - Tidewell</title></head><body>{shown}</body></html>"
    assert extract_page(html, url="https://tidewell.example/mill").title == found


def test_a_heading_in_pieces_is_read_as_it_is_shown() -> None:
    """Marked letters of a word stay in it, and lines stand apart."""
    html = "<html><body><h1>Sp<em>ring</em> tides<br>of the north <a href='#x'>#</a></h1></body></html>"
    assert extract_page(html).title == "Spring tides of the north"


@pytest.mark.parametrize("link", ["<a href='/'>Salt & Rope</a>", "<a href='./'><img alt='Salt & Rope'></a>"])
def test_a_site_is_called_what_its_link_to_the_front_page_says(link: str) -> None:
    """Also where nothing else names the site, and a heading has its name."""
    html = f"<html><head><title>Oars | Salt & Rope</title></head><body><h1>{link}</h1><p>They float.</p></body></html>"
    assert extract_page(html).title == "Oars"
    assert extract_page(html.replace("'/'", "'/rope'").replace("'./'", "'/rope'")).title == "Oars | Salt & Rope"
