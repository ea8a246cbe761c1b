"""Commands that read: search, context, ask, show, trends, info."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from masa_rag._lazy import require
from masa_rag._shell import quoted
from masa_rag.cli._common import (
    PATH,
    exit_status,
    filter_options,
    filters,
    json_option,
    memory_option,
    open_memory,
    reading_into,
    show_broken,
    who_options,
    words_argument,
)
from masa_rag.errors import ConfigurationError, DocumentNotFoundError

if TYPE_CHECKING:
    from masa_rag.memory import Memory
    from masa_rag.types import Document

_NAMED = 20
"""So many documents of one title are named at most."""


@click.command()
@words_argument("query")
@click.option("-k", default=8, show_default=True, type=click.IntRange(1), help="How many passages.")
@filter_options
@memory_option
@json_option
def search(query: str, k: int, place: Path, as_json: bool, **chosen: Any) -> None:
    """Print the passages that answer a question, best first."""
    from masa_rag.cli._output import print_hits

    with open_memory(place) as memory:
        hits = memory.search(query, k=k, **filters(**chosen))
        print_hits(hits, as_json=as_json)
        if not hits:
            click.echo(_nothing_found(memory, **chosen), err=as_json)


def _nothing_found(memory: Memory, **chosen: Any) -> str:
    from masa_rag._why_nothing import why_nothing
    from masa_rag.cli._output import printable

    reason = why_nothing(memory, **chosen)
    return printable("nothing found" if reason is None else f"nothing found: {reason}")


@click.command()
@words_argument("query")
@click.option("--max-tokens", default=1_500, show_default=True, type=click.IntRange(1), help="Budget for the text.")
@click.option("-k", default=48, show_default=True, type=click.IntRange(1), help="How many passages to consider.")
@filter_options
@memory_option
@json_option
def context(query: str, max_tokens: int, k: int, place: Path, as_json: bool, **chosen: Any) -> None:
    """Print passages ready for a prompt.

    They are numbered, cited and fenced as data.
    """
    from masa_rag.cli._output import print_json, printable_lines

    with open_memory(place) as memory:
        found = memory.context(query, max_tokens=max_tokens, k=k, **filters(**chosen))
        if as_json:
            print_json(found)
        else:
            click.echo(printable_lines(found.text))
        if not found.hits:
            click.echo(_nothing_found(memory, **chosen), err=True)


@click.command()
@words_argument("question")
@click.option(
    "--add", "paths", multiple=True, type=PATH, help="Read this file, folder or address first (repeat for several)."
)
@click.option("--model", help="A chat model of LangChain by name, such as ollama:llama3.2; extra langchain.")
@click.option("-k", type=click.IntRange(1), help="How many passages to consider.  [default: 8; with --model 48]")
@filter_options
@memory_option
@json_option
def ask(
    question: str, paths: tuple[str, ...], model: str | None, k: int | None, place: Path, as_json: bool, **chosen: Any
) -> None:
    """Answer a question: cited, and checked.

    Without --model the answer is made of the best sentences, word for word.

    \b
    masa-rag ask "Why was the launch moved?" --add episodes/
    """
    from masa_rag.cli._output import hint, print_json, print_reports, printable_lines

    status = 0
    with ExitStack() as opened:
        if paths:
            memory, reports, broken = opened.enter_context(reading_into("add", paths, place))
            print_reports(reports, err=True)
            show_broken(broken)
            status = exit_status(reports, broken)
        else:
            memory = opened.enter_context(open_memory(place))
        answer = memory.ask(question, model=_model(model), **({} if k is None else {"k": k}), **filters(**chosen))
        if as_json:
            print_json(answer)
        else:
            click.echo(printable_lines(str(answer)))
        if not answer.hits:
            click.echo(_nothing_found(memory, **chosen), err=True)
    if not as_json and not answer.found and answer.hits:
        click.echo(f"what comes nearest: {hint('search', place, quoted(question))}", err=True)
    sys.exit(status)


def _model(name: str | None) -> Callable[[str], str] | None:
    """Return a LangChain chat model as a function; what its provider raises becomes one line."""
    if name is None:
        return None
    models = require("langchain.chat_models", extra="langchain", purpose="A chat model by name")

    def reply(prompt: str) -> str:
        try:
            return str(models.init_chat_model(name).invoke(prompt).text)
        except Exception as error:  # providers raise errors of their own kinds, of which none can be named here
            reason = str(error).strip().partition("\n")[0]
            raise ConfigurationError(
                f"the model {name!r} did not answer ({reason}); expected provider:model, such as openai:gpt-5 or "
                "ollama:llama3.2, with its package installed and its key set"
            ) from error

    return reply


@click.command()
@words_argument("document")
@click.option("--source", help="The source that it is in.")
@memory_option
@json_option
def show(document: str, source: str | None, place: Path, as_json: bool) -> None:
    """Print a whole document, by its title, its address or its id.

    \b
    masa-rag show Salt and Signal 12
    masa-rag show https://twitter.com/tidewell_sea/status/9100001
    """
    from masa_rag.cli._output import print_document

    with open_memory(place) as memory:
        home, found = _called(memory, document, source)
        print_document(found, source=home, as_json=as_json)


def _called(memory: Memory, name: str, source: str | None) -> tuple[str, Document]:
    from masa_rag._statistics import documents_called

    found = documents_called(memory.catalog.connection, name)
    if source is not None:
        found = [place for place in found if place[0] == memory.catalog.source_called(source)]
    if len(found) > 1:
        ids = ", ".join(f"{id} ({home})" for home, id in found[:_NAMED]) + (" and more" if len(found) > _NAMED else "")
        raise ConfigurationError(f"received {name!r}, which is {len(found)} documents; name one by its id: {ids}")
    document = memory.document(*found[0]) if found else None
    if document is None:
        raise DocumentNotFoundError(
            f"received {name!r}, which no document has as its title, address or id; masa-rag search names them"
        )
    return found[0][0], document


@click.command()
@click.argument("subjects", nargs=-1)
@click.option("--days", default=7.0, show_default=True, help="How long the last stretch of time is.")
@click.option("--until", help="When it ends, such as 2024-05-01.  [default: when the last passage was said]")
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="How many trends.")
@who_options
@memory_option
@json_option
def trends(
    subjects: tuple[str, ...], days: float, until: str | None, k: int, place: Path, as_json: bool, **chosen: Any
) -> None:
    """Print what is said more than before, or how SUBJECTS go.

    The last days are compared with eight times as many before; copies count for nothing.

    \b
    masa-rag trends --days 3
    masa-rag trends "battery case" buoy
    """
    from masa_rag._time import parse_time
    from masa_rag.cli._output import print_trends

    now = None if until is None else parse_time(until)
    with open_memory(place) as memory:
        found = memory.trends(*subjects, days=days, k=k, now=now, **filters(**chosen))
        print_trends(found, as_json=as_json)
        if not found.voices and any(chosen.values()):
            click.echo(_nothing_found(memory, **chosen), err=True)


@click.command()
@memory_option
@json_option
def info(place: Path, as_json: bool) -> None:
    """Say what is in the memory."""
    from masa_rag.cli._output import print_info

    with open_memory(place) as memory:
        print_info(memory.info(), as_json=as_json)
