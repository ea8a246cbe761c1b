"""A file that the disk has damaged: whoever asks is told what is wrong and what to do, whatever part was hit."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from damaging import damage
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

NO_TEXT = "CAST(x'74c8' AS TEXT) || substr(text, 3)"
NO_NAME = "CAST(x'c8' AS TEXT) || name"


@pytest.fixture
def folder(open_memory: Callable[..., Memory]) -> Path:
    """The folder of a memory that holds one post of Ann's."""
    with open_memory() as memory:
        memory.add([Document(id="a", text="the walrus sleeps on the ice", author="Ann")], name="s")
    return memory.path


def place_of(folder: Path, table: str) -> tuple[int, int]:
    """Return where in the file a table's first page begins, and its size."""
    with closing(sqlite3.connect(folder / "memory.db")) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    return (page - 1) * size, size


def wipe_page_of(folder: Path, table: str) -> None:
    """Overwrite a table's first page with zeros."""
    start, size = place_of(folder, table)
    with (folder / "memory.db").open("r+b") as file:
        file.seek(start)
        file.write(bytes(size))


@pytest.mark.parametrize("verb", VERBS)
def test_a_damaged_page_is_one_clear_error(folder: Path, open_memory: Callable[..., Memory], verb: str) -> None:
    """Reading says what writing says: SQLite's own error never comes through."""
    wipe_page_of(folder, "chunks")
    with pytest.raises(StorageError, match=r"database disk image is malformed; the file is damaged; masa-rag rebuild"):
        VERBS[verb](open_memory())


@pytest.mark.parametrize("table", ["chunks", "documents", "said", "vectors", "words_data"])
def test_a_damaged_page_is_a_problem_of_the_file(folder: Path, open_memory: Callable[..., Memory], table: str) -> None:
    """Also where SQLite's own check stumbles over it."""
    wipe_page_of(folder, table)
    assert {problem.where for problem in open_memory().verify()} == {"file"}


def test_documents_whose_source_is_lost_are_a_problem_of_the_file(
    folder: Path, open_memory: Callable[..., Memory]
) -> None:
    """Nothing of them is found any more, though all indexes agree, which SQLite does not mind."""
    damage(folder, "UPDATE sources SET pk = 7")
    memory = open_memory()
    assert [str(problem) for problem in memory.verify()] == [
        "file: 1 row of documents belong to sources that are not there"
    ]


@pytest.mark.parametrize("verb", ["search", "context", "ask"])
def test_a_text_that_is_none_any_more_is_one_clear_error(
    folder: Path, open_memory: Callable[..., Memory], verb: str
) -> None:
    """SQLite reads a byte with a flipped bit without a word; what is no UTF-8 is noticed in Python."""
    damage(folder, f"UPDATE chunks SET text = {NO_TEXT}")
    with pytest.raises(
        StorageError, match=r"Could not decode.*the file is damaged; masa-rag rebuild makes indexes and passages anew"
    ):
        VERBS[verb](open_memory())


@pytest.mark.parametrize("column", ["text", "header", "authors", "id"])
def test_a_text_that_is_none_any_more_is_made_anew(
    folder: Path, open_memory: Callable[..., Memory], column: str
) -> None:
    """The document has it still."""
    damage(folder, f"UPDATE chunks SET {column} = {NO_TEXT}")
    memory = open_memory()
    memory.rebuild()
    assert [hit.chunk.text for hit in memory.search("walrus", author="Ann")] == ["the walrus sleeps on the ice"]
    assert memory.verify() == []


@pytest.mark.parametrize("away", [lambda memory: memory.delete("s"), lambda memory: memory.forget(author="Ann")])
def test_a_text_that_is_none_any_more_can_be_taken_out(
    folder: Path, open_memory: Callable[..., Memory], away: Callable[[Memory], object]
) -> None:
    """Who was promised that it is erased need not wait for the file to be mended."""
    damage(folder, f"UPDATE chunks SET text = {NO_TEXT}")
    memory = open_memory()
    away(memory)
    assert memory.info().chunks == 0
    memory.rebuild()
    assert memory.verify() == []


def test_a_text_that_is_none_any_more_is_a_problem_of_the_file(
    folder: Path, open_memory: Callable[..., Memory]
) -> None:
    """Verifying ends with what it found, and not with an error."""
    damage(folder, f"UPDATE chunks SET text = {NO_TEXT}")
    problems = open_memory().verify()
    assert problems[-1].where == "file"
    assert "Could not decode to UTF-8" in problems[-1].what


@pytest.mark.parametrize(
    "change",
    [
        "authors = '[\"An'", "authors = '[7]'", "segment_ids = 'x'", "started_at = 1e300", "ended_at = 1e12",
        "header = CAST(header AS BLOB)", "text = CAST(text AS BLOB)", "id = CAST(id AS BLOB)",
    ],
)  # fmt: skip
def test_a_damaged_passage_is_named_and_made_anew(
    folder: Path, open_memory: Callable[..., Memory], change: str
) -> None:
    """Lists and times that cannot be read, and bytes that a flipped bit made of a text, are in the document too."""
    damage(folder, f"UPDATE chunks SET {change}")
    memory = open_memory()
    with pytest.raises(StorageError, match=r"passage b?'\w+' cannot be read .* with: masa-rag rebuild"):
        memory.search("walrus")
    memory.verify()
    memory.rebuild()
    assert [hit.chunk.authors for hit in memory.search("walrus")] == [("Ann",)]
    assert memory.verify() == []


@pytest.mark.parametrize("column", ["text", "header", "authors", "id", "segment_ids"])
def test_a_damaged_passage_of_a_damaged_document_ends_no_rebuild(
    folder: Path, open_memory: Callable[..., Memory], column: str
) -> None:
    """It cannot be made anew, so it goes; the document is named, and comes back from its source."""
    damage(folder, f"UPDATE chunks SET {column} = {NO_TEXT}")
    damage(folder, "UPDATE documents SET body = substr(body, 2)")
    damage(folder, "DELETE FROM vectors")
    memory = open_memory()
    with pytest.raises(StorageError, match=r"1 document cannot be read as stored.*\(s: a\)"):
        memory.rebuild()
    assert [problem.where for problem in memory.verify()] == ["documents"]
    memory.add([Document(id="a", text="the walrus sleeps on the ice", author="Ann")], name="s")
    assert memory.verify() == []


def test_a_name_that_is_none_any_more_is_taken_from_the_passages(
    folder: Path, open_memory: Callable[..., Memory]
) -> None:
    """One flipped bit in a name ends no rebuild, after which it is found again."""
    damage(folder, f"UPDATE authors SET name = {NO_NAME}")
    memory = open_memory()
    memory.rebuild()
    assert [hit.chunk.authors for hit in memory.search("walrus", author="Ann")] == [("Ann",)]


@pytest.mark.parametrize("body", ["replace(body, 'walrus', 'badger')", "substr(body, 2)", "1e300"])
def test_a_document_that_was_changed_keeps_its_passages_until_it_comes_in_again(
    folder: Path, open_memory: Callable[..., Memory], body: str
) -> None:
    """Its passages may be what was stored, and are not made anew from what is not; the others are, and it is named."""
    memory = open_memory()
    memory.add([Document(id="b", text="the seal sleeps on the rock")], name="s")
    damage(folder, f"UPDATE documents SET body = CAST({body} AS BLOB) WHERE id = 'a'")
    damage(folder, "UPDATE chunks SET text = 'the seal eats' WHERE text LIKE 'the seal%'")
    for _ in range(2):
        assert "documents" in {problem.where for problem in memory.verify()}
        with pytest.raises(
            StorageError, match=r"1 document cannot be read as stored.* \(s: a\)\. All else was made anew"
        ):
            memory.rebuild()
    found = {hit.chunk.text for hit in memory.search("sleeps")}
    assert found == {"the walrus sleeps on the ice", "the seal sleeps on the rock"}
    report = memory.add([Document(id="a", text="the walrus sleeps on the ice", author="Ann")], name="s")
    assert (report.updated, report.embedded) == (1, 0)
    assert memory.verify() == []


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
    """Not the one either that words and index cannot be compared there."""
    monkeypatch.setattr("masa_rag.catalog._connection.os.access", lambda *_: False)
    monkeypatch.setattr("filelock.FileLock.acquire", lambda *_, **__: pytest.fail("nothing is written here"))
    with open_memory(index=None) as memory:
        assert memory.verify() == []


def test_an_index_of_sqlite_that_was_damaged_is_made_anew(folder: Path, open_memory: Callable[..., Memory]) -> None:
    """It is made of its table, so nothing needs to come from a copy or from the sources."""
    with closing(sqlite3.connect(folder / "memory.db")) as connection:
        (chunk,) = connection.execute("SELECT id FROM chunks").fetchone()
    start, size = place_of(folder, "sqlite_autoindex_chunks_1")
    with (folder / "memory.db").open("r+b") as file:
        file.seek(start)
        page = file.read(size)
        file.seek(start)
        file.write(page.replace(chunk.encode(), b"?" * len(chunk)))
    memory = open_memory()
    assert {problem.where for problem in memory.verify()} == {"file"}
    memory.rebuild()
    assert memory.verify() == []


def test_a_file_that_was_cut_to_nothing_is_no_new_memory(folder: Path, open_memory: Callable[..., Memory]) -> None:
    """Filled again by the next sync, it would no longer know who is to be kept out; only one never written is new."""
    (folder / "memory.db").write_bytes(b"")
    with pytest.raises(StorageError, match=r"the file is empty, and was not .* delete it to begin anew"):
        open_memory()
    (folder / "memory.lock").unlink()
    assert open_memory().info().documents == 0
