"""Which sources there are, and which of them reads a given file, folder or address."""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import entry_points
from itertools import count
from pathlib import Path
from typing import Any

from masa_rag.errors import ConfigurationError, SourceFormatError, SourceUnavailableError
from masa_rag.protocols import OnProgress, Source
from masa_rag.sources._base import FileSource, read_head, visible_files
from masa_rag.sources._foreign import advice, fields_advice, listed
from masa_rag.sources._paths import absent, expanded
from masa_rag.sources.memory_export import is_export

FILE_SOURCES: tuple[tuple[str, str], ...] = (
    ("memory_export", "MemoryExport"),
    ("recordings", "Recordings"), ("youtube", "YouTube"), ("podcast", "Podcast"), ("feed", "Feed"),
    ("tweets", "Tweets"), ("mastodon", "MastodonExport"),
    ("discord", "DiscordExport"), ("slack", "SlackExport"), ("telegram", "TelegramExport"),
    ("messenger", "MessengerExport"), ("google_chat", "GoogleChatExport"), ("skype", "SkypeExport"),
    ("signal", "SignalExport"), ("matrix", "MatrixExport"), ("assistants", "AssistantExport"), ("mail", "Mail"),
    ("line", "LineExport"), ("kakaotalk", "KakaoTalkExport"), ("imessage", "IMessageExport"),
    ("whatsapp", "WhatsAppExport"), ("irc", "IrcLogs"), ("discourse", "DiscourseTopics"), ("reddit", "RedditExport"),
    ("webpages", "WebPages"), ("transcripts", "Transcripts"), ("records", "Records"), ("files", "Files"),
)  # fmt: skip
"""(module, class) of the sources that recognise files, the most particular format first: the first
that says yes is taken, and plain text comes last."""
_FOLDERS = "look through folders"
_SAY_WHICH = "If it is an export, say which: masa-rag add --as NAME, or form=NAME"

WHOLE_FOLDERS = frozenset(
    "Tweets DiscordExport SlackExport TelegramExport MessengerExport GoogleChatExport SignalExport AssistantExport "
    "Mail WebPages".split()
)
"""Those whose exports are folders with parts that mean nothing alone (an X archive, a Slack export, a
page with its assets). Any other folder is taken apart, file by file."""
_BY_FIRST_FILES = frozenset({"Tweets", "DiscordExport", "TelegramExport", "MessengerExport"})
"""Those of them that know a folder by the first of its files, so that there may be others among them."""
PLUGINS = "masa_rag.sources"
"""Entry-point group of other packages' sources. One with a ``recognises`` like FileSource's is asked first."""


def known_sources() -> dict[str, str]:
    """Return the name of every file source and where it comes from, those of other packages included."""
    own = {name: f"masa_rag.sources.{module}" for module, name in FILE_SOURCES}
    return own | {name: f"{kind.__module__} (plug-in)" for name, kind in _plugins().items()}


def open_source(path: str | Path, *, form: str | None = None, **options: Any) -> Source:
    """Return the source that reads a file, a zip, a folder or an address, recognised by its content.

    An address is asked what it is: a podcast's feed, another feed, or a page. A whole site is read only with
    ``form="Website"``.

    Args:
        path: What to read.
        form: Name of the source to use instead of recognising it, for example "Tweets".
        options: Passed to the source, for example ``name=`` or ``speakers=``.

    Raises:
        SourceUnavailableError: Nothing is there.
        SourceFormatError: No source knows the format, or the folder holds several; see ``open_sources``.
    """
    sources = open_sources(path, form=form, **options)
    if len(sources) == 1:
        return sources[0]
    names = ", ".join(type(source).__name__ for source in sources)
    raise SourceFormatError(f"this folder holds several formats ({names}); add each of open_sources", path=str(path))


def open_sources(
    path: str | Path, *, form: str | None = None, progress: OnProgress | None = None, **options: Any
) -> list[Source]:
    """Return the sources that read what is there: one, or for a folder of several formats one each.

    Takes what ``open_source`` takes; when there are several, each is named after its format and ``name=``, such as
    "whatsapp:crew". Files of a folder that no source recognises are left out with a warning that names them; one
    that is given by itself is read as plain text where it can be, with a warning.

    Args:
        path: What to read.
        form: Name of the source to use instead of recognising it.
        progress: Called as ``progress(step, done, total)`` while a folder is looked through; total 0 means not known.
        options: Passed to the sources; of them ``timezone=`` to those that take one, whose times may name none.
    """
    given = str(path)
    if given.lower().startswith(("http://", "https://")):
        from masa_rag.sources._places import source_at

        options.pop("timezone", None)
        return [source_at(given, form=form, **options)]
    place, progress = expanded(path), progress or _untold
    try:
        if not given.strip() or not place.exists():  # to pathlib "" is the folder where one is
            raise absent(given)
        if place.is_dir():
            progress(_FOLDERS, 0, 0)  # whether the whole is one export takes seconds for a whole disk
        if not (place.is_dir() or place.is_file()):
            raise SourceFormatError("this is a pipe or a device; save what it gives as a file first", path=given)
        kind = _kind_named(form) if form is not None else _recognise(place)
        if kind is not None:
            if form is None and _is_unknown_text(kind, place):
                columns = fields_advice(place, read_head(place))
                more = f" ({columns})" if columns is not None else ""
                warnings.warn(f"no source recognises {given}{more}; read as plain text. {_SAY_WHICH}", stacklevel=2)
            return [_made(kind, place, **options)]
        if place.is_dir():
            return _sources_within(place, progress, **options)
        head = read_head(place)
    except OSError as error:
        raise SourceUnavailableError(
            f"received {given!r}, which cannot be read ({error.strerror or error}); check its permissions"
        ) from error
    if not head:
        raise SourceFormatError("this file is empty; export or download it again", path=given)
    known = f"known are {', '.join(known_sources())}. {_SAY_WHICH}"
    raise SourceFormatError(f"what is in this file is not recognised: {advice(place, head) or known}", path=given)


def _is_unknown_text(kind: type[FileSource], place: Path) -> bool:
    """Say whether a file can be read, but of a folder would be left out, such as JSON that is cut off."""
    return kind.__name__ == FILE_SOURCES[-1][1] and place.suffix.lower() not in {"", *kind.suffixes}


def _untold(step: str, done: int, total: int) -> None:
    """Tell nobody how far it is."""


def _sources_within(folder: Path, progress: OnProgress, **options: Any) -> list[Source]:
    """Return a source for each format in a folder that is no export itself."""
    looked_at = count(1)
    exports = list(_exports_within(folder, lambda: progress(_FOLDERS, next(looked_at), 0)))
    groups, unknown = _kinds_within(folder, exports, progress)
    # An export of a memory is a source of its own, and a plug-in need not be able to read several files, nor a folder.
    exports += [(kind, path) for kind in list(groups) if not issubclass(kind, FileSource) for path in groups.pop(kind)]
    left_out, document = listed(folder, unknown)
    if not groups and not exports:
        raise SourceFormatError(
            f"none of the files in this folder is recognised ({left_out}); "
            f"{document or 'known are ' + ', '.join(known_sources())}"
            if unknown
            else "this folder holds no files; name one with exports, transcripts, pages, recordings or text",
            path=str(folder),
        )
    if unknown:
        advised = f". {document}" if document else ""
        warnings.warn(f"no source recognises {left_out} in {folder}; left out{advised}", stacklevel=3)
    name = options.pop("name", None)
    several = len(groups) + len(exports) > 1

    def make(kind: type[FileSource], place: Path) -> FileSource:
        if name is None:
            return _made(kind, place, **options)
        if not issubclass(kind, FileSource):
            warnings.warn(f"{place} keeps the name it has; name={name!r} is for other formats", stacklevel=5)
            return _made(kind, place, **options)
        return _made(kind, place, name=f"{kind.form}:{name}" if several else name, **options)

    whole = [make(kind, place) for kind, place in exports]
    return [*whole, *(_restricted(make(kind, folder), files) for kind, files in groups.items())]


def _made(kind: type[FileSource], place: Path, **options: Any) -> FileSource:
    if "timezone" in options and "timezone" not in inspect.signature(kind).parameters:
        del options["timezone"]  # all of its times name theirs
    return kind(place, **options)


def _recognise(place: Path) -> type[FileSource] | None:
    head = read_head(place)
    kinds = (kind for kind in file_sources() if not place.is_dir() or kind.__name__ in WHOLE_FOLDERS)
    kind = next((kind for kind in kinds if kind.recognises(place, head)), None)
    return None if kind is not None and place.is_dir() and _has_strays(kind, place) else kind


def _has_strays(kind: type[FileSource], folder: Path) -> bool:
    """Say whether a folder holds more than an export of chats: files of other formats that would be lost with it.

    What lies deeper than the export's own files belongs to it: pictures, voices, files that were sent.
    """
    if kind.__name__ == "WebPages":  # which load texts, tables and feeds of their own
        loaded = {"Files", "Feed", "Records", kind.__name__}
        from masa_rag.sources._pages.kinds import may_be_no_page

        beside = filter(may_be_no_page, visible_files(folder))
        return any(found.__name__ not in loaded for path in beside if (found := _reader(path)) is not None)
    if kind.__name__ not in _BY_FIRST_FILES or (folder / "export_results.html").exists():  # Telegram's whole account
        return False
    own = set(kind(folder).files())
    homes = {path.parent for path in own}
    if folder in own:  # read as one: an archive of X, a package of Discord
        return False
    if any(map(is_export, own)):  # whose lines resemble tweets and messages
        return True
    strays = (path for path in visible_files(folder) if path not in own and homes.isdisjoint(path.parent.parents))
    return any(_reader(path) is not None for path in strays)


def _reader(path: Path) -> type[FileSource] | None:
    """Return the source that reads a file of a folder: by its content, and only with one of its endings."""
    kind = _recognise(path)
    suffixes = getattr(kind, "suffixes", None)
    return kind if not suffixes or path.suffix.lower() in suffixes else None


def _exports_within(folder: Path, tell: Callable[[], object]) -> Iterator[tuple[type[FileSource], Path]]:
    """Yield the folders that are one export: an X archive, a Slack export, whose files mean nothing alone."""
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:  # not ours to read: _kinds_within names it
        return
    for path in inside:
        if path.name.startswith("."):
            continue
        tell()
        try:
            kind = _recognise(path)
        except OSError:
            continue
        if kind is not None and kind.global_ids:
            yield kind, path
        else:
            yield from _exports_within(path, tell)


def _kinds_within(
    folder: Path, exports: list[tuple[type[FileSource], Path]], progress: OnProgress
) -> tuple[dict[type[FileSource], list[Path]], list[str]]:
    """Return the readable files by their source, and the names of those that none knows or that may not be read.

    Exports are read as a whole; what belongs to a memory is nobody's to read, and what is said is read once.
    """
    from masa_rag.sources._spoken_twice import spoken_twice

    groups: dict[type[FileSource], list[Path]] = {}
    unknown: list[str] = []
    refused: list[Path] = []

    def refuse(error: OSError, path: Path | None = None) -> None:
        place = path if path is not None else Path(error.filename)
        refused.append(place)
        unknown.append(f"{place.relative_to(folder)} ({error.strerror or error})")

    found = sorted(visible_files(folder, refused=refuse))
    taken = {path for _, path in exports} | {path.parent for path in found if path.name == "memory.db"}
    for number, path in enumerate(found, 1):
        progress("recognise files", number, len(found))
        if not taken.isdisjoint(path.parents):
            continue
        try:
            kind = _reader(path)
        except OSError as error:
            refuse(error, path)
            continue
        if kind is not None:
            groups.setdefault(kind, []).append(path)
        else:
            unknown.append(str(path.relative_to(folder)))
    doubles = spoken_twice({kind.__name__: paths for kind, paths in groups.items()})
    once = {kind: [path for path in paths if path not in doubles] for kind, paths in groups.items()}
    beside = tuple(ending for kind in groups for ending in getattr(kind, "beside", ()))
    # Each source may have read them before: it is to report them, for what fails is not taken to be gone.
    return {kind: [*paths, *refused] for kind, paths in once.items() if paths}, [
        name for name in unknown if not name.endswith(beside)
    ]


def _restricted(source: FileSource, files: list[Path]) -> FileSource:
    source.only = frozenset(files)
    return source


def _kind_named(form: str) -> type[FileSource]:
    for kind in file_sources():
        if kind.__name__.lower() == form.lower():
            return kind
    raise ConfigurationError(f"received the source {form!r}; known are {', '.join(known_sources())}")


def file_sources() -> Iterator[type[FileSource]]:
    """Yield plug-ins, then the classes of FILE_SOURCES, importing each when its turn comes."""
    yield from _plugins().values()
    for module, name in FILE_SOURCES:
        yield getattr(importlib.import_module(f"masa_rag.sources.{module}"), name)


@cache
def _plugins() -> dict[str, type[FileSource]]:
    """Return the sources of other packages; one that cannot be loaded is warned about and skipped."""
    found = {}
    for point in entry_points(group=PLUGINS):
        try:
            kind = point.load()
        except Exception as error:  # noqa: BLE001 - whatever somebody else's package raises, ours must go on
            warnings.warn(f"the source {point.name!r} ({point.value}) cannot be loaded: {error}", stacklevel=3)
            continue
        if hasattr(kind, "recognises"):
            found[point.name] = kind
    return found
