"""Work that is done is not done again: results are kept by content and settings, window by window."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from masa_rag._ids import digest
from masa_rag.errors import ConfigurationError

log = logging.getLogger(__name__)

_PIECE, _PIECES = 1 << 14, 64


class Kept:
    """The windows of one recording that are done, in a file of lines: JSON, a tab, and its checksum.

    A line cut short by a crash, or damaged on the disk, is ignored: that window is done again. The name of the
    file is made of the recording's bytes and the settings, so another model or glossary starts afresh, and a
    renamed recording does not. Several processes may keep the same recording: each line is written at once.
    When nothing can be written any more, as on a full disk, a warning says so and the work goes on.

    Raises:
        ConfigurationError: The folder cannot be made.
        OSError: The recording cannot be read.
    """

    def __init__(self, folder: Path | None, recording: Path, fingerprint: str) -> None:
        self._path: Path | None = None
        self._done: dict[tuple[int, int], Mapping[str, Any]] = {}
        self._complete: list[tuple[int, int]] | None = None
        if folder is not None:
            _make(folder)
            self._path = folder / f"{digest(_content(recording), fingerprint)}.jsonl"
            self._load(self._path)

    def _load(self, path: Path) -> None:
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n") if path.exists() else []
        except OSError as error:
            self._give_up(error)
            return
        for line in lines:
            text, _, checksum = line.rpartition("\t")
            if checksum != _checksum(text):
                continue  # damaged, or being written when the process ended
            entry = json.loads(text)
            if "complete" in entry:
                self._complete = [(start, end) for start, end in entry["complete"]]
            else:
                self._done[entry["start"], entry["end"]] = entry

    def get(self, start: int, end: int) -> Mapping[str, Any] | None:
        """Return what a window gave, or None when it has not been done."""
        return self._done.get((start, end))

    def all(self) -> list[Mapping[str, Any]] | None:
        """Return every window's result in order when the whole recording is done, else None.

        Windows of runs that found others are no part of it, and neither is a whole of which some are missing.
        """
        if self._complete is None or not self._done.keys() >= set(self._complete):
            return None
        return [self._done[key] for key in self._complete]

    def put(self, entry: Mapping[str, Any]) -> None:
        """Keep one window's result; it holds at least ``start`` and ``end`` in samples."""
        self._done[int(entry["start"]), int(entry["end"])] = entry
        self._append(entry)

    def finish(self, windows: Sequence[tuple[int, int]]) -> None:
        """Note that these windows, (start, end) in order, are the whole recording."""
        if self._complete != list(windows):
            self._complete = list(windows)
            self._append({"complete": self._complete})

    def _append(self, entry: Mapping[str, Any]) -> None:
        path = self._path  # another thread may give up meanwhile
        if path is None:
            return
        try:
            text = json.dumps(entry, ensure_ascii=False)
            start = "\n" if path.exists() and _cut_short(path) else ""
            with path.open("ab", buffering=0) as file:
                file.write(f"{start}{text}\t{_checksum(text)}\n".encode())
                os.fsync(file.fileno())
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        log.warning("%s: finished windows cannot be kept (%s). Going on without.", self._path, error.strerror or error)
        self._path = None


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def sampled(path: Path) -> str:
    """Return a digest of a large file's size and of 1 MiB spread over it: training changes weights all over."""
    size = path.stat().st_size
    state = hashlib.blake2b(str(size).encode(), digest_size=16)
    with path.open("rb") as file:
        for place in range(0, size, max(_PIECE, size // _PIECES)):
            file.seek(place)
            state.update(file.read(_PIECE))
    return state.hexdigest()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"received cache={str(folder)!r}, which cannot be made ({error.strerror or error}); expected a folder that "
            "can be written, or None"
        ) from error


def _cut_short(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _content(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
