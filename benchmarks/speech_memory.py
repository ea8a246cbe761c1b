"""Memory built from audio alone: whether answers point to the moment, and what a killed run does again.

    python benchmarks/speech_memory.py asked|killed [--model base]

``asked``: forty sentences are spoken by espeak-ng, one after the other with pauses, twelve of them facts that are
asked for; the recording is all the memory gets. The time code of the answer's first citation is compared with the
second at which the fact begins.
``killed``: five recordings are transcribed in a child process, which is killed (SIGKILL) while the third is being
worked on; a second run counts the windows that go through the model.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
from speech_shared import write

from masa_rag import Memory
from masa_rag._media import RATE
from masa_rag.sources import Recordings
from masa_rag.transcribers import FasterWhisperTranscriber

FACTS = (
    ("The new office of the bakery opens in Lisbon on the first of May.", "Where does the bakery's new office open?"),
    ("Our budget for the bridge is forty million dollars.", "How large is the budget for the bridge?"),
    ("The choir will sing in the old theatre next Friday.", "Where will the choir sing?"),
    ("Martha found a silver coin under the kitchen floor.", "What did Martha find under the kitchen floor?"),
    ("The doctor says that coffee after six keeps him awake.", "What keeps the doctor awake?"),
    ("They paint the lighthouse every seven years.", "How often is the lighthouse painted?"),
    ("The ferry to the island leaves at half past nine.", "When does the ferry leave for the island?"),
    ("My uncle keeps twelve bee hives behind the school.", "How many bee hives does the uncle keep?"),
    ("The museum bought a violin that was made in Cremona.", "Which instrument did the museum buy?"),
    ("The wolves came back to the valley in the spring.", "Which animals came back to the valley?"),
    ("The library lends telescopes to children.", "What does the library lend to children?"),
    ("A storm took the roof off the railway station.", "What happened to the roof of the railway station?"),
)
FILLER = (
    "Well, that was quite a week for all of us.", "Let me think about it for a moment.",
    "I am not sure what they will say.", "It is hard to know how it will end.",
    "We talked about it for a long time.", "Thank you for asking me that.",
    "People often tell me the same thing.", "Let us go on with the next question.",
)  # fmt: skip


def spoken(text: str, folder: Path) -> Any:
    """Return a sentence's samples at 16 kHz."""
    path = folder / "one.wav"
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "145", "-w", str(path), text], check=True)
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float32)
        rate = file.getframerate()
    places = np.arange(int(len(sound) * RATE / rate)) * (rate / RATE)
    return np.interp(places, np.arange(len(sound)), sound).astype("<i2")


def talk(folder: Path) -> tuple[Path, list[tuple[str, float]]]:
    """Return a recording and (question, second) of its facts."""
    chance = np.random.default_rng(4)
    sentences = [(text, question) for text, question in FACTS]
    sentences += [(text, "") for text in (FILLER * 4)[: 40 - len(FACTS)]]
    parts, asked, position = [], [], 0
    for place in chance.permutation(len(sentences)):
        text, question = sentences[place]
        sound = spoken(text, folder)
        if question:
            asked.append((question, position / RATE))
        parts += [sound, np.zeros(int(chance.uniform(0.3, 0.9) * RATE), dtype="<i2")]
        position += len(parts[-1]) + len(sound)
    return write(folder / "talk.wav", np.concatenate(parts)), asked


def asked(model: str) -> None:
    """Ask for each fact; print how far the time codes are from the moments."""
    with tempfile.TemporaryDirectory() as name, Memory(Path(name) / "memory") as memory:
        path, questions = talk(Path(name))
        memory.add(Recordings(path, transcriber=FasterWhisperTranscriber(model, device="cpu", language="en")))
        exact = found = 0
        for question, moment in questions:
            answer = memory.ask(question, k=3)
            if not answer.cited:
                print(f"  {moment:6.1f} s, no answer: {question}")
                continue
            first = answer.cited[0].chunk
            passage = answer.hits[0].chunk
            found += passage.start_s - 5 <= moment <= passage.end_s
            exact += abs(first.start_s - moment) <= 5
            print(f"  {moment:6.1f} s, answered from {first.start_s:6.1f}: {question} {answer.text.splitlines()[0]}")
        print(
            f"{model} asked: the first answer's passage holds the moment in {found} of {len(questions)}, its time code "
            f"lies within 5 s of it in {exact} of {len(questions)}"
        )


CHILD = """
import sys
from pathlib import Path
from masa_rag.transcribers import FasterWhisperTranscriber
made = FasterWhisperTranscriber(sys.argv[1], device="cpu", language="en", cache=sys.argv[2], batch_size=2)
run = type(made)._run
def counted(self, batch, *languages):
    heard = run(self, batch, *languages)
    print("windows", *(f"{job.recording.path.name}" for job in batch), flush=True)
    return heard
type(made)._run = counted
for path, lines in made.transcribe_many(sys.argv[3:]):
    print("done", path.name, flush=True)
"""


def killed(model: str) -> None:
    """Kill a run within its third file; print what the next run does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chance = np.random.default_rng(2)
        files = []
        for number in range(5):
            order = chance.permutation(len(FACTS))
            parts = [spoken(FACTS[place][0], folder) for place in order]
            files.append(write(folder / f"{number}.wav", np.concatenate(parts)))
        command = [sys.executable, "-c", CHILD, model, str(folder / "cache"), *map(str, files)]
        first = run(command, kill_after="1.wav")
        second = run(command, kill_after=None)
        if (first["status"], second["status"]) != (-signal.SIGKILL, 0):
            sys.exit(f"the first run was not killed, or the second did not end: {first} {second}")
        print(f"{model} killed: first run {json.dumps(first)}")
        print(f"{model} killed: second run {json.dumps(second)}")
        again = sum(second["windows"].get(f"{number}.wav", 0) for number in (0, 1))
        print(f"  windows of the first two files in the second run: {again}")


def run(command: list[str], *, kill_after: str | None) -> dict[str, Any]:
    """Run a child; kill it at the first window after ``kill_after`` is done. Return what it did."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    windows: dict[str, int] = {}
    done: list[str] = []
    assert child.stdout is not None
    for line in child.stdout:
        kind, *names = line.split()
        if kind == "done":
            done += names
        else:
            for one in names:
                windows[one] = windows.get(one, 0) + 1
        if kill_after in done and kind == "windows":
            os.kill(child.pid, signal.SIGKILL)
            break
    return {"windows": windows, "done": done, "status": child.wait()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    tasks = {task.__name__: task for task in (asked, killed)}
    parser.add_argument("task", choices=tasks)
    parser.add_argument("--model", default="base")
    options = parser.parse_args()
    began = time.perf_counter()
    tasks[options.task](options.model)
    print(f"  took {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
