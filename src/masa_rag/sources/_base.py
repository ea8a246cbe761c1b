"""What sources share: the ``@source`` decorator, paths, and how a format is recognised."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import ClassVar, ParamSpec

from masa_rag._unicode import whole_name
from masa_rag.errors import ConfigurationError, RecordError, SourceUnavailableError
from masa_rag.sources._paths import expanded
from masa_rag.types import Document

Parameters = ParamSpec("Parameters")

HEAD_BYTES = 65_536
"""How much of a file ``recognises`` is shown: enough to pass a long preface, little enough to be quick."""


class FunctionSource:
    """A source made of a generator function; see :func:`source`.

    Args:
        name: Its name in the memory.
        read: Called for each reading.
        origin: Where it reads, if the name does not say so.
    """

    def __init__(self, name: str, read: Callable[[], Iterable[Document | RecordError]], *, origin: str = "") -> None:
        self.name = name
        self.origin = origin
        self._read = read

    def __iter__(self) -> Iterator[Document | RecordError]:
        return iter(self._read())

    def __repr__(self) -> str:
        return f"<source {self.name!r}>"


def source(
    name: str,
) -> Callable[
    [Callable[Parameters, Iterable[Document | RecordError]]],
    Callable[Parameters, FunctionSource],
]:
    """Make a source of a generator function.

    ::

        @source("standup")
        def standup(folder: Path):
            for path in sorted(folder.glob("*.md")):
                yield Document(id=path.name, text=path.read_text(), title=path.stem)

        memory.sync(standup(Path("notes")))

    Args:
        name: The source's name in the memory; keep it stable, for ids and cursors hang on it.
    """
    if not name:
        raise ConfigurationError("received an empty source name; expected one that stays the same in every run")

    def decorate(
        function: Callable[Parameters, Iterable[Document | RecordError]],
    ) -> Callable[Parameters, FunctionSource]:
        def make(*args: Parameters.args, **kwargs: Parameters.kwargs) -> FunctionSource:
            return FunctionSource(name, lambda: function(*args, **kwargs))

        make.__name__, make.__doc__ = function.__name__, function.__doc__
        return make

    return decorate


class FileSource:
    """Base of the sources that read files: resolves paths, patterns and folders.

    A subclass sets ``form`` and ``suffixes`` and reads one file a time in ``_read``.
    """

    form: ClassVar[str]
    """First part of the default name: ``transcripts`` in ``transcripts:episodes``."""
    suffixes: ClassVar[frozenset[str]]
    """Which files of a folder are taken, lower case with the dot; empty takes all."""

    by_content: ClassVar[bool] = False
    """Whether of a folder only those are taken that ``recognises`` knows: the name says too little."""

    beside: ClassVar[tuple[str, ...]] = ()
    """Endings of files that tell about those it reads, and are nothing by themselves."""

    global_ids: ClassVar[bool] = False
    """Whether ids are unique on the whole platform. Then all exports go into one source by default, named
    after the form, and overlapping ones meet; otherwise ids are paths, and the name has the folder's."""

    only: Collection[Path] | None = None
    """In a folder, take these files only; None takes all with the right suffix."""

    def __init__(self, paths: str | Path | Iterable[str | Path], *, name: str | None = None) -> None:
        self.paths: list[str | Path] = [paths] if isinstance(paths, (str, Path)) else list(paths)
        place = _place(self.paths)
        default = self.form if self.global_ids else f"{self.form}:{_label(place)}"
        self.name: str = name if name is not None else whole_name(default)
        # What is gone from one export is not gone from the others of the same default name.
        self.origin: str = "" if name is not None else origin_of(place)

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say whether this source reads ``path``, by content.

        Args:
            path: A file that exists, or a folder, of sources whose exports are folders as a whole.
            head: The first HEAD_BYTES bytes of the file; empty for a folder.
        """
        raise NotImplementedError

    def files(self) -> list[Path]:
        """Return the files meant, sorted, each once. Raises SourceUnavailableError when there are none."""
        found = {path: None for given in self.paths for path in sorted(self._expand(given))}
        if not found:
            kinds = ", ".join(sorted(self.suffixes)) if self.suffixes else "any file"
            raise SourceUnavailableError(
                f"received {', '.join(map(str, self.paths))}, where no file was found; expected {kinds}. "
                "Check the path, or quote the pattern so that the shell leaves it alone"
            )
        return list(found)

    def _expand(self, given: str | Path) -> Iterator[Path]:
        path = expanded(given)
        if path.is_dir():
            refused: list[Path] = []
            found = visible_files(path, refused=lambda error: refused.append(Path(error.filename)))
            yield from (item for item in found if self._takes(item) and (self.only is None or item in self.only))
            yield from refused  # reading them says why, for what cannot be looked at is not gone
        elif path.is_file():
            yield path
        else:
            yield from (item for item in map(Path, glob.glob(str(path), recursive=True)) if item.is_file())  # noqa: PTH207 - absolute patterns

    def _takes(self, path: Path) -> bool:
        """Say whether a file of a folder is one of these, by its name or, where ``by_content``, by what is in it."""
        if self.suffixes and path.suffix.lower() not in self.suffixes:
            return False
        try:
            return not self.by_content or type(self).recognises(path, read_head(path))
        except OSError:
            return True  # reported when it is read

    def __iter__(self) -> Iterator[Document | RecordError]:
        for path in self.files():
            try:
                yield from self._read(path)
            except OSError as error:
                yield RecordError(f"cannot be read ({error.strerror or error})", record_id=str(path))

    def _read(self, path: Path) -> Iterable[Document | RecordError]:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def origin_of(place: Path) -> str:
    """Return where a source with a default name reads: the same for ``exports`` and ``../here/exports``."""
    return whole_name(os.path.normpath(place.absolute()))


def _place(paths: list[str | Path]) -> Path:
    """Return what was given first: a file, a folder, or the folder that a pattern looks into."""
    if not paths:
        raise ConfigurationError("received no path; expected a file, a folder or a pattern such as 'episodes/*.txt'")
    first = expanded(paths[0])
    if glob.has_magic(str(first)) and not first.exists():
        return next((parent for parent in first.parents if not glob.has_magic(str(parent))), Path())
    return first


def _label(place: Path) -> str:
    """Return the file's stem or the folder's name."""
    resolved = place.resolve()
    return (resolved.stem if resolved.is_file() else resolved.name) or "files"


def visible_files(folder: Path, *, refused: Callable[[OSError], object] | None = None) -> Iterator[Path]:
    """Yield the files below a folder, without those whose name, or whose folder's name, begins with a dot.

    What a browser saved with a page, in ``page_files`` beside ``page.html``, is left out: adverts are no pages. So is
    what DiscordChatExporter saved with an export, in ``channel.json_Files``: what was sent there is no export.

    Args:
        folder: Where to look; links to folders are not followed.
        refused: Told of each folder that may not be read, and of what in it may not be looked at.
    """
    for place, folders, names in os.walk(folder, onerror=refused):
        loaded = {f"{Path(name).stem}_files" for name in names if name.lower().endswith((".html", ".htm"))}
        loaded |= {f"{name}_Files" for name in names}
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in loaded)
        paths = (Path(place, name) for name in sorted(names) if not name.startswith("."))
        yield from (path for path in paths if _is_file(path, refused))


def _is_file(path: Path, refused: Callable[[OSError], object] | None) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        if refused is not None:
            refused(error)
        return False


def read_head(path: Path) -> bytes:
    """Return the first HEAD_BYTES of a file, nothing for a folder."""
    if path.is_dir():
        return b""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
