"""A reranker reads the best hits once more and is heard beside the search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from masa_rag import Document, Memory
from masa_rag.embedders import HashingEmbedder
from masa_rag.errors import ConfigurationError, EmbeddingError, MissingDependencyError
from masa_rag.indexes import FlatIndex
from masa_rag.rerankers import CrossEncoderReranker
from masa_rag.testing.rerankers import RerankerContract


class Shortest:
    """Prefers short texts, and remembers what it was asked."""

    fingerprint = "shortest"

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        """Return minus the length."""
        self.asked.append((query, list(texts)))
        return [-10.0 * len(text) for text in texts]


class TestShortest(RerankerContract):
    """The one used here keeps the contract."""

    def make(self) -> Shortest:
        """Return a fresh one."""
        return Shortest()


@pytest.fixture
def reranked(tmp_path: Path) -> Memory:
    """A memory with a reranker, of forty notes about the harbour that grow longer."""
    memory = Memory(tmp_path / "brain", embedder=HashingEmbedder(), index=FlatIndex(), reranker=Shortest())
    memory.add([Document(id=str(n), text="harbour " * n + f"note{n}") for n in range(1, 41)], name="s")
    return memory


def test_its_order_counts_beside_the_search(reranked: Memory) -> None:
    """Ranks and scores are those of both together, ``why`` holds what the reranker said."""
    hits = reranked.search("harbour", k=5)
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(hit.why["reranker"] == -10.0 * len(hit.chunk.embedded_text) for hit in hits)


@pytest.mark.parametrize("given", [None, [], [1.0], [[0.5]] * 5, ["good"] * 5, "good!"])
def test_what_is_not_a_number_for_each_passage_is_refused(tmp_path: Path, given: object) -> None:
    """The error says what came; numpy's own names neither the reranker nor the passages."""
    reranker = Shortest()
    reranker.score = lambda query, texts: given  # type: ignore[assignment, method-assign, return-value]
    with Memory(tmp_path / "brain", embedder=HashingEmbedder(), index=FlatIndex(), reranker=reranker) as memory:
        memory.add([Document(id=str(n), text=f"harbour {n}") for n in range(5)], name="s")
        with pytest.raises(ConfigurationError, match="from the reranker for 5 passages; expected a number each"):
            memory.search("harbour")


def test_it_reads_thirty_hits_unless_more_are_wanted(reranked: Memory) -> None:
    """Few hits are chosen out of thirty; the question comes as it was asked."""
    reranker = reranked._reranker
    assert isinstance(reranker, Shortest)
    assert len(reranked.search("Where is the harbour?", k=2)) == 2
    reranked.search("harbour", k=35)
    assert [(query, len(texts)) for query, texts in reranker.asked] == [("Where is the harbour?", 30), ("harbour", 35)]


def test_nothing_found_is_nothing_to_read(tmp_path: Path) -> None:
    """An empty memory asks no reranker."""
    reranker = Shortest()
    with Memory(tmp_path / "brain", embedder=HashingEmbedder(), index=FlatIndex(), reranker=reranker) as memory:
        assert not memory.search("harbour")
    assert not reranker.asked


def test_without_the_library_the_message_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Making one loads nothing; the first use says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "sentence_transformers", None)
    reranker = CrossEncoderReranker(tmp_path)
    assert reranker.score("q", []) == []
    with pytest.raises(MissingDependencyError, match="torch"):
        reranker.score("q", ["text"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny cross-encoder with weights drawn by chance."""
    pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed (extra torch)")
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    torch.manual_seed(1)
    place = tmp_path_factory.mktemp("model")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "ferry", "leaves", "at", "nine", "when", "does"]
    (place / "vocab.txt").write_text("\n".join(words))
    BertTokenizer(str(place / "vocab.txt")).save_pretrained(place)
    config = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, num_labels=1,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(place, safe_serialization=True)
    return place


@pytest.mark.slow
class TestCrossEncoder(RerankerContract):
    """A real model of sentence-transformers keeps the contract; importing PyTorch takes seconds."""

    @pytest.fixture(autouse=True)
    def _model(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> CrossEncoderReranker:
        """Return one on the CPU."""
        return CrossEncoderReranker(self.folder, device="cpu", max_tokens=32)


@pytest.mark.slow
def test_a_folder_that_holds_no_model_is_refused(folder: Path, tmp_path: Path) -> None:
    """The message says what was received and what was expected."""
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    with pytest.raises(EmbeddingError, match="cross-encoder"):
        CrossEncoderReranker(tmp_path, device="cpu").score("q", ["text"])
