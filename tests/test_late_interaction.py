"""Late interaction: packing, matching, and what the memory keeps of it."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from masa_rag import Document, Memory
from masa_rag._searching.late import nearest, pack
from masa_rag.embedders import HashingEmbedder

Open = Callable[..., Memory]


class Pieces(HashingEmbedder):
    """Gives each word a vector of its own: equal words are equal, others nearly at right angles."""

    def embed_documents_with_tokens(self, texts: Sequence[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the texts' vectors and their words'."""
        return self.embed_documents(texts), [self._pieces(text) for text in texts]

    def embed_query_with_tokens(self, text: str) -> tuple[np.ndarray, np.ndarray, list[tuple[int, int]]]:
        """Return the question's vector, its words', and where they stand."""
        places = [text.index(word) for word in text.split()]
        spans = [(place, place + len(word)) for place, word in zip(places, text.split(), strict=True)]
        return self.embed_query(text), self._pieces(text), spans

    def _pieces(self, text: str) -> np.ndarray:
        seeds = [zlib.crc32(word.encode()) for word in text.lower().split()]
        rows = np.array([np.random.default_rng(seed).standard_normal(96) for seed in seeds], np.float32).reshape(-1, 96)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_packing_keeps_angles() -> None:
    """Four bits a number: cosines of unit vectors of 96 stay within 0.05."""
    rows = np.random.default_rng(1).standard_normal((40, 96)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    question, parts = rows[:5], [rows[:10], rows[10:10], rows[10:]]
    found = nearest(pack(parts), question)
    expected = [np.clip((part @ question.T).max(axis=0), 0, 1) if len(part) else np.zeros(5) for part in parts]
    assert found.shape == (3, 5)
    assert np.abs(found - np.array(expected)).max() < 0.05


@pytest.mark.parametrize("parts", [[], [np.empty((0, 0), np.float32)], [np.empty((0, 96), np.float32)] * 2])
def test_nothing_packs_to_nothing(parts: list[np.ndarray]) -> None:
    """Passages without pieces take no room and match nothing."""
    assert pack(parts) == [b""] * len(parts)
    assert not nearest(pack(parts), np.eye(2, 96, dtype=np.float32)).any()


def test_hits_say_how_well_the_words_match(open_memory: Open) -> None:
    """An embedder that gives pieces adds two rankers; one that does not leaves them out."""
    with open_memory(embedder=Pieces()) as memory:
        memory.add([Document(id="1", text="the harbour wall"), Document(id="2", text="copper prices")], name="s")
        hits = memory.search("harbour wall")
        assert hits[0].chunk.document_id == "1"
        assert hits[0].why["tokens"] > 0.9 > hits[1].why.get("tokens", 0.0)


def test_forgotten_pieces_are_gone(open_memory: Open) -> None:
    """Their rows go with the passage, and so do its counted words."""
    memory = open_memory(embedder=Pieces())
    memory.add([Document(id="1", text="a", author="Ann"), Document(id="2", text="b", author="Bo")], name="s")
    assert _rows(memory) == {"tokens": 2, "bags": 2}
    memory.forget(author="Ann")
    assert _rows(memory) == {"tokens": 1, "bags": 1}
    assert memory.verify() == []


def test_lost_counts_are_found_and_mended(open_memory: Open) -> None:
    """``verify`` names passages whose words are not counted, ``rebuild`` counts them again."""
    memory = open_memory()
    memory.add([Document(id="1", text="the harbour wall")], name="s")
    with sqlite3.connect(memory.catalog.path) as connection:
        connection.execute("DELETE FROM bags")
    assert [problem.where for problem in memory.verify()] == ["words"]
    memory.rebuild()
    assert memory.verify() == []


def _rows(memory: Memory) -> dict[str, int]:
    connection = memory.catalog.connection
    tables = ("tokens", "bags")
    return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
