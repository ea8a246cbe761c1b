"""What is in a memory, and whether its parts agree."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from masa_rag._copies import own_words, same, words_said
from masa_rag._rows import is_unit, moment, readable_document
from masa_rag._views import counted
from masa_rag.catalog import Catalog
from masa_rag.errors import StorageError

if TYPE_CHECKING:
    from masa_rag._projection import Projection


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """One source of a memory: how many documents and passages (copies too), from when to when."""

    name: str
    documents: int
    chunks: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Info:
    """What is in a memory.

    Attributes:
        path: Its folder.
        documents: Number of documents.
        chunks: Number of different passages.
        copies: Number of passages that say what one of these says, counted with it and not embedded again.
        vectors: How many of the different ones are embedded.
        authors: Number of people who speak.
        embedder: Fingerprint of the model, or None while the memory is empty.
        chunker: Fingerprint of the chunker, or None.
        bytes_on_disk: Size of all its files.
        writer: Who is writing now, or None.
        sources: Its sources by name.
    """

    path: str
    documents: int
    chunks: int
    vectors: int
    authors: int
    embedder: str | None
    chunker: str | None
    bytes_on_disk: int
    writer: str | None
    sources: tuple[SourceInfo, ...]
    copies: int = 0

    def _repr_html_(self) -> str:
        from masa_rag._views import info_view

        return info_view(self)


@dataclass(frozen=True, slots=True)
class Problem:
    """One disagreement.

    Attributes:
        where: The part: "file", "documents", "words", "chunks", "authors", "copies", "vectors" or "index".
        what: What is wrong.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def info(catalog: Catalog, folder: Path) -> Info:
    """Return what is in the memory."""
    authors = catalog.connection.execute("SELECT count(DISTINCT author) FROM chunk_authors").fetchone()[0]
    copies = catalog.connection.execute("SELECT count(*) FROM said WHERE first NOT IN (0, chunk)").fetchone()[0]
    # os.walk passes over a folder that another process has deleted since it was listed; rglob raises.
    size = sum(_size(Path(place, name)) for place, _, names in os.walk(folder) for name in names)
    return Info(
        path=str(folder), documents=catalog.count("documents"), chunks=catalog.count("chunks") - copies, copies=copies,
        vectors=catalog.count("vectors"), authors=authors, embedder=catalog.setting("embedder"),
        chunker=catalog.setting("chunker"), bytes_on_disk=size, writer=catalog.lock.owner(),
        sources=tuple(_sources(catalog.connection)),
    )  # fmt: skip


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # another process took it away between listing and looking
        return 0


def _sources(connection: sqlite3.Connection) -> Iterator[SourceInfo]:
    rows = connection.execute(
        "SELECT s.name, count(DISTINCT d.pk), count(c.pk), min(c.started_at), max(c.ended_at) FROM sources s "
        "JOIN documents d ON d.source = s.pk LEFT JOIN chunks c ON c.document = d.pk GROUP BY s.pk ORDER BY s.name"
    )
    for name, documents, chunks, first, last in rows:
        yield SourceInfo(name, documents, chunks, moment(first), moment(last))


def verify(catalog: Catalog, projection: Projection | None, *, dim: int) -> list[Problem]:
    """Return every disagreement between the parts of a memory."""
    connection = catalog.connection
    problems: list[Problem] = []
    try:
        problems.extend(_check_file(connection))
        if problems:  # nothing else can be trusted
            return problems
        problems.extend(_check_parts(catalog, dim))
    except StorageError as error:
        if not _is_damage(error):
            raise
        return [*problems, Problem("file", str(error))]
    if projection is not None and catalog.may_write:
        problems.extend(Problem("index", text) for text in projection.differences())
    return problems


def _is_damage(error: StorageError) -> bool:
    """Say whether it is the file that is at fault: it is not locked, not where nobody may write, not closed."""
    name = getattr(error.__cause__, "sqlite_errorname", "SQLITE_ERROR")
    return error.__cause__ is not None and name.startswith(("SQLITE_CORRUPT", "SQLITE_ERROR", "SQLITE_NOTADB"))


def _check_file(connection: sqlite3.Connection) -> Iterator[Problem]:
    rows = connection.execute("PRAGMA integrity_check")
    yield from (Problem("file", row[0]) for row in rows if row[0] != "ok")


def _check_parts(catalog: Catalog, dim: int) -> Iterator[Problem]:
    connection = catalog.connection
    yield from _check_erasure(catalog)
    yield from _check_references(connection)
    if catalog.may_write:
        yield from _check_words(connection)
    with catalog.snapshot():  # a document that somebody changes meanwhile would not match its passages
        yield from _check_bags(connection)
        yield from _check_chunks(connection)
        yield from _check_authors(catalog)
        yield from _check_copies(connection)
        yield from _check_vectors(connection, dim)


def _check_erasure(catalog: Catalog) -> Iterator[Problem]:
    if catalog.setting("scrub") == "due":
        advice = "free some space, and open the memory again"
        yield Problem("file", f"bytes of what was forgotten may still be in the files; {advice}")


def _check_references(connection: sqlite3.Connection) -> Iterator[Problem]:
    lost = Counter((row[0], row[2]) for row in connection.execute("PRAGMA foreign_key_check"))
    for (table, other), count in lost.items():
        yield Problem("file", f"{counted(count, 'row')} of {table} belong to {other} that are not there")


def _check_words(connection: sqlite3.Connection) -> Iterator[Problem]:
    """Let FTS5 compare its index with the passages; to SQLite that is writing, though nothing is written."""
    try:
        connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
    except StorageError as error:
        if not _is_damage(error):
            raise
        yield Problem("words", f"the word index does not match the passages ({error.__cause__})")


def _check_bags(connection: sqlite3.Connection) -> Iterator[Problem]:
    counted = "SELECT chunk FROM bags WHERE length(words) % 4 = 0 AND typeof(words) = 'blob'"
    uncounted = connection.execute(f"SELECT id FROM chunks WHERE pk NOT IN ({counted})")
    yield from (Problem("words", f"the words of passage {row[0]} are not counted") for row in uncounted)


def _check_authors(catalog: Catalog) -> Iterator[Problem]:
    for _, chunk_id, names in catalog.misnamed():
        yield Problem(
            "authors", f"passage {chunk_id} is not found by who speaks in it ({', '.join(names) or 'nobody'})"
        )


def _check_chunks(connection: sqlite3.Connection) -> Iterator[Problem]:
    """Compare each document with its digest, and each passage with the text it was cut from."""
    for pk, body, *known in connection.execute("SELECT pk, body, id, digest, kind, title FROM documents"):
        document, document_id = readable_document(body), known[0]
        if document is None or [document.id, document.digest, document.kind, document.title] != known:
            advice = "is not what was stored; after masa-rag rebuild, adding its source brings it back"
            yield Problem("documents", f"document {document_id!r} {advice}")
        if document is None:
            continue
        text = document.text
        rows = connection.execute("SELECT id, text, start, end FROM chunks WHERE document = ?", (pk,))
        for chunk_id, passage, start, end in rows:
            if (type(start), type(end)) != (int, int) or text[start:end] != passage:
                yield Problem("chunks", f"passage {chunk_id} is not what stands in document {document_id!r}")


def _check_copies(connection: sqlite3.Connection) -> Iterator[Problem]:
    """Compare each copy with the passage that said it first, which must be there and be no copy itself."""
    rows = connection.execute(
        "SELECT c.id, CAST(c.text AS TEXT), c.authors, CAST(f.text AS TEXT), f.authors, t.first = f.pk FROM said s "
        "JOIN chunks c ON c.pk = s.chunk LEFT JOIN said t ON t.chunk = s.first LEFT JOIN chunks f ON f.pk = t.chunk "
        "WHERE s.first NOT IN (0, s.chunk)"
    )
    for chunk_id, text, authors, first, by, is_first in rows:
        if not is_first:
            yield Problem("copies", f"passage {chunk_id} is counted as a copy of one that is not there")
        elif not same(words_said(own_words(text, authors)), words_said(own_words(first, by))):
            yield Problem("copies", f"passage {chunk_id} is counted as a copy of one that says something else")


def _check_vectors(connection: sqlite3.Connection, dim: int) -> Iterator[Problem]:
    rows = connection.execute(
        "SELECT c.id, v.vector, p.chunk FROM chunks c LEFT JOIN vectors v ON v.chunk = c.pk "
        "LEFT JOIN pending p ON p.chunk = c.pk LEFT JOIN said s ON s.chunk = c.pk "
        "WHERE coalesce(s.first, 0) IN (0, c.pk)"
    )
    later = 0
    for chunk_id, vector, waiting in rows:
        if vector is None and waiting:
            later += 1
        elif vector is None:
            yield Problem("vectors", f"passage {chunk_id} has no vector")
        elif not is_unit(vector, dim=dim):
            yield Problem("vectors", f"the vector of passage {chunk_id} is not {dim} numbers of length 1")
    if later:
        yield Problem("vectors", f"{counted(later, 'passage')} not embedded yet, found by words only")
