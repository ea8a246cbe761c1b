"""To hear a recording takes minutes: what a memory holds is not heard again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from masa_rag import Memory
from masa_rag.protocols import Source
from masa_rag.sources import Podcast, Recordings
from masa_rag.transcribers import SpeakerTurn
from masa_rag.types import IngestReport, Segment

FEED = """<rss version="2.0"><channel><title>Kites</title><item><title>Wind</title><guid>1</guid>
<enclosure url="wind.mp3" type="audio/mpeg" length="1"/></item></channel></rss>"""


class Listener:
    """A transcriber that notes what it was given."""

    def __init__(self, fingerprint: str = "listener:1") -> None:
        self.fingerprint = fingerprint
        self.heard: list[str] = []

    def transcribe(self, path: Path) -> list[Segment]:
        """Return two lines."""
        self.heard.append(path.name)
        return [Segment("We sail at noon.", start=0.0, end=2.0), Segment("No, at one.", start=2.0, end=4.0)]


class Turns:
    """A diarizer that knows two speakers."""

    fingerprint = "turns:1"

    def diarize(self, path: Path) -> list[SpeakerTurn]:
        """Return the turns."""
        return [SpeakerTurn(0, 2, "0"), SpeakerTurn(2, 4, "1")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two recordings."""
    (folder := tmp_path / "talks").mkdir()
    for name in ("wind.mp3", "rain.mp3"):
        (folder / name).write_bytes(b"ID3" + name.encode())
    return folder


def test_only_what_is_new_or_changed_is_heard(memory: Memory, folder: Path) -> None:
    """A sync each night costs a look at each file; all documents stay, and new titles are taken."""
    memory.sync(Recordings(folder, transcriber=Listener()))
    again = Listener()
    assert memory.sync(Recordings(folder, transcriber=again)).unchanged == 2
    assert again.heard == []
    assert memory.sync(Recordings(folder, transcriber=again, title="Talk")).updated == 2
    (folder / "rain.mp3").write_bytes(b"ID3 hail")
    (folder / "snow.mp3").write_bytes(b"ID3 snow")
    memory.sync(Recordings(folder, transcriber=again, title="Talk"))
    assert sorted(again.heard) == ["rain.mp3", "snow.mp3"]


@pytest.mark.parametrize(
    "changed", [{"transcriber": Listener("listener:2")}, {"diarizer": None}, {"speakers": {"A": "Ann"}}]
)
def test_who_hears_otherwise_hears_again(memory: Memory, folder: Path, changed: dict[str, object]) -> None:
    """Another model, diarizer or name gives other lines."""
    settings = {"transcriber": Listener(), "diarizer": Turns(), "speakers": {"A": "Bo"}}
    memory.sync(Recordings(folder, **settings))
    listener = changed.get("transcriber", settings["transcriber"])
    listener.heard.clear()
    memory.sync(Recordings(folder, **settings | changed))
    assert sorted(listener.heard) == ["rain.mp3", "wind.mp3"]


def test_what_was_forgotten_and_is_allowed_comes_back(memory: Memory, folder: Path) -> None:
    """The memory does not hold all lines any more, so they are heard again."""

    def sync() -> IngestReport:
        return memory.sync(
            Recordings(folder, transcriber=Listener(), diarizer=Turns(), speakers={"A": "Bo", "B": "Cy"})
        )

    sync()
    memory.forget(author="Bo")
    assert sync().unchanged == 2
    memory.allow(author="Bo")
    assert sync().updated == 2
    assert {hit.chunk.authors for hit in memory.search("We sail at noon", k=4)} >= {("Bo",)}


def feed(folder: Path) -> Path:
    """Write a feed beside its audio."""
    (folder / "feed.xml").write_text(FEED)
    return folder / "feed.xml"


def test_an_episode_is_heard_once(memory: Memory, folder: Path) -> None:
    """Of a podcast without transcripts too; its audio is not fetched either."""
    listener = Listener()
    for expected in (["wind.mp3"], []):
        listener.heard.clear()
        memory.sync(Podcast(feed(folder), transcriber=listener))
        assert listener.heard == expected
    assert memory.info().documents == 1


class Deaf(Listener):
    """A transcriber that hears no word."""

    def transcribe(self, path: Path) -> list[Segment]:
        """Return nothing."""
        return super().transcribe(path)[:0]


@pytest.mark.parametrize("make", [Recordings, lambda folder, **more: Podcast(feed(folder), **more)])
def test_silence_is_heard_once(
    memory: Memory, folder: Path, make: Callable[..., Source], caplog: pytest.LogCaptureFixture
) -> None:
    """Where nobody speaks is noted, and said each time; another sound or model is heard, as is a forgotten source."""
    (folder / "rain.mp3").unlink()
    for listener, expected in ((Deaf(), 1), (Deaf(), 0), (Deaf("deaf:2"), 1), (Deaf("deaf:2"), 0), (Deaf(), 1)):
        caplog.clear()
        source = make(folder, transcriber=listener)
        memory.sync(source)
        assert len(listener.heard) == expected
        assert "no word was heard in " in caplog.text
    (folder / "wind.mp3").write_bytes(b"ID3 gale")
    memory.sync(make(folder, transcriber=(other := Deaf())))
    memory.forget(source=source.name)
    memory.allow(source=source.name)
    memory.sync(make(folder, transcriber=(again := Deaf())))
    assert other.heard == again.heard == ["wind.mp3"]
    assert memory.info().documents == 0


def test_a_damaged_document_is_heard_again(memory: Memory, folder: Path) -> None:
    """What cannot be read is not known."""
    memory.sync(Recordings(folder, transcriber=Listener()))
    memory.catalog.connection.execute("UPDATE documents SET body = '{' WHERE id = 'wind.mp3'")
    memory.sync(Recordings(folder, transcriber=(again := Listener())))
    assert again.heard == ["wind.mp3"]


@pytest.mark.parametrize(("sound", "video"), [("rain.mp3", "rain_640x360.mp4"), ("audio123456.m4a", "video123456.mp4")])
def test_the_video_of_a_call_is_heard_once(memory: Memory, folder: Path, sound: str, video: str) -> None:
    """Zoom saves a video beside the sound: that the same is said in it is noted, until one of them is another."""
    (folder / "rain.mp3").rename(folder / sound)
    (folder / video).write_bytes(b"ID3 the same, seen")
    memory.sync(Recordings(folder, transcriber=Listener()))
    again = Listener()
    assert memory.sync(Recordings(folder, transcriber=again)).unchanged == 2
    assert memory.sync(Recordings(folder, transcriber=again, title="Talk")).updated == 2
    assert again.heard == []
    (folder / video).write_bytes(b"ID3 cut")
    assert memory.sync(Recordings(folder, transcriber=again, title="Talk")).updated == 1
    assert again.heard == [video]
    (folder / sound).unlink()
    assert memory.sync(Recordings(folder, transcriber=again, title="Talk")).deleted == 1
    assert again.heard == [video, video]


def test_links_follow_the_feed(memory: Memory, folder: Path) -> None:
    """The lines that the memory holds lead to the page that the episode has by now."""
    for page in ("https://kites.example/1", "https://kites.example/wind"):
        path = feed(folder)
        path.write_text(FEED.replace("<guid>", f"<link>{page}</link><guid>"))
        memory.sync(Podcast(path, transcriber=Listener()))
        assert {hit.chunk.url for hit in memory.search("We sail at noon")} == {f"{page}#t=0"}


class Fetcher:
    """Answers each address with a sound."""

    def fetch(self, url: str) -> Any:
        """Return the answer of a server."""
        return SimpleNamespace(status=200, content=b"ID3 wind")


def test_a_new_signature_is_no_other_recording(memory: Memory, tmp_path: Path) -> None:
    """A feed for members signs its addresses anew each day; an address with another path or version is heard."""
    listener = Listener()
    for address in (
        "1.mp3?id=7&token-time=1&token-hash=a%3D",
        "1.mp3?id=7&token-time=2&token-hash=b",
        "1.mp3?id=7&v=2",
    ):
        feed = FEED.replace("wind.mp3", f"https://show.example/{address}".replace("&", "&amp;"))
        (tmp_path / "feed.xml").write_text(feed)
        memory.sync(Podcast(tmp_path / "feed.xml", transcriber=listener, fetcher=Fetcher()))
    assert len(listener.heard) == 2
