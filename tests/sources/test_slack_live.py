"""SlackChannel against a server that replays the Web API's answers."""

from __future__ import annotations

import contextlib
import json
import logging
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from loopback import Answer, Loopback, serving

from masa_rag.errors import ConfigurationError, RecordError, SourceError, SourceUnavailableError
from masa_rag.protocols import ResumableSource
from masa_rag.sources import SlackChannel
from masa_rag.types import Document

TOKEN = "xoxb-1-secret-token"
NINE = 1714554000


def ts(minute: int) -> str:
    """The time stamp of so many minutes after nine."""
    return f"{NINE + 60 * minute}.000100"


def said(minute: int, text: str, **more: Any) -> dict[str, Any]:
    """A message of Nora's."""
    return {"type": "message", "user": "U1", "text": text, "ts": ts(minute)} | more


class Slack:
    """A channel as the API shows it: pages newest first, threads apart."""

    def __init__(self) -> None:
        self.messages = [said(number, f"text {number}") for number in range(25)]
        self.threads: dict[str, list[dict[str, Any]]] = {}
        self.before: list[Answer] = []
        self.below: dict[str, Answer] = {}
        self.failing: dict[str, Any] = {}

    def __call__(self, path: str, parameters: dict[str, str]) -> Answer:
        """Answer one request; the answers of ``before`` come first, those of ``below`` for a page below that time."""
        if self.before:
            return self.before.pop(0)
        if parameters.get("latest") in self.below:
            return self.below[parameters["latest"]]
        method = path.removeprefix("/")
        if method in self.failing:
            return Answer(self.failing[method])
        return Answer({"ok": True} | getattr(self, method.replace(".", "_"))(parameters))

    def users_list(self, parameters: dict[str, str]) -> dict[str, Any]:
        """Two pages of people."""
        if "cursor" not in parameters:
            first = {"id": "U1", "name": "nora", "profile": {"display_name": "Nora"}}
            return {"members": [first], "response_metadata": {"next_cursor": "more"}}
        return {"members": [{"id": "U2", "name": "ivo"}], "response_metadata": {"next_cursor": ""}}

    def conversations_info(self, parameters: dict[str, str]) -> dict[str, Any]:
        """The channel."""
        return {"channel": {"id": "C1", "name": "general"}}

    def conversations_history(self, parameters: dict[str, str]) -> dict[str, Any]:
        """The newest messages between the bounds, both excluded."""
        low, high = float(parameters["oldest"]), float(parameters.get("latest", "inf"))
        found = sorted((row for row in self.messages if low < float(row["ts"]) < high), key=lambda row: row["ts"])[::-1]
        limit = int(parameters["limit"])
        return {"messages": found[:limit], "has_more": len(found) > limit}

    def conversations_replies(self, parameters: dict[str, str]) -> dict[str, Any]:
        """A thread in pages of two."""
        rows = self.threads[parameters["ts"]]
        start = int(parameters.get("cursor", 0))
        following = str(start + 2) if start + 2 < len(rows) else ""
        return {"messages": rows[start : start + 2], "response_metadata": {"next_cursor": following}}


@pytest.fixture
def slack() -> Slack:
    """A channel of 25 messages."""
    return Slack()


@pytest.fixture
def server(slack: Slack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """The server; waiting takes no time."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    monkeypatch.setattr("masa_rag.sources._rest.time.sleep", lambda _: None)
    with serving(slack) as running:
        yield running


def channel(server: Loopback, **options: Any) -> SlackChannel:
    """The source under test, with pages of ten."""
    return SlackChannel("C1", base_url=server.url, **({"page_size": 10} | options))


def found(source: SlackChannel) -> dict[str, list[str]]:
    """The texts by document, in order of time."""
    merged: dict[str, dict[str | None, str]] = {}
    for item in source:
        if isinstance(item, Document):
            merged.setdefault(item.id, {}).update({segment.id: segment.text for segment in item.segments})
    return {key: [texts[stamp] for stamp in sorted(texts, key=str)] for key, texts in merged.items()}


def test_reads_everything_in_pages(server: Loopback) -> None:
    """Three pages, newest first; ids and names are those of the export; the cursor stands at the newest."""
    source = channel(server)
    assert isinstance(source, ResumableSource)
    assert found(source) == {"C1/2024-05-01": [f"text {number}" for number in range(25)]}
    assert json.loads(source.cursor or "")["floor"] == ts(24)
    first = next(item for item in channel(server, workspace="harbour") if isinstance(item, Document))
    assert (first.title, first.authors) == ("#general", ("Nora",))
    assert first.segments[-1].url == f"https://harbour.slack.com/archives/C1/p{ts(24).replace('.', '')}"


def test_goes_on_from_the_cursor(server: Loopback, slack: Slack) -> None:
    """A second run reads what is new; the overlap sees edits."""
    source = channel(server, overlap_days=0)
    list(source)
    slack.messages[24] = said(24, "edited", edited={"ts": ts(30)})
    slack.messages.append(said(40, "new"))
    assert found(source) == {"C1/2024-05-01": ["new"]}
    slack.messages.append(said(41, "newer"))
    overlapping = channel(server, overlap_days=20 / 1440)
    overlapping.cursor = source.cursor
    assert found(overlapping) == {
        "C1/2024-05-01": [*[f"text {number}" for number in (21, 22, 23)], "edited", "new", "newer"]
    }


def test_an_interrupted_pass_is_finished_first(server: Loopback, slack: Slack) -> None:
    """Slack gives the newest first: a run cut off after one page goes on below it, then reads what came since."""
    first = channel(server, overlap_days=0)
    slack.below = {ts(15): Answer({}, 429, {"Retry-After": "9000"})}
    reading = iter(first)
    kept = next(reading)
    with pytest.raises(SourceUnavailableError) as caught:
        list(reading)
    assert caught.value.retry_after_s == 9000
    assert isinstance(kept, Document)
    assert [segment.text for segment in kept.segments] == [f"text {number}" for number in range(15, 25)]
    slack.below = {}
    slack.messages.append(said(50, "meanwhile"))
    second = channel(server, overlap_days=0)
    second.cursor = first.cursor
    assert found(second) == {"C1/2024-05-01": [*[f"text {number}" for number in range(15)], "meanwhile"]}
    assert json.loads(second.cursor or "")["floor"] == ts(50)


def test_threads_are_read_with_their_answers(server: Loopback, slack: Slack) -> None:
    """A thread is one document; in the next run it is asked for only if somebody has answered since."""
    question = said(3, "question", thread_ts=ts(3), reply_count=3, latest_reply=ts(12))
    slack.messages[3] = question
    answers = [said(minute, f"answer {minute}", thread_ts=ts(3), user="U2") for minute in (10, 11, 12)]
    slack.threads[ts(3)] = [question, *answers]
    source = channel(server)
    by_document = found(source)
    assert by_document[f"C1/thread/{ts(3)}"] == ["question", "answer 10", "answer 11", "answer 12"]
    assert "question" not in by_document["C1/2024-05-01"]
    server.asked.clear()
    list(source)
    assert not [path for path, _ in server.asked if "replies" in path]
    question["latest_reply"] = ts(60)
    slack.threads[ts(3)].append(said(60, "late answer", thread_ts=ts(3)))
    assert "late answer" in found(source)[f"C1/thread/{ts(3)}"]


def test_without_the_right_to_see_people_names_stay_ids(server: Loopback, slack: Slack) -> None:
    """The missing scope is reported as one bad record, and the messages are read."""
    slack.failing["users.list"] = {"ok": False, "error": "missing_scope"}
    items = list(channel(server))
    assert ["missing_scope" in str(item) for item in items if isinstance(item, RecordError)] == [True]
    assert next(item for item in items if isinstance(item, Document)).authors == ("U1",)


@pytest.mark.parametrize(
    ("reason", "error", "words"),
    [
        ("invalid_auth", SourceError, "SLACK_BOT_TOKEN"),
        ("not_in_channel", SourceError, "invite"),
        ("ratelimited", SourceUnavailableError, "later"),
        ("internal_error", SourceUnavailableError, "later"),
    ],
)
def test_refusals(server: Loopback, slack: Slack, reason: str, error: type[Exception], words: str) -> None:
    """Slack refuses within an answer of status 200; each refusal is one typed error."""
    slack.failing["conversations.history"] = {"ok": False, "error": reason}
    with pytest.raises(error, match=words):
        list(channel(server))


@pytest.mark.parametrize(
    "body", [b"<html>", [], None, {"ok": True, "messages": 5}, {"ok": True, "messages": [None, 5, {}]}]
)
def test_foreign_answers(server: Loopback, slack: Slack, body: Any) -> None:
    """Answers in another shape give typed errors or nothing, never a crash."""
    slack.failing["conversations.history"] = body
    with contextlib.suppress(SourceError):
        assert not [item for item in channel(server) if isinstance(item, Document)]


@pytest.mark.parametrize("cursor", ["", "x", "[]", '{"floor": []}', '{"floor": "nan"}', "[" * 100_000])
def test_a_strange_cursor_begins_anew(server: Loopback, cursor: str) -> None:
    """A cursor that is not ours reads everything."""
    source = channel(server)
    source.cursor = cursor
    assert len(found(source)["C1/2024-05-01"]) == 25


def test_the_token_is_nowhere_to_be_seen(
    server: Loopback, slack: Slack, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent, and appears in no log, repr, error, traceback or document."""
    caplog.set_level(logging.DEBUG)
    source = channel(server)
    seen = [repr(source), str(vars(source)), *(repr(item) for item in source)]
    assert server.tokens[0] == f"Bearer {TOKEN}"
    slack.before = [Answer({}, 403)]
    items = list(source)
    slack.failing["conversations.info"] = {"ok": False, "error": "invalid_auth"}
    with pytest.raises(SourceError) as caught:
        list(source)
    seen += [repr(items), "".join(traceback.format_exception(caught.value)), caplog.text]
    assert not [text for text in seen if "secret-token" in text]
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    with pytest.raises(ConfigurationError, match="SLACK_BOT_TOKEN"):
        list(source)
    with pytest.raises(ConfigurationError, match="general"):
        SlackChannel("#general")
