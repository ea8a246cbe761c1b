"""Shapes of text that pages draw: tables, headings with marks, and what readers do not read."""

from __future__ import annotations

import pytest

from masa_rag.sources._pages.extract import extract_page
from masa_rag.sources._pages.fragments import fragment_text


def test_a_row_below_a_cell_that_reaches_down() -> None:
    """A row of one text belongs to its table where a cell from above stands in its first column."""
    table = "<table><tr><th>Mill<th>Year</tr><tr><td rowspan=2>Creek<td>1170</tr><tr><td>1802</tr></table>"
    assert fragment_text(table) == "| Mill | Year |\n| --- | --- |\n| Creek | 1170 |\n|  | 1802 |"


@pytest.mark.parametrize(
    "mark",
    [
        '<a class="headerlink" href="#oars" title="Permalink">¶</a>',
        '<a class="hash-link" href="#oars">#</a>',
        '<span class="mw-editsection">[<a href="/edit">edit</a>]</span>',
    ],
)
def test_marks_to_link_or_edit_a_section(mark: str) -> None:
    """What headings carry for who points at them is no part of the text."""
    assert fragment_text(f"<h2>Oars{mark}</h2><p>Of ash.</p>") == "## Oars\n\nOf ash."


@pytest.mark.parametrize("style", ["background: {}; -webkit-background-clip: text", "background: {} text"])
def test_letters_filled_with_a_gradient(style: str) -> None:
    """Clear letters through which a coloured ground shows are seen; without the ground they are not."""
    marked = "<style>.g {{ color: transparent; {} }}</style><p>We mill <b class='g'>thirty sacks</b> a day.</p>"
    filled = style.format("linear-gradient(90deg, red, blue)")
    assert fragment_text(marked.format(filled)) == "We mill thirty sacks a day."
    assert fragment_text(marked.format(style.format("none"))) == "We mill a day."


@pytest.mark.parametrize("opened", ["<a name='m{}'>", "<font size=2>", "<b>"])
def test_old_pages_that_close_nothing(opened: str) -> None:
    """A page is read to its end, however many elements it opens and leaves open; a name alone is no link."""
    lines = "".join(f"<p>{opened.format(number)}The mill turned {number} times.\n" for number in range(400))
    text = fragment_text(lines)
    assert text.startswith("The mill turned 0 times.")
    assert text.endswith("The mill turned 399 times.")


def test_a_picture_within_the_page() -> None:
    """Pages that are saved with their pictures hold attributes of megabytes."""
    assert fragment_text(f"<p>Before</p><img src='data:{'A' * 10_100_000}'><p>After</p>") == "Before\n\nAfter"


def test_values_of_megabytes_are_not_read() -> None:
    """Each of a million class names would be looked at, and a million objects of JSON-LD; the text is read."""
    things = ",".join(['{"@type":"Article","headline":"X"}'] * 70_000)
    head = f"<head><script type='application/ld+json'>[{things}]</script></head>"
    text = "The mill grinds thirty sacks of flour a day, and in spring it stands still. " * 6
    page = extract_page(f"<html>{head}<body><p class='{'hidden ' * 10_000}'>{text}</p></body></html>")
    assert (page.text, page.title) == (text.strip(), None)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>It costs <del> 10 </del> <ins>12</ins> crowns.</p>", "It costs ~~10~~ 12 crowns."),
        ("<p>We <s>never</s><strike></strike> always <s> </s>pay, <q>so he said</q>.</p>",
         'We ~~never~~ always pay, "so he said".'),
        ("<del><p>One.</p><p>Two.</p></del><p>Three.</p>", "One.\n\nTwo.\n\nThree."),
        ("<p>It costs <span style='text-decoration: line-through'>10</span> 12.</p>", "It costs ~~10~~ 12."),
        ("<pre>a <s>b</s></pre>", "```\na b\n```"),
    ],
)  # fmt: skip
def test_what_is_struck_out_or_quoted_in_a_line(html: str, expected: str) -> None:
    """It keeps its signs, or the opposite would be said; around paragraphs and in code there are none."""
    assert fragment_text(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p><span>Field</span><span>Urgent</span></p>", "Field Urgent"),
        ("<p>Read <span>12<span></span></span><b>Comments</b>.</p>", "Read 12 Comments."),
        ("<p><a href='/a'>low tide</a><a href='/b'>high tide</a></p>", "low tide high tide"),
        ("<p><a href='/a'>Co</a><a href='/a'>ntact</a> <b>O</b><i>ars</i></p>", "Contact Oars"),
        ("<p><b>oar</b>Lock, H<sub>2</sub><b>O</b>, <i>m</i><sub>T</sub></p>", "oarLock, H2O, mT"),
        ("<p><code><i>tide</i><i>Mill</i></code></p>", "`tideMill`"),
        ("<pre><i>tide</i><i>Mill</i></pre>", "```\ntideMill\n```"),
    ],
)
def test_tags_and_links_in_a_row_are_apart(html: str, expected: str) -> None:
    """What a style alone keeps apart is no one word; parts of a word, of a formula and of code are."""
    assert fragment_text(html) == expected


def test_tasks_of_a_list_are_done_or_not() -> None:
    """A task keeps its box; boxes to choose from, which are no tasks, are left out."""
    done = '<li><input type="checkbox" disabled checked> Oil the wheel</li>'
    notion = '<li><div class="checkbox checkbox-off"></div> <span>Book the mason</span></li>'
    choice = '<li><label><input type="checkbox"> Size 8</label></li>'
    assert fragment_text(f"<ul>{done}{notion}{choice}</ul>") == "- [x] Oil the wheel\n- [ ] Book the mason\n- Size 8"


def test_footnotes_are_text() -> None:
    """The notes of a newsletter are its author's words; they are no foot of the page."""
    line = "The ferry leaves at ten past six, and on most days it carries the captain, a dog and the post."
    text = "".join(f"<p>{line} {number}</p>" for number in range(6))
    note = "<div class='footnote-content'><p>At the price of diesel in January, without the pay of the crew.</p></div>"
    body = (
        f"<article><h1>The ferry</h1>{text}<div class='footnote'><a class='footnote-number'>1</a>{note}</div></article>"
    )
    assert "the pay of the crew" in extract_page(f"<html><body>{body}</body></html>").text


@pytest.mark.parametrize("name", ["kg-card kg-code-card kg-card-hascaption", "wp-block-table"])
def test_tables_with_a_caption_are_kept(name: str) -> None:
    """Blogs put tables and code that have a caption into a card, which stands in the text nevertheless."""
    line = "The rain began on the second of April, and it did not stop for longer than an hour until the middle of May."
    text = "".join(f"<p>{line} {number}</p>" for number in range(3))
    table = "<table><tr><td>Hives<td>3</tr><tr><td>Lost<td>1</tr></table><figcaption><p>Our losses</p></figcaption>"
    body = f"<article><h1>Bees</h1>{text}<figure class='{name}'>{table}</figure>{text}</article>"
    page = extract_page(f"<html><body><main>{body}</main></body></html>")
    assert "| Hives | 3 |\n| --- | --- |\n| Lost | 1 |" in page.text
