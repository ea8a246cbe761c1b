"""The scripts that measure still fit the code that they measure."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from masa_rag import Document, Memory, Segment
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex

FOLDER = Path(__file__).parents[1] / "benchmarks" / "retrieval"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of ``python benchmarks/retrieval`` and of what it imports."""
    pytest.importorskip("ir_measures")
    monkeypatch.syspath_prepend(str(FOLDER))
    return runpy.run_path(str(FOLDER / "__main__.py"), run_name="retrieval")


def test_search_is_measured_with_each_of_its_techniques_left_out(scripts: dict[str, Any], tmp_path: Path) -> None:
    """Every way to rank finds the only message, also without neighbours and without spreading."""
    talk = Document("day", segments=[Segment("The ferry leaves at nine.", "Ann", id="1")])
    part = scripts["Part"]("day", [("talk", talk)], [scripts["Question"]("ferry", frozenset("1"), source="talk")])
    with Memory(tmp_path, embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        memory.add([talk], name="talk")
        rows = {label: row["ndcg10"] for label, _, row in scripts["parts"](memory, "locomo", part)}
    assert rows.keys() >= {"words alone", "vectors alone", "without neighbours", "without spreading"}
    assert set(rows.values()) == {1.0}
