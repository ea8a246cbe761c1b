"""Recordings: from files to documents, with a transcriber that needs no weights."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from masa_rag.errors import ConfigurationError, RecordError, TranscriptionError
from masa_rag.sources import Recordings, open_source
from masa_rag.sources._introductions import names_by_introduction
from masa_rag.sources.recordings import default_transcriber
from masa_rag.testing.contracts import SourceContract
from masa_rag.transcribers import SpeakerTurn
from masa_rag.types import Document, Segment

LINES = [
    Segment("Hello, my name is Mia Ode.", start=0.0, end=2.0),
    Segment("Please welcome Ben Ito.", start=2.0, end=4.0),
    Segment("Thank you.", start=4.5, end=5.0),
]


class Spoken:
    """A transcriber that hears LINES, nothing in files called quiet, and fails on files called bad."""

    fingerprint = "spoken:1"

    def transcribe(self, path: Path) -> list[Segment]:
        """Return the lines."""
        if path.stem == "bad":
            raise TranscriptionError(f"{path}: broken")
        return [] if path.stem == "quiet" else list(LINES)


class Turns:
    """A diarizer that knows two speakers."""

    fingerprint = "turns:1"

    def diarize(self, path: Path) -> list[SpeakerTurn]:
        """Return the turns."""
        return [SpeakerTurn(0, 4.1, "1"), SpeakerTurn(4.1, 6, "0")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one recording of a tenth of a second."""
    with wave.open(str(tmp_path / "2024-05-01_noon.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(b"\0\0" * 1600)
    return tmp_path


class TestRecordingsContract(SourceContract):
    """The shipped contract."""

    @pytest.fixture(autouse=True)
    def _folder(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> Recordings:
        """Return a source over the folder."""
        return Recordings(self.folder, transcriber=Spoken(), diarizer=Turns())


def only(source: Recordings) -> Document:
    """Return the one document."""
    (item,) = source
    assert isinstance(item, Document), item
    return item


def test_a_recording_becomes_a_document(folder: Path) -> None:
    """Lines, seconds, the day in the name, and what transcribed it; no speaker without a diarizer."""
    document = only(Recordings(folder, transcriber=Spoken(), participants=["Mia Ode"]))
    assert (document.id, document.title, document.kind) == ("2024-05-01_noon.wav", "2024-05-01 noon", "speech")
    assert document.created_at is not None
    assert document.created_at.isoformat() == "2024-05-01T00:00:00+00:00"
    assert document.segments == tuple(LINES)
    assert document.metadata.pop("heard")["lines"] == 3
    assert document.metadata == {"transcribed_by": "spoken:1", "participants": ["Mia Ode"]}


def test_sound_and_video_of_one_call(tmp_path: Path) -> None:
    """Of the same words under the same name the first is kept; other words, or another name, are another recording."""

    class Heard(Spoken):
        def transcribe(self, path: Path) -> list[Segment]:
            return [Segment("A dry wind from the north." if path.suffix == ".mov" else "Hello, Mia and Ben here.")]

    for name in ("call.m4a", "call.mov", "call.mp4", "walk.mp4"):
        (tmp_path / name).write_bytes(b"ID3")
    found = [item.id for item in Recordings(tmp_path, transcriber=Heard()) if isinstance(item, Document)]
    assert found == ["call.m4a", "call.mov", "walk.mp4"]


def test_speakers_are_named_and_marked(folder: Path) -> None:
    """Names given win over introductions; each says how it was found."""
    document = only(Recordings(folder, transcriber=Spoken(), diarizer=Turns(), speakers={"B": "Benjamin"}))
    assert [(item.author, item.metadata["speaker_from"]) for item in document.segments] == [
        ("Mia Ode", "introduction"), ("Mia Ode", "introduction"), ("Benjamin", "given"),
    ]  # fmt: skip


def test_introductions() -> None:
    """Own names and welcomes count; a label with two names, or talk about others, does not."""
    lines = [Segment(text, author=who) for who, text in [
        ("Speaker A", "My name is Mia Ode and here with me is Ben Ito."), ("Speaker B", "I'm happy to be here."),
        ("Speaker C", "My name is Kim. My name is Lee."),
    ]]  # fmt: skip
    assert names_by_introduction(lines) == {"Speaker A": "Mia Ode", "Speaker B": "Ben Ito"}


def test_bad_and_silent_files(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that fails is one error, one without words is left out and named, the others are in."""
    for name in ("bad", "quiet"):
        (folder / f"{name}.mp3").write_bytes(b"ID3")
    items = list(Recordings(folder, transcriber=Spoken(), name="calls"))
    assert [type(item) for item in items] == [Document, RecordError]
    assert caplog.messages == ["calls: no word was heard in quiet.mp3; left out"]


def test_it_is_recognised_by_content(folder: Path) -> None:
    """Media is known by its first bytes, whatever its name; text is not media."""
    assert isinstance(open_source(folder / "2024-05-01_noon.wav"), Recordings)
    assert isinstance(open_source(folder), Recordings)
    for head, known in ((b"OggS\0", True), (b"\x1aE\xdf\xa3", True), (b"\0\0\0\x20ftypM4A ", True), (b"ID4", False),
                        (b"\xff\xfeh\0i\0", False), (b"RIFF1234WEBP", False)):  # fmt: skip
        assert Recordings.recognises(Path("x"), head) is known


@pytest.mark.parametrize(
    ("head", "known"),
    [
        (b"RF64\xff\xff\xff\xffWAVEds64", True),
        (b"BW64\xff\xff\xff\xffWAVEds64", True),
        (b"\0\0\0\x08wide\0\x01\0\0mdat", True),
        (b"\0\x01\0\0moov", True),
        (b"TTA1\x01\0", True),
        (b"\x0bwyW", True),
        (b"\0\0\x01\xba!\0", True),
        (b"\xff\xfd\xe4\xc4", True),
        ((b"G@\x11\x10" + bytes(184)) * 3, True),
        (b"G@\x11\x10" + bytes(600), False),
        (b"Citywide plans for buoys", False),
    ],
)
def test_recorders_and_broadcasts_are_recognised(head: bytes, known: bool) -> None:
    """WAV files of more than 4 GB, old QuickTime, AC-3, MPEG-1 and transport streams are media too."""
    assert Recordings.recognises(Path("x"), head) is known


def test_participants_must_be_a_list(folder: Path) -> None:
    """One name as a string would be taken letter by letter, so it is refused."""
    with pytest.raises(ConfigurationError):
        Recordings(folder, participants="Mia")


def test_the_default_model_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line has no place for a model; a blank one is none."""
    pytest.importorskip("faster_whisper")
    for given, used in (("tiny.en", "tiny.en"), ("", "base")):
        monkeypatch.setenv("MASA_RAG_WHISPER", given)
        assert default_transcriber().fingerprint.startswith(f"faster-whisper:{used}:")
