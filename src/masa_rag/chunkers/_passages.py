"""What the chunkers share: counting tokens, and making a Chunk of a span of text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from masa_rag._ids import digest
from masa_rag._time import clock
from masa_rag.types import Chunk, Document, Segment

CountTokens = Callable[[Sequence[str]], list[int]]

_WORD = re.compile(r"\w+|[^\w\s]")


def estimate_tokens(texts: Sequence[str]) -> list[int]:
    """Return a guess for when no tokenizer is at hand: words and marks, plus a third for word pieces.

    On English podcasts and chats MiniLM's WordPiece makes 1.1 to 1.4 tokens of each.
    """
    return [len(_WORD.findall(text)) * 4 // 3 for text in texts]


class Span(NamedTuple):
    """A stretch of ``document.text`` with its size; ``segment`` is the index of its segment, or None."""

    start: int
    end: int
    tokens: int
    segment: int | None = None


def make_chunks(document: Document, groups: Iterable[Sequence[Span]], *, source: str) -> list[Chunk]:
    """Return one chunk for each group of neighbouring spans; groups that are blank are left out."""
    chunks: list[Chunk] = []
    twins: Counter[tuple[str, str]] = Counter()
    for group in groups:
        start, end = _trim(document.text, group[0].start, group[-1].end)
        if start == end:
            continue
        segments = _segments(document, group)
        text = document.text[start:end]
        header = _header(document, segments)
        twins[header, text] += 1
        # Offsets are not part of the id: an edit further up must not make this passage a new one.
        identity = digest(source, document.id, header, text, str(twins[header, text]))
        chunks.append(_chunk(document, segments, Chunk(
            id=identity, document_id=document.id, source=source, text=text, header=header, start=start, end=end,
            title=document.title, kind=document.kind, position=len(chunks),
        )))  # fmt: skip
    return chunks


def from_line(chunk: Chunk, document: Document, words: str) -> Chunk:
    """Return the part of a chunk that begins with the line in which some of its words stand.

    Its time code, link, speakers and header are those of that line and what follows. A chunk that does not hold
    the words, or a document without segments, gives the chunk as it is.
    """
    from dataclasses import replace

    place = chunk.text.find(words)
    spans = document.spans()
    held = [number for number, (start, end) in enumerate(spans) if end > chunk.start + place and start < chunk.end]
    if place < 0 or not held:
        return chunk
    start = max(chunk.start, spans[held[0]][0])
    segments = [document.segments[number] for number in held]
    part = replace(chunk, text=document.text[start : chunk.end], start=start, header=_header(document, segments))
    return _chunk(document, segments, part)


def _chunk(document: Document, segments: Sequence[Segment], bare: Chunk) -> Chunk:
    """Return the chunk with what its segments know: who, when, where."""
    from dataclasses import replace

    times = [segment.created_at for segment in segments if segment.created_at is not None]
    starts = [segment.start for segment in segments if segment.start is not None]
    ends = [segment.end for segment in segments if segment.end is not None]
    link = _link(document, segments, min(starts, default=None))
    return replace(
        bare,
        segment_ids=tuple(segment.id for segment in segments if segment.id is not None),
        started_at=min(times, default=document.created_at),
        ended_at=max(times, default=document.created_at),
        start_s=min(starts, default=None),
        end_s=max(ends, default=None),
        authors=_authors(document, segments),
        url=None if link is None else one_line(link),
    )


def _segments(document: Document, group: Sequence[Span]) -> list[Segment]:
    indices = dict.fromkeys(span.segment for span in group if span.segment is not None)
    return [document.segments[index] for index in indices]


def _authors(document: Document, segments: Sequence[Segment]) -> tuple[str, ...]:
    names = [segment.author for segment in segments] if segments else [document.author]
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _header(document: Document, segments: Sequence[Segment]) -> str:
    """Return ``title · speakers · date · 00:12:31``, leaving out what is not known."""
    others = document.metadata.get("participants")
    names = _authors(document, segments) or (tuple(map(str, others)) if isinstance(others, (list, tuple)) else ())
    when = next((segment.created_at for segment in segments if segment.created_at), document.created_at)
    start = next((segment.start for segment in segments if segment.start is not None), None)
    parts = (document.title, ", ".join(names), _date(when), None if start is None else clock(start))
    return " · ".join(" ".join(part.split()) for part in parts if part)


def _date(when: datetime | None) -> str | None:
    return None if when is None else when.date().isoformat()


def one_line(link: str) -> str:
    """Return a link without blanks: a line break would lead out of a citation."""
    return "%20".join(link.split())


def _link(document: Document, segments: Sequence[Segment], start_s: float | None) -> str | None:
    """Return the most exact link: the first segment's own, or the document's with the time code.

    Time codes are ``t=`` in the query for YouTube and a media fragment (W3C Media Fragments URI 1.0)
    everywhere else.
    """
    own = next((segment.url for segment in segments if segment.url), None)
    if own is not None or document.url is None or start_s is None or not document.url.startswith("http"):
        return own if own is not None else document.url
    try:
        parts = urlsplit(document.url)
    except ValueError:  # "http://[": a stranger wrote it
        return document.url
    if parts.hostname in ("youtu.be", "youtube.com", "www.youtube.com", "m.youtube.com"):
        query = [(key, value) for key, value in parse_qsl(parts.query) if key != "t"]
        return urlunsplit(parts._replace(query=urlencode([*query, ("t", str(int(start_s)))])))
    return urlunsplit(parts._replace(fragment=f"t={int(start_s)}")) if not parts.fragment else document.url


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
