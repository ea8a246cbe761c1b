"""The page of ``masa-rag serve`` as HTML. Everything in it comes from strangers, so everything is escaped."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import PurePath
from typing import get_args
from urllib.parse import urlencode

from masa_rag._check import Info, SourceInfo
from masa_rag._time import clock
from masa_rag._views import counted, isolated, shortened, web_address
from masa_rag.integrations._page_style import STYLE
from masa_rag.trends import Trend, Trends
from masa_rag.types import Chunk, Document, Hit, Kind

FIELDS = ("q", "author", "source", "kind", "after", "before")
"""The fields of the form."""
PLACE = ("source", "document", "start", "end")
"""What names a place in a document."""
_MOST_MONTHS = 240
_MONTH_REM = 3.6
"""The most width of a month, bar and gap, in the unit rem of CSS: two months do not fill the page."""
Asked = Mapping[str, str]


def page(info: Info, asked: Asked, body: str) -> str:
    """Return the whole page: what memory it is, the form as it was asked, and what was found."""
    title = escape(asked["q"] or "masa_rag")
    name = PurePath(info.path).name or info.path
    counts = ((info.documents, "document"), (info.chunks, "passage"), (info.authors, "person"))
    size = ", ".join(counted(*pair) for pair in counts)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>"
        f'<h1><a href="/" title="{escape(info.path)}">{escape(name)}</a> <small>{size} · '
        f'<a href="{_address({**_who(asked), "rising": "7"})}">what rises</a></small></h1>'
        f"{_form(info, asked)}{body}</main></body></html>"
    )


def problem(text: str) -> str:
    """Return what is wrong with the question."""
    return f'<p class="error">{escape(text)}</p>'


def nothing(reason: str | None) -> str:
    """Return that nothing was found, and what may be wrong with the filters."""
    return f"<p>Nothing found: {escape(reason or 'try other words')}.</p>"


def found(asked: Asked, hits: Sequence[Hit]) -> str:
    """Return what answers a question: a timeline and the passages."""
    months = Counter(month_of(hit.chunk.started_at) for hit in hits if hit.chunk.started_at)
    items = (_item(hit.chunk, number=f"{hit.rank}. ", why=_why(hit)) for hit in hits)
    return f"{timeline(asked, months)}<ol>{''.join(items)}</ol>"


def newest(asked: Asked, chunks: Sequence[Chunk], months: Mapping[str, int]) -> str:
    """Return what passes the filters when nothing is asked: a timeline, and the newest passages."""
    return f"{timeline(asked, months)}<h2>Newest first</h2><ol>{''.join(_item(chunk) for chunk in chunks)}</ol>"


def rising(asked: Asked, trends: Trends) -> str:
    """Return what is said more than before: bars for the eight stretches before and the last one, and a passage."""
    spans = " · ".join(
        f'<a href="{_address({**_who(asked), "rising": days})}">{label}</a>'
        for days, label in (("1", "a day"), ("7", "a week"), ("30", "thirty days"))
    )
    items = "".join(_trend(asked, trend, trends) for trend in trends)
    return f"<h2>What rises</h2><cite>{escape(trends.note)} · {spans}</cite><ol>{items}</ol>"


def _trend(asked: Asked, trend: Trend, trends: Trends) -> str:
    tallest = max(1, *trend.series)
    bars = "".join(f'<i style="height:{100 * count / tallest:.0f}%" title="{count:,}"></i>' for count in trend.series)
    days = {
        "after": trends.since.date().isoformat(),
        "before": (trends.until + dt.timedelta(days=1)).date().isoformat(),
    }
    link = _address({**_who(asked), **days, "q": " ".join(trend.words)})
    counts = f"{trend.counts}, since {_day(trend.since)}"
    said = " ".join(": ".join(filter(None, (", ".join(chunk.authors), _said(chunk)))) for chunk in trend.passages[:1])
    return (
        f'<li class="trend"><div class="spark">{bars}</div><div><a href="{link}">{escape(", ".join(trend.words))}</a> '
        f"<cite>{counts}</cite><p>{escape(shortened(said))}</p></div></li>"
    )


def _who(asked: Asked) -> dict[str, str]:
    return {name: asked[name] for name in ("author", "source", "kind")}


def sources(info: Info, asked: Asked, months: Mapping[str, int]) -> str:
    """Return what is in the memory: a timeline, and a table of the sources."""
    head = (
        '<tr><th>Source</th><th class="n wide">Documents</th><th class="n">Passages</th>'
        "<th>First</th><th>Last</th></tr>"
    )
    rows = "".join(_source(source) for source in info.sources)
    return f'{timeline(asked, months)}<div class="table"><table>{head}{rows}</table></div>'


def whole(document: Document, *, source: str, start: int, end: int) -> str:
    """Return a whole document with one passage marked, for reading what stands around it."""
    text = document.text
    start = max(0, min(start, len(text)))
    end = max(start, min(end, len(text)))
    parts = [isolated(document.title or document.id), _day(document.created_at), isolated(source)]
    marked = f'<mark id="here">{escape(text[start:end])}</mark>' if end > start else ""
    return (
        f"<h2>{' · '.join(part for part in parts if part)}</h2>"
        f"<p>{escape(text[:start])}{marked}{escape(text[end:])}</p>"
    )


def month_of(day: dt.date) -> str:
    """Return the month of a day, or of a time, such as "2024-05"; strftime does not fill up years everywhere."""
    return f"{day.year:04d}-{day.month:02d}"


def timeline(asked: Asked, months: Mapping[str, int]) -> str:
    """Return a bar a month, each a link that narrows to it; nothing when fewer than two months are known."""
    if len(months) < 2:
        return ""
    shown = _months(min(months), max(months))
    tallest = max(months.values())
    bars = "".join(_bar(asked, month, months.get(month, 0), tallest) for month in shown)
    ends = f'<div class="ends"><span>{shown[0]}</span><span>{shown[-1]}</span></div>'
    width = max(_MONTH_REM * len(shown), 10)
    return f'<div style="max-width:{width:.1f}rem"><div class="bars">{bars}</div>{ends}</div>'


def _bar(asked: Asked, month: str, count: int, tallest: int) -> str:
    first = dt.date.fromisoformat(f"{month}-01")
    # Nothing comes after the last month that a date can have.
    before = "" if month == "9999-12" else (first + dt.timedelta(days=32)).replace(day=1).isoformat()
    address = _address({**asked, "after": first.isoformat(), "before": before})
    height = max(100 * count / tallest, 3) if count else 0
    link = f' href="{address}"' if count else ""  # with a keyboard, years without a word are no stops
    return f'<a{link} title="{month}: {count:,}"><i style="height:{height:.0f}%"></i></a>'


def _months(first: str, last: str) -> list[str]:
    """Return the months from first to last, at most _MOST_MONTHS of them, the last ones."""
    low, high = (12 * int(month[:4]) + int(month[5:]) - 1 for month in (first, last))
    low = max(low, high - _MOST_MONTHS + 1)
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(low, high + 1)]


def _address(fields: Asked) -> str:
    return escape("/?" + urlencode({name: value for name, value in fields.items() if value}))


def _form(info: Info, asked: Asked) -> str:
    choices = [("", "any")] + [(source.name, source.name) for source in info.sources]
    kinds = [("", "any")] + [(kind, kind) for kind in get_args(Kind)]
    return (
        '<form action="/" role="search">'
        f'<input name="q" type="search" value="{escape(asked["q"])}" placeholder="Ask the memory" '
        f'aria-label="Question"{"" if asked["q"] else " autofocus"}><button>Search</button><fieldset>'
        f'<label>Who<input name="author" value="{escape(asked["author"])}"></label>'
        f'<label>Source<select name="source">{_options(choices, asked["source"])}</select></label>'
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


def _item(chunk: Chunk, *, number: str = "", why: str = "") -> str:
    place = clock(chunk.start_s) if chunk.start_s is not None else ""
    authors = f"<b>{isolated(', '.join(chunk.authors))}</b>" if chunk.authors else ""
    title = chunk.title or ("" if authors else chunk.document_id)  # a tweet's number tells a reader nothing
    parts = [
        authors,
        isolated(title) if title else "",
        _day(chunk.started_at),
        _link(chunk.url, place) or place,
        _around(chunk),
    ]
    return (
        f"<li><cite>{number}{' · '.join(part for part in parts if part)}</cite><p>{escape(_said(chunk))}</p>"
        f"<details><summary>{escape(chunk.source)}</summary>{why or escape(chunk.id)}</details></li>"
    )


def _said(chunk: Chunk) -> str:
    """Return the words without the name that stands above them already."""
    return chunk.text.removeprefix(f"{chunk.authors[0]}: ") if len(chunk.authors) == 1 else chunk.text


def _why(hit: Hit) -> str:
    scores = ", ".join(f"{name} {score:.2f}" for name, score in hit.why.items())
    return escape(f"score {hit.score:.2f} ({scores})" if scores else f"score {hit.score:.2f}")


def _link(url: str | None, place: str) -> str:
    """Return a link if the address is one that a browser should follow: a stranger may have written it."""
    if (address := web_address(url)) is None:
        return ""
    label = f"open at {place}" if place else "open"
    return f'<a href="{escape(address)}" rel="noopener noreferrer nofollow" target="_blank">{label}</a>'


def _around(chunk: Chunk) -> str:
    place = (chunk.source, chunk.document_id, str(chunk.start), str(chunk.end))
    return f'<a href="{_address(dict(zip(PLACE, place, strict=True)))}#here">in context</a>'


def _day(when: dt.datetime | None) -> str:
    return when.date().isoformat() if when else ""


def _source(source: SourceInfo) -> str:
    link = f'<a href="{_address({"source": source.name})}">{escape(source.name)}</a>'
    return (
        f'<tr><td>{link}</td><td class="n wide">{source.documents:,}</td><td class="n">{source.chunks:,}</td>'
        f"<td>{_day(source.first)}</td><td>{_day(source.last)}</td></tr>"
    )
