"""Connections to the file of the catalogue: what SQLite raises, where nothing can be written, and closing them."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

from masa_rag._words import bag_of, spaced
from masa_rag.catalog._schema import refuse_foreign
from masa_rag.errors import StorageError

_DAMAGED = (
    "the file is damaged; masa-rag rebuild makes indexes and passages anew from the documents. If that does not help, "
    "put back a copy of the file, or make the memory anew from its sources"
)
_ADVICE: dict[str, Any] = {
    "FULL": "nothing of this step was kept and everything before it is safe; free some space and run it again",
    "IOERR": "the disk did not take it; all before this step is safe; check the disk and its space, then run it again",
    "READONLY": "the memory cannot be written here; check the permissions of its folder",
    "CANTOPEN": "the memory cannot be opened; check that the folder exists and may be read",
    "NOTADB": "this file is not a memory; check the path, or put back a copy of it",
    "CORRUPT": _DAMAGED,
    "TEXT": _DAMAGED,
    "BUSY": "another program holds the file; try again",
}

Unwritten = tuple[int, int] | None

_INHERITED: list[sqlite3.Connection] = []
"""Connections of the process that this one was forked from. SQLite's must not be used, nor closed, on this side
("How To Corrupt An SQLite Database File", 2.6)."""


_RAISED = threading.local()
"""What a function of ours raised that SQLite called: SQLite says only that it raised something."""


class StorageErrors:
    """Raises what SQLite raises within the block as ours, with the next step. One may be used any number of times."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, (sqlite3.Error, UnicodeDecodeError)):  # the latter where the tables' own names are damaged
            nameless = "SQLITE_TEXT" if "decode" in str(error) else ""  # Python's own: bytes that are no text
            if "user-defined function" in str(error) and _RAISED.__dict__.pop("error", None) is None:
                raise KeyboardInterrupt from error  # Ctrl-C, before the function's first line
            name = getattr(error, "sqlite_errorname", nameless)
            advice = _ADVICE.get(name.partition("_")[2].partition("_")[0], "run: masa-rag verify")
            raise StorageError(f"{self._path}: {error}; {advice}") from error


class _Cursor(sqlite3.Cursor):
    """Rows that keep their connection open while they are read. Damage may show at any of them."""

    __slots__ = ("held",)
    held: Held

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


class Held:
    """A connection that is closed as soon as nobody holds it or rows of it: never under one who is using it.

    It is handed out for a sqlite3.Connection, which alone would stay open until garbage is collected, for its cache
    refers to it. What is not here is the connection's own.
    """

    def __init__(self, connection: sqlite3.Connection, errors: StorageErrors, taken: Unwritten) -> None:
        self._connection = connection
        self.errors = errors
        self.taken = taken
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


def may_write_beside(path: Path) -> bool:
    """Say whether a file, which need not be there yet, can be written, and others made beside it."""
    return os.access(path.parent, os.W_OK) and (os.access(path, os.W_OK) or not path.exists())


def unwritten(path: Path) -> Unwritten:
    """Return the state of a file that nobody writes and beside which nothing can be written; None of any other.

    There, on a read-only disk or image, the files that a reader beside a writer needs cannot be made, and SQLite
    takes the file for one that never changes. Who owns it may write it all the same: then it is opened anew.
    """
    if may_write_beside(path):
        return None
    try:
        if path.with_name(f"{path.name}-wal").exists():
            return None
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _noted(function: Callable[[str], object]) -> Callable[[str], Any]:
    """Return the function, which notes its errors; what interrupts it is none, and may come before its first line."""

    def called(value: str) -> object:
        try:
            return function(value)
        except Exception as error:
            _RAISED.error = error
            raise

    return called


def connect(path: Path, *, alone: bool) -> sqlite3.Connection:
    """Return a connection to the file; ``alone`` says that nobody writes it and nothing can be written beside it."""
    address, may_write = path.absolute().as_uri(), may_write_beside(path)
    if not may_write:
        address += "?immutable=1" if alone else "?mode=ro"
    # check_same_thread off: each is used by one thread only, but may be closed by another, the last that held it.
    connection = sqlite3.connect(address, isolation_level=None, check_same_thread=False, timeout=30, uri=True)
    connection.row_factory = sqlite3.Row
    for function in (spaced, bag_of):  # which the schema calls
        connection.create_function(function.__name__, 1, _noted(function), deterministic=True)
    refuse_foreign(connection)  # before anything is set that stays in the file
    writing = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
    for pragma in (*(writing if may_write else ()), "cache_size = -32000", "mmap_size = 268435456",
                   "temp_store = MEMORY"):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")
    return connection
