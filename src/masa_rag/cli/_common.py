"""What the commands share: options, opening a memory, and reading sources into it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, get_args

import click
from click.core import ParameterSource

from masa_rag.errors import ConfigurationError, MissingDependencyError, SourceError, TranscriptionError
from masa_rag.types import Kind

if TYPE_CHECKING:
    from masa_rag.memory import Memory
    from masa_rag.protocols import Embedder, Source
    from masa_rag.types import IngestReport

Command = Callable[..., None]
_THE_OTHERS_STILL_GET_IN = (SourceError, ConfigurationError, MissingDependencyError, TranscriptionError)
PATH = click.Path(readable=False)
"""A file, a folder or an address; what it is is found out later, but a shell completes it as a path."""


def words_argument(name: str) -> Callable[[Command], Command]:
    """Add an argument of several words, so that a question needs no quotation marks."""

    def join(*given: Any) -> str:
        if not (text := " ".join(given[-1])).strip():
            raise click.UsageError(f"the {name} is empty; expected a question, or some words")
        return text

    return click.argument(name, nargs=-1, required=True, callback=join)


def memory_option(function: Command) -> Command:
    """Add ``--memory``."""
    return click.option(
        "-m", "--memory", "place", type=PATH, default="brain", show_default=True,
        envvar="MASA_RAG_MEMORY", help="Folder of the memory.", callback=_place,
    )(function)  # fmt: skip


def _place(context: click.Context, parameter: click.Parameter, given: str) -> Path:
    before = context.find_root().params.get("place")  # "masa-rag -m brain search", as with git and docker
    if before is not None and context.get_parameter_source(str(parameter.name)) is not ParameterSource.COMMANDLINE:
        given = before
    if not given.strip():  # a shell gives it for a variable that is not set; to pathlib "" is the folder where one is
        raise click.BadParameter('received a blank; expected a folder (this one is ".")')
    return _at_home(given)


def _at_home(place: str) -> Path:
    """Return the folder with the home folder for ``~``, which a shell leaves in ``--memory=~/brain``."""
    return Path(os.path.expanduser(place))


def json_option(function: Command) -> Command:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def filter_options(function: Command) -> Command:
    """Add the filters; ``filters`` turns them into arguments of ``Memory.search``."""
    after = click.option("--after", help="Only from this time on, such as 2024-05-01.")
    before = click.option("--before", help="Only before this time.")
    return who_options(after(before(function)))


def who_options(function: Command) -> Command:
    """Add the filters that name no time."""
    kinds = click.Choice(get_args(Kind))
    for option in reversed((
        click.option("--author", multiple=True, help="Only what this person says (repeat for several)."),
        click.option("--source", multiple=True, help="Only from this source (repeat for several)."),
        click.option("--kind", multiple=True, type=kinds, help="Only of this kind (repeat for several)."),
    )):  # fmt: skip
        function = option(function)
    return function


def filters(author: Sequence[str], source: Sequence[str], kind: Sequence[str], **times: str | None) -> dict[str, Any]:
    """Return the given filters as arguments of ``Memory.search``."""
    return {"author": author or None, "source": source or None, "kind": kind or None, **times}


def open_memory(place: Path, *, create: bool = False, **options: Any) -> Memory:
    """Open the memory; reading commands never make one.

    Opening may take a while, where it finishes what a killed process began; a bar shows it.
    """
    from masa_rag.cli._output import Bar, hint

    if not create and not _is_memory(place):
        beside = "" if place.is_absolute() else f" in {str(Path.cwd())!r}"  # most often the wrong folder
        raise click.ClickException(
            f"there is no memory at {str(place)!r}{beside}; make one with: {hint('add', place, 'PATH')}, "
            "or name another with --memory"
        )
    from masa_rag.memory import Memory  # takes three times as long as the rest: a wrong name is told at once

    with _noticed(), Bar() as bar:
        return Memory(place, embedder=_embedder(), **{"progress": bar, **options})


@contextmanager
def _noticed() -> Iterator[None]:
    """Print what is warned of meanwhile, a line each."""
    from masa_rag.cli._output import printable

    with warnings.catch_warnings(record=True) as noticed:
        warnings.simplefilter("always", UserWarning)
        yield
    for notice in noticed:
        click.secho(f"Note: {printable(str(notice.message))}", fg="yellow", err=True)


def _is_memory(place: Path) -> bool:
    try:
        return (place / "memory.db").exists()
    except OSError:  # a folder that may not be looked into
        return False


def _embedder() -> Embedder | None:
    """Return the embedder of MASA_RAG_MODEL, a model of sentence-transformers; None for the default."""
    name = os.environ.get("MASA_RAG_MODEL")
    if not name:
        return None
    from masa_rag.embedders import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(name)


@contextmanager
def reading_into(
    verb: str,
    paths: Sequence[str],
    place: Path,
    *,
    name: str | None = None,
    form: str | None = None,
    timezone: str | None = None,
    fields: Mapping[str, str] | None = None,
    **options: Any,
) -> Iterator[tuple[Memory, list[IngestReport], list[str]]]:
    """Add or sync what the paths hold; give the open memory, the reports, and a line for each source not read.

    What is said and asked inside need not wait for the vector index, which takes most of a second to come up and is
    told when the memory closes.
    """
    from masa_rag.cli._output import Bar

    told = {"name": name, "timezone": timezone, "fields": fields}
    given = {key: value for key, value in told.items() if value is not None}
    sources, broken = _recognised(paths, form=form, **given)
    reports: list[IngestReport] = []
    try:
        with Bar() as bar, open_memory(place, create=True, progress=bar) as memory:
            if name is not None:
                _as_before(memory, sources, _at_home(paths[0]), name)
            if verb == "sync" and form is None:
                sources += _gone(memory, paths, name, {source.name for source in sources})
            for source in sources:
                try:
                    reports.append(getattr(memory, verb)(source, **options))
                except _THE_OTHERS_STILL_GET_IN as error:
                    broken.append(f"{source.name}: {str(error).removeprefix(f'{source.name}: ')}")
            bar.end()
            yield memory, reports, broken
    except KeyboardInterrupt:
        raise click.ClickException("stopped; what was read is kept, and the same command goes on from there") from None


def _gone(memory: Memory, paths: Sequence[str], name: str | None, found: set[str]) -> list[Source]:
    """Return what was read at the paths before and is not among what is there now, each as a source without documents.

    When the last transcript is taken out of a folder, nothing in it is a source of transcripts any more.
    """
    from masa_rag.sources import FunctionSource
    from masa_rag.sources._base import origin_of

    places = [_at_home(path) for path in paths]
    if name is None:
        before = [(known, origin) for origin in map(origin_of, places) for known in memory.catalog.sources_at(origin)]
    else:
        before = [(known, "") for known in _named(memory, name)] if places[0].is_dir() else []
    return [FunctionSource(known, list, origin=origin) for known, origin in before if known not in found]


def _named(memory: Memory, name: str) -> list[str]:
    """Return the sources that a folder of several formats gave under a name."""
    from masa_rag.sources._registry import file_sources

    names = {f"{getattr(kind, 'form', None)}:{name}" for kind in file_sources()}
    return [known for known in memory.catalog.sources_at("") if known in names]


def _as_before(memory: Memory, sources: Sequence[Source], place: Path, name: str) -> None:
    """Let a folder keep the names that its sources had when it held more formats, or fewer.

    One source has the given name, several are named after their formats too: under another name all would come twice.
    """
    from masa_rag.sources._base import FileSource

    known = set(memory.catalog.source_names())
    if len(sources) == 1 and place.is_dir() and isinstance(only := sources[0], FileSource):
        only.name = named if (named := f"{only.form}:{name}") in known else name
    elif len(sources) > 1 and name in known and known.isdisjoint(source.name for source in sources):
        others = " and ".join(source.name for source in sources)
        raise ConfigurationError(
            f"the memory holds a source {name!r}; this folder of several formats would become {others} beside it. Give "
            f"another --name, or take out what the folder gave before with: masa-rag forget --source {quote(name)}, "
            f"and let the name be used again with: masa-rag forget --undo --source {quote(name)}"
        )


def _recognised(paths: Sequence[str], **given: Any) -> tuple[list[Source], list[str]]:
    """Return the sources of the paths, and a line for each path that has none; raise when no path has any."""
    from masa_rag.cli._output import Bar
    from masa_rag.sources import open_sources

    sources: list[Source] = []
    broken: list[SourceError] = []
    with _noticed(), Bar() as bar:  # the bar's line is wiped before a note is printed
        for path in paths:
            try:
                sources += open_sources(path, progress=bar, **given)
            except SourceError as error:  # a shell's pattern names a PDF among the exports
                broken.append(error)
    if not sources:
        raise broken[0]
    return sources, [str(error) for error in broken]


def show_broken(broken: Sequence[str]) -> None:
    """Print what could not be read on stderr."""
    from masa_rag.cli._output import printable

    for line in broken:
        click.secho(f"Error: {printable(line)}", fg="red", err=True)


def exit_status(reports: Sequence[IngestReport], broken: Sequence[str]) -> int:
    """Return the status of a command that read: 0, 3 if something could not be read, 1 if no source could."""
    return (3 if reports else 1) if broken or any(report.failed for report in reports) else 0
