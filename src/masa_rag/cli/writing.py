"""Commands that write: add, sync, remember, forget."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from masa_rag.cli._common import (
    PATH,
    Command,
    exit_status,
    json_option,
    memory_option,
    open_memory,
    reading_into,
    show_broken,
)

_NAME = "Name of the source in the memory, for a folder of several formats after each format's; default: the path's."
_FIELD = "Read as Records, with this field as text, author, time, url, title, id, thread or reply_to; repeatable."
_ZONE = "Zone of times that name none (WhatsApp, IRC), such as Europe/Oslo; the same each time. Default: UTC."


def _of_sources(function: Command) -> Command:
    """Add what says how the paths are read; ``_bring`` takes it."""
    for option in reversed((
        click.argument("paths", nargs=-1, required=True, type=PATH),
        click.option("--name", help=_NAME),
        click.option("--as", "form", help="Read it as this source instead of recognising it; see masa-rag plugins."),
        click.option("--timezone", help=_ZONE),
        click.option("--field", "fields", multiple=True, metavar="ROLE=NAME", help=_FIELD),
    )):  # fmt: skip
        function = option(function)
    return function


@click.command()
@_of_sources
@memory_option
@json_option
def add(paths: tuple[str, ...], place: Path, as_json: bool, **given: Any) -> None:
    """Add files, folders or addresses.

    The format is recognised by its content. Unchanged documents cost nothing; nothing is deleted.
    """
    _bring("add", paths, place, as_json, **given)


@click.command()
@_of_sources
@click.option("--allow-mass-delete", is_flag=True, help="Allow more than half of the source's documents to go.")
@memory_option
@json_option
def sync(paths: tuple[str, ...], place: Path, as_json: bool, allow_mass_delete: bool, **given: Any) -> None:
    """Mirror files, folders or addresses: what is gone is deleted."""
    _bring("sync", paths, place, as_json, allow_mass_delete=allow_mass_delete, **given)


def _bring(
    verb: str,
    paths: Sequence[str],
    place: Path,
    as_json: bool,
    *,
    name: str | None,
    fields: Sequence[str],
    **options: Any,
) -> None:
    from masa_rag.cli._output import hint, print_reports

    if name is not None and len(paths) > 1:
        raise click.UsageError(f"received one --name for {len(paths)} paths; give one path, or leave --name out")
    if fields:
        if (form := options.get("form") or "Records").lower() != "records":
            raise click.UsageError(f"received --field for {form}; expected --as Records, or no --as")
        options |= {"form": form, "fields": _named(fields)}
    with reading_into(verb, paths, place, name=name, **options) as (_, reports, broken):
        print_reports(reports, as_json=as_json)
        show_broken(broken)
    if verb == "add" and not as_json and any(report.seen > len(report.failed) for report in reports):
        click.echo(f"ask it with: {hint('ask', place)}", err=True)
    sys.exit(exit_status(reports, broken))


def _named(fields: Sequence[str]) -> dict[str, str]:
    """Return which field is which, as given by ``--field text=body``."""
    named = dict(field.partition("=")[::2] for field in fields)
    if wrong := next((role for role, path in named.items() if not path), None):
        raise click.UsageError(f"received --field {wrong}; expected such as --field text=body")
    return named


@click.command()
@click.argument("text")
@click.option("--author", help="Who says so.")
@click.option("--title", help="A title for people.")
@click.option("--url", help="Where it can be seen.")
@memory_option
def remember(text: str, author: str | None, title: str | None, url: str | None, place: Path) -> None:
    """Store one note; "-" reads it from standard input. Prints its id."""
    if text == "-":
        text = _piped()
    with open_memory(place, create=True) as memory:
        click.echo(memory.remember(text, author=author, title=title, url=url))


def _piped() -> str:
    """Return standard input, read as a file with the same bytes is: its encoding need not be the terminal's."""
    from masa_rag.sources._transcripts.base import decoded, lines_of

    text, name, sure = decoded(sys.stdin.buffer.read() if sys.stdin is not None else b"")  # None: it is closed
    if not sure:
        click.secho(
            f"Note: this is no whole UTF-8; it was read as {name}, and letters may be wrong", fg="yellow", err=True
        )
    return "\n".join(lines_of(text))


@click.command()
@click.option("--author", multiple=True, help="Erase what this person said: the whole name (repeat for several).")
@click.option("--source", multiple=True, help="Erase this source (repeat for several), or documents of it.")
@click.option("--document", multiple=True, help="Erase this document of --source (repeat for several).")
@click.option("--undo", is_flag=True, help="Erase nothing: let the next import bring it back.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@memory_option
def forget(
    author: Sequence[str], source: Sequence[str], document: Sequence[str], undo: bool, yes: bool, place: Path
) -> None:
    """Erase for good, and keep out in future.

    Text and vectors are overwritten in every file of the memory.
    """
    from masa_rag._views import erased
    from masa_rag._why_nothing import why_nothing
    from masa_rag.cli._output import printable

    if bool(author) == bool(source) or (document and len(source) != 1):
        raise click.UsageError("name what to erase: --author, or --source, or one --source and --document")
    named = {"author": author or None, "source": source or None, "document": document or None}
    with open_memory(place) as memory:
        if undo:
            known = memory.allow(**named)
            click.echo("may be added again" if known else "was not forgotten")
            return
        if not yes:
            click.confirm("This cannot be undone. Go on?", abort=True)
        known_names = memory.catalog.source_names()
        unknown = [name for name in source if memory.catalog.source_called(name) not in known_names]
        click.echo(erased(memory.forget(**named)))
        if unknown:  # more often misspelt than yet to come
            click.secho(f"Note: {printable(str(why_nothing(memory, source=unknown)))}", fg="yellow", err=True)
