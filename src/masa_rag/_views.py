"""What notebooks show: hits, contexts, answers, reports and what is in a memory, as small pieces of HTML.

The text comes from strangers, so all of it is escaped, and only http and https addresses become links.
Nothing runs and nothing is loaded. Colours are the notebook's own (no background, borders of half-grey),
so that a dark theme stays readable.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from masa_rag._time import clock

if TYPE_CHECKING:
    from masa_rag._check import Info
    from masa_rag.answer import Answer
    from masa_rag.trends import Trends
    from masa_rag.types import Chunk, Context, Hit, IngestReport

_LINE = "1px solid rgba(128,128,128,.45)"
_CARD = f"border-left:3px solid rgba(128,128,128,.6);border-bottom:{_LINE};padding:.4em .8em;margin:.4em 0"
_CELL = f"border-bottom:{_LINE};padding:.2em .8em .2em 0;text-align:left"
_NUMBER = f"border-bottom:{_LINE};padding:.2em .8em;text-align:right;font-variant-numeric:tabular-nums"
_SMALL = "opacity:.75;font-size:.85em"
_SHORT = 200
"""Characters of a passage that shows what a trend is about."""
_TEXT = "white-space:pre-wrap;overflow-wrap:anywhere"


def counted(count: int, noun: str) -> str:
    """Return how many there are of something: "1 passage", "2,000 passages"."""
    several = {"person": "people", "copy": "copies"}
    return f"{count:,} {noun if count == 1 else several.get(noun, f'{noun}s')}"


def shortened(text: str) -> str:
    """Return a text on one line, of ``_SHORT`` characters at most; many scripts have no blanks at which to cut."""
    line = " ".join(text.split())
    return line if len(line) <= _SHORT else f"{line[: _SHORT - 1].rstrip()}…"


def erased(report: IngestReport) -> str:
    """Return in words what was forgotten."""
    if not report.deleted and not report.updated:
        return "nothing of it is in the memory; it is kept out from now on"
    parts = f", and parts of {counted(report.updated, 'other')}" if report.updated else ""
    return f"erased {counted(report.deleted, 'document')}{parts}"


def hits_view(hits: Sequence[Hit]) -> str:
    """Return one card a hit: who, title, when, where in the recording, link, words, and what spoke for it."""
    return _whole("".join(map(_card, hits)) if hits else "Nothing found.")


def context_view(context: Context) -> str:
    """Return the passages as cards, and the text for the prompt, folded."""
    prompt = (
        f'<details><summary>The text for the prompt</summary><div style="{_TEXT}">{_safe(context.text)}</div></details>'
    )
    return _whole("".join(_card(hit, number=number) for number, hit in enumerate(context.hits, 1)) + prompt)


def answer_view(answer: Answer) -> str:
    """Return the answer, what is wrong with it, and the passages it cites, under the numbers it gives them."""
    problems = "".join(f"<li>{_safe(problem)}</li>" for problem in answer.problems)
    warning = f"<div><b>Check this:</b><ul>{problems}</ul></div>" if problems else ""
    numbers = {id(hit): number for number, hit in enumerate(answer.hits, 1)}
    cards = "".join(_card(hit, number=numbers.get(id(hit), hit.rank)) for hit in answer.cited)
    return _whole(f'<div dir="auto" style="{_TEXT}">{_safe(answer.text)}</div>{warning}{cards}')


def report_view(report: IngestReport) -> str:
    """Return what was done as a table of one row, and each failure below it."""
    names = ("added", "updated", "unchanged", "deleted", "forgotten")
    cells = [*((name, getattr(report, name)) for name in names), ("failed", len(report.failed))]
    cells.append(("passages embedded", report.embedded))
    head = _head(["source"], [*(name for name, _ in cells), "seconds"])
    row = _row([isolated(report.source)], [*(f"{count:,}" for _, count in cells), f"{report.elapsed_s:.1f}"])
    failures = "".join(f"<li>{_safe(str(error))}</li>" for error in report.failed)
    return _whole(_table(head, [row]) + (f"<ul>{failures}</ul>" if failures else ""))


def info_view(info: Info) -> str:
    """Return what is in a memory: a sentence, and a table of its sources."""
    waiting = info.chunks - info.vectors
    facts = [
        counted(info.documents, "document"),
        counted(info.chunks, "passage"),
        *([f"{counted(info.copies, 'copy')} of them"] if info.copies else []),
        counted(info.authors, "person"),
        f"{info.bytes_on_disk / 1e6:,.1f} MB",
        *([f"{counted(waiting, 'passage')} still to be embedded"] if waiting else []),
    ]
    rows = [
        _row([isolated(item.name), _day(item.first), _day(item.last)], [f"{item.documents:,}", f"{item.chunks:,}"])
        for item in info.sources
    ]
    head = _head(["source", "first", "last"], ["documents", "passages"])
    model = f"model {info.embedder}, chunks by {info.chunker}" if info.embedder is not None else "nothing in it yet"
    return _whole(
        f"<b>{isolated(info.path)}</b>: {', '.join(facts)}{_table(head, rows)}"
        f'<div style="{_SMALL}">{_safe(model)}</div>'
    )


def trends_view(trends: Trends) -> str:
    """Return what was compared, and a row for each trend: its words, its voices now and before, and a passage."""
    head = _head(["what", "since", "said"], ["voices", "expected", "people", "eight times before, now"])
    rows = [
        _row(
            [f"<b>{isolated(', '.join(item.words))}</b>", _day(item.since), _first_said(item.passages)],
            [f"{item.voices:,}", f"{item.expected:.1f}", f"{item.authors:,}", " ".join(map(str, item.series))],
        )
        for item in trends
    ]
    return _whole(f"<div>{_safe(trends.note)}</div>{_table(head, rows) if rows else ''}")


def _first_said(passages: Sequence[Chunk]) -> str:
    if not passages:
        return ""
    first = passages[0]
    who = f"<b>{isolated(', '.join(first.authors))}</b> " if first.authors else ""
    return f"{who}{isolated(shortened(first.text))} {_link(first.url, '')}"


def web_address(url: str | None) -> str | None:
    """Return an address that a browser may follow, or None: a stranger may have written it."""
    try:
        return url if url is not None and urlsplit(url).scheme in ("http", "https") else None
    except ValueError:  # such as an unclosed bracket in the host
        return None


def isolated(text: str) -> str:
    """Return a name whose direction of writing cannot turn around what stands beside it."""
    return f"<bdi>{_safe(text)}</bdi>"


def _card(hit: Hit, *, number: int | None = None) -> str:
    chunk = hit.chunk
    place = clock(chunk.start_s) if chunk.start_s is not None else ""
    authors = f"<b>{isolated(', '.join(chunk.authors))}</b>" if chunk.authors else ""
    title = chunk.title or ("" if authors else chunk.document_id)  # a tweet's number tells a reader nothing
    parts = [authors, isolated(title) if title else "", day_and_minute(chunk.started_at), place]
    parts.append(_link(chunk.url, place))
    why = ", ".join(f"{_safe(name)} {score:.2f}" for name, score in hit.why.items())
    return (
        f'<div style="{_CARD}"><div>{hit.rank if number is None else f"[{number}]"} '
        f"{' · '.join(part for part in parts if part)}</div>"
        f'<div dir="auto" style="{_TEXT}">{_safe(chunk.text)}</div>'
        f'<div style="{_SMALL}">score {hit.score:.2f}{f" ({why})" if why else ""} · {isolated(chunk.source)}</div>'
        "</div>"
    )


def _link(url: str | None, place: str) -> str:
    if (address := web_address(url)) is None:
        return ""
    label = f"open at {place}" if place else "open"
    return f'<a href="{_safe(address)}" rel="noopener noreferrer nofollow" target="_blank">{label}</a>'


def _table(head: str, rows: Iterable[str]) -> str:
    return f'<table style="border-collapse:collapse;margin:.4em 0">{head}{"".join(rows)}</table>'


def _head(texts: Iterable[str], numbers: Iterable[str]) -> str:
    return f"<tr>{_cells('th', _CELL, texts)}{_cells('th', _NUMBER, numbers)}</tr>"


def _row(texts: Iterable[str], numbers: Iterable[str]) -> str:
    return f"<tr>{_cells('td', _CELL, texts)}{_cells('td', _NUMBER, numbers)}</tr>"


def _cells(tag: str, style: str, contents: Iterable[str]) -> str:
    return "".join(f'<{tag} style="{style}">{content}</{tag}>' for content in contents)


def _day(when: datetime | None) -> str:
    return when.date().isoformat() if when is not None else ""


def day_and_minute(when: datetime | None) -> str:
    """Return day and minute; only the day where no clock is known, which is stored as midnight."""
    if when is None:
        return ""
    return _day(when) if (when.hour, when.minute, when.second) == (0, 0, 0) else f"{_day(when)} {when:%H:%M} UTC"


def _safe(text: str) -> str:
    return html.escape(text, quote=True)


def _whole(inner: str) -> str:
    # The classes keep MathJax away: a price in dollars is not a formula.
    return f'<div class="masa-rag tex2jax_ignore mathjax_ignore" style="text-align:left">{inner}</div>'
