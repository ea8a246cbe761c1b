"""Telegram: Telegram Desktop's exports as JSON and HTML, Masa's answers and gotd's messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from masa_rag.errors import RecordError
from masa_rag.sources._base import FileSource, read_head
from masa_rag.sources._chat import Said, documents, each_file, first_files
from masa_rag.sources._fields import zone_of
from masa_rag.sources._telegram_html import chat_ids, html_messages, is_telegram_html
from masa_rag.sources._telegram_json import is_account, is_telegram_json, json_messages
from masa_rag.types import Document

_PAGE = re.compile(r"messages\d*\.html")
_CHATS = "chats"
"""The folder of a whole account's export that holds a folder of pages for each chat."""


class TelegramExport(FileSource):
    """Messages of Telegram chats, one document a chat (or topic) and UTC day.

    Reads Telegram Desktop's ``result.json`` (one chat or the whole account) and its pages
    ``messages*.html``, the messages as Masa's documentation shows them, and those of gotd. Pages beside a
    ``result.json``, and those of a whole account's, say the same as it does and are left alone. Pages
    do not tell a chat's id: its title stands for it, and when it began where an account has two of one title.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name in the memory; by default ``telegram:<file or folder>``.
        timezone: IANA name of the zone of times that name none: the exporting person's. Only
            exports before 2021 need it; later ones carry Unix seconds or the offset.

    Links hidden behind words are written out: ``words (https://…)``. Joins, calls and other
    service messages are left out, and so are messages without any text.
    """

    form = "telegram"
    global_ids = True
    suffixes = frozenset({".json", ".html"})

    def __init__(
        self, paths: str | Path | Iterable[str | Path], *, name: str | None = None, timezone: str = "UTC"
    ) -> None:
        super().__init__(paths, name=name)
        self._zone = zone_of(timezone)

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say whether the content is a Telegram export; of a folder, whether its first files all are."""
        if path.is_dir():
            return first_files(path, _wanted, lambda item: cls.recognises(item, read_head(item)))
        return is_telegram_html(head) or is_telegram_json(head)

    def __iter__(self) -> Iterator[Document | RecordError]:
        ids = cache(lambda chats: chat_ids(chats, self._zone))
        return documents(each_file(self.files(), lambda path: self._messages(path, ids)))

    def _takes(self, path: Path) -> bool:
        return super()._takes(path) and _wanted(path)

    def _messages(self, path: Path, ids: Callable[[Path], dict[Path, str]]) -> Iterator[Said | RecordError]:
        if not is_telegram_html(read_head(path)):
            return json_messages(path, self._zone)
        folder = path.absolute().parent
        own = ids(folder.parent) if folder.parent.name == _CHATS else {}
        return html_messages(path, self._zone, chat=own.get(folder))


def _wanted(path: Path) -> bool:
    """Take all JSON, and the pages unless the JSON beside them, or that of their account, says the same."""
    if path.suffix.lower() == ".json":
        return True
    if not _PAGE.fullmatch(path.name):
        return False
    return not ((path.parent / "result.json").is_file() or _is_of_account(path.absolute()))


def _is_of_account(page: Path) -> bool:
    chats = page.parent.parent
    result = chats.parent / "result.json"
    return chats.name == _CHATS and result.is_file() and is_account(read_head(result))
