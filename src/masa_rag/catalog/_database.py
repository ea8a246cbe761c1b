"""The file of the catalogue: connections, transactions, settings, and where sources stopped."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, cast

from masa_rag._lock import WriterLock
from masa_rag._schema import migrate, refuse_foreign
from masa_rag._words import bag_of, spaced
from masa_rag.errors import StorageError

_ADVICE: dict[str, Any] = {
    "FULL": "nothing of this step was kept and everything before it is safe; free some space and run it again",
    "IOERR": "the disk did not take it; all before this step is safe; check the disk and its space, then run it again",
    "READONLY": "the memory cannot be written here; check the permissions of its folder",
    "CANTOPEN": "the memory cannot be opened; check that the folder exists and may be read",
    "NOTADB": "this file is not a memory; check the path, or put back a copy of it",
    "CORRUPT": "the file is damaged; put back a copy of it, or make the memory anew from its sources",
    "TEXT": "the file is damaged; masa-rag rebuild makes passages anew from their documents. If that does not help, "
    "put back a copy of the file, or make the memory anew from its sources",
    "BUSY": "another program holds the file; try again",
}

_INHERITED: list[sqlite3.Connection] = []
"""Connections of the process that this one was forked from. SQLite's must not be used, nor closed, on this side
("How To Corrupt An SQLite Database File", 2.6)."""


class StorageErrors:
    """Raises what SQLite raises within the block as ours, with the next step. One may be used any number of times."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, (sqlite3.Error, UnicodeDecodeError)):  # the latter where the tables' own names are damaged
            nameless = "SQLITE_TEXT" if "decode" in str(error) else ""  # Python's own: bytes that are no text
            name = getattr(error, "sqlite_errorname", nameless)
            advice = _ADVICE.get(name.partition("_")[2].partition("_")[0], "run: masa-rag verify")
            raise StorageError(f"{self._path}: {error}; {advice}") from error


class _Cursor(sqlite3.Cursor):
    """Rows that keep their connection open while they are read. Damage may show at any of them."""

    __slots__ = ("held",)
    held: _Held

    def execute(self, *statement: Any) -> Self:
        with self.held.errors:
            return super().execute(*statement)

    def executemany(self, *statement: Any) -> Self:
        with self.held.errors:
            return super().executemany(*statement)

    def fetchone(self) -> Any:
        with self.held.errors:
            return super().fetchone()

    def fetchall(self) -> list[Any]:
        with self.held.errors:
            return super().fetchall()

    # Not __next__: a call in Python for each row costs more.
    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        with self.held.errors:
            yield from iter(super().__next__, None)  # SQLite's iterator is the cursor itself


class _Held:
    """A connection that is closed as soon as nobody holds it or rows of it: never under one who is using it.

    It is handed out for a sqlite3.Connection, which alone would stay open until garbage is collected, for its cache
    refers to it. What is not here is the connection's own.
    """

    def __init__(self, connection: sqlite3.Connection, errors: StorageErrors) -> None:
        self._connection = connection
        self.errors = errors
        self._process = os.getpid()

    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        return self.cursor().execute(statement, values)

    def executemany(self, statement: str, values: Any) -> sqlite3.Cursor:
        return self.cursor().executemany(statement, values)

    def cursor(self) -> sqlite3.Cursor:
        cursor = self._connection.cursor(_Cursor)
        cursor.held = self
        return cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def close(self) -> None:
        if self._process == os.getpid():
            self._connection.close()
        else:
            _INHERITED.append(self._connection)

    __del__ = close


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
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"cannot make the folder {folder} ({error.strerror}); choose a place you may write to"
            ) from error
        self.path = folder / "memory.db"
        self._place = _Place(self.path)
        self.lock = WriterLock(folder / "memory.lock", timeout_s=lock_timeout_s, check=self._place.check)
        self._local = threading.local()  # of which nothing is left of a thread that has ended
        self._process = self._connected = os.getpid()
        self.is_closed = False
        self._unindexed: dict[int, None] = {}
        self._buried: dict[tuple[str, ...], bool] = {}  # what this transaction has looked up
        self._errors = StorageErrors(self.path)
        migrate(self.connection)

    @property
    def was_forked(self) -> bool:
        """Whether this process was forked from the one that opened the memory: then it may read, not write."""
        return self._process != os.getpid()

    @property
    def may_write(self) -> bool:
        """Whether files can be made beside the catalogue: not on a read-only disk or image."""
        return _may_write_beside(self.path)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection. Use it for reading only, and in no other thread."""
        if self._connected != os.getpid():
            self._local, self._connected = threading.local(), os.getpid()
        local = self._local  # before the look: what is opened into one that was taken away ends with this call
        if self.is_closed:
            raise StorageError("this memory is closed; open it again with Memory(path)")
        connection: sqlite3.Connection | None = getattr(local, "connection", None)
        if connection is None:
            connection = local.connection = cast("sqlite3.Connection", _Held(self._open(), self._errors))
        return connection

    def _open(self) -> sqlite3.Connection:
        self._place.check()
        with self._errors:
            opened = _connect(self.path)
        self._place.note()
        return opened

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
                yield connection
                self._before_commit()
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._unindexed.clear()
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

    def cursor(self, source: str) -> str | None:
        """Return where a resumable source stopped, or None."""
        row = self.connection.execute("SELECT cursor FROM sources WHERE name = ?", (source,)).fetchone()
        return None if row is None else row[0]

    def set_cursor(self, source: str, cursor: str | None) -> None:
        """Store where a resumable source stopped; call inside the transaction of its documents."""
        self.connection.execute("UPDATE sources SET cursor = ? WHERE pk = ?", (cursor, self._source(source)))

    def _source(self, name: str) -> int:
        found = self.connection.execute("SELECT pk FROM sources WHERE name = ?", (name,)).fetchone()
        if found is None:
            return int(self.connection.execute("INSERT INTO sources (name) VALUES (?)", (name,)).lastrowid or 0)
        return int(found[0])


def _may_write_beside(path: Path) -> bool:
    return os.access(path.parent, os.W_OK)


def _connect(path: Path) -> sqlite3.Connection:
    address, may_write = path.absolute().as_uri(), _may_write_beside(path)
    if not may_write:  # a read-only disk or image: nobody can make the files that a reader beside a writer needs
        address += "?mode=ro" if path.with_name(f"{path.name}-wal").exists() else "?immutable=1"
    # check_same_thread off: each is used by one thread only, but may be closed by another, the last that held it.
    connection = sqlite3.connect(address, isolation_level=None, check_same_thread=False, timeout=30, uri=True)
    connection.row_factory = sqlite3.Row
    for function in (spaced, bag_of):  # which the schema calls
        connection.create_function(function.__name__, 1, function, deterministic=True)
    refuse_foreign(connection)  # before anything is set that stays in the file
    writing = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
    for pragma in (*(writing if may_write else ()), "cache_size = -32000", "mmap_size = 268435456",
                   "temp_store = MEMORY"):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")
    return connection
