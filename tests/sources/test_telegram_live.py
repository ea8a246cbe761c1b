"""TelegramChannel through a client that replays a chat."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from masa_rag.errors import ConfigurationError, RecordError, SourceError, SourceUnavailableError
from masa_rag.protocols import ResumableSource
from masa_rag.sources import TelegramChannel
from masa_rag.types import Document

START = datetime(2024, 5, 1, 9, 0, tzinfo=UTC)
NORA = SimpleNamespace(first_name="Nora", last_name="Kern", username="nora_k")


class FloodWait(Exception):
    """What telethon raises when Telegram asks to wait."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds


def message(number: int, text: str | None = None, **more: Any) -> SimpleNamespace:
    """Message of that number, said so many minutes after nine."""
    values = {
        "id": number,
        "date": START + timedelta(minutes=number),
        "message": text or f"text {number}",
        "sender": NORA,
    }
    return SimpleNamespace(**(values | {"sender_id": 1} | more))


class Client:
    """A chat of 250 messages, as telethon's client shows it."""

    def __init__(self) -> None:
        self.messages = [message(number) for number in range(1, 251)]
        self.entity = SimpleNamespace(id=77, title="Harbour crew", megagroup=True, username="harbour_crew")
        self.authorized = True
        self.failures: list[Exception] = []
        self.asked: list[int] = []
        self.connected = False

    async def connect(self) -> None:
        """Connect."""
        self.connected = True

    async def disconnect(self) -> None:
        """Disconnect."""
        self.connected = False

    async def is_user_authorized(self) -> bool:
        """Say whether the session is known."""
        return self.authorized

    async def get_entity(self, chat: str) -> Any:
        """Return the chat."""
        if chat != "harbour_crew":
            raise ValueError(f"No user has {chat!r} as username")
        return self.entity

    async def get_messages(self, entity: Any, *, ids: int) -> Any:
        """Return the message of a number."""
        assert entity is self.entity
        self.asked.append(ids)
        return next((item for item in self.messages if item.id == ids), None)

    async def iter_messages(self, entity: Any, *, limit: int, min_id: int, reverse: bool) -> AsyncIterator[Any]:
        """Yield the oldest messages after a number."""
        assert reverse
        assert entity is self.entity
        self.asked.append(min_id)
        if self.failures:
            raise self.failures.pop(0)
        for item in [item for item in self.messages if item.id > min_id][:limit]:
            yield item


@pytest.fixture
def client() -> Client:
    """The client that is handed to the source."""
    return Client()


def channel(client: Client, **options: Any) -> TelegramChannel:
    """The source under test."""
    return TelegramChannel("harbour_crew", make_client=lambda: client, **options)


def texts(source: TelegramChannel) -> list[str]:
    """All messages, in the order in which they came."""
    return [segment.text for item in source if isinstance(item, Document) for segment in item.segments]


def test_reads_everything_in_pages(client: Client) -> None:
    """Three pages; ids, titles and links are those of the export; the cursor is the last number."""
    source = channel(client)
    assert isinstance(source, ResumableSource)
    assert source.name == "telegram:harbour_crew"
    found = [item for item in source if isinstance(item, Document)]
    assert [segment.text for item in found for segment in item.segments] == [
        f"text {number}" for number in range(1, 251)
    ]
    assert {item.id for item in found} == {"77/2024-05-01"}
    assert (found[0].title, found[0].segments[0].author) == ("Harbour crew", "Nora Kern")
    assert found[0].segments[0].url == "https://t.me/c/77/1"
    assert source.cursor == "250"
    assert client.asked == [0, 100, 200]
    assert not client.connected


def test_goes_on_from_the_cursor(client: Client) -> None:
    """A second run reads what is new, and with an overlap what may have been edited."""
    source = channel(client, overlap_messages=0)
    list(source)
    client.messages[249] = message(250, "edited", edit_date=START + timedelta(hours=9))
    client.messages.append(message(251, "new"))
    assert texts(source) == ["new"]
    overlapping = channel(client, overlap_messages=2)
    overlapping.cursor = "250"
    assert texts(overlapping) == ["text 249", "edited", "new"]
    assert overlapping.cursor == "251"


def test_what_surrounds_a_message(client: Client) -> None:
    """Links, replies, forwards, reactions, edits and deleted accounts are kept; service messages are left out."""
    link = SimpleNamespace(offset=3, length=5, url="https://tides.example")
    reaction = SimpleNamespace(reaction=SimpleNamespace(emoticon="👍"), count=2)
    client.messages = [
        message(1, "🌊 table", entities=[link, SimpleNamespace(offset=0, length=2)]),
        message(2, "b", reply_to=SimpleNamespace(reply_to_msg_id=1), fwd_from=SimpleNamespace(from_name="Coast radio")),
        message(3, "c", sender=SimpleNamespace(deleted=True), reactions=SimpleNamespace(results=[reaction])),
        message(4, "d", sender=None, sender_id=-1000000000077, post_author="Harbour master", edit_date=START),
        message(5, "joined", action=object()),
        message(6, "x", date=None),
        SimpleNamespace(id=7, date=START, message=""),
    ]
    items = list(channel(client))
    (document,) = [item for item in items if isinstance(item, Document)]
    first, second, third, fourth = sorted(document.segments, key=lambda item: str(item.id))
    assert first.text == "🌊 table (https://tides.example)"
    assert (second.reply_to, second.metadata["forwarded_from"]) == ("1", "Coast radio")
    assert (third.author, third.metadata["reactions"]) == ("Deleted account", {"👍": 2})
    assert (fourth.author, fourth.edited_at) == ("Harbour master", START)
    assert [item.metadata["author_id"] for item in (first, fourth)] == ["user1", "channel77"]
    assert len([item for item in items if isinstance(item, RecordError)]) == 1


def test_topics_are_those_of_the_export(client: Client) -> None:
    """A topic is a room named by the message that opened it; an answer to another chat has no number here."""

    def to(number: int, top: int | None = None, **more: Any) -> SimpleNamespace:
        return SimpleNamespace(reply_to_msg_id=number, reply_to_top_id=top, **({"forum_topic": True} | more))

    client.messages = [
        message(2, action=SimpleNamespace(title="Ropes")),
        message(3, "in the topic", reply_to=to(2)),
        message(4, "an answer in it", reply_to=to(3, 2)),
        message(5, "in a topic that is gone", reply_to=to(1)),
        message(6, "to another chat", reply_to=to(9, forum_topic=False, reply_to_peer_id=object())),
    ]
    topic, day = [item for item in channel(client) if isinstance(item, Document)]
    assert (topic.id, topic.title, topic.metadata["topic"]) == (
        "77/topic/2/2024-05-01",
        "Harbour crew > Ropes",
        "Ropes",
    )
    assert [(part.text, part.reply_to) for part in topic.segments] == [("in the topic", "2"), ("an answer in it", "3")]
    assert day.id == "77/2024-05-01"
    assert [(part.text, part.reply_to) for part in day.segments] == [
        ("in a topic that is gone", "1"), ("to another chat", None),
    ]  # fmt: skip
    assert client.asked == [0, 2, 1]


class MessageEntityBlockquote(SimpleNamespace):
    """What telethon calls a quotation."""


def test_quotations_are_marked_as_in_an_export(client: Client) -> None:
    """Their lines begin with "> "; offsets count UTF-16 units."""
    link = SimpleNamespace(offset=3, length=2, url="https://tides.example")
    quote = MessageEntityBlockquote(offset=3, length=10)
    client.messages = [message(1, "🌊\nWe sail\nin\nWe do", entities=[quote, link])]
    assert texts(channel(client)) == ["🌊\n> We (https://tides.example) sail\n> in\nWe do"]


@pytest.mark.parametrize("wrap", [str, lambda text: SimpleNamespace(text=text, entities=[])])
def test_polls_are_words(client: Client, wrap: Callable[[str], Any]) -> None:
    """Question and answers, as in an export; they lie in objects of their own since 2024."""
    answers = [SimpleNamespace(text=wrap("Sat"), option=b"0"), SimpleNamespace(text=wrap("Sun"), option=b"1")]
    poll = SimpleNamespace(question=wrap("Which day?"), answers=answers)
    client.messages = [message(1, media=SimpleNamespace(poll=poll)), message(2, media=SimpleNamespace(photo=object()))]
    client.messages[0].message = ""
    assert texts(channel(client)) == ["Which day?\n- Sat\n- Sun", "text 2"]


def test_waiting_is_honoured_within_the_budget(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short wait is kept; a longer one is an error that says how long, and the cursor stays."""
    waited: list[float] = []
    monkeypatch.setattr("masa_rag.sources.telegram_live.time.sleep", waited.append)
    client.failures = [FloodWait(20)]
    assert len(texts(channel(client))) == 250
    assert waited == [20]
    client.failures = [FloodWait(50), FloodWait(30)]
    source = channel(client)
    with pytest.raises(SourceUnavailableError, match="30 s") as caught:
        list(source)
    assert caught.value.retry_after_s == 30
    assert source.cursor is None
    assert not client.connected


def test_refusals(client: Client) -> None:
    """An unknown chat, an unknown session and a broken line are typed errors."""
    with pytest.raises(SourceError, match="ValueError"):
        list(TelegramChannel("nobody", make_client=lambda: client))
    client.failures = [ConnectionResetError()]
    with pytest.raises(SourceUnavailableError, match="ConnectionResetError"):
        list(channel(client))
    client.authorized = False
    with pytest.raises(SourceError, match="TELEGRAM_SESSION"):
        list(channel(client))
    assert not client.connected


async def test_works_where_a_loop_runs_already(client: Client) -> None:
    """Notebooks have an event loop; reading does not need it and does not disturb it."""
    assert len(texts(channel(client))) == 250
    assert asyncio.get_running_loop().is_running()


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is named; secrets appear in no error and no repr; without telethon the extra is named."""
    for name in ("TELEGRAM_API_ID", "TELEGRAM_API_HASH", "TELEGRAM_SESSION"):
        monkeypatch.delenv(name, raising=False)
    source = TelegramChannel("https://t.me/harbour_crew")
    assert repr(source) == "<TelegramChannel 'telegram:harbour_crew'>"
    with pytest.raises(ConfigurationError, match="TELEGRAM_API_ID, TELEGRAM_API_HASH, TELEGRAM_SESSION"):
        list(source)
    monkeypatch.setenv("TELEGRAM_API_ID", "secret-id")
    monkeypatch.setenv("TELEGRAM_API_HASH", "secret-hash")
    monkeypatch.setenv("TELEGRAM_SESSION", "secret-session")
    with pytest.raises(ConfigurationError) as caught:
        list(source)
    assert "secret" not in str(caught.value)
    monkeypatch.setenv("TELEGRAM_API_ID", "1")
    monkeypatch.setitem(sys.modules, "telethon", None)
    with pytest.raises(ImportError, match="telegram"):
        list(source)
    with pytest.raises(ConfigurationError, match="empty"):
        TelegramChannel(" ")
