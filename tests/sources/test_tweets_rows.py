"""Flat JSON objects: exports of browser extensions, and what snscrape wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_tweets_shapes import FIRST, SECOND, read, save

from masa_rag.sources import Tweets, open_source

FLAT = {"id": "1924000000000000001", "full_text": "hello flat", "created_at": "2025-05-18T07:20:11Z"}


@pytest.mark.parametrize("handle", ["username", "screen_name", "user"])
def test_flat_rows_with_full_text_name_their_author(tmp_path: Path, handle: str) -> None:
    """``full_text`` beside a name and a handle, without a ``user`` object."""
    path = save(tmp_path / "flat.json", [{**FLAT, handle: "lena", "name": "Lena Voss"}])
    (document,) = read(path)
    assert (document.author, document.text) == ("Lena Voss", "hello flat")
    assert document.url == "https://x.com/lena/status/1924000000000000001"
    assert document.metadata == {"username": "lena"}
    assert str(document.created_at) == "2025-05-18 07:20:11+00:00"
    assert isinstance(open_source(path), Tweets)


def test_an_export_of_a_browser_extension(tmp_path: Path) -> None:
    """Its link, its counts and the id of what is quoted are kept."""
    row = {
        **FLAT, "screen_name": "lena", "name": "Lena Voss", "url": "https://twitter.com/lena/status/1924000000000000001",
        "views_count": 812, "favorite_count": 7, "retweet_count": 2, "reply_count": 1, "bookmark_count": 3,
        "media": [], "in_reply_to": None, "retweeted_status": None, "quoted_status": "1923000000000000009",
    }  # fmt: skip
    (document,) = read(save(tmp_path / "flat.json", [row]))
    assert (document.author, document.url) == ("Lena Voss", "https://twitter.com/lena/status/1924000000000000001")
    assert document.metadata == {
        "username": "lena", "quoted_id": "1923000000000000009", "likes": 7, "retweets": 2, "replies": 1, "views": 812,
        "bookmarks": 3,
    }  # fmt: skip


def test_flat_names_beside_entities(tmp_path: Path) -> None:
    """A row of API v1.1 of which only the user was flattened has its links written out, and its author."""
    links = {"urls": [{"url": "https://t.co/a", "expanded_url": "https://a.example/log"}]}
    row = {"id_str": FIRST, "full_text": "See https://t.co/a", "entities": links, "screen_name": "lena", "name": "Lena"}
    (document,) = read(save(tmp_path / "flat.jsonl", row))
    assert (document.text, document.author) == ("See https://a.example/log", "Lena")
    assert document.url == f"https://x.com/lena/status/{FIRST}"


def test_a_short_link_ends_where_its_letters_do(tmp_path: Path) -> None:
    """Japanese goes on without a blank."""
    links = {"urls": [{"url": "https://t.co/a", "expanded_url": "https://a.example/log"}]}
    row = {"id_str": FIRST, "full_text": "霧 https://t.co/aです", "entities": links, "screen_name": "lena"}
    (document,) = read(save(tmp_path / "flat.json", [row]))
    assert document.text == "霧 https://a.example/logです"


def test_a_flat_retweet_has_the_words_and_the_author_of_what_it_repeats(tmp_path: Path) -> None:
    """The row of who retweets is cut; the whole stands in ``retweeted_status``."""
    inner = {
        "id_str": SECOND,
        "full_text": "short words and the whole rest",
        "user": {"name": "Bob", "screen_name": "bob"},
    }
    row = {"id_str": FIRST, "full_text": "RT @bob: short wor\u2026", "screen_name": "lena", "name": "Lena"}
    path = save(tmp_path / "flat.json", [{**row, "retweeted_status": inner}])
    (document,) = Tweets(path, retweets=True)
    assert (document.text, document.author) == ("short words and the whole rest", "Bob")


def scraped(tweet_id: int, text: str, username: str, **fields: Any) -> dict[str, Any]:
    """Return a tweet as snscrape writes it."""
    return {
        "_type": "snscrape.modules.twitter.Tweet", "url": f"https://twitter.com/{username}/status/{tweet_id}",
        "date": "2024-05-13T08:00:00+00:00", "rawContent": text, "renderedContent": text, "id": tweet_id,
        "user": {"_type": "snscrape.modules.twitter.User", "username": username, "id": 77, "displayname": "A Name"},
        "likeCount": 4, "retweetedTweet": None, "quotedTweet": None, "inReplyToTweetId": None, **fields,
    }  # fmt: skip


def test_snscrape_knows_where_short_links_lead(tmp_path: Path) -> None:
    """The addresses stand in ``links``, each with the short one that the text has."""
    links = [{"text": "tides.example", "url": "https://tides.example/may", "tcourl": "https://t.co/a"}]
    row = scraped(1790000000000000000, "The table: https://t.co/a and https://t.co/b", "maraquill", links=links)
    (document,) = read(save(tmp_path / "s.json", [row]))
    assert document.text == "The table: https://tides.example/may and https://t.co/b"


def test_a_retweet_of_snscrape_has_the_words_and_the_author_of_what_it_repeats(tmp_path: Path) -> None:
    """Its own text is cut."""
    inner = scraped(1780000000000000000, "Lighthouse keepers of the north, unite", "odefenn")
    row = scraped(1790000000000000000, "RT @odefenn: Lighthouse\u2026", "maraquill", retweetedTweet=inner)
    (document,) = Tweets(save(tmp_path / "s.json", [row]), retweets=True)
    assert (document.text, document.author) == ("Lighthouse keepers of the north, unite", "A Name")
    assert document.metadata["retweeted_by"] == "maraquill"


def test_snscrape_keeps_what_is_quoted(tmp_path: Path) -> None:
    """``quotedTweet`` follows the tweet's own words, marked, as in the other shapes."""
    row = scraped(int(SECOND), "As I said", "maraquill", quotedTweet=scraped(int(FIRST), "Fog\nall day", "odefenn"))
    path = save(tmp_path / "s.jsonl", row)
    (document,) = read(path, author="Nobody")
    assert document.text == "As I said\n> @odefenn: Fog\n> all day"
    assert (document.author, document.metadata["quoted_id"]) == ("A Name", FIRST)
    assert isinstance(open_source(path), Tweets)


@pytest.mark.parametrize("reference", ["TweetRef", "Tombstone"])
def test_a_quoted_tweet_that_snscrape_could_not_read(tmp_path: Path, reference: str) -> None:
    """Of a quoted tweet that is gone there is only the id."""
    gone = {"_type": f"snscrape.modules.twitter.{reference}", "id": 12}
    (document,) = read(save(tmp_path / "s.jsonl", scraped(int(SECOND), "As I said", "maraquill", quotedTweet=gone)))
    assert (document.text, document.metadata["quoted_id"]) == ("As I said", "12")


def test_quotes_within_quotes_without_end(tmp_path: Path) -> None:
    """A file may nest them as deep as it likes; one level is shown."""
    row = scraped(1, "Deep", "maraquill")
    for number in range(2, 90):
        row = scraped(number, f"Level {number}", "maraquill", quotedTweet=row)
    (document,) = read(save(tmp_path / "s.jsonl", row))
    assert document.text == "Level 89\n> @maraquill: Level 88"


def scraper_row(tweet_id: int, text: str, handle: str, **fields: Any) -> dict[str, Any]:
    """Return a tweet as hosted scrapers give it: names in camel case, the author an object."""
    author = {"type": "user", "userName": handle, "id": "77", "name": handle.title()}
    return {"type": "tweet", "id": str(tweet_id), "text": text, "retweetCount": 0, "author": author, **fields}


def test_rows_in_camel_case_keep_handle_thread_quotation_and_links(tmp_path: Path) -> None:
    """``userName`` within ``author``, ``inReplyToId``, ``quote`` and ``entities`` are read."""
    urls = [{"url": "https://t.co/a", "expanded_url": "https://tides.example/may"}]
    first = scraper_row(int(FIRST), "The table: https://t.co/a", "mara", entities={"urls": urls})
    quote = scraper_row(1780000000000000000, "Fog all day", "ode")
    answer = {"inReplyToId": FIRST, "inReplyToUsername": "mara", "quote": quote, "quoteId": quote["id"]}
    (document,) = read(save(tmp_path / "s.json", [first, scraper_row(int(SECOND), "As he said", "mara", **answer)]))
    assert [segment.text for segment in document.segments] == [
        "The table: https://tides.example/may", "As he said\n> @ode: Fog all day",
    ]  # fmt: skip
    assert (document.author, document.metadata["username"]) == ("Mara", "mara")
    assert document.url == f"https://x.com/mara/status/{FIRST}"


@pytest.mark.parametrize("name", ["retweet", "retweeted_tweet", "retweetedStatus"])
def test_a_retweet_in_camel_case_has_the_words_of_what_it_repeats(tmp_path: Path, name: str) -> None:
    """Its own text is cut."""
    inner = scraper_row(1780000000000000000, "Lighthouse keepers of the north, unite", "ode")
    row = scraper_row(int(FIRST), "RT @ode: Lighthouse\u2026", "mara", **{name: inner})
    (document,) = Tweets(save(tmp_path / "s.json", [row]), retweets=True)
    assert (document.text, document.author) == ("Lighthouse keepers of the north, unite", "Ode")
    assert document.metadata["retweeted_by"] == "mara"


def test_other_places_where_short_links_are_told(tmp_path: Path) -> None:
    """Lists beside each other, as snscrape wrote them until 2022; the anchors of ``html``."""
    lists = {"tcooutlinks": ["https://t.co/a"], "outlinks": ["https://tides.example/may"]}
    html = '<a href="https://tides.example/may">https://t.co/a</a>'
    for number, beside in enumerate((lists, {"html": html})):
        row = scraped(1790000000000000000, "The table: https://t.co/a", "maraquill", **beside)
        (document,) = read(save(tmp_path / f"{number}.json", [row]))
        assert document.text == "The table: https://tides.example/may"


@pytest.mark.parametrize("name", ["inReplyToStatusId", "inReplyToTweetId", "in_reply_to", "in_reply_to_tweet_id"])
def test_a_thread_of_rows_is_one_document(tmp_path: Path, name: str) -> None:
    """Its first tweet waits for the answers, whatever they are called; it came as a document of its own."""
    known = {"screen_name": "lena", "name": "Lena", "created_at": "2025-05-18T07:20:11Z"}
    rows = [
        {"id": FIRST, "full_text": "One", **known, name: None},
        {"id": SECOND, "full_text": "Two", **known, name: FIRST},
    ]
    (document,) = read(save(tmp_path / "s.json", rows))
    assert [segment.id for segment in document.segments] == [FIRST, SECOND]


def test_a_name_in_the_place_of_what_is_answered_is_no_id(tmp_path: Path) -> None:
    """Some keep there whom a tweet answers, which makes it no part of a thread."""
    row = {"id": FIRST, "full_text": "Thanks!", "screen_name": "lena", "in_reply_to": "ode"}
    (document,) = read(save(tmp_path / "s.json", [row]))
    assert (document.id, document.metadata) == (FIRST, {"username": "lena"})


@pytest.mark.parametrize("page", ["tweets", "data"])
def test_a_page_within_a_page(tmp_path: Path, page: str) -> None:
    """``{"data": {"tweets": [...]}}``, as services wrap what they found."""
    path = save(tmp_path / "s.json", {"status": "success", "data": {page: [scraper_row(int(FIRST), "Fog", "mara")]}})
    (document,) = read(path)
    assert (document.text, document.author) == ("Fog", "Mara")
    assert isinstance(open_source(path), Tweets)
