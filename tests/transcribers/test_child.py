"""Processes of our own: what they may import, and what a fork of the host may do with them."""

from __future__ import annotations

import os
import signal
import sys
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from masa_rag import _child
from masa_rag._media import RATE, MediaDecoder
from masa_rag.errors import TranscriptionError
from masa_rag.transcribers import _process
from masa_rag.transcribers._model import Settings
from masa_rag.transcribers._process import ModelProcess


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a module in it that the host does not know."""
    (tmp_path / "stray.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    return tmp_path


def status(code: str) -> int:
    """Return the exit status of some Python in a process of our own."""
    child = _child.Child(code, is_silent=True)
    try:
        return child.wait(timeout=20)
    finally:
        child.end()


def test_files_of_the_current_folder_are_not_run(folder: Path) -> None:
    """A name that the host would not find there the child does not find there either."""
    assert status("import stray") == 1


def test_what_the_host_may_import_the_child_may(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of the current folder, where the host itself looks there; what is no text in its path is passed over."""
    monkeypatch.syspath_prepend("")
    assert status("import stray") == 0
    other = folder / "other"
    other.mkdir()
    (other / "more.py").write_text("")
    monkeypatch.setattr(sys, "path", [folder, str(other), *sys.path[1:]])
    assert status("import more, masa_rag") == 0
    assert status("import stray") == 1


def test_a_decoder_in_a_folder_with_a_file_called_av(folder: Path) -> None:
    """The file is not run, and the recording beside it is read."""
    pytest.importorskip("av", reason="PyAV comes with the extra 'speech'")
    (folder / "av.py").write_text("open('run', 'w')")
    with MediaDecoder() as decoder:
        assert len(decoder.decode(recording(folder))) == 2 * RATE
    assert not (folder / "run").exists()


def test_what_fails_at_import_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that cannot be loaded is an error with its own words, not a decoder that died over the file."""
    (folder / "av.py").write_text("raise RuntimeError('not the av that you know')")
    monkeypatch.syspath_prepend(str(folder))
    with MediaDecoder() as decoder, pytest.raises(ImportError, match="not the av that you know"):
        decoder.decode(recording(folder))


def recording(folder: Path) -> Path:
    """Write a second of sound."""
    with wave.open(str(folder / "call.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(b"\1\0" * RATE)
    return folder / "call.wav"


def fork(work: Callable[[], object]) -> int:
    """Return the status of a fork that does some work within ten seconds: 0 when it is done."""
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(10)
        try:
            work()
        except BaseException:  # noqa: BLE001 - it must not go on as another pytest
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1]


NO_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

LISTENING = """
from masa_rag.transcribers import _process
from masa_rag.transcribers._model import Model

class Engine:
    def run(self, features, languages, *, is_padded):
        return []

_process.load = lambda settings: Model("cpu", "int8", 80, Engine())
_process.serve()
"""


@NO_FORK
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_has_a_model_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one it inherits is not alive there, and can be dropped; it stays alive in the parent."""
    monkeypatch.setattr(_process, "CODE", LISTENING)
    settings = Settings("m", "cpu", None, 1, None)
    model = ModelProcess(settings)
    assert model.run([], []) == []

    def work() -> None:
        assert not model.is_alive
        model.close()
        assert ModelProcess(settings).run([], []) == []

    assert fork(work) == 0
    assert model.run([], []) == []


@NO_FORK
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_has_a_decoder_of_its_own(folder: Path) -> None:
    """Both read on, and neither takes the other's sound."""
    pytest.importorskip("av", reason="PyAV comes with the extra 'speech'")
    path = recording(folder)
    with MediaDecoder() as decoder:
        sound = decoder.decode(path)

        def work() -> None:
            assert decoder.decode(path) == sound
            decoder.close()

        assert fork(work) == 0
        assert decoder.decode(path) == sound
        child = decoder._child
        assert child is not None
    assert child.returncode == -signal.SIGKILL


def test_what_a_model_fails_with_at_its_start_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What a library raises there is the error's text, not a trace on the terminal and a guess at memory."""
    failing = "from masa_rag.transcribers import _process\ndef load(settings):\n    import odd\n"
    monkeypatch.setattr(_process, "CODE", f"{failing}_process.load = load\n_process.serve()")
    with pytest.raises(TranscriptionError, match=r"could not be loaded \(ModuleNotFoundError: No module named 'odd'\)"):
        ModelProcess(Settings("m", "cpu", None, 1, None))
    assert capfd.readouterr().err == ""
