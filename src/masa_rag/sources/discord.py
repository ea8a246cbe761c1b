"""Discord: saved answers of its API, DiscordChatExporter's JSON and HTML, data packages, daily archives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from masa_rag.errors import RecordError
from masa_rag.sources._base import FileSource, read_head
from masa_rag.sources._chat import Said, documents, each_file, first_files
from masa_rag.sources._discord_html import html_messages, is_exporter_html
from masa_rag.sources._discord_json import json_form, json_messages
from masa_rag.sources._discord_message import Names
from masa_rag.sources._discord_package import is_package, package_messages
from masa_rag.types import Document


class DiscordExport(FileSource):
    """Messages of Discord channels, one document a channel and UTC day, or one a thread.

    Reads saved lists of API messages (bare or in ``{"data": […]}``, in any order),
    DiscordChatExporter's JSON and HTML, the data package that Discord sends (zip or folder), and
    daily archives (``<channel>/<date>.json``). The daily archives hold no ids: a message's id is
    then made of its author and time.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name in the memory; by default ``discord:<file or folder>``.
        names: Names for ids that the export does not explain, for channels, people and roles
            alike: ``{"1217114388373311640": "general"}``.
        by_conversation: Where a day's messages do not say what they answer, as in daily archives, find it
            out and give each conversation a document of its own; see ``IrcLogs``.

    Joins, pins, calls and other lines that the machine wrote are left out, and so are messages
    without any text. ``<@1>``, ``<#1>`` and ``<:wave:1>`` become ``@name``, ``#channel`` and ``:wave:``.
    """

    form = "discord"
    global_ids = True
    suffixes = frozenset({".json", ".html", ".htm", ".zip"})

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        name: str | None = None,
        names: Mapping[str, str] | None = None,
        by_conversation: bool = False,
    ) -> None:
        super().__init__(paths, name=name)
        self.by_conversation = by_conversation
        self.names = dict(names) if names is not None else {}

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say whether the content is a Discord export; of a folder, whether its first files all are."""
        if is_package(path, head):
            return True
        if path.is_dir():
            return first_files(path, cls._wanted, lambda item: cls.recognises(item, read_head(item)))
        return is_exporter_html(head) or json_form(head) is not None

    @classmethod
    def _wanted(cls, path: Path) -> bool:
        return path.suffix.lower() in cls.suffixes - {".zip"}

    def __iter__(self) -> Iterator[Document | RecordError]:
        names = Names(given=self.names)
        said = each_file(self.files(), lambda path: _messages(path, names))
        found = documents(said, finish=lambda segment: replace(segment, text=names.readable(segment.text)))
        return (part for item in found for part in (_conversations(item) if self.by_conversation else [item]))

    def _expand(self, given: str | Path) -> Iterator[Path]:
        path = Path(given).expanduser()
        return iter([path]) if path.is_dir() and is_package(path, b"") else super()._expand(given)

    def _takes(self, path: Path) -> bool:
        """Take exports by their ending, and of zips the data package."""
        if path.suffix.lower() == ".zip":
            return is_package(path, read_head(path))
        return super()._takes(path)


def _conversations(item: Document | RecordError) -> Iterable[Document | RecordError]:
    """Return the conversations of a channel's day, if its messages do not say themselves what they answer."""
    if isinstance(item, RecordError) or "/thread/" in item.id or any(part.reply_to for part in item.segments):
        return [item]
    from masa_rag.sources._threads import conversations, linked  # late: numpy comes with it

    rest, *others = conversations(linked(item.segments))
    return [
        replace(item, id=name, text="", segments=parts, created_at=parts[0].created_at)
        for name, parts in ((item.id, rest), *((f"{item.id}/{parts[0].id}", parts) for parts in others))
        if parts
    ]


def _messages(path: Path, names: Names) -> Iterator[Said | RecordError]:
    head = read_head(path)
    if is_package(path, head):
        return package_messages(path, names)
    return html_messages(path) if is_exporter_html(head) else json_messages(path, names)
