"""From recordings to windows that wait for the model: decoding, finding speech and spectra, side by side."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from masa_rag._media import MediaDecoder
from masa_rag.errors import TranscriptionError
from masa_rag.transcribers._ahead import ahead
from masa_rag.transcribers._resume import Kept
from masa_rag.transcribers._sections import SpeechCutter
from masa_rag.transcribers._windows import Span, Window

BLOCKS_AHEAD = 8
"""Blocks of 32 s that are decoded before they are looked at."""

THREADS = 4
"""Most threads for spectra; one computes 800 s of sound a second, more than a model on the CPU takes in."""

VOTES = 4
"""Windows whose language is detected before that of most of them is taken for that of the recording."""


@dataclass(slots=True)
class Recording:
    """One file on its way: its windows so far, the languages heard in them, and what each gave."""

    path: Path
    kept: Kept
    windows: list[Window] = field(default_factory=list)
    error: TranscriptionError | None = None
    heard: Counter[str] = field(default_factory=Counter)
    cut: float = 0.0
    is_cut: bool = False

    def take(self, piece: Piece) -> None:
        """Note what was found since."""
        self.windows += piece.windows
        self.error = self.error or piece.error
        self.cut = piece.share
        self.is_cut = piece.is_last

    @property
    def language(self) -> str | None:
        """The language of most windows that were heard, None while they are few: the first may hold a jingle."""
        return self.heard.most_common(1)[0][0] if self.heard.total() >= VOTES else None

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.error is not None or (self.is_cut and self._done == len(self.windows))

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        return self.cut * (self._done / len(self.windows) if self.windows else 1.0)

    @property
    def _done(self) -> int:
        return sum(self.kept.get(item.start, item.end) is not None for item in self.windows)


@dataclass(slots=True)
class Job:
    """A window that waits for the model, and its spectrum, which may still be on its way."""

    recording: Recording
    window: Window
    features: Future[Any]


@dataclass(slots=True)
class Piece:
    """Windows found in the next part of a recording; ``jobs`` are those not kept from an earlier run."""

    recording: Recording
    windows: list[Window] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    share: float = 1.0
    is_last: bool = True
    error: TranscriptionError | None = None


class Preparation:
    """Reads recordings, one after the other.

    Args:
        find: Returns the stretches of speech in a float32 array, each at most so many seconds long.
        features: Returns the spectrum of a window's sound; called by several threads at once.
        cache: Folder of the windows kept from earlier runs; None for none.
        fingerprint: Settings of the run, for what is kept.
    """

    def __init__(
        self,
        *,
        find: Callable[[Any, float], Sequence[Span]],
        features: Callable[[Any], Any],
        cache: Path | None,
        fingerprint: str,
    ) -> None:
        self._find = find
        self._features = features
        self._cache = cache
        self._fingerprint = fingerprint

    def pieces(self, files: Sequence[Path]) -> Generator[Piece, None, None]:
        """Yield the recordings in parts, in order; the last part of each says so, or holds its error."""
        threads = max(1, min(THREADS, (os.cpu_count() or 1) // 2))
        with MediaDecoder() as decoder, ThreadPoolExecutor(threads, "masa-rag-spectrum") as pool:
            for path in files:
                recording = Recording(path, Kept(None, path, ""))
                try:
                    yield from self._pieces(recording, decoder, pool)
                except TranscriptionError as error:
                    yield Piece(recording, error=error)
                except OSError as error:
                    problem = TranscriptionError(f"{path}: cannot be read ({error.strerror or error})")
                    yield Piece(recording, error=problem)

    def _pieces(
        self, recording: Recording, decoder: MediaDecoder, pool: ThreadPoolExecutor
    ) -> Generator[Piece, None, None]:
        import numpy as np

        path = recording.path
        if not path.is_file():
            raise TranscriptionError(f"{path}: received no file; expected a recording")
        recording.kept = Kept(self._cache, path, self._fingerprint)
        if (entries := recording.kept.all()) is not None:
            yield Piece(recording, [Window(((entry["start"], entry["end"]),)) for entry in entries])
            return
        cutter = SpeechCutter(self._find)
        with closing(ahead(decoder.stream(path), size=BLOCKS_AHEAD)) as blocks:
            for block, share in blocks:
                if cut := cutter.add(np.frombuffer(block, dtype="<i2")):
                    yield self._piece(recording, cut, pool, share=share, is_last=False)
        yield self._piece(recording, cutter.finish(), pool, share=1.0, is_last=True)

    def _piece(
        self, recording: Recording, cut: Sequence[tuple[Window, Any]], pool: ThreadPoolExecutor,
        *, share: float, is_last: bool,
    ) -> Piece:  # fmt: skip
        jobs = [
            Job(recording, window, pool.submit(self._features, sound))
            for window, sound in cut
            if recording.kept.get(window.start, window.end) is None
        ]
        return Piece(recording, [window for window, _ in cut], jobs, share, is_last)
