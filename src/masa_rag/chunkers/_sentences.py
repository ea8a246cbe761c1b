"""Sentences of a passage, whole: those of a recording run over its lines and over the ends of its passages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from masa_rag.chunkers._passages import Placed
from masa_rag.types import Chunk, Segment

_SHORT = (
    "".join(rf"(?<!\b{word}\.)" for word in ("[A-Z]", "(?:Dr|Mr|Ms|St|vs)", r"(?:Mrs|e\.g|i\.e)", "Prof"))
    + r"(?<!\s[a-z]\.)"
)
"""No full stop, but a title, an initial, "U.S." or "z. B."."""
_MONTHS = "Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
_ORDINAL = rf"(?!(?:(?<=\b\d\.)|(?<=\b\d\d\.))\s+(?:[a-zß-öø-ÿĀ-ſ]|(?:{_MONTHS})\b))"
"""No full stop either: "29. Juni", "29. června", "3. kerros". Two sentences in one are better than half a date."""
_GOES_ON = r"(?!(?:(?<=…)|(?<=\.{3})|(?<=[\"'”’)\]]))\s+[a-zß-öø-ÿ])"
"""Nor where a small letter follows what was left open ("It is… big") or quoted (“"Why?" he asked”)."""
_STOP = rf"(?:(?<=[.!?…؟۔।]){_SHORT}|(?<=[.!?…؟۔।][\"'”’)\]]))"
_END = re.compile(rf"{_STOP}{_ORDINAL}{_GOES_ON}\s+|(?<=[。！？])(?![。！？”’」』）])\s*")
"""Where one sentence ends and the next begins; Chinese and Japanese have no blank there."""
_LAST = re.compile(rf"(?:{_STOP}|[。！？][”’」』）]*)\s*$")
_REACH = 4
"""Lines that are looked at for the rest of a sentence: captions have about ten words each."""


def sentences(text: str, *, by_line: bool) -> list[str]:
    """Return the sentences of a text, in order.

    Args:
        text: The text.
        by_line: Whether a line break ends a sentence too, as in pages and messages. Where nothing else does, as in
            captions without full stops, it always counts.
    """
    parts = _END.split(text)
    if by_line or len(parts) == 1:
        parts = [line for part in parts for line in part.split("\n")]
    return [part.strip() for part in parts if part.strip()]


def is_recorded(chunk: Chunk) -> bool:
    """Say whether one person's lines in it are of a recording: they have a place there, and are no messages."""
    return chunk.start_s is not None and not chunk.segment_ids and len(chunk.authors) < 2


def in_whole_sentences(chunk: Chunk, placed: Placed) -> Chunk:
    """Return the passage of a recording with the rest of the sentences that it begins and ends within.

    Only its text and place in the document are new. Lines of somebody else are never taken.
    """
    (document, spans), held = placed, placed.held(chunk)
    if not held:
        return chunk
    first, last = _begin(document.segments, held[0]), _finish(document.segments, held[-1])
    start = spans[first][0] if first < held[0] and chunk.start == spans[held[0]][0] else chunk.start
    end = spans[last][1] if last > held[-1] and chunk.end == spans[held[-1]][1] else chunk.end
    return replace(chunk, text=document.text[start:end], start=start, end=end)


def _begin(lines: Sequence[Segment], number: int) -> int:
    """Return the line in which the sentence begins with which this one goes on; itself when it is far."""
    for first in range(number, max(number - _REACH, 0) - 1, -1):
        if first == 0 or lines[first - 1].author != lines[first].author or _LAST.search(lines[first - 1].text):
            return first
    return number


def _finish(lines: Sequence[Segment], number: int) -> int:
    """Return the line in which the sentence ends that this one leaves open; itself when it is far."""
    for last in range(number, min(number + _REACH, len(lines) - 1) + 1):
        if last == len(lines) - 1 or lines[last + 1].author != lines[last].author or _LAST.search(lines[last].text):
            return last
    return number
