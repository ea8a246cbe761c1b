"""A memory that another program makes anew with another model, while this one has it open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from masa_rag import Document, Memory, MemoryMismatchError
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import ChromaIndex


class Opposite(HashingEmbedder):
    """Another model, with vectors as long as those of the first."""

    fingerprint = "opposite"

    def embed_documents(self, texts):  # type: ignore[no-untyped-def]
        """Return the opposite of each vector."""
        return -super().embed_documents(texts)


@pytest.fixture
def outdated(open_memory: Callable[..., Memory]) -> Memory:
    """A memory that is open while another handle makes all of it anew."""
    memory = open_memory()
    memory.add([Document(id="1", text="The walrus sleeps.")], name="s")
    assert memory.search("walrus")
    open_memory(embedder=Opposite(), re_embed=True)
    return memory


@pytest.mark.parametrize(
    "use",
    [
        lambda memory: memory.search("walrus"),
        lambda memory: memory.add([Document(id="2", text="The harbour is full.")], name="s"),
        lambda memory: memory.forget(author="Ann"),
        lambda memory: memory.delete("s"),
        lambda memory: memory.rebuild(),
    ],
)
def test_who_has_the_model_of_before_is_told_so(
    outdated: Memory, use: Callable[[Memory], object], open_memory: Callable[..., Memory]
) -> None:
    """Vectors of two models are neither compared nor mixed, and nothing is changed."""
    with pytest.raises(MemoryMismatchError, match=r"was made with embedder 'opposite' \(now 'hashing:256'\)"):
        use(outdated)
    assert [hit.chunk.text for hit in open_memory(embedder=Opposite()).search("walrus")] == ["The walrus sleeps."]


def test_an_import_that_goes_on_meanwhile_ends(open_memory: Callable[..., Memory]) -> None:
    """What it read before is kept, and embedded by the other model."""
    memory = open_memory()
    memory.remember("The walrus sleeps.")

    class Slow(HashingEmbedder):
        def embed_documents(self, texts):  # type: ignore[no-untyped-def]
            rows = super().embed_documents(texts)
            with memory.catalog.transaction():
                memory.catalog.set_setting("embedder", "opposite")
            return rows

    memory._upkeep._embedder = Slow()
    with pytest.raises(MemoryMismatchError):
        memory.add([Document(id="2", text="The harbour is full.")], name="s")
    assert memory.catalog.count("pending") == 1


def test_closing_what_is_outdated_leaves_the_index_alone(tmp_path: Path, open_memory: Callable[..., Memory]) -> None:
    """It told the index vectors that it did not know, and that the index now knew all."""
    memory = open_memory(index=ChromaIndex(tmp_path / "chroma"))
    memory.remember("The walrus sleeps.")
    made_anew = open_memory(embedder=HashingEmbedder(64), re_embed=True)
    waiting = made_anew.catalog.count("outbox")
    memory.close()
    assert made_anew.catalog.count("outbox") == waiting > 0
