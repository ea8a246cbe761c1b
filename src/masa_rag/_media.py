"""Audio and video become samples in a child process, which may fail without harm.

Media files are binary input from strangers, read by C code. The child has a limit on memory, opens
files only (no network protocol, no playlist format that could name other files), and is ended and
replaced when it stops making progress. One child decodes many files, for starting one takes 0.2 s.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from masa_rag._child import Child
from masa_rag.errors import ConfigurationError, TranscriptionError

RATE = 16_000
"""Samples a second of what is decoded: what Whisper and Silero work with."""

FORMATS = (
    "aac,ac3,adts,aiff,amr,ape,asf,au,avi,caf,dts,eac3,flac,flv,gsm,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp2,mp3,mpeg,"
    "mpegts,ogg,opus,rm,spx,tta,voc,w64,wav,wv"
)
"""Containers that hold their own audio. Playlists (hls, concat, dash) are left out: they open other files."""

SUFFIXES = frozenset(
    ".3gp .aac .ac3 .aif .aiff .amr .ape .asf .au .avi .caf .flac .flv .m4a .m4b .mka .mkv .mov .mp2 .mp3 .mp4 .mpeg "
    ".mpg .oga .ogg .opus .spx .ts .tta .wav .webm .wma .wmv .wv".split()
)
"""File names that are media, for choosing files in a folder."""

MEMORY_BYTES = 1024 * 1024 * 1024
"""Address space of the child: 150 MB of libraries, 100 MB for a 4K video's frame, and room."""

MAX_HOURS = 30
"""Longest recording: a day and a bit; more is a header that lies."""

STALL_S = 8.0
"""Seconds without a sample after which a file is given up: decoding runs at over 100 times real time."""

_HEAD = struct.Struct("<cI")
_PLACE = struct.Struct("<Q")
BLOCK_BYTES = 1 << 20
"""What the child sends at once: 32 s."""


class MediaDecoder:
    """Decodes media files to mono 16-bit samples at 16 kHz, one after the other, in a child process.

    Use as a context manager, or call ``close``. Not for use by two threads at once.

    Args:
        stall_s: Seconds without progress after which a file is given up.
        max_hours: Longest recording accepted.
    """

    def __init__(self, *, stall_s: float = STALL_S, max_hours: float = MAX_HOURS) -> None:
        if stall_s <= 0 or max_hours <= 0:
            raise ConfigurationError(f"received stall_s={stall_s}, max_hours={max_hours}; expected positive numbers")
        self._stall_s = stall_s
        self._max_bytes = int(max_hours * 3600 * RATE * 2)
        self._child: Child | None = None

    def decode(self, path: Path) -> bytes:
        """Return the samples as little-endian 16-bit integers.

        Raises TranscriptionError when the file is missing, empty, no media, broken or too long, or
        when the child died or stopped over it; the next file gets a new child.
        """
        return b"".join(block for block, _ in self.stream(path))

    def stream(self, path: Path) -> Generator[tuple[bytes, float], None, None]:
        """Yield (samples, share of the file read, 0 to 1) while the rest is still being decoded.

        Samples, errors and limits are those of ``decode``; an error may come after some samples. Close
        the iterator when it is not read to its end.
        """
        _check(path)
        total, size, in_order = path.stat().st_size, 0, False
        try:
            for block, position in self._blocks(path):
                size += len(block)
                if size > self._max_bytes:
                    raise TranscriptionError(
                        f"{path}: received more than {self._max_bytes / 2 / RATE / 3600:.0f} hours of sound; "
                        "expected less. Cut the recording into parts"
                    )
                yield block, min(1.0, position / total)
            in_order = True
        except _RefusedError:
            in_order = True
            raise
        finally:
            if not in_order:
                self.close()  # the child is in an unknown state
        if not size:
            raise TranscriptionError(f"{path}: received a file whose audio is empty; expected sound")

    def _blocks(self, path: Path) -> Iterator[tuple[bytes, int]]:
        """Yield (samples, bytes of the file read so far)."""
        child = self._started()
        try:
            stdin = cast("BinaryIO", child.stdin)
            stdin.write(json.dumps(str(path.absolute())).encode() + b"\n")
            stdin.flush()
        except OSError as error:
            raise TranscriptionError(f"{path}: the decoder could not be reached ({error}); try again") from error
        while True:
            kind, data = self._message(child, path)
            if kind == b"D":
                yield data[_PLACE.size :], _PLACE.unpack_from(data)[0]
            elif kind == b"E":
                raise _RefusedError(f"{path}: {data.decode(errors='replace')}")
            else:
                return

    def _message(self, child: Child, path: Path) -> tuple[bytes, bytes]:
        kind, size = _HEAD.unpack(self._read(child, _HEAD.size, path))
        if size > 2 * BLOCK_BYTES:
            raise TranscriptionError(f"{path}: the decoder answered with {size} bytes at once; the file was given up")
        return kind, self._read(child, size, path)

    def _read(self, child: Child, size: int, path: Path) -> bytes:
        data = bytearray()
        while len(data) < size:
            block, stalled = self._part(child, size - len(data))
            if stalled:
                raise TranscriptionError(
                    f"{path}: no sound was decoded for {self._stall_s:g} seconds, so it was given up; "
                    "the file may be broken, or the disk very slow"
                )
            if not block:
                raise TranscriptionError(
                    f"{path}: the decoder died over this file; it is broken or needs too much memory"
                )
            data += block
        return bytes(data)

    def _part(self, child: Child, size: int) -> tuple[bytes, bool]:
        """Return what the child writes next, and whether it was ended because nothing came for too long.

        A timer ends it, for Windows cannot wait for a pipe with a time limit.
        """
        stalled = threading.Event()

        def end() -> None:
            stalled.set()
            child.kill()

        timer = threading.Timer(self._stall_s, end)
        timer.daemon = True
        timer.start()
        try:
            return os.read(cast("BinaryIO", child.stdout).fileno(), size), stalled.is_set()
        finally:
            timer.cancel()

    def _started(self) -> Child:
        if self._child is None or not self._child.is_alive:
            self.close()
            self._child = Child("from masa_rag._media import serve; serve()", is_silent=True)
            kind, data = self._message(self._child, Path("decoder"))
            if kind == b"E":
                from masa_rag.errors import MissingDependencyError

                self.close()
                raise MissingDependencyError("av", extra="speech", purpose=f"Decoding a recording ({data.decode()})")
        return self._child

    def close(self) -> None:
        """End the child process. Closing twice is allowed; decoding again starts a new one."""
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def __enter__(self) -> MediaDecoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


class _RefusedError(TranscriptionError):
    """The child said no and is ready for the next file."""


def _check(path: Path) -> None:
    try:
        size = path.stat().st_size if "://" not in str(path) and path.is_file() else None
    except OSError as error:
        raise TranscriptionError(f"{path}: cannot be read ({error.strerror or error})") from error
    if size is None:
        raise TranscriptionError(f"{path}: received something that is not a file; expected a recording on this machine")
    if size == 0:
        raise TranscriptionError(f"{path}: received an empty file; expected a recording")


def serve() -> None:
    """Answer decode requests on standard input; runs in the child only."""
    _limit_memory()
    out = sys.stdout.buffer
    try:
        import av
        import av.logging

        from masa_rag._sound import samples
    except Exception as error:  # noqa: BLE001 - a damaged or foreign package raises what it likes
        _send(out, b"E", str(error).encode()[:2000])
        return
    av.logging.set_level(av.logging.PANIC)
    _send(out, b"F", b"")
    for line in sys.stdin.buffer:
        try:
            for block, position in samples(av, json.loads(line)):
                _send(out, b"D", _PLACE.pack(position) + block)
            _send(out, b"F", b"")
        except MemoryError:
            _send(out, b"E", b"received a file that needs too much memory to decode; expected an ordinary recording")
        except Exception as error:  # noqa: BLE001 - FFmpeg raises many kinds; each is an answer, not a crash
            _send(
                out, b"E", f"received media that cannot be decoded ({error}); expected audio or video".encode()[:2000]
            )


def _limit_memory() -> None:
    """Cap the address space, where the system can, and forbid core files."""
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time limit holds there
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _send(out: BinaryIO, kind: bytes, data: bytes) -> None:
    out.write(_HEAD.pack(kind, len(data)) + data)
    out.flush()
