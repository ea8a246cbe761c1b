"""How far a transcription is, and an honest guess at when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from masa_rag.transcribers._prepare import Recording

EARLIEST = 0.02
"""Share that must be done before a time is guessed: less says too little about the rest."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a transcription is.

    Attributes:
        done: Share of the work that is done, from 0 to 1, by bytes of the files.
        files_done: Files that are finished.
        files: Files in all.
        elapsed_s: Seconds since the beginning.
        left_s: Seconds it will go on if the rest is like what is done; None while that is unknown.
    """

    done: float
    files_done: int
    files: int
    elapsed_s: float
    left_s: float | None


class Watch:
    """Counts what is done and tells ``report``.

    Work kept from an earlier run counts as done, but not for the speed: it cost no time.
    """

    def __init__(self, files: Sequence[Path], report: Callable[[Progress], None] | None) -> None:
        self._sizes = {path: _size(path) for path in files}
        self._report = report
        self._files = len(files)
        self._done: set[Path] = set()
        self._started = time.monotonic()
        self._free: float | None = None
        self._told = 0.0

    def finished(self, path: Path) -> None:
        """Note that a file is done."""
        self._done.add(path)

    def update(self, waiting: Sequence[Recording]) -> None:
        """Tell how far it is, counting the finished windows of files that are not done yet."""
        if self._report is None:
            return
        total = sum(self._sizes.values()) or 1
        whole = sum(self._sizes[path] for path in self._done)
        partly = sum(self._sizes.get(item.path, 0) * item.share for item in waiting if item.path not in self._done)
        done = self._told = max(self._told, min(1.0, (whole + partly) / total))
        self._free = done if self._free is None else self._free
        elapsed = time.monotonic() - self._started
        fresh = done - self._free
        left = elapsed * (1 - done) / fresh if fresh > EARLIEST else None
        self._report(Progress(done, len(self._done), self._files, elapsed, left))


def _size(path: Path) -> int:
    """Return a file's size, 0 for what is none; who reads it says what is wrong."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0
