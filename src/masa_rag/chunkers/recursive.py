"""Plain text into passages: by headings, paragraphs, lines, sentences, words, whichever fits first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from masa_rag.chunkers._passages import CountTokens, Span, has_room, make_chunks, sizes_by
from masa_rag.errors import ConfigurationError
from masa_rag.types import Chunk, Document

_HEADING, _PARAGRAPH = 0, 1
_LONGEST = 200
"""Characters of a piece of a text without any blank."""
_BREAKS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\n(?=#{1,6} )",  # before a Markdown heading
        r"\n[^\S\n]*\n\s*",  # blank lines
        r"\n",
        # The end of a sentence, what closes it left with it; Chinese and Japanese have no blank there.
        r"(?<=[.!?…؟۔।。！？])[\"'”’)\]]*(\s+)|(?<=[。！？])(?=[^\s。！？”’」』）])",
        r"\s+",
    )
)  # fmt: skip


class RecursiveChunker:
    """Cuts text at the largest break that yields pieces of at most ``max_tokens``, then joins neighbours.

    A heading always begins a new passage, so that what follows is found under its own heading.

    Args:
        max_tokens: Upper bound of a passage, header not counted.
        count_tokens: Counts tokens of many texts; an estimate when None.
    """

    def __init__(self, *, max_tokens: int = 160, count_tokens: CountTokens | None = None) -> None:
        if max_tokens < 8:
            raise ConfigurationError(f"received max_tokens={max_tokens}; expected at least 8")
        self.max_tokens = max_tokens
        self._count = sizes_by(count_tokens)
        self.fingerprint: str = f"recursive-1:{max_tokens}"

    def chunk(self, document: Document, *, source: str) -> Sequence[Chunk]:
        """Return the passages in reading order."""
        return make_chunks(document, self._groups(document.text), source=source)

    def _groups(self, text: str) -> Iterator[list[Span]]:
        for start, end in _split(text, 0, len(text), _HEADING):
            yield from join_spans(self.pieces(text, start, end), self.max_tokens)

    def pieces(self, text: str, start: int, end: int, *, level: int = _PARAGRAPH) -> Iterator[Span]:
        """Yield spans of at most ``max_tokens`` that cover ``text[start:end]``, breaks left out."""
        yield from self._fitting(text, list(_split(text, start, end, level)), level)

    def _fitting(self, text: str, spans: Sequence[tuple[int, int]], level: int) -> Iterator[Span]:
        """Yield the spans, those that are too long at the next smaller breaks, and at any character for want of one."""
        for (start, end), tokens in zip(spans, self._count([text[a:b] for a, b in spans]), strict=True):
            if tokens <= self.max_tokens or end - start == 1:
                yield Span(start, end, tokens)
            elif level + 1 < len(_BREAKS):
                yield from self.pieces(text, start, end, level=level + 1)
            else:
                length = max(1, min(_LONGEST, (end - start) * self.max_tokens // tokens))
                parts = [(begin, min(begin + length, end)) for begin in range(start, end, length)]
                yield from self._fitting(text, parts, level)


def join_spans(spans: Iterator[Span] | Sequence[Span], max_tokens: int) -> Iterator[list[Span]]:
    """Yield runs of neighbouring spans whose tokens sum to at most ``max_tokens``."""
    group: list[Span] = []
    for span in spans:
        if group and not has_room(group, span, max_tokens):
            yield group
            group = []
        group.append(span)
    if group:
        yield group


def _split(text: str, start: int, end: int, level: int) -> Iterator[tuple[int, int]]:
    position = start
    for found in _BREAKS[level].finditer(text, start, end):
        if (before := found.start(found.lastindex or 0)) > position:
            yield position, before
        position = max(position, found.end())
    if position < end:
        yield position, end
