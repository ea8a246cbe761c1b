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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from speech_shared import Side, decoded, normal, one_by_one, raw

from masa_rag._media import RATE

NAMES = ("Masa", "Bittensor", "Nethermind", "Glamsterdam")


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
    length = len(decoded(path)) / RATE
    print(f"{path.name}: {length:.0f} s of sound; decoding alone {time.perf_counter() - began:.1f} s", flush=True)
    return length


def measure(label: str, made: Side, path: Path, length: float, rounds: int) -> list[str]:
    """Print the best time of one side; return its words."""
    times, words = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        words = normal(made(path)).split()
        times.append(time.perf_counter() - began)
    every = ", ".join(f"{seconds:.1f}" for seconds in times)
    print(
        f"{label}: {min(times):.1f} s ({every}), {length / min(times):.0f}x real time, {len(words)} words", flush=True
    )
    return words


def plan(options: argparse.Namespace) -> Iterator[tuple[str, Callable[..., Side], dict[str, Any]]]:
    """Yield the name of each side that is measured, what loads it, and with which settings."""
    card = {"device": "cuda", "compute_type": "float16"}
    for batch in () if options.no_gpu else options.batches:
        yield "ours", one_by_one, {**card, "batch_size": batch}
        if not options.no_raw:
            yield "raw", raw, {**card, "batch_size": batch}
    if not options.no_gpu:  # the recording need not hold the names
        yield "ours with a glossary", one_by_one, {**card, "batch_size": options.batches[-1], "glossary": NAMES}
    for kind in () if options.no_cpu else ("float32", "int8"):
        yield "ours", one_by_one, {"device": "cpu", "compute_type": kind, "batch_size": 8}


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
    for name, load, settings in plan(options):
        made = load(options.model, **settings)
        label = "{} {device} {compute_type} batch {batch_size}".format(name, **settings)
        is_fast = settings["device"] == "cuda"
        if is_fast:  # it warms up
            made(options.audio)
        heard[label] = measure(label, made, options.audio, length, options.rounds if is_fast else 1)
        del made
    base = heard.get("ours cpu float32 batch 8", [])
    for label, words in heard.items() if base else ():
        count = edits(base, words)
        print(f"{label}: {count} word edits against the CPU in float32, {100 * count / len(base):.2f} of 100 words")


if __name__ == "__main__":
    main()
