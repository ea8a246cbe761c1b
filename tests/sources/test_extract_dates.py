"""Dates of pages as people write them in several languages."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest

from masa_rag.sources._pages.dates import read_date
from masa_rag.sources._pages.extract import extract_page

MAY = datetime(2024, 5, 3, tzinfo=UTC)
SENTENCE = "The wheel of the tide mill turns with the water, and what it gives grows with the fall and the flow."


def shown(line: str, *, language: str = "", body: str = SENTENCE) -> datetime | None:
    """Return when a page was published that says it in a line below its heading."""
    html = f"<html lang='{language}'><body><main><h1>The mill</h1><div>{line}</div><p>{body}</p></main></body></html>"
    return extract_page(html).created_at


@pytest.mark.parametrize(
    "line",
    [
        "Freitag, 3. Mai 2024, 10:15 Uhr", "Publié le 3 mai 2024", "3 de mayo de 2024", "Mayo 3, 2024", "3 maggio 2024",
        "Publicado em 3 de maio de 2024", "vrijdag 3 mei 2024", "3 мая 2024 г.", "3 maj 2024", "3-May-2024",
        "2024年5月3日（金）", "发布时间：2024年5月3日 10:15", "2024년 5월 3일", "2024年（令和6年）5月3日",
        "2024. 5. 3. 10:15", "3 maja 2024", "3. května 2024", "2024. május 3.", "3 Mayıs 2024 Cuma",
        "Jumat, 3 Mei 2024", "3. toukokuuta 2024", "3 Μαΐου 2024", "3 травня 2024", "3 مايو 2024", "3 במאי 2024",
        "3 मई 2024", "3 tháng 5, 2024", "3rd of May 2024",
    ],
)  # fmt: skip
def test_days_in_many_languages(line: str) -> None:
    """The month is known by its name in the languages of most of the web, and by the signs of the east."""
    assert shown(line) == MAY


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("1. Jänner 2024", 1), ("1er févr. 2024", 2), ("1. März 2024", 3), ("1 abril 2024", 4), ("1 juin 2024", 6),
        ("1 juil. 2024", 7), ("1 août 2024", 8), ("1 set 2024", 9), ("1 de outubro de 2024", 10), ("1 нояб. 2024", 11),
        ("1 dic. 2024", 12), ("1. marts 2024", 3), ("1. desember 2024", 12), ("1 KASIM 2024", 11), ("1 ſept 2024", 9),
        ("1 d'abril de 2024", 4), ("1 listopada 2024", 11),
    ],
)  # fmt: skip
def test_names_of_months(text: str, month: int) -> None:
    """Whole and shortened names; June and July begin alike in French."""
    assert read_date(text) == datetime(2024, month, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["10 marathons 2024", "3 sets 2024", "chart set 10, 2024", "we set out 12, 2024"])
def test_words_that_begin_like_a_month(text: str) -> None:
    """A longer word, or a short one of English, is no month."""
    assert read_date(text) is None


@pytest.mark.parametrize(
    ("language", "day"),
    [
        ("", (2024, 3, 5)),
        ("en-US", (2024, 3, 5)),
        ("en-GB", (2024, 5, 3)),
        ("fr", (2024, 5, 3)),
        ("pt-BR", (2024, 5, 3)),
    ],
)
def test_slashes_are_read_as_in_the_language_of_the_page(language: str, day: tuple[int, int, int]) -> None:
    """03/05/2024 is the fifth of March where the page is American, or says nothing, and the third of May elsewhere."""
    assert shown("03/05/2024", language=language) == datetime(*day, tzinfo=UTC)


def test_a_day_in_a_sentence_without_blanks_is_none() -> None:
    """What a Chinese paragraph tells of a day is not when the page was published."""
    story = "水车" * 20 + "于2024年5月3日重新转动" + "面粉" * 20 + "。"
    assert shown("村里的新闻", body=story) is None


def test_the_last_change_is_not_the_day_of_publication() -> None:
    """Of two days, the one that is called a publication wins, in any of the languages."""
    assert shown("Aktualisiert: 9. Juni 2024</div><div>Veröffentlicht: 3. Mai 2024") == MAY
    assert shown("更新日：2024年6月9日</div><div>公開日：2024年5月3日") == MAY


def test_a_day_beside_a_number_of_reviews() -> None:
    """Product reviews are no review of the page, which would be a day of change."""
    assert shown("3 May 2024 Product reviews 7</div><div>9 June 2024 Our shop") == MAY
    assert shown("Last review: 3 May 2024</div><div>9 June 2024") == datetime(2024, 6, 9, tzinfo=UTC)


def test_days_of_quotes_and_comments() -> None:
    """A tweet in an article, and who commented below it, have days that are not the page's."""
    tweet = f"<blockquote class='twitter-tweet'><p>{SENTENCE}</p>— Bo Ek (@bo) May 1, 2024</blockquote>"
    assert shown("Our mill", body=f"{SENTENCE}</p>{tweet}<p>{SENTENCE}") is None
    text = "".join(f"<p>{SENTENCE} {number}</p>" for number in range(12))
    assert shown("Our mill", body=f"{text}<ol class='comments'><li>Bo Ek</li><li>May 4, 2024</li></ol><p>") is None


def test_times_of_other_pages_and_of_changes() -> None:
    """What a time element says counts near the heading only: in a list of news it is of another page."""
    news = "".join(
        f"<div><a href='/{day}'>Note {day}</a><time datetime='2024-06-0{day}'>{day}h</time></div>" for day in (8, 9)
    )
    far = "<p>Oars</p>" * 40
    page = f"<html><body>{news}{far}<h1>The mill</h1>{{}}<p>{SENTENCE}</p>{far}{news}</body></html>"
    assert extract_page(page.format("")).created_at is None
    assert extract_page(page.format("<time datetime='2024-05-03'>Friday</time>")).created_at == MAY
    changed = "<span class='last-modified'>Modified <time datetime='2024-06-09'>June 9, 2024</time></span>"
    assert extract_page(page.format(f"{changed}<p>May 3, 2024</p>")).created_at == MAY


def test_times_of_a_page_without_heading() -> None:
    """They count where all name one day."""
    one, other = "<time datetime='2024-05-03'>3 May</time>", "<time datetime='2024-06-09'>9 June</time>"
    page = f"<html><body><p>{SENTENCE}</p>{{}}</body></html>"
    assert extract_page(page.format(one + one)).created_at == MAY
    assert extract_page(page.format(one + other)).created_at is None


def test_days_away_from_the_heading() -> None:
    """One that is called nothing counts if it is the only one; a change named near the heading comes before it."""
    text = "".join(f"<p>{SENTENCE} {number}</p>" for number in range(14))
    assert shown("Our mill", body=f"{text}<p>3 May 2024") == MAY
    assert shown("Our mill", body=f"{text}<p>3 May 2024</p><p>9 June 2024") is None
    assert shown("Updated 3 May 2024", body=f"{text}<p>A letter, 9 June 2024") == MAY
    assert shown("Our mill", body=f"{text}<pre>commit 3 May 2024</pre><p>{SENTENCE}") is None


def test_days_of_customers_and_films_are_not_the_page_s() -> None:
    """Where something is sold, its reviews and the films about it have days of their own."""
    review = {"@type": "Review", "datePublished": "2024-06-09", "author": {"name": "Bo Ek"}}
    things = [
        {"@type": "Product", "name": "Oar", "review": [review]},
        {"@type": "VideoObject", "uploadDate": "2024-06-08"},
    ]
    script = f"<script type='application/ld+json'>{json.dumps(things)}</script>"
    page = f"<html><head>{script}</head><body><h1>Oar</h1><p>Bo Ek, June 9, 2024</p><p>{SENTENCE}</p></body></html>"
    assert extract_page(page).created_at is None
    named = page.replace("<head>", "<head><meta name='w-published-date' content='2024-05-03'>")
    assert extract_page(named).created_at == MAY


def test_many_headings_and_times_are_no_attack() -> None:
    """A page of nothing else is read in seconds, not in minutes: no heading is compared with each time."""
    body = "<h1>Tide</h1><time>3 May</time>" * 12_000
    began = time.process_time()
    extract_page(f"<html><head><title>Tide</title></head><body>{body}</body></html>")
    assert time.process_time() - began < 15
