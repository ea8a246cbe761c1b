"""Chats whose times may name no zone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from masa_rag.sources._base import FileSource
from masa_rag.sources._chats.fields import zone_of


class ZonedSource(FileSource):
    """Base of the sources of such chats.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name in the memory.
        timezone: IANA name of the zone of times that name none.
    """

    def __init__(
        self, paths: str | Path | Iterable[str | Path], *, name: str | None = None, timezone: str = "UTC"
    ) -> None:
        super().__init__(paths, name=name)
        self._zone = zone_of(timezone)
