"""FasterWhisperTranscriber: how files go through it, and, where weights are installed, what it hears."""

from __future__ import annotations

import os
import threading
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from masa_rag import models
from masa_rag.errors import ConfigurationError, EmbeddingError, MasaRagError, TranscriptionError
from masa_rag.testing.transcribers import TranscriberContract
from masa_rag.transcribers import FasterWhisperTranscriber, Progress
from masa_rag.transcribers._engine import Heard
from masa_rag.transcribers._model import Settings, load
from masa_rag.transcribers._windows import RATE, Word

np = pytest.importorskip("numpy")
pytest.importorskip("faster_whisper", reason="faster-whisper comes with the extra 'speech'")

DATA = Path(os.environ.get("MASA_RAG_DATA", Path(__file__).parents[3] / "shared" / "data"))


class FakeEngine:
    """Hears the length of each window, and stops after ``limit`` windows as a crash would."""

    def __init__(self, limit: int | None = None) -> None:
        self.batches: list[int] = []
        self.limit = limit
        self.lock = threading.Lock()

    def run(
        self, features: Sequence[Any], languages: Sequence[str | None], *, is_padded: bool = False
    ) -> list[tuple[str, Heard]]:
        """Return one word a window."""
        with self.lock:
            self.batches.append(len(features))
            if self.limit is not None and sum(self.batches) > self.limit:
                raise KeyboardInterrupt
        return [("en", Heard([1], "x", -0.1, 0.0, [Word(f" {item.shape[-1]}.", 0.0, 1.0, 0.9)])) for item in features]


class Scripted(FasterWhisperTranscriber):
    """The real flow with a fake model: every second of a recording is a window of speech."""

    def __init__(self, engine: FakeEngine, **options: Any) -> None:
        super().__init__(**{"batch_size": 4, **options})
        self.fake = engine

    @property
    def engine(self) -> Any:
        """The fake."""
        return self.fake

    def _speech(self, samples: Any, limit_s: float) -> list[tuple[int, int]]:
        return [(start, start + 20 * RATE) for start in range(0, len(samples) - 1, 20 * RATE)]

    def _features(self, sound: Any) -> Any:
        return np.zeros((80, 21 if sound.max() * 32768 >= 256 else 1), dtype=np.float32)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Five recordings of 40 s: two windows each, the second louder."""
    made = []
    for number in range(5):
        with wave.open(str(tmp_path / f"{number}.wav"), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(bytes([number, 0]) * (20 * RATE) + bytes([number, 1]) * (20 * RATE))
        made.append(tmp_path / f"{number}.wav")
    return made


def test_weights_that_cannot_be_had_are_asked_for_once(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once a window, for without a network each time takes 24 s; the next call asks again."""
    asked = []

    def locate(name: str, **_: object) -> Path:
        asked.append(name)
        raise EmbeddingError("the hub did not give it")

    monkeypatch.setattr(models, "locate", locate)
    transcriber = FasterWhisperTranscriber("base")
    monkeypatch.setattr(transcriber, "_speech", lambda samples, limit_s: [(0, 20 * RATE), (20 * RATE, 40 * RATE)])
    for count in (1, 2):
        with pytest.raises(TranscriptionError, match="the hub did not give it"):
            list(transcriber.transcribe_many(files))
        assert asked == ["whisper-base"] * count


def test_windows_of_many_files_fill_batches(files: list[Path]) -> None:
    """Ten windows of five files are two batches of four and two of one; results come in the order given."""
    engine = FakeEngine()
    results = dict(Scripted(engine).transcribe_many(files))
    assert sorted(engine.batches) == [1, 1, 4, 4]
    assert list(results) == files
    assert [(line.text, line.start, line.end) for line in results[files[0]]] == [("1.", 0.0, 1.0), ("21.", 20.0, 21.0)]  # type: ignore[union-attr]
    assert results[files[0]][0].metadata == {"confidence": 0.9, "language": "en", "word_starts": [0.0]}  # type: ignore[index]


def test_a_run_that_was_broken_off_goes_on(files: list[Path], tmp_path: Path) -> None:
    """After a stop within the third file, what is done is not done again; a third run does nothing."""
    cache = tmp_path / "cache"
    first, second, third = FakeEngine(limit=5), FakeEngine(), FakeEngine()
    with pytest.raises(KeyboardInterrupt):
        list(Scripted(first, cache=cache).transcribe_many(files))
    done = dict(Scripted(second, cache=cache).transcribe_many(files))
    assert sum(second.batches) == 10 - 4
    assert dict(Scripted(third, cache=cache).transcribe_many(files)) == done
    assert third.batches == []


def test_bad_files_are_errors_among_the_others(files: list[Path], tmp_path: Path) -> None:
    """Missing and broken recordings, and names that no disk takes, are one TranscriptionError each, in their place."""
    (tmp_path / "words.mp3").write_text("words")
    given = [files[0], tmp_path / "no.wav", tmp_path / "words.mp3", tmp_path / ("long" * 100)]
    results = [result for _, result in Scripted(FakeEngine()).transcribe_many(given)]
    assert [isinstance(result, TranscriptionError) for result in results] == [False, True, True, True]


def test_progress_is_told(files: list[Path]) -> None:
    """After each batch the share done is told; it only grows."""
    told: list[Progress] = []
    list(Scripted(FakeEngine()).transcribe_many(files, progress=told.append))
    shares = [item.done for item in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


class FullCard(FakeEngine):
    """Has room for three windows."""

    def run(
        self, features: Sequence[Any], languages: Sequence[str | None], *, is_padded: bool = False
    ) -> list[tuple[str, Heard]]:
        """Fail as CTranslate2 does when the card's memory is full."""
        if len(features) > 3:
            raise RuntimeError("CUDA failed with error out of memory")
        return super().run(features, languages, is_padded=is_padded)


def test_batches_too_large_for_the_card_are_halved(files: list[Path]) -> None:
    """What does not fit is tried in halves from then on, and nothing is lost."""
    engine = FullCard()
    results = dict(Scripted(engine).transcribe_many(files))
    assert sorted(engine.batches) == [1, 1, 2, 2, 2, 2]
    assert [len(result) for result in results.values()] == [2] * 5  # type: ignore[arg-type]


def test_fingerprint_names_what_changes_words() -> None:
    """Model, language, beam and glossary change it; device, batch size and cache do not."""
    one = FasterWhisperTranscriber("base").fingerprint
    assert one == FasterWhisperTranscriber("base", device="cpu", batch_size=2, cache="x").fingerprint
    others = (FasterWhisperTranscriber("base", language="de"), FasterWhisperTranscriber("base", glossary=["Masa"]),
              FasterWhisperTranscriber("base", beam_size=5), FasterWhisperTranscriber("tiny.en"))  # fmt: skip
    assert len({one, *(item.fingerprint for item in others)}) == 5


def weights(folder: Path, *, tuned_at: int) -> str:
    """Write a model of four MiB of which one byte was changed by training, and return its fingerprint."""
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(bytes(tuned_at) + b"\1" * 100_000 + bytes((4 << 20) - tuned_at))
    return FasterWhisperTranscriber(folder).fingerprint


def test_fingerprint_names_the_weights_of_a_folder(tmp_path: Path) -> None:
    """Folders of one name with other weights differ, wherever these were changed; a copy does not."""
    one, other = weights(tmp_path / "a" / "ct2", tuned_at=10), weights(tmp_path / "b" / "ct2", tuned_at=2 << 20)
    assert one != other
    assert one == weights(tmp_path / "c" / "ct2", tuned_at=10)
    assert one.startswith("faster-whisper:ct2:")


def test_fingerprint_names_what_finds_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of faster-whisper brings another detector, whose windows are cut elsewhere."""
    one = FasterWhisperTranscriber("base").fingerprint
    monkeypatch.setattr("importlib.metadata.version", lambda name: "99")
    other = FasterWhisperTranscriber("base").fingerprint
    monkeypatch.setattr("masa_rag.transcribers.faster_whisper.MIN_SILENCE_MS", 161)
    assert len({one, other, FasterWhisperTranscriber("base").fingerprint}) == 3


def test_another_models_words_are_not_taken_from_the_cache(files: list[Path], tmp_path: Path) -> None:
    """Two models in folders of one name hear the same recording, each for itself."""
    engines = FakeEngine(), FakeEngine()
    for place, engine in enumerate(engines):
        weights(tmp_path / str(place) / "ct2", tuned_at=place << 20)
        made = Scripted(engine, model=tmp_path / str(place) / "ct2", cache=tmp_path / "cache")
        list(made.transcribe_many(files[:1]))
    assert [sum(engine.batches) for engine in engines] == [2, 2]


def test_windows_of_another_run_do_not_come_in(files: list[Path], tmp_path: Path) -> None:
    """Whatever else the cache holds, of a run broken off or of a whole one: each second is said once."""

    class Elsewhere(Scripted):
        def _speech(self, samples: Any, limit_s: float) -> list[tuple[int, int]]:
            return [(start + 5, end + 5) for start, end in super()._speech(samples, limit_s)]

    cache = tmp_path / "cache"
    with pytest.raises(KeyboardInterrupt):
        list(Elsewhere(FakeEngine(limit=1), cache=cache).transcribe_many(files[:1]))
    for kind in (Scripted, Elsewhere, Scripted):
        ((_, lines),) = kind(FakeEngine(), cache=cache).transcribe_many(files[:1])
        assert [line.text for line in lines] == ["1.", "21."]  # type: ignore[union-attr]
    engine = FakeEngine()
    list(Scripted(engine, cache=cache).transcribe_many(files[:1]))
    assert engine.batches == []


def test_wrong_settings_are_told_at_once() -> None:
    """Unknown devices, a beam of nothing and a glossary that is a string are refused before any work."""
    for options in ({"device": "tpu"}, {"beam_size": 0}, {"batch_size": 0}):
        with pytest.raises(ConfigurationError):
            FasterWhisperTranscriber(**options)  # type: ignore[arg-type]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with the files of a model, none of which is one."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_text("{}")
    return folder


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "vocabulary.txt"])
def test_a_model_that_lacks_a_file_is_refused_without_a_request(model: Path, name: str) -> None:
    """faster-whisper would ask the network for a tokenizer, five times; the message names what is missing."""
    (model / name).unlink()
    with pytest.raises(TranscriptionError, match=f"no .*{name}"):
        _ = FasterWhisperTranscriber(model, device="cpu").engine


@pytest.mark.parametrize("config", ["", "[]", '{"a": [', "[" * 100_000])
def test_a_damaged_config_is_told(model: Path, config: str) -> None:
    """CTranslate2 would load the model and fail at the first recording."""
    (model / "config.json").write_text(config)
    with pytest.raises(TranscriptionError, match=r"config\.json is damaged; fetch it again"):
        _ = FasterWhisperTranscriber(model, device="cpu").engine


def test_damaged_weights_are_told(model: Path) -> None:
    """Whatever the libraries raise, it is a TranscriptionError that says what to do."""
    with pytest.raises(TranscriptionError, match="fetch it again"):
        _ = FasterWhisperTranscriber(model, device="cpu").engine


def test_cuda_that_does_not_work(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    """Asked for CUDA where there is none, the error says what is missing and offers the CPU."""
    import ctranslate2

    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 0)
    with pytest.raises(TranscriptionError, match=r"no CUDA device was found.*device='cpu'"):
        load(Settings(str(model), "cuda", None, 1, None))


def _weights() -> bool:
    try:
        models.locate("whisper-tiny.en", accepts=("model.bin",))
    except MasaRagError:
        return False
    return True


@pytest.mark.real_data
@pytest.mark.skipif(not (DATA / "speech").is_dir(), reason="the data sets are not on this machine")
class TestTinyWhisper(TranscriberContract):
    """The contract, and a known sentence, with the tiny.en weights."""

    @pytest.fixture(autouse=True)
    def _needs_weights(self) -> None:
        if not _weights():
            pytest.skip("the weights whisper-tiny.en are not installed")

    def make(self) -> FasterWhisperTranscriber:
        """Return the smallest model."""
        return FasterWhisperTranscriber("tiny.en", device="cpu")

    def recording(self) -> Path:
        """Return eleven seconds of speech."""
        return DATA / "speech" / "whisper" / "jfk.flac"

    def test_known_words(self) -> None:
        """It hears what was said, to the second."""
        lines = list(self.make().transcribe(self.recording()))
        text = " ".join(line.text for line in lines).lower()
        words = "".join(letter for letter in text if letter.isalpha() or letter == " ")
        assert words.startswith("and so my fellow americans ask not what your country can do for you")
        assert words.endswith("ask what you can do for your country")
        assert 10 < (lines[-1].end or 0) < 11.1
