"""YouTube captions from files, and clear errors when they cannot be fetched."""

from __future__ import annotations

import json
import sys
import types
import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest

from masa_rag.errors import ConfigurationError, MissingDependencyError, RecordError, SourceUnavailableError
from masa_rag.sources import YouTube, open_source
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document

VTT = "WEBVTT\nKind: captions\n\n00:00:05.000 --> 00:00:07.000\n{}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What yt-dlp writes for one video with two languages."""
    name = "Kite talk [abcdefghijk]"
    info = {"id": "abcdefghijk", "title": "Kite talk", "channel": "Noon", "upload_date": "20240501", "language": "en",
            "chapters": [{"start_time": 5.0, "end_time": 9.0, "title": "Wind"}]}  # fmt: skip
    (tmp_path / f"{name}.info.json").write_text(json.dumps(info))
    (tmp_path / f"{name}.de.vtt").write_text(VTT.format("Hallo"))
    (tmp_path / f"{name}.en.vtt").write_text(VTT.format("Hello"))
    return tmp_path


class TestYouTubeContract(SourceContract):
    """The shipped contract."""

    @pytest.fixture(autouse=True)
    def _folder(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> YouTube:
        """Return a source over the files."""
        return YouTube(self.folder)


def test_captions_and_facts_come_together(folder: Path) -> None:
    """One document a video: its own language, title, day, chapters, and links to the second."""
    (video,) = YouTube(folder)
    assert isinstance(video, Document)
    assert (video.id, video.title, video.created_at) == ("abcdefghijk", "Kite talk", datetime(2024, 5, 1, tzinfo=UTC))
    assert video.segments[0].text == "Hello"
    assert video.segments[0].url == "https://www.youtube.com/watch?v=abcdefghijk&t=5s"
    assert video.metadata == {"channel": "Noon", "language": "en", "chapters": [{"start": 5.0, "title": "Wind"}]}


def test_languages_choose(folder: Path) -> None:
    """The wanted language is taken where there is one."""
    (video,) = YouTube(folder, languages=["de"])
    assert isinstance(video, Document)
    assert video.segments[0].text == "Hallo"


def test_bad_captions_are_one_record_error(folder: Path) -> None:
    """A video whose captions cannot be read is reported; broken facts are no reason to fail."""
    (folder / "other [ABCDEFGHIJK].en.vtt").write_text("no captions")
    (folder / "third [kkkkkkkkkkk].en.vtt").write_text(VTT.format("Hi"))
    (folder / "third [kkkkkkkkkkk].info.json").write_text("{")
    items = list(YouTube(folder))
    assert [type(item) for item in items] == [Document, RecordError, Document]


def test_open_source_knows_captions_with_facts(folder: Path) -> None:
    """Captions beside an info file are YouTube's, and the info file is not called unknown."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(open_source(folder), YouTube)
    assert not YouTube.recognises(folder / "loose.vtt", b"WEBVTT")


def _yt_dlp(message: str) -> types.ModuleType:
    module = types.ModuleType("yt_dlp")

    class DownloadError(Exception):
        """As in yt_dlp.utils."""

    class YoutubeDL:
        """Fails at every download."""

        def __init__(self, options: object) -> None: ...
        def __enter__(self) -> YoutubeDL:
            return self

        def __exit__(self, *_: object) -> None: ...
        def download(self, addresses: list[str]) -> None:
            raise DownloadError(message)

    module.YoutubeDL = YoutubeDL  # type: ignore[attr-defined]
    module.utils = types.SimpleNamespace(DownloadError=DownloadError)  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize(
    ("message", "says"),
    [("Sign in to confirm you're not a bot", "refuses this machine"), ("Video unavailable", "cannot be fetched")],
)
def test_a_block_is_said_clearly(monkeypatch: pytest.MonkeyPatch, message: str, says: str) -> None:
    """When YouTube refuses, the error says so and what to do instead."""
    monkeypatch.setitem(sys.modules, "yt_dlp", _yt_dlp(message))
    with pytest.raises(SourceUnavailableError, match=says):
        list(YouTube("https://www.youtube.com/watch?v=abcdefghijk"))


def test_without_yt_dlp_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses need yt-dlp; without it the error names the extra."""
    monkeypatch.setitem(sys.modules, "yt_dlp", None)
    with pytest.raises(MissingDependencyError, match="yt-dlp"):
        list(YouTube("https://youtu.be/abcdefghijk"))


def test_other_addresses_are_refused() -> None:
    """Only addresses of videos are taken."""
    with pytest.raises(ConfigurationError):
        YouTube("https://example.org/watch")
