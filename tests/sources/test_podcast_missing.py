"""Podcasts of which something is missing: what is heard with, or the format of a transcript."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from masa_rag.errors import MissingDependencyError, RecordError
from masa_rag.sources import Podcast
from masa_rag.sources._feeds.podcast import parse_feed
from masa_rag.types import Document, Segment

SPACE = "https://podcastindex.org/namespace/1.0"
SOUND = '<enclosure url="a.mp3" type="audio/mpeg"/>'


class NotInstalled:
    """A transcriber whose library is not there."""

    fingerprint = "none:1"

    def __init__(self) -> None:
        self.uses = 0

    def transcribe(self, path: Path) -> Iterator[Segment]:
        """Say what is missing."""
        self.uses += 1
        raise MissingDependencyError("faster_whisper", extra="speech", purpose="Transcribing a recording")


def feed(folder: Path, *items: str) -> Path:
    """Write a feed whose episodes hold these elements, and a sound beside it."""
    (folder / "a.mp3").write_bytes(b"ID3")
    rows = "".join(f"<item><guid>{number}</guid>{item}</item>" for number, item in enumerate(items))
    (folder / "show.xml").write_text(f'<rss xmlns:podcast="{SPACE}"><channel>{rows}</channel></rss>')
    return folder / "show.xml"


def test_what_is_missing_to_hear_is_told_after_what_can_be_read(tmp_path: Path) -> None:
    """Episodes with a transcript come in all the same, and the sound of no other is fetched in vain."""
    (tmp_path / "t.vtt").write_text("WEBVTT\n\n00:05.000 --> 00:07.000\nHello, kites.\n")
    written = '<podcast:transcript url="t.vtt" type="text/vtt"/>'
    transcriber = NotInstalled()
    found: list[str] = []
    with pytest.raises(MissingDependencyError, match=r"masa-rag\[speech\]"):
        found += (item.id for item in Podcast(feed(tmp_path, written, SOUND, SOUND, written), transcriber=transcriber)
                  if isinstance(item, Document))  # fmt: skip
    assert (found, transcriber.uses) == (["0", "3"], 1)


def test_a_transcript_in_plain_words(tmp_path: Path) -> None:
    """What the feed says is a transcript is one, though it names no speaker and no time; a page of HTML is none."""
    (tmp_path / "t.txt").write_text("We fly kites\r\nat noon.\r\n\r\nThe wind is high.\r\n")
    (tmp_path / "page.txt").write_text("<html><body>Not here any more</body></html>")
    links = (f'<podcast:transcript url="{name}" type="text/plain"/>' for name in ("t.txt", "page.txt"))
    episode, error = Podcast(feed(tmp_path, *links))
    assert isinstance(episode, Document)
    assert [line.text for line in episode.segments] == ["We fly kites at noon.", "The wind is high."]
    assert isinstance(error, RecordError)


TURNS = [("Mara", "The wind is high."), ("Jonas", "Then we fly kites.")] * 3
BOLD = "".join(f"<p><strong>{name}:</strong> {text}<!-- end --></p>" for name, text in TURNS)
PAGES = {
    "names in bold": f"<!DOCTYPE html><html><head><title>t</title></head><body><nav>Home</nav>{BOLD}</body></html>",
    "breaks": "<p>" + "<br>\n".join(f"{name}: {text}" for name, text in TURNS) + "</p>",
    "without times": "".join(f"<cite>{name}:</cite><p>{text}</p>" for name, text in TURNS),
    "times above": "".join(f"<p>(00:0{number}):<br/>{name}: {text}</p>" for number, (name, text) in enumerate(TURNS)),
}


@pytest.mark.parametrize("form", PAGES)
def test_a_transcript_as_a_page(tmp_path: Path, form: str) -> None:
    """A page that says who speaks, or when, is a transcript; the episode was heard, or missing, though it had one."""
    (tmp_path / "t.html").write_text(PAGES[form])
    (episode,) = Podcast(feed(tmp_path, '<podcast:transcript url="t.html" type="text/html"/>'))
    assert isinstance(episode, Document), episode
    assert [(line.author, line.text) for line in episode.segments] == TURNS


@pytest.mark.parametrize("told", ["Fri, 03 May 2024 10:15:00 +0000", "2024-05-03T10:15:00Z"])
def test_days_of_episodes(told: str) -> None:
    """The time is read as mails have it, and as programs write it that do not know of mails."""
    item = f"<item><guid>kite-1</guid><pubDate>{told}</pubDate></item>"
    (episode,) = parse_feed(f"<rss version='2.0'><channel>{item}</channel></rss>".encode()).episodes
    assert episode.published == datetime(2024, 5, 3, 10, 15, tzinfo=UTC)
