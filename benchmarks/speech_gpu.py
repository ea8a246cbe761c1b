"""Transcription on a GPU beside the CPU of the same machine and beside raw faster-whisper.

    python benchmarks/speech_gpu.py --model FOLDER --audio FILE [--batches 16 32 64] [--rounds 2] [--no-cpu]

FOLDER holds a CTranslate2 Whisper model (model.bin, config.json, tokenizer.json), FILE is a long recording.
Ours is FasterWhisperTranscriber, raw is faster-whisper's BatchedInferencePipeline with its own defaults; beam 1
and word times on both sides, English. Times are wall-clock with the model loaded and warm, best of the rounds.
Differences are word edits against ours on the CPU in float32, for 100 of its words.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from masa_rag._media import RATE, MediaDecoder
from masa_rag.transcribers import FasterWhisperTranscriber

Side = Callable[[Path], str]


NAMES = ("Masa", "Bittensor", "Nethermind", "Glamsterdam")


def ours(model: str, device: str, precision: str, batch: int, *, glossary: Sequence[str] | None = None) -> Side:
    """Return our side, loaded."""
    made = FasterWhisperTranscriber(
        model, device=device, compute_type=precision, language="en", batch_size=batch, glossary=glossary
    )
    _ = made.engine
    return lambda path: " ".join(line.text for line in made.transcribe(path))


def with_names(model: str, device: str, precision: str, batch: int) -> Side:
    """Return our side with a glossary, whose names the recording need not hold."""
    return ours(model, device, precision, batch, glossary=NAMES)


def raw(model: str, device: str, precision: str, batch: int) -> Side:
    """Return faster-whisper's own batches, loaded."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    pipeline = BatchedInferencePipeline(WhisperModel(model, device=device, compute_type=precision))

    def words(path: Path) -> str:
        segments, _ = pipeline.transcribe(str(path), beam_size=1, language="en", batch_size=batch, word_timestamps=True)
        return " ".join(segment.text for segment in segments)

    return words


def normal(text: str) -> list[str]:
    """Return lower-case words without punctuation."""
    return re.sub(r"[^a-z0-9' ]+", " ", text.lower().replace("’", "'")).split()


def edits(one: list[str], other: list[str]) -> int:
    """Return the word edits between two texts (Wagner and Fischer 1974, a row at a time)."""
    numbers = {word: number for number, word in enumerate({*one, *other})}
    theirs = np.array([numbers[word] for word in other])
    steps = np.arange(len(other) + 1)
    row = steps.copy()
    for word in one:
        fresh = row + 1
        fresh[1:] = np.minimum(fresh[1:], row[:-1] + (theirs != numbers[word]))
        row = np.minimum.accumulate(fresh - steps) + steps
    return int(row[-1])


def machine() -> str:
    """Return the processors' names and the versions that matter."""
    import ctranslate2
    import faster_whisper

    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.+)", info.read_text()) if info.is_file() else []
    try:
        query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        card = subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        card = "no nvidia-smi"
    cores = len(os.sched_getaffinity(0))
    versions = f"ctranslate2 {ctranslate2.__version__}, faster-whisper {faster_whisper.__version__}"
    return f"{card}; {cores} cores of {names[0] if names else 'an unknown CPU'}; {versions}"


def decoding(path: Path) -> float:
    """Return the recording's length in seconds, and print what decoding alone takes."""
    began = time.perf_counter()
    with MediaDecoder() as decoder:
        length = len(decoder.decode(path)) / 2 / RATE
    print(f"{path.name}: {length:.0f} s of sound; decoding alone {time.perf_counter() - began:.1f} s", flush=True)
    return length


def measure(label: str, made: Side, path: Path, length: float, rounds: int) -> list[str]:
    """Print the best time of one side; return its words."""
    times, words = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        words = normal(made(path))
        times.append(time.perf_counter() - began)
    every = ", ".join(f"{seconds:.1f}" for seconds in times)
    print(
        f"{label}: {min(times):.1f} s ({every}), {length / min(times):.0f}x real time, {len(words)} words", flush=True
    )
    return words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 32, 64])
    parser.add_argument("--rounds", type=int, default=2, help="after one round that warms up")
    parser.add_argument("--no-gpu", action="store_true", help="the CPU only, to try this script out")
    parser.add_argument("--no-cpu", action="store_true", help="speed only")
    parser.add_argument("--no-raw", action="store_true")
    options = parser.parse_args()
    print(machine(), flush=True)
    length = decoding(options.audio)
    heard: dict[str, list[str]] = {}
    plan: list[tuple[str, Any, str, str, int]] = []
    if not options.no_gpu:
        for batch in options.batches:
            plan += [("ours", ours, "cuda", "float16", batch)]
            plan += [] if options.no_raw else [("raw", raw, "cuda", "float16", batch)]
        plan.append(("ours with a glossary", with_names, "cuda", "float16", options.batches[-1]))
    if not options.no_cpu:
        plan += [("ours", ours, "cpu", kind, 8) for kind in ("float32", "int8")]
    for name, make, device, precision, batch in plan:
        made = make(options.model, device, precision, batch)
        label = f"{name} {device} {precision} batch {batch}"
        if device == "cuda":
            made(options.audio)
        heard[label] = measure(label, made, options.audio, length, options.rounds if device == "cuda" else 1)
        del made
    base = heard.get("ours cpu float32 batch 8", [])
    for label, words in heard.items() if base else ():
        count = edits(base, words)
        print(f"{label}: {count} word edits against the CPU in float32, {100 * count / len(base):.2f} of 100 words")


if __name__ == "__main__":
    main()
