"""A run that is killed in the middle of a recording: what was finished before is not done again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import wave
from pathlib import Path

import pytest

pytest.importorskip("numpy")
pytest.importorskip("av", reason="PyAV comes with the extra 'speech'")

RUN = '''
import sys, threading
import numpy as np
from masa_rag.transcribers import FasterWhisperTranscriber
from masa_rag.transcribers._engine import Heard
from masa_rag.transcribers._windows import RATE, Word

printed = threading.Semaphore(0)

class Engine:
    """Waits to be killed at the fifth window where it is told to, when the first two recordings are done."""

    lock = threading.Lock()
    seen = 0

    def run(self, features, languages, *, is_padded):
        with Engine.lock:
            Engine.seen += len(features)
            if sys.argv[2] == "wait" and Engine.seen > 4:
                printed.acquire()
                printed.acquire()
                print("third", flush=True)
                sys.stdin.read()
        return [("en", Heard([1], "x", -0.1, 0.0, [Word(f" {item.shape[-1]}.", 0.0, 1.0, 0.9)])) for item in features]

class Scripted(FasterWhisperTranscriber):
    engine = Engine()

    def _speech(self, samples, limit_s):
        return [(start, start + 20 * RATE) for start in range(0, len(samples) - 1, 20 * RATE)]

    def _features(self, sound):
        return np.zeros((80, 100), dtype=np.float32)

made = Scripted(cache=sys.argv[1], batch_size=2)
for path, lines in made.transcribe_many(sys.argv[3:]):
    print(path.name, len(lines), flush=True)
    printed.release()
print("windows", Engine.seen, flush=True)
'''


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_what_was_finished_before_a_kill_is_not_done_again(tmp_path: Path) -> None:
    """Killed within the third of five files of two windows each, the next run does only the six that are missing."""
    files = []
    for number in range(5):
        with wave.open(str(tmp_path / f"{number}.wav"), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(bytes([number, 0]) * (40 * 16_000))
        files.append(str(tmp_path / f"{number}.wav"))
    command = [sys.executable, "-c", RUN, str(tmp_path / "cache")]
    child = subprocess.Popen([*command, "wait", *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        lines = [line.strip() for line in iter(child.stdout.readline, "third\n")]
        os.kill(child.pid, signal.SIGKILL)
    assert lines == ["0.wav 2", "1.wav 2"]
    assert child.returncode == -signal.SIGKILL
    again = subprocess.run([*command, "on", *files], capture_output=True, text=True, check=True, timeout=60)
    assert again.stdout.split("\n")[:-1] == [*(f"{number}.wav 2" for number in range(5)), "windows 6"]
