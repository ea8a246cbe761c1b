"""Podcasts by their feed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from masa_rag.errors import RecordError, SourceFormatError, TranscriptionError
from masa_rag.sources import Podcast, open_source
from masa_rag.sources._feeds.podcast import parse_feed
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document, Segment

FEED = """<?xml version="1.0"?>
<rss version="2.0" xmlns:podcast="{space}" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel>
<title>Kites at Noon</title><language>en</language><podcast:person role="host">Mia Ode</podcast:person>
<item><title>Balloons</title><guid>kite-7</guid><link>https://example.org/7</link>
<pubDate>Wed, 01 May 2024 10:00:00 +0200</pubDate>
<podcast:transcript url="seven.txt" type="text/plain"/><podcast:transcript url="seven.vtt" type="text/vtt"/>
<podcast:person role="guest">Ben Ito</podcast:person><podcast:person group="visuals">Zed Artist</podcast:person>
<podcast:chapters url="chapters.json" type="application/json"/><podcast:episode>7</podcast:episode>
<enclosure url="seven.mp3" length="1" type="audio/mpeg"/></item>
<item><title>No words</title><guid>kite-6</guid><enclosure url="six.mp3" type="audio/mpeg" length="1"/></item>
</channel></rss>"""
SPACE = "https://podcastindex.org/namespace/1.0"


class Spoken:
    """A transcriber that hears the same in everything."""

    fingerprint = "spoken:1"

    def transcribe(self, path: Path) -> list[Segment]:
        """Return one line."""
        return [Segment(f"We hear {path.name}.", start=1.0, end=2.0)]


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """A feed with its transcript, chapters and audio beside it."""
    (tmp_path / "feed.xml").write_text(FEED.format(space=SPACE))
    (tmp_path / "seven.txt").write_text("Speaker A: Hello.\nSpeaker B: Hi.\n")
    (tmp_path / "seven.vtt").write_text("WEBVTT\n\n00:05.000 --> 00:07.000\n<v Ben Ito>Hello, kites.\n")
    (tmp_path / "chapters.json").write_text(json.dumps({"chapters": [{"startTime": 5, "title": "Wind"}, {"x": 1}]}))
    (tmp_path / "six.mp3").write_bytes(b"ID3")
    return tmp_path / "feed.xml"


class TestPodcastContract(SourceContract):
    """The shipped contract."""

    @pytest.fixture(autouse=True)
    def _feed(self, feed: Path) -> None:
        self.feed = feed

    def make(self) -> Podcast:
        """Return the podcast with a transcriber that needs no weights."""
        return Podcast(self.feed, transcriber=Spoken())


def test_published_transcript_is_taken(feed: Path) -> None:
    """The kind with times wins; people, chapters, date and a link to the second come from the feed."""
    (episode,) = Podcast(feed, audio=False)
    assert isinstance(episode, Document)
    assert (episode.id, episode.title, episode.kind) == ("kite-7", "Balloons", "speech")
    assert episode.created_at == datetime(2024, 5, 1, 8, tzinfo=UTC)
    assert episode.segments == (
        Segment("Hello, kites.", author="Ben Ito", start=5.0, end=7.0, url="https://example.org/7#t=5"),
    )
    assert episode.metadata == {
        "transcript": "seven.vtt", "episode": 7.0, "show": "Kites at Noon", "participants": ["Ben Ito", "Mia Ode"],
        "chapters": [{"start": 5.0, "title": "Wind"}], "language": "en",
        "persons": [{"name": "Ben Ito", "role": "guest"}, {"name": "Zed Artist", "group": "visuals"}],
        "show_persons": [{"name": "Mia Ode", "role": "host"}],
        "transcripts": [{"url": "seven.txt", "type": "text/plain"}, {"url": "seven.vtt", "type": "text/vtt"}],
    }  # fmt: skip


def test_audio_is_transcribed_when_there_is_no_transcript(feed: Path) -> None:
    """Who is the host of a show need not be alone in an episode: nobody is named."""
    _, episode = Podcast(feed, transcriber=Spoken())
    assert isinstance(episode, Document)
    assert [(line.text, line.author) for line in episode.segments] == [("We hear six.mp3.", None)]


@pytest.mark.parametrize(
    "space", [SPACE, "https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md"]
)
def test_repeated_elements_are_kept(space: str) -> None:
    """Both addresses of the namespace count, and every transcript and person is kept."""
    show = parse_feed(FEED.format(space=space).encode())
    assert [link.url for link in show.episodes[0].transcripts] == ["seven.txt", "seven.vtt"]
    assert show.episodes[0].people == (("Ben Ito", "guest"),)


def test_links_stay_beside_the_feed(feed: Path) -> None:
    """A local feed cannot name files elsewhere: the episode fails, the others go on."""
    feed.write_text(feed.read_text().replace("seven.txt", "../a.txt").replace("seven.vtt", "/etc/hostname"))
    first, second = Podcast(feed, audio=False, transcriber=Spoken()), list(Podcast(feed, transcriber=Spoken()))
    assert isinstance(next(iter(first)), RecordError)
    assert isinstance(second[-1], Document)


@pytest.mark.parametrize("data", [b"", b"<rss", b"<rss/>", b"<html></html>", b"\x00\x01"])
def test_no_feed_is_one_error(tmp_path: Path, data: bytes) -> None:
    """What is no feed is a SourceFormatError."""
    (tmp_path / "feed.xml").write_bytes(data)
    with pytest.raises(SourceFormatError):
        list(Podcast(tmp_path / "feed.xml"))


def test_it_is_recognised(feed: Path) -> None:
    """A feed with audio is a podcast."""
    assert isinstance(open_source(feed), Podcast)
    assert not Podcast.recognises(Path("x.xml"), b"<rss><channel><item><title>News</title></item></channel></rss>")


def test_ampersands_that_are_not_escaped() -> None:
    """Titles and addresses keep the letters behind them."""
    item = '<item><title>Q&A</title><guid>1</guid><enclosure url="https://kites.example/?a=1&b=2" type="audio/mpeg"/>'
    (episode,) = parse_feed(f"<rss><channel>{item}</item></channel></rss>".encode()).episodes
    assert episode.title == "Q&A"
    assert episode.audio is not None
    assert episode.audio.url == "https://kites.example/?a=1&b=2"


def shown(folder: Path, *items: str) -> Path:
    """Write a feed in English whose episodes hold these elements, and audio."""
    rows = (
        f'<item><guid>{number}</guid><enclosure url="{number}.mp3" type="audio/mpeg"/>{item}</item>'
        for number, item in enumerate(items)
    )
    for number in range(len(items)):
        (folder / f"{number}.mp3").write_bytes(b"ID3")
    head = f'<rss xmlns:podcast="{SPACE}"><channel><title>Tides</title><language>en-gb</language>'
    (folder / "show.xml").write_text(f"{head}{''.join(rows)}</channel></rss>")
    return folder / "show.xml"


class Failing(Spoken):
    """Fails at its second use, as a transcriber of many files or as a diarizer."""

    def __init__(self) -> None:
        self.uses = 0

    def _use(self) -> None:
        self.uses += 1
        if self.uses == 2:
            raise TranscriptionError("the process that runs the model ended")

    def diarize(self, path: Path) -> list[object]:
        """Know nobody."""
        self._use()
        return []


class FailingAtMany(Failing):
    """The same, when it is asked for many files."""

    def transcribe_many(self, paths: list[Path]) -> Iterator[tuple[Path, list[Segment]]]:
        """Yield the lines of each."""
        self._use()
        for path in paths:
            yield path, self.transcribe(path)


def test_an_episode_that_cannot_be_heard_is_one_error(tmp_path: Path) -> None:
    """Whether the model or the diarizer failed on the second of three, the third is heard."""
    feed = shown(tmp_path, "", "", "")
    for source in (
        Podcast(feed, transcriber=Spoken(), diarizer=Failing()),
        Podcast(feed, transcriber=FailingAtMany()),
    ):
        first, error, third = source
        assert isinstance(first, Document)
        assert isinstance(error, RecordError)
        assert (str(error), error.record_id) == ("1: the process that runs the model ended", "1")
        assert isinstance(third, Document)


@pytest.mark.parametrize(
    ("person", "author"),
    [
        ("<podcast:person>Jane Ode</podcast:person>", "Jane Ode"),
        ('<podcast:person role="Host">Jane Ode</podcast:person>', "Jane Ode"),
        ('<podcast:person role="guest">Jane Ode</podcast:person>', None),
        ("<podcast:person>Jane Ode</podcast:person><podcast:person>Ben Ito</podcast:person>", None),
    ],
)
def test_only_a_host_alone_is_the_author(tmp_path: Path, person: str, author: str | None) -> None:
    """Who has no role is a host, as the namespace says; whoever asks a guest is not named, so nobody is."""
    (episode,) = Podcast(shown(tmp_path, person), transcriber=Spoken())
    assert isinstance(episode, Document)
    told = {"speaker_from": "feed"} if author else {}
    assert [(line.author, line.metadata) for line in episode.segments] == [(author, told)]


@pytest.mark.parametrize(
    ("languages", "taken"),
    [(("en", "es"), "t.vtt"), (("", "es"), "t.vtt"), (("EN-us", ""), "t.json"), (("fr", "es"), "t.json")],
)
def test_a_transcript_in_the_language_of_the_show_comes_first(
    tmp_path: Path, languages: tuple[str, str], taken: str
) -> None:
    """One without a language is in that of the show; among equals, the kind that tells more is taken."""
    (tmp_path / "t.vtt").write_text("WEBVTT\n\n00:05.000 --> 00:07.000\nHello, kites.\n")
    (tmp_path / "t.json").write_text(json.dumps({"segments": [{"startTime": 1, "endTime": 2, "body": "Hola."}]}))
    links = "".join(
        f'<podcast:transcript url="{url}" type="{kind}" language="{language}"/>'
        for url, kind, language in zip(("t.vtt", "t.json"), ("text/vtt", "application/json"), languages, strict=True)
    )
    (episode,) = Podcast(shown(tmp_path, links))
    assert isinstance(episode, Document)
    assert episode.metadata["transcript"] == taken


def test_what_is_heard_is_taken_from_what_is_enclosed(tmp_path: Path) -> None:
    """A cover enclosed before the audio is no recording, and neither is one enclosed alone."""
    cover = '<enclosure url="cover.jpg" type="image/jpeg"/>'
    sound = '<enclosure url="sound" type="Audio/MPEG; codecs=mp3"/>'
    (tmp_path / "sound").write_bytes(b"ID3")
    (tmp_path / "feed.xml").write_text(
        f"<rss><channel><item><guid>a</guid>{cover}{sound}</item><item><guid>b</guid>{cover}</item></channel></rss>"
    )
    (episode,) = Podcast(tmp_path / "feed.xml", transcriber=Spoken())
    assert isinstance(episode, Document)
    assert episode.text == "We hear sound."


def test_links_are_written_as_addresses(tmp_path: Path) -> None:
    """In a link "%20" is the blank in a file's name, and what follows "?" is no part of it; it leads nowhere else."""
    (tmp_path / "wind é.vtt").write_text("WEBVTT\n\n00:05.000 --> 00:07.000\nHello.\n")
    links = ("wind%20%C3%A9.vtt?v=2", "%2e%2e/secret.vtt")
    found = Podcast(shown(tmp_path, *(f'<podcast:transcript url="{link}"/>' for link in links)), audio=False)
    first, second = found
    assert isinstance(first, Document)
    assert first.text == "Hello."
    assert "out of the feed's folder" in str(second)


def test_a_link_that_is_none_costs_nothing_else(tmp_path: Path) -> None:
    """The other links of the episode are used, and the other episodes are read."""
    feed = shown(tmp_path, "<link>https://[</link>", "", '<podcast:transcript url="https://[/a.vtt"/>')
    feed.write_text(feed.read_text().replace("0.mp3", "https://["))
    assert [item.id for item in Podcast(feed, transcriber=Spoken()) if isinstance(item, Document)] == ["1", "2"]


def test_episodes_that_share_a_guid_are_all_kept(tmp_path: Path) -> None:
    """Where each has the show's address as its guid, the audio tells them apart."""
    feed = shown(tmp_path, "", "", "")
    feed.write_text(feed.read_text().replace("<guid>1<", "<guid>0<"))
    assert [item.id for item in Podcast(feed, transcriber=Spoken()) if isinstance(item, Document)] == [
        "0.mp3", "1.mp3", "2",
    ]  # fmt: skip


def test_links_of_a_fetched_feed_are_addresses() -> None:
    """They are relative to where it is from, so that a citation leads somewhere."""
    item = '<item><guid>1</guid><link>ep/1</link><enclosure url="/a.mp3"/><podcast:transcript url="1.vtt"/></item>'
    data = f'<rss xmlns:podcast="{SPACE}"><channel>{item}</channel></rss>'.encode()
    (episode,) = parse_feed(data, "https://example.org/show/feed.xml").episodes
    assert episode.page == "https://example.org/show/ep/1"
    assert episode.audio is not None
    assert [episode.audio.url, episode.transcripts[0].url] == [
        "https://example.org/a.mp3", "https://example.org/show/1.vtt",
    ]  # fmt: skip


def test_a_kind_of_transcript_may_name_its_encoding(tmp_path: Path) -> None:
    """The kind with times wins over bare text also then."""
    (tmp_path / "t.txt").write_text("Speaker A: Hello.\nSpeaker B: Hi.\n")
    (tmp_path / "t.vtt").write_text("WEBVTT\n\n00:05.000 --> 00:07.000\nHello.\n")
    links = (("t.txt", "text/plain"), ("t.vtt", "text/vtt; charset=utf-8"))
    feed = shown(tmp_path, "".join(f'<podcast:transcript url="{url}" type="{kind}"/>' for url, kind in links))
    (episode,) = Podcast(feed)
    assert isinstance(episode, Document)
    assert episode.metadata["transcript"] == "t.vtt"


def test_a_transcript_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would not fit into memory is one error with its size."""
    monkeypatch.setattr("masa_rag.sources.podcast.MAX_BYTES", 1000)
    (tmp_path / "t.vtt").write_text("WEBVTT\n\n00:05.000 --> 00:07.000\n" + "a " * 1000)
    (error,) = Podcast(shown(tmp_path, '<podcast:transcript url="t.vtt"/>'), audio=False)
    assert "2,032 bytes; expected text of at most 1,000" in str(error)


def test_the_guests_of_one_episode_are_not_heard_in_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written for an episode hangs on its own people; a model is loaded again only for other people."""
    asked: list[list[str]] = []

    def made(*, participants: list[str]) -> Spoken:
        asked.append(participants)
        return Spoken()

    monkeypatch.setattr("masa_rag.sources.podcast.default_transcriber", made)
    people = ('<podcast:person role="guest">Ben Ito</podcast:person>', "", "")
    assert len(list(Podcast(shown(tmp_path, *people)))) == 3
    assert asked == [["Ben Ito"], []]
