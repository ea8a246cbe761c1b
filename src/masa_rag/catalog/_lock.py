"""One writer at a time, across threads and processes."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from masa_rag.errors import MemoryLockedError, StorageError

_WORKING: Counter[Path] = Counter()
"""The marks that this process has made, each with the number of blocks that are at work, over all its memories."""
_WORKING_LOCK = threading.Lock()


class WriterLock:
    """An inter-process lock that may be taken again by the thread that holds it.

    The operating system releases it when its owner dies, so a killed process locks nobody out.
    The owner's process id stands in a file beside it while it is held, for messages. A process that
    writes in several steps also leaves a mark for as long as it is at it, a file that is named after its
    process id and, where /proc says it, its beginning: when no such process lives, it was killed half-way.

    Args:
        path: The lock file.
        timeout_s: Seconds to wait for another owner before MemoryLockedError is raised.
        check: Called before a file is made; what it raises keeps the lock from being taken.
    """

    def __init__(self, path: Path, *, timeout_s: float, check: Callable[[], None] = lambda: None) -> None:
        from filelock import FileLock

        self._owner_file = path.resolve().with_suffix(".owner")  # a folder may have several names in one process
        self._timeout_s = timeout_s
        self._check = check
        self._thread_lock = threading.RLock()
        self._file_lock = FileLock(path, thread_local=False)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the lock while the block runs."""
        from filelock import Timeout

        self._check()
        if not self._thread_lock.acquire(timeout=self._timeout_s):
            raise self._locked(f"another thread of pid {os.getpid()}")
        try:
            try:
                self._file_lock.acquire(timeout=self._timeout_s, poll_interval=0.02)
            except Timeout as error:
                raise self._locked(self._read_owner()) from error
            except OSError as error:
                raise _unwritable(error) from error
            try:
                if self._file_lock.lock_counter == 1:
                    with suppress(OSError):  # a full disk: the name is for messages only, and forgetting needs no space
                        self._owner_file.write_text(f"pid {os.getpid()}")
                yield
            finally:
                if self._file_lock.lock_counter == 1:
                    with suppress(OSError):  # on Windows while somebody reads it; the lock is released all the same
                        self._owner_file.unlink()
                self._file_lock.release()
        finally:
            self._thread_lock.release()

    def owner(self) -> str | None:
        """Return who holds the lock now, for example ``"pid 4711"``, or None when it is free."""
        return None if self._is_free() else self._read_owner()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Mark this process as being at work while the block runs; may be nested."""
        self._check()
        mark = self._owner_file.with_suffix(f".writer-{os.getpid()}-{_began(os.getpid())}".rstrip("-"))
        with _WORKING_LOCK:
            try:
                mark.touch()
            except OSError as error:
                raise _unwritable(error) from error
            _WORKING[mark] += 1
        try:
            yield
        finally:
            with _WORKING_LOCK:
                _WORKING[mark] -= 1
                if not _WORKING[mark]:
                    with suppress(OSError):
                        mark.unlink()

    def is_busy(self) -> bool:
        """Say whether somebody writes, or will go on after a pause between two steps.

        On Windows, where marks of the dead look like those of the living, only the first.
        """
        at_work = sys.platform != "win32" and any(not _is_dead(mark) for mark in self._marks())
        return at_work or not self._is_free()

    def was_killed(self) -> bool:
        """Say whether a process died while it was at work."""
        return any(_is_dead(mark) for mark in self._marks())

    def forget_killed(self) -> None:
        """Take note that what dead processes left was mended."""
        for mark in filter(_is_dead, self._marks()):
            mark.unlink(missing_ok=True)

    def _marks(self) -> list[Path]:
        return list(self._owner_file.parent.glob(f"{self._owner_file.stem}.writer-*"))

    def _is_free(self) -> bool:
        from filelock import FileLock, Timeout

        if not self._owner_file.parent.is_dir():  # moved while it was open; a FileLock would make it again
            return True
        try:
            with FileLock(self._file_lock.lock_file).acquire(timeout=0):
                return True
        except Timeout:
            return False
        except OSError:  # a folder that nobody can write to
            return True

    def _read_owner(self) -> str | None:
        try:
            return self._owner_file.read_text() or None
        except OSError:
            return None

    def _locked(self, owner: str | None) -> MemoryLockedError:
        return MemoryLockedError(
            f"the memory is being written by {owner or 'another process'} "
            f"and did not become free within {self._timeout_s:g} s; try again, or give a longer lock_timeout_s",
            owner=owner,
        )


def _unwritable(error: OSError) -> StorageError:
    return StorageError(
        f"{error.filename}: cannot be written ({error.strerror}); check the space and the permissions of its folder"
    )


def _is_dead(mark: Path) -> bool:
    """Say whether the process that made a mark has ended. Its id may be another's by now: in containers all have 1."""
    pid, _, began = mark.name.partition(".writer-")[2].partition("-")
    if not pid.isdecimal():
        return False
    if int(pid) == os.getpid():
        with _WORKING_LOCK:
            return not _WORKING[mark]
    return not _is_alive(int(pid)) or (began != "" and _began(int(pid)) not in ("", began))


def _began(pid: int) -> str:
    """Return when a process began, in ticks since the machine did; nothing where /proc does not say."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return ""
    return facts.rpartition(b")")[2].split()[19].decode()  # field 22; the second, a name, may hold blanks


def _is_alive(pid: int) -> bool:
    """Say whether a process has this id. On Windows, where asking could end it, always: the next write mends."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, so it is there
        return True
    return True
