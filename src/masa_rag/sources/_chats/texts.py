"""Chats that an app saves as plain text: a line opens a message, and the lines below belong to it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from masa_rag.errors import RecordError
from masa_rag.sources._chats.days import at, day_documents
from masa_rag.sources._chats.exports import ChatExport
from masa_rag.sources._chats.fields import clean
from masa_rag.sources._chats.files import ChatFile, read_each
from masa_rag.sources._chats.zoned import ZonedSource
from masa_rag.sources._lines import is_damaged, text_lines
from masa_rag.types import Document, Segment

_LONGEST_MESSAGE = 262_144
"""Characters of a message; what is longer is cut."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a line opens.

    Attributes:
        author: Who speaks, None for what the app itself says.
        when: The local time, None where it cannot be read.
        text: The first line of what is said.
    """

    author: str | None = None
    when: datetime | None = None
    text: str = ""


class TextChats(ZonedSource, ChatExport):
    """Base of the sources that read such texts, whose times name no zone and whose messages have no ids."""

    by_content = True
    suffixes: ClassVar[frozenset[str]] = frozenset({".txt", ".zip"})

    def _documents(self, files: Iterable[ChatFile | RecordError]) -> Iterator[Document | RecordError]:
        return read_each(files, self._chat)

    def _title(self, file: ChatFile) -> str:
        """Return the chat's name."""
        return file.path.stem

    @abstractmethod
    def _opening(self, file: ChatFile) -> Callable[[str], Opening | None]:
        """Return what says of each line, one after the other, what it opens; None for one of the message above it."""

    @abstractmethod
    def _words(self, text: str) -> str:
        """Return what somebody wrote, "" for what stands there in place of a picture, a sticker, a call."""

    def _chat(self, file: ChatFile) -> Iterator[Document | RecordError]:
        title, form = self._title(file), type(self).form
        found = False
        for item in day_documents(self._segments(file), channel=title, title=title, metadata={"platform": form}):
            found = True
            yield item
        if not found:
            yield RecordError(f"no message found; expected a text that {form} saves", record_id=str(file.path))

    def _segments(self, file: ChatFile) -> Iterator[Segment | RecordError]:
        for number, opening, text in _entries(file, self._opening(file)):
            if opening.author is None:
                continue
            record = f"{file.path}:{number}"
            if is_damaged(text) or is_damaged(opening.author):
                yield RecordError("the text is not UTF-8; export the chat again", record_id=record)
            elif opening.when is None or (created_at := at(opening.when, self._zone)) is None:
                yield RecordError(f"no such date: {text[:60]!r}", record_id=record)
            elif words := self._words(clean(text)):
                yield Segment(words, author=clean(opening.author) or None, created_at=created_at)


def _entries(file: ChatFile, opening: Callable[[str], Opening | None]) -> Iterator[tuple[int, Opening, str]]:
    """Yield (line number, what it opens, text) of each message and notice, the lines below joined to it."""
    number, held, lines, size = 0, Opening(), list[str](), 0
    with file.open() as stream:
        for position, line in enumerate(text_lines(stream), start=1):
            found = opening(line)
            if found is not None:
                yield number, held, "\n".join(lines)
                number, held, lines, size = position, found, [found.text], 0
            elif (size := size + len(line) + 1) <= _LONGEST_MESSAGE:
                lines.append(line)
    yield number, held, "\n".join(lines)
