"""A file that the disk has damaged: whoever asks is told what is wrong and what to do, whatever part was hit."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from masa_rag import Document, Memory, StorageError
from masa_rag._rows import readable_document

VERBS: dict[str, Callable[[Memory], object]] = {
    "search": lambda memory: memory.search("walrus"),
    "context": lambda memory: memory.context("walrus"),
    "ask": lambda memory: memory.ask("Where does the walrus sleep?"),
    "info": lambda memory: memory.info(),
    "delete": lambda memory: memory.delete("s"),
    "rebuild": lambda memory: memory.rebuild(),
}


@pytest.fixture
def folder(open_memory: Callable[..., Memory]) -> Path:
    """The folder of a memory that holds one post of Ann's."""
    with open_memory() as memory:
        memory.add([Document(id="a", text="the walrus sleeps on the ice", author="Ann")], name="s")
    return memory.path


def damage(folder: Path, statement: str) -> None:
    """Change the file as no program of ours does."""
    with closing(sqlite3.connect(folder / "memory.db", isolation_level=None)) as connection:
        connection.execute(statement)


def wipe_page_of(folder: Path, table: str) -> None:
    """Overwrite a table's first page with zeros."""
    with closing(sqlite3.connect(folder / "memory.db")) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    with (folder / "memory.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))


@pytest.mark.parametrize("verb", VERBS)
def test_a_damaged_page_is_one_clear_error(folder: Path, open_memory: Callable[..., Memory], verb: str) -> None:
    """Reading says what writing says: SQLite's own error never comes through."""
    wipe_page_of(folder, "chunks")
    with pytest.raises(StorageError, match=r"memory\.db: database disk image is malformed; the file is damaged; put"):
        VERBS[verb](open_memory())


@pytest.mark.parametrize("table", ["chunks", "documents", "said", "vectors", "words_data"])
def test_a_damaged_page_is_a_problem_of_the_file(folder: Path, open_memory: Callable[..., Memory], table: str) -> None:
    """Also where SQLite's own check stumbles over it."""
    wipe_page_of(folder, table)
    assert {problem.where for problem in open_memory().verify()} == {"file"}


@pytest.mark.parametrize("verb", ["search", "context", "ask", "rebuild"])
def test_a_text_that_is_none_any_more_is_one_clear_error(
    folder: Path, open_memory: Callable[..., Memory], verb: str
) -> None:
    """SQLite reads a byte with a flipped bit without a word; what is no UTF-8 is noticed in Python."""
    damage(folder, "UPDATE chunks SET text = CAST(x'74c8' AS TEXT) || substr(text, 3)")
    with pytest.raises(StorageError, match=r"Could not decode.*the file is damaged; put back a copy of it"):
        VERBS[verb](open_memory())


def test_a_text_that_is_none_any_more_is_a_problem_of_the_file(
    folder: Path, open_memory: Callable[..., Memory]
) -> None:
    """Verifying ends with what it found, and not with an error."""
    damage(folder, "UPDATE chunks SET text = CAST(x'74c8' AS TEXT) || substr(text, 3)")
    problems = open_memory().verify()
    assert problems[-1].where == "file"
    assert "Could not decode to UTF-8" in problems[-1].what


@pytest.mark.parametrize("change", ["authors = '[\"An'", "segment_ids = 'x'", "started_at = 1e300", "ended_at = 1e12"])
def test_a_damaged_passage_is_named_and_made_anew(
    folder: Path, open_memory: Callable[..., Memory], change: str
) -> None:
    """Lists and times that cannot be read are in the document too."""
    damage(folder, f"UPDATE chunks SET {change}")
    memory = open_memory()
    with pytest.raises(StorageError, match=r"passage '\w+' cannot be read .* with: masa-rag rebuild"):
        memory.search("walrus")
    memory.rebuild()
    assert [hit.chunk.authors for hit in memory.search("walrus")] == [("Ann",)]


def test_a_vector_that_was_cut_off_is_named_and_made_anew(folder: Path, open_memory: Callable[..., Memory]) -> None:
    """It would put all vectors behind it in the wrong places."""
    damage(folder, "UPDATE vectors SET vector = CAST(substr(vector, 5) AS BLOB)")
    memory = open_memory()
    with pytest.raises(StorageError, match="a stored vector is damaged"):
        memory.search("walrus")
    assert [problem.where for problem in memory.verify()] == ["vectors"]
    memory.rebuild()
    assert len(memory.search("walrus")) == 1


def test_what_others_write_meanwhile_is_no_problem(
    folder: Path, open_memory: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document that is changed while its passages are compared is compared with those it had."""
    reader, writer = open_memory(), open_memory()

    def written_meanwhile(body: bytes) -> Document | None:
        writer.add([Document(id="a", text="the seal sleeps on the rock", author="Ann")], name="s")
        return readable_document(body)

    monkeypatch.setattr("masa_rag._check.readable_document", written_meanwhile)
    assert reader.verify() == []


def test_a_sound_memory_on_a_read_only_disk_has_no_problem(
    folder: Path, open_memory: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the one either that the words cannot be compared there."""
    monkeypatch.setattr("masa_rag.catalog._database.os.access", lambda *_: False)
    assert open_memory().verify() == []
