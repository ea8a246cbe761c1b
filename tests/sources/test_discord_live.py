"""DiscordChannel against a server that replays the API's answers."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from loopback import Answer, Loopback, serving

from masa_rag.errors import ConfigurationError, RecordError, SourceError, SourceFormatError, SourceUnavailableError
from masa_rag.protocols import ResumableSource
from masa_rag.sources import DiscordChannel
from masa_rag.types import Document

CHANNEL = "900000000000000001"
TOKEN = "MTIz.secret-token.XYZ"
START = datetime(2024, 5, 1, 9, 0, tzinfo=UTC)


def message(number: int, content: str | None = None, **more: Any) -> dict[str, Any]:
    """Message of that number, said so many minutes after nine."""
    moment = START + timedelta(minutes=number)
    return {
        "id": str((int(moment.timestamp() * 1000) - 1_420_070_400_000) << 22),
        "channel_id": CHANNEL,
        "content": content if content is not None else f"text {number}",
        "timestamp": moment.isoformat(),
        "author": {"id": "7", "username": "nora.k", "global_name": "Nora"},
    } | more


class Discord:
    """A channel as the API shows it: the oldest ``limit`` messages after an id, newest first."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.messages = messages
        self.channel: Any = {"id": CHANNEL, "type": 0, "name": "general", "guild_id": "8", "topic": "Boats"}
        self.before: list[Answer] = []
        self.after: dict[str, Answer] = {}
        self.active: list[dict[str, Any]] = []
        self.archived: list[dict[str, Any]] = []
        self.answers: dict[str, list[dict[str, Any]]] = {}

    def __call__(self, path: str, parameters: dict[str, str]) -> Answer:
        """Answer one request; the answers of ``before`` come first, those of ``after`` after that message."""
        if self.before:
            return self.before.pop(0)
        if parameters.get("after") in self.after:
            return self.after[parameters["after"]]
        if path == f"/channels/{CHANNEL}":
            return Answer(self.channel)
        if path == "/guilds/8/threads/active":
            return Answer({"threads": self.active})
        if path.endswith("/threads/archived/public"):
            start = 1 if "before" in parameters else 0
            return Answer({"threads": self.archived[start : start + 1], "has_more": len(self.archived) > start + 1})
        said = self.answers.get(path.split("/")[2], self.messages)
        later = [row for row in said if int(row["id"]) > int(parameters["after"])]
        return Answer(sorted(later, key=lambda row: int(row["id"]))[: int(parameters["limit"])][::-1])


@pytest.fixture
def discord() -> Discord:
    """A channel of 250 messages over a day."""
    return Discord([message(number * 10) for number in range(250)])


@pytest.fixture
def server(discord: Discord, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """The server; waiting takes no time."""
    monkeypatch.setenv("DISCORD_BOT_TOKEN", TOKEN)
    with serving(discord) as running:
        yield running


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What would have been waited, in seconds."""
    pauses: list[float] = []
    monkeypatch.setattr("masa_rag.sources._rest.time.sleep", pauses.append)
    return pauses


def channel(server: Loopback, **options: Any) -> DiscordChannel:
    """The source under test."""
    return DiscordChannel(CHANNEL, base_url=server.url, **options)


def texts(source: DiscordChannel) -> list[str]:
    """All messages, in the order in which they came."""
    return [segment.text for item in source if isinstance(item, Document) for segment in item.segments]


def test_reads_everything_in_pages(server: Loopback) -> None:
    """Three pages of a channel; ids, titles and links are those of the exports; the cursor is the last message."""
    source = channel(server)
    assert isinstance(source, ResumableSource)
    found = [item for item in source if isinstance(item, Document)]
    assert [segment.text for item in found for segment in item.segments] == [
        f"text {number * 10}" for number in range(250)
    ]
    assert {item.id for item in found} == {f"{CHANNEL}/2024-05-01", f"{CHANNEL}/2024-05-02", f"{CHANNEL}/2024-05-03"}
    assert found[0].title == "#general"
    assert found[0].segments[0].url == f"https://discord.com/channels/8/{CHANNEL}/{message(0)['id']}"
    assert source.cursor == message(2490)["id"]
    asked = [parameters["after"] for _, parameters in server.asked if "after" in parameters]
    assert asked == ["0", message(990)["id"], message(1990)["id"]]


def thread(number: int, name: str, *, parent: str = CHANNEL) -> dict[str, Any]:
    """A thread that opened with the message of that number, archived at that minute."""
    opened = message(number)
    archived = {"archive_timestamp": opened["timestamp"]}
    known = {"id": opened["id"], "type": 11, "name": name, "parent_id": parent, "guild_id": "8"}
    return known | {"thread_metadata": archived, "last_message_id": message(number + 5)["id"]}


def test_threads_are_documents(server: Loopback, discord: Discord) -> None:
    """Threads that go on and archived ones are read whole, each a document; another channel's thread is not."""
    discord.active = [thread(10, "ropes"), thread(20, "elsewhere", parent="900000000000000009")]
    discord.archived = [thread(30, "sails"), thread(40, "tar")]
    for row in (*discord.active, *discord.archived):
        discord.answers[row["id"]] = [message(2600, f"about {row['name']}")]
    found = {item.id: item for item in channel(server) if isinstance(item, Document)}
    threads = {key: item.text for key, item in found.items() if "/thread/" in key}
    assert threads == {
        f"{CHANNEL}/thread/{message(number)['id']}": f"Nora: about {name}"
        for number, name in ((10, "ropes"), (30, "sails"), (40, "tar"))
    }
    assert found[f"{CHANNEL}/thread/{message(10)['id']}"].title == "#general > ropes"
    assert len(found) == 6
    assert "/thread/" not in "".join(item.id for item in channel(server, threads=False) if isinstance(item, Document))


def test_threads_that_are_kept_from_the_bot(server: Loopback, discord: Discord) -> None:
    """Where threads may not be listed an error says so, and the channel is read."""
    discord.before = [Answer(discord.channel), Answer({"message": "Missing Access"}, status=403)]
    items = list(channel(server))
    assert next(str(item) for item in items if isinstance(item, RecordError)).startswith(
        f"{CHANNEL}: the threads cannot"
    )
    assert sum(len(item.segments) for item in items if isinstance(item, Document)) == 250


def test_only_threads_with_something_new_are_read_again(server: Loopback, discord: Discord) -> None:
    """A second run asks for the messages of threads in which something was said since."""
    discord.active = [thread(10, "ropes"), thread(2600, "sails")]
    for row in discord.active:
        discord.answers[row["id"]] = [message(2605, f"about {row['name']}")]
    source = channel(server, overlap_days=0)
    source.cursor = message(2490)["id"]
    assert texts(source) == ["about sails"]


def test_a_forum_goes_on_where_its_threads_ended(server: Loopback, discord: Discord) -> None:
    """It has no messages of its own, so that its cursor is the last one of all threads."""
    discord.channel = discord.channel | {"type": 15}
    discord.messages = []
    rope, sail = discord.active = [thread(2, "ropes"), thread(3, "sails")]
    discord.answers = {rope["id"]: [message(15, "tar it")], sail["id"]: [message(9, "mend it")]}
    source = channel(server, overlap_days=0)
    assert texts(source) == ["tar it", "mend it"]
    assert source.cursor == message(15)["id"]
    discord.answers[sail["id"]].append(message(20, "and dry it"))
    sail["last_message_id"] = message(20)["id"]
    assert texts(source) == ["and dry it"]


def test_goes_on_from_the_cursor(server: Loopback, discord: Discord) -> None:
    """A second run reads what is new; with an overlap also what may have been edited since."""
    first = channel(server)
    list(first)
    discord.messages.append(message(2500, "new"))
    discord.messages[249] = message(2490, "edited", edited_timestamp="2024-05-03T12:00:00+00:00")
    second = channel(server, overlap_days=0)
    second.cursor = first.cursor
    assert texts(second) == ["new"]
    third = channel(server, overlap_days=20 / 1440)
    third.cursor = first.cursor
    assert texts(third) == ["text 2480", "edited", "new"]
    assert third.cursor == message(2500)["id"]


def test_the_cursor_moves_behind_the_documents(server: Loopback) -> None:
    """While the documents of a page are handed out, the cursor still stands before that page."""
    source = channel(server)
    reading = iter(source)
    next(reading)
    assert source.cursor is None
    list(reading)
    assert source.cursor == message(2490)["id"]


def test_rate_limits_are_waited_for(server: Loopback, discord: Discord, waited: list[float]) -> None:
    """The pause the service asks for is kept, to the fraction; a last allowed request is followed by its pause."""
    discord.before = [
        Answer({"retry_after": 1.25, "global": False}, 429, {"Retry-After": "2"}),
        Answer(discord.channel, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "0.5"}),
    ]
    assert len(texts(channel(server))) == 250
    assert waited == [1.25, 0.5]


def test_a_spent_budget_says_when_to_come_back(server: Loopback, discord: Discord, waited: list[float]) -> None:
    """A pause longer than the budget is not waited for; what came before it is kept, and so is the cursor."""
    source = channel(server, max_wait_s=10)
    discord.after = {message(990)["id"]: Answer({}, 429, {"Retry-After": "3600"})}
    reading = iter(source)
    first = next(reading)
    assert isinstance(first, Document)
    with pytest.raises(SourceUnavailableError, match="3600 s") as caught:
        list(reading)
    assert caught.value.retry_after_s == 3600
    assert source.cursor == message(990)["id"]
    assert waited == []


def test_a_busy_day_is_one_document(server: Loopback, discord: Discord, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day of three pages comes once, or it would be stored anew with each page; a slow service's pages come soon."""
    discord.messages = [message(number) for number in range(250)]
    found = [item for item in channel(server) if isinstance(item, Document)]
    assert [(item.id, len(item.segments)) for item in found] == [(f"{CHANNEL}/2024-05-01", 250)]
    monkeypatch.setattr("masa_rag.sources._chats.pages.HELD_S", 0.0)
    slow = [item for item in channel(server) if isinstance(item, Document)]
    assert [len(item.segments) for item in slow] == [100, 100, 50]


def test_failures_are_tried_again(server: Loopback, discord: Discord, waited: list[float]) -> None:
    """Two failures are overcome; a service that stays down is unavailable."""
    discord.before = [Answer("down", 502), Answer("down", 503)]
    assert len(texts(channel(server))) == 250
    assert waited == [1, 2]
    discord.before = [Answer("down", 500)] * 4
    with pytest.raises(SourceUnavailableError, match="500"):
        list(channel(server))
    with pytest.raises(SourceUnavailableError, match="ConnectError"):
        list(DiscordChannel(CHANNEL, base_url="http://127.0.0.1:9"))


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Answer({"message": "401: Unauthorized"}, 401), SourceError, "token"),
        (Answer({}, 404), SourceError, "404"),
        (Answer({}, 302, {"Location": "http://127.0.0.1:9/"}), SourceError, "302"),
        (Answer(b"<html>"), SourceFormatError, "JSON"),
        (Answer([]), SourceFormatError, "channel"),
        (Answer(b"[" * 100_000), SourceFormatError, "JSON"),
    ],
)
def test_refusals(server: Loopback, discord: Discord, answer: Answer, error: type[Exception], words: str) -> None:
    """Each refusal is one typed error that says what to check."""
    discord.before = [answer]
    with pytest.raises(error, match=words):
        list(channel(server))


def test_the_token_is_nowhere_to_be_seen(
    server: Loopback, discord: Discord, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent, and appears in no log, repr, error, traceback or document."""
    caplog.set_level(logging.DEBUG)
    source = channel(server)
    seen = [repr(source), str(vars(source)), *(repr(item) for item in source), repr(source)]
    assert server.tokens[0] == f"Bot {TOKEN}"
    discord.before = [Answer({}, 401)]
    with pytest.raises(SourceError) as caught:
        list(source)
    seen += [str(caught.value), "".join(traceback.format_exception(caught.value)), caplog.text]
    with pytest.raises(SourceUnavailableError) as unreachable:
        list(DiscordChannel(CHANNEL, base_url="http://127.0.0.1:9", max_wait_s=0))
    seen += ["".join(traceback.format_exception(unreachable.value)), caplog.text]
    assert not [text for text in seen if "secret-token" in text]
    monkeypatch.delenv("DISCORD_BOT_TOKEN")
    with pytest.raises(ConfigurationError, match="DISCORD_BOT_TOKEN"):
        list(source)


def test_bad_messages_and_threads(server: Loopback, discord: Discord) -> None:
    """A bad message is reported and the others are kept; a thread is one document under its channel."""
    discord.messages = [message(0), message(1, content=None) | {"content": 5}, message(2)]
    discord.channel = {"id": CHANNEL, "type": 11, "name": "cranes", "parent_id": "6", "guild_id": "8"}
    items = list(channel(server))
    (document,) = [item for item in items if isinstance(item, Document)]
    assert document.id == f"6/thread/{CHANNEL}"
    assert len(document.segments) == 2
    assert len([item for item in items if isinstance(item, RecordError)]) == 1


def test_a_wrong_channel_id_is_refused_at_once() -> None:
    """A name in place of the number is an error before anything is asked."""
    with pytest.raises(ConfigurationError, match="general"):
        DiscordChannel("general")
