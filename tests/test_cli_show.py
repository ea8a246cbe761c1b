"""A whole document, for whoever wants to read what stands around a passage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from masa_rag import Document, Memory, Segment
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex
from test_cli import run, small_parts

__all__ = ["small_parts"]


@pytest.fixture
def told(tmp_path: Path) -> Iterator[list[str]]:
    """How to ask for a document of a memory of a talk, two days of a chat, and a post."""
    when = datetime(2024, 5, 1, tzinfo=UTC)
    lines = [Segment("We sail.", "Ann", start=0.0), Segment("At nine.", "Bo", start=5.0)]
    with Memory(tmp_path / "brain", embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        memory.add(
            [Document("talk", title="Salt 12", url="https://a.example/12", created_at=when, segments=lines)],
            name="talks",
        )
        memory.add([Document(f"day {day}", f"Rope {day}.", title="#pier") for day in (1, 2)], name="chat")
        memory.add([Document("7", "Fog\x1b[2J.", author="Cay", url="https://b.example/7")], name="posts")
    yield ["-m", str(tmp_path / "brain"), "show"]


@pytest.mark.parametrize("name", ["talk", "Salt 12", "salt 12", "https://a.example/12", "https://a.example/12#t=5"])
def test_a_document_is_shown_by_any_of_its_names(told: list[str], name: str) -> None:
    """Those that stand in a citation, without quotation marks too."""
    shown = "Salt 12 · 2024-05-01 · talks talk <https://a.example/12>\nAnn: We sail.\nBo: At nine.\n"
    assert run(*told, *name.split()).output == shown
    assert run(*told, name, "--source", "talks").output == shown


def test_a_post_is_shown_with_its_author_and_nothing_moves_the_cursor(told: list[str]) -> None:
    """As everywhere on the command line; as JSON it is what is stored."""
    assert run(*told, "7").output == "Cay · posts 7 <https://b.example/7>\nFog [2J.\n"
    stored = json.loads(run(*told, "7", "--json").output)
    assert (stored["source"], stored["id"], stored["text"], stored["author"]) == ("posts", "7", "Fog\x1b[2J.", "Cay")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (["#pier"], "which is 2 documents; name one by its id: day 1 (chat), day 2 (chat)"),
        (["#pier", "--source", "posts"], "which no document has as its title, address or id"),
        (["https://a.example/1"], "which no document has as its title, address or id"),
    ],
)
def test_a_name_of_none_or_of_several_is_told(told: list[str], given: list[str], reason: str) -> None:
    """With the ids, of which one is to be given."""
    refused = run(*told, *given)
    assert (refused.exit_code, reason in refused.output) == (1, True)
