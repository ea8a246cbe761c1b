"""Tombstones in the catalogue, and the overwriting of what was deleted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from unicodedata import normalize

from masa_rag._ids import digest
from masa_rag._names import same_name
from masa_rag._unicode import whole_name, whole_text
from masa_rag.catalog._chunks import ChunkTables
from masa_rag.catalog._merge import without_authors
from masa_rag.errors import ConfigurationError, StorageError
from masa_rag.types import Document

if TYPE_CHECKING:
    from masa_rag._reading import Names


class TombstoneTables(ChunkTables):
    """The table of tombstones; what is in it is kept out of what is put."""

    def graves(self, author: Names | None, source: Names | None, document: Names | None) -> list[tuple[str, ...]]:
        """Return what is meant, each as the parts of a tombstone."""
        match tuple(map(_each, (author, source, document))):
            case ([_, *_] as names, None, None) if all(map(str.strip, names)):
                return [("author", whole_text(name)) for name in names]
            case (None, [_, *_] as names, None):
                return [("source", self.source_called(name)) for name in names]
            case (None, [name], [_, *_] as documents):
                return [("document", self.source_called(name), whole_name(one)) for one in documents]
        raise ConfigurationError(
            f"received author={author!r}, source={source!r}, document={document!r}; "
            "expected author, or source, or source and document"
        )

    def bury(self, *parts: str) -> None:
        """Leave a tombstone: ("author", name), ("source", name) or ("document", source, id).

        Only its digest is kept. Call inside a transaction.
        """
        self.connection.execute("INSERT OR IGNORE INTO tombstones VALUES (?)", _tombstones(*parts)[:1])

    def unbury(self, *parts: str) -> bool:
        """Take a tombstone away; return whether there was one. Call inside a transaction."""
        deleted = "DELETE FROM tombstones WHERE digest IN (?, ?, ?)"
        return self.connection.execute(deleted, _tombstones(*parts)).rowcount > 0

    def without_forgotten(self, source: str, document: Document) -> Document | None:
        """Return the document without what was forgotten; None when nothing of it is left.

        Call inside a transaction.
        """
        if self.connection.execute("SELECT 1 FROM tombstones LIMIT 1").fetchone() is None:
            return document  # nothing is forgotten in most memories: the digests would take 3 to 7 % of adding posts
        names = {same_name(name): ("author", name) for name in document.authors}
        forgotten = {name for name, parts in names.items() if self._is_buried(*parts)}
        if self._is_buried("source", source) or self._is_buried("document", source, document.id):
            return None
        return without_authors(document, forgotten) if forgotten else document

    def _is_buried(self, *parts: str) -> bool:
        if parts not in self._buried:
            query = "SELECT 1 FROM tombstones WHERE digest IN (?, ?, ?)"
            self._buried[parts] = self.connection.execute(query, _tombstones(*parts)).fetchone() is not None
        return self._buried[parts]

    def scrub(self) -> None:
        """Overwrite what was deleted: no byte of it stays in the file, its log or the word index.

        Raises:
            StorageError: A reader kept the log open; call it again later.
        """
        with self.lock.hold():
            connection = self.connection
            connection.execute("DELETE FROM authors WHERE pk NOT IN (SELECT author FROM chunk_authors)")
            connection.execute("INSERT INTO words (words) VALUES ('rebuild')")
            connection.execute("PRAGMA temp_store = FILE")  # VACUUM copies all there is, which may be more than the RAM
            try:
                connection.execute("VACUUM")
            finally:
                connection.execute("PRAGMA temp_store = MEMORY")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise StorageError(
                "a reader is still using the old pages, so deleted text may remain in memory.db-wal; "
                "close other programs that use this memory and run: masa-rag rebuild"
            )


def _each(names: Names | None) -> list[str] | None:
    """Return one name or several as a list of texts, None where there is none; an empty list for what is no text."""
    if names is None:
        return None
    listed = [names] if isinstance(names, str) or not isinstance(names, Iterable) else list(names)
    return listed if all(isinstance(name, str) for name in listed) else []


def _tombstones(*parts: str) -> tuple[str, ...]:
    """Return the digest of a tombstone, and those that it has where accents are encoded otherwise."""
    parts = ("author", same_name(parts[1])) if parts[0] == "author" else parts
    return digest(*parts), *(digest(*(normalize(form, part) for part in parts)) for form in ("NFC", "NFD"))
