"""Speech to text with faster-whisper (CTranslate2): the only file that imports it."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masa_rag import models
from masa_rag._ids import canonical_json, digest
from masa_rag._lazy import require
from masa_rag._media import MediaDecoder
from masa_rag.errors import ConfigurationError, TranscriptionError
from masa_rag.transcribers._engine import Engine, Heard
from masa_rag.transcribers._glossary import Glossary
from masa_rag.transcribers._guards import cut_loops
from masa_rag.transcribers._progress import Progress, Watch
from masa_rag.transcribers._resume import Kept
from masa_rag.transcribers._windows import (
    MIN_SILENCE_MS,
    WINDOW_S,
    Window,
    lines_of,
    windows_of,
)
from masa_rag.types import Segment

log = logging.getLogger(__name__)

Result = Sequence[Segment] | TranscriptionError

_PURPOSE = "Transcribing a recording"
_POOL = 6
"""Batches gathered before the windows are sorted by length: equal lengths in a batch waste nothing."""
_CUDA_HELP = (
    "CUDA cannot be used ({error}). faster-whisper needs cuBLAS for CUDA 12 and cuDNN 9: "
    "pip install nvidia-cublas-cu12 nvidia-cudnn-cu12, and put their lib folders on LD_LIBRARY_PATH"
)


@dataclass(slots=True)
class _Recording:
    """One file on its way: its windows, and what each gave."""

    path: Path
    kept: Kept
    windows: list[Window]
    error: TranscriptionError | None = None
    language: str | None = None

    @property
    def is_done(self) -> bool:
        return self.error is not None or all(self.kept.get(item.start, item.end) is not None for item in self.windows)

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        done = sum(self.kept.get(item.start, item.end) is not None for item in self.windows)
        return done / len(self.windows) if self.windows else 1.0


@dataclass(slots=True)
class _Job:
    """A window that waits for the model."""

    recording: _Recording
    window: Window
    features: Any


class FasterWhisperTranscriber:
    """Turns recordings into timed lines with Whisper, many files at a time.

    The model is loaded once, at the first file. Speech is found (Silero VAD) and cut into windows,
    windows of all files are sorted by length and packed into full batches, and the next files are
    decoded, in a child process, while the model works. Lines end where Whisper's own time stamps are,
    so they can be cited without the cost of aligning words. Each segment's metadata holds
    ``confidence``: the mean probability of its tokens, from 0 to 1.

    Silence, noise and music give nothing; a decoder that repeats itself is asked again and, if that
    does not help, its loop is cut (thresholds: Radford et al. 2022, section 4.5).

    Args:
        model: A size ("tiny.en", "base", "large-v3-turbo"), a folder with a CTranslate2 model, or
            ``owner/name@revision`` on the Hugging Face hub. See :func:`masa_rag.models.locate`.
        device: "cpu" or "cuda"; None takes CUDA when it works, and says so when it does not.
        compute_type: CTranslate2's precision; None takes float16 on CUDA (int8_float16 on old cards)
            and int8 on the CPU.
        language: ISO 639-1 code; None detects it for each file.
        glossary: Names and tickers, or a mapping of each to forms heard in its place before; see
            :class:`~masa_rag.transcribers._glossary.Glossary`. Near misses are put right.
        beam_size: Hypotheses kept while decoding. 1 is fastest; 5 was no better on the test set.
        batch_size: Windows at once; None takes 8 on the CPU and 32 on CUDA.
        cache: Folder in which finished windows are kept, by the recording's content and these
            settings: a run that was broken off goes on where it was. None keeps nothing.

    Raises:
        MissingDependencyError: faster-whisper is not installed.
        EmbeddingError: The weights cannot be had; the message says what to install.
    """

    def __init__(
        self,
        model: str | Path = "base",
        *,
        device: str | None = None,
        compute_type: str | None = None,
        language: str | None = None,
        glossary: Iterable[str] | Mapping[str, Iterable[str]] | None = None,
        beam_size: int = 1,
        batch_size: int | None = None,
        cache: str | Path | None = None,
    ) -> None:
        if device not in (None, "cpu", "cuda"):
            raise ConfigurationError(f"received device={device!r}; expected 'cpu', 'cuda' or None to choose")
        if beam_size < 1 or (batch_size is not None and batch_size < 1):
            raise ConfigurationError(f"received beam_size={beam_size}, batch_size={batch_size}; expected at least 1")
        self.device = device
        self.compute_type = compute_type
        self._name = str(model)
        self._language = language
        self._terms = glossary if isinstance(glossary, Mapping) else None if glossary is None else tuple(glossary)
        self._beam_size = beam_size
        self._batch_size = batch_size
        self._cache = None if cache is None else Path(cache).expanduser()
        self._whisper: Any = None
        self._engine: Engine | None = None
        self._loading = threading.Lock()
        if self._terms is not None:
            Glossary(self._terms)  # a wrong glossary is told now, not after an hour

    @property
    def fingerprint(self) -> str:
        """Names model and settings; device and precision are left out, for they change words by rounding only."""
        terms = self._terms if isinstance(self._terms, Mapping) else dict.fromkeys(self._terms or (), ())
        settings = {
            "language": self._language,
            "beam": self._beam_size,
            "glossary": {k: sorted(v) for k, v in terms.items()},
        }
        return f"faster-whisper:{Path(self._name).name}:{digest('1', canonical_json(settings), size=6)}"

    def transcribe(self, path: Path) -> Iterator[Segment]:
        """Yield the lines of one recording in order, with ``start`` and ``end`` in seconds.

        Raises TranscriptionError when it cannot be read.
        """
        ((_, result),) = self.transcribe_many([path])
        if isinstance(result, TranscriptionError):
            raise result
        yield from result

    def transcribe_many(
        self, paths: Iterable[str | Path], *, progress: Callable[[Progress], None] | None = None
    ) -> Iterator[tuple[Path, Result]]:
        """Yield (path, lines or the error) for each recording, in the order given, as soon as it is done.

        Args:
            paths: The recordings.
            progress: Called after each batch with how far the whole work is.
        """
        files = [Path(path) for path in paths]
        watch = Watch(files, progress)
        waiting: list[_Recording] = []
        jobs: list[_Job] = []
        with _Ahead(self, files) as ahead:
            for recording, fresh in ahead:
                waiting.append(recording)
                jobs.extend(fresh)
                while len(jobs) >= self._batch() * _POOL:
                    jobs = self._work(jobs)
                    watch.update(waiting)
                    yield from self._finished(waiting, watch)
                yield from self._finished(waiting, watch)
            while jobs:
                jobs = self._work(jobs)
                watch.update(waiting)
                yield from self._finished(waiting, watch)
            yield from self._finished(waiting, watch)

    def _finished(self, waiting: list[_Recording], watch: Watch) -> Iterator[tuple[Path, Result]]:
        while waiting and waiting[0].is_done:
            recording = waiting.pop(0)
            watch.finished(recording.path)
            if recording.error is not None:
                yield recording.path, recording.error
            else:
                recording.kept.finish()
                yield recording.path, self._segments(recording.kept.all() or [])

    def _segments(self, entries: Sequence[Mapping[str, Any]]) -> list[Segment]:
        return [
            Segment(line["text"], start=line["start"], end=line["end"], metadata=line.get("metadata", {}))
            for entry in entries
            for line in entry["lines"]
        ]

    # The model ---------------------------------------------------------------------------------

    @property
    def whisper(self) -> Any:
        """The loaded model; loading happens at the first use, once."""
        with self._loading:
            if self._whisper is None:
                self._whisper = self._load()
        return self._whisper

    def _load(self) -> Any:
        library = require("faster_whisper", extra="speech", purpose=_PURPOSE)
        folder = models.locate(_known_name(self._name), accepts=("model.bin",))
        device, error = self._usable_device()
        if error and self.device == "cuda":
            raise TranscriptionError(f"received device='cuda'. {_CUDA_HELP.format(error=error)}, or use device='cpu'")
        if error:
            log.warning("%s. Going on with the CPU.", _CUDA_HELP.format(error=error))
        kind = self.compute_type or _best_precision(device)
        try:
            loaded = library.WhisperModel(str(folder), device=device, compute_type=kind, cpu_threads=_cores())
            if device == "cuda":
                _try_out(loaded)
        except (RuntimeError, ValueError) as problem:
            if device == "cuda" and self.device is None:
                log.warning("%s. Going on with the CPU.", _CUDA_HELP.format(error=problem))
                device, kind = "cpu", _best_precision("cpu")
                loaded = library.WhisperModel(str(folder), device=device, compute_type=kind, cpu_threads=_cores())
            else:
                raise TranscriptionError(
                    f"the model in {folder} could not be loaded on {device} with {kind!r} ({problem}); "
                    "leave device and compute_type out to have them chosen"
                ) from problem
        self.device, self.compute_type = device, kind
        return loaded

    def _usable_device(self) -> tuple[str, str | None]:
        if self.device == "cpu":
            return "cpu", None
        engine = require("ctranslate2", extra="speech", purpose=_PURPOSE)
        try:
            count = engine.get_cuda_device_count()
        except RuntimeError as error:
            return "cpu", str(error)
        return ("cuda", None) if count else ("cpu", "no CUDA device was found" if self.device == "cuda" else None)

    def _batch(self) -> int:
        if self._batch_size is not None:
            return self._batch_size
        return 32 if self.whisper.model.device == "cuda" else 8

    # Files to windows ----------------------------------------------------------------------------

    def _prepare(self, path: Path, decoder: MediaDecoder) -> tuple[_Recording, list[_Job]]:
        """Return a recording and its windows that are still to do; runs beside the model."""
        recording = _Recording(path, Kept(None, path, ""), [])
        try:
            if not path.is_file():
                raise TranscriptionError(f"{path}: received no file; expected a recording")
            recording.kept = Kept(self._cache, path, self.fingerprint)
            if (entries := recording.kept.all()) is not None:
                recording.windows = [Window(((entry["start"], entry["end"]),)) for entry in entries]
                return recording, []
            samples = _floats(decoder.decode(path))
            recording.windows = windows_of(self._speech(samples))
            todo = [item for item in recording.windows if recording.kept.get(item.start, item.end) is None]
            return recording, [_Job(recording, item, self._features(samples, item)) for item in todo]
        except TranscriptionError as error:
            recording.error = error
        except OSError as error:
            recording.error = TranscriptionError(f"{path}: cannot be read ({error.strerror or error})")
        return recording, []

    def _speech(self, samples: Any) -> list[tuple[int, int]]:
        vad = require("faster_whisper.vad", extra="speech", purpose=_PURPOSE)
        options = vad.VadOptions(max_speech_duration_s=WINDOW_S, min_silence_duration_ms=MIN_SILENCE_MS)
        return [(int(item["start"]), int(item["end"])) for item in vad.get_speech_timestamps(samples, options)]

    def _features(self, samples: Any, window: Window) -> Any:
        import numpy as np

        heard = np.concatenate([samples[start:end] for start, end in window.spans])
        return self.whisper.feature_extractor(heard)[..., :-1]

    # Windows to lines ----------------------------------------------------------------------------

    def _work(self, jobs: list[_Job]) -> list[_Job]:
        """Transcribe one batch of the longest windows, keep what they gave, and return the rest."""
        ordered = sorted(jobs, key=lambda job: -job.features.shape[-1])
        batch, rest = ordered[: self._batch()], ordered[self._batch() :]
        known = [self._language or job.recording.language for job in batch]
        for job, (language, heard) in zip(batch, self.engine.run([job.features for job in batch], known), strict=True):
            job.recording.language = job.recording.language or language
            job.recording.kept.put(
                {"start": job.window.start, "end": job.window.end, "lines": _lines(heard, job.window, language)}
            )
        return rest

    @property
    def engine(self) -> Engine:
        """What runs a batch; made with the model."""
        whisper = self.whisper
        if self._engine is None:
            tokens = require("faster_whisper.tokenizer", extra="speech", purpose=_PURPOSE)
            suppressed = require("faster_whisper.transcribe", extra="speech", purpose=_PURPOSE).get_suppressed_tokens

            def tokenizer(language: str) -> Any:
                many = whisper.model.is_multilingual
                return tokens.Tokenizer(whisper.hf_tokenizer, many, task="transcribe", language=language)

            self._engine = Engine(
                whisper,
                tokenizers=tokenizer,
                suppressed=lambda item: suppressed(item, [-1]),
                beam_size=self._beam_size,
                glossary=self._with_common_words(),
            )
        return self._engine

    def _with_common_words(self) -> Glossary | None:
        """Return the glossary with the model's vocabulary as the list of ordinary words."""
        if self._terms is None:
            return None
        vocabulary = self.whisper.hf_tokenizer.get_vocab()
        return Glossary(self._terms, common={token[1:] for token in vocabulary if re.fullmatch("Ġ[a-z]{2,}", token)})


def _lines(heard: Heard, window: Window, language: str) -> list[dict[str, Any]]:
    """Return what is kept of a window: its lines, with seconds of the recording."""
    lines = []
    for words in lines_of(heard.words, window):
        text = " ".join(cut_loops("".join(word.text for word in words).split()))
        if text:
            start, end = window.time_at(words[0].start), window.time_at(words[-1].end, is_end=True)
            facts = {"confidence": round(sum(word.confidence for word in words) / len(words), 3), "language": language}
            lines.append({"text": text, "start": round(start, 2), "end": round(max(start, end), 2), "metadata": facts})
    return lines


def _known_name(model: str) -> str:
    """Return the name under which the weights are known: "base" is "whisper-base"."""
    return f"whisper-{model}" if f"whisper-{model}" in models.KNOWN else model


def _cores() -> int:
    """Return how many cores this process may use, at most 16: CTranslate2's own default is 4, whatever there is."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return min(16, len(allowed))


def _best_precision(device: str) -> str:
    """Return the fastest precision the device supports; float32 when nothing better."""
    engine = require("ctranslate2", extra="speech", purpose=_PURPOSE)
    supported = engine.get_supported_compute_types(device)
    wanted = ("float16", "int8_float16", "int8") if device == "cuda" else ("int8",)
    return next((kind for kind in wanted if kind in supported), "float32")


def _try_out(whisper: Any) -> None:
    """Run the encoder once: CTranslate2 loads CUDA's libraries only at the first use."""
    import numpy as np

    whisper.encode(np.zeros((1, whisper.model.n_mels, 100), dtype=np.float32))


def _floats(data: bytes) -> Any:
    import numpy as np

    return np.frombuffer(data, dtype="<i2").astype(np.float32) / 32768.0


class _Ahead:
    """Decodes and cuts the next files in a thread while the caller's batch is with the model."""

    def __init__(self, owner: FasterWhisperTranscriber, files: Sequence[Path]) -> None:
        self._owner = owner
        self._files = files
        self._ready: queue.Queue[tuple[_Recording, list[_Job]] | BaseException | None] = queue.Queue(maxsize=4)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="masa-rag-decode", daemon=True)

    def __enter__(self) -> Iterator[tuple[_Recording, list[_Job]]]:
        self._thread.start()
        return iter(self._next, None)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        while self._thread.is_alive():
            with contextlib.suppress(queue.Empty):
                self._ready.get(timeout=0.05)
        self._thread.join()

    def _next(self) -> tuple[_Recording, list[_Job]] | None:
        item = self._ready.get()
        if isinstance(item, BaseException):
            raise item
        return item

    def _run(self) -> None:
        try:
            with MediaDecoder() as decoder:
                for path in self._files:
                    if self._stop.is_set():
                        return
                    self._ready.put(self._owner._prepare(path, decoder))
            self._ready.put(None)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for the result
            self._ready.put(error)
