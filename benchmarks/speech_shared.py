"""What the benchmarks of speech share: the test recordings, both sides, and word error rates."""

from __future__ import annotations

import csv
import html
import re
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from data import DATA

from masa_rag import models
from masa_rag._media import RATE, MediaDecoder
from masa_rag.errors import TranscriptionError
from masa_rag.transcribers import FasterWhisperTranscriber
from masa_rag.transcribers._devices import cores

Side = Callable[[Path], str]
"""Returns the words of a recording."""
SPEECH = DATA / "speech"
JFK = "And so my fellow Americans, ask not what your country can do for you, ask what you can do for your country."


def ours(model: str, *, device: str = "cpu", language: str | None = "en", **options: Any) -> FasterWhisperTranscriber:
    """Return our side, loaded; a language of None is found in each recording."""
    made = FasterWhisperTranscriber(model, device=device, language=language, **options)
    _ = made.engine
    return made


def one_by_one(model: str, **options: Any) -> Side:
    """Return our side, loaded, for one recording at a time."""
    transcriber = ours(model, **options)
    return lambda path: " ".join(line.text for line in transcriber.transcribe(path))


def raw(
    model: str,
    *,
    device: str = "cpu",
    compute_type: str = "int8",
    batch_size: int = 8,
    language: str | None = "en",
) -> Side:
    """Return the raw side, loaded: faster-whisper's own batches; a language of None is found in each recording."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    known = f"whisper-{model}"
    folder = models.locate(known if known in models.KNOWN else model, accepts=("model.bin",))
    loaded = WhisperModel(str(folder), device=device, compute_type=compute_type, cpu_threads=cores())
    pipeline = BatchedInferencePipeline(loaded)

    def words(path: Path) -> str:
        segments, _ = pipeline.transcribe(
            str(path), beam_size=1, language=language, batch_size=batch_size, word_timestamps=True
        )
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


def sonnets_and_lucier() -> tuple[Any, Any]:
    """Return the samples of two readers."""
    sonnets = [decoded(SPEECH / f"sonnets/p00{number}.mp3") for number in (1, 2, 3)]
    return np.concatenate(sonnets), decoded(SPEECH / "lucier/lucier.mp3")


def decoded(path: Path) -> Any:
    """Return a file's samples."""
    with MediaDecoder() as decoder:
        return np.frombuffer(decoder.decode(path), dtype="<i2")


def write(path: Path, samples: Any) -> Path:
    """Write mono 16-bit samples at 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return path
