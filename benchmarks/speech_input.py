"""What recordings come as, and what is in them when nobody speaks.

    python benchmarks/speech_input.py silence|containers|telephone|mutated [--model tiny.en]

``silence``: thirty minutes of silence, noise and music, made from numbers, with raw faster-whisper beside it.
``containers``: one recording in eight containers at four rates, mono and stereo, and the files of the test set.
``telephone``: the test recordings at 16 and at 8 kHz, by raw faster-whisper and by us.
``mutated``: 320 damaged media files.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from speech_shared import SPEECH, decoded, error_rate, normal, ours, raw, references, texts, write

from masa_rag._media import MediaDecoder
from masa_rag.errors import TranscriptionError

CONTAINERS = {
    "wav": "pcm_s16le", "aiff": "pcm_s16be", "flac": "flac", "mp3": "libmp3lame", "m4a": "aac", "ogg": "libopus",
    "webm": "libopus", "mkv": "libmp3lame",
}  # fmt: skip
RATES = (16000, 22050, 44100, 48000)
NARROW = 8000
"""A telephone's rate, told apart: the sound above 4 kHz, and with it many an s, is gone from the file."""


def noises(minutes: float) -> Iterator[tuple[str, Any]]:
    """Yield silence, noise and music, made from numbers."""
    chance = np.random.default_rng(3)
    size = int(minutes * 60 * 16000)
    at = np.arange(size) / 16000
    yield "silence", np.zeros(size)
    yield "hiss", chance.normal(0, 60, size)
    yield "white noise", chance.normal(0, 3000, size)
    yield "brown noise", np.clip(np.cumsum(chance.normal(0, 40, size)) % 8000 - 4000, -8000, 8000)
    yield "hum", 4000 * np.sin(2 * np.pi * 50 * at) + 1500 * np.sin(2 * np.pi * 150 * at)
    notes = 220 * 2 ** (chance.choice([0, 2, 4, 5, 7, 9, 11, 12], int(minutes * 60 * 2) + 1) / 12)
    pitch = notes[(at * 2).astype(int)]
    fade = np.exp(-3 * (at * 2 % 1))
    phase = 2 * np.pi * np.cumsum(pitch) / 16000
    yield "music", 5000 * fade * (np.sin(phase) + 0.5 * np.sin(2 * phase) + 0.3 * np.sin(3 * phase))
    chord = sum(np.sin(phase * ratio) for ratio in (1, 1.25, 1.5))
    yield "music with drums", 2500 * chord * fade + chance.normal(0, 4000, size) * np.exp(-20 * (at * 2 % 1))


def silence(model: str) -> None:
    """Thirty minutes of silence, noise and music: no word may come out."""
    with tempfile.TemporaryDirectory() as folder:
        kinds = list(noises(30 / 7))
        paths = [write(Path(folder) / f"{name}.wav", samples) for name, samples in kinds]
        heard = texts(ours(model), paths)
        words = raw(model)
        theirs = [words(path) for path in paths]
    for (name, _), mine, other in zip(kinds, heard, theirs, strict=True):
        counts = f"ours {len(mine.split())} words, raw {len(other.split())} words"
        print(f"{model} {name}: {counts}; {mine[:60]!r} {other[:60]!r}")


def encoded(sound: Any, path: Path, codec: str, *, rate: int, channels: int) -> Path:
    """Write samples (16 kHz, mono) with another codec, rate and number of channels."""
    import av

    layout = "stereo" if channels == 2 else "mono"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=48000 if codec == "libopus" and rate % 8000 else rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 16000
        for packet in stream.encode(frame):
            container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


def containers(model: str) -> None:
    """The same recording in eight containers, at four rates, mono and stereo; and the files of the test set."""
    sound = decoded(SPEECH / "whisper/jfk.flac")
    transcriber = ours(model)
    with tempfile.TemporaryDirectory() as folder:
        paths = [
            encoded(sound, Path(folder) / f"{rate}-{channels}.{suffix}", codec, rate=rate, channels=channels)
            for suffix, codec in CONTAINERS.items()
            for rate in (*RATES, NARROW)
            for channels in (1, 2)
        ]
        heard = dict(zip(paths, map(normal, texts(transcriber, paths)), strict=True))
    common, _ = Counter(heard.values()).most_common(1)[0]
    for label, some in (("16 kHz and more", False), ("8 kHz", True)):
        rows = [text == common for path, text in heard.items() if path.name.startswith(f"{NARROW}-") == some]
        print(f"{model}: {label}: {sum(rows)} of {len(rows)} files give the same words: {common}")
    for path, text in heard.items():
        if text != common:
            print(f"    {path.name}: {text}")
    for paths in (
        sorted((SPEECH / "sonnets/audioformats").glob("p001.*")),
        sorted((SPEECH / "rates").glob("LDC93S1*.wav")),
    ):
        found = Counter(map(normal, texts(transcriber, paths)))
        print(f"{model}: {len(paths)} files of the test set ({paths[0].stem[:7]}), texts: {dict(found)}")


def telephone(model: str) -> None:
    """What a telephone's rate costs: word error rates at 16 and 8 kHz, raw and ours, and how many texts stay."""
    known = references()
    said = [words for _, _, words in known]
    hear, transcriber = raw(model), ours(model)
    with tempfile.TemporaryDirectory() as folder:
        heard: dict[tuple[str, int], list[str]] = {}
        for rate in (16000, NARROW):
            paths = [
                encoded(decoded(path), Path(folder) / f"{number}-{rate}.wav", "pcm_s16le", rate=rate, channels=1)
                for number, (_, path, _) in enumerate(known)
            ]
            heard["raw", rate] = [hear(path) for path in paths]
            heard["ours", rate] = texts(transcriber, paths)
    for side in ("raw", "ours"):
        wide, narrow = heard[side, 16000], heard[side, NARROW]
        same = sum(normal(one) == normal(other) for one, other in zip(wide, narrow, strict=True))
        print(
            f"{model} {side}: WER {error_rate(said, wide):.2f} % at 16 kHz, {error_rate(said, narrow):.2f} % at 8 kHz; "
            f"the same words in {same} of {len(known)} files, differing {error_rate(wide, narrow):.2f} %"
        )


def mutated(_model: str) -> None:
    """Three hundred damaged media files: a typed error or words, each within ten seconds."""
    seeds = [*sorted((SPEECH / "sonnets/audioformats").glob("p001.*")), SPEECH / "rates/LDC93S1.wav"]
    chance = random.Random(5)
    counts = {"decoded": 0, "refused": 0, "other": 0}
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder, MediaDecoder() as decoder:
        for number in range(320):
            seed = seeds[number % len(seeds)]
            data = bytearray(seed.read_bytes())
            for _ in range(chance.choice([1, 5, 50, 500])):
                data[chance.randrange(len(data) if number % 2 else min(len(data), 4096))] = chance.randrange(256)
            path = Path(folder) / f"{number}{seed.suffix}"
            path.write_bytes(data[: chance.choice([len(data), len(data), chance.randrange(1, len(data))])])
            began = time.perf_counter()
            try:
                counts["decoded" if decoder.decode(path) else "other"] += 1
            except TranscriptionError:
                counts["refused"] += 1
            slowest = max(slowest, time.perf_counter() - began)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"320 mutated files: {counts}, slowest {slowest:.2f} s, parent alive, its peak memory {memory:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tasks = {task.__name__: task for task in (silence, containers, telephone, mutated)}
    parser.add_argument("task", choices=tasks)
    parser.add_argument("--model", default="base")
    options = parser.parse_args()
    tasks[options.task](options.model)


if __name__ == "__main__":
    main()
