"""What podcasts' feeds hold beside a guid and an enclosure."""

from __future__ import annotations

from pathlib import Path

import pytest

from masa_rag.sources import Podcast, open_source
from masa_rag.sources._feeds.podcast import Episode, parse_feed
from masa_rag.types import Document

HEAD = (
    '<?xml version="1.0" encoding="{encoding}"?><rss version="2.0" '
    'xmlns:podcast="https://podcastindex.org/namespace/1.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
    'xmlns:psc="http://podlove.org/simple-chapters"><channel>'
    "<title>Salt &amp; Größe</title><language>en-GB</language>"
)


def feed(*items: str, encoding: str = "utf-8") -> bytes:
    """Return a feed of items."""
    rows = "".join(f"<item>{item}</item>" for item in items)
    return f"{HEAD.format(encoding=encoding)}{rows}</channel></rss>".encode(encoding)


def episode(item: str) -> Episode:
    """Return the one episode of a feed."""
    (only,) = parse_feed(feed(item)).episodes
    return only


VIDEO = '<enclosure url="https://x.example/1.mp4" type="video/mp4" length="9000"/>'
SOUND = '<enclosure url="https://x.example/1.mp3" type="audio/mpeg" length="900"/>'


def other(name: str, length: int, *, kind: str = "audio/opus", more: str = "") -> str:
    """Return an alternative to an enclosure."""
    return (
        f'<podcast:alternateEnclosure type="{kind}" length="{length}" {more}>'
        f'<podcast:source uri="ipfs://abc"/><podcast:source uri="https://x.example/{name}"/></podcast:alternateEnclosure>'
    )


@pytest.mark.parametrize(
    ("enclosed", "heard"),
    [
        (
            VIDEO + other("big.wav", 800) + other("small.opus", 80) + other("tiny.mp4", 8, kind="video/mp4"),
            "small.opus",
        ),
        (VIDEO + other("de.opus", 80, more='lang="de"'), "1.mp4"),
        (VIDEO + other("us.opus", 80, more='lang="en-US"'), "us.opus"),
        (other("only.opus", 80), "only.opus"),
        (SOUND + other("small.opus", 80), "1.mp3"),
    ],
)
def test_the_smallest_sound_in_place_of_a_video(enclosed: str, heard: str) -> None:
    """Alternatives in the show's language are heard where no sound is enclosed; a gigabyte of pictures was fetched."""
    found = episode(f"<guid>one</guid>{enclosed}")
    assert found.id == "one"
    assert found.audio is not None
    assert found.audio.url == f"https://x.example/{heard}"


def test_an_episode_without_guid_link_and_enclosure() -> None:
    """What names it is its transcript, or its title; it was left out without a word."""
    transcript = '<title>One</title><podcast:transcript url="one.vtt" type="text/vtt"/>'
    assert episode(transcript).id == "one.vtt"
    assert episode("<title>One</title>").id == "One"


def test_season_and_episode_of_itunes() -> None:
    """They are taken where the podcast namespace does not say them."""
    numbers = "<itunes:season>2</itunes:season><itunes:episode>3</itunes:episode><podcast:episode>4</podcast:episode>"
    assert episode(f"<guid>one</guid>{numbers}").facts == {"season": 2.0, "episode": 4.0}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_chapters_in_the_feed(tmp_path: Path, encoding: str) -> None:
    """Podlove's chapters stand in the feed, which is a podcast's in UTF-16 too, with its transcripts."""
    item = (
        '<guid>one</guid><podcast:transcript url="one.vtt" type="text/vtt"/><psc:chapters version="1.2">'
        '<psc:chapter start="00:00:00.000" title="Größe"/><psc:chapter start="01:05" title="Buoy"/>'
        '<psc:chapter title="Nowhere"/></psc:chapters>'
    )
    (tmp_path / "feed.xml").write_bytes(feed(item, encoding=encoding))
    (tmp_path / "one.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nHello.\n")
    source = open_source(tmp_path / "feed.xml")
    assert isinstance(source, Podcast)
    (found,) = source
    assert isinstance(found, Document)
    assert found.metadata["chapters"] == [{"start": 0.0, "title": "Größe"}, {"start": 65.0, "title": "Buoy"}]
    assert found.metadata["show"] == "Salt & Größe"
