"""What was left undone, by whatever accident, is done at the next opening; what cannot be done keeps nobody out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from masa_rag import Chunk, Document, Memory, MemoryMismatchError, SourceError, StorageError
from masa_rag.catalog import Catalog
from masa_rag.chunkers import RecursiveChunker
from masa_rag.embedders import HashingEmbedder
from masa_rag.errors import EmbeddingError
from masa_rag.indexes import ChromaIndex

if TYPE_CHECKING:
    from masa_rag.protocols import Vectors

ANN = Document(id="a", text="zanzibar is the password", author="Ann")
BO = Document(id="b", text="the sea is calm", author="Bo")


def scan(folder: Path, needle: bytes) -> list[str]:
    """Return the files that hold these bytes."""
    return [path.name for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]


# An index that is not in use


@pytest.fixture
def open_chroma(open_memory: Callable[..., Memory]) -> Callable[[], Memory]:
    """Open the memory with its usual index, a Chroma inside its folder."""
    return lambda: open_memory(index=None)


def test_forgetting_reaches_an_index_that_is_not_in_use(
    open_memory: Callable[..., Memory], open_chroma: Callable[[], Memory]
) -> None:
    """The Chroma of an earlier opening held the text too; it is emptied, and filled with the rest when it is used."""
    with open_chroma() as memory:
        memory.add([ANN, BO], name="s")
    assert "chroma.sqlite3" in scan(memory.path, b"zanzibar")
    with open_memory() as memory:
        memory.forget(author="Ann")
    assert scan(memory.path, b"zanzibar") == []
    with open_chroma() as memory:
        assert memory.verify() == []
        assert [hit.chunk.document_id for hit in memory.search("calm sea")] == ["b"]
    index = ChromaIndex(memory.path / "chroma")
    assert len(index) == 1
    index.close()


def test_forgetting_nobody_leaves_the_other_index_to_be_filled(
    open_memory: Callable[..., Memory], open_chroma: Callable[[], Memory]
) -> None:
    """Nothing is deleted and nothing is new to be told; it is filled all the same."""
    with open_chroma() as memory:
        memory.add([ANN, BO], name="s")
    with open_memory() as memory:
        memory.forget(source="never seen")
    with open_chroma() as memory:
        assert memory.verify() == []
    assert "chroma.sqlite3" in scan(memory.path, b"zanzibar")


@pytest.mark.parametrize("collection", ["masa_rag", "mine"])
def test_forgetting_with_an_index_in_the_usual_place_is_as_ever(
    open_memory: Callable[..., Memory], collection: str
) -> None:
    """It is given as a part, by whatever name, and is in use: its files are not deleted under it."""
    with open_memory(index=None) as memory:
        folder = memory.path / "chroma"
    with open_memory(index=ChromaIndex(folder, collection=collection)) as memory:
        memory.add([ANN, BO], name="s")
        memory.forget(author="Ann")
        assert memory.verify() == []
    assert scan(memory.path, b"zanzibar") == []


def test_somebody_elses_collections_beside_the_memory_are_named(open_memory: Callable[..., Memory]) -> None:
    """What else is in its folder is not ours to delete: the error says so, and what is asked is answered."""
    with open_memory(index=None) as memory:
        folder = memory.path / "chroma"
    with open_memory(index=ChromaIndex(folder, collection="mine")) as memory:
        memory.add([ANN, BO], name="s")
    memory = open_memory()
    with pytest.raises(StorageError, match=r"no longer found, but bytes of it .* Chroma collections \['mine'\]"):
        memory.forget(author="Ann")
    memory.close()
    with pytest.warns(UserWarning, match="Chroma collections"):
        assert len(open_memory().search("zanzibar")) == 1


# Another model, another chunker


class Failing(HashingEmbedder):
    """A model of another name whose key is wrong."""

    fingerprint = "failing"

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Refuse."""
        raise RuntimeError("401 wrong key")


class Wrong(HashingEmbedder):
    """A model that gives vectors of another length than it says."""

    fingerprint = "wrong"

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return too little."""
        return np.ones((len(texts), 3), np.float32)


@pytest.mark.parametrize(("embedder", "error"), [(Failing, RuntimeError), (Wrong, EmbeddingError)])
def test_a_model_that_fails_takes_no_vector_away(
    open_memory: Callable[..., Memory], embedder: type[HashingEmbedder], error: type[Exception]
) -> None:
    """It is tried before anything is dropped: the memory is still that of the old model."""
    with open_memory() as memory:
        memory.add([ANN, BO], name="s")
    with pytest.raises(error):
        open_memory(embedder=embedder(), re_embed=True)
    with open_memory() as memory:
        assert (memory.info().vectors, memory.verify()) == (2, [])


class Interrupted(RecursiveChunker):
    """Cuts into two, and is interrupted at a document."""

    def __init__(self, at: int) -> None:
        super().__init__(max_tokens=20)
        self.left = at

    def chunk(self, document: Document, *, source: str) -> Sequence[Chunk]:
        """Cut, or stop."""
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt
        return super().chunk(document, source=source)


def long_documents() -> Iterator[Document]:
    """Yield 600 documents: more than are cut anew between two commits. Each has two passages of 20 tokens at most."""
    for number in range(600):
        yield Document(id=f"{number:03}", text=f"Walrus {number} sings all day. " * 5)


def test_an_interrupted_change_of_chunker_is_continued_at_the_next_opening(open_memory: Callable[..., Memory]) -> None:
    """The old chunker is not accepted any more, and with the new one nothing of the old is left."""
    with open_memory() as memory:
        memory.add(long_documents(), name="s")
        assert memory.info().chunks == 600
    with pytest.raises(KeyboardInterrupt):
        open_memory(chunker=Interrupted(550), re_embed=True)
    with pytest.raises(MemoryMismatchError, match="chunker"):
        open_memory()
    with open_memory(chunker=RecursiveChunker(max_tokens=20)) as memory:
        left = memory.catalog.connection.execute(
            "SELECT count(*) FROM documents d WHERE (SELECT count(*) FROM chunks WHERE document = d.pk) = 1"
        ).fetchone()[0]
        assert left == 0
        assert memory.verify() == []
        assert memory.catalog.setting("rebuild") == "done"


# Passages without a vector


def test_what_came_in_before_a_refused_deletion_is_found_by_meaning(memory: Memory) -> None:
    """It is kept, so it is embedded at once, and not at the next opening."""
    memory.sync([Document(id=str(number), text=f"walrus {number}") for number in range(4)], name="s")
    with pytest.raises(SourceError, match="would be deleted"):
        memory.sync([Document(id="new", text="a zeppelin")], name="s")
    assert (memory.info().vectors, memory.verify()) == (5, [])


def test_passages_that_a_broken_source_left_without_vectors_get_them(open_memory: Callable[..., Memory]) -> None:
    """Whatever a source raises."""

    def broken() -> Iterator[Document]:
        yield ANN
        raise ValueError("a bug of the source")

    memory = open_memory()
    with pytest.raises(ValueError, match="a bug"):
        memory.add(broken(), name="s")
    memory.close()
    again = open_memory()
    assert (again.info().vectors, again.verify()) == (1, [])


def test_what_somebody_is_about_to_embed_is_left_to_them(open_memory: Callable[..., Memory]) -> None:
    """Who opens a memory while another process reads into it neither waits nor does its work."""
    with open_memory() as memory:
        memory.add([ANN], name="s")
        with memory.catalog.transaction() as connection:
            connection.execute("INSERT INTO pending SELECT chunk FROM vectors")
            connection.execute("DELETE FROM vectors")
        with memory.catalog.lock.working():
            assert open_memory().info().vectors == 0
        with memory.catalog.lock.hold():
            assert open_memory().info().vectors == 0
    assert open_memory().info().vectors == 1


# What cannot be done now


def test_a_memory_whose_mending_fails_can_be_asked(
    open_memory: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk; what is left to do is said, and whoever asks for it to be done is told that it failed."""

    def refuse(catalog: Catalog) -> None:
        raise StorageError("memory.db: database or disk is full")

    memory = open_memory()
    memory.add([ANN, BO], name="s")
    monkeypatch.setattr(Catalog, "scrub", refuse)
    with pytest.raises(StorageError, match="disk is full"):
        memory.forget(author="Ann")
    memory.close()
    with pytest.warns(UserWarning, match=r"left undone .* bytes of it may still be in the files: .*disk is full"):
        memory = open_memory()
    assert [hit.chunk.document_id for hit in memory.search("zanzibar sea")] == ["b"]
    assert memory.info().documents == 1
    with pytest.raises(StorageError, match="disk is full"):
        memory.rebuild()
    monkeypatch.undo()
    assert memory.rebuild() == 1
    assert (memory.catalog.setting("scrub"), scan(memory.path, b"zanzibar")) == ("done", [])


def test_a_model_that_fails_at_opening_keeps_nobody_out(open_memory: Callable[..., Memory]) -> None:
    """Passages wait for their vectors, and the model's server does not answer: what is stored can be read."""

    class Down(HashingEmbedder):
        def embed_documents(self, texts: Sequence[str]) -> Vectors:
            raise RuntimeError("no answer")

    memory = open_memory(embedder=Down())
    with pytest.raises(RuntimeError):
        memory.add([ANN], name="s")
    memory.close()
    with pytest.warns(UserWarning, match="left undone .*RuntimeError: no answer"):
        memory = open_memory(embedder=Down())
    assert memory.document("s", "a") is not None
    assert open_memory().info().vectors == 1


def test_an_erasure_that_waits_is_a_problem(memory: Memory) -> None:
    """What was forgotten may still stand in the files: verify says so until it does not."""
    with memory.catalog.transaction():
        memory.catalog.set_setting("scrub", "due")
    assert [problem.where for problem in memory.verify()] == ["file"]
    memory.rebuild()
    assert memory.verify() == []


def test_embedding_all_anew_costs_each_passage_the_same(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the passages that wait, each step reads those it embeds: eight times as many take eight times the work."""
    monkeypatch.setattr("masa_rag._upkeep.CYCLE", 1)

    def steps(count: int) -> int:
        memory.add([Document(id=str(n), text=f"note {n} of the harbour") for n in range(count)], name="s")
        with memory.catalog.transaction():
            memory.catalog.drop_vectors("anew")
        counted: list[int] = []
        memory.catalog.connection.set_progress_handler(lambda: counted.append(1), 100)
        memory._upkeep.embed_pending()
        memory.catalog.connection.set_progress_handler(None, 0)
        return len(counted)

    few, many = steps(50), steps(400)
    assert many < 10 * few


def test_vectors_of_any_length_are_scaled_to_one(
    open_memory: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An embedder that leaves them as its model gives them is no damage, which each rebuild would embed anew."""
    embed = HashingEmbedder.embed_documents
    monkeypatch.setattr(HashingEmbedder, "embed_documents", lambda *given: 3 * embed(*given))
    memory = open_memory()
    memory.add([Document(id="d", text="the walrus sleeps on the ice")], name="s")
    assert memory.verify() == []
