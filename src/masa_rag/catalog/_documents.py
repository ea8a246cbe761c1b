"""Documents in the catalogue: put, merged, taken out, and read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from os.path import normpath
from typing import Literal

import msgspec

from masa_rag._names import same_name, similar_authors
from masa_rag._rows import decode_document, encode_document, readable_document, seconds
from masa_rag.catalog._forgetting import TombstoneTables
from masa_rag.catalog._merge import keep_segments, merge
from masa_rag.errors import ConfigurationError, RecordError
from masa_rag.types import Chunk, Document

Outcome = Literal["added", "updated", "unchanged", "forgotten"]

Cut = Callable[[Document], Sequence[Chunk]]

_OWNERS = """
WITH readable AS (SELECT pk, CAST(body AS TEXT) AS body FROM documents WHERE json_valid(CAST(body AS TEXT)))
SELECT pk, json_extract(body, '$.author') FROM readable
UNION SELECT pk, json_extract(value, '$.author') FROM readable, json_each(body, '$.segments')
"""
"""Who wrote a document, and who speaks in it. Passages do not always say: a chunker may name nobody."""


class DocumentTables(TombstoneTables):
    """The tables of the documents."""

    def put(self, source: str, document: Document, cut: Cut, *, origin: str | None = "") -> Outcome:
        """Insert or merge one document and bring its chunks up to date; call inside a transaction.

        Chunks that stay the same keep their vectors; new ones wait in ``pending``. ``origin`` is where it
        was seen last: ``sync`` of another export of the same source leaves it alone. None leaves that as it is.

        Raises:
            RecordError: The document cannot be stored, for example because of lone surrogates.
        """
        row = self._row(source, document.id)
        if origin is None:
            origin = "" if row is None else row["origin"]
        if row is not None and row["origin"] != origin:
            self.connection.execute("UPDATE documents SET origin = ? WHERE pk = ?", (origin, row["pk"]))
        if row is not None and row["digest"] == document.digest:
            return "unchanged"
        allowed = self.without_forgotten(source, document)
        if allowed is None:
            return "forgotten"
        allowed = _once(allowed)
        if row is not None:
            allowed = _merged(row["body"], allowed)
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
            row = self._row(source, f"{channel}/{first.created_at.date().isoformat()}")
            body = None if row is None else row["body"]
            # Looked for first, for to read a day once for each of its threads takes their number times its length.
            if isinstance(body, bytes) and msgspec.json.encode(opener) in body:
                day = decode_document(body)
                if opener in _segment_ids(day):
                    self.prune(source, day.id, _segment_ids(day) - {opener}, cut)

    def rewrite(self, source: str, document: Document, cut: Cut) -> None:
        """Replace a document as it stands, without merging; call inside a transaction."""
        row = self._row(source, document.id)
        self._write(source, document, encode_document(document), cut, origin="" if row is None else row["origin"])

    def recut(self, source: str, document_id: str, cut: Cut) -> bool:
        """Make a document's passages anew; call inside a transaction. Returns whether it is what was stored.

        One that is not keeps its passages, but for those that cannot be read either, and is replaced when it comes in
        again.
        """
        row = self._row(source, document_id)
        if row is None:
            return False
        document = readable_document(row["body"])
        if document is None or document.digest != row["digest"]:
            self.connection.execute("UPDATE documents SET digest = '' WHERE pk = ?", (row["pk"],))
            self._drop_unreadable(row["pk"])
            return False
        if document.id != document_id:  # under a damaged id its source would bring it in a second time
            self.connection.execute("UPDATE OR REPLACE documents SET id = ? WHERE pk = ?", (document.id, row["pk"]))
        self._write(source, document, row["body"], cut, origin=row["origin"])
        return True

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

    def remove(self, source: str, ids: Iterable[str]) -> int:
        """Delete documents and what hangs on them; call inside a transaction. Returns how many."""
        removed = 0
        for row in filter(None, (self._row(source, document_id) for document_id in ids)):
            self._write_chunks(row["pk"], ())
            self.connection.execute("DELETE FROM documents WHERE pk = ?", (row["pk"],))
            removed += 1
        return removed

    def remove_source(self, source: str) -> int:
        """Delete all of a source, its name and how far it was read; call inside a transaction. Returns how many."""
        removed = self.remove(source, self.document_sizes(source))
        self.set_notes(source, None)
        self.connection.execute("DELETE FROM sources WHERE name = ?", (source,))
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

    def readable(self, source: str, document_id: str) -> Document | None:
        """Return a document as it is stored, None also where it is damaged."""
        row = self._row(source, document_id)
        return None if row is None else readable_document(row["body"])

    def document_sizes(self, source: str) -> dict[str, int]:
        """Return the ids of a source's documents, each with its number of segments."""
        query = (
            "SELECT d.id, CAST(d.segments AS INTEGER) FROM documents d JOIN sources s ON s.pk = d.source "
            "WHERE s.name = ?"
        )
        return {row[0]: row[1] for row in self.connection.execute(query, (source,))}

    def ids_from(self, source: str, origin: str | None) -> set[str]:
        """Return the ids of a source's documents that were seen last at this origin, at any where it is None."""
        query = (
            "SELECT d.id FROM documents d JOIN sources s ON s.pk = d.source "
            "WHERE s.name = ? AND d.origin = coalesce(?, d.origin)"
        )
        return {row[0] for row in self.connection.execute(query, (source, origin))}

    def other_origin(self, source: str, origin: str) -> str | None:
        """Return another origin of the source's documents, or None."""
        query = (
            "SELECT DISTINCT d.origin FROM documents d JOIN sources s ON s.pk = d.source "
            "WHERE s.name = ? AND d.origin NOT IN ('', ?)"
        )
        others = (str(row[0]) for row in self.connection.execute(query, (source, origin)))
        return next((other for other in others if normpath(other) != origin), None)  # one may be written with ".."

    def source_names(self) -> list[str]:
        """Return the names of the sources that hold a document, in order."""
        query = "SELECT name FROM sources s WHERE EXISTS (SELECT 1 FROM documents WHERE source = s.pk) ORDER BY name"
        return [row[0] for row in self.connection.execute(query)]

    def sources_at(self, origin: str) -> list[str]:
        """Return the names of the sources of which a document was seen last at this origin."""
        query = (
            "SELECT DISTINCT s.name FROM documents d JOIN sources s ON s.pk = d.source WHERE d.origin = ? ORDER BY 1"
        )
        return [row[0] for row in self.connection.execute(query, (origin,))]

    def all_documents(self) -> Iterator[tuple[str, list[str]]]:
        """Yield (source, ids) of all documents, at most 500 ids at once: what is rewritten between two commits."""
        for (source,) in self.connection.execute("SELECT name FROM sources ORDER BY name").fetchall():
            ids = sorted(self.document_sizes(source), key=str)  # the disk may have made bytes of one
            yield from ((source, ids[start : start + 500]) for start in range(0, len(ids), 500))

    def documents_by(self, authors: Collection[str]) -> Iterator[tuple[str, str, Document | None]]:
        """Yield (source, id, document) of those that are by, or in which speaks, somebody of exactly these names.

        The document is None where it cannot be read any more.

        Args:
            authors: Names as :func:`masa_rag._names.same_name` writes them.
        """
        known = [self.connection.execute(query) for query in (_OWNERS, "SELECT pk, name FROM authors")]
        numbers = [[pk for pk, one in rows if one is not None and same_name(one) in authors] for rows in known]
        rows = self.connection.execute(
            "SELECT s.name, d.id, d.body FROM documents d JOIN sources s ON s.pk = d.source "
            "WHERE d.pk IN (SELECT value FROM json_each(?)) OR d.pk IN (SELECT c.document FROM chunk_authors a "
            "JOIN chunks c ON c.pk = a.chunk WHERE a.author IN (SELECT value FROM json_each(?)))",
            [json.dumps(found) for found in numbers],
        ).fetchall()
        yield from ((row[0], row[1], readable_document(row[2])) for row in rows)

    def refuse_half_names(self, authors: Iterable[str]) -> None:
        """Raise ConfigurationError where nobody of exactly such a name speaks, but others who may be meant by it do."""
        for author in authors:
            similar = similar_authors(self.connection, author)
            if similar and not any(self.documents_by({same_name(author)})):
                raise ConfigurationError(
                    f"received the author {author!r}, who does not speak here; did you mean {', '.join(similar)}? "
                    "Forgetting takes the whole name"
                )

    def _row(self, source: str, document_id: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.connection.execute(
            "SELECT d.pk, d.digest, d.origin, d.body FROM documents d JOIN sources s ON s.pk = d.source "
            "WHERE s.name = ? AND d.id = ?",
            (source, document_id),
        ).fetchone()
        return row


def _merged(stored: bytes, incoming: Document) -> Document:
    """Return what was stored with what comes in; what cannot be read any more is replaced."""
    known = readable_document(stored)
    return incoming if known is None else merge(known, incoming)


def _once(document: Document) -> Document:
    """Return the document without messages that come a second time as they are: pages of an answer overlap."""
    named = [part for part in document.segments if part.id is not None]
    if len(_segment_ids(document)) == len(named) or len(named) < len(document.segments):
        return document
    return replace(document, text="", segments=tuple(dict.fromkeys(named)))


def _segment_ids(document: Document) -> set[str]:
    return {part.id for part in document.segments if part.id is not None}
