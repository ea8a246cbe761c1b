"""What the transcript formats share: lines with times, decoding, speaker labels, rolling captions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from masa_rag.errors import SourceFormatError

MAX_BYTES = 32 * 1024 * 1024
"""Largest text read: a day of speech is 1 MB, 20 as JSON with a time for each word. A document is held whole, and
storing it takes some 60 times its size in memory (11.6 GB at 200 MB, measured)."""

UNKNOWN_SPEAKER = "Unknown speaker"
"""Author of a line whose speaker the file gives as not known; None would read as a continuation."""


@dataclass(frozen=True, slots=True)
class Line:
    """One caption or turn: text, who says it, and when in seconds (None where the file does not say)."""

    text: str
    speaker: str | None = None
    start: float | None = None
    end: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a file holds: its lines, the words before the first of them, and facts about the whole."""

    lines: Sequence[Line]
    preface: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


Parser = Callable[[str], Transcript]


_BINARY = (b"%PDF-", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b", b"RIFF", b"{\\rtf")
"""How documents, images, archives and sounds begin; those that hold text uncompressed have few control characters."""


def decode(data: bytes) -> str:
    """Return the text of a file: byte order mark, else UTF-8, else Windows-1252.

    Raises SourceFormatError when it is binary (by how it begins, or more than one control character in twenty).
    """
    if data.startswith(_BINARY):
        raise SourceFormatError("received binary data; expected readable text. Give the source that reads this format")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    sample = text[:65_536]
    odd = sum(character < " " and character not in "\t\n\r\f\v" for character in sample)
    if odd > max(32, len(sample) // 20):
        raise SourceFormatError("received binary data; expected readable text. Give the source that reads this format")
    return text


def lines_of(text: str) -> list[str]:
    """Return the lines, whichever of the three line endings the file uses."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


_LABEL = re.compile(r"(?P<name>[^\W\d_][^:<>\[\]{}\n]{0,47}?)\s*:\s+(?P<text>\S.*)", re.DOTALL)
_NUMBERED = r"(?:Speaker|SPEAKER|Spk)[ _]?\w{1,8}"
_WORDY = re.compile(_NUMBERED)
_BRACKETED = re.compile(
    rf"\[(?P<name>[^\W\d_][^\[\]:<>\n]{{0,47}}(?=\]\s*:)|{_NUMBERED})\]\s*:?\s+(?P<text>\S.*)", re.DOTALL
)
"""WhisperX writes ``[SPEAKER_00]: text``, recorders ``[Speaker 1] text``."""
_PARTICLES = frozenset(["al", "and", "bin", "da", "de", "del", "den", "der", "di", "el", "of", "the", "van", "von"])
_NOT_NAMES = frozenset(
    """answer author chapter date description example http https keywords link note question source subject
    summary tags time title topic transcript url version warning""".split()
)


def split_label(text: str) -> tuple[str | None, str]:
    """Split ``Name: what was said``, also ``[SPEAKER_00]: text``; the name is None when there is no label."""
    match = _LABEL.fullmatch(text) or _BRACKETED.fullmatch(text)
    return (match["name"].strip(), match["text"].strip()) if match else (None, text)


def is_numbered(label: str) -> bool:
    """Say whether a label is one that a diarizer gives: ``Speaker 1``, ``SPEAKER_00``."""
    return bool(_WORDY.fullmatch(label))


def looks_like_name(label: str) -> bool:
    """Say whether a label reads as a person's: at most five words, each with a capital or a particle."""
    if is_numbered(label):
        return True
    words = label.split()
    if not 0 < len(words) <= 5 or label.lower() in _NOT_NAMES:
        return False
    return words[0][0].isupper() and all(word[0].isupper() or word[0] in "(|&-" or word in _PARTICLES for word in words)


def assign_speakers(lines: Sequence[Line]) -> list[Line]:
    """Move ``Name:`` labels from the text into ``speaker`` where the file uses them as such.

    In a file that labels four lines in five (Zoom writes "stokes: gm") any label is taken.
    In one that labels changes of speaker only, labels must read as names, and hold until the next.
    """
    if any(line.speaker for line in lines):
        return list(lines)
    labels = [split_label(line.text)[0] for line in lines]
    found = [label for label in labels if label is not None]
    if found and 5 * len(found) >= 4 * len(lines) and len(set(found)) <= max(2, len(found) // 2, 8):
        return [_labelled(line) for line in lines]
    names = {label for label in found if looks_like_name(label)}
    if len(names) < 2 or 40 * len(found) < len(lines):
        counts = Counter(found)
        names = {name for name in names if counts[name] > 1 or is_numbered(name)}
    return _carried(lines, names) if names else list(lines)


def _labelled(line: Line) -> Line:
    name, text = split_label(line.text)
    return replace(line, text=text, speaker=name) if name else line


def _carried(lines: Sequence[Line], names: Iterable[str]) -> list[Line]:
    known, current, result = set(names), None, []
    for line in lines:
        name, text = split_label(line.text)
        if name in known:
            current, line = name, replace(line, text=text)
        result.append(replace(line, speaker=current))
    return result


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption as a subtitle file has it: several rows, before rolling ones are folded."""

    rows: Sequence[str]
    start: float | None = None
    end: float | None = None
    speaker: str | None = None


def fold_rolling(captions: Sequence[Caption]) -> list[Line]:
    """Return one line a caption, each row said once.

    Live captions roll: a caption repeats the last row of the one before it (YouTube), or all of it
    with words added. Folding is done only where three captions in ten do so; otherwise "Yes." said
    twice stays twice.
    """
    pairs = list(pairwise(captions))
    rolls = sum(_rolls(before.rows, after.rows) for before, after in pairs)
    if len(captions) < 4 or 10 * rolls < 3 * len(pairs):
        return [line for caption in captions for line in _line(caption, caption.rows)]
    return _folded(captions)


def _rolls(before: Sequence[str], after: Sequence[str]) -> bool:
    if not before or not after:
        return False
    grown = len(" ".join(after)) > len(" ".join(before)) and " ".join(after).startswith(" ".join(before))
    return after[0] == before[-1] or grown


def _folded(captions: Sequence[Caption]) -> list[Line]:
    result: list[Line] = []
    before: Sequence[str] = ()
    for caption in captions:
        fresh = list(caption.rows)
        joined = " ".join(fresh)
        if result and before and joined.startswith(" ".join(before) + " "):
            fresh = [joined[len(" ".join(before)) + 1 :]]
        while fresh and before and fresh[0] in before:
            fresh.pop(0)
        if fresh:
            result.extend(_line(caption, fresh))
        elif result:
            result[-1] = replace(result[-1], end=caption.end)
        before = caption.rows or before
    return result


def _line(caption: Caption, rows: Sequence[str]) -> list[Line]:
    text = " ".join(" ".join(rows).split())
    return [Line(text, caption.speaker, caption.start, caption.end)] if text else []


def in_time(lines: Sequence[Line]) -> list[Line]:
    """Return captions sorted by start: subtitle files may hold them in any order."""
    return sorted(lines, key=lambda line: line.start if line.start is not None else 0.0)


def forward_only(lines: Sequence[Line]) -> list[Line]:
    """Drop times that run backwards, keeping the longest rising run; the text keeps its order.

    Text transcripts are written in reading order, so a clock that starts anew (part two, a typing
    error) is not a reason to move words.
    """
    timed = [(line.start, number) for number, line in enumerate(lines) if line.start is not None]
    kept = set(_longest_rise(timed))
    return [
        line if line.start is None or number in kept else replace(line, start=None, end=None)
        for number, line in enumerate(lines)
    ]


def _longest_rise(timed: Sequence[tuple[float, int]]) -> list[int]:
    """Return the numbers in the longest non-decreasing run (patience sorting, O(n log n))."""
    tails: list[float] = []
    tail_at: list[int] = []
    previous: list[int] = []
    for position, (value, _) in enumerate(timed):
        slot = bisect_right(tails, value)
        previous.append(tail_at[slot - 1] if slot else -1)
        tails[slot : slot + 1] = [value]
        tail_at[slot : slot + 1] = [position]
    result, position = [], tail_at[-1] if tail_at else -1
    while position >= 0:
        result.append(timed[position][1])
        position = previous[position]
    return result


def with_ends(lines: Sequence[Line]) -> list[Line]:
    """Give a line without an end the start of the next timed line, at which its speaker must be done."""
    result = list(lines)
    following: float | None = None
    for number in range(len(result) - 1, -1, -1):
        line = result[number]
        if line.start is not None:
            if line.end is None or line.end < line.start:
                result[number] = replace(line, end=following)
            following = line.start
    return result


def readable_speaker(label: str | None, names: Mapping[str, str]) -> str | None:
    """Return the name for a label: the given one, ``Speaker A`` for a bare letter or number, or itself."""
    if label is None:
        return None
    bare = re.sub(r"^(?:speaker|spk)[ _]?", "", label, flags=re.IGNORECASE)
    for key in (label, bare, f"Speaker {bare}"):
        if key in names:
            return names[key]
    if label.upper() in ("UNK", "UNKNOWN"):
        return UNKNOWN_SPEAKER
    return f"Speaker {bare}" if bare != label or re.fullmatch(r"[A-Z]|\d{1,3}", label) else label


def link_at(url: str | None, start: float | None) -> str | None:
    """Return a link to the second: ``#t=75`` (W3C Media Fragments), ``t=75s`` for YouTube."""
    if url is None or start is None:
        return url
    if re.match(r"https?://(?:www\.|m\.)?(?:youtube\.com/watch|youtu\.be/)", url):
        return f"{url}{'&' if '?' in url else '?'}t={int(start)}s"
    return f"{url.partition('#')[0]}#t={int(start)}"
