"""The files of chat exports, on disk or within a zip, which is read where it is and never unpacked to disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import IO, TypeVar

from masa_rag.errors import RecordError, SourceFormatError
from masa_rag.sources._archive import Archive
from masa_rag.sources._base import HEAD_BYTES, FileSource
from masa_rag.sources._chats.messages import FIRST_FILES

Item = TypeVar("Item")
_OTHERS = frozenset(
    "Tweets DiscordExport TelegramExport MessengerExport GoogleChatExport SkypeExport SignalExport MatrixExport "
    "AssistantExport Mail LineExport KakaoTalkExport IMessageExport WhatsAppExport".split()
)
"""The sources whose exports may lie in one zip with others."""


@dataclass(frozen=True, slots=True)
class ChatFile:
    """A file that may hold messages.

    Attributes:
        path: Where it is; of one in a zip, as if the zip was a folder.
        open: Opens it for reading bytes.
    """

    path: Path
    open: Callable[[], IO[bytes]]

    @classmethod
    def at(cls, path: Path) -> ChatFile:
        """Return a file of its own, on disk."""
        return cls(path, lambda: path.open("rb"))

    def head(self) -> bytes:
        """Return the first HEAD_BYTES bytes. Raises OSError, or RecordError for a damaged one in a zip."""
        with self.open() as file:
            return file.read(HEAD_BYTES)


def is_zip(path: Path) -> bool:
    """Say whether this is a zip, by its name."""
    return path.suffix.lower() == ".zip"


def in_zip(
    path: Path, wanted: Callable[[Path], bool], known: Callable[[bytes], object]
) -> Iterator[ChatFile | RecordError]:
    """Yield the files of a zip that are wanted and begin in a known way, and an error for each that is refused.

    They come in order of name. Each can be read until the next one is asked for. Where there is none, an error says so.
    """
    try:
        archive = Archive(path)
    except (SourceFormatError, OSError) as error:
        yield RecordError(str(error), record_id=str(path))
        return
    with archive:
        yield from archive.refused
        found = False
        for name in filter(lambda name: wanted(path / name), archive.names):
            file = ChatFile(path / name, partial(archive.open, name))
            try:
                if known(file.head()):
                    found = True
                    yield file
            except RecordError as error:
                yield error
        if not found:
            yield RecordError("no chat of a known form in this zip; unpack it and look", record_id=str(path))


def holds_chats(path: Path, wanted: Callable[[Path], bool], known: Callable[[bytes], object]) -> bool:
    """Say whether one of a zip's first files that are wanted begins in a known way."""
    looked_at = count()
    files = in_zip(path, lambda item: wanted(item) and next(looked_at) < FIRST_FILES, known)
    return any(isinstance(file, ChatFile) for file in files)


def unpacked(
    paths: Iterable[Path], members: Callable[[Path], Iterable[ChatFile | RecordError]]
) -> Iterator[ChatFile | RecordError]:
    """Yield the files, and in place of a zip what ``members`` gives of it."""
    for path in paths:
        yield from members(path) if is_zip(path) else [ChatFile.at(path)]


def others_in_zips(
    paths: Iterable[Path], reader: FileSource, known: Callable[[bytes], object]
) -> Iterator[RecordError]:
    """Yield an error for the first export in a zip of each other source that reads chats: here it would be lost.

    Args:
        paths: What is read, zips among them.
        reader: The source that reads it.
        known: Says whether a file that begins so is that source's own.
    """
    for path in filter(is_zip, paths):
        yield from _others_in_zip(path, type(reader).__name__, known)


def _others_in_zip(path: Path, reader: str, known: Callable[[bytes], object]) -> Iterator[RecordError]:
    from masa_rag.sources._registry import file_sources  # late: it imports the sources

    others = [kind for kind in file_sources() if kind.__name__ in _OTHERS - {reader}]
    for file in in_zip(path, lambda item: _may_be_export(item.relative_to(path)), lambda head: not known(head)):
        if isinstance(file, ChatFile) and (kind := _reader(file, others)) is not None:
            others.remove(kind)
            problem = f"is for {kind.__name__}, but {reader} reads this zip, and a zip is read by one"
            yield RecordError(f"{problem}; unpack it and add the folder", record_id=str(file.path))


def _reader(file: ChatFile, kinds: list[type[FileSource]]) -> type[FileSource] | None:
    head = file.head()
    return next((kind for kind in kinds if kind.recognises(file.path, head)), None)


def _may_be_export(path: Path) -> bool:
    """Say whether a file may be an export by its name, and by its folders none that somebody sent in a chat."""
    sent = any(folder.name.lower() == "files" or folder.name.lower().endswith("_files") for folder in path.parents)
    return path.suffix.lower() in {".json", ".html", ".csv", ".txt", ".mbox", ".eml"} and not sent


def read_each(
    files: Iterable[ChatFile | RecordError], read: Callable[[ChatFile], Iterable[Item]]
) -> Iterator[Item | RecordError]:
    """Read file after file; one that cannot be read is reported and the others go on."""
    for file in files:
        if isinstance(file, RecordError):
            yield file
            continue
        try:
            yield from read(file)
        except OSError as error:
            yield RecordError(f"cannot be read ({error.strerror or error})", record_id=str(file.path))
        except RecordError as error:  # a damaged member of a zip
            yield error
        except SourceFormatError as error:  # a damaged zip
            yield RecordError(str(error), record_id=str(file.path))
