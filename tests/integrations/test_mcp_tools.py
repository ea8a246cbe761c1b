"""What a model reads of the tools, and what one gives."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("mcp", reason="needs the extra mcp")

from mcp import Client

from masa_rag import Document, Memory
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex
from masa_rag.integrations.mcp import make_server


async def test_descriptions_are_not_indented(tmp_path: Path) -> None:
    """Before Python 3.13 they had the blanks of the code in every line."""
    with Memory(tmp_path / "brain", embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        async with Client(make_server(memory, allow_write=True)) as client:
            descriptions = {tool.name: tool.description or "" for tool in (await client.list_tools()).tools}
    assert all(descriptions.values())
    assert not any("\n " in text or text != text.strip() for text in descriptions.values())
    assert "\nauthor: only what this person said" in descriptions["recall"]


async def test_what_has_no_time_takes_no_place_in_a_timeline(tmp_path: Path) -> None:
    """The best were looked for among all that is there, and then those without a time were left out: nothing stayed."""
    with Memory(tmp_path / "brain", embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        memory.add([Document(id=str(n), text=f"launch launch {n}") for n in range(9)], name="notes")
        for day in (2, 1):
            when = datetime(2024, 5, day, tzinfo=UTC)
            memory.add([Document(id=str(day), text=f"Of the launch, day {day}.", created_at=when)], name="log")
        async with Client(make_server(memory)) as client:
            answer = await client.call_tool("timeline", {"query": "launch", "k": 5})
    assert answer.structured_content is not None
    told = [item["text"] for item in answer.structured_content["result"]]
    assert told == ["Of the launch, day 1.", "Of the launch, day 2."]
