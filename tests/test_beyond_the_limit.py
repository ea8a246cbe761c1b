"""A memory of so many passages that Chroma is asked, while another process writes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from masa_rag import Document, Memory
from masa_rag._searching.vectors import VectorView
from masa_rag.errors import StorageError
from masa_rag.indexes import ChromaIndex


def notes(count: int) -> list[Document]:
    """Return so many notes."""
    return [Document(id=str(number), text=f"note {number} of the harbour") for number in range(count)]


@pytest.fixture
def open_chroma(open_memory: Callable[..., Memory], tmp_path: Path) -> Callable[[], Memory]:
    """Open the memory with its index on disk."""
    return lambda: open_memory(index=ChromaIndex(tmp_path / "brain" / "chroma"))


def asking(memory: Memory) -> VectorView:
    """Return how a memory looks at its vectors when they are many."""
    return VectorView(memory.catalog, memory._projection, dim=memory.embedder.dim, exact_limit=10)


def test_a_filter_finds_what_another_process_put_in(open_chroma: Callable[[], Memory]) -> None:
    """Chroma finds none of it by id in what was opened before, and raised for as long as the reader had it open."""
    writer, reader = open_chroma(), open_chroma()
    writer.add(notes(300), name="s")
    writer.close()
    view = asking(reader)
    question = reader.embedder.embed_query("a lighthouse")
    assert len(view.query(question, 3)) == 3
    writer = open_chroma()
    writer.add([Document(id="new", text="a lighthouse")], name="t")
    writer.close()
    new = reader.search("a lighthouse", source="t")[0].chunk.id
    assert [key for key, _ in view.query(question, 3, {new})] == [new]


def test_an_index_that_is_made_anew_meanwhile_is_opened_anew(
    open_chroma: Callable[[], Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are others by now, of which Chroma says this or that; what fails by itself is raised as it is."""
    memory, reader = open_chroma(), open_chroma()
    memory.add(notes(30), name="s")
    assert reader._projection is not None
    view = asking(reader)
    question = reader.embedder.embed_query("note 7 of the harbour")
    first = view.query(question, 3)

    def failing(*_: object) -> NoReturn:
        monkeypatch.undo()
        raise StorageError("no such table: collections")

    monkeypatch.setattr(reader._projection.index, "query", failing)
    with pytest.raises(StorageError, match="no such table"):
        view.nearest(question, 3)
    monkeypatch.setattr(reader._projection.index, "query", failing)
    memory.rebuild()
    assert view.nearest(question, 3) == first


def test_nobody_waits_for_an_index_that_is_filled_anew(
    open_chroma: Callable[[], Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All vectors are compared meanwhile, and who reads keeps its files, which are deleted, open no longer."""
    memory, reader = open_chroma(), open_chroma()
    memory.add(notes(30), name="s")
    assert memory._projection is not None
    assert reader._projection is not None
    view = asking(reader)
    question = reader.embedder.embed_query("note 7 of the harbour")
    first = [key for key, _ in view.query(question, 3)]
    upsert, meanwhile = memory._projection.index.upsert, list[object]()

    def slow(*given: Any) -> None:
        meanwhile.append(([key for key, _ in view.query(question, 3)], reader._projection.is_open))
        upsert(*given)

    monkeypatch.setattr(memory._projection.index, "upsert", slow)
    memory.forget(author="Nobody")
    assert meanwhile == [(first, False)]
    assert [key for key, _ in view.query(question, 3)] == first
    assert reader._projection.is_open
