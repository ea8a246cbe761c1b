"""The page of a memory in which nothing is yet."""

from __future__ import annotations

from test_serve import get, port

from masa_rag import Memory

__all__ = ["port"]


def test_an_empty_memory_says_how_it_is_filled(port: int, memory: Memory) -> None:
    """A table without rows, and "try other words" below a question, look like a fault of the page."""
    for source in memory.info().sources:
        memory.delete(source.name)
    for asked in ("/", "/?q=launch"):
        assert "Nothing found: the memory is empty; fill it with: masa-rag add PATH." in get(port, asked)[1]
