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


@pytest.mark.parametrize(
    ("files", "written", "languages", "taken"),
    [
        (["en", "en-de"], None, ["en"], "en"),
        (["pt-BR", "pt-PT"], None, ["pt-PT"], "pt-PT"),
        (["en", "en-GB"], ["en-GB"], None, "en-GB"),
        (["en-AU", "en"], ["en"], None, "en"),
    ],
)
def test_captions_of_one_language(
    tmp_path: Path, files: list[str], written: list[str] | None, languages: list[str] | None, taken: str
) -> None:
    """What people wrote comes first, then what was asked for to the letter; "en-de" is translated by a machine."""
    for language in files:
        (tmp_path / f"a [abcdefghijk].{language}.vtt").write_text(VTT.format(language))
    if written is not None:
        info = {"id": "abcdefghijk", "language": "en", "subtitles": {key: [] for key in written}}
        (tmp_path / "a [abcdefghijk].info.json").write_text(json.dumps(info))
    (video,) = YouTube(tmp_path, languages=languages)
    assert isinstance(video, Document)
    assert video.text == taken


def test_captions_that_cannot_be_read_make_way(folder: Path) -> None:
    """Where the first choice is empty, as after a download that was broken off, the next is taken."""
    (folder / "Kite talk [abcdefghijk].en.vtt").write_text("")
    (video,) = YouTube(folder)
    assert isinstance(video, Document)
    assert video.text == "Hallo"


@pytest.mark.parametrize("name", ["information", "Information", "Talk about information", "my-interview"])
def test_a_word_is_no_video(tmp_path: Path, name: str) -> None:
    """Eleven letters of a title are no id: no link, and no two files that replace each other."""
    (tmp_path / f"{name}.en.vtt").write_text(VTT.format("Hi"))
    (video,) = YouTube(tmp_path)
    assert isinstance(video, Document)
    assert (video.id, video.url, video.segments[0].url) == (name, None, None)


def test_parts_of_a_talk_are_no_languages(tmp_path: Path) -> None:
    """Three letters are a language only where yt-dlp wrote them: beside its facts, or behind an id."""
    for name in ("ep.one", "ep.two", "a [abcdefghijk].fil", "a [abcdefghijk].en", "talk.fil", "talk.en"):
        (tmp_path / f"{name}.vtt").write_text(VTT.format(name))
    (tmp_path / "talk.info.json").write_text(json.dumps({"id": "kjihgfedcba"}))
    assert sorted(video.text for video in YouTube(tmp_path) if isinstance(video, Document)) == [
        "a [abcdefghijk].en", "ep.one", "ep.two", "talk.en",
    ]  # fmt: skip


def test_a_name_that_is_an_id(tmp_path: Path) -> None:
    """yt-dlp can be told to name files by ids alone."""
    (tmp_path / "a1-_efghijk.en.vtt").write_text(VTT.format("Hi"))
    (video,) = YouTube(tmp_path)
    assert isinstance(video, Document)
    assert video.url == "https://www.youtube.com/watch?v=a1-_efghijk"


def test_a_time_that_is_none_gives_way_to_the_day(folder: Path) -> None:
    """A damaged time stamp ends nothing."""
    facts = {"id": "abcdefghijk", "timestamp": 1e30, "upload_date": "20240501"}
    (folder / "Kite talk [abcdefghijk].info.json").write_text(json.dumps(facts))
    (video,) = YouTube(folder)
    assert isinstance(video, Document)
    assert video.created_at == datetime(2024, 5, 1, tzinfo=UTC)


def test_captions_without_end_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would not fit into memory is one error with its size."""
    monkeypatch.setattr("masa_rag.sources.youtube.MAX_BYTES", 50)
    (error,) = YouTube(folder)
    assert "bytes; expected captions of at most 50" in str(error)


def test_timed_text_in_milliseconds(tmp_path: Path) -> None:
    """YouTube's second version has the third one's units."""
    (tmp_path / "a [abcdefghijk].en.srv2").write_text(
        '<timedtext><text t="1500" d="2500">Hello</text><text t="4000" d="1000">you</text></timedtext>'
    )
    (video,) = YouTube(tmp_path)
    assert isinstance(video, Document)
    assert [(line.text, line.start, line.end) for line in video.segments] == [("Hello", 1.5, 4.0), ("you", 4.0, 5.0)]


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


def _yt_dlp(message: str = "", **info: object) -> types.ModuleType:
    """Return a yt-dlp that fails with a message, or writes captions that say which were asked for."""
    module = types.ModuleType("yt_dlp")

    class DownloadError(Exception):
        """As in yt_dlp.utils."""

    class YoutubeDL:
        """One video."""

        def __init__(self, options: dict[str, object]) -> None:
            self.params = options

        def __enter__(self) -> YoutubeDL:
            return self

        def __exit__(self, *_: object) -> None: ...
        def extract_info(self, address: str, *, download: bool) -> dict[str, object]:
            if message:
                raise DownloadError(message)
            return info

        def download(self, addresses: list[str]) -> None:
            folder = Path(str(self.params["outtmpl"])).parent
            (folder / "abcdefghijk.vtt").write_text(VTT.format(self.params["subtitleslangs"]))

    module.YoutubeDL = YoutubeDL  # type: ignore[attr-defined]
    module.utils = types.SimpleNamespace(DownloadError=DownloadError)  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize(
    ("info", "wanted", "asked"),
    [
        ({"language": "de-CH"}, None, "['de.*']"),
        ({"language": None}, None, "['en.*']"),
        ({"language": "de"}, ["fr", "en"], "['fr', 'en']"),
    ],
)
def test_the_language_that_is_spoken_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, info: dict[str, object], wanted: list[str] | None, asked: str
) -> None:
    """Unless others are wanted: in English, a talk in German would be what a machine made of it."""
    monkeypatch.setitem(sys.modules, "yt_dlp", _yt_dlp(**info))
    (video,) = YouTube("https://youtu.be/abcdefghijk", languages=wanted)
    assert isinstance(video, Document)
    assert video.text == asked


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
    """Only addresses of videos are taken, and no part of an id that is too long."""
    for address in ("https://example.org/watch", "https://youtu.be/abcdefghijkl"):
        with pytest.raises(ConfigurationError):
            YouTube(address)
