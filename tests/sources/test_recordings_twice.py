"""A recording whose words stand beside it is not transcribed; one beside which there is only a chat is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from masa_rag.sources import open_sources
from masa_rag.sources._spoken_twice import spoken_twice

SOUND = Path(__file__).parents[2] / "examples" / "data" / "tidewell_podcast.ogg"
CAPTIONS = "WEBVTT\n\n00:01.000 --> 00:02.000\nAnn: Seals sleep.\n"
CHAT = "00:01:10\tAda:\tcan you hear me?\n00:01:20\tBen:\tyes\n"


def heard(folder: Path) -> list[str]:
    """Return the recordings of a folder that are transcribed."""
    return sorted(
        path.name for source in open_sources(folder) if type(source).__name__ == "Recordings" for path in source.files()
    )


@pytest.mark.parametrize(
    ("recording", "beside", "text"),
    [
        ("GMT20240501-120000_Recording.wav", "GMT20240501-120000_Recording.txt", CHAT),
        ("call.m4a", "call.chat.txt", CHAT),
        ("call.m4a", "call.chat.txt", "[00:01:10] Ada: can you hear me?\n[00:01:20] Ben: yes\n"),
        ("call.wav", "call.vtt", "WEBVTT\n\n"),
    ],
)
def test_what_holds_no_speech_replaces_no_recording(tmp_path: Path, recording: str, beside: str, text: str) -> None:
    """A chat tells what was written meanwhile, and a file without a line tells nothing."""
    shutil.copy(SOUND, tmp_path / recording)
    (tmp_path / beside).write_text(text)
    assert heard(tmp_path) == [recording]


def test_one_transcript_with_speech_is_enough(tmp_path: Path) -> None:
    """Beside a chat and an empty file of the same name the captions still replace the recording."""
    for name in ("call.m4a", "walk.m4a"):
        shutil.copy(SOUND, tmp_path / name)
    for ending, text in ((".txt", CHAT), (".srt", CAPTIONS), (".en.vtt", "WEBVTT\n"), (".vtt", "WEBVTT\n")):
        (tmp_path / f"call{ending}").write_text(text)
    assert heard(tmp_path) == ["walk.m4a"]


@pytest.mark.parametrize("beside", ["call.wav.vtt", "call.mp3.vtt", "call.es-419.vtt", "call.zh-Hans.vtt"])
def test_names_that_tools_give_to_transcripts(tmp_path: Path, beside: str) -> None:
    """whisper.cpp keeps the recording's ending, and a language may have digits."""
    shutil.copy(SOUND, tmp_path / "call.mp3")
    (tmp_path / beside).write_text(CAPTIONS)
    assert heard(tmp_path) == []


def test_a_video_beside_its_captions_from_youtube(tmp_path: Path) -> None:
    """What yt-dlp wrote is read with the facts beside it; the video is not transcribed as well."""
    shutil.copy(SOUND, tmp_path / "walk [abcdefghijk].webm")
    (tmp_path / "walk [abcdefghijk].en.vtt").write_text(CAPTIONS)
    (tmp_path / "walk [abcdefghijk].info.json").write_text('{"id": "abcdefghijk"}')
    assert [type(source).__name__ for source in open_sources(tmp_path)] == ["YouTube"]


@pytest.mark.parametrize(("captions", "read"), [("Seals sleep on the old pier.", 1), ("The pump failed again.", 2)])
def test_captions_and_transcript_of_one_call(tmp_path: Path, captions: str, read: int) -> None:
    """Zoom saves what was shown, without names, beside its transcript; other words are another text."""
    (tmp_path / "call.transcript.vtt").write_text(CAPTIONS.replace("sleep", "sleep on the old pier"))
    (tmp_path / "call.cc.vtt").write_text(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{captions}\n")
    assert sum(len(list(source)) for source in open_sources(tmp_path)) == read  # type: ignore[call-overload]


def test_only_files_named_like_a_recording_are_looked_into(tmp_path: Path) -> None:
    """The others need not even be there."""
    (tmp_path / "call.vtt").write_text(CAPTIONS)
    transcripts = [tmp_path / "call.vtt", tmp_path / "a folder of thousands" / "other.vtt"]
    assert spoken_twice({"Recordings": [tmp_path / "call.m4a"], "Transcripts": transcripts}) == {tmp_path / "call.m4a"}


@pytest.mark.parametrize("picture", ["_1920x1080", "_gallery_1280x720", "_avo_640x360", "_as_960x540"])
def test_the_video_of_a_call_in_the_cloud(tmp_path: Path, picture: str) -> None:
    """Zoom adds the picture's size to the name; what only looks like it ("_4x4") is another recording."""
    for name in ("GMT20240501-120000_Recording.m4a", f"GMT20240501-120000_Recording{picture}.mp4", "walk_4x4.mp4"):
        shutil.copy(SOUND, tmp_path / name)
    for name in ("GMT20240501-120000_Recording.transcript.vtt", "walk.vtt"):
        (tmp_path / name).write_text(CAPTIONS)
    assert heard(tmp_path) == ["walk_4x4.mp4"]


def test_the_episodes_of_a_feed_beside_them(tmp_path: Path) -> None:
    """They are read with the feed; another recording of the folder is read by itself."""
    links = '<podcast:transcript url="wind%20up.vtt" type="text/vtt"/><enclosure url="wind.mp3" type="audio/mpeg"/>'
    (tmp_path / "feed.xml").write_text(
        '<rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel><title>Kites</title>'
        f"<item><guid>1</guid>{links}</item></channel></rss>"
    )
    for name in ("wind.mp3", "rain.mp3"):
        shutil.copy(SOUND, tmp_path / name)
    for name in ("wind up.vtt", "hail.vtt"):
        (tmp_path / name).write_text(CAPTIONS)
    found = {type(source).__name__: source.files() for source in open_sources(tmp_path)}  # type: ignore[attr-defined]
    assert {kind: [path.name for path in paths] for kind, paths in found.items()} == {
        "Podcast": ["feed.xml"], "Recordings": ["rain.mp3"], "Transcripts": ["hail.vtt"],
    }  # fmt: skip
