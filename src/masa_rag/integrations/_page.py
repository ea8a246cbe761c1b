"""The page of ``masa-rag serve`` as HTML. Everything in it comes from strangers, so everything is escaped."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

from masa_rag._check import Info, SourceInfo
from masa_rag._time import clock
from masa_rag._views import web_address
from masa_rag.types import Hit

STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1c2024, #e8eaed); --soft: light-dark(#5a6270, #9aa3b0);
  --line: light-dark(#d9dde3, #3a4150); --paper: light-dark(#ffffff, #14171c); --field: light-dark(#f4f6f8,
  #1e232b); --accent: light-dark(#0b5fae, #7db8f2); }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif }
main { max-width: 52rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { font-size: 1.15rem; margin: 0 0 1rem }
h1 small { color: var(--soft); font-weight: normal }
form { display: grid; grid-template-columns: 1fr auto; gap: .5rem }
input, select, button { font: inherit; color: inherit; padding: .5rem .7rem; border: 1px solid var(--line);
  border-radius: .5rem; background: var(--field); min-width: 0 }
button { background: var(--accent); color: var(--paper); border-color: transparent; font-weight: 600; cursor:
  pointer }
fieldset { grid-column: 1 / -1; border: 0; padding: 0; margin: 0; display: grid; gap: .5rem;
  grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)) }
label { font-size: .8rem; color: var(--soft) }
label input, label select { display: block; width: 100%; font-size: .95rem; color: var(--ink) }
ol { list-style: none; padding: 0; margin: 1.5rem 0 0 }
li { border-top: 1px solid var(--line); padding: 1rem 0 }
cite { font-style: normal; font-size: .9rem; color: var(--soft) }
cite b { color: var(--ink) }
cite a { color: var(--accent) }
p { margin: .35rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere }
.why { font-size: .8rem; color: var(--soft) }
.bars { display: flex; align-items: end; gap: 2px; height: 4rem; margin: 1.25rem 0 .25rem }
.bars i { flex: 1; background: var(--accent); border-radius: 2px 2px 0 0; min-height: 2px }
.ends { display: flex; justify-content: space-between; font-size: .8rem; color: var(--soft) }
table { border-collapse: collapse; width: 100%; margin-top: 1.5rem; font-size: .95rem }
td, th { text-align: left; padding: .4rem .5rem; border-top: 1px solid var(--line) }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
.error { color: light-dark(#a3261b, #ff9d93) }
"""

FIELDS = ("q", "author", "source", "kind", "after", "before")
Asked = dict[str, str]


def page(info: Info, asked: Asked, hits: Sequence[Hit] | None, *, error: str | None = None) -> str:
    """Return the page.

    Args:
        info: What is in the memory.
        asked: The fields of the form, by FIELDS.
        hits: What was found; None when nothing was asked.
        error: What was wrong with the question, or None.
    """
    if error is not None:
        body = f'<p class="error">{escape(error)}</p>'
    elif hits is None:
        body = _sources(info)
    else:
        body = _timeline(hits) + _hits(hits)
    title = escape(asked["q"]) if asked["q"] else "masa_rag"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>"
        f"<h1>{escape(info.path)} <small>{info.documents:,} documents, {info.chunks:,} passages, "
        f"{info.authors:,} people</small></h1>{_form(info, asked)}{body}</main></body></html>"
    )


def _form(info: Info, asked: Asked) -> str:
    sources = [("", "any")] + [(source.name, source.name) for source in info.sources]
    kinds = [("", "any")] + [(kind, kind) for kind in ("conversation", "note", "page", "post", "speech")]
    return (
        '<form action="/" role="search">'
        f'<input name="q" type="search" value="{escape(asked["q"])}" placeholder="Ask the memory" '
        'aria-label="Question" autofocus><button>Search</button><fieldset>'
        f'<label>Who<input name="author" value="{escape(asked["author"])}"></label>'
        f'<label>Source<select name="source">{_options(sources, asked["source"])}</select></label>'
        f'<label>Kind<select name="kind">{_options(kinds, asked["kind"])}</select></label>'
        f'<label>From<input name="after" type="date" value="{escape(asked["after"])}"></label>'
        f'<label>Before<input name="before" type="date" value="{escape(asked["before"])}"></label>'
        "</fieldset></form>"
    )


def _options(choices: Sequence[tuple[str, str]], chosen: str) -> str:
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(label)}</option>'
        for value, label in choices
    )


def _hits(hits: Sequence[Hit]) -> str:
    if not hits:
        return "<p>Nothing found. Try other words, or fewer filters.</p>"
    return f"<ol>{''.join(_hit(hit) for hit in hits)}</ol>"


def _hit(hit: Hit) -> str:
    chunk = hit.chunk
    when = chunk.started_at.date().isoformat() if chunk.started_at else ""
    place = clock(chunk.start_s) if chunk.start_s is not None else ""
    parts = [
        f"<b>{escape(', '.join(chunk.authors))}</b>" if chunk.authors else "",
        escape(chunk.title or chunk.document_id),
    ]
    parts += [when, place, _link(chunk.url, place)]
    why = ", ".join(f"{name} {score:.2f}" for name, score in hit.why.items())
    return (
        f"<li><cite>{hit.rank}. {' · '.join(part for part in parts if part)}</cite><p>{escape(chunk.text)}</p>"
        f'<span class="why">score {hit.score:.2f} ({escape(why)}) · {escape(chunk.source)}</span></li>'
    )


def _link(url: str | None, place: str) -> str:
    """Return a link if the address is one that a browser should follow: a stranger may have written it."""
    if (address := web_address(url)) is None:
        return ""
    label = f"open at {place}" if place else "open"
    return f'<a href="{escape(address)}" rel="noopener noreferrer nofollow" target="_blank">{label}</a>'


def _timeline(hits: Sequence[Hit]) -> str:
    """Return bars of what was found by month; nothing when fewer than two months are known."""
    months = Counter(hit.chunk.started_at.strftime("%Y-%m") for hit in hits if hit.chunk.started_at)
    if len(months) < 2:
        return ""
    all_months = _months(min(months), max(months))
    tallest = max(months.values())
    bars = "".join(
        f'<i style="height:{100 * months[m] / tallest:.0f}%" title="{m}: {months[m]}"></i>' for m in all_months
    )
    ends = f"<span>{all_months[0]}</span><span>{all_months[-1]}</span>"
    return f'<div class="bars">{bars}</div><div class="ends">{ends}</div>'


def _months(first: str, last: str) -> list[str]:
    year, month = map(int, first.split("-"))
    months: list[str] = []
    while len(months) < 240:
        months.append(dt.date(year, month, 1).strftime("%Y-%m"))
        if months[-1] == last:
            break
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return months


def _sources(info: Info) -> str:
    head = '<tr><th>Source</th><th class="n">Documents</th><th class="n">Passages</th><th>First</th><th>Last</th></tr>'
    return f"<table>{head}{''.join(_source(source) for source in info.sources)}</table>"


def _source(source: SourceInfo) -> str:
    first, last = (when.date().isoformat() if when else "" for when in (source.first, source.last))
    link = f'<a href="/?{escape(urlencode({"source": source.name}))}">{escape(source.name)}</a>'
    return (
        f'<tr><td>{link}</td><td class="n">{source.documents:,}</td><td class="n">{source.chunks:,}</td>'
        f"<td>{first}</td><td>{last}</td></tr>"
    )
