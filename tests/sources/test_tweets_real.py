"""Every file of real tweets: counts, authors, threads, times and texts as an independent count finds them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from independent_counts_x import Row, rows_of, threads_of

from masa_rag.errors import RecordError
from masa_rag.sources import Tweets, open_source
from masa_rag.types import Document

DATA = Path(os.environ.get("MASA_RAG_DATA") or Path(__file__).parents[2] / "../shared/data").resolve()
FILES = [
    *sorted((DATA / "masa/tweets").glob("*.*")),
    *sorted((DATA / "formats/x_graphql").glob("*.json")),
    *sorted((DATA / "formats/x_api_v2").glob("*.jsonl")),
]
NO_TWEETS = {"counts.jsonl", "lists.jsonl", "users.jsonl", "tweets_compliance.jsonl", "users_compliance.jsonl"}
BAD_RECORDS = {"streaming_output_with_error.jsonl": 1}
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not FILES, reason="no data sets: set MASA_RAG_DATA to their folder"),
]


def read(path: Path) -> tuple[list[Document], list[RecordError]]:
    """Return the documents and the errors of a file."""
    items = list(Tweets(path))
    return [item for item in items if isinstance(item, Document)], [
        item for item in items if isinstance(item, RecordError)
    ]


def flat(documents: list[Document]) -> dict[int, tuple[str | None, datetime | None, str]]:
    """Return {id: (author, time, text)} of all tweets, those in threads too."""
    found = {}
    for document in documents:
        if document.segments:
            found.update({int(str(item.id)): (item.author, item.created_at, item.text) for item in document.segments})
        else:
            found[int(document.id)] = (document.author, document.created_at, document.text)
    return found


def words(text: str) -> list[str]:
    """Return what links, entities and the quotation leave of a text: the words that must be the same."""
    own = text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    own = re.split(r"\n> (?:@\w+|\S.*?): ", own)[0]
    return re.sub(r"https?://\S+", "", own).split()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_counts_authors_threads_and_times(path: Path) -> None:
    """As many tweets, authors and threads as in the raw file, at the same times."""
    documents, errors = read(path)
    if path.name in NO_TWEETS:
        assert not documents
        assert errors
        return
    rows = rows_of(path)
    assert len(errors) == BAD_RECORDS.get(path.name, 0)
    assert sum(max(1, len(item.segments)) for item in documents) == len(rows)
    assert sum(bool(item.segments) for item in documents) == threads_of(rows)
    assert len({item.id for item in documents}) == len(documents)
    known = {name for item in documents for name in item.authors}
    assert known == {row.author for row in rows if row.author}
    times = [part.created_at for item in documents for part in (item.segments or [item])]
    assert sorted(str(time) for time in times) == sorted(str(row.time) for row in rows)


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix != ".csv"], ids=lambda path: path.name)
def test_every_tweet_by_value(path: Path) -> None:
    """First, tenth, last and all others: author, time and words are those of the raw file."""
    documents, _ = read(path)
    if path.name in NO_TWEETS:
        return
    found = flat(documents)
    for row in rows_of(path):
        author, time, text = found[int(str(row.id))]
        assert (author, time) == (row.author, row.time)
        assert words(text)[: len(words(row.text))] == words(row.text)


def test_the_table_by_value() -> None:
    """First, tenth and last row of the CSV, in its own order of time."""
    path = DATA / "masa/tweets/elonmusk__elon_tweets.csv"
    documents, _ = read(path)
    rows = sorted(rows_of(path), key=_at)
    found = sorted(documents, key=lambda item: (str(item.created_at), item.text))
    for number in (0, 9, -1):
        assert found[number].text == rows[number].text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
        assert found[number].created_at == rows[number].time


def _at(row: Row) -> tuple[str, str]:
    return str(row.time), row.text


def test_sixty_days_of_tweets_with_named_zones() -> None:
    """The folder of daily files whose times say "IST": as many tweets, and the times of their ids."""
    folder = DATA / "trends/cryptop12_ada/tweets"
    rows = {row.id: row for path in sorted(folder.glob("*.json")) for row in _lines(path)}
    documents = {int(item.id): item for item in read(folder)[0]}
    assert documents.keys() == rows.keys()
    assert all(documents[int(str(key))].created_at == row.time for key, row in rows.items())


def _lines(path: Path) -> Iterator[Row]:
    from independent_counts_x import _line

    for text in path.read_text().splitlines():
        if text.strip():
            yield from (row for row in _line(text) if row.text.strip() and not row.text.startswith("RT @"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_recognised_by_content(path: Path) -> None:
    """``open_source`` takes files of tweets for tweets, and the others not."""
    assert Tweets.recognises(path, path.read_bytes()[:65_536]) == (path.name not in NO_TWEETS)
    if path.name not in NO_TWEETS:
        assert isinstance(open_source(path), Tweets)


@pytest.mark.parametrize("folder", ["masa", "formats", "ethereum_calls", "ethereum_discord", "irc_disentanglement"])
def test_no_other_real_file_is_taken_for_tweets(folder: str) -> None:
    """Of all other real files none is recognised as tweets."""
    others = [path for path in (DATA / folder).rglob("*") if path.is_file() and path not in FILES]
    wrong = [path.name for path in others if Tweets.recognises(path, path.read_bytes()[:65_536])]
    assert wrong == []
