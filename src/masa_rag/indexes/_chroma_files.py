"""The files that embedded Chroma keeps: checked before it reads them, made leaner, erased.

::

    chroma.sqlite3            text, metadata and a log of the newest vectors
    <uuid of a segment>/      the graph: header.bin, data_level0.bin, length.bin, link_lists.bin
                              and, from the first 1,000 records on, index_metadata.pickle
"""

from __future__ import annotations

import shutil
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

from masa_rag.errors import ConfigurationError, StorageError

DATABASE_FILE = "chroma.sqlite3"
_HEADER = struct.Struct("<i6QiI3QdQ")
"""Header of a graph on disk, as hnswlib writes it: version, first offset, capacity, elements, bytes of an
element, two offsets, top level, entry point, three degrees, a scale, ef_construction."""


def check_files(folder: Path) -> None:
    """Raise StorageError when the graph on disk is not whole; scrub what a crash left unscrubbed.

    Chroma 1.5.9 crashes the process on a header that is cut off, and answers without a word from
    what is left when the graph is shorter than its header says or missing. Sizes are compared here,
    not content: a flipped bit in a vector is found by ``masa-rag verify``.
    """
    graphs = [path for path in _folders(folder) if (path / "header.bin").exists()]
    try:
        written = _written_graphs(folder / DATABASE_FILE)
    except sqlite3.Error as error:
        raise _damaged(folder, f"{DATABASE_FILE}: {error}") from error
    if written is None and graphs:
        raise _damaged(folder, f"there is a graph, but no {DATABASE_FILE}")
    for path in {*graphs, *(folder / name for name in written or ())}:
        if reason := _fault(path, is_written=path.name in (written or ())):
            raise _damaged(folder, f"{path.name}: {reason}")
    scrub(folder)


def scrub(folder: Path) -> None:
    """Overwrite with zeros what a graph without elements has on disk.

    When Chroma 1.5.9 makes a graph, hnswlib writes room for 100 elements as it got it from the
    memory allocator, and that held whatever the process had there before: deleted passages, among
    others. Rooms that hold an element are initialised. Harmless while the graph is in use.
    """
    for path in _folders(folder):
        if _header(path)[:1] == (1,) and _header(path)[3] == 0:
            for name in ("data_level0.bin", "length.bin"):
                with (path / name).open("r+b") as file:
                    file.write(bytes((path / name).stat().st_size))


def _header(path: Path) -> tuple[int, ...]:
    """Return the fields of a graph's header, or nothing when there is none of the right size."""
    try:
        return _HEADER.unpack((path / "header.bin").read_bytes())
    except (OSError, struct.error):
        return ()


def _written_graphs(database: Path) -> set[str] | None:
    """Return the graphs that have been written to disk at least once, or None without a database."""
    if not database.exists() or database.stat().st_size == 0:
        return None
    with closing(_connect(database)) as connection:
        query = "SELECT id FROM segments JOIN max_seq_id ON segment_id = id WHERE scope = 'VECTOR'"
        return {name for (name,) in connection.execute(query)}


def _fault(path: Path, *, is_written: bool) -> str | None:
    needed = ["header.bin", "data_level0.bin", "length.bin", "link_lists.bin"]
    if is_written:
        needed.append("index_metadata.pickle")
    missing = [name for name in needed if not (path / name).is_file()]
    if missing:
        return f"{', '.join(missing)} missing"
    if not (header := _header(path)):
        return f"header.bin does not have {_HEADER.size} bytes"
    version, _, capacity, elements, size, _, _, _, entry, *_ = header
    if version != 1:
        return None  # a form of which we know nothing: Chroma's to judge
    if elements > capacity or (elements and entry >= elements) or (is_written and not elements):
        return "header.bin contradicts itself"
    short = [
        name
        for name, expected in (("data_level0.bin", elements * size), ("length.bin", elements * 4))
        if (path / name).stat().st_size < expected
    ]
    return f"{', '.join(short)} cut off" if short else None


def _damaged(folder: Path, reason: str) -> StorageError:
    return StorageError(
        f"the vector index in {folder} is damaged ({reason}). "
        "Text and vectors are safe in memory.db; make the index anew with: masa-rag rebuild"
    )


def drop_trigrams(database: Path) -> None:
    """Swap the trigram index that Chroma keeps of all text for a plain table of the same name.

    Words are searched elsewhere, and the trigrams are half of the cost of adding a passage: 1.4 ms
    of CPU time against 0.65, and 7.4 kB on disk against 5.5 (90 words, 384 dimensions, chromadb
    1.5.9). Filters on text (``where_document``) of other Chroma clients still work, by scanning.
    Only ever done to an empty database; one that has other tables than expected is left alone.
    """
    try:
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("SELECT count(*) FROM embeddings").fetchone() == (0,):
                connection.execute("DROP TABLE embedding_fulltext_search")
                connection.execute("CREATE TABLE embedding_fulltext_search (string_value TEXT)")
                connection.execute("COMMIT")
    except sqlite3.Error:  # another Chroma, or a SQLite without trigrams: slower, and otherwise the same
        return


def erase_files(folder: Path, *, collection: str) -> None:
    """Delete every file that Chroma keeps in a folder, whatever state they are in.

    Raises ConfigurationError when the folder holds collections of somebody else, and StorageError
    when a file cannot be deleted. Files that are not Chroma's are left alone.
    """
    others = _collections(folder / DATABASE_FILE) - {collection}
    if others:
        raise ConfigurationError(
            f"received {folder}, which also holds the Chroma collections {sorted(others)}; "
            "expected a folder of the index's own, because clearing deletes its files. Give another folder"
        )
    try:
        for path in _folders(folder):
            shutil.rmtree(path)
        for path in folder.glob(f"{DATABASE_FILE}*"):  # with -journal, -wal and -shm
            path.unlink()
    except OSError as error:
        raise StorageError(
            f"could not delete the files of the vector index in {folder}: {error}. "
            "Close the programs that use it and run: masa-rag rebuild"
        ) from error


def _collections(database: Path) -> set[str]:
    if not database.is_file():
        return set()
    try:
        with closing(_connect(database)) as connection:
            return {name for (name,) in connection.execute("SELECT name FROM collections")}
    except sqlite3.Error:  # damaged: nobody can read any collection in it
        return set()


def _connect(database: Path) -> sqlite3.Connection:
    """Open an existing database for writing too: only so can SQLite undo what a killed process left half done."""
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True)


def _folders(folder: Path) -> Iterator[Path]:
    """Yield the folders of segments: those whose name is a UUID."""
    if folder.is_dir():
        yield from [path for path in folder.iterdir() if _is_uuid(path.name) and path.is_dir()]


def _is_uuid(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
