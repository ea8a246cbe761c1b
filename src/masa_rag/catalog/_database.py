"""The file of the catalogue: transactions, settings, and where sources stopped."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from masa_rag._names import stored_sources
from masa_rag._unicode import whole_name
from masa_rag.catalog._connection import Held, StorageErrors, connect, may_write_beside, unwritten
from masa_rag.catalog._lock import WriterLock
from masa_rag.catalog._schema import migrate
from masa_rag.errors import StorageError


class _Place:
    """Where a file is, and whether it is the one that was there first.

    SQLite would write on into one that was moved, and make an empty one in its place.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first: tuple[int, int] | None = None

    def note(self) -> None:
        """Take what is there now for the file that belongs there."""
        self._first = self._now()

    def check(self) -> None:
        """Raise StorageError if another file is there now, or none."""
        if self._first is not None and self._now() != self._first:
            raise StorageError(
                f"{self._path} was moved, deleted or replaced since this memory was opened, and what is written now "
                "would be lost; open it again where it is: Memory(path)"
            )

    def _now(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


class Database:
    """The tables of one memory.

    Reading is safe from any number of threads and processes and never waits for a writer; each
    thread has a connection of its own. Writing happens inside :meth:`transaction`.

    Args:
        folder: The memory's folder; made if it does not exist.
        lock_timeout_s: Seconds to wait for another writer.
    """

    def __init__(self, folder: Path, *, lock_timeout_s: float = 60.0) -> None:
        make_folder(folder)
        self.path: Path = folder / "memory.db"
        self._refuse_emptied(folder / "memory.lock")
        self._place = _Place(self.path)
        self.lock: WriterLock = WriterLock(folder / "memory.lock", timeout_s=lock_timeout_s, check=self._place.check)
        self._local = threading.local()  # of which nothing is left of a thread that has ended
        self._process = self._connected = os.getpid()
        self.is_closed: bool = False
        self.guard: Callable[[], None] = lambda: None  # what it raises ends each transaction before it writes
        self._unindexed: dict[int, None] = {}
        self._silenced: set[int] = set()
        self._buried: dict[tuple[str, ...], bool] = {}  # what this transaction has looked up
        self._errors = StorageErrors(self.path)
        migrate(self.connection)

    def _refuse_emptied(self, written: Path) -> None:
        """Raise StorageError for a file that was cut to nothing, which SQLite takes for a new one.

        The lock is first held once the tables are there, and a file with tables is never empty.
        """
        try:
            is_emptied = written.exists() and self.path.stat().st_size == 0
        except OSError:  # it is not there yet, or not ours to see: what opens it says so
            return
        if is_emptied:
            raise StorageError(
                f"{self.path}: the file is empty, and was not when it was last written; put back a copy of it, or "
                "delete it to begin anew"
            )

    @property
    def was_forked(self) -> bool:
        """Whether this process was forked from the one that opened the memory: then it may read, not write."""
        return self._process != os.getpid()

    @property
    def may_write(self) -> bool:
        """Whether the catalogue can be written, and files made beside it: not on a read-only disk or image."""
        return may_write_beside(self.path)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection. Use it for reading only, and in no other thread."""
        if self._connected != os.getpid():
            self._local, self._connected = threading.local(), os.getpid()
        local = self._local  # before the look: what is opened into one that was taken away ends with this call
        if self.is_closed:
            raise StorageError("this memory is closed; open it again with Memory(path)")
        held: Held | None = getattr(local, "connection", None)
        if held is None or (held.taken is not None and held.taken != unwritten(self.path)):
            held = local.connection = self._open()
        return cast("sqlite3.Connection", held)

    def _open(self) -> Held:
        self._place.check()
        taken = unwritten(self.path)
        with self._errors:
            opened = connect(self.path, alone=taken is not None)
        self._place.note()
        return Held(opened, self._errors, taken)

    def close(self) -> None:
        """Close this thread's connection, and those of others: at once, or as soon as they no longer use them.

        To close one that is in use would end the interpreter. This thread's is not: it is here.
        """
        self.is_closed = True
        own = getattr(self._local, "connection", None)
        self._local = threading.local()
        if own is not None:
            own.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the writer's lock and commit at the end; on an error nothing is changed."""
        if self.was_forked:
            raise StorageError("this memory was opened before this process was forked; open it anew: Memory(path)")
        with self.lock.hold():
            connection = self.connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                self.guard()
                yield connection
                self._before_commit()
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._unindexed.clear()
                self._silenced.clear()
                self._buried.clear()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all that this thread reads while the block runs be of one moment, whatever others commit."""
        connection = self.connection
        connection.execute("BEGIN")
        try:
            yield
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _before_commit(self) -> None:
        """Do what every transaction does at its end."""

    def reindex(self) -> None:
        """Make SQLite's own indexes anew from the tables, in case the disk has damaged one; call in a transaction."""
        self.connection.execute("REINDEX")

    def setting(self, key: str) -> str | None:
        """Return a setting, or None when it was never set."""
        row = self.connection.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def number(self, key: str) -> int:
        """Return a setting that is a number; 0, with which all is read anew, when it was never set, or is damaged."""
        value = self.setting(key) or ""
        return int(value) if value.isdecimal() else 0

    def set_setting(self, key: str, value: str) -> None:
        """Store a setting; call inside a transaction."""
        self.connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, value))

    def source_called(self, name: str) -> str:
        """Return the name of a source as it is stored, or what is given where there is none."""
        return stored_sources(self.connection, [whole_name(name)])[0]

    def cursor(self, source: str) -> str | None:
        """Return where a resumable source stopped, or None."""
        row = self.connection.execute("SELECT cursor FROM sources WHERE name = ?", (source,)).fetchone()
        return None if row is None else row[0]

    def set_cursor(self, source: str, cursor: str | None) -> None:
        """Store where a resumable source stopped; call inside the transaction of its documents."""
        self.connection.execute("UPDATE sources SET cursor = ? WHERE pk = ?", (cursor, self._source(source)))

    def notes(self, source: str) -> str | None:
        """Return what a source noted, or None."""
        return self.setting(f"notes:{source}")

    def set_notes(self, source: str, notes: str | None) -> None:
        """Store what a source notes, None for nothing; call inside the transaction of its documents."""
        if notes is None:
            self.connection.execute("DELETE FROM settings WHERE key = ?", (f"notes:{source}",))
        elif notes != self.notes(source):
            self.set_setting(f"notes:{source}", notes)

    def _source(self, name: str) -> int:
        found = self.connection.execute("SELECT pk FROM sources WHERE name = ?", (name,)).fetchone()
        if found is None:
            return int(self.connection.execute("INSERT INTO sources (name) VALUES (?)", (name,)).lastrowid or 0)
        return int(found[0])


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where there is none. Raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot make the folder {folder} ({error.strerror}); choose a place you may write to"
        ) from error
