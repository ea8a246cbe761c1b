"""Transcription beside raw faster-whisper at the same settings, in one run.

    python benchmarks/speech.py wer|one|many|detected|long|names [--model tiny.en]

Both sides use the same weights, int8, beam 1, batches of 8 and all cores; raw is BatchedInferencePipeline with
its own defaults (``many`` and ``detected``: a loop over the files with it). Times are wall-clock, and CPU seconds of
the process and its children, which other work on the machine disturbs less (Linux).
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import os
import re
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from speech_shared import (
    SPEECH,
    error_rate,
    normal,
    one_by_one,
    ours,
    raw,
    references,
    sonnets_and_lucier,
    texts,
    write,
)

PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
PROMPT_TEXTS = Path("/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
NAMES = (
    "Masa Bittensor Chainlink Solana Arweave Filecoin Uniswap Aave EigenLayer Farcaster Lodestar Erigon Nethermind "
    "Teku Besu Prysm Hegota Glamsterdam Brendan Jamil"
).split()
SENTENCES = (
    "{0} is the name that everybody talked about on Monday.",
    "We had a long talk with {0} about the new release.",
    "I think that {0} will grow a lot this year.",
    "My friend bought some of it, but {0} was too slow.",
)


class Clock:
    """Wall and CPU seconds."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), _cpu()

    def stop(self) -> tuple[float, float]:
        return time.perf_counter() - self.wall, _cpu() - self.cpu


class Heard(NamedTuple):
    """What a side heard in each file, and the seconds that it took."""

    texts: list[str]
    wall: float
    cpu: float


def _cpu() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(item.ru_utime + item.ru_stime for item in usage) + _cpu_of_the_living()


def _cpu_of_the_living() -> float:
    """Return what the children that have not ended took; the others are in RUSAGE_CHILDREN."""
    total = 0
    for children in Path("/proc/self/task").glob("*/children"):
        for pid in children.read_text().split():
            with contextlib.suppress(OSError):  # it has just ended
                times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += int(times[11]) + int(times[12])
    return total / os.sysconf("SC_CLK_TCK")


def heard_by_both(model: str, paths: list[Path], language: str | None = "en") -> tuple[Heard, Heard]:
    """Return what the raw side hears in a loop over the files, and what ours hears in all of them."""
    words, clock = raw(model, language=language), Clock()
    theirs = Heard([words(path) for path in paths], *clock.stop())
    transcriber, clock = ours(model, language=language), Clock()
    return theirs, Heard(texts(transcriber, paths), *clock.stop())


def wer(model: str) -> None:
    """Word error rate on all test recordings, by set and in all."""
    known = references()
    theirs, mine = heard_by_both(model, [path for _, path, _ in known])
    for name in [*dict.fromkeys(kind for kind, _, _ in known), "all"]:
        rows = [number for number, (kind, _, _) in enumerate(known) if name in (kind, "all")]
        said = [known[number][2] for number in rows]
        rates = [error_rate(said, [side.texts[number] for number in rows]) for side in (theirs, mine)]
        count = sum(len(normal(item).split()) for item in said)
        print(f"{model} {name}: {len(rows)} files, {count} words, WER raw {rates[0]:.2f} %, ours {rates[1]:.2f} %")
    print(f"  wall raw {theirs.wall:.1f} s, ours {mine.wall:.1f} s; CPU raw {theirs.cpu:.1f} s, ours {mine.cpu:.1f} s")


def one(model: str) -> None:
    """Time of one file of 100 s, by turns; medians of the ratios."""
    path = SPEECH / "lucier/lucier.mp3"
    sides = raw(model), one_by_one(model)
    times = []
    for _ in range(4):
        times.append([])
        for words in sides:
            clock = Clock()
            words(path)
            times[-1].append(clock.stop())
    over = [100 * (float(np.median([mine[unit] / theirs[unit] for theirs, mine in times[1:]])) - 1) for unit in (0, 1)]
    print(
        f"{model} one file: (wall, CPU) raw and ours {times[1:]}; over raw {over[0]:+.1f} % wall, {over[1]:+.1f} % CPU"
    )


def prompts(count: int) -> list[tuple[Path, str]]:
    """Return short spoken prompts with their text (Debian: asterisk-core-sounds-en-wav)."""
    known = gzip.decompress(PROMPT_TEXTS.read_bytes()).decode(errors="replace")
    said = dict(re.findall(r"^([\w/-]+): ([^\[\n]{12,})$", known, re.MULTILINE))
    rows = [(PROMPTS / f"{name}.wav", text) for name, text in sorted(said.items())]
    return [(path, text) for path, text in rows if path.is_file()][:count]


def many(model: str, language: str | None = "en") -> None:
    """Two hundred short clips, against a loop over the files."""
    clips = prompts(200)
    theirs, mine = heard_by_both(model, [path for path, _ in clips], language)
    said = [text for _, text in clips]
    same = sum(normal(one) == normal(other) for one, other in zip(theirs.texts, mine.texts, strict=True))
    print(
        f"{model} {len(clips)} clips: "
        f"wall raw {theirs.wall:.1f} s, ours {mine.wall:.1f} s ({theirs.wall / mine.wall:.2f}x); "
        f"CPU {theirs.cpu:.1f} s, {mine.cpu:.1f} s ({theirs.cpu / mine.cpu:.2f}x); "
        f"WER raw {error_rate(said, theirs.texts):.2f} %, ours {error_rate(said, mine.texts):.2f} %; "
        f"same words in {same} clips, differing {error_rate(theirs.texts, mine.texts):.2f} %"
    )


def detected(model: str) -> None:
    """The same, no language given to either side, as by default: each finds it in every clip."""
    many(model, language=None)


def long(model: str) -> None:
    """Real-time factor on ten minutes of read speech, put together from the sonnets and lucier."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        sound = np.concatenate(sonnets_and_lucier())
        write(path, np.tile(sound, 1 + int(600 * 16000 / len(sound))))
        length = (path.stat().st_size - 44) / 32000
        for name, load in (("raw", raw), ("ours", one_by_one)):
            words = load(model)
            clock = Clock()
            words(path)
            wall, cpu = clock.stop()
            rates = f"{length / wall:.1f}x real time, {2 * length / cpu:.1f}x with two whole cores"
            print(f"{model} long: {name} {length:.0f} s in {wall:.1f} s and {cpu:.1f} CPU s: {rates}")


def spoken_names(folder: Path) -> list[tuple[Path, str, str]]:
    """Return (file, name, what is said) of two sentences with each name."""
    clips = []
    for number, name in enumerate(NAMES):
        for pattern in SENTENCES[:2] if number % 2 else SENTENCES[2:]:
            path, said = folder / f"{len(clips):02d}.wav", pattern.format(name)
            subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", str(path), said], check=True)
            clips.append((path, name, said))
    return clips


def names(model: str) -> None:
    """Twenty names spoken by espeak-ng in forty sentences, with and without a glossary; real speech as a control."""
    with tempfile.TemporaryDirectory() as folder:
        clips = spoken_names(Path(folder))
        paths = [path for path, _, _ in clips]
        said = [text for _, _, text in clips]
        before = texts(ours(model), paths)
        after = texts(ours(model, glossary=NAMES), paths)
    real = [path for _, path, _ in references()] + [path for path, _ in prompts(100)]
    plain, changed = (texts(ours(model, **extra), real) for extra in ({}, {"glossary": NAMES}))
    missed = [
        sum(not holds(text, name) for text, (_, name, _) in zip(side, clips, strict=True)) for side in (before, after)
    ]
    others = [[without(text, said[n], clips[n][1]) for n, text in enumerate(side)] for side in (before, after)]
    worse = sum(now > then for then, now in zip(*others, strict=True))
    print(
        f"{model} names: missed {missed[0]} of {len(clips)} without, {missed[1]} with glossary "
        f"({100 * (1 - missed[1] / max(1, missed[0])):.0f} % fewer); other words wrong {sum(others[0])} and "
        f"{sum(others[1])}, more of them in {worse} sentences; real speech without any of the names: "
        f"{sum(one != other for one, other in zip(plain, changed, strict=True))} of {len(real)} texts changed"
    )
    for (_, name, _), one, other in zip(clips, before, after, strict=True):
        print(f"    {name}: {one} | {other}")


def holds(text: str, name: str) -> bool:
    """Say whether a text has the name, spelled right."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def without(text: str, said: str, name: str) -> int:
    """Count the words of the sentence, other than the name, that are not in their place (the shortest alignment)."""
    import jiwer

    words = normal(said).split()
    aligned = jiwer.process_words(normal(said), normal(text) or "-").alignments[0]
    kept = {place for part in aligned if part.type == "equal" for place in range(part.ref_start_idx, part.ref_end_idx)}
    return sum(place not in kept for place, word in enumerate(words) if word != normal(name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    tasks = {task.__name__: task for task in (wer, one, many, detected, long, names)}
    parser.add_argument("task", choices=tasks)
    parser.add_argument("--model", default="base")
    options = parser.parse_args()
    with contextlib.suppress(BrokenPipeError):
        tasks[options.task](options.model)


if __name__ == "__main__":
    main()
