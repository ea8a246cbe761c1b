"""The tables of ``memory.db`` and how an older file becomes a newer one.

Migrations are numbered by their place in MIGRATIONS and applied in order, each in a transaction
of its own; ``PRAGMA user_version`` holds how many have been. A published one is never edited.
"""

from __future__ import annotations

import sqlite3

from masa_rag._words import TOKENIZER
from masa_rag.errors import StorageError

_FIRST = f"""
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE sources (pk INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, cursor TEXT);

CREATE TABLE documents (
    pk INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES sources (pk),
    id TEXT NOT NULL,
    digest TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT,
    created_at REAL,
    segments INTEGER NOT NULL,
    origin TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (source, id)
);

CREATE TABLE chunks (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    document INTEGER NOT NULL REFERENCES documents (pk) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    header TEXT NOT NULL,
    text TEXT NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    segment_ids TEXT NOT NULL,
    authors TEXT NOT NULL,
    started_at REAL,
    ended_at REAL,
    start_s REAL,
    end_s REAL,
    url TEXT
);
CREATE INDEX chunks_by_document ON chunks (document, position);
CREATE INDEX chunks_by_time ON chunks (started_at) WHERE started_at IS NOT NULL;

CREATE TABLE authors (pk INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE chunk_authors (
    author INTEGER NOT NULL REFERENCES authors (pk),
    chunk INTEGER NOT NULL REFERENCES chunks (pk) ON DELETE CASCADE,
    PRIMARY KEY (author, chunk)
) WITHOUT ROWID;
CREATE INDEX chunk_authors_by_chunk ON chunk_authors (chunk);

-- A table of their own, so that reading rows does not page through 1.5 kB of floats each.
-- seq grows with every write: a reader asks for what came after the number it has seen.
CREATE TABLE vectors (
    chunk INTEGER PRIMARY KEY REFERENCES chunks (pk) ON DELETE CASCADE,
    seq INTEGER NOT NULL UNIQUE,
    vector BLOB NOT NULL
);

-- One small vector for each word piece of a passage (see _searching/late.py), where the embedder gives them.
CREATE TABLE tokens (chunk INTEGER PRIMARY KEY REFERENCES chunks (pk) ON DELETE CASCADE, vectors BLOB NOT NULL);

-- The stems of a passage and of a whole document as digests (see _words.py): what FTS5 finds but cannot
-- count fast, for windows of neighbouring passages and for documents are ranked by the same words.
CREATE TABLE bags (chunk INTEGER PRIMARY KEY REFERENCES chunks (pk) ON DELETE CASCADE, words BLOB NOT NULL);
CREATE TABLE document_bags (
    document INTEGER PRIMARY KEY REFERENCES documents (pk) ON DELETE CASCADE, words BLOB NOT NULL
);

CREATE TABLE pending (chunk INTEGER PRIMARY KEY REFERENCES chunks (pk) ON DELETE CASCADE);

-- What the vector index has yet to be told; AUTOINCREMENT so that a number is never used twice.
CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, chunk_id TEXT NOT NULL, deleted INTEGER NOT NULL);

CREATE TABLE tombstones (digest TEXT PRIMARY KEY) WITHOUT ROWID;

-- External content: the words live here, the text only in chunks.
CREATE VIRTUAL TABLE words USING fts5 (
    header, text, content='chunks', content_rowid='pk', tokenize="{TOKENIZER}"
);
-- How many passages hold a word: a view of the index, without storage of its own.
CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, row);
CREATE TRIGGER words_insert AFTER INSERT ON chunks BEGIN
    INSERT INTO words (rowid, header, text) VALUES (new.pk, new.header, new.text);
END;
CREATE TRIGGER words_delete AFTER DELETE ON chunks BEGIN
    INSERT INTO words (words, rowid, header, text) VALUES ('delete', old.pk, old.header, old.text);
END;
"""

_COPIES = """
-- Short passages that people copy, each with the passage that says the same and came first: itself, when
-- nothing did; 0 when nobody has looked yet, which the next transaction does (see _copies.py).
CREATE TABLE said (
    chunk INTEGER PRIMARY KEY REFERENCES chunks (pk) ON DELETE CASCADE, first INTEGER NOT NULL, key INTEGER NOT NULL
);
CREATE INDEX said_by_first ON said (first);
CREATE INDEX said_by_key ON said (key) WHERE first = chunk;
-- Some runs of words of those that came first: how copies with changed words are found.
CREATE TABLE shingles (
    digest INTEGER NOT NULL,
    chunk INTEGER NOT NULL REFERENCES chunks (pk) ON DELETE CASCADE,
    PRIMARY KEY (digest, chunk)
) WITHOUT ROWID;
CREATE INDEX shingles_by_chunk ON shingles (chunk);

INSERT INTO said SELECT c.pk, 0, 0 FROM chunks c WHERE
    segment_ids != '[]' AND NOT EXISTS (  -- no piece of a long message
        SELECT 1 FROM chunks o WHERE o.document = c.document AND o.segment_ids = c.segment_ids AND o.pk != c.pk
    )
    OR document IN (SELECT document FROM chunks GROUP BY document HAVING count(*) = 1 AND max(start_s) IS NULL);
"""

_ONLY_PASSAGES = "DROP TABLE document_bags;"
"""Whole documents are no longer ranked by their words."""

_ENDS = "CREATE INDEX IF NOT EXISTS chunks_by_end ON chunks (ended_at) WHERE ended_at IS NOT NULL;"
"""Until when anybody spoke is asked by every question that names a time."""

_WORDS_ANEW = f"""
DROP TRIGGER words_insert;
DROP TRIGGER words_delete;
DROP TABLE vocabulary;
DROP TABLE words;
CREATE VIEW IF NOT EXISTS spaced_chunks AS SELECT pk, spaced(header) AS header, spaced(text) AS text FROM chunks;
CREATE VIRTUAL TABLE words USING fts5 (
    header, text, content='spaced_chunks', content_rowid='pk', tokenize="{TOKENIZER}"
);
CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, row);
CREATE TRIGGER words_insert AFTER INSERT ON chunks BEGIN
    INSERT INTO words (rowid, header, text) VALUES (new.pk, spaced(new.header), spaced(new.text));
END;
CREATE TRIGGER words_delete AFTER DELETE ON chunks BEGIN
    INSERT INTO words (words, rowid, header, text) VALUES ('delete', old.pk, spaced(old.header), spaced(old.text));
END;
INSERT INTO words (words) VALUES ('rebuild');
UPDATE bags SET words = (SELECT bag_of(header || char(10) || text) FROM chunks WHERE pk = chunk)
    WHERE chunk IN (SELECT pk FROM chunks WHERE length(CAST(header || text AS BLOB)) != length(header || text));
"""
"""Indexes all words again, after a change to how they are split (see _words.spaced); what is ASCII counts as before.

The view has the texts as they are indexed, so that the index can be made anew from it and compared with it.
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _COPIES, _ONLY_PASSAGES, _ENDS, "", _WORDS_ANEW)
"""The fifth indexed words anew too, by pairs of characters, which the sixth does for all later changes."""


_OURS = frozenset({"settings", "sources", "documents", "chunks", "vectors"})
"""Tables that every version has had."""


def refuse_foreign(connection: sqlite3.Connection) -> None:
    """Raise StorageError for a file with tables that are not ours. Changes nothing."""
    # The tables first: another process that makes this memory now has numbered it by the time they are there.
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and (_version(connection) == 0 or not tables >= _OURS):
        path = connection.execute("PRAGMA database_list").fetchone()[2]
        raise StorageError(
            f"{path}: this SQLite file belongs to another program and was left as it is; "
            "give the folder of a memory of masa-rag, or one that does not exist yet"
        )


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file up to date; a file from a newer version of the library is refused."""
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise StorageError(
            f"received a memory of format {version}; this version of masa-rag reads up to {len(MIGRATIONS)}. "
            "Update it with: pip install -U masa-rag, in a clone with: git pull"
        )
    try:
        for number in range(version, len(MIGRATIONS)):
            _step(connection, number)
    except StorageError as error:
        if not getattr(error.__cause__, "sqlite_errorname", "").startswith("SQLITE_READONLY"):
            raise
        raise StorageError(
            f"received a memory of format {version} that cannot be written; this version of masa-rag brings it to "
            f"format {len(MIGRATIONS)} first. Open it once where it may be written, or a copy of it"
        ) from error


def _step(connection: sqlite3.Connection, number: int) -> None:
    # Two processes may open a new memory at once: look again once the write lock is ours.
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _version(connection) == number:
            _run(connection, MIGRATIONS[number])
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Execute statement by statement: ``executescript`` would commit the transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
