"""Speech to text with faster-whisper (CTranslate2)."""

from __future__ import annotations

import importlib.metadata
import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from masa_rag import models
from masa_rag._ids import canonical_json, digest
from masa_rag._lazy import require
from masa_rag.errors import ConfigurationError, EmbeddingError, MasaRagError, TranscriptionError
from masa_rag.transcribers import _devices
from masa_rag.transcribers._ahead import ahead
from masa_rag.transcribers._batches import Batches
from masa_rag.transcribers._encoder import LIMIT_S
from masa_rag.transcribers._engine import Heard
from masa_rag.transcribers._glossary import Glossary
from masa_rag.transcribers._model import PURPOSE, Settings
from masa_rag.transcribers._prepare import Job, Preparation, Recording
from masa_rag.transcribers._process import ModelProcess, NotHeardError
from masa_rag.transcribers._progress import Progress, Watch
from masa_rag.transcribers._resume import sampled
from masa_rag.transcribers._sections import SECTION_S
from masa_rag.transcribers._spectrum import spectrum
from masa_rag.transcribers._windows import MIN_SILENCE_MS, WINDOW_S, entries_of
from masa_rag.types import Segment

log: logging.Logger = logging.getLogger(__name__)

Result = Sequence[Segment] | TranscriptionError

PIECES_AHEAD = 4
"""Parts of about two minutes that are prepared while the model works."""

_NO_MEMORY = re.compile("out of memory|ALLOC_FAILED")


class FasterWhisperTranscriber:
    """Turns recordings into timed lines with Whisper, many files at a time.

    The model is loaded once, at the first file, into a process of its own: what its libraries or the
    kernel end there is a TranscriptionError here. Speech is found (Silero VAD) and cut into windows,
    windows of like length, of all files, are packed into full batches, and what comes next is
    decoded, in a child process, while the model works. Lines end with sentences and pauses, by the
    times of their words. Each segment's metadata holds ``confidence``, the mean probability of its
    words from 0 to 1, ``language``, and ``word_starts``, the second at which each word begins (not
    where a loop was cut).

    Silence, noise and music give nothing; a decoder that repeats itself is asked again and, if that
    does not help, its loop is cut (thresholds: Radford et al. 2022, section 4.5).

    Args:
        model: A size ("tiny.en", "base", "large-v3-turbo"), a folder with a CTranslate2 model, or
            ``owner/name@revision`` on the Hugging Face hub. See :func:`masa_rag.models.locate`.
        device: "cpu" or "cuda"; None takes CUDA when it works, and says so when it does not.
        compute_type: CTranslate2's precision; None takes float16 on CUDA (int8_float16 on old cards)
            and int8 on the CPU.
        language: ISO 639-1 code; None takes for each file that of most of its first windows. Parts in another
            language are then written as if they were in this one.
        glossary: Names and tickers, or a mapping of each to forms heard in its place before; see
            :class:`~masa_rag.transcribers._glossary.Glossary`. Near misses are put right.
        beam_size: Hypotheses kept while decoding. 1 is fastest; 5 was no better on the test set.
        batch_size: Windows in a batch, of which two are worked on side by side; None takes 4 on the CPU and 32 on CUDA.
        cache: Folder in which finished windows are kept, by the recording's content and these
            settings: a run that was broken off goes on where it was. None keeps nothing.

    Raises:
        MissingDependencyError: faster-whisper is not installed.
        TranscriptionError: The weights cannot be had; the message says what to install.
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
        self._engine: ModelProcess | None = None
        self._filters: Any = None
        self._loading = threading.Lock()
        self._failed: MasaRagError | None = None
        if self._terms is not None:
            Glossary(self._terms)  # a wrong glossary is told now, not after an hour

    @property
    def fingerprint(self) -> str:
        """Names model, settings and what finds speech.

        Device and precision are left out, for they change words by rounding only.
        """
        settings = {
            "language": self._language,
            "beam": self._beam_size,
            "glossary": self._glossary(),
            "weights": _weights(self._name),
            "speech": [_version(), MIN_SILENCE_MS, WINDOW_S, LIMIT_S, SECTION_S],
        }
        return f"faster-whisper:{Path(self._name).name}:{digest('8', canonical_json(settings), size=6)}"

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

        Windows on which the model fails, or over which its process ends, are tried once more, one by one in a new one;
        only recordings with a window that fails again have an error.

        Args:
            paths: The recordings.
            progress: Called after each batch with how far the whole work is.

        Raises TranscriptionError when the model cannot be loaded, or when it failed on four recordings, each tried
        alone, before it heard anything in this call.
        """
        self._failed = None
        files = [Path(path) for path in paths]
        watch = Watch(files, progress)
        waiting: list[Recording] = []
        newest: Recording | None = None
        coming = ahead(self._preparation().pieces(files), size=PIECES_AHEAD)
        with closing(coming) as pieces, closing(Batches(self._hear, self._batch)) as batches:
            for piece in pieces:
                if piece.recording is not newest:
                    newest = piece.recording
                    waiting.append(newest)
                piece.recording.take(piece)
                batches.add(piece.jobs)
                for _ in batches.work():
                    watch.update(waiting)
                    yield from self._finished(waiting, watch)
                yield from self._finished(waiting, watch)
            for _ in batches.work(is_last=True):
                watch.update(waiting)
                yield from self._finished(waiting, watch)

    def _preparation(self) -> Preparation:
        return Preparation(find=self._speech, features=self._features, cache=self._cache, fingerprint=self.fingerprint)

    def _finished(self, waiting: list[Recording], watch: Watch) -> Iterator[tuple[Path, Result]]:
        while waiting and waiting[0].is_done:
            recording = waiting.pop(0)
            watch.finished(recording.path)
            if recording.error is not None:
                yield recording.path, recording.error
            else:
                recording.kept.finish([(window.start, window.end) for window in recording.windows])
                yield recording.path, self._segments(recording.kept.all() or [])

    def _segments(self, entries: Sequence[Mapping[str, Any]]) -> list[Segment]:
        return [
            Segment(line["text"], start=line["start"], end=line["end"], metadata=line.get("metadata", {}))
            for entry in entries
            for line in entry["lines"]
        ]

    # The model ---------------------------------------------------------------------------------

    @property
    def engine(self) -> ModelProcess:
        """The loaded model, in a process of its own; loaded at the first use, and anew when it has ended."""
        with self._loading:
            if self._failed is not None:  # without a network each of the threads would ask the hub for 24 s
                raise self._failed
            if self._engine is None or not self._engine.is_alive:
                try:
                    self._engine = self._load()
                except MasaRagError as error:
                    self._failed = error
                    raise
        return self._engine

    def _load(self) -> ModelProcess:
        extractors = require("faster_whisper.feature_extractor", extra="speech", purpose=PURPOSE)
        try:
            folder = models.locate(_known_name(self._name), accepts=("model.bin",))
        except EmbeddingError as error:
            raise TranscriptionError(str(error)) from error
        _devices.check(folder)
        glossary = None if self._terms is None else self._glossary()
        loaded = ModelProcess(Settings(str(folder), self.device, self.compute_type, self._beam_size, glossary))
        self.device, self.compute_type = loaded.device, loaded.compute_type
        self._filters = extractors.FeatureExtractor(loaded.mels).mel_filters
        return loaded

    def _glossary(self) -> dict[str, list[str]]:
        """Return each term with the forms heard in its place."""
        terms = self._terms if isinstance(self._terms, Mapping) else dict.fromkeys(self._terms or (), ())
        return {term: sorted(forms) for term, forms in terms.items()}

    def _batch(self) -> int:
        if self._batch_size is not None:
            return self._batch_size
        return 32 if self.engine.device == "cuda" else 4

    # Files to windows ----------------------------------------------------------------------------

    def _speech(self, samples: Any, limit_s: float) -> list[tuple[int, int]]:
        vad = require("faster_whisper.vad", extra="speech", purpose=PURPOSE)
        options = vad.VadOptions(max_speech_duration_s=limit_s, min_silence_duration_ms=MIN_SILENCE_MS)
        return [(int(item["start"]), int(item["end"])) for item in vad.get_speech_timestamps(samples, options)]

    def _features(self, sound: Any) -> Any:
        if self._filters is None:  # a process that ended is started anew when there is something to hear
            _ = self.engine  # whose model says how many mels
        return spectrum(sound, self._filters)

    # Windows to lines ----------------------------------------------------------------------------

    def _hear(self, batch: Sequence[Job], known: Sequence[str | None]) -> list[str]:
        """Keep what the model hears in a batch, and return the language of each window."""
        heard = self._run(batch, [self._language or language for language in known])
        for job, (language, item) in zip(batch, heard, strict=True):
            lines = entries_of(item.words, job.window, language)
            job.recording.kept.put({"start": job.window.start, "end": job.window.end, "lines": lines})
        return [language for language, _ in heard]

    def _run(self, batch: Sequence[Job], known: Sequence[str | None]) -> list[tuple[str, Heard]]:
        """Return what the model heard; batches that do not fit into the card's memory are halved from then on."""
        engine = self.engine
        try:
            return engine.run([job.features.result() for job in batch], known, is_padded=batch[0].window.is_padded)
        except (RuntimeError, ValueError) as error:
            if len(batch) == 1 or not _NO_MEMORY.search(str(error)):
                advice = "its files may be damaged: fetch it again" if self.device == "cpu" else "try device='cpu'"
                problem = f"the model failed on {self.device} ({error}); {advice}"
                engine.close()  # after some errors CUDA does nothing more in the same process
                raise NotHeardError(problem) from error
        half = self._batch_size = (len(batch) + 1) // 2
        log.warning("A batch of %d windows does not fit into memory; going on with %d.", len(batch), half)
        return [*self._run(batch[:half], known[:half]), *self._run(batch[half:], known[half:])]


def _known_name(model: str) -> str:
    """Return the name under which the weights are known: "base" is "whisper-base"."""
    return f"whisper-{model}" if f"whisper-{model}" in models.KNOWN else model


def _weights(model: str) -> str | None:
    """Return what tells a folder's model from others in folders of that name; None for one known by its name."""
    path = Path(model).expanduser()
    if _known_name(model) in models.KNOWN or not path.exists():
        return None
    file = (path if path.is_dir() else path.parent) / "model.bin"
    return sampled(file) if file.is_file() else None


def _version() -> str | None:
    """Return the version of faster-whisper, which brings the detector of speech; None when it is not installed."""
    try:
        return importlib.metadata.version("faster-whisper")
    except importlib.metadata.PackageNotFoundError:
        return None
