"""XSearch, XUser, MasaSearch and MasaWorker against servers on this machine that replay answers."""

from __future__ import annotations

import base64
import json
import logging
import re
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from loopback import Answer, Asked, listening

from masa_rag.errors import ConfigurationError, RecordError, SourceError, SourceFormatError, SourceUnavailableError
from masa_rag.protocols import ResumableSource
from masa_rag.sources import MasaSearch, MasaWorker, XSearch, XUser
from masa_rag.types import Document

TOKEN = "AAAA-secret-bearer"
NOW = (int(time.time() * 1000) - 1_288_834_974_657) << 22
"""An id written now: the recent search pays heed to the clock in ids."""


class Server:
    """Answers with ``(status, headers, body)``, or a body alone, and remembers what was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, str, dict[str, Any], str]] = []
        self.answer: Callable[[str, str, dict[str, Any]], Any] = lambda method, path, given: {}

    def respond(self, asked: Asked) -> Answer:
        """Answer one request."""
        parts = urlsplit(asked.target)
        given = json.loads(asked.body) if asked.body else dict(parse_qsl(parts.query))
        self.asked.append((asked.method, parts.path, given, asked.headers.get("Authorization", "")))
        found = self.answer(asked.method, parts.path, given)
        status, headers, body = found if isinstance(found, tuple) else (200, {}, found)
        return Answer(body, status, headers)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server for one test."""
    running = Server()
    with listening(running.respond) as running.url:
        yield running


@pytest.fixture(autouse=True)
def _tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("X_BEARER_TOKEN", "MASA_API_KEY", "MASA_WORKER_KEY"):
        monkeypatch.setenv(name, TOKEN)


class Feed:
    """X's API over a list of tweets: newest first, pages of ``page``, since_id and until_id honoured."""

    def __init__(self, count: int, page: int = 10) -> None:
        self.rows = [self.row(number) for number in range(count)]
        self.page = page
        self.fail_at: int | None = None
        self.pages = 0

    @staticmethod
    def row(number: int, **more: Any) -> dict[str, Any]:
        """Return the tweet of that number."""
        tweet_id = str(NOW - (1_000_000 << 22) + (number << 22))
        text = f"Tide {number}"
        return {"id": tweet_id, "text": text, "author_id": "77", "edit_history_tweet_ids": [tweet_id], **more}

    def __call__(self, method: str, path: str, given: dict[str, Any]) -> Any:
        """Answer one request."""
        if path.startswith("/2/users/by/username/"):
            return {"data": {"id": "77", "name": "Mara Quill", "username": path.rpartition("/")[2]}}
        self.pages += 1
        if self.pages == self.fail_at:
            return 429, {"x-rate-limit-reset": str(int(time.time()) + 60)}, {"title": "Too Many Requests"}
        found = [row for row in self.rows if int(row["id"]) > int(given.get("since_id", 0))]
        found = [row for row in found if int(row["id"]) < int(given.get("until_id", 1 << 63))][::-1]
        start = int(given.get("next_token") or given.get("pagination_token") or 0)
        part, rest = found[start : start + self.page], found[start + self.page :]
        meta = {"result_count": len(part), **({"next_token": str(start + self.page)} if rest else {})}
        users = [{"id": "77", "name": "Mara Quill", "username": "maraquill"}]
        return {"data": part, "includes": {"users": users}, "meta": meta} if part else {"meta": meta}


def texts(source: Any) -> list[str]:
    """Return the texts of all documents; there must be no bad record."""
    items = list(source)
    assert not [str(item) for item in items if isinstance(item, RecordError)]
    return [item.text for item in items if isinstance(item, Document)]


def test_a_search_page_by_page(server: Server) -> None:
    """All pages are read, newest first, with names and links; the token is sent, and only what was asked for."""
    server.answer = Feed(25)
    source = XSearch("tide", base_url=server.url)
    documents = [item for item in source if isinstance(item, Document)]
    assert [item.text for item in documents] == [f"Tide {number}" for number in range(24, -1, -1)]
    assert documents[0].author == "Mara Quill"
    assert documents[0].url == f"https://x.com/maraquill/status/{documents[0].id}"
    assert [path for _, path, _, _ in server.asked] == ["/2/tweets/search/recent"] * 3
    assert {token for _, _, _, token in server.asked} == {f"Bearer {TOKEN}"}
    assert isinstance(source, ResumableSource)


def test_the_next_run_reads_only_what_is_new(server: Server) -> None:
    """With the cursor of the last run, only newer tweets come."""
    feed = server.answer = Feed(25)
    first = XSearch("tide", base_url=server.url)
    assert len(texts(first)) == 25
    feed.rows += [feed.row(number) for number in (25, 26)]
    again = XSearch("tide", base_url=server.url)
    again.cursor = first.cursor
    assert texts(again) == ["Tide 26", "Tide 25"]
    assert texts(again) == []


def test_a_rate_limit_loses_nothing(server: Server) -> None:
    """Stopped in the middle, a run says how long to wait; the next closes the gap and reads what came since."""
    feed = server.answer = Feed(25)
    feed.fail_at = 2
    source = XSearch("tide", base_url=server.url)
    found: list[str] = []
    with pytest.raises(SourceUnavailableError, match="rate limit") as caught:
        found.extend(item.text for item in source if isinstance(item, Document))
    assert caught.value.retry_after_s is not None
    assert 50 < caught.value.retry_after_s <= 61
    feed.rows += [feed.row(number) for number in (25, 26)]
    again = XSearch("tide", base_url=server.url)
    again.cursor = source.cursor
    rest = texts(again)
    assert rest == [f"Tide {number}" for number in [*range(14, -1, -1), 26, 25]]


def test_a_budget_of_posts(server: Server) -> None:
    """A run ends with the page that reaches the budget, the next goes on there, and all are read in the end."""
    server.answer = Feed(35)
    source = XSearch("tide", max_posts=15, base_url=server.url)
    runs = [texts(source), texts(source), texts(source)]
    assert [len(run) for run in runs] == [20, 15, 0]
    assert {text for run in runs for text in run} == {f"Tide {number}" for number in range(35)}


@pytest.mark.parametrize(
    ("most", "page"), [(1, "10"), (20, "20"), (100, "100"), (150, "75"), (200, "100"), (1_000, "100")]
)
def test_no_more_is_asked_for_than_may_be_read(server: Server, most: int, page: str) -> None:
    """X bills each post that it gives: a page is no larger than what is left to read."""
    server.answer = Feed(0)
    for source in (
        XSearch("tide", max_posts=most, base_url=server.url),
        XUser("mara", max_posts=most, base_url=server.url),
    ):
        list(source)
    assert [given["max_results"] for _, _, given, _ in server.asked if "max_results" in given] == [page, page]


def test_a_self_thread_across_pages_is_one_document(server: Server) -> None:
    """Answers to oneself wait for the tweet that opens the thread."""
    feed = server.answer = Feed(12, page=4)
    root = feed.rows[1]["id"]
    for number, parent in ((5, 1), (10, 5)):
        answers = [{"type": "replied_to", "id": feed.rows[parent]["id"]}]
        more = {"conversation_id": root, "in_reply_to_user_id": "77", "referenced_tweets": answers}
        feed.rows[number] = feed.row(number, **more)
    documents = {item.id: item for item in XSearch("tide", base_url=server.url) if isinstance(item, Document)}
    assert len(documents) == 10
    assert documents[root].text == "Mara Quill: Tide 1\nTide 5\nTide 10"


def test_an_account(server: Server) -> None:
    """The handle is resolved, retweets are not asked for, and pages go by their own token."""
    server.answer = Feed(12)
    assert len(texts(XUser("@maraquill", base_url=server.url))) == 12
    assert server.asked[0][1] == "/2/users/by/username/maraquill"
    assert server.asked[1][1] == "/2/users/77/tweets"
    assert server.asked[1][2]["exclude"] == "retweets"
    assert "pagination_token" in server.asked[2][2]


def test_an_account_that_is_not_there(server: Server) -> None:
    """An unknown handle is an error of its own."""
    server.answer = lambda method, path, given: {"errors": [{"detail": "Could not find user"}]}
    with pytest.raises(SourceError, match="knows no account @nobody"):
        list(XUser("nobody", base_url=server.url))


@pytest.mark.parametrize(
    ("answer", "kind", "match"),
    [
        ((401, {}, {"title": "Unauthorized"}), SourceError, "X_BEARER_TOKEN"),
        ((400, {}, {"errors": [{"message": "bad operator"}]}), SourceError, "bad operator"),
        ((503, {"Retry-After": "7"}, {}), SourceUnavailableError, "asks to wait 7 s"),
        ((500, {}, b"<html>"), SourceUnavailableError, "status 500"),
        ((302, {"Location": "http://127.0.0.1:1/"}, {}), SourceError, "status 302"),
        ((200, {}, b"<html>"), SourceFormatError, "something else than JSON"),
        ((200, {}, b"[" * 100_000), SourceFormatError, "something else than JSON"),
        ((200, {}, [1]), SourceError, "something else than a page"),
    ],
)
def test_refusals_and_failures(server: Server, answer: Any, kind: type[Exception], match: str) -> None:
    """Each failure is one typed error that says what to do."""
    server.answer = lambda method, path, given: answer
    with pytest.raises(kind, match=match):
        list(XSearch("tide", base_url=server.url))


def test_a_service_that_is_not_there() -> None:
    """A refused connection may be tried again."""
    with pytest.raises(SourceUnavailableError, match="not reachable"):
        list(XSearch("tide", base_url="http://127.0.0.1:9"))


def test_the_token_is_never_shown(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """Neither log, repr, error nor documents hold the token."""
    caplog.set_level(logging.DEBUG)
    server.answer = lambda method, path, given: (401, {}, {"detail": f"bad token {given.get('nothing')}"})
    source = XSearch("tide", base_url=server.url)
    with pytest.raises(SourceError) as caught:
        list(source)
    shown = "".join(traceback.format_exception(caught.value)) + repr(source) + repr(vars(source)) + caplog.text
    assert TOKEN not in shown


def test_a_token_that_is_missing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token nothing is asked, and the error names the variable."""
    monkeypatch.delenv("X_BEARER_TOKEN")
    with pytest.raises(ConfigurationError, match="X_BEARER_TOKEN"):
        list(XSearch("tide", base_url=server.url))
    assert server.asked == []


def test_a_token_is_not_sent_in_the_open() -> None:
    """Plain HTTP to another machine is refused."""
    with pytest.raises(ConfigurationError, match="https"):
        list(XSearch("tide", base_url="http://api.x.example"))


@pytest.mark.parametrize(
    "make", [lambda: XSearch(" "), lambda: XUser("a b"), lambda: MasaSearch(""), lambda: XSearch("a", max_posts=0)]
)
def test_wrong_arguments(make: Callable[[], object]) -> None:
    """An empty query, a wrong handle and no budget are refused at once."""
    with pytest.raises(ConfigurationError):
        make()


def hosted(number: int) -> dict[str, Any]:
    """Return a row of the hosted search."""
    tweet_id = str(NOW + number)
    return {
        "id": tweet_id,
        "text": f"Tide {number}",
        "author_id": "77",
        "url": f"https://x.com/maraquill/status/{tweet_id}",
    }


def test_the_hosted_search(server: Server) -> None:
    """Pages follow by token; the next run asks with since_id and leaves out what it knows."""
    rows = [hosted(number) for number in range(5)][::-1]

    def answer(method: str, path: str, given: dict[str, Any]) -> Any:
        assert (method, path) == ("POST", "/search/live/twitter")
        start = int(given.get("next_token", 0))
        meta = {"total_results": 5, **({"next_token": str(start + 2)} if start + 2 < len(rows) else {})}
        return {"items": rows[start : start + 2], "metadata": meta}

    server.answer = answer
    source = MasaSearch("tide", base_url=server.url)
    assert texts(source) == [f"Tide {number}" for number in range(4, -1, -1)]
    rows.insert(0, hosted(9))
    assert texts(source) == ["Tide 9"]
    assert server.asked[-1][2]["query"] == f"tide since_id:{NOW + 4}"
    assert {token for _, _, _, token in server.asked} == {f"Bearer {TOKEN}"}


def test_a_job_of_the_hosted_search(server: Server) -> None:
    """A search that answers with a job is asked until the result is there; its shape is read."""
    metadata = {"author": "Mara Quill", "username": "maraquill", "created_at": "2024-05-13T08:00:00Z",
                "public_metrics": {"LikeCount": 4}}  # fmt: skip
    done = [{"ID": "1", "ExternalID": str(NOW), "Content": "Tide &amp; wind", "Metadata": metadata}]
    waiting: list[Any] = [(404, {}, {}), {"status": "in progress"}]

    def answer(method: str, path: str, given: dict[str, Any]) -> Any:
        if method == "POST":
            return {"uuid": "job/1", "error": ""}
        assert path == "/search/live/twitter/result/job%2F1"
        return waiting.pop(0) if waiting else done

    server.answer = answer
    source = MasaSearch("tide", base_url=server.url, poll_s=0.01)
    (document,) = list(source)
    assert isinstance(document, Document)
    assert (document.id, document.text, document.author) == (str(NOW), "Tide & wind", "Mara Quill")
    assert document.metadata["likes"] == 4
    done.append(
        {"ID": "2", "ExternalID": str(NOW + 1), "Content": "Ebb", "Metadata": metadata}
    )  # ID is the store's own
    assert texts(source) == ["Ebb"]


@pytest.mark.parametrize("heeds", [True, False])
def test_what_a_job_left_out_is_read_by_the_next_run(server: Server, heeds: bool) -> None:
    """A job names no next page: one that gave all that was asked for may have left older ones out."""
    rows = [hosted(number) for number in range(5)][::-1]

    def answer(method: str, path: str, given: dict[str, Any]) -> Any:
        if method == "POST":
            return {"uuid": "1"}
        query, most = server.asked[-2][2]["query"], server.asked[-2][2]["max_results"]
        below = re.search(r"max_id:(\d+)", query) if heeds else None
        return [row for row in rows if below is None or int(row["id"]) <= int(below[1])][:most]

    server.answer = answer
    source = MasaSearch("tide", base_url=server.url, max_posts=2, poll_s=0.01)
    assert texts(source) == ["Tide 4", "Tide 3"]
    assert texts(source) == (["Tide 2", "Tide 1"] if heeds else [])
    rows.insert(0, hosted(9))
    assert texts(source) == (["Tide 0", "Tide 9"] if heeds else ["Tide 9"])
    more = MasaSearch("tide", base_url=server.url, max_posts=150, poll_s=0.01)
    rows[:] = [hosted(number) for number in range(149, -1, -1)]
    assert len(texts(more)) == (150 if heeds else 100)


def test_a_job_that_takes_too_long(server: Server) -> None:
    """Waiting ends, and the run may be repeated."""
    server.answer = lambda method, path, given: {"uuid": "1"} if method == "POST" else {"status": "in progress"}
    with pytest.raises(SourceUnavailableError, match="not done after"):
        list(MasaSearch("tide", base_url=server.url, poll_s=0.01, max_wait_s=0.05))


def test_a_job_that_fails(server: Server) -> None:
    """The service's own words are passed on."""
    server.answer = lambda method, path, given: (
        {"uuid": "1"} if method == "POST" else {"status": "error", "error": "no worker"}
    )
    with pytest.raises(SourceError, match="no worker"):
        list(MasaSearch("tide", base_url=server.url))


@pytest.mark.parametrize("envelope", [True, False])
def test_a_worker(server: Server, monkeypatch: pytest.MonkeyPatch, envelope: bool) -> None:
    """Seal, submit, wait, open: the result is a list, or an envelope with base64 and a next cursor."""
    monkeypatch.setattr(MasaWorker, "POLL_S", 0.01)
    monkeypatch.delenv("MASA_WORKER_KEY")
    asked: list[dict[str, Any]] = []
    waiting = [404]

    def answer(method: str, path: str, given: dict[str, Any]) -> Any:
        if path == "/job/generate":
            asked.append(given)
            return b"SEALED-JOB"
        if path == "/job/add":
            return {"uid": "u1"} if given == {"encrypted_job": "SEALED-JOB"} else (400, {}, {})
        if path == "/job/status/u1":
            return (waiting.pop(), {}, b"") if waiting else b"SEALED-RESULT"
        assert given == {"encrypted_result": "SEALED-RESULT", "encrypted_request": "SEALED-JOB"}
        number = len(asked)
        rows = [
            {
                "id": 1,
                "tweet_id": str(NOW - number),
                "text": f"Tide {number}",
                "is_self_thread": False,
                "username": "mara",
            }
        ]
        data = base64.b64encode(json.dumps(rows).encode()).decode()
        more = {"next_cursor": "c2"} if number == 1 else {}
        return {"error": "", "data": data, "job": {}, **more} if envelope else rows

    server.answer = answer
    assert texts(MasaWorker("tide", worker_url=server.url)) == (["Tide 1", "Tide 2"] if envelope else ["Tide 1"])
    arguments = {"type": "searchbyquery", "query": "tide", "count": 100, "max_results": 100}
    assert asked[0] == {"type": "twitter", "arguments": arguments}
    assert {token for _, _, _, token in server.asked} == {""}


@pytest.mark.parametrize("result", [b"no json", b'{"data": "***"}', b'{"error": "bad query", "data": ""}'])
def test_a_worker_that_fails(server: Server, result: bytes) -> None:
    """Results that cannot be opened, and errors in them, are typed."""
    answers = {"/job/generate": b"J", "/job/add": {"uid": "u"}, "/job/status/u": b"R", "/job/result": result}
    server.answer = lambda method, path, given: answers[path]
    with pytest.raises(SourceError):
        list(MasaWorker("tide", worker_url=server.url))


@pytest.mark.parametrize("cursor", ["", "abc", "1/2", "-1/2/3", "1/2/3/4", "¹/2/3"])
def test_a_cursor_that_is_none(server: Server, cursor: str) -> None:
    """A cursor that this source did not write reads from the beginning."""
    server.answer = Feed(3)
    source = XSearch("tide", base_url=server.url)
    source.cursor = cursor
    assert len(texts(source)) == 3
