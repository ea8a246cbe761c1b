"""How the command line shows things: for people by default, as JSON when asked."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from masa_rag._shell import quoted
from masa_rag._views import counted, shortened
from masa_rag.context import cite

if TYPE_CHECKING:
    from masa_rag._check import Info
    from masa_rag.trends import Trends
    from masa_rag.types import Document, Hit, IngestReport


_WIDEST = 100
"""Columns: longer rows are hard to read."""
_HARMLESS = frozenset("\t\u00ad\u200b\u200c\u200d\u200e\u200f\u2060")
"""A tab in code, the soft hyphen, the space and joiners without a width of Persian, Hindi, Khmer and emoji, and
the marks of Hebrew and Arabic."""


class Bar:
    """One line of progress on stderr until the end of the block; silent when that is not a terminal."""

    def __init__(self) -> None:
        self._shown = sys.stderr is not None and sys.stderr.isatty()  # None: it is closed
        self._width = 0

    def __call__(self, step: str, done: int, total: int) -> None:
        """Show how far a step is."""
        if self._shown:
            text = f"{step} {done:,}" + (f" of {total:,}" if total else "")
            click.echo(f"\r{text:<{self._width}}", nl=False, err=True)
            self._width = len(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Take the line away; nothing is shown any more."""
        if self._width:
            click.echo(f"\r{' ' * self._width}\r", nl=False, err=True)
        self._shown, self._width = False, 0


def as_plain(value: Any) -> Any:
    """Return a value of the library as what JSON can hold; unknown fields are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = (field.name for field in dataclasses.fields(value))
        return {name: as_plain(item) for name in names if (item := getattr(value, name)) is not None}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): as_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


def print_json(value: Any) -> None:
    """Print any value of the library as JSON."""
    plain = (sys.stdout.encoding or "").lower().startswith("utf")  # a Windows pipe may be of a code page
    click.echo(json.dumps(as_plain(value), ensure_ascii=not plain, indent=2))


def print_hits(hits: Sequence[Hit], *, as_json: bool) -> None:
    """Print hits: citation, score and the passage, wrapped."""
    if as_json:
        print_json(hits)
        return
    for hit in hits:
        click.secho(printable(f"[{hit.rank}] {cite(hit.chunk)}  ({hit.score:.2f})"), bold=True)
        for line in hit.chunk.text.splitlines():
            click.echo(_wrapped(printable(line)))
        click.echo()


def print_trends(trends: Trends, *, as_json: bool) -> None:
    """Print what was compared, and each trend: its voices, since when, and the passage that says most of it."""
    if as_json:
        print_json({"since": trends.since, "until": trends.until, "voices": trends.voices, "before": trends.before,
                    "trends": list(trends)})  # fmt: skip
        return
    click.echo(trends.note)
    for item in trends:
        since = f", since {item.since:%Y-%m-%d}" if item.since else ""
        click.echo()
        click.secho(printable(", ".join(item.words)), bold=True, nl=False)
        click.echo(f": {item.counts} ({' '.join(map(str, item.series))}){since}")
        for chunk in item.passages[:1]:
            click.echo(printable(f"  {cite(chunk)}"))
            click.echo(_wrapped(printable(shortened(chunk.text))))


def print_document(document: Document, *, source: str, as_json: bool) -> None:
    """Print a whole document, its text as it is stored, for other programs to wrap."""
    if as_json:
        print_json({"source": source, **as_plain(document)})
        return
    day = document.created_at.date().isoformat() if document.created_at else ""
    link = f"<{document.url}>" if document.url else ""
    named = " · ".join(filter(None, (document.title, document.author, day, f"{source} {document.id}")))
    click.secho(printable(f"{named} {link}".rstrip()), bold=True)
    click.echo(printable_lines(document.text))


def _wrapped(line: str) -> str:
    """Return a line indented, in rows that fit; a word or an address is never cut, so that it can be copied."""
    width = min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns)
    return textwrap.fill(
        line, width, initial_indent="    ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def print_reports(reports: Sequence[IngestReport], *, as_json: bool = False, err: bool = False) -> None:
    """Print what was done, one line a source (with ``err`` on stderr), and on stderr each failure."""
    if as_json:
        print_json(reports)
        return
    for report in reports:
        click.echo(printable(str(report)), err=err)
        for error in report.failed:
            click.secho(f"  {printable(str(error))}", fg="yellow", err=True)


def print_info(info: Info, *, as_json: bool) -> None:
    """Print what is in a memory."""
    if as_json:
        print_json(info)
        return
    copies = f" and {counted(info.copies, 'copy')} of them" if info.copies else ""
    click.echo(f"{info.path}: {counted(info.documents, 'document')}, {counted(info.chunks, 'passage')}{copies}, "
               f"{counted(info.authors, 'person')}, {info.bytes_on_disk / 1e6:,.1f} MB")  # fmt: skip
    if info.vectors < info.chunks:
        missing = counted(info.chunks - info.vectors, "passage")
        click.echo(f"{missing} still to be embedded; run: {hint('rebuild', Path(info.path), '')}")
    for source in info.sources:
        span = "" if source.first is None or source.last is None else f", {source.first.date()} to {source.last.date()}"
        counts = f"{counted(source.documents, 'document')}, {counted(source.chunks, 'passage')}{span}"
        click.echo(f"  {printable(source.name)}: {counts}")
    if info.embedder is not None:
        click.echo(f"model {info.embedder}, chunks by {info.chunker}")


def print_pairs(pairs: Mapping[str, Any], *, as_json: bool) -> None:
    """Print names and values in two columns."""
    if as_json:
        print_json(pairs)
        return
    width = max(map(len, pairs), default=0)
    for name, value in pairs.items():
        click.echo(f"{name:<{width}}  {value}")


def hint(verb: str, place: Path, rest: str = '"your question"') -> str:
    """Return a command that can be pasted: called as this one was, by its path where it is not on the PATH."""
    called, found = sys.argv[0], shutil.which("masa-rag")
    if Path(called).parts[-2:] == ("masa_rag", "__main__.py"):
        program = "python -m masa_rag"
    elif Path(called).name == "masa-rag" and (found is None or Path(found).with_suffix("") != Path(called)):
        program = quoted(called)
    else:
        program = "masa-rag"
    return printable(f"{program} {verb} -m {quoted(str(place))} {rest}".rstrip())


def printable_lines(text: str) -> str:
    """Return a text of several lines without control characters."""
    return "\n".join(printable(line) for line in text.splitlines())


def printable(text: str) -> str:
    """Return text without control characters: a passage must not move the cursor or ring the bell.

    Nor may it turn the direction of writing. Signs without a width that words and emoji hang on stay.
    """
    return "".join(character if character.isprintable() or character in _HARMLESS else " " for character in text)
