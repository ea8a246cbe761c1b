"""What a memory holds, taken out of it: one file a source, to keep, to put into another memory, or to read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args
from unicodedata import category, normalize

from masa_rag._dossier import dossier
from masa_rag._ids import digest
from masa_rag._reading import Filters
from masa_rag._rows import encode_document, readable_document
from masa_rag._views import counted
from masa_rag.catalog import Catalog, make_folder
from masa_rag.errors import ConfigurationError, StorageError
from masa_rag.sources._paths import expanded
from masa_rag.sources.memory_export import first_line, heading_of
from masa_rag.types import Document

if TYPE_CHECKING:
    from masa_rag._reading import Names
    from masa_rag.protocols import OnProgress

Form = Literal["jsonl", "markdown"]
_SUFFIXES = {"jsonl": ".jsonl", "markdown": ".md"}
_LONGEST = 80
"""Bytes of a source's name that its file has in its own: file systems take 255, some that encrypt 143."""
_NAMED = 20
_TOLD = 256
"""Documents after which it is told how far it is."""

_IN_TIME = """
SELECT d.pk, (SELECT t.first FROM chunks c JOIN said t ON t.chunk = c.pk WHERE c.document = d.pk AND d.segments = 0)
FROM documents d JOIN sources s ON s.pk = d.source WHERE s.name = ? ORDER BY d.created_at, d.id
"""
"""Numbers of documents, each with that of the passage which says what a whole post says."""


@dataclass(frozen=True, slots=True)
class Exported:
    """One file of an export.

    Attributes:
        source: The source's name.
        path: The file.
        documents: How many documents are in it.
    """

    source: str
    path: str
    documents: int


def export(
    catalog: Catalog, folder: str | Path, *, source: Names | None, form: Form, progress: OnProgress
) -> list[Exported]:
    """Write the documents of each source into a file of the folder; see ``Memory.export``."""
    if form not in get_args(Form):
        raise ConfigurationError(f"received form={form!r}; expected one of {', '.join(get_args(Form))}")
    place = _place(folder, catalog.path.parent)
    writer = _Writer(catalog, form, progress)
    with catalog.snapshot():
        files = {name: place / file_name(name, form) for name in _chosen(catalog, source)}
        for name, path in files.items():
            _refuse_to_replace(path, name, form)
        if files:
            make_folder(place)
        made = [writer.write(name, path) for name, path in files.items()]
    if writer.damaged:
        raise StorageError(
            f"{counted(len(writer.damaged), 'document')} cannot be read as stored and not in the export "
            f"({'; '.join(writer.damaged[:5])}{'; ...' if writer.damaged[5:] else ''}). All others are. Add the "
            "sources of these again, which replaces them, or delete them"
        )
    return made


def file_name(source: str, form: Form) -> str:
    """Return a name that every file system takes: letters and digits of the source's, and a digest.

    The digest tells sources apart whose names differ in other signs or in capitals only, and keeps a file from being
    called CON.
    """
    kept = (sign if category(sign)[0] in "LMN" else " " for sign in normalize("NFC", source))
    words = "-".join("".join(kept).split()).encode()[:_LONGEST].decode(errors="ignore")
    return "-".join(filter(None, (words, digest(source, size=4)))) + _SUFFIXES[form]


def _place(folder: str | Path, memory: Path) -> Path:
    """Return the folder to write into, which may not be there yet; never one of the memory itself."""
    if not isinstance(folder, (str, os.PathLike)) or not str(folder).strip() or "\0" in str(folder):
        raise ConfigurationError(f"received the folder {folder!r}; expected one to write into, such as 'backup'")
    place = expanded(folder).resolve()
    if place.is_relative_to(memory.resolve()):
        raise ConfigurationError(
            f"received {str(folder)!r}, which is the memory's own folder or lies in it; expected one beside it, such "
            "as 'backup'"
        )
    return place


def _chosen(catalog: Catalog, source: Names | None) -> Sequence[str]:
    """Return the names of the sources that are meant, all where none is."""
    names = catalog.source_names()
    if source is None:
        return names
    wanted = dict.fromkeys(Filters(source=source).source or ())
    if unknown := [name for name in wanted if name not in names]:
        known = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if names[_NAMED:] else "")
        raise ConfigurationError(f"received the source {unknown[0]!r}; there are {known or 'none'}")
    return list(wanted)


def _refuse_to_replace(path: Path, source: str, form: Form) -> None:
    """Raise ConfigurationError for a file that is there and is no earlier export; a text may have been worked on."""
    try:
        if not path.exists() or (form == "jsonl" and heading_of(path).get("source") == source):
            return
    except OSError:
        pass
    raise ConfigurationError(
        f"{path} is there already"
        + (" and is no export of this source" if form == "jsonl" else ", perhaps with changes of yours")
        + "; nothing was written. Give another folder, or take the file away"
    )


class _Writer:
    """Writes the files of one export, and notes what could not be read.

    Args:
        catalog: The truth, held still.
        form: What to write.
        progress: Told how far it is.
    """

    def __init__(self, catalog: Catalog, form: Form, progress: OnProgress) -> None:
        self.damaged: list[str] = []
        self._catalog = catalog
        self._form = form
        self._progress = progress
        self._done = 0

    def write(self, source: str, path: Path) -> Exported:
        """Write the file of one source."""
        found = self._catalog.connection.execute(_IN_TIME, (source,)).fetchall()
        damaged = len(self.damaged)
        numbers = [row[0] for row in found] if self._form == "jsonl" else _once(found)
        documents = self._documents(source, numbers)
        if self._form == "jsonl":
            _write(path, _lines(source, documents, len(numbers)))
        else:
            blocks = dossier(source, documents, copies=len(found) - len(numbers))
            _write(path, (f"{block}\n".encode() for block in blocks))
        return Exported(source, str(path), len(numbers) - (len(self.damaged) - damaged))

    def _documents(self, source: str, numbers: Iterable[int]) -> Iterator[Document]:
        query = "SELECT body, CAST(id AS BLOB) FROM documents WHERE pk = ?"
        for number in numbers:
            body, name = self._catalog.connection.execute(query, (number,)).fetchone()
            if (document := readable_document(body)) is None:
                self.damaged.append(f"{source}: {name.decode(errors='replace')}")
            else:
                yield document
            self._done += 1
            if self._done % _TOLD == 0:
                self._progress("export", self._done, 0)


def _once(found: Iterable[tuple[int, int | None]]) -> list[int]:
    """Return the numbers without those of posts that say what an earlier one says."""
    earliest: dict[object, int] = {}
    for number, said in found:
        earliest.setdefault(said or (number,), number)
    return list(earliest.values())


def _lines(source: str, documents: Iterable[Document], count: int) -> Iterator[bytes]:
    yield first_line(source, count)
    yield from map(encode_document, documents)


def _write(path: Path, lines: Iterable[bytes]) -> None:
    """Write a file wholly or not at all: under another name first, which a folder's readers pass over."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("wb") as file:
            file.writelines(line + b"\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path} could not be written ({error.strerror or error}); what was there before is unchanged. Check the "
            "disk and its space, then run it again"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
