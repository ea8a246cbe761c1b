"""What the chunkers share: counting tokens, and making a Chunk of a span of text."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice, takewhile
from operator import itemgetter
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from masa_rag._ids import digest
from masa_rag._time import clock
from masa_rag.types import Chunk, Document, Segment

CountTokens = Callable[[Sequence[str]], list[int]]

_WORD = re.compile(r"\w+|[^\w\s]")
_LETTERS = 32
"""No token stands for more characters; those of English stand for four or five."""

_PART, _AT_ONCE = 4_096, 256
"""Characters, and how many times so many, that are counted at once; a longer text is in no passage anyway."""


class Placed(NamedTuple):
    """A document, and where each of its segments stands in its text: for 15,000 that takes 10 ms to find out."""

    document: Document
    spans: Sequence[tuple[int, int]]

    def held(self, chunk: Chunk) -> range:
        """Return the numbers of the segments of which something stands in a passage."""
        first = bisect_right(self.spans, chunk.start, key=itemgetter(1))
        return range(first, bisect_left(self.spans, chunk.end, key=itemgetter(0)))


def estimate_tokens(texts: Sequence[str]) -> list[int]:
    """Return a guess for when no tokenizer is at hand: words and marks, plus a third for word pieces.

    On English podcasts and chats MiniLM's WordPiece makes 1.1 to 1.4 tokens of each.
    """
    return [len(_WORD.findall(text)) * 4 // 3 for text in texts]


def sizes_by(count_tokens: CountTokens | None) -> CountTokens:
    """Return a count that no text escapes: one token at least, and one more for each ``_LETTERS`` characters.

    To a model's tokenizer a megabyte without a blank is one unknown word, and a thousand empty messages are nothing.
    It is asked for a little at a time: for each megabyte it is given it takes up to 370.
    """
    count = count_tokens if count_tokens is not None else estimate_tokens

    def sizes(texts: Sequence[str]) -> list[int]:
        found = [0] * len(texts)
        parts = ((n, text[at : at + _PART]) for n, text in enumerate(texts) for at in range(0, len(text) or 1, _PART))
        while some := list(islice(parts, _AT_ONCE)):
            for (n, _), size in zip(some, count([part for _, part in some]), strict=True):
                found[n] += size
        return [max(size, 1 + len(text) // _LETTERS) for size, text in zip(found, texts, strict=True)]

    return sizes


class Span(NamedTuple):
    """A stretch of ``document.text`` with its size; ``segment`` is the index of its segment, or None."""

    start: int
    end: int
    tokens: int
    segment: int | None = None


def has_room(group: Sequence[Span], following: Span, max_tokens: int) -> bool:
    """Say whether a span can join its neighbours in one passage; blanks between them take room too."""
    length = following.end - group[0].start
    return sum(span.tokens for span in group) + following.tokens <= max_tokens and length <= max_tokens * _LETTERS


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
        chunks.append(Chunk(
            id=identity, document_id=document.id, source=source, text=text, header=header, start=start, end=end,
            title=document.title, kind=document.kind, position=len(chunks), **_told(document, segments),
        ))  # fmt: skip
    return chunks


def part_holding(chunk: Chunk, placed: Placed, holds: Callable[[str], bool]) -> Chunk:
    """Return the part of a chunk from the line in which something begins to the end of the turn in which it ends.

    Its time code, link, speakers and header are those of its lines. A chunk that does not hold it, or a document
    without segments, gives the chunk as it is.

    Args:
        chunk: A passage of the document.
        placed: The document.
        holds: Says whether it stands in a text; where it does, it stands in every text around that one too.
    """
    document, lines = placed.document, _lines(chunk, placed)
    last = next((at for at in range(len(lines)) if holds(_text(document, lines[: at + 1]))), None)
    if last is None:
        return chunk
    first = next(at for at in range(last, -1, -1) if holds(_text(document, lines[at : last + 1])))
    speaker, *after = [segment.author for segment in _segments(document, lines[last:])]
    part = lines[first : last + 1 + sum(1 for _ in takewhile(lambda author: author == speaker, after))]
    segments = _segments(document, part)
    return replace(
        chunk, text=_text(document, part), header=_header(document, segments), start=part[0].start, end=part[-1].end,
        **_told(document, segments),
    )  # fmt: skip


def _lines(chunk: Chunk, placed: Placed) -> list[Span]:
    """Return the segments, or parts of them, that a chunk holds."""
    held = ((number, *placed.spans[number]) for number in placed.held(chunk))
    return [Span(max(start, chunk.start), min(end, chunk.end), 0, number) for number, start, end in held]


def _text(document: Document, lines: Sequence[Span]) -> str:
    return document.text[lines[0].start : lines[-1].end]


def _told(document: Document, segments: Sequence[Segment]) -> dict[str, Any]:
    """Return what the segments of a chunk tell of it: who, when, where."""
    times = [segment.created_at for segment in segments if segment.created_at is not None]
    starts = [segment.start for segment in segments if segment.start is not None]
    ends = [segment.end for segment in segments if segment.end is not None]
    link = _link(document, segments, min(starts, default=None))
    return {
        "segment_ids": tuple(segment.id for segment in segments if segment.id is not None),
        "started_at": min(times, default=document.created_at),
        "ended_at": max(times, default=document.created_at),
        "start_s": min(starts, default=None),
        "end_s": max(ends, default=None),
        "authors": _authors(document, segments),
        "url": None if link is None else one_line(link),
    }


def _segments(document: Document, group: Sequence[Span]) -> list[Segment]:
    indices = dict.fromkeys(span.segment for span in group if span.segment is not None)
    return [document.segments[index] for index in indices]


def _authors(document: Document, segments: Sequence[Segment]) -> tuple[str, ...]:
    names = [segment.author for segment in segments] if segments else [document.author]
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _header(document: Document, segments: Sequence[Segment]) -> str:
    others = document.metadata.get("participants")
    names = _authors(document, segments) or (tuple(map(str, others)) if isinstance(others, (list, tuple)) else ())
    when = next((segment.created_at for segment in segments if segment.created_at), document.created_at)
    start = next((segment.start for segment in segments if segment.start is not None), None)
    return header_of(document.title, ", ".join(names), None if when is None else when.date().isoformat(), start)


def header_of(title: str | None, speakers: str, date: str | None, start_s: float | None) -> str:
    """Return ``title · speakers · date · 00:12:31``, leaving out what is not known."""
    parts = (title, speakers, date, None if start_s is None else clock(start_s))
    return " · ".join(" ".join(part.split()) for part in parts if part)


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
