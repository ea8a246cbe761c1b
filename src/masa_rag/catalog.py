"""The catalogue: the one SQLite file that is the truth. Only this module writes it.

Documents, chunks, vectors, cursors, tombstones and the outbox to the vector index are committed
together, so that after a crash each of them is as it was before or after, never between.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from masa_rag._copies import own_words, same, words_said
from masa_rag._ids import digest
from masa_rag._lock import WriterLock
from masa_rag._merge import keep_segments, merge, same_name, without_authors
from masa_rag._rows import CHUNK_COLUMNS, chunk_row, decode_document, encode_document, seconds
from masa_rag._schema import migrate
from masa_rag._words import bags
from masa_rag.errors import RecordError, StorageError
from masa_rag.types import Chunk, Document

if TYPE_CHECKING:
    from masa_rag._copies import Words
    from masa_rag.protocols import Vectors

Outcome = Literal["added", "updated", "unchanged", "forgotten"]
Cut = Callable[[Document], Sequence[Chunk]]

_INSERT_CHUNK = f"INSERT INTO chunks ({', '.join(CHUNK_COLUMNS)}) VALUES ({', '.join('?' * len(CHUNK_COLUMNS))})"
_INSERT_SAID = "INSERT INTO said VALUES (?, 0, 0)"
_UPDATE_CHUNK = f"UPDATE chunks SET {', '.join(f'{name} = ?' for name in CHUNK_COLUMNS)} WHERE pk = ?"
_COMPARED = ", ".join(CHUNK_COLUMNS)

_NO_COPY = "pk NOT IN (SELECT chunk FROM said WHERE first NOT IN (0, chunk))"

_COMPARED_TEXTS = 5
"""So many passages are compared word by word with a new one, those that share most runs of words first."""

_COUNTED = 500
"""Chunks whose words are counted at once: enough to spread the cost of a call, 10 MB at the moment."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the outbox: a chunk that the vector index has yet to hear of."""

    seq: int
    chunk_id: str
    deleted: bool


class Catalog:
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
        self.lock = WriterLock(folder / "memory.lock", timeout_s=lock_timeout_s)
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self.is_closed = False
        self._unindexed: dict[int, None] = {}
        with _storage_errors(self.path):
            migrate(self.connection)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection. Use it for reading only."""
        if self.is_closed:
            raise StorageError("this memory is closed; open it again with Memory(path)")
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = _connect(self.path)
            self._connections.append(connection)
        return connection

    def close(self) -> None:
        """Close the connections of all threads."""
        self.is_closed = True
        while self._connections:
            self._connections.pop().close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the writer's lock and commit at the end; on an error nothing is changed."""
        with self.lock.hold(), _storage_errors(self.path):
            connection = self.connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                self._find_copies()
                self._index_words()
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._unindexed.clear()

    # Settings and cursors

    def setting(self, key: str) -> str | None:
        """Return a setting, or None when it was never set."""
        row = self.connection.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

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

    # Documents

    def put(self, source: str, document: Document, cut: Cut, *, origin: str = "") -> Outcome:
        """Insert or merge one document and bring its chunks up to date; call inside a transaction.

        Chunks that stay the same keep their vectors; new ones wait in ``pending``. ``origin`` is where it
        was seen last: ``sync`` of another export of the same source leaves it alone.

        Raises:
            RecordError: The document cannot be stored, for example because of lone surrogates.
        """
        row = self._row(source, document.id)
        if row is not None and row["origin"] != origin:
            self.connection.execute("UPDATE documents SET origin = ? WHERE pk = ?", (origin, row["pk"]))
        if row is not None and row["digest"] == document.digest:
            return "unchanged"
        allowed = self._without_forgotten(source, document)
        if allowed is None:
            return "forgotten"
        if row is not None:
            allowed = merge(decode_document(row["body"]), allowed)
            if allowed.digest == row["digest"]:
                return "unchanged"
        try:
            body = encode_document(allowed)
        except (UnicodeEncodeError, TypeError, ValueError, RecursionError) as error:
            raise RecordError(
                f"cannot be stored ({error}); expected text and JSON values", record_id=document.id
            ) from error
        self._write(source, allowed, body, cut, origin=origin)
        return "added" if row is None else "updated"

    def without_openers(self, source: str, document: Document) -> Document | None:
        """Return a channel's day without the messages that stand in the threads they opened; None if none is left.

        Where an older export has a message among the day's, and a newer one in its thread, it stands in the
        thread, whichever export comes first. Documents are named "<channel>/<day>", "<channel>/thread/<message>".
        """
        channel = document.id.rpartition("/")[0]
        threads = {f"{channel}/thread/{part.id}": part.id for part in document.segments if part.id and channel}
        rows = self.connection.execute(
            "SELECT d.id, d.body FROM documents d JOIN sources s ON s.pk = d.source "
            "WHERE s.name = ? AND d.id IN (SELECT value FROM json_each(?))",
            (source, json.dumps(list(threads))),
        ).fetchall() if threads else ()  # fmt: skip
        moved = {threads[row[0]] for row in rows if threads[row[0]] in _segment_ids(decode_document(row[1]))}
        return keep_segments(document, _segment_ids(document) - moved) if moved else document

    def take_opener(self, source: str, document: Document, cut: Cut) -> None:
        """Take the message that opened a thread out of its day, where an older export has it.

        Call inside the transaction in which the thread was put.
        """
        channel, _, opener = document.id.partition("/thread/")
        first = next((part for part in document.segments if part.id == opener), None)
        if first is not None and first.created_at is not None:
            day = self.document(source, f"{channel}/{first.created_at.date().isoformat()}")
            if day is not None and opener in _segment_ids(day):
                self.prune(source, day.id, _segment_ids(day) - {opener}, cut)

    def rewrite(self, source: str, document: Document, cut: Cut) -> None:
        """Replace a document as it stands, without merging; call inside a transaction."""
        row = self._row(source, document.id)
        self._write(source, document, encode_document(document), cut, origin="" if row is None else row["origin"])

    def _write(self, source: str, document: Document, body: bytes, cut: Cut, *, origin: str) -> None:
        chunks = cut(document)  # first, for it may fail
        pk = self.connection.execute(
            "INSERT INTO documents (source, id, digest, kind, title, created_at, segments, origin, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (source, id) DO UPDATE SET digest = excluded.digest, kind = excluded.kind, "
            "title = excluded.title, created_at = excluded.created_at, segments = excluded.segments, "
            "origin = excluded.origin, "
            "body = excluded.body RETURNING pk",
            (self._source(source), document.id, document.digest, document.kind, document.title,
             seconds(document.created_at), len(document.segments), origin, body),
        ).fetchone()[0]  # fmt: skip
        self._write_chunks(pk, chunks)

    def _write_chunks(self, document: int, chunks: Sequence[Chunk]) -> None:
        """Make the stored chunks equal to these, touching only the rows that differ."""
        self._unindexed[document] = None
        query = f"SELECT pk, {_COMPARED} FROM chunks WHERE document = ?"
        stored = {row["id"]: tuple(row) for row in self.connection.execute(query, (document,))}
        alone = len(chunks) == 1 and chunks[0].start_s is None
        for chunk in chunks:
            known = stored.pop(chunk.id, None)
            row = chunk_row(chunk, document)
            if known is None:
                pk = self.connection.execute(_INSERT_CHUNK, row).lastrowid
                copied = alone or chunk.segment_ids  # a post or messages: what people copy
                self.connection.execute(_INSERT_SAID if copied else "INSERT INTO pending VALUES (?)", (pk,))
                self._write_authors(pk, chunk.authors)
            elif known[1:] != row:
                self.connection.execute(_UPDATE_CHUNK, (*row, known[0]))
                self._write_authors(known[0], chunk.authors)
                self._note(chunk.id, deleted=False)
        for chunk_id, row in stored.items():
            # Its copies look for another one before the transaction ends; before its number is used again.
            self.connection.execute("UPDATE said SET first = 0 WHERE first = ?", (row[0],))
            self.connection.execute("DELETE FROM chunks WHERE pk = ?", (row[0],))
            self.set_setting("removals", str(self._note(chunk_id, deleted=True)))

    def _find_copies(self) -> None:
        """Say of each short passage nobody has looked at whether it is a copy, and of which; oldest first.

        A copy stays as it is, but has no vector: what it says is found by the passage that said it first.
        """
        rows = self.connection.execute(
            "SELECT c.pk, c.id, c.text, c.authors FROM said s JOIN chunks c ON c.pk = s.chunk "
            "WHERE s.first = 0 ORDER BY c.pk"
        ).fetchall()
        for pk, chunk_id, text, authors in rows:
            words = words_said(own_words(text, authors))
            first = self._said_first(words) if words.is_long else None
            self.connection.execute(
                "UPDATE said SET first = ?, key = ? WHERE chunk = ?", (pk if first is None else first, words.key, pk)
            )
            if first is None:
                self._settle_first(pk, words.shingles if words.is_long else ())
            else:
                self._settle_copy(pk, chunk_id)

    def _said_first(self, words: Words) -> int | None:
        """Return the passage that says the same and has no other before it, or None."""
        marks = ", ".join("?" * len(words.shingles))
        rows = self.connection.execute(
            "SELECT c.pk, c.text, c.authors FROM ("
            "SELECT chunk AS pk, 99 AS shared FROM said WHERE key = ? AND first = chunk "
            f"UNION ALL SELECT chunk, count(*) FROM shingles WHERE digest IN ({marks}) "
            "GROUP BY chunk HAVING count(*) >= ?"
            ") f JOIN said s ON s.chunk = f.pk AND s.first = f.pk JOIN chunks c ON c.pk = f.pk "
            f"GROUP BY c.pk ORDER BY max(shared) DESC, c.pk LIMIT {_COMPARED_TEXTS}",
            (words.key, *words.shingles, words.shared),
        )
        return next((pk for pk, text, authors in rows if same(words_said(own_words(text, authors)), words)), None)

    def _settle_first(self, pk: int, shingles: Sequence[int]) -> None:
        self.connection.execute(
            "INSERT OR IGNORE INTO pending SELECT ? WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE chunk = ?)", (pk, pk)
        )
        self.connection.executemany("INSERT OR IGNORE INTO shingles VALUES (?, ?)", ((one, pk) for one in shingles))

    def _settle_copy(self, pk: int, chunk_id: str) -> None:
        for table in ("pending", "shingles", "tokens"):
            self.connection.execute(f"DELETE FROM {table} WHERE chunk = ?", (pk,))
        if self.connection.execute("DELETE FROM vectors WHERE chunk = ?", (pk,)).rowcount:
            self.set_setting("removals", str(self._note(chunk_id, deleted=True)))

    def _index_words(self) -> None:
        """Count the words of the documents this transaction wrote: many at once, for each call has its price."""
        numbers = [
            row[0]
            for document in self._unindexed
            for row in self.connection.execute(
                "SELECT pk FROM chunks WHERE document = ? AND pk NOT IN (SELECT chunk FROM bags)", (document,)
            )
        ]
        for start in range(0, len(numbers), _COUNTED):
            self._count_words(numbers[start : start + _COUNTED])

    def _count_words(self, numbers: Sequence[int]) -> None:
        rows = self.connection.execute(
            f"SELECT pk, header || char(10) || text FROM chunks WHERE pk IN ({', '.join('?' * len(numbers))})", numbers
        ).fetchall()
        counted = bags([row[1] for row in rows])
        self.connection.executemany(
            "INSERT INTO bags VALUES (?, ?)", ((row[0], bag.tobytes()) for row, bag in zip(rows, counted, strict=True))
        )

    def _write_authors(self, chunk: int | None, names: Iterable[str]) -> None:
        self.connection.execute("DELETE FROM chunk_authors WHERE chunk = ?", (chunk,))
        for name in names:
            self.connection.execute("INSERT OR IGNORE INTO authors (name) VALUES (?)", (name,))
            self.connection.execute(
                "INSERT OR IGNORE INTO chunk_authors SELECT pk, ? FROM authors WHERE name = ?", (chunk, name)
            )

    def remove(self, source: str, ids: Iterable[str]) -> int:
        """Delete documents and what hangs on them; call inside a transaction. Returns how many."""
        removed = 0
        for row in filter(None, (self._row(source, document_id) for document_id in ids)):
            self._write_chunks(row["pk"], ())
            self.connection.execute("DELETE FROM documents WHERE pk = ?", (row["pk"],))
            removed += 1
        return removed

    def prune(self, source: str, document_id: str, segment_ids: Collection[str], cut: Cut) -> int:
        """Drop the segments that are not named; call inside a transaction. Returns how many went."""
        row = self._row(source, document_id)
        if row is None:
            return 0
        document = decode_document(row["body"])
        kept = keep_segments(document, segment_ids)
        if kept is None:
            self.remove(source, [document_id])
        elif len(kept.segments) < len(document.segments):
            self.rewrite(source, kept, cut)
        return len(document.segments) - (len(kept.segments) if kept is not None else 0)

    def document(self, source: str, document_id: str) -> Document | None:
        """Return a document as it is stored, or None."""
        row = self._row(source, document_id)
        return None if row is None else decode_document(row["body"])

    def document_sizes(self, source: str) -> dict[str, int]:
        """Return the ids of a source's documents, each with its number of segments."""
        query = "SELECT d.id, d.segments FROM documents d JOIN sources s ON s.pk = d.source WHERE s.name = ?"
        return {row[0]: row[1] for row in self.connection.execute(query, (source,))}

    def ids_from(self, source: str, origin: str) -> set[str]:
        """Return the ids of a source's documents that were seen last at this origin."""
        query = "SELECT d.id FROM documents d JOIN sources s ON s.pk = d.source WHERE s.name = ? AND d.origin = ?"
        return {row[0] for row in self.connection.execute(query, (source, origin))}

    def other_origin(self, source: str, origin: str) -> str | None:
        """Return another origin of the source's documents, or None."""
        query = (
            "SELECT d.origin FROM documents d JOIN sources s ON s.pk = d.source "
            "WHERE s.name = ? AND d.origin NOT IN ('', ?) LIMIT 1"
        )
        row = self.connection.execute(query, (source, origin)).fetchone()
        return None if row is None else str(row[0])

    def all_documents(self, *, batch: int = 500) -> Iterator[tuple[str, list[str]]]:
        """Yield (source, ids) of all documents, at most ``batch`` ids at once."""
        for (source,) in self.connection.execute("SELECT name FROM sources ORDER BY name").fetchall():
            ids = sorted(self.document_sizes(source))
            yield from ((source, ids[start : start + batch]) for start in range(0, len(ids), batch))

    def documents_by(self, author: str) -> Iterator[tuple[str, Document]]:
        """Yield (source, document) of those in which somebody of exactly this name speaks; case does not count."""
        names = [
            row
            for row in self.connection.execute("SELECT pk, name FROM authors")
            if same_name(row[1]) == same_name(author)
        ]
        rows = self.connection.execute(
            "SELECT DISTINCT s.name, d.body FROM chunk_authors a JOIN chunks c ON c.pk = a.chunk "
            "JOIN documents d ON d.pk = c.document JOIN sources s ON s.pk = d.source "
            f"WHERE a.author IN ({', '.join('?' * len(names))})",
            [row[0] for row in names],
        ).fetchall()
        yield from ((row[0], decode_document(row[1])) for row in rows)

    # Forgetting

    def bury(self, *parts: str) -> None:
        """Leave a tombstone: ("author", name), ("source", name) or ("document", source, id).

        Only its digest is kept. Call inside a transaction.
        """
        self.connection.execute("INSERT OR IGNORE INTO tombstones VALUES (?)", (_tombstone(*parts),))

    def unbury(self, *parts: str) -> bool:
        """Take a tombstone away; return whether there was one. Call inside a transaction."""
        return self.connection.execute("DELETE FROM tombstones WHERE digest = ?", (_tombstone(*parts),)).rowcount > 0

    def _without_forgotten(self, source: str, document: Document) -> Document | None:
        names = {same_name(name): ("author", name) for name in document.authors}
        forgotten = {name for name, parts in names.items() if self._is_buried(*parts)}
        if self._is_buried("source", source) or self._is_buried("document", source, document.id):
            return None
        return without_authors(document, forgotten) if forgotten else document

    def _is_buried(self, *parts: str) -> bool:
        query = "SELECT 1 FROM tombstones WHERE digest = ?"
        return self.connection.execute(query, (_tombstone(*parts),)).fetchone() is not None

    def scrub(self) -> None:
        """Overwrite what was deleted: no byte of it stays in the file, its log or the word index.

        Raises:
            StorageError: A reader kept the log open; call it again later.
        """
        with self.lock.hold(), _storage_errors(self.path):
            connection = self.connection
            connection.execute("DELETE FROM authors WHERE pk NOT IN (SELECT author FROM chunk_authors)")
            connection.execute("INSERT INTO words (words) VALUES ('rebuild')")
            connection.execute("VACUUM")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise StorageError(
                "a reader is still using the old pages, so deleted text may remain in memory.db-wal; "
                "close other programs that use this memory and run: masa-rag rebuild"
            )

    # Vectors

    def pending(self) -> list[int]:
        """Return the numbers of the chunks that wait for a vector, oldest first."""
        return [row[0] for row in self.connection.execute("SELECT chunk FROM pending ORDER BY chunk")]

    def store_vectors(self, chunks: Sequence[int], vectors: Vectors, tokens: Sequence[bytes] | None = None) -> None:
        """Store the vectors of these chunks and tell the outbox; call inside a transaction.

        Args:
            chunks: Their numbers.
            vectors: One row a chunk.
            tokens: The packed vectors of each chunk's word pieces, or None when the embedder gives none.
        """
        for place, (pk, vector) in enumerate(zip(chunks, vectors, strict=True)):
            row = self.connection.execute("SELECT id FROM chunks WHERE pk = ?", (pk,)).fetchone()
            if row is None:  # deleted while it was being embedded
                continue
            seq = self._note(row["id"], deleted=False)
            self.connection.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", (pk, seq, vector.tobytes()))
            if tokens is not None:
                self.connection.execute("INSERT OR REPLACE INTO tokens VALUES (?, ?)", (pk, tokens[place]))
            self.connection.execute("DELETE FROM pending WHERE chunk = ?", (pk,))

    def drop_vectors(self, generation: str) -> None:
        """Forget all vectors and embed every chunk anew; call inside a transaction."""
        self.set_setting("generation", generation)
        self.connection.execute("DELETE FROM vectors")
        self.connection.execute("DELETE FROM tokens")
        self.connection.execute(f"INSERT OR IGNORE INTO pending SELECT pk FROM chunks WHERE {_NO_COPY}")

    def requeue(self, *, dim: int) -> None:
        """Let every chunk without a sound vector wait for one, index all words and find all copies anew.

        Call inside a transaction.
        """
        self.connection.execute("DELETE FROM vectors WHERE length(vector) != ?", (4 * dim,))
        self.connection.execute(
            "INSERT OR IGNORE INTO pending SELECT pk FROM chunks WHERE pk NOT IN (SELECT chunk FROM vectors) "
            f"AND {_NO_COPY}"
        )
        self.connection.execute("DELETE FROM shingles")
        self.connection.execute("UPDATE said SET first = 0")
        self.connection.execute("INSERT INTO words (words) VALUES ('rebuild')")
        self.connection.execute("DELETE FROM bags")
        self._unindexed.update((row[0], None) for row in self.connection.execute("SELECT pk FROM documents"))

    def outbox(self) -> list[Change]:
        """Return what the vector index has yet to be told, oldest first."""
        rows = self.connection.execute("SELECT seq, chunk_id, deleted FROM outbox ORDER BY seq")
        return [Change(row[0], row[1], bool(row[2])) for row in rows]

    def clear_outbox(self, up_to: int) -> None:
        """Take note that the index knows everything up to this number; call inside a transaction."""
        self.connection.execute("DELETE FROM outbox WHERE seq <= ?", (up_to,))

    def vectors_since(self, seq: int, *, dim: int) -> tuple[list[str], Vectors, int]:
        """Return ids, vectors ``(n, dim)`` and the newest number of what was stored after number ``seq``."""
        import numpy as np

        rows = self.connection.execute(
            "SELECT c.id, v.vector, v.seq FROM vectors v JOIN chunks c ON c.pk = v.chunk "
            "WHERE v.seq > ? ORDER BY v.seq",
            (seq,),
        ).fetchall()
        matrix = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float32).reshape(-1, dim)
        return [row[0] for row in rows], matrix, rows[-1][2] if rows else seq

    def vectors_of(self, ids: Sequence[str]) -> dict[str, bytes]:
        """Return id -> float32 bytes of those chunks that have a vector."""
        query = "SELECT c.id, v.vector FROM chunks c JOIN vectors v ON v.chunk = c.pk WHERE c.id IN (%s)"
        parts = (ids[start : start + 500] for start in range(0, len(ids), 500))
        rows = (row for part in parts for row in self.connection.execute(query % ", ".join("?" * len(part)), part))
        return {row[0]: row[1] for row in rows}

    def embedded_ids(self) -> set[str]:
        """Return the ids of the chunks that have a vector."""
        return {
            row[0] for row in self.connection.execute("SELECT id FROM chunks WHERE pk IN (SELECT chunk FROM vectors)")
        }

    def chunk_ids(self) -> set[str]:
        """Return the ids of all chunks."""
        return {row[0] for row in self.connection.execute("SELECT id FROM chunks")}

    def count(self, table: Literal["documents", "chunks", "vectors", "pending", "outbox", "tombstones"]) -> int:
        """Return the number of rows of a table."""
        return int(self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def _note(self, chunk_id: str, *, deleted: bool) -> int:
        query = "INSERT INTO outbox (chunk_id, deleted) VALUES (?, ?)"
        return int(self.connection.execute(query, (chunk_id, deleted)).lastrowid or 0)

    def _row(self, source: str, document_id: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.connection.execute(
            "SELECT d.pk, d.digest, d.origin, d.body FROM documents d JOIN sources s ON s.pk = d.source "
            "WHERE s.name = ? AND d.id = ?",
            (source, document_id),
        ).fetchone()
        return row

    def _source(self, name: str) -> int:
        found = self.connection.execute("SELECT pk FROM sources WHERE name = ?", (name,)).fetchone()
        if found is None:
            return int(self.connection.execute("INSERT INTO sources (name) VALUES (?)", (name,)).lastrowid or 0)
        return int(found[0])


def _segment_ids(document: Document) -> set[str]:
    return {part.id for part in document.segments if part.id is not None}


def _tombstone(*parts: str) -> str:
    if parts[0] == "author":
        parts = ("author", same_name(parts[1]))
    return digest(*parts)


def _connect(path: Path) -> sqlite3.Connection:
    # check_same_thread off: close() closes the connections of other threads; each is used by one only.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.row_factory = sqlite3.Row
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON",
                   "cache_size = -32000", "mmap_size = 268435456", "temp_store = MEMORY"):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")
    return connection


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    """Raise SQLite's errors as ours, with the next step."""
    try:
        yield
    except sqlite3.Error as error:
        advice = _ADVICE.get(
            getattr(error, "sqlite_errorname", "").partition("_")[2].partition("_")[0], _DEFAULT_ADVICE
        )
        raise StorageError(f"{path}: {error}; {advice}") from error


_DEFAULT_ADVICE = "run: masa-rag verify"
_ADVICE: dict[str, Any] = {
    "FULL": "nothing of this step was kept and everything before it is safe; free some space and run it again",
    "IOERR": "the disk did not take it; everything before this step is safe; check the disk and run it again",
    "READONLY": "the memory cannot be written here; check the permissions of its folder",
    "CANTOPEN": "the memory cannot be opened; check that the folder exists and may be read",
    "NOTADB": "this file is not a memory; check the path, or put back a copy of it",
    "CORRUPT": "the file is damaged; put back a copy of it, or make the memory anew from its sources",
    "BUSY": "another program holds the file; try again",
}
