"""The migration table: what loaders of langchain-community lose of a file that ours keep.

Both read the same file. langchain-community is no dependency: without it the comparisons are skipped, and
only our side is checked.
"""

from __future__ import annotations

import importlib.util
import json
import re
import threading
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import masa_rag.sources
from masa_rag.sources import DiscordExport, SlackExport, TelegramExport, Transcripts, WebPages, WhatsAppExport
from masa_rag.types import Document, Segment

PAGE = (Path(__file__).parents[1] / "docs" / "migration.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)`.* \| (.*) \| (run|source) \|$", re.MULTILINE)


def theirs(name: str) -> Any:
    """Return a loader class of langchain-community, or skip with the reason."""
    if importlib.util.find_spec("langchain_community") is None:
        pytest.skip("langchain-community is not installed; install it to compare")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import langchain_community.document_loaders as loaders

        return getattr(loaders, name)


def texts(loader: Any) -> list[str]:
    """Return the texts that a loader of LangChain gives."""
    return [document.page_content for document in loader.load()]


def segments(source: Any) -> list[Segment]:
    """Return all segments of a source; an error fails the test."""
    documents = list(source)
    assert all(isinstance(document, Document) for document in documents)
    return [segment for document in documents for segment in document.segments]


@pytest.fixture
def whatsapp(tmp_path: Path) -> Path:
    """Four messages, one of two lines."""
    path = tmp_path / "WhatsApp Chat with Boat.txt"
    path.write_text(
        "13/05/2024, 18:30 - Mara: Who brings the ropes?\n13/05/2024, 18:31 - Dr. O'Neil: I do.\nTwo of them.\n"
        "13/05/2024, 18:32 - +49 170 1234567: See you\n13/05/2024, 18:33 - Bo: ok\n",
        encoding="utf-8",
    )
    return path


def test_whatsapp_ours(whatsapp: Path) -> None:
    """All four, with both lines."""
    assert [(item.author, item.text) for item in segments(WhatsAppExport(whatsapp))] == [
        ("Mara", "Who brings the ropes?"),
        ("Dr. O'Neil", "I do.\nTwo of them."),
        ("+49 170 1234567", "See you"),
        ("Bo", "ok"),
    ]


def test_whatsapp_theirs(whatsapp: Path) -> None:
    """Two of the four, in one text."""
    (text,) = texts(theirs("WhatsAppChatLoader")(str(whatsapp)))
    assert "ropes" in text
    assert "ok" in text
    assert not any(lost in text for lost in ("I do", "Two of them", "See you"))


@pytest.fixture
def telegram(tmp_path: Path) -> Path:
    """A plain message, and an answer with a link."""
    path = tmp_path / "result.json"
    first = {"id": 1, "type": "message", "date": "2024-05-13T18:30:00", "date_unixtime": "1715625000"}
    first |= {"from": "Mara", "from_id": "user1", "text": "Which map?", "text_entities": []}
    second = {"id": 2, "type": "message", "date": "2024-05-13T18:31:00", "date_unixtime": "1715625060"}
    second |= {"from": "Bo", "from_id": "user2", "reply_to_message_id": 1}
    second |= {"text": ["This: ", {"type": "link", "text": "https://map.example"}]}
    path.write_text(json.dumps({"name": "Boat", "type": "private_group", "id": 7, "messages": [first, second]}))
    return path


def test_telegram_ours(telegram: Path) -> None:
    """Both, and which answers which."""
    first, second = segments(TelegramExport(telegram))
    assert (first.text, second.author, second.reply_to) == ("Which map?", "Bo", first.id)
    assert "https://map.example" in second.text


def test_telegram_theirs(telegram: Path) -> None:
    """The message with the link is gone."""
    (text,) = texts(theirs("TelegramChatFileLoader")(str(telegram)))
    assert "Which map?" in text
    assert "map.example" not in text


def test_discord_ours(tmp_path: Path) -> None:
    """A message by its author's name."""
    path = tmp_path / "channel.json"
    author = {"id": "7", "username": "mara", "discriminator": "0", "avatar": ""}
    path.write_text(
        json.dumps(
            [
                {
                    "id": "900000000000000001",
                    "channel_id": "900000000000000000",
                    "content": "hello",
                    "timestamp": "2024-05-13T18:30:00+00:00",
                    "author": author,
                }
            ]
        )
    )
    assert [(item.author, item.text) for item in segments(DiscordExport(path))] == [("mara", "hello")]


def test_discord_theirs() -> None:
    """No call gets further than its own missing import."""
    loader = theirs("DiscordChatLoader")
    with pytest.raises(NameError, match="pd"):
        loader(object())


@pytest.fixture
def slack(tmp_path: Path) -> Path:
    """A join and a message with a mention and a link."""
    path = tmp_path / "slack.zip"
    users = [{"id": "U1", "name": "mara", "real_name": "Mara Lind"}, {"id": "U2", "name": "bo", "real_name": "Bo Berg"}]
    join = {"type": "message", "subtype": "channel_join", "user": "U1", "ts": "1715625000.000100"}
    join["text"] = "<@U1> has joined the channel"
    message = {
        "type": "message",
        "user": "U1",
        "ts": "1715625060.000100",
        "text": "<@U2> see <https://map.example|the map>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("channels.json", json.dumps([{"id": "C1", "name": "boats"}]))
        archive.writestr("users.json", json.dumps(users))
        archive.writestr("boats/2024-05-13.json", json.dumps([join, message]))
    return path


def test_slack_ours(slack: Path) -> None:
    """Names in place of ids, the link readable, no notice."""
    (message,) = segments(SlackExport(slack))
    assert message.author is not None
    assert "U1" not in message.author
    assert "<" not in message.text
    assert "https://map.example" in message.text


def test_slack_theirs(slack: Path) -> None:
    """Ids and marks of the service, and the notice as a message."""
    assert texts(theirs("SlackDirectoryLoader")(str(slack))) == [
        "<@U1> has joined the channel",
        "<@U2> see <https://map.example|the map>",
    ]


@pytest.fixture
def subtitles(tmp_path: Path) -> Path:
    """Two lines with times."""
    path = tmp_path / "talk.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\nHello.\n\n2\n00:01:05,000 --> 00:01:06,000\nThe tide turns.\n\n")
    return path


def test_subtitles_ours(subtitles: Path) -> None:
    """Each line has its seconds."""
    assert [(item.start, item.text) for item in segments(Transcripts(subtitles))] == [
        (1.0, "Hello."),
        (65.0, "The tide turns."),
    ]


def test_subtitles_theirs(subtitles: Path) -> None:
    """One text without a time."""
    loader = theirs("SRTLoader")
    pytest.importorskip("pysrt", reason="pysrt is not installed, which SRTLoader needs")
    assert texts(loader(str(subtitles))) == ["Hello. The tide turns."]


HTML = (
    "<html><head><title>Tides</title></head><body><nav><a href='/'>Home</a> <a href='/shop'>Shop</a></nav>"
    "<article><h1>Tides</h1><p>The tide turns twice a day in the harbour, and the ferry waits for it each time.</p>"
    "<p>Fishers have known the hours by heart for as long as there have been boats in this bay.</p></article>"
    "<footer>Imprint of the site</footer></body></html>"
)
FEED = (
    '<rss version="2.0"><channel><title>Harbour</title><item><title>One</title><link>{address}/gone.html</link>'
    "<description>What the feed itself says.</description></item></channel></rss>"
)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_pages_ours(tmp_path: Path) -> None:
    """The article without menu and footer."""
    (tmp_path / "tides.html").write_text(HTML)
    (document,) = [item for item in WebPages(tmp_path / "tides.html") if isinstance(item, Document)]
    assert "turns twice a day" in document.text
    assert "Shop" not in document.text
    assert "Imprint" not in document.text


def test_pages_theirs(tmp_path: Path) -> None:
    """Menu, article and footer in one."""
    loader = theirs("WebBaseLoader")
    pytest.importorskip("bs4")
    (tmp_path / "tides.html").write_text(HTML)
    with served(tmp_path) as address:
        (text,) = texts(loader(f"{address}/tides.html"))
    assert all(part in text for part in ("Shop", "turns twice a day", "Imprint"))


def test_feeds_theirs(tmp_path: Path) -> None:
    """An entry whose page is gone gives nothing, though the feed has its text."""
    loader = theirs("RSSFeedLoader")
    pytest.importorskip("feedparser", reason="feedparser is not installed, which RSSFeedLoader needs")
    pytest.importorskip("newspaper", reason="newspaper is not installed, which RSSFeedLoader needs")
    with served(tmp_path) as address:
        (tmp_path / "feed.xml").write_text(FEED.format(address=address))
        assert texts(loader(urls=[f"{address}/feed.xml"])) == []


RUN = {
    "WhatsAppChatLoader", "TelegramChatFileLoader", "DiscordChatLoader", "SlackDirectoryLoader", "SRTLoader",
    "WebBaseLoader", "RSSFeedLoader",
}  # fmt: skip


def test_the_page_claims_what_is_tested() -> None:
    """The rows that say "run" are those that a test here runs."""
    assert {name for name, _, checked in ROW.findall(PAGE) if checked == "run"} == RUN


def test_the_page_names_sources_that_exist() -> None:
    """Each name in the column "ours" can be imported."""
    named = {name for _, ours, _ in ROW.findall(PAGE) for name in re.findall(r"`(\w+)`", ours)}
    assert named <= set(masa_rag.sources.__all__)
    assert len(named) > 10


@pytest.mark.parametrize("name", [name for name, _, _ in ROW.findall(PAGE)])
def test_the_page_names_loaders_that_exist(name: str) -> None:
    """Each name in the column "theirs" is one of langchain-community's."""
    if importlib.util.find_spec("langchain_community") is None:
        pytest.skip("langchain-community is not installed; install it to compare")
    from importlib import import_module

    homes = ("langchain_community.document_loaders", "langchain_community.document_loaders.parsers.audio")
    assert any(hasattr(import_module(home), name) for home in homes)
