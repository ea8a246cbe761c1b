"""What a model reads of the tools before it calls one."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("mcp", reason="needs the extra mcp")

from mcp import Client

from masa_rag import Memory
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
