"""Discord: saved answers of its API, DiscordChatExporter's four forms, data packages, daily archives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import ClassVar

from masa_rag.errors import RecordError
from masa_rag.sources._base import read_head
from masa_rag.sources._chats.exports import ChatExport
from masa_rag.sources._chats.files import ChatFile, is_zip, others_in_zips, read_each, unpacked
from masa_rag.sources._chats.messages import Said, documents, first_files
from masa_rag.sources._chats.zoned import ZonedSource
from masa_rag.sources._discord.html import channel_id, html_messages, is_exporter_html
from masa_rag.sources._discord.json import json_form, json_messages
from masa_rag.sources._discord.message import Names
from masa_rag.sources._discord.package import is_package, package_messages
from masa_rag.sources._discord.text import text_documents, text_form
from masa_rag.sources._paths import expanded
from masa_rag.types import Document


class DiscordExport(ZonedSource, ChatExport):
    """Messages of Discord channels, one document a channel and UTC day, or one a thread.

    Reads saved lists of API messages (bare or in ``{"data": […]}``, in any order),
    DiscordChatExporter's JSON, HTML, CSV and TXT, daily archives (``<channel>/<date>.json``), all of them
    also in a zip, and the data package that Discord sends (zip or folder). Daily archives, CSV and TXT hold
    no ids: a message's id is then made of its author, time and text. CSV and TXT do not say either what
    is answered, and TXT has times to the minute; so take JSON where there is a choice. Beside another form of the same
    export, whose name differs in its ending only, a CSV or TXT is left alone.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name in the memory; by default ``discord``, so that exports which overlap meet.
        names: Names for ids that the export does not explain, for channels, people and roles
            alike: ``{"1217114388373311640": "general"}``.
        timezone: IANA name of the zone of times that name none: the exporting computer's, of CSV and TXT.
        by_conversation: Where a day's messages do not say what they answer, as in daily archives, find it
            out and give each conversation a document of its own; see ``IrcLogs``.

    Joins, pins, calls and other lines that the machine wrote are left out, and so are messages
    without any text. ``<@1>``, ``<#1>`` and ``<:wave:1>`` become ``@name``, ``#channel`` and ``:wave:``.
    """

    form = "discord"
    global_ids = True
    suffixes: ClassVar[frozenset[str]] = frozenset({".json", ".html", ".htm", ".csv", ".txt", ".zip"})

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        name: str | None = None,
        names: Mapping[str, str] | None = None,
        timezone: str = "UTC",
        by_conversation: bool = False,
    ) -> None:
        super().__init__(paths, name=name, timezone=timezone)
        self.by_conversation = by_conversation
        self.names: dict[str, str] = dict(names) if names is not None else {}

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say whether the content is a Discord export; of a folder, whether its first files all are."""
        return is_package(path, head) or super().recognises(path, head)

    @classmethod
    def _is_known(cls, head: bytes) -> bool:
        return is_exporter_html(head) or text_form(head) is not None or json_form(head) is not None

    @classmethod
    def _is_folder(cls, folder: Path) -> bool:
        return first_files(folder, cls._is_named, lambda item: cls._is_known(read_head(item)))

    @classmethod
    def _is_named(cls, path: Path) -> bool:
        """Say whether a file of a folder should be an export, by its name: texts are, with the channel's id in it."""
        return cls._may_hold(path) and (path.suffix.lower() not in _TEXTS or channel_id(path) is not None)

    def __iter__(self) -> Iterator[Document | RecordError]:
        names = Names(given=self.names)
        packages, others = self._parted(self.files())
        exports: set[Path] = set()
        said = chain(
            read_each(map(ChatFile.at, packages), lambda file: package_messages(file.path, names)),
            read_each(_noted(self._members(others), exports), lambda file: _messages(file, names)),
        )
        days = documents(said, finish=lambda segment: replace(segment, text=names.readable(segment.text)))
        texts = (file for file in self._members(others, texts=True) if _is_new(file, exports))
        read = read_each(texts, lambda file: text_documents(file, names, self._zone))
        found = chain(days, read, others_in_zips(others, self, self._is_known))
        return (part for item in found for part in (_conversations(item) if self.by_conversation else [item]))

    def _parted(self, paths: list[Path]) -> tuple[list[Path], list[Path]]:
        """Return the data packages, and the other files."""
        packages = [path for path in paths if not self._may_hold(path) and _is_package(path)]
        return packages, [path for path in paths if path not in packages]

    def _members(self, paths: Iterable[Path], *, texts: bool = False) -> Iterator[ChatFile | RecordError]:
        """Yield the files, those of zips among them, that are the exporter's texts, or that are not."""
        files = unpacked(paths, self._in_zip)
        return (file for file in files if isinstance(file, RecordError) or _is_text(file) == texts)

    def _expand(self, given: str | Path) -> Iterator[Path]:
        path = expanded(given)
        return iter([path]) if path.is_dir() and is_package(path, b"") else super()._expand(given)

    def _takes(self, path: Path) -> bool:
        """Take exports by their ending, and those that may be anything else by what is in them."""
        if is_zip(path):
            return type(self).recognises(path, read_head(path))
        return _is_text(ChatFile.at(path)) if path.suffix.lower() in _TEXTS else super()._takes(path)


_TEXTS = frozenset({".csv", ".txt"})


def _is_text(file: ChatFile) -> bool:
    try:
        return text_form(file.head()) is not None
    except (OSError, RecordError):  # reported when it is read
        return False


def _is_package(path: Path) -> bool:
    try:
        return is_package(path, read_head(path))
    except OSError:  # reported when it is read
        return False


def _noted(files: Iterable[ChatFile | RecordError], exports: set[Path]) -> Iterator[ChatFile | RecordError]:
    """Yield the files, and remember which exports they are."""
    for file in files:
        if isinstance(file, ChatFile):
            exports.add(file.path.with_suffix(""))
        yield file


def _is_new(text: ChatFile | RecordError, exports: set[Path]) -> bool:
    """Say whether an export has not been read in another form, whose name differs in its ending only; remember it."""
    if isinstance(text, RecordError):  # reported with the files before
        return False
    export = text.path.with_suffix("")
    known = export in exports
    exports.add(export)
    return not known


def _conversations(item: Document | RecordError) -> Iterable[Document | RecordError]:
    """Return the conversations of a channel's day, if its messages do not say themselves what they answer."""
    if isinstance(item, RecordError) or "/thread/" in item.id or any(part.reply_to for part in item.segments):
        return [item]
    from masa_rag.sources._threads.links import apart, linked  # late: numpy comes with it

    return apart(replace(item, text="", segments=linked(item.segments)))


def _messages(file: ChatFile, names: Names) -> Iterator[Said | RecordError]:
    return html_messages(file) if is_exporter_html(file.head()) else json_messages(file, names)
