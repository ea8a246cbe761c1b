"""Conversations into passages: by speaker, pause, reply and time gap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from masa_rag.chunkers._passages import CountTokens, Span, has_room, make_chunks, sizes_by
from masa_rag.chunkers.recursive import RecursiveChunker, join_spans
from masa_rag.types import Chunk, Document, Segment


class TurnChunker:
    """Makes a passage of what one person says in a row, up to a size at which it is still one moment.

    A passage ends when somebody else begins, when the next segment would not fit, or when the
    silence before it is long. A segment that is too long for one passage is cut at its sentences.
    Measured on LoCoMo and on recorded calls: turns as units, with their neighbours brought in when
    searching, find more than larger passages that mix speakers.

    Args:
        max_tokens: Upper bound of a passage, header not counted. From 64 to 96 (50 to 70 words) a passage
            holds one thought of a monologue; at 120 a question about one of two finds neither well.
        message_gap: Silence between messages that ends a passage.
        pause_s: Silence in a recording that does, in seconds.
        count_tokens: Counts tokens of many texts; an estimate when None.
    """

    def __init__(
        self,
        *,
        max_tokens: int = 96,
        message_gap: timedelta = timedelta(minutes=30),
        pause_s: float = 10.0,
        count_tokens: CountTokens | None = None,
    ) -> None:
        self.max_tokens = max_tokens
        self.message_gap = message_gap
        self.pause_s = pause_s
        self._count = sizes_by(count_tokens)
        self._long = RecursiveChunker(max_tokens=max_tokens, count_tokens=count_tokens)
        self.fingerprint: str = f"turns-1:{max_tokens}:{message_gap.total_seconds():g}:{pause_s:g}"

    def chunk(self, document: Document, *, source: str) -> Sequence[Chunk]:
        """Return the passages in reading order. A document without segments is cut as the one long turn it is."""
        if not document.segments:
            return self._long.chunk(document, source=source)
        return make_chunks(document, self._groups(document), source=source)

    def _groups(self, document: Document) -> Iterator[list[Span]]:
        group: list[Span] = []
        for pieces in self._pieces(document):
            if group and self._begins(document.segments, group, pieces[0]):
                yield group
                group = []
            if len(pieces) == 1:
                group.extend(pieces)
                continue
            if group:
                yield group
            *whole, group = join_spans(pieces, self.max_tokens)
            yield from whole
        if group:
            yield group

    def _pieces(self, document: Document) -> Iterator[list[Span]]:
        """Yield the spans of each segment: one, or several when it is too long for a passage."""
        spans = document.spans()
        sizes = self._count([document.text[start:end] for start, end in spans])
        for index, ((start, end), tokens) in enumerate(zip(spans, sizes, strict=True)):
            if tokens <= self.max_tokens:
                yield [Span(start, end, tokens, index)]
            else:
                yield [span._replace(segment=index) for span in self._long.pieces(document.text, start, end)]

    def _begins(self, segments: Sequence[Segment], group: Sequence[Span], following: Span) -> bool:
        """Say whether ``following`` begins a new passage."""
        before, after = segments[group[-1].segment or 0], segments[following.segment or 0]
        full = not has_room(group, following, self.max_tokens)
        return full or before.author != after.author or self._silence(before, after)

    def _silence(self, before: Segment, after: Segment) -> bool:
        if before.created_at is not None and after.created_at is not None:
            return after.created_at - before.created_at > self.message_gap
        return before.end is not None and after.start is not None and after.start - before.end > self.pause_s
