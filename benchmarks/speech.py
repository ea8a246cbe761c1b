"""Transcription beside raw faster-whisper at the same settings, in one run.

    python benchmarks/speech.py wer|one|many|long|names [--model tiny.en]

Both sides use the same weights, int8, beam 1, batches of 8 and all cores; raw is BatchedInferencePipeline with
its own defaults (``many``: a loop over the files with it). Times are wall-clock, and CPU seconds of the process
and its children, which other work on the machine disturbs less (Linux).
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gzip
import html
import os
import re
import resource
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from masa_rag import models
from masa_rag.errors import TranscriptionError
from masa_rag.transcribers import FasterWhisperTranscriber
from masa_rag.transcribers._devices import cores

SPEECH = Path(os.environ.get("MASA_RAG_DATA", "../shared/data")) / "speech"
PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
PROMPT_TEXTS = Path("/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
NAMES = (
    "Masa Bittensor Chainlink Solana Arweave Filecoin Uniswap Aave EigenLayer Farcaster Lodestar Erigon Nethermind "
    "Teku Besu Prysm Hegota Glamsterdam Brendan Jamil"
).split()
JFK = "And so my fellow Americans, ask not what your country can do for you, ask what you can do for your country."
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


def ours(model: str, **options: Any) -> FasterWhisperTranscriber:
    """Return our side, loaded."""
    made = FasterWhisperTranscriber(model, device="cpu", language="en", **options)
    _ = made.engine
    return made


def raw(model: str) -> Callable[[Path], str]:
    """Return the raw side: a function of a path."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    folder = models.locate(f"whisper-{model}", accepts=("model.bin",))
    loaded = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=cores())
    pipeline = BatchedInferencePipeline(loaded)

    def words(path: Path) -> str:
        segments, _ = pipeline.transcribe(str(path), beam_size=1, language="en", batch_size=8, word_timestamps=True)
        return " ".join(segment.text for segment in segments)

    return words


def texts(transcriber: FasterWhisperTranscriber, paths: list[Path]) -> list[str]:
    """Return each file's words; an error is no words."""
    return [
        "" if isinstance(result, TranscriptionError) else " ".join(line.text for line in result)
        for _, result in transcriber.transcribe_many(paths)
    ]


def normal(text: str) -> str:
    """Return lower-case words without punctuation."""
    return " ".join(re.sub(r"[^a-z0-9' ]+", " ", html.unescape(text).lower().replace("’", "'")).split())


def error_rate(references: list[str], heard: list[str]) -> float:
    """Return the word error rate over all files, in per cent."""
    import jiwer

    return 100 * float(jiwer.wer([normal(item) or "-" for item in references], [normal(item) or "-" for item in heard]))


def references() -> list[tuple[str, Path, str]]:
    """Return (set, file, what was said) of the test recordings."""
    found = [("jfk", SPEECH / "whisper/jfk.flac", JFK)]
    read = sorted((SPEECH / "librivox").glob("*.wav"))
    found += [("librivox", path, path.with_suffix(".txt").read_text()) for path in read]
    for path in sorted((SPEECH / "sonnets").glob("p00?.mp3")):
        page = path.with_suffix(".xhtml").read_text()
        found.append(("sonnets", path, re.sub(r"<[^>]+>", " ", page[page.index("<body") :])))
    found.append(("lucier", SPEECH / "lucier/lucier.mp3", (SPEECH / "lucier/lucier.txt").read_text()))
    rows: dict[Path, str] = {}
    with (SPEECH / "speechbrain/ASR_train.csv").open(newline="") as file:
        for row in csv.DictReader(file, skipinitialspace=True):
            path = SPEECH / "speechbrain" / f"{row['ID']}.wav"
            if path.is_file() and row.get("wrd"):
                rows[path] = row["wrd"]
    found += [("speechbrain", path, words) for path, words in rows.items()]
    stm = (SPEECH / "two_speakers/sample.stm").read_text().splitlines()
    said = [line.split(maxsplit=5)[5] for line in stm if line and not line.startswith(";")]
    return [*found, ("two_speakers", SPEECH / "two_speakers/sample.wav", " ".join(said))]


def wer(model: str) -> None:
    """Word error rate on all test recordings, by set and in all."""
    known = references()
    words, transcriber = raw(model), ours(model)
    clock = Clock()
    theirs = [words(path) for _, path, _ in known]
    their_wall, their_cpu = clock.stop()
    clock = Clock()
    mine = texts(transcriber, [path for _, path, _ in known])
    my_wall, my_cpu = clock.stop()
    for name in [*dict.fromkeys(kind for kind, _, _ in known), "all"]:
        rows = [number for number, (kind, _, _) in enumerate(known) if name in (kind, "all")]
        said = [known[number][2] for number in rows]
        rates = [error_rate(said, [side[number] for number in rows]) for side in (theirs, mine)]
        count = sum(len(normal(item).split()) for item in said)
        print(f"{model} {name}: {len(rows)} files, {count} words, WER raw {rates[0]:.2f} %, ours {rates[1]:.2f} %")
    print(f"  wall raw {their_wall:.1f} s, ours {my_wall:.1f} s; CPU raw {their_cpu:.1f} s, ours {my_cpu:.1f} s")


def one(model: str) -> None:
    """Time of one file of 100 s, by turns; medians of the ratios."""
    path = SPEECH / "lucier/lucier.mp3"
    words, transcriber = raw(model), ours(model)
    sides: tuple[Callable[[], Any], ...] = (lambda: words(path), lambda: list(transcriber.transcribe(path)))
    times = []
    for _ in range(4):
        times.append([])
        for call in sides:
            clock = Clock()
            call()
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


def many(model: str) -> None:
    """Two hundred short clips, against a loop over the files."""
    clips = prompts(200)
    words = raw(model)
    clock = Clock()
    theirs = [words(path) for path, _ in clips]
    their_wall, their_cpu = clock.stop()
    transcriber = ours(model)
    clock = Clock()
    mine = texts(transcriber, [path for path, _ in clips])
    my_wall, my_cpu = clock.stop()
    said = [text for _, text in clips]
    same = sum(normal(one) == normal(other) for one, other in zip(theirs, mine, strict=True))
    print(
        f"{model} {len(clips)} clips: wall raw {their_wall:.1f} s, ours {my_wall:.1f} s ({their_wall / my_wall:.2f}x); "
        f"CPU {their_cpu:.1f} s, {my_cpu:.1f} s ({their_cpu / my_cpu:.2f}x); WER raw {error_rate(said, theirs):.2f} %, "
        f"ours {error_rate(said, mine):.2f} %; same words in {same} clips, differing {error_rate(theirs, mine):.2f} %"
    )


def long(model: str) -> None:
    """Real-time factor on ten minutes of read speech, put together from the sonnets and lucier."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        sound = np.concatenate(
            [decoded(SPEECH / f"sonnets/p00{n}.mp3") for n in (1, 2, 3)] + [decoded(SPEECH / "lucier/lucier.mp3")]
        )
        write(path, np.tile(sound, 1 + int(600 * 16000 / len(sound))))
        length = (path.stat().st_size - 44) / 32000
        for name, load in (("raw", raw), ("ours", lambda chosen: ours(chosen).transcribe)):
            transcribe = load(model)
            clock = Clock()
            list(transcribe(path))
            wall, cpu = clock.stop()
            rates = f"{length / wall:.1f}x real time, {2 * length / cpu:.1f}x with two whole cores"
            print(f"{model} long: {name} {length:.0f} s in {wall:.1f} s and {cpu:.1f} CPU s: {rates}")


def decoded(path: Path) -> Any:
    """Return a file's samples."""
    from masa_rag._media import MediaDecoder

    with MediaDecoder() as decoder:
        return np.frombuffer(decoder.decode(path), dtype="<i2")


def write(path: Path, samples: Any) -> Path:
    """Write mono 16-bit samples at 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def names(model: str) -> None:
    """Twenty names spoken by espeak-ng in forty sentences, with and without a glossary; real speech as a control."""
    with tempfile.TemporaryDirectory() as folder:
        clips = []
        for number, name in enumerate(NAMES):
            for pattern in SENTENCES[:2] if number % 2 else SENTENCES[2:]:
                path = Path(folder) / f"{len(clips):02d}.wav"
                subprocess.run(
                    ["espeak-ng", "-v", "en-us", "-s", "150", "-w", str(path), pattern.format(name)], check=True
                )
                clips.append((path, name, pattern.format(name)))
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
    tasks: dict[str, Callable[[str], None]] = {
        "wer": wer, "one": one, "many": many, "long": long, "names": names,
    }  # fmt: skip
    parser.add_argument("task", choices=tasks)
    parser.add_argument("--model", default="base")
    options = parser.parse_args()
    with contextlib.suppress(BrokenPipeError):
        tasks[options.task](options.model)


if __name__ == "__main__":
    main()
