"""Work that is done is not done again: results are kept by content and settings, window by window."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from masa_rag._ids import digest

_BLOCK = 1 << 20


class Kept:
    """The windows of one recording that are done, in a file of JSON lines.

    A line cut short by a crash is ignored: that window is done again. The name of the file is made of
    the recording's bytes and the settings, so another model or glossary starts afresh, and a renamed
    recording does not.
    """

    def __init__(self, folder: Path | None, recording: Path, fingerprint: str) -> None:
        self._path: Path | None = None
        self._done: dict[tuple[int, int], Mapping[str, Any]] = {}
        self.complete: int | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._path = folder / f"{digest(_content(recording), fingerprint)}.jsonl"
            self._load()

    def _load(self) -> None:
        if self._path is None or not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
                if "complete" in entry:
                    self.complete = int(entry["complete"])
                else:
                    self._done[int(entry["start"]), int(entry["end"])] = entry
            except (ValueError, TypeError, KeyError):
                continue  # the line that was being written when the process ended

    def get(self, start: int, end: int) -> Mapping[str, Any] | None:
        """Return what a window gave, or None when it has not been done."""
        return self._done.get((start, end))

    def all(self) -> list[Mapping[str, Any]] | None:
        """Return every window's result in order when the whole recording is done, else None."""
        if self.complete is None or len(self._done) != self.complete:
            return None
        return [self._done[key] for key in sorted(self._done)]

    def put(self, entry: Mapping[str, Any]) -> None:
        """Keep one window's result; it holds at least ``start`` and ``end`` in samples."""
        self._done[int(entry["start"]), int(entry["end"])] = entry
        self._append(entry)

    def finish(self) -> None:
        """Note that no window is missing."""
        if self.complete is None:
            self.complete = len(self._done)
            self._append({"complete": self.complete})

    def _append(self, entry: Mapping[str, Any]) -> None:
        if self._path is None:
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.write(("\n" if _cut_short(self._path) else "") + json.dumps(entry, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _cut_short(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _content(path: Path) -> str:
    state = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            state.update(block)
    return state.hexdigest()
