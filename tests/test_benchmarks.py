"""The scripts that measure still fit the code that they measure."""

from __future__ import annotations

import runpy
from datetime import UTC, datetime
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


def test_what_is_left_out_is_compared_with_all_of_search(scripts: dict[str, Any], tmp_path: Path) -> None:
    """The message of the day that is named comes first with all techniques, as in search, and not without time."""
    texts = ("The ferry sails in May 2023.", "The ferry sails at nine.", "Gas is cheap.", "A book fell.")
    days = [
        Document(
            str(day), segments=[Segment(text, "Ann", created_at=datetime(2023, 5, day, 9, tzinfo=UTC), id=str(day))]
        )
        for day, text in enumerate(texts, 4)
    ]
    question = scripts["Question"]("Which ferry sails on 5 May 2023?", frozenset("5"), source="talk")
    part = scripts["Part"]("days", [("talk", day) for day in days], [question])
    with Memory(tmp_path, embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        memory.add(days, name="talk")
        assert memory.search(question.text)[0].chunk.segment_ids == ("5",)
        rows = {label: row["rr"] for label, _, row in scripts["parts"](memory, "locomo", part)}
    assert rows["all"] == 1.0
    assert rows["without time"] < 1.0
