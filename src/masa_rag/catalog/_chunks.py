"""Chunks in the catalogue: their rows, authors and words, and which of them are copies."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from masa_rag._copies import own_words, same, words_said
from masa_rag._rows import CHUNK_COLUMNS, chunk_row, is_list_of_texts, names_in
from masa_rag._unicode import is_text
from masa_rag._words import bags
from masa_rag.catalog._database import Database
from masa_rag.types import Chunk

if TYPE_CHECKING:
    from masa_rag._copies import Words

_INSERT_CHUNK = f"INSERT INTO chunks ({', '.join(CHUNK_COLUMNS)}) VALUES ({', '.join('?' * len(CHUNK_COLUMNS))})"

_INSERT_SAID = "INSERT INTO said VALUES (?, 0, 0)"

_UPDATE_CHUNK = f"UPDATE chunks SET {', '.join(f'{name} = ?' for name in CHUNK_COLUMNS)} WHERE pk = ?"

_TEXTS = ("id", "header", "text", "segment_ids", "authors", "url")
_COMPARED = (
    ", ".join(f"CAST({name} AS BLOB) AS {name}" if name in _TEXTS else name for name in CHUNK_COLUMNS)
    + f", 'blob' IN ({', '.join(f'typeof({name})' for name in _TEXTS)}) AS has_bytes"
)
"""Texts as bytes: one that the disk has damaged may be no text any more, and is to be replaced or deleted."""

_PLACE = {"position", "start", "end"}
"""Where a passage stands in its document."""

_COMPARED_TEXTS = 5
"""So many passages are compared word by word with a new one, those that share most runs of words first."""

_SHARING = "SELECT chunk FROM (SELECT chunk FROM shingles WHERE digest = ? ORDER BY chunk DESC LIMIT 200)"
"""Of the passages with one run of words the newest: what is copied is copied soon, and of a robot's 20,000 messages
that differ in a number, each would be compared with all before it (10 ms a message at 4,000, growing with them)."""

_INHERIT = (
    "UPDATE said SET first = ? WHERE chunk = ? AND first = 0 AND (? OR (SELECT text FROM chunks WHERE pk = chunk) = ?)"
)
"""What says the same to the letter, or in the same words where no tags end them, needs no comparing: of 4,000 copies
the first is deleted in 50 ms, not 900, and who deletes them in turn does that 4,000 times."""

_COUNTED = 500
"""Chunks whose words are counted at once: enough to spread the cost of a call, 10 MB at the moment."""


class ChunkTables(Database):
    """The tables of the chunks; what else writes documents goes through them."""

    def _write_chunks(self, document: int, chunks: Sequence[Chunk]) -> None:
        """Make the stored chunks equal to these, touching only the rows that differ."""
        self._unindexed[document] = None
        query = f"SELECT pk, {_COMPARED} FROM chunks WHERE document = ?"
        rows = self.connection.execute(query, (document,)).fetchall()
        for row in rows:
            if row["has_bytes"]:
                self._delete_chunk(row)
        stored = {bytes(row["id"]): row for row in rows if not row["has_bytes"]}
        short = _short_ones(chunks)
        for chunk in chunks:
            known = stored.pop(chunk.id.encode(), None)
            row = chunk_row(chunk, document)
            if known is None:
                pk = self.connection.execute(_INSERT_CHUNK, row).lastrowid
                table = _INSERT_SAID if chunk.id in short else "INSERT INTO pending VALUES (?)"
                self.connection.execute(table, (pk,))
                self._write_authors(pk, chunk.authors)
            elif differing := _differing(known, row):
                self.connection.execute(_UPDATE_CHUNK, (*row, known[0]))
                if not differing <= _PLACE:  # which moves when a message further up is edited, and is not in the index
                    self._write_authors(known[0], chunk.authors)
                    self._note(chunk.id, deleted=False)
        for row in stored.values():
            self._delete_chunk(row)

    def _drop_unreadable(self, document: int) -> None:
        """Delete those of a document's passages that the disk has damaged."""
        rows = self.connection.execute(f"SELECT pk, {_COMPARED} FROM chunks WHERE document = ?", (document,))
        for row in rows.fetchall():
            is_whole = all(is_text(row[name]) for name in _TEXTS if row[name] is not None)
            if row["has_bytes"] or not (
                is_whole and all(is_list_of_texts(row[name]) for name in ("segment_ids", "authors"))
            ):
                self._delete_chunk(row)

    def _delete_chunk(self, row: sqlite3.Row) -> None:
        number = row["pk"]
        # Its copies look for another one before the transaction ends; before its number is used again.
        self.connection.execute("UPDATE said SET first = 0 WHERE first = ?", (number,))
        if row["has_bytes"] or not (
            is_text(row["header"]) and is_text(row["text"])
        ):  # then nobody knows which words to take out
            self.connection.execute("UPDATE chunks SET header = '', text = '' WHERE pk = ?", (number,))
        self._write_authors(number, ())
        self.connection.execute("DELETE FROM chunks WHERE pk = ?", (number,))
        self.set_setting("removals", str(self._note(row["id"].decode("utf-8", "replace"), deleted=True)))

    def _before_commit(self) -> None:
        self._find_copies()
        self._index_words()
        self.connection.executemany(  # who speaks no more is nobody to be meant by a name
            "DELETE FROM authors WHERE pk = ? AND pk NOT IN (SELECT author FROM chunk_authors)",
            ((author,) for author in self._silenced),
        )

    def _find_copies(self) -> None:
        """Say of each short passage nobody has looked at whether it is a copy, and of which; oldest first.

        A copy stays as it is, but has no vector: what it says is found by the passage that said it first.
        """
        query = "SELECT chunk, key FROM said JOIN chunks ON pk = chunk WHERE first = 0 ORDER BY chunk"
        new = self.connection.execute(query).fetchall()  # no texts: after a rebuild these are all posts of the memory
        alike: dict[int, list[int]] = {}
        for pk, key in new:
            if key:  # somebody has looked at it before
                alike.setdefault(key, []).append(pk)
        for pk, key in new:
            self._look_at(pk, alike.get(key, ()))

    def _look_at(self, pk: int, alike: Sequence[int]) -> None:
        """Say whether a passage is a copy. If not, those of the same words that were copies of one deleted are its."""
        query = "SELECT id, text, authors FROM chunks JOIN said ON chunk = pk WHERE pk = ? AND first = 0"
        if (row := self.connection.execute(query, (pk,)).fetchone()) is None:
            return
        words = words_said(own_words(row["text"], row["authors"]))
        first = self._said_first(words) if words.is_long else None
        self.connection.execute(
            "UPDATE said SET first = ?, key = ? WHERE chunk = ?", (pk if first is None else first, words.key, pk)
        )
        if first is not None:
            self._settle_copy(pk, row["id"])
            return
        self._settle_first(pk, words.shingles if words.is_long else ())
        taken = ((pk, copy, not words.tags, row["text"]) for copy in alike)
        self.connection.executemany(_INHERIT, taken)

    def _said_first(self, words: Words) -> int | None:
        """Return the passage that says the same and has no other before it, or None."""
        runs = " UNION ALL ".join([_SHARING] * len(words.shingles)) or "SELECT NULL AS chunk WHERE 0"
        rows = self.connection.execute(
            "SELECT c.pk, c.text, c.authors FROM ("
            "SELECT pk, 99 AS shared FROM (SELECT chunk AS pk FROM said WHERE key = ? AND first = chunk "
            f"ORDER BY chunk LIMIT {_COMPARED_TEXTS}) "
            f"UNION ALL SELECT chunk, count(*) FROM ({runs}) GROUP BY chunk HAVING count(*) >= ?"
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
        deleted = "DELETE FROM chunk_authors WHERE chunk = ? RETURNING author"
        self._silenced.update(row[0] for row in self.connection.execute(deleted, (chunk,)))
        for name in names:
            self.connection.execute("INSERT OR IGNORE INTO authors (name) VALUES (?)", (name,))
            self.connection.execute(
                "INSERT OR IGNORE INTO chunk_authors SELECT pk, ? FROM authors WHERE name = ?", (chunk, name)
            )

    def misnamed(self) -> Iterator[tuple[int, str, tuple[str, ...]]]:
        """Yield (number, id, who speaks) of the passages that are not found by the names of these."""
        rows = self.connection.execute(
            "SELECT c.pk, c.id, c.authors, CAST(a.name AS BLOB) FROM chunks c "
            "LEFT JOIN chunk_authors s ON s.chunk = c.pk LEFT JOIN authors a ON a.pk = s.author ORDER BY c.pk"
        )
        for (pk, chunk_id, authors), found in groupby(rows, key=lambda row: row[:3]):
            names = names_in(authors)
            if sorted(row[3] for row in found if row[3] is not None) != sorted(name.encode() for name in names):
                yield pk, chunk_id, names

    def _note(self, chunk_id: str, *, deleted: bool) -> int:
        query = "INSERT INTO outbox (chunk_id, deleted) VALUES (?, ?)"
        return int(self.connection.execute(query, (chunk_id, deleted)).lastrowid or 0)


def _differing(stored: sqlite3.Row, row: Sequence[object]) -> set[str]:
    """Return the columns in which a stored chunk, its texts as bytes, is another than this one."""
    new = (value.encode() if isinstance(value, str) else value for value in row)
    return {name for name, was, now in zip(CHUNK_COLUMNS, stored[1:-1], new, strict=True) if was != now}


def _short_ones(chunks: Sequence[Chunk]) -> set[str]:
    """Return the ids of those that are what people copy: a whole post or whole messages, not a long one's pieces."""
    pieces = Counter(part for chunk in chunks for part in chunk.segment_ids)
    if len(chunks) == 1 and chunks[0].start_s is None:
        return {chunks[0].id}
    return {chunk.id for chunk in chunks if chunk.segment_ids and all(pieces[part] == 1 for part in chunk.segment_ids)}
