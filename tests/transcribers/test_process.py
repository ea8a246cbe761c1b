"""ModelProcess: a model in a process of its own. Here the model is scripted; all else is real."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from masa_rag.errors import TranscriptionError
from masa_rag.transcribers import FasterWhisperTranscriber, _process
from masa_rag.transcribers._engine import Heard
from masa_rag.transcribers._model import Settings
from masa_rag.transcribers._process import KEEPING, ModelProcess
from masa_rag.transcribers._windows import Word

np = pytest.importorskip("numpy")

SCRIPTED = '''
import logging, os, threading, time
from masa_rag.errors import TranscriptionError
from masa_rag.transcribers import _process
from masa_rag.transcribers._engine import Heard
from masa_rag.transcribers._model import Model
from masa_rag.transcribers._windows import Word

both = threading.Barrier(2)
answers = os.dup(1)

class Engine:
    """Hears the sum of each spectrum; the first language says what else happens."""

    def run(self, features, languages, *, is_padded):
        print("what libraries print is no answer", flush=True)
        if languages[0] == "both":
            both.wait(timeout=10)
        if languages[0] == "fail":
            raise RuntimeError("CUDA failed with error out of memory")
        if languages[0] == "die":
            os._exit(7)
        if languages[0] == "rubbish":
            os.write(answers, b"rubbish\\n")
        if languages[0] == "sleep":
            time.sleep(60)
        if languages[0] == "environment":
            return [("en", Heard([], os.environ["MALLOC_ARENA_MAX"], 0.0, 0.0))]
        words = [Word(" é", 0.5, 1.0, 0.75, (3,))]
        texts = [f"{item.sum():.0f} {is_padded}" for item in features]
        return [(it or "nl", Heard([1, 2], text, -0.5, 0.25, words)) for text, it in zip(texts, languages)]

def load(settings):
    logging.getLogger("masa_rag.transcribers").warning("Going on with the CPU.")
    if settings.folder == "bad":
        raise TranscriptionError("the model in bad could not be loaded")
    return Model("cpu", f"int8 {settings.beam_size} {settings.glossary}", 80, Engine())

_process.load = load
_process.serve()
'''


@pytest.fixture(autouse=True)
def _scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_process, "CODE", SCRIPTED)


def made(folder: str = "m") -> ModelProcess:
    """Return a process with the scripted model."""
    return ModelProcess(Settings(folder, "cpu", None, 1, {"Masa": ["massa"]}))


def sound(value: float, columns: int = 3) -> Any:
    """Return a spectrum."""
    return np.full((80, columns), value, dtype=np.float32)


def test_what_is_heard_comes_whole() -> None:
    """Spectra of several lengths go there; languages, texts, numbers and words come back as they were."""
    model = made()
    word = Word(" é", 0.5, 1.0, 0.75, (3,))
    assert model.run([sound(1), sound(2, columns=3000)], ["en", None], is_padded=True) == [
        ("en", Heard([1, 2], "240 True", -0.5, 0.25, [word])),
        ("nl", Heard([1, 2], "480000 True", -0.5, 0.25, [word])),
    ]
    assert (model.device, model.compute_type, model.mels) == ("cpu", "int8 1 {'Masa': ['massa']}", 80)


def test_two_threads_may_ask_at_once() -> None:
    """Each waits until the other has begun, and gets its own answer."""
    model = made()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda value: model.run([sound(value)], ["both"])[0][1].text, (1, 2)))
    assert found == ["240 False", "480 False"]


def test_what_the_model_says_of_its_failure_is_raised() -> None:
    """And it can be asked again."""
    model = made()
    with pytest.raises(RuntimeError, match="out of memory"):
        model.run([sound(1)], ["fail"])
    assert model.run([sound(1)], ["en"])[0][0] == "en"


def test_a_model_that_cannot_be_loaded(caplog: pytest.LogCaptureFixture) -> None:
    """The error and the warnings are those of the child."""
    with pytest.raises(TranscriptionError, match=r"^the model in bad could not be loaded$"):
        made("bad")
    assert caplog.messages == ["Going on with the CPU."]


def test_a_child_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is an error that says how it ended; so is a program that is not there."""
    monkeypatch.setattr(_process, "CODE", "raise SystemExit(3)")
    with pytest.raises(TranscriptionError, match="exit status 3"):
        made()
    monkeypatch.setattr("sys.executable", "/no/such/python")
    with pytest.raises(TranscriptionError, match="could not be started"):
        made()


def test_a_process_that_dies() -> None:
    """Who waits for it, and who asks afterwards, is told; nobody waits for ever."""
    model = made()
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(model.run, [sound(1)], ["sleep"])
        with pytest.raises(TranscriptionError, match="exit status 7"):
            model.run([sound(1)], ["die"])
        with pytest.raises(TranscriptionError, match="exit status 7"):
            waiting.result(timeout=10)
    with pytest.raises(TranscriptionError, match="exit status 7"):
        model.run([sound(1)], ["en"])
    assert not model.is_alive


def test_an_answer_that_cannot_be_read() -> None:
    """The process is ended, for nobody knows what comes next."""
    model = made()
    with pytest.raises(TranscriptionError, match="the process that runs the model ended"):
        model.run([sound(1)], ["rubbish"])
    assert not model.is_alive


def test_a_transcriber_starts_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """After the process died the next recording gets a new one."""
    pytest.importorskip("faster_whisper", reason="faster-whisper comes with the extra 'speech'")
    monkeypatch.setattr("masa_rag.models.locate", lambda name, accepts: tmp_path)
    monkeypatch.setattr("masa_rag.transcribers._devices.check", lambda folder: None)
    transcriber = FasterWhisperTranscriber("base", device="cpu")
    first = transcriber.engine
    assert transcriber.engine is first
    with pytest.raises(TranscriptionError):
        first.run([sound(1)], ["die"])
    assert transcriber.engine is not first
    assert transcriber.engine.run([sound(1)], ["en"])[0][1].text == "240 False"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_it_ends_with_the_object_and_ctrl_c_is_for_the_host() -> None:
    """SIGINT does not end it; dropping the last reference does, and frees its threads."""
    model = made()
    pid = model._child.pid
    os.kill(pid, signal.SIGINT)
    assert model.run([sound(1)], ["en"])[0][0] == "en"
    del model
    gc.collect()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    until = time.monotonic() + 10
    while any(thread.name == "masa-rag-model" for thread in threading.enumerate()) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(thread.name == "masa-rag-model" for thread in threading.enumerate())


def test_the_c_library_is_told_to_keep_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the child only, and unless the user has told it something else."""
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    assert made().run([sound(1)], ["environment"])[0][1].text == KEEPING["MALLOC_ARENA_MAX"] == "1"
    monkeypatch.setenv("MALLOC_ARENA_MAX", "3")
    assert made().run([sound(1)], ["environment"])[0][1].text == "3"
