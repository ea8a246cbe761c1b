"""Tweets in Masa's shapes: each becomes one document, once, with who, when, where and how it was received."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from masa_rag.errors import RecordError
from masa_rag.sources import Tweets, open_source
from masa_rag.sources._tweets import threads
from masa_rag.sources._tweets.record import Tweet
from masa_rag.sources._tweets.threads import same_author
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document


def wire(number: int, text: str, **fields: Any) -> dict[str, Any]:
    """Return a tweet of shape 1 by the invented Mara Quill."""
    tweet_id = str(1_790_000_000_000_000_000 + number)
    return {
        "ConversationID": tweet_id, "GIFs": None, "HTML": text, "Hashtags": None, "ID": tweet_id,
        "InReplyToStatus": None, "InReplyToStatusID": "", "IsPin": False, "IsQuoted": False, "IsReply": False,
        "IsRetweet": False, "IsSelfThread": False, "Likes": 3, "Mentions": None, "Name": "Mara Quill 🪶",
        "PermanentURL": f"https://twitter.com/maraquill/status/{tweet_id}", "Photos": None, "Place": None,
        "QuotedStatus": None, "QuotedStatusID": "", "Replies": 0, "RetweetedStatus": None, "RetweetedStatusID": "",
        "Retweets": 1, "SensitiveContent": False, "Text": text, "Thread": None,
        "TimeParsed": "2024-05-13T08:00:00Z", "Timestamp": 1715587200 + number, "URLs": None, "UserID": "77",
        "Username": "maraquill", "Videos": None, "Views": 40, **fields,
    }  # fmt: skip


def save(path: Path, value: object) -> Path:
    """Write JSON and return where."""
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def read(path: Path, **options: Any) -> list[Document]:
    """Return the documents of a file that must have no bad record."""
    items = list(Tweets(path, **options))
    assert not [str(item) for item in items if isinstance(item, RecordError)]
    return [item for item in items if isinstance(item, Document)]


@pytest.mark.parametrize("envelope", ["list", "wrapped", "data", "tweets", "lines"])
def test_the_envelopes_of_shape_1(tmp_path: Path, envelope: str) -> None:
    """A bare list, [{Tweet, Error}], {data: []}, {tweets: []} and one object a line hold the same tweets."""
    rows = [wire(0, "Tide at noon"), wire(1, "Tide at dusk")]
    path = tmp_path / "saved.json"
    if envelope == "lines":
        path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    else:
        wrapped = [{"Tweet": row, "Error": None} for row in rows]
        save(path, {"list": rows, "wrapped": wrapped}.get(envelope, {envelope: rows}))
    assert [(item.id, item.text) for item in read(path)] == [
        ("1790000000000000000", "Tide at noon"),
        ("1790000000000000001", "Tide at dusk"),
    ]
    assert isinstance(open_source(path), Tweets)


def test_everything_known_of_a_tweet_is_kept(tmp_path: Path) -> None:
    """Author by name, handle and counts in the metadata, time in UTC, link, short links written out."""
    row = wire(
        0,
        "Salt &amp; wind https://t.co/abc123 https://t.co/pic9",
        HTML='Salt &amp; wind <a href="https://harbour.example/log?a=1&amp;b=2">https://t.co/abc123</a> '
        '<br><a href="https://t.co/pic9"><img src="https://img.example/1.jpg"/></a>',
        Photos=[{"ID": "5", "URL": "https://img.example/1.jpg"}],
        Hashtags=["tide"],
    )
    (document,) = read(save(tmp_path / "one.json", [row]))
    assert document.text == "Salt & wind https://harbour.example/log?a=1&b=2 https://img.example/1.jpg"
    assert document.author == "Mara Quill 🪶"
    assert document.created_at == datetime(2024, 5, 13, 8, 0, tzinfo=UTC)
    assert document.url == "https://twitter.com/maraquill/status/1790000000000000000"
    assert document.kind == "post"
    assert document.metadata == {
        "username": "maraquill", "user_id": "77", "conversation_id": "1790000000000000000", "likes": 3,
        "retweets": 1, "views": 40, "hashtags": ["tide"], "media": ["https://img.example/1.jpg"],
    }  # fmt: skip


def test_the_same_tweet_many_times_is_one_document(tmp_path: Path) -> None:
    """A scraper that appended its whole store at each save gives each tweet once."""
    rows = [wire(number, f"Entry {number}") for number in range(5)] * 38
    assert len(read(save(tmp_path / "store.json", rows))) == 5


def test_of_a_tweet_in_several_files_the_latest_counts(tmp_path: Path) -> None:
    """Files are named by their day: as when they are added one after the other, the counts are the newest."""
    save(tmp_path / "2025-05-17.json", [wire(0, "Ebb", Likes=3, Name="Mara")])
    save(tmp_path / "2025-05-18.json", [wire(0, "Ebb", Likes=40, Name="Mara Quill")])
    (document,) = read(tmp_path)
    assert (document.metadata["likes"], document.author) == (40, "Mara Quill")


def test_a_self_thread_is_one_document_whatever_the_order(tmp_path: Path) -> None:
    """The author's answers to themself join the first tweet, oldest first, with links and reply ids."""
    root = wire(0, "1/ The harbour log", Replies=1)
    second = wire(1, "2/ Calm", InReplyToStatusID=root["ID"], IsReply=True, ConversationID=root["ID"])
    third = wire(2, "3/ Storm", InReplyToStatusID=second["ID"], IsReply=True, ConversationID=root["ID"])
    other = wire(3, "@someone no", InReplyToStatusID="1780000000000000000", IsReply=True, ConversationID="178")
    for rows in ([root, second, third, other], [other, third, second, root], [second, root, other, third]):
        documents = {item.id: item for item in read(save(tmp_path / "t.json", rows))}
        assert set(documents) == {root["ID"], other["ID"]}
        whole = documents[root["ID"]]
        assert whole.text == "Mara Quill 🪶: 1/ The harbour log\n2/ Calm\n3/ Storm"
        assert [item.reply_to for item in whole.segments] == [None, root["ID"], second["ID"]]
        assert documents[other["ID"]].metadata["reply_to"] == "1780000000000000000"


def test_the_way_up_a_thread_is_gone_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long thread each tweet is compared with the one it answers, not with all before it."""
    compared: list[str] = []

    def count(first: Tweet, second: Tweet) -> bool:
        compared.append(first.id)
        return same_author(first, second)

    monkeypatch.setattr(threads, "same_author", count)
    rows = [wire(0, "0/")]
    for number in range(1, 60):
        rows.append(wire(number, f"{number}/", InReplyToStatusID=rows[-1]["ID"], IsReply=True))
    (document,) = read(save(tmp_path / "t.json", rows))
    assert len(document.segments) == 60
    assert len(compared) < 120


def test_answers_in_a_ring_are_one_thread(tmp_path: Path) -> None:
    """No file of X has them; each gave a document of the other's id."""
    first, second = wire(0, "Ebb"), wire(1, "Flood")
    rows = [first | {"InReplyToStatusID": second["ID"]}, second | {"InReplyToStatusID": first["ID"]}]
    for row in rows:
        del row["ConversationID"]
    (document,) = read(save(tmp_path / "t.json", rows))
    assert {segment.text for segment in document.segments} == {"Ebb", "Flood"}


def test_retweets_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    """A retweet carries the words and the name of whom it repeats, and says who repeated it."""
    original = wire(0, "Lanterns tonight", Name="Ode Fenn", Username="odefenn")
    row = wire(1, "RT @odefenn: Lanterns tonight", IsRetweet=True, RetweetedStatus=original)
    path = save(tmp_path / "r.json", [row])
    assert read(path) == []
    (document,) = read(path, retweets=True)
    assert (document.author, document.text) == ("Ode Fenn", "Lanterns tonight")
    assert document.metadata["retweeted_by"] == "maraquill"


def test_quoted_words_are_marked(tmp_path: Path) -> None:
    """What a tweet quotes follows its own words in lines that begin with '> '."""
    quoted = wire(0, "Fog\nall day", Username="odefenn")
    row = wire(1, "As I said", IsQuoted=True, QuotedStatus=quoted, QuotedStatusID=quoted["ID"])
    (document,) = read(save(tmp_path / "q.json", [row]))
    assert document.text == "As I said\n> @odefenn: Fog\n> all day"


class TestTweetsContract(SourceContract):
    """The shipped contract holds for a file with a thread, a reply and a repeated tweet."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        root = wire(0, "First")
        second = wire(1, "Second", InReplyToStatusID=root["ID"], ConversationID=root["ID"])
        self.path = save(tmp_path / "c.json", [second, root, root, wire(2, "Third")])

    def make(self) -> Tweets:
        """Return the source."""
        return Tweets(self.path)
