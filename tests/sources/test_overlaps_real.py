"""Real exports that come twice, in overlapping parts and in either order, make the same memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from masa_rag import Document, Memory
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex
from masa_rag.sources import open_source

DATA = Path(os.environ.get("MASA_RAG_DATA", Path(__file__).parents[3] / "shared" / "data"))
EXPORTS = (
    "formats/telegram", "formats/whatsapp", "formats/slack", "formats/x_api_v2", "masa/discord", "masa/tweets",
    "ethereum_discord",
)  # fmt: skip
FILES = [
    path for name in EXPORTS for path in sorted((DATA / name).rglob("*")) if path.suffix in (".json", ".txt", ".zip")
]

pytestmark = [pytest.mark.real_data, pytest.mark.skipif(not DATA.is_dir(), reason="the real data are not here")]


def documents(path: Path) -> list[Document]:
    """Return what a file holds; nothing when it is no export (an error page, a note)."""
    return [item for item in open_source(path) if isinstance(item, Document)]


def part(whole: Sequence[Document], first: float, last: float) -> list[Document]:
    """Return a share of the messages of each conversation, and of the posts; parts of an export."""
    cut = [
        replace(document, text="", segments=document.segments[int(first * count) : int(last * count)])
        for document in whole
        if (count := len(document.segments)) > 2 and all(segment.id for segment in document.segments)
    ]
    others = [document for document in whole if not document.segments]
    return [*cut, *others[int(first * len(others)) : int(last * len(others))]]


def contents(folder: Path, *exports: Sequence[Document]) -> tuple[set[str], list[tuple[str, tuple[str | None, ...]]]]:
    """Return the ids of the passages, and of the documents with their messages, after these exports."""
    with Memory(folder, embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        for export in exports:
            memory.add(export, name="export")
        stored = (memory.document("export", name) for name in memory.catalog.document_sizes("export"))
        found = sorted((item.id, tuple(segment.id for segment in item.segments)) for item in stored if item is not None)
        assert memory.verify() == []
        return memory.catalog.chunk_ids(), found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DATA)))
def test_twice_in_parts_and_in_either_order(path: Path, tmp_path: Path) -> None:
    """Nothing lost, nothing doubled, the same ids: two thirds first and last overlap in the middle third."""
    try:
        whole = part(documents(path), 0, 1)
    except Exception as error:  # noqa: BLE001 - what cannot be read is another test's matter
        pytest.skip(f"not an export: {error}")
    if not whole:
        pytest.skip("no conversation with ids, and no posts")
    early, late = part(whole, 0, 2 / 3), part(whole, 1 / 3, 1)
    expected = contents(tmp_path / "whole", whole)
    assert contents(tmp_path / "twice", whole, whole) == expected
    assert contents(tmp_path / "forwards", early, late) == expected
    assert contents(tmp_path / "backwards", late, early) == expected
