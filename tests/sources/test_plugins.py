"""Sources of other packages that are no FileSource."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import pytest

from masa_rag import Document
from masa_rag.sources import open_sources
from masa_rag.sources._registry import _plugins


class Logbook:
    """A plug-in's source as the documentation has it: a name, documents, and what it recognises."""

    def __init__(self, path: Path) -> None:
        self.name = f"logbook:{path.stem}"
        self.path = path

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """A logbook begins with LOG."""
        return head.startswith(b"LOG")

    def __iter__(self) -> Iterator[Document]:
        for number, line in enumerate(self.path.read_text().splitlines()):
            yield Document(id=str(number), text=line)


def test_a_folder_is_searched_for_what_a_plain_plug_in_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file becomes a source of its own, under the plug-in's name; it was a raw AttributeError."""
    point = importlib.metadata.EntryPoint("Logbook", f"{__name__}:Logbook", "masa_rag.sources")
    monkeypatch.setattr("masa_rag.sources._registry.entry_points", lambda group: [point])
    _plugins.cache_clear()
    for name in ("march.log", "april.log"):
        (tmp_path / name).write_text("LOG of the harbour")
    (tmp_path / "note.md").write_text("The tide turns.")
    try:
        names = [source.name for source in open_sources(tmp_path, name="crew")]
    finally:
        _plugins.cache_clear()
    assert names == ["logbook:april", "logbook:march", "files:crew"]
