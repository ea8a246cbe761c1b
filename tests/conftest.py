"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from masa_rag import Memory
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex

REPOSITORY = Path(__file__).parents[1]

settings.register_profile("any machine", deadline=None)  # one that is busy takes longer than 200 ms now and then
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data sets, or a skip where there is none."""
    folder = Path(os.environ.get("MASA_RAG_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real data sets are not here; name their folder with MASA_RAG_DATA")
    return folder


@pytest.fixture
def open_memory(tmp_path: Path) -> Iterator[Callable[..., Memory]]:
    """Open the test's memory, as often as wanted, with an embedder that needs no weights."""
    opened: list[Memory] = []

    def open_(**options: object) -> Memory:
        settings: dict[str, object] = {"embedder": HashingEmbedder(), "index": FlatIndex(), "lock_timeout_s": 10}
        opened.append(Memory(tmp_path / "brain", **(settings | options)))  # type: ignore[arg-type]
        return opened[-1]

    yield open_
    for memory in opened:
        memory.close()


@pytest.fixture
def memory(open_memory: Callable[..., Memory]) -> Memory:
    """An empty memory."""
    return open_memory()
