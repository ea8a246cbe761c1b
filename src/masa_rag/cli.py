"""The command line: the same verbs as class Memory. ``masa-rag --help`` begins with an example."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from masa_rag import __version__
from masa_rag._lazy import require
from masa_rag.errors import MasaRagError, MissingDependencyError, SourceError, TranscriptionError

if TYPE_CHECKING:
    from masa_rag.memory import Memory
    from masa_rag.protocols import Embedder
    from masa_rag.types import IngestReport


class _Group(click.Group):
    """Turns the library's errors into one line on stderr and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MasaRagError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="masa-rag")
def main() -> None:
    """A memory made of what people really say: tweets, pages, chats and podcasts.

    \b
    masa-rag add episodes/ export.zip notes.md
    masa-rag search "who owns the data market?"

    The memory is the folder --memory, or MASA_RAG_MEMORY, or ./brain.
    """


def _memory_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "-m", "--memory", "place", type=click.Path(path_type=Path), default="brain", show_default=True,
        envvar="MASA_RAG_MEMORY", help="Folder of the memory.",
    )(function)  # fmt: skip


def _json_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def _filter_options(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed((
        click.option("-k", default=8, show_default=True, type=click.IntRange(1), help="How many passages."),
        click.option("--author", multiple=True, help="Only what this person says (repeat for several)."),
        click.option("--source", multiple=True, help="Only from this source."),
        click.option("--kind", multiple=True, help="Only post, page, conversation, speech or note."),
        click.option("--after", help="Only from this time on, such as 2024-05-01."),
        click.option("--before", help="Only before this time."),
    )):  # fmt: skip
        function = option(function)
    return function


def _filters(author: Sequence[str], source: Sequence[str], kind: Sequence[str], **times: str | None) -> dict[str, Any]:
    return {"author": author or None, "source": source or None, "kind": kind or None, **times}


@main.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--name", help="Name of the source in the memory; made from the path when left out.")
@click.option("--as", "form", help="Read it as this source instead of recognising it; see masa-rag plugins.")
@_memory_option
@_json_option
def add(paths: tuple[str, ...], name: str | None, form: str | None, place: Path, as_json: bool) -> None:
    """Add files, folders or addresses; the format is recognised by its content.

    Unchanged documents cost nothing; nothing is deleted.
    """
    _bring("add", paths, name, form, place, as_json)


@main.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--name", help="Name of the source in the memory; made from the path when left out.")
@click.option("--as", "form", help="Read it as this source instead of recognising it; see masa-rag plugins.")
@click.option("--allow-mass-delete", is_flag=True, help="Allow more than half of the source's documents to go.")
@_memory_option
@_json_option
def sync(
    paths: tuple[str, ...], name: str | None, form: str | None, allow_mass_delete: bool, place: Path, as_json: bool
) -> None:
    """Mirror files, folders or addresses: as add, and delete what is no longer there."""
    _bring("sync", paths, name, form, place, as_json, allow_mass_delete=allow_mass_delete)


def _bring(
    verb: str, paths: Sequence[str], name: str | None, form: str | None, place: Path, as_json: bool, **options: Any
) -> None:
    from masa_rag._output import Bar, print_reports
    from masa_rag.sources import open_sources

    if name is not None and len(paths) > 1:
        raise click.UsageError(f"received one --name for {len(paths)} paths; give one path, or leave --name out")
    given = {} if name is None else {"name": name}
    sources = [source for path in paths for source in open_sources(path, form=form, **given)]
    reports: list[IngestReport] = []
    broken: list[str] = []
    with Bar() as bar, _open(place, create=True, progress=bar) as memory:
        for source in sources:
            try:
                reports.append(getattr(memory, verb)(source, **options))
            except (SourceError, MissingDependencyError, TranscriptionError) as error:  # the others still get in
                broken.append(f"{source.name}: {error}")
    print_reports(reports, as_json=as_json)
    for line in broken:
        click.secho(f"Error: {line}", fg="red", err=True)
    if not as_json and reports:
        click.echo(f'ask it with: masa-rag search -m {place} "your question"', err=True)
    if broken or any(report.failed for report in reports):
        sys.exit(3)


@main.command()
@click.argument("query")
@_filter_options
@_memory_option
@_json_option
def search(query: str, k: int, place: Path, as_json: bool, **filters: Any) -> None:
    """Print the passages that answer a question, best first."""
    from masa_rag._output import print_hits

    with _open(place) as memory:
        print_hits(memory.search(query, k=k, **_filters(**filters)), as_json=as_json)


@main.command()
@click.argument("query")
@click.option("--max-tokens", default=1_500, show_default=True, type=click.IntRange(1), help="Budget for the text.")
@_filter_options
@_memory_option
@_json_option
def context(query: str, max_tokens: int, k: int, place: Path, as_json: bool, **filters: Any) -> None:
    """Print passages ready for a prompt: numbered, cited, fenced as data."""
    from masa_rag._output import as_plain

    with _open(place) as memory:
        found = memory.context(query, max_tokens=max_tokens, k=k, **_filters(**filters))
    click.echo(json.dumps(as_plain(found), ensure_ascii=False, indent=2) if as_json else found.text)


@main.command()
@click.argument("question")
@_filter_options
@_memory_option
@_json_option
def ask(question: str, k: int, place: Path, as_json: bool, **filters: Any) -> None:
    """Answer with the best sentences, word for word and cited; no language model is needed."""
    from masa_rag._output import print_json

    with _open(place) as memory:
        answer = memory.ask(question, k=k, **_filters(**filters))
    if as_json:
        print_json(answer)
    else:
        click.echo(str(answer))


@main.command()
@click.argument("text")
@click.option("--author", help="Who says so.")
@click.option("--title", help="A title for people.")
@click.option("--url", help="Where it can be seen.")
@_memory_option
def remember(text: str, author: str | None, title: str | None, url: str | None, place: Path) -> None:
    """Store one note; "-" reads it from standard input. Prints its id."""
    if text == "-":
        text = sys.stdin.read()
    with _open(place, create=True) as memory:
        click.echo(memory.remember(text, author=author, title=title, url=url))


@main.command()
@click.option("--author", help="Erase what this person said (the whole name).")
@click.option("--source", help="Erase this source, or one document of it.")
@click.option("--document", help="Erase this document of --source.")
@click.option("--undo", is_flag=True, help="Erase nothing: let the next import bring it back.")
@click.confirmation_option("--yes", prompt="This cannot be undone. Go on?")
@_memory_option
def forget(author: str | None, source: str | None, document: str | None, undo: bool, place: Path) -> None:
    """Erase text and vectors from every file of the memory, and keep them out in future."""
    with _open(place) as memory:
        if undo:
            known = memory.allow(author=author, source=source, document=document)
            click.echo("may be added again" if known else "was not forgotten")
            return
        report = memory.forget(author=author, source=source, document=document)
    click.echo(f"erased {report.deleted} documents, and parts of {report.updated} others")


@main.command()
@_memory_option
@_json_option
def info(place: Path, as_json: bool) -> None:
    """Say what is in the memory."""
    from masa_rag._output import print_info

    with _open(place) as memory:
        print_info(memory.info(), as_json=as_json)


@main.command()
@_memory_option
@_json_option
def verify(place: Path, as_json: bool) -> None:
    """Look for disagreements between text, words, vectors and index; exit status 1 if there are any."""
    from masa_rag._output import as_plain

    with _open(place) as memory:
        problems = memory.verify()
    if as_json:
        click.echo(json.dumps([as_plain(problem) for problem in problems], ensure_ascii=False, indent=2))
    else:
        for problem in problems:
            click.echo(str(problem))
        click.echo(f"{len(problems)} problems; run: masa-rag rebuild" if problems else "all parts agree")
    sys.exit(1 if problems else 0)


@main.command()
@click.option("--re-embed", is_flag=True, help="Accept another model or chunker, and make all vectors anew.")
@_memory_option
def rebuild(re_embed: bool, place: Path) -> None:
    """Make passages, words and index anew from the stored documents."""
    from masa_rag._output import Bar

    with Bar() as bar, _open(place, re_embed=re_embed, progress=bar) as memory:
        click.echo(f"{memory.rebuild()} passages in words, vectors and index")


@main.command()
@_memory_option
@_json_option
def doctor(place: Path, as_json: bool) -> None:
    """Print versions, devices, weights and paths: what a bug report needs."""
    from masa_rag._doctor import examine
    from masa_rag._output import print_pairs

    print_pairs(examine(place), as_json=as_json)


@main.command()
@_json_option
def plugins(as_json: bool) -> None:
    """List the sources, those of other packages included."""
    from masa_rag._output import print_pairs
    from masa_rag.sources import known_sources

    print_pairs(known_sources(), as_json=as_json)


@main.command()
@click.option("--http", is_flag=True, help="Serve streamable HTTP on 127.0.0.1 instead of standard input and output.")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(1, 65535), help="Port of --http.")
@click.option("--allow-write", is_flag=True, help="Also offer the tools remember and forget.")
@_memory_option
def mcp(http: bool, port: int, allow_write: bool, place: Path) -> None:
    """Serve the memory to MCP clients (Claude, ChatGPT, Cursor, VS Code and others).

    With --http, clients send the token of the environment variable MASA_RAG_MCP_TOKEN; one is made and
    printed when it is not set.
    """
    from masa_rag.integrations.mcp import http_app, make_server

    with _open(place) as memory:
        server = make_server(memory, allow_write=allow_write)
        if not http:
            server.run("stdio")
            return
        token = os.environ.get("MASA_RAG_MCP_TOKEN") or secrets.token_urlsafe(24)
        if "MASA_RAG_MCP_TOKEN" not in os.environ:
            click.echo(f"token: {token}", err=True)
        uvicorn = require("uvicorn", extra="mcp", purpose="The MCP server over HTTP")
        uvicorn.run(http_app(server, token=token, port=port), host="127.0.0.1", port=port, log_level="warning")


@main.command()
@click.option("--port", default=8766, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@_memory_option
def serve(port: int, place: Path) -> None:
    """Show the memory in the browser, on this machine only. Ends with Ctrl-C."""
    from masa_rag.integrations.serve import make_page_server

    with _open(place) as memory, make_page_server(memory, port=port) as server:
        click.echo(f"http://127.0.0.1:{server.server_address[1]}")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo()


@main.command()
@_memory_option
def demo(place: Path) -> None:
    """Make a small memory of an invented story and ask it three questions."""
    from masa_rag._demo import run_demo

    run_demo(place)


def _open(place: Path, *, create: bool = False, **options: Any) -> Memory:
    from masa_rag.memory import Memory

    if not create and not (place / "memory.db").exists():
        raise click.ClickException(
            f"there is no memory at {str(place)!r}; make one with: masa-rag add PATH, or name another with --memory"
        )
    return Memory(place, embedder=_embedder(), **options)


def _embedder() -> Embedder | None:
    """Return the embedder of MASA_RAG_MODEL, a sentence-transformers name or folder; None for the default."""
    name = os.environ.get("MASA_RAG_MODEL")
    if not name:
        return None
    from masa_rag.embedders import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(name)
