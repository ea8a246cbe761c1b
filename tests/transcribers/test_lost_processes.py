"""A model whose process ends, or that fails, amid many recordings. The model is scripted; all else is real."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from masa_rag.errors import RecordError, TranscriptionError
from masa_rag.sources import Recordings
from masa_rag.transcribers import FasterWhisperTranscriber, _process
from masa_rag.transcribers._windows import RATE
from masa_rag.types import Document

np = pytest.importorskip("numpy")
pytest.importorskip("av", reason="PyAV comes with the extra 'speech'")
pytest.importorskip("faster_whisper", reason="faster-whisper comes with the extra 'speech'")

DIES, FAILS, DIES_ONCE = 21, 22, 23
"""Loudness of recordings over which the process ends, on which the model fails, and over which the first one ends."""

SCRIPTED = f'''
import os
from pathlib import Path
from masa_rag.transcribers import _process
from masa_rag.transcribers._engine import Heard
from masa_rag.transcribers._model import Model
from masa_rag.transcribers._windows import Word

class Engine:
    """Hears how loud each window is."""

    def run(self, features, languages, *, is_padded):
        loud = [int(item[0, 0]) for item in features]
        if {DIES} in loud or ({DIES_ONCE} in loud and len(Path("starts").read_text()) == 1):
            os._exit(9)
        if {FAILS} in loud:
            raise RuntimeError("cuBLAS failed with status 13")
        return [("en", Heard([1], "x", -0.1, 0.0, [Word(f" {{item}}.", 0.0, 1.0, 0.9)])) for item in loud]

def load(settings):
    with open("starts", "a") as file:
        file.write("x")
    return Model("cpu", "int8", 80, Engine())

_process.load = load
_process.serve()
'''


class Scripted(FasterWhisperTranscriber):
    """A transcriber for which every 30 s of sound are a window, and its loudness the spectrum."""

    def _speech(self, samples: Any, limit_s: float) -> list[tuple[int, int]]:
        return [(start, start + 30 * RATE) for start in range(0, len(samples) - 1, 30 * RATE)]

    def _features(self, sound: Any) -> Any:
        return np.full((80, 1), round(float(sound.max()) * 32768), dtype=np.float32)


@pytest.fixture(autouse=True)
def _model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_process, "CODE", SCRIPTED)
    monkeypatch.setattr("masa_rag.models.locate", lambda name, accepts: tmp_path)
    monkeypatch.setattr("masa_rag.transcribers._devices.check", lambda folder: None)
    monkeypatch.chdir(tmp_path)


def recordings(*loud: int, seconds: int = 1) -> list[Path]:
    """Write a recording of each loudness."""
    Path("calls").mkdir()
    for number, value in enumerate(loud):
        with wave.open(f"calls/{number}.wav", "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(bytes([value, 0]) * (seconds * RATE))
    return [Path(f"calls/{number}.wav") for number in range(len(loud))]


def said(results: Sequence[Any]) -> list[str]:
    """Return the first line of each recording, or its error."""
    return [str(found) if isinstance(found, TranscriptionError) else found[0].text for _, found in results]


def heard(*loud: int, batch_size: int = 4, **options: Any) -> list[str]:
    """Return what a transcriber gives for recordings of each loudness."""
    transcriber = Scripted("base", device="cpu", batch_size=batch_size)
    return said(list(transcriber.transcribe_many(recordings(*loud, **options))))


def starts() -> int:
    """Return how many times the model was loaded."""
    return len(Path("starts").read_text())


def test_a_process_that_is_killed_by_chance_costs_nothing() -> None:
    """Its windows are tried again in a new one, and all are heard."""
    assert heard(1, 2, DIES_ONCE, 4, 5, 6) == ["1.", "2.", f"{DIES_ONCE}.", "4.", "5.", "6."]
    assert starts() == 2


@pytest.mark.parametrize(("bad", "says"), [(DIES, "exit status 9"), (FAILS, "cuBLAS failed with status 13")])
def test_the_recording_to_blame_is_one_error(bad: int, says: str) -> None:
    """Those that shared a batch with it, or were heard beside it, are heard."""
    one, two, error, four, five, six = heard(1, 2, bad, 4, 5, 6)
    assert (one, two, four, five, six) == ("1.", "2.", "4.", "5.", "6.")
    assert error.startswith("calls/2.wav: ")
    assert says in error


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_long_recording_to_blame_is_tried_once(batch_size: int) -> None:
    """When one of its windows was heard neither time, nothing more of it is: it is an error whatever they say.

    With small batches that is known while the rest of it is still being decoded.
    """
    error, two, three = heard(DIES, 2, 3, seconds=300, batch_size=batch_size)
    assert (two, three) == ("2.", "3.")
    assert error.startswith("calls/0.wav: ")
    assert starts() <= 4  # one or two for the first two batches, one for its window alone, one for the others


@pytest.mark.parametrize("bad", [DIES, FAILS])
@pytest.mark.parametrize("good_before", [0, 8])
@pytest.mark.parametrize("count", [2, 3])
def test_several_recordings_to_blame_are_errors(bad: int, good_before: int, count: int) -> None:
    """Also when they come first and nothing was heard before; the others are heard."""
    found = heard(*[1] * good_before, *[bad] * count, 4, 5, 6)
    assert found[:good_before] == ["1."] * good_before
    assert all(item.startswith("calls/") for item in found[good_before:-3])
    assert found[-3:] == ["4.", "5.", "6."]


def test_a_model_that_heard_something_is_never_given_up() -> None:
    """One recording of seven is heard, and the six after it are errors, more than are allowed when none is heard."""
    one, *errors = heard(1, *[DIES] * 6)
    assert one == "1."
    assert [error.split(":")[0] for error in errors] == [f"calls/{number}.wav" for number in range(1, 7)]


@pytest.mark.parametrize("bad", [DIES, FAILS])
def test_a_model_that_hears_nothing_is_given_up(bad: int) -> None:
    """When four recordings were tried, each alone, the work ends with an error."""
    with pytest.raises(TranscriptionError, match="none of the first 4 recordings could be heard; the last time "):
        heard(*[bad] * 10)
    assert starts() in (5, 6)  # one or two for the first two batches, one for each of the four


def test_spectra_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the process ended, those that are still computed need the filters only, which are there."""
    transcriber = Scripted("base", device="cpu")
    transcriber.engine.close()
    monkeypatch.setattr("masa_rag.transcribers.faster_whisper.spectrum", lambda sound, filters: filters.shape[0])
    assert FasterWhisperTranscriber._features(transcriber, None) == 80
    assert starts() == 1


def test_a_model_that_was_given_up_may_be_tried_again() -> None:
    """The next call loads it anew."""
    transcriber, files = Scripted("base", device="cpu", batch_size=4), recordings(*[DIES] * 5, 6)
    with pytest.raises(TranscriptionError):
        list(transcriber.transcribe_many(files))
    assert said(list(transcriber.transcribe_many(files[5:]))) == ["6."]


def test_a_folder_goes_on() -> None:
    """One recording of six is a RecordError, five are documents."""
    recordings(1, 2, DIES, 4, 5, 6)
    found = list(Recordings("calls", transcriber=Scripted("base", device="cpu", batch_size=4)))
    assert [type(item) for item in found] == [Document, Document, RecordError, Document, Document, Document]
