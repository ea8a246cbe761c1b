"""SAMI (.smi): Microsoft's captions, an HTML of its own whose elements are hardly ever closed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from masa_rag.sources._transcripts.base import Caption, Transcript, shown, with_ends
from masa_rag.sources._transcripts.speakers import transcript_of

_ROOT = re.compile(r"\s*+(?><!--.*?-->\s*+)*+<sami\b", re.IGNORECASE | re.DOTALL)
_SYNC = re.compile(r"<sync\b[^<>]*?\bstart\s*=\s*[\"']?\s*(-?\d{1,12})[^<>]*>", re.IGNORECASE)
_PARAGRAPH = re.compile(r"<p\b([^<>]*)>", re.IGNORECASE)
_CLASS = re.compile(r"\bclass\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_SOURCE = re.compile(r"\bid\s*=\s*[\"']?source\b", re.IGNORECASE)
"""A paragraph that says who speaks."""
_STYLE = re.compile(r"\.([\w-]+)\s*\{[^{}]*?\blang\s*:\s*([\w-]+)", re.IGNORECASE)
_BREAK = re.compile(r"<br\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<!--.*?-->|<[/!a-z][^<>]*>", re.IGNORECASE | re.DOTALL)


def looks_like_sami(text: str) -> bool:
    """Say whether the root element is ``SAMI``."""
    return bool(_ROOT.match(text[:4096]))


def parse_sami(text: str) -> Transcript:
    """Read SAMI in one of its languages, the one with most captions; a caption without words ends the one before."""
    head, *parts = _SYNC.split(text)
    found = [(start, *item) for start, part in zip(parts[::2], parts[1::2], strict=True) for item in _paragraphs(part)]
    counts = Counter(language for _, language, caption in found if language and caption.rows)
    chosen = next((language for language, _ in counts.most_common(1)), "")
    captions = [
        Caption(caption.rows, max(0, int(start)) / 1000, None, caption.speaker)
        for start, language, caption in found
        if language in ("", chosen)
    ]
    languages = {name.casefold(): code for name, code in _STYLE.findall(head)}
    known = {"language": languages[chosen]} if chosen in languages else {}
    return Transcript(transcript_of(with_ends(captions)).lines, metadata=known)


def _paragraphs(part: str) -> Iterator[tuple[str, Caption]]:
    """Yield what is shown from a moment on in each language (in lower case), with who says it where that is told."""
    before, *rest = _PARAGRAPH.split(part)
    speaker = None
    for attributes, text in zip(["", *rest[::2]], [before, *rest[1::2]], strict=True):
        rows = [row for piece in _BREAK.split(text) if (row := shown(" ".join(piece.split()), _TAG))]
        if _SOURCE.search(attributes):
            speaker = " ".join(rows).rstrip(":") or None
        elif attributes or rows:
            named = _CLASS.search(attributes)
            yield named[1].casefold() if named else "", Caption(rows, speaker=speaker)
