"""Values that the disk has damaged: numbers, names, vectors, counted words; each is named and made anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from damaging import damage
from masa_rag import Document, Memory, StorageError


@pytest.fixture
def folder(open_memory: Callable[..., Memory]) -> Path:
    """The folder of a memory that holds one post of Ann's."""
    with open_memory() as memory:
        memory.add([Document(id="a", text="the walrus sleeps on the ice", author="Ann")], name="s")
    return memory.path


@pytest.mark.parametrize(
    "damaged",
    ["CAST(substr(vector, 5) AS BLOB)", "CAST(x'0000c07f' || substr(vector, 5) AS BLOB)", "''", "7"],
    ids=["cut off", "NaN", "text", "number"],
)
def test_a_vector_that_was_damaged_is_named_and_made_anew(
    folder: Path, open_memory: Callable[..., Memory], damaged: str
) -> None:
    """It would put all vectors behind it in the wrong places, or be no number to compare with."""
    damage(folder, f"UPDATE vectors SET vector = {damaged}")
    memory = open_memory()
    with pytest.raises(StorageError, match="a stored vector is damaged"):
        memory.search("walrus")
    assert [problem.where for problem in memory.verify()] == ["vectors"]
    memory.rebuild()
    assert len(memory.search("walrus")) == 1


def test_a_vector_of_another_length_than_1_is_made_anew(folder: Path, open_memory: Callable[..., Memory]) -> None:
    """What verify names, rebuild mends: a page of zeros too, with which searching goes on."""
    damage(folder, "UPDATE vectors SET vector = zeroblob(length(vector))")
    memory = open_memory()
    assert [problem.where for problem in memory.verify()] == ["vectors"]
    memory.rebuild()
    assert memory.verify() == []


@pytest.mark.parametrize("change", ["id = 'A'", "kind = 'nose'", "title = 'Seals'"])
def test_what_stands_beside_a_document_is_taken_from_it(
    folder: Path, open_memory: Callable[..., Memory], change: str
) -> None:
    """A hit shows it, and under another id the document would come in a second time."""
    damage(folder, f"UPDATE documents SET {change}")
    memory = open_memory()
    assert [problem.where for problem in memory.verify()] == ["documents"]
    memory.rebuild()
    assert memory.verify() == []
    assert memory.add([Document(id="a", text="the walrus sleeps on the ice", author="Ann")], name="s").unchanged == 1


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM chunk_authors",
        "UPDATE authors SET name = 'Bob'",
        "INSERT INTO authors VALUES (9, 'Bob'); INSERT INTO chunk_authors SELECT 9, pk FROM chunks",
    ],
)
def test_a_passage_that_another_name_finds_is_named_and_mended(
    folder: Path, open_memory: Callable[..., Memory], change: str
) -> None:
    """Who speaks stands in the passage, and by what name it is found in tables of its own."""
    for statement in change.split(";"):
        damage(folder, statement)
    memory = open_memory()
    assert [problem.where for problem in memory.verify()] == ["authors"]
    memory.rebuild()
    assert memory.verify() == []
    assert (len(memory.search("walrus", author="Ann")), len(memory.search("walrus", author="Bob"))) == (1, 0)


def test_a_place_that_is_none_any_more_is_named_and_found_anew(
    folder: Path, open_memory: Callable[..., Memory]
) -> None:
    """One flipped bit makes a text of a number."""
    damage(folder, "UPDATE chunks SET start = 'x'")
    damage(folder, "UPDATE chunk_authors SET author = x'ff'")
    memory = open_memory()
    assert len(memory.search("What does Ann say of the walrus?")) == 1
    assert [problem.where for problem in memory.verify()] == ["file", "chunks", "authors"]
    memory.rebuild()
    assert memory.verify() == []


@pytest.mark.parametrize("words", ["CAST(substr(words, 2) AS BLOB)", "'wal'", "777"])
def test_words_that_were_cut_off_are_named_and_counted_anew(
    folder: Path, open_memory: Callable[..., Memory], words: str
) -> None:
    """They would put the words of all passages behind them in the wrong places."""
    damage(folder, f"UPDATE bags SET words = {words}")
    memory = open_memory()
    with pytest.raises(StorageError, match="the counted words of a passage are damaged"):
        memory.search("walrus")
    assert [problem.where for problem in memory.verify()] == ["words"]
    memory.rebuild()
    assert len(memory.search("walrus")) == 1
    assert memory.verify() == []


@pytest.mark.parametrize("key", ["removals", "index_position"])
def test_a_number_that_is_none_any_more_is_as_if_it_were_not_there(
    folder: Path, open_memory: Callable[..., Memory], key: str
) -> None:
    """Then all is read anew, which is right at any time."""
    damage(folder, f"INSERT OR REPLACE INTO settings VALUES ('{key}', '4x')")
    with open_memory(index=None) as memory:
        assert len(memory.search("walrus")) == 1
        memory.delete("s", "a")
        assert memory.search("walrus") == []


def test_a_copy_of_a_passage_that_is_lost_is_named(folder: Path, open_memory: Callable[..., Memory]) -> None:
    """A flipped bit made its number another one; to look for damage ended in Python's error."""
    with open_memory() as memory:
        memory.add([Document(id="b", text="the walrus sleeps on the ice", author="Bo")], name="s")
    damage(folder, "UPDATE chunks SET pk = 9 WHERE pk = 1")
    copies = [problem.what for problem in open_memory().verify() if problem.where == "copies"]
    assert len(copies) == 1
    assert "is counted as a copy of one that is not there" in copies[0]
