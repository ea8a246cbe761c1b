"""What happens before the model: threads that work ahead, sections of sound, and the choice of a device."""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masa_rag.errors import TranscriptionError
from masa_rag.transcribers import _devices
from masa_rag.transcribers._ahead import ahead
from masa_rag.transcribers._sections import SECTION_S, SpeechCutter
from masa_rag.transcribers._windows import RATE, windows_of

np = pytest.importorskip("numpy")


def test_items_come_in_order_and_errors_in_their_place() -> None:
    """What a thread made ahead is what the generator gives, its error included."""

    def numbers() -> Generator[int, None, None]:
        yield from range(5)
        raise ValueError("five")

    taken = []
    with pytest.raises(ValueError, match="five"):
        for number in ahead(numbers(), size=2):
            taken.append(number)
    assert taken == [0, 1, 2, 3, 4]


def test_a_reader_who_stops_ends_the_thread() -> None:
    """Closing early closes the generator, in its own thread, and leaves no thread behind."""
    closed = threading.Event()

    def endless() -> Generator[int, None, None]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    before = threading.active_count()
    with closing(ahead(endless(), size=2)) as items:
        assert next(items) == 1
    assert closed.is_set()
    assert threading.active_count() == before


def loud(sound: Any, limit_s: float) -> list[tuple[int, int]]:
    """Return the stretches of at least one quiet second apart in which samples are not zero, so long at most."""
    places = np.flatnonzero(np.abs(sound) > 0.1)
    spans: list[tuple[int, int]] = []
    for place in places[:: RATE // 100] if len(places) else ():
        if spans and place - spans[-1][1] < RATE and place - spans[-1][0] < limit_s * RATE:
            spans[-1] = (spans[-1][0], int(place))
        else:
            spans.append((int(place), int(place)))
    return [span for span in spans if span[1] > span[0]]


def cut(sound: Any, portion: int) -> list[tuple[Any, Any]]:
    """Return the windows of a sound that is given in portions."""
    cutter = SpeechCutter(loud)
    windows = []
    for start in range(0, len(sound), portion):
        windows += cutter.add(sound[start : start + portion])
    return windows + cutter.finish()


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(2, 9), st.integers(2, 15)), min_size=1, max_size=25), st.integers(20, 60))
def test_sections_give_the_windows_of_the_whole(lengths: list[tuple[int, int]], portion_s: int) -> None:
    """Speech found section by section is packed as if it had been found in one go, with its own sound."""
    parts = []
    for pause, speech in lengths:
        parts += [np.zeros(pause * RATE, dtype="<i2"), np.full(speech * RATE, 20_000, dtype="<i2")]
    sound = np.concatenate([*parts, np.zeros(2 * RATE, dtype="<i2")])
    limit_s = 20 if len(sound) >= SECTION_S * RATE else 30
    whole = windows_of(loud(sound.astype(np.float32) / 32768, limit_s), limit_s=limit_s)
    found = cut(sound, portion_s * RATE)
    assert [len(window.spans) for window, _ in found] == [len(window.spans) for window in whole]
    for (window, heard), expected in zip(found, whole, strict=True):
        assert abs(window.start - expected.start) <= RATE // 50
        assert abs(window.end - expected.end) <= RATE // 50
        assert len(heard) == sum(end - start for start, end in window.spans)
        assert heard.min() > 0.5


def test_short_recordings_are_heard_as_whisper_was_trained() -> None:
    """Up to two minutes: windows of up to 30 s, with silence up to 30 s; of longer ones up to 20 s, without."""
    minute = np.concatenate([np.full(25 * RATE, 20_000, dtype="<i2"), np.zeros(35 * RATE, dtype="<i2")])
    short, long = cut(minute, RATE), cut(np.tile(minute, 3), RATE)
    assert [(window.seconds > 24, window.is_padded) for window, _ in short] == [(True, True)]
    assert {(window.seconds <= 20, window.is_padded) for window, _ in long} == {(True, False)}


def test_windows_come_before_the_end_and_memory_stays_small() -> None:
    """An hour is never held at once: of what has been cut only the open window and a second remain."""
    cutter = SpeechCutter(loud)
    minute = np.concatenate([np.full(10 * RATE, 20_000, dtype="<i2"), np.zeros(50 * RATE, dtype="<i2")])
    given_early = 0
    for _ in range(20):
        given_early += len(cutter.add(minute))
        assert sum(map(len, cutter._portions)) <= (SECTION_S + 130) * RATE
    assert given_early >= 8


def test_no_sound_is_no_window() -> None:
    """A recording of silence, and one without a sample, have no windows."""
    assert cut(np.zeros(300 * RATE, dtype="<i2"), RATE * 32) == []
    assert SpeechCutter(loud).finish() == []


class FakeModel:
    """What CTranslate2's loaded model says of itself."""

    n_mels = 80

    def __init__(self, device: str) -> None:
        self.device = device


class FakeLibrary:
    """faster_whisper, whose CUDA fails with ``problem`` at the first use, as it does without cuBLAS."""

    def __init__(self, problem: str | None) -> None:
        self.problem = problem
        self.asked: list[tuple[str, str]] = []

    def WhisperModel(self, folder: str, *, device: str, compute_type: str, cpu_threads: int, num_workers: int) -> Any:
        """Return a model that encodes, or does not."""
        self.asked.append((device, compute_type))
        self.threads = (num_workers, cpu_threads)
        outer = self

        class Loaded:
            model = FakeModel(device)

            def encode(self, features: Any) -> None:
                if outer.problem and device == "cuda":
                    raise RuntimeError(outer.problem)

        return Loaded()


class FakeEngine:
    """ctranslate2 with ``cards`` CUDA devices."""

    def __init__(self, cards: int) -> None:
        self.cards = cards

    def get_cuda_device_count(self) -> int:
        """Return the number of cards."""
        return self.cards

    def get_supported_compute_types(self, device: str) -> Sequence[str]:
        """Return precisions as CTranslate2 4 does."""
        return {"float32", "int8"} if device == "cpu" else {"float32", "float16", "int8"}  # type: ignore[return-value]


NO_CUBLAS = "Library libcublas.so.12 is not found or cannot be loaded"


@pytest.mark.parametrize(("cores", "expected"), [(1, (1, 1)), (2, (2, 1)), (3, (2, 1)), (8, (2, 4))])
def test_workers_share_the_cores(monkeypatch: pytest.MonkeyPatch, cores: int, expected: tuple[int, int]) -> None:
    """(workers, threads of each): two as soon as there are two cores, never more threads than cores."""
    monkeypatch.setattr(_devices, "cores", lambda: cores)
    library = FakeLibrary(None)
    _devices.load(library, FakeEngine(0), Path("m"), device="cpu", compute_type=None)
    assert library.threads == expected


def test_cuda_is_taken_when_it_works() -> None:
    """A card that encodes is used, in float16."""
    loaded, kind = _devices.load(FakeLibrary(None), FakeEngine(1), Path("m"), device=None, compute_type=None)
    assert (loaded.model.device, kind) == ("cuda", "float16")


def test_without_cublas_the_cpu_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """A missing library is one warning that says what to install; the work is done on the CPU."""
    with caplog.at_level(logging.WARNING):
        loaded, kind = _devices.load(
            FakeLibrary(NO_CUBLAS), FakeEngine(1), Path("m"), device=None, compute_type="float16"
        )
    assert (loaded.model.device, kind) == ("cpu", "int8")
    assert "nvidia-cublas-cu12" in caplog.text
    assert NO_CUBLAS in caplog.text


def test_without_cublas_asked_for_is_an_error() -> None:
    """Who asks for CUDA by name is told what is missing and not given something else."""
    with pytest.raises(TranscriptionError, match=r"libcublas.*pip install nvidia-cublas-cu12.*device='cpu'"):
        _devices.load(FakeLibrary(NO_CUBLAS), FakeEngine(1), Path("m"), device="cuda", compute_type=None)


def test_a_machine_without_a_card_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    """No card is no problem: nothing is said, int8 on the CPU is chosen."""
    loaded, kind = _devices.load(FakeLibrary(None), FakeEngine(0), Path("m"), device=None, compute_type=None)
    assert (loaded.model.device, kind, caplog.text) == ("cpu", "int8", "")


def test_libraries_that_cannot_be_loaded_are_left_out(tmp_path: Path) -> None:
    """A file of the right name that is no library is passed over."""
    (tmp_path / "libcublas.so.12").write_bytes(b"no library")
    assert _devices.preload([tmp_path, tmp_path / "nowhere"]) == []
