"""Vectors in the catalogue: which chunks wait for one, which there are, and what the index has not been told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Literal

from masa_rag._rows import is_unit, length_of
from masa_rag.catalog._chunks import ChunkTables
from masa_rag.errors import MemoryMismatchError, StorageError

if TYPE_CHECKING:
    from masa_rag.protocols import Vectors

_NO_COPY = "pk NOT IN (SELECT chunk FROM said WHERE first NOT IN (0, chunk))"


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the outbox: a chunk that the vector index has yet to hear of."""

    seq: int
    chunk_id: str
    deleted: bool


class VectorTables(ChunkTables):
    """The tables of the vectors and of the outbox."""

    def pending(self, limit: int) -> list[int]:
        """Return the numbers of up to ``limit`` chunks that wait for a vector, oldest first."""
        rows = self.connection.execute("SELECT chunk FROM pending ORDER BY chunk LIMIT ?", (limit,))
        return [row[0] for row in rows]

    def store_vectors(self, chunks: Sequence[int], vectors: Vectors, tokens: Sequence[bytes] | None = None) -> None:
        """Store the vectors of these chunks and tell the outbox; call inside a transaction.

        Args:
            chunks: Their numbers.
            vectors: One row a chunk.
            tokens: The packed vectors of each chunk's word pieces, or None when the embedder gives none.

        Raises:
            MemoryMismatchError: Those of the memory have another length: they are of another model of the same name.
        """
        known = self.connection.execute("SELECT length(vector) / 4 FROM vectors LIMIT 1").fetchone()
        if known is not None and known[0] != vectors.shape[1]:
            raise MemoryMismatchError(
                f"received vectors of {vectors.shape[1]} numbers for a memory whose vectors have {known[0]}; open it "
                "with the model it was made with, or make all of them anew with this one: memory.rebuild()"
            )
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
        """Let every chunk without a sound vector wait for one, index all words and authors and find all copies anew.

        Call inside a transaction.
        """
        stored = self.connection.execute("SELECT chunk, vector FROM vectors")
        spoilt = [(pk,) for pk, vector in stored if not is_unit(vector, dim=dim)]
        self.connection.executemany("DELETE FROM vectors WHERE chunk = ?", spoilt)
        self.connection.execute(
            "INSERT OR IGNORE INTO pending SELECT pk FROM chunks WHERE pk NOT IN (SELECT chunk FROM vectors) "
            f"AND {_NO_COPY}"
        )
        for pk, _, names in list(self.misnamed()):
            self._write_authors(pk, names)
        self.connection.execute("DELETE FROM authors WHERE pk NOT IN (SELECT author FROM chunk_authors)")
        self.connection.execute("DELETE FROM shingles")
        self.connection.execute("UPDATE said SET first = 0, key = 0")
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

    def vectors_since(self, seq: int, *, dim: int) -> tuple[dict[int, str], Vectors, int]:
        """Return number -> id of the chunks whose vectors were stored after ``seq``, in that order, and the vectors.

        The vectors have shape ``(n, dim)``; last comes the newest of the numbers like ``seq``.
        """
        import numpy as np

        rows = self.connection.execute(
            "SELECT c.pk, c.id, CAST(v.vector AS BLOB), v.seq FROM vectors v JOIN chunks c ON c.pk = v.chunk "
            "WHERE v.seq > ? ORDER BY v.seq",
            (seq,),
        )
        ids: dict[int, str] = {}
        data, newest = bytearray(), seq  # not a list of rows first: a third less time, and half the memory
        for number, chunk_id, vector, written in rows:
            ids[number] = chunk_id
            data += vector
            newest = written
        numbers = np.frombuffer(data, dtype=np.float32, count=len(data) // 4)
        with np.errstate(over="ignore", invalid="ignore"):
            squares = np.dot(numbers, numbers)
        if len(data) != 4 * dim * len(ids) or not np.isfinite(squares):
            raise StorageError(
                f"a stored vector is damaged, or not of a model whose vectors have {dim} numbers; masa-rag verify "
                "names it, masa-rag rebuild makes it anew"
            )
        matrix = numbers.reshape(-1, dim)
        matrix.flags.writeable = False  # nobody has the bytes but this array, so an index may keep it without a copy
        return ids, matrix, newest

    def vectors_of(self, ids: Sequence[str], *, dim: int) -> dict[str, bytes]:
        """Return id -> float32 bytes of those chunks that have a vector which can be read."""
        query = "SELECT c.id, v.vector FROM chunks c JOIN vectors v ON v.chunk = c.pk WHERE c.id IN (%s)"
        parts = (ids[start : start + 500] for start in range(0, len(ids), 500))
        rows = (row for part in parts for row in self.connection.execute(query % ", ".join("?" * len(part)), part))
        return {row[0]: row[1] for row in rows if isfinite(length_of(row[1], dim=dim))}

    def vectors_of_numbers(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """Return number -> float32 bytes of those chunks that have a vector."""
        rows = self.connection.execute(
            "SELECT chunk, CAST(vector AS BLOB) FROM vectors WHERE chunk IN (SELECT value FROM json_each(?))",
            (json.dumps(list(numbers)),),
        )
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
