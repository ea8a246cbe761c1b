"""Telegram: Telegram Desktop's exports as JSON and HTML, Masa's answers and gotd's messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import ClassVar

from masa_rag.errors import RecordError
from masa_rag.sources._base import read_head
from masa_rag.sources._chats.exports import ChatExport
from masa_rag.sources._chats.files import ChatFile, in_zip, is_zip, read_each
from masa_rag.sources._chats.messages import Said, documents, first_files
from masa_rag.sources._chats.zoned import ZonedSource
from masa_rag.sources._telegram.html import chat_ids, html_messages, is_telegram_html
from masa_rag.sources._telegram.json import is_account, is_telegram_json, json_messages
from masa_rag.types import Document

_PAGE = re.compile(r"messages\d*\.html")
_CHATS = "chats"
"""The folder of a whole account's export that holds a folder of pages for each chat."""


class TelegramExport(ZonedSource, ChatExport):
    """Messages of Telegram chats, one document a chat (or topic) and UTC day.

    Reads Telegram Desktop's ``result.json`` (one chat or the whole account) and its pages
    ``messages*.html``, also in a zip, the messages as Masa's documentation shows them, and those of gotd. Pages
    beside a ``result.json``, and those of a whole account's, say the same as it does and are left alone. Pages
    do not tell a chat's id: its title stands for it, and when it began where an account has two of one title.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name in the memory; by default ``telegram``, so that exports which overlap meet.
        timezone: IANA name of the zone of times that name none: the exporting person's. Only
            exports before 2021 need it; later ones carry Unix seconds or the offset.

    Links hidden behind words are written out: ``words (https://…)``. Joins, calls and other
    service messages are left out, and so are messages without any text.
    """

    form = "telegram"
    global_ids = True
    suffixes: ClassVar[frozenset[str]] = frozenset({".json", ".html", ".zip"})

    @classmethod
    def _is_known(cls, head: bytes) -> bool:
        return is_telegram_html(head) or is_telegram_json(head)

    @classmethod
    def _is_folder(cls, folder: Path) -> bool:
        """Say whether the first files of a folder all are exports."""
        return first_files(folder, _wanted, lambda item: cls._is_known(read_head(item)))

    @classmethod
    def _may_hold(cls, item: Path) -> bool:
        return item.suffix.lower() == ".json" or _PAGE.fullmatch(item.name) is not None

    def _in_zip(self, path: Path) -> Iterator[ChatFile | RecordError]:
        """Yield the chats in a zip: its JSON, and its pages unless a ``result.json`` says the same."""
        known = {file.path for file in super()._in_zip(path) if isinstance(file, ChatFile)}

        def wanted(item: Path) -> bool:
            chats = item.parent.parent
            account = chats.parent if chats.name == _CHATS else item.parent
            return item.suffix.lower() == ".json" or known.isdisjoint(
                folder / "result.json" for folder in (item.parent, account)
            )

        return in_zip(path, lambda item: self._may_hold(item) and wanted(item), self._is_known)

    def _takes(self, path: Path) -> bool:
        """Take exports by their name, and of zips those that hold one."""
        return type(self).recognises(path, b"") if is_zip(path) else super()._takes(path) and _wanted(path)

    def _documents(self, files: Iterable[ChatFile | RecordError]) -> Iterator[Document | RecordError]:
        ids = cache(lambda place: chat_ids(_first_pages(place), self._zone))
        return documents(read_each(files, lambda file: self._messages_of(file, ids)))

    def _messages_of(self, file: ChatFile, ids: Callable[[Path], dict[Path, str]]) -> Iterator[Said | RecordError]:
        if not is_telegram_html(file.head()):
            return json_messages(file, self._zone)
        folder = file.path.absolute().parent
        chat = None
        if folder.parent.name == _CHATS:
            chat = ids(folder.parent if folder.is_dir() else next(filter(is_zip, folder.parents))).get(folder)
        return html_messages(file, self._zone, chat=chat)


def _first_pages(place: Path) -> Iterator[ChatFile]:
    """Yield the first page of each chat of a whole account: in its folder of chats, or in a zip."""
    if place.is_dir():
        return map(ChatFile.at, sorted(place.glob("chat_*/messages.html")))
    files = in_zip(place, lambda item: item.match(f"{_CHATS}/chat_*/messages.html"), is_telegram_html)
    return (file for file in files if isinstance(file, ChatFile))


def _wanted(path: Path) -> bool:
    """Take all JSON that nobody sent, and the pages unless the JSON beside them, or that of their account, says it."""
    if path.suffix.lower() == ".json":
        return not _is_sent(path)
    if not _PAGE.fullmatch(path.name):
        return False
    return not ((path.parent / "result.json").is_file() or _is_of_account(path.absolute()))


def _is_sent(path: Path) -> bool:
    """Say whether somebody sent this file: what was sent lies in a folder beside the chat's messages."""
    chat = path.parent.parent
    beside = chat.parent.name == _CHATS or any((chat / name).is_file() for name in ("result.json", "messages.html"))
    return path.parent.name == "files" and beside


def _is_of_account(page: Path) -> bool:
    chats = page.parent.parent
    result = chats.parent / "result.json"
    return chats.name == _CHATS and result.is_file() and is_account(read_head(result))
