"""Which sources there are, and which of them reads a given file, folder or address."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from masa_rag.errors import SourceFormatError, SourceUnavailableError
from masa_rag.protocols import Source
from masa_rag.sources._base import FileSource, read_head

FILE_SOURCES: tuple[tuple[str, str], ...] = (
    ("tweets", "Tweets"),
    ("discord", "DiscordExport"),
    ("webpages", "WebPages"),
    ("transcripts", "Transcripts"),
    ("files", "Files"),
)
"""(module, class) of the sources that recognise files, the most particular format first: the first
that says yes is taken, and plain text comes last."""


def file_sources() -> Iterator[type[FileSource]]:
    """Yield the classes of FILE_SOURCES, importing each when its turn comes."""
    for module, name in FILE_SOURCES:
        yield getattr(importlib.import_module(f"masa_rag.sources.{module}"), name)


def open_source(path: str | Path, **options: Any) -> Source:
    """Return the source that reads a file or folder, recognised by its content.

    Args:
        path: A file, a zip, a folder.
        options: Passed to the source, for example ``name=`` or ``speakers=``.

    Raises:
        SourceUnavailableError: Nothing is there.
        SourceFormatError: No source knows the format.
    """
    place = Path(path).expanduser()
    if not place.exists():
        raise SourceUnavailableError(f"received {str(path)!r}, which does not exist; check the spelling")
    head = read_head(place)
    for kind in file_sources():
        if kind.recognises(place, head):
            return kind(place, **options)
    names = ", ".join(name for _, name in FILE_SOURCES)
    raise SourceFormatError(f"no source recognises this content; known are {names}", path=str(place))
