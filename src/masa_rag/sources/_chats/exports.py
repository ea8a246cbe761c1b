"""Exports of chats that lie on disk, or in a zip among other files."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._base import FileSource
from masa_rag.sources._chats.files import ChatFile, holds_chats, in_zip, is_zip, others_in_zips, read_each, unpacked
from masa_rag.sources._chats.messages import Said, documents
from masa_rag.sources._jsonstream import Closed, json_values
from masa_rag.sources._jsonstream import Path as Keys
from masa_rag.types import Document


class ChatExport(FileSource):
    """Base of the sources that read such exports: they say which files are theirs, and read one at a time."""

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say whether the content is such an export; of a folder, whether it is one as a whole, no if it is closed."""
        if path.is_dir():
            with suppress(OSError):
                return cls._is_folder(path)
            return False
        return holds_chats(path, cls._may_hold, cls._is_known) if is_zip(path) else cls._is_file(path, head)

    def __iter__(self) -> Iterator[Document | RecordError]:
        paths = self.files()
        yield from self._documents(unpacked(paths, self._in_zip))
        yield from others_in_zips(paths, self, self._is_known)

    @classmethod
    @abstractmethod
    def _is_known(cls, head: bytes) -> bool:
        """Say whether a file of a zip that begins so is one of these."""

    @classmethod
    def _is_file(cls, path: Path, head: bytes) -> bool:  # noqa: ARG003 - some files are known by their names as well
        """Say whether a file on disk is one of these."""
        return cls._is_known(head)

    @classmethod
    def _is_folder(cls, folder: Path) -> bool:  # noqa: ARG003 - most are read file by file
        """Say whether a folder is one export, which is read as a whole."""
        return False

    @classmethod
    def _may_hold(cls, item: Path) -> bool:
        """Say whether a file of a zip may be one of these, by its name."""
        return item.suffix.lower() in cls.suffixes - {".zip"}

    def _in_zip(self, path: Path) -> Iterator[ChatFile | RecordError]:
        return in_zip(path, self._may_hold, self._is_known)

    def _documents(self, files: Iterable[ChatFile | RecordError]) -> Iterator[Document | RecordError]:
        return documents(read_each(files, self._messages))

    def _messages(self, file: ChatFile) -> Iterator[Said | RecordError]:
        """Yield the messages of a file."""
        raise NotImplementedError


def values_in(
    file: ChatFile, *, into: frozenset[Keys], is_message: Callable[[Any], bool], of: str
) -> Iterator[tuple[Keys, Any] | Closed | RecordError]:
    """Yield what ``json_values`` gives of a file; at last an error, if neither a message nor another error was there.

    Args:
        file: The file.
        into: The containers that are walked into.
        is_message: Says whether a value is a message.
        of: The service, for the error.
    """
    found = False
    with file.open() as stream:
        for item in json_values(stream, into=into, label=str(file.path), resembles=is_message):
            found = found or isinstance(item, RecordError) or (isinstance(item, tuple) and is_message(item[1]))
            yield item
    if not found:
        yield RecordError(f"holds no messages of {of} in a known shape", record_id=str(file.path))
