"""Tweets in the other shapes: Masa's worker and hosted search, X's API, GraphQL answers, tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from masa_rag.catalog._merge import merge
from masa_rag.errors import ConfigurationError, RecordError
from masa_rag.sources import Tweets, open_source
from masa_rag.types import Document

FIRST = "1790000000000000000"  # its clock says 2024-05-13T12:43:51.248Z
SECOND = "1790000000004194304"


def read(path: Path, **options: Any) -> list[Document]:
    """Return the documents of a file that must have no bad record."""
    items = list(Tweets(path, **options))
    assert not [str(item) for item in items if isinstance(item, RecordError)]
    return [item for item in items if isinstance(item, Document)]


def save(path: Path, *values: object) -> Path:
    """Write one JSON value a line."""
    path.write_text("\n".join(map(json.dumps, values)), encoding="utf-8")
    return path


def worker_row(**fields: Any) -> dict[str, Any]:
    """Return a row as Masa's worker writes it."""
    return {
        "id": 1790000000000000000, "tweet_id": FIRST, "conversation_id": FIRST, "user_id": "77", "text": "Nets out",
        "created_at": "2024-05-13T08:00:00Z", "timestamp": 1715587200, "is_quoted": False, "is_pin": False,
        "ThreadCursor": {"focal_tweet_id": "", "thread_id": "", "cursor": "", "cursor_type": ""}, "is_reply": False,
        "is_retweet": False, "is_self_thread": False, "likes": 4, "hashtags": ["nets"], "html": "Nets out",
        "replies": 1, "retweets": 2, "urls": [], "username": "maraquill", "photos": None, "videos": None, "views": 90,
        "public_metrics": {"quote_count": 5, "bookmark_count": 6}, "lang": "en", "error": None, **fields,
    }  # fmt: skip


def test_the_worker_shape(tmp_path: Path) -> None:
    """snake_case rows are read by ``tweet_id``, never by the number that JavaScript rounds."""
    path = save(tmp_path / "w.json", [worker_row(id=1790000000000000100)])
    (document,) = read(path)
    assert document.id == FIRST
    assert document.created_at == datetime(2024, 5, 13, 8, 0, tzinfo=UTC)
    assert document.metadata == {
        "username": "maraquill", "user_id": "77", "conversation_id": FIRST, "likes": 4, "replies": 1, "retweets": 2,
        "views": 90, "quotes": 5, "bookmarks": 6, "hashtags": ["nets"], "language": "en",
    }  # fmt: skip
    assert isinstance(open_source(path), Tweets)


def test_the_hosted_search(tmp_path: Path) -> None:
    """``{"items": [...]}``: the handle is in the link."""
    row = {
        "id": FIRST, "text": "Nets &amp; ropes", "author_id": "77", "created_at": "2024-05-13T08:00:00Z",
        "public_metrics": {"like_count": 4, "reply_count": 0}, "url": f"https://x.com/maraquill/status/{FIRST}",
    }  # fmt: skip
    path = save(tmp_path / "h.json", {"items": [row], "metadata": {"total_results": 1, "next_token": "n"}})
    (document,) = read(path)
    assert (document.author, document.text, document.url) == ("maraquill", "Nets & ropes", row["url"])
    assert document.metadata["likes"] == 4
    assert isinstance(open_source(path), Tweets)


def api_page() -> dict[str, Any]:
    """Return a page of API v2: a long post that quotes, a reply to oneself, a retweet."""
    return {
        "data": [
            {
                "id": SECOND, "author_id": "77", "text": "Second 🧵", "conversation_id": FIRST,
                "created_at": "2024-05-13T08:01:00.000Z", "in_reply_to_user_id": "77",
                "referenced_tweets": [{"type": "replied_to", "id": FIRST}], "edit_history_tweet_ids": [SECOND],
            },
            {
                "id": FIRST, "author_id": "77", "text": "A long report that is cut off here https://t.co/q",
                "conversation_id": FIRST, "created_at": "2024-05-13T08:00:00.000Z", "lang": "en",
                "note_tweet": {
                    "text": "A long report that is not cut off: https://t.co/full and on https://t.co/q",
                    "entities": {"urls": [{"url": "https://t.co/full", "expanded_url": "https://report.example/1"}]},
                },
                "entities": {
                    "urls": [{"url": "https://t.co/q", "expanded_url": "https://x.com/odefenn/status/12"}],
                    "hashtags": [{"tag": "tide"}], "mentions": [{"username": "odefenn"}],
                },
                "attachments": {"media_keys": ["3_1"]}, "geo": {"place_id": "p1"},
                "public_metrics": {"like_count": 9, "impression_count": 700, "retweet_count": 0},
                "referenced_tweets": [{"type": "quoted", "id": "12"}],
            },
            {
                "id": "1790000000008388608", "author_id": "77", "text": "RT @odefenn: Lighthouse keepers, un\u2026",
                "referenced_tweets": [{"type": "retweeted", "id": "13"}], "created_at": "2024-05-13T08:02:00.000Z",
            },
        ],
        "includes": {
            "users": [
                {"id": "77", "name": "Mara Quill", "username": "maraquill"},
                {"id": "5", "name": "Ode Fenn", "username": "odefenn"},
            ],
            "tweets": [
                {"id": "12", "author_id": "5", "text": "Fog &amp; bells"},
                {"id": "13", "author_id": "5", "text": "Lighthouse keepers of the north, unite"},
            ],
            "media": [{"media_key": "3_1", "type": "photo", "url": "https://img.example/1.jpg"}],
            "places": [{"id": "p1", "full_name": "Old Harbour"}],
        },
        "meta": {"result_count": 3, "next_token": "n"},
        "errors": [{"title": "Not Found Error", "detail": "a tweet that somebody answers is gone"}],
    }  # fmt: skip


def test_retweets_of_answers_that_do_not_say_so(tmp_path: Path) -> None:
    """The hosted search names no references, and a worker that asks X's API flags nothing: the text tells.

    Else another's words were the account's own. Where references are named, only they count.
    """
    about = {"author_id": "77", "created_at": "2024-05-13T08:02:00.000Z", "public_metrics": {"like_count": 1}}
    words = "RT @odefenn: Lighthouse keepers, unite"
    quoting = about | {"id": SECOND, "text": words, "referenced_tweets": [{"type": "quoted", "id": "12"}]}
    path = save(tmp_path / "found.json", {"items": [about | {"id": FIRST, "text": words}, quoting]})
    assert [document.id for document in read(path)] == [SECOND]
    assert read(save(tmp_path / "worker.json", worker_row(text=words, is_retweet=False))) == []
    (retweet,) = read(tmp_path / "worker.json", retweets=True)
    assert (retweet.author, retweet.text) == ("odefenn", "Lighthouse keepers, unite")


def test_the_choices_of_a_poll_are_words(tmp_path: Path) -> None:
    """They follow the question; the votes, which move, are metadata."""
    options = [{"position": 1, "label": "Hemp", "votes": 3}, {"position": 2, "label": "Nylon", "votes": 0}]
    row = {"id": FIRST, "author_id": "77", "text": "Which ropes?", "attachments": {"poll_ids": ["9"]}}
    (document,) = read(
        save(tmp_path / "p.json", {"data": [row], "includes": {"polls": [{"id": "9", "options": options}]}})
    )
    assert document.text == "Which ropes?\n- Hemp\n- Nylon"
    assert document.metadata["votes"] == {"Hemp": 3, "Nylon": 0}


def test_a_page_of_api_v2(tmp_path: Path) -> None:
    """Names come from the includes, long posts are whole, quotes are marked, the thread is one document."""
    path = save(tmp_path / "page.jsonl", api_page())
    (document,) = read(path)
    assert document.id == FIRST
    assert document.text == (
        "Mara Quill: A long report that is not cut off: https://report.example/1 and on https://x.com/odefenn/status/12\n"
        "> @odefenn: Fog & bells\nSecond 🧵"
    )
    assert document.url == f"https://x.com/maraquill/status/{FIRST}"
    assert document.metadata == {
        "username": "maraquill", "user_id": "77", "conversation_id": FIRST, "quoted_id": "12", "likes": 9, "views": 700,
        "hashtags": ["tide"], "mentions": ["odefenn"], "media": ["https://img.example/1.jpg"], "language": "en",
        "place": "Old Harbour",
    }  # fmt: skip
    assert [(item.id, item.reply_to) for item in document.segments] == [(FIRST, None), (SECOND, FIRST)]
    assert isinstance(open_source(path), Tweets)


def test_a_retweet_of_api_v2_has_the_whole_text(tmp_path: Path) -> None:
    """What a retweet cuts off is in the tweet that it repeats."""
    documents = read(save(tmp_path / "page.json", api_page()), retweets=True)
    repeated = next(item for item in documents if item.id == "1790000000008388608")
    assert (repeated.author, repeated.text) == ("Ode Fenn", "Lighthouse keepers of the north, unite")
    assert repeated.metadata == {"username": "odefenn", "retweet_of": "13", "retweeted_by": "maraquill"}


def test_flattened_rows_of_api_v2(tmp_path: Path) -> None:
    """Rows that carry their author and what they quote within them give the same documents."""
    page = api_page()
    users = {item["id"]: item for item in page["includes"]["users"]}
    tweets = {item["id"]: {**item, "author": users[item["author_id"]]} for item in page["includes"]["tweets"]}
    rows = [
        {
            **row,
            "author": users[row["author_id"]],
            "referenced_tweets": [{**tweets.get(item["id"], {}), **item} for item in row["referenced_tweets"]],
        }
        for row in page["data"]
    ]
    (flat,) = read(save(tmp_path / "flat.jsonl", *rows))
    (paged,) = read(save(tmp_path / "page.jsonl", page))
    assert (flat.id, flat.text, flat.author) == (paged.id, paged.text, paged.author)


@pytest.mark.parametrize("newest_first", [True, False])
def test_an_edited_tweet_keeps_its_first_id_and_the_last_words(tmp_path: Path, newest_first: bool) -> None:
    """Each edit has an id of its own; the one document has the first one's, so that the edit replaces it."""
    history = [FIRST, SECOND]
    row = {"author_id": "77", "edit_history_tweet_ids": history, "created_at": "2024-05-13T08:00:00Z"}
    before, after = {**row, "id": FIRST, "text": "Tpyo"}, {**row, "id": SECOND, "text": "Typo"}
    rows = [after, before] if newest_first else [before, after]
    last = [(item.id, item.text) for item in read(save(tmp_path / "e.jsonl", *rows))]
    assert last == [(FIRST, "Typo")]


def test_a_stream_of_api_v2(tmp_path: Path) -> None:
    """Answers of the stream hold one tweet each under ``data``."""
    page = api_page()
    rows = [{"data": row, "includes": page["includes"], "matching_rules": [{"id": "1"}]} for row in page["data"]]
    assert [item.id for item in read(save(tmp_path / "s.jsonl", *rows))] == [FIRST]


def graphql(rest_id: str, text: str, **fields: Any) -> dict[str, Any]:
    """Return a tweet as x.com's web client receives it."""
    outer = {
        name: fields.pop(name)
        for name in ("note_tweet", "quoted_status_result", "edit_control", "card", "article")
        if name in fields
    }
    user = {"rest_id": "77", "core": {"name": "Mara Quill", "screen_name": "maraquill"}}
    return {
        "__typename": "Tweet", "rest_id": rest_id, "core": {"user_results": {"result": user}},
        "views": {"count": "700", "state": "EnabledWithCount"}, **outer,
        "legacy": {
            "created_at": "Mon May 13 08:00:00 +0000 2024", "full_text": text, "conversation_id_str": FIRST,
            "favorite_count": 3, "lang": "en", "user_id_str": "77", "id_str": rest_id, "entities": {}, **fields,
        },
    }  # fmt: skip


def timeline(*tweets: dict[str, Any]) -> dict[str, Any]:
    """Return a timeline that holds tweets, a tombstone and a cursor."""
    results = [*tweets, {"__typename": "TweetTombstone", "tombstone": {"text": {"text": "gone"}}}]
    entries: list[dict[str, Any]] = [
        {"entryId": f"tweet-{number}", "content": {"itemContent": {"tweet_results": {"result": tweet}}}}
        for number, tweet in enumerate(results)
    ]
    entries.append({"entryId": "cursor-bottom-0", "content": {"cursorType": "Bottom", "value": "x"}})
    return {"data": {"search": {"timeline": {"instructions": [{"type": "TimelineAddEntries", "entries": entries}]}}}}


def test_a_graphql_answer(tmp_path: Path) -> None:
    """Long posts, wrapped results, quotes and self-threads of a recorded timeline."""
    note = {"note_tweet_results": {"result": {"text": "Whole words &lt;3", "entity_set": {"urls": []}}}}
    quoted = graphql("12", "Bells", user_id_str="5")
    root = graphql(FIRST, "Whole wo\u2026", note_tweet=note, quoted_status_result={"result": {"tweet": quoted}})
    wrapped = {"__typename": "TweetWithVisibilityResults", "tweet": root}
    second = graphql(SECOND, "Next", in_reply_to_status_id_str=FIRST, in_reply_to_user_id_str="77")
    path = save(tmp_path / "g.json", timeline(wrapped, second))
    (document,) = read(path)
    assert document.id == FIRST
    assert document.text == "Mara Quill: Whole words <3\n> @maraquill: Bells\nNext"
    assert document.metadata["views"] == 700
    assert isinstance(open_source(path), Tweets)


def test_polls_and_articles_of_a_graphql_answer(tmp_path: Path) -> None:
    """Choices follow the question; an article's title and words follow its link, and its title alone where quoted."""
    values = {"choice1_label": "Hemp", "choice1_count": "3", "choice2_label": "Nylon", "choice2_count": "0"}
    rows = [{"key": []}, *({"key": key, "value": {"string_value": value}} for key, value in values.items())]
    poll = graphql(
        FIRST, "Which ropes?", card={"legacy": {"name": "poll2choice_text_only", "binding_values": rows}},
        conversation_id_str=FIRST,
    )  # fmt: skip
    node = {"title": "On ropes", "preview_text": "Hemp ro", "plain_text": "Hemp rots.\nNylon lasts."}
    article = graphql(SECOND, "https://t.co/a", article={"article_results": {"result": node}})
    quoting = graphql("1789923456789012999", "Read this", quoted_status_result={"result": article})
    link = graphql("1789923456789013000", "A page", card={"legacy": {"name": "summary", "binding_values": rows}})
    found = {item.id: item for item in read(save(tmp_path / "g.json", timeline(poll, article, quoting, link)))}
    assert found[FIRST].text == "Which ropes?\n- Hemp\n- Nylon"
    assert found[FIRST].metadata["votes"] == {"Hemp": 3, "Nylon": 0}
    assert found[SECOND].text == "https://t.co/a\nOn ropes\nHemp rots.\nNylon lasts."
    assert found["1789923456789012999"].text == "Read this\n> @maraquill: https://t.co/a\n> On ropes"
    assert found["1789923456789013000"].text == "A page"


def test_the_last_page_of_a_timeline_holds_no_tweets(tmp_path: Path) -> None:
    """A page of cursors alone is no error."""
    assert read(save(tmp_path / "g.jsonl", timeline(graphql(FIRST, "One")), timeline())) != []


def test_what_is_paid_for_is_left_out_of_a_timeline(tmp_path: Path) -> None:
    """An advert between the tweets of others is nobody's answer, and nothing they said."""
    page = timeline(graphql(FIRST, "Fog"), graphql(SECOND, "Buy ropes"))
    entries = page["data"]["search"]["timeline"]["instructions"][0]["entries"]
    entries[1]["content"]["itemContent"]["promotedMetadata"] = {"disclosureType": "NoDisclosure"}
    assert [document.text for document in read(save(tmp_path / "g.json", page))] == ["Fog"]


def test_a_retweet_of_a_graphql_answer(tmp_path: Path) -> None:
    """A retweet is no document of its own unless asked for; the tweet inside it is not taken for a second one."""
    original = graphql("13", "Lighthouse keepers of the north, unite")
    row = graphql(SECOND, "RT @odefenn: Lighthouse\u2026", retweeted_status_result={"result": original})
    path = save(tmp_path / "g.json", timeline(row))
    assert read(path) == []
    assert [item.text for item in read(path, retweets=True)] == ["Lighthouse keepers of the north, unite"]


def test_api_v1(tmp_path: Path) -> None:
    """Old answers with ``user`` and ``extended_tweet``."""
    row = {
        "id": 1, "id_str": FIRST, "created_at": "Mon May 13 08:00:00 +0000 2024", "text": "Cut\u2026",
        "user": {"id_str": "77", "name": "Mara Quill", "screen_name": "maraquill"}, "favorite_count": 2,
        "extended_tweet": {
            "full_text": "Not cut https://t.co/a",
            "entities": {"urls": [{"url": "https://t.co/a", "expanded_url": "https://a.example/"}]},
        },
    }  # fmt: skip
    (document,) = read(save(tmp_path / "v1.jsonl", row))
    assert (document.id, document.author, document.text) == (FIRST, "Mara Quill", "Not cut https://a.example/")


def test_a_table_of_two_columns(tmp_path: Path) -> None:
    """``tweet,datetime`` says neither who nor which: the caller says who, the content says which."""
    path = tmp_path / "t.csv"
    path.write_text(
        'tweet,datetime\n"Salt, and\nrope",2024-05-13T08:00:00Z\n,2024-05-13T08:01:00Z\nTide,2024-05-13T08:02:00Z\n'
    )
    first, second = read(path, author="Mara Quill")
    assert (first.text, first.author, first.url) == ("Salt, and\nrope", "Mara Quill", None)
    assert second.created_at == datetime(2024, 5, 13, 8, 2, tzinfo=UTC)
    assert [item.id for item in read(path, author="Mara Quill")] == [first.id, second.id]
    assert isinstance(open_source(path), Tweets)


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("Tweet ID,Tweet,Username,Date,Likes", f"{FIRST},Tide,@maraquill,2024-05-13 08:00:00,4"),
        (
            "id;created_at;text;user_screen_name;retweet_count;favorite_count",
            f"{FIRST};2024-05-13 08:00;Tide;maraquill;0;4",
        ),
        (
            "id,created_at,text,author.username,public_metrics.like_count,public_metrics.retweet_count",
            f"{FIRST},2024-05-13T08:00:00Z,Tide,maraquill,4,0",
        ),
        ("tweetid\ttweet_text\tscreen_name\ttimestamp\tlikes", f"{FIRST}\tTide\tmaraquill\t1715587200\t4"),
    ],
)  # fmt: skip
def test_tables_of_others(tmp_path: Path, header: str, line: str) -> None:
    """Columns are known by their names, whatever the case, the punctuation and the separator."""
    path = tmp_path / "t.csv"
    path.write_text(f"{header}\r\n{line}\r\n", encoding="utf-8-sig")
    (document,) = read(path)
    assert (document.id, document.text, document.author) == (FIRST, "Tide", "maraquill")
    assert document.created_at == datetime(2024, 5, 13, 8, 0, tzinfo=UTC)
    assert document.metadata["likes"] == 4
    assert isinstance(open_source(path), Tweets)


def test_a_zone_by_an_ambiguous_name_is_settled_by_the_id(tmp_path: Path) -> None:
    """IST is India's, Israel's and Ireland's time; the clock in the id says which one was meant."""
    row = {"id": int(FIRST), "username": "maraquill", "tweet": "Tide", "likes_count": 4}
    for written in ("2024-05-13 18:13:51 IST", "2024-05-13 15:43:51 IST", "2024-05-13 13:43:51 IST"):
        (document,) = read(save(tmp_path / "ist.json", {**row, "created_at": written}))
        assert document.created_at == datetime(2024, 5, 13, 12, 43, 51, tzinfo=UTC)


def test_a_time_without_a_zone_is_in_the_one_given(tmp_path: Path) -> None:
    """``timezone`` says what a naive time means."""
    path = tmp_path / "t.csv"
    path.write_text("tweet,datetime\nTide,2024-05-13 08:00:00\n")
    (document,) = read(path, timezone="Europe/Berlin")
    assert document.created_at == datetime(2024, 5, 13, 6, 0, tzinfo=UTC)


def test_an_unknown_zone_is_refused() -> None:
    """A wrong zone name is an error of the caller."""
    with pytest.raises(ConfigurationError, match="Nowhere/Land"):
        Tweets("x.json", timezone="Nowhere/Land")


def test_a_tweet_without_a_time_has_that_of_its_id(tmp_path: Path) -> None:
    """Ids since November 2010 hold the time to the millisecond; older ones hold none."""
    rows = [{"id": FIRST, "text": "Tide", "author_id": "7"}, {"id": "20", "text": "Old", "author_id": "7"}]
    first, old = read(save(tmp_path / "n.jsonl", *rows))
    assert first.created_at == datetime(2024, 5, 13, 12, 43, 51, 248000, tzinfo=UTC)
    assert old.created_at is None


@pytest.mark.parametrize(
    "text",
    [
        '{"data": [{"tweet_count": 3, "start": "2024", "end": "2025"}]}',
        '{"data": [{"id": "1", "name": "A", "username": "a", "created_at": "2024", "public_metrics": {}}]}',
        '{"id": "1", "action": "delete", "created_at": "2024"}',
        '[{"id": "1", "channel_id": "2", "content": "hi", "timestamp": "2024", "author": {"username": "a"}}]',
        '[{"speaker": "A", "text": "hello"}]',
        '{"messages": [{"id": 1, "type": "message", "date": "2024-01-01T00:00:00", "text": "hi"}]}',
        "date,text\n2024-01-01,hello\n",
        "title,content,url\nA,B,C\n",
        "Once upon a time, a tweet, text",
        "",
    ],
)
def test_other_content_is_not_taken_for_tweets(tmp_path: Path, text: str) -> None:
    """Counts, users, notices of deletion, chats, transcripts and plain tables are not recognised."""
    path = tmp_path / "x.json"
    path.write_text(text)
    assert not Tweets.recognises(path, text.encode())


def test_a_page_of_users_is_one_error(tmp_path: Path) -> None:
    """Given as tweets all the same, a page of something else is reported once, with what it holds."""
    path = save(tmp_path / "u.json", {"data": [{"id": str(number), "name": "A"} for number in range(90)]})
    (item,) = Tweets(path)
    assert isinstance(item, RecordError)
    assert "id, name" in str(item)


def test_an_answer_with_errors_alone_says_what_it_says(tmp_path: Path) -> None:
    """An API error saved in place of a page is passed on in its own words."""
    (item,) = Tweets(save(tmp_path / "e.json", {"errors": [{"detail": "Could not find the list"}]}))
    assert "Could not find the list" in str(item)


def test_records_that_are_no_tweets_do_not_keep_tweets_out(tmp_path: Path) -> None:
    """An error row, a row without id and one without text are reported; a picture alone is left out silently."""
    good = {"ID": FIRST, "Text": "Tide", "ConversationID": FIRST}
    rows = [
        {"Tweet": None, "Error": "rate limited"}, {"Tweet": good, "Error": None},
        {"ConversationID": FIRST, "Text": "x", "ID": None},
        {"ConversationID": FIRST, "Text": 5, "ID": SECOND}, {"ConversationID": FIRST, "Text": " ", "ID": "9"},
    ]  # fmt: skip
    items = list(Tweets(save(tmp_path / "m.json", rows)))
    assert [item.id for item in items if isinstance(item, Document)] == [FIRST]
    assert [str(item) for item in items if isinstance(item, RecordError)] == [
        "m.json record 1: the scraper recorded an error in place of the tweet (rate limited)",
        "m.json record 3: received a tweet without an id; expected both an id and a text",
        f"{SECOND}: received a tweet without text; expected both an id and a text",
    ]


def test_half_an_emoji_becomes_a_replacement_character(tmp_path: Path) -> None:
    """A text cut within a surrogate pair can be stored."""
    path = tmp_path / "s.json"
    path.write_text(f'[{{"ID": "{FIRST}", "ConversationID": "1", "Text": "fog \\ud83c", "Name": "A"}}]')
    (document,) = read(path)
    assert document.text == "fog \ufffd"
    link = {"url": "https://t.co/a", "expanded_url": "https://a.example/\ud83c"}
    row = {"id": FIRST, "text": "see https://t.co/a", "author_id": "7", "entities": {"urls": [link]}}
    (document,) = read(save(tmp_path / "l.json", row))
    assert document.text == "see https://a.example/\ufffd"


def test_an_unreadable_kind_of_file(tmp_path: Path) -> None:
    """A picture given as tweets is an error or some, no exception."""
    path = tmp_path / "x.json"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    items = list(Tweets(path))
    assert items
    assert all(isinstance(item, RecordError) for item in items)


def test_a_folder_is_recognised_by_what_lies_in_it(tmp_path: Path) -> None:
    """A folder of tweets is one source; a folder with something else among the first files is not."""
    save(tmp_path / "a.json", worker_row())
    save(tmp_path / "b.json", worker_row(tweet_id=SECOND))
    found = open_source(tmp_path)
    assert isinstance(found, Tweets)
    assert len(list(found)) == 2
    (tmp_path / "aa.txt").write_text("notes")
    assert not Tweets.recognises(tmp_path, b"")


def test_two_exports_that_overlap_give_the_same_ids(tmp_path: Path) -> None:
    """Half of a thread in each export: both give the thread's document, and no tweet is in two documents."""
    rows = [
        {
            "ID": str(int(FIRST) + number), "ConversationID": FIRST, "Text": f"Part {number}", "UserID": "77",
            "Name": "Mara",
            "InReplyToStatusID": str(int(FIRST) + number - 1) if number else "", "Timestamp": 1715587200 + number,
        }
        for number in range(6)
    ]  # fmt: skip
    first = read(save(tmp_path / "a.json", rows[:4]))
    second = read(save(tmp_path / "b.json", rows[2:][::-1]))
    assert {item.id for item in [*first, *second]} == {FIRST}
    assert [segment.id for segment in second[0].segments] == [row["ID"] for row in rows[2:]]
    together = read(tmp_path)
    assert [(item.id, len(item.segments)) for item in together] == [(FIRST, 6)]


def test_a_thread_with_a_hole_loses_nothing(tmp_path: Path) -> None:
    """Without the middle of a thread, its first tweet and its end share one id, so that a memory joins them."""
    root = {"ID": FIRST, "ConversationID": FIRST, "Text": "Root", "UserID": "77"}
    end = {
        "ID": SECOND,
        "ConversationID": FIRST,
        "Text": "End",
        "UserID": "77",
        "InReplyToStatusID": "17900000000000001",
    }
    for number, rows in enumerate(([root, end], [end, root])):
        documents = read(save(tmp_path / f"{number}.json", rows))
        assert {(item.id, item.text) for item in documents} == {(FIRST, "Root"), (FIRST, "77: End")}
        first, second = documents
        assert [part.text for part in merge(first, second).segments] == ["Root", "End"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_thread_in_a_table(tmp_path: Path, encoding: str) -> None:
    """A table with a column for what is answered gives threads too."""
    path = tmp_path / "t.csv"
    lines = [
        "tweet_id,user_id,in_reply_to_status_id,in_reply_to_user_id,full_text",
        f"{FIRST},77,,,Root",
        f"{SECOND},77,{FIRST},77,Next",
    ]
    path.write_text("\n".join(lines), encoding=encoding)
    (document,) = read(path)
    assert (document.id, document.text) == (FIRST, "77: Root\nNext")


def test_a_thread_in_utf_16(tmp_path: Path) -> None:
    """Threads are found in every encoding."""
    rows = [
        {"ID": FIRST, "ConversationID": FIRST, "Text": "Root", "Name": "Mara", "UserID": "7"},
        {
            "ID": SECOND,
            "ConversationID": FIRST,
            "Text": "Next",
            "Name": "Mara",
            "UserID": "7",
            "InReplyToStatusID": FIRST,
        },
    ]
    path = tmp_path / "t.json"
    path.write_text(json.dumps(rows), encoding="utf-16")
    (document,) = read(path)
    assert document.text == "Mara: Root\nNext"
