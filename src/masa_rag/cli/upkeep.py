"""Commands that keep a memory sound, and what is in it safe: export, verify, rebuild, doctor, plugins."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from masa_rag._shell import quoted
from masa_rag.cli._common import PATH, json_option, memory_option, open_memory


@click.command()
@click.argument("folder", type=PATH)
@click.option("--source", multiple=True, help="Only this source (repeat for several).")
@click.option("--markdown", is_flag=True, help="For people: in the order of time, without posts that repeat others.")
@memory_option
@json_option
def export(folder: str, source: tuple[str, ...], markdown: bool, place: Path, as_json: bool) -> None:
    """Write what is in the memory into a folder, one file a source.

    masa-rag add reads it back, into this memory or another one.
    """
    from masa_rag._views import counted
    from masa_rag.cli._output import Bar, hint, print_json, printable

    with Bar() as bar, open_memory(place, progress=bar) as memory:
        files = memory.export(folder, source=source or None, form="markdown" if markdown else "jsonl")
    if as_json:
        print_json(files)
        return
    for file in files:
        click.echo(printable(f"{file.source}: {counted(file.documents, 'document')} in {file.path}"))
    if not files:
        click.echo("the memory is empty; nothing was written", err=True)
    elif not markdown:
        click.echo(f"put it back with: {hint('add', place, quoted(folder))}", err=True)


@click.command()
@memory_option
@json_option
def verify(place: Path, as_json: bool) -> None:
    """Look for what does not agree within the memory.

    Text, words, vectors and index are compared; exit status 1 if they differ anywhere.
    """
    from masa_rag._views import counted
    from masa_rag.cli._output import hint, print_json, printable

    with open_memory(place) as memory:
        problems = memory.verify()
    if as_json:
        print_json(problems)
    else:
        for problem in problems:
            click.echo(printable(str(problem)))
        found = f"{counted(len(problems), 'problem')}; run: {hint('rebuild', place, '')}"
        click.echo(found if problems else "all parts agree")
    sys.exit(1 if problems else 0)


@click.command()
@click.option("--re-embed", is_flag=True, help="Accept another model or chunker, and make all vectors anew.")
@memory_option
def rebuild(re_embed: bool, place: Path) -> None:
    """Make passages, words and index anew from the documents."""
    from masa_rag._views import counted
    from masa_rag.cli._output import Bar

    with Bar() as bar, open_memory(place, re_embed=re_embed, progress=bar) as memory:
        passages = memory.info().vectors if memory.was_made_anew else memory.rebuild()
        click.echo(f"{counted(passages, 'passage')} in words, vectors and index")


@click.command()
@memory_option
@json_option
def doctor(place: Path, as_json: bool) -> None:
    """Print versions, devices, weights and paths, for bug reports."""
    from masa_rag.cli._doctor import examine
    from masa_rag.cli._output import print_pairs

    print_pairs(examine(place), as_json=as_json)


@click.command()
@json_option
def plugins(as_json: bool) -> None:
    """List the sources, those of other packages included."""
    from masa_rag.cli._output import print_pairs
    from masa_rag.sources import known_sources

    print_pairs(known_sources(), as_json=as_json)
