"""What the transcript formats share: lines with times, decoding, speaker labels, rolling captions."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, TypeVar

from masa_rag._time import parse_clock
from masa_rag.errors import SourceFormatError
from masa_rag.sources._encoding import encoding_of_text
from masa_rag.types import Segment

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

_CONTROLS = re.compile(r"[\0-\x08\x0e-\x1f]")


def decode(data: bytes) -> str:
    """Return the text of a file; see :func:`decoded`."""
    return decoded(data)[0]


def decoded(data: bytes) -> tuple[str, str, bool]:
    """Return the text of a file, in the encoding that :func:`encoding_of_text` finds, which that is, and if it is sure.

    Raises SourceFormatError when it is binary (by how it begins, or more than one control character in twenty).
    """
    if data.startswith(_BINARY):
        raise SourceFormatError("received binary data; expected readable text. Give the source that reads this format")
    name, sure = encoding_of_text(data)
    text = data.decode(name, errors="replace")
    sample = text[:65_536]
    if len(_CONTROLS.findall(sample)) > max(32, len(sample) // 20):
        raise SourceFormatError("received binary data; expected readable text. Give the source that reads this format")
    return text, name, sure


def lines_of(text: str) -> list[str]:
    """Return the lines, whichever of the three line endings the file uses."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uff01-\uff65]")
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese are written without blanks, some two letters a word."""


def words_in(text: str) -> int:
    """Return how many words a text has, about."""
    return len(text.split()) + len(UNSPACED.findall(text)) // 2


_BLANK = re.compile(r"<br ?/?>|\[br\]|\\h", re.IGNORECASE)
"""What is shown as a blank or a new row; FFmpeg writes ``\\h`` into captions of television."""


def shown(row: str, markup: re.Pattern[str]) -> str:
    """Return a row of a caption as it is shown: without markup, entities resolved, no space too many or too thin."""
    return " ".join(html.unescape(markup.sub("", _BLANK.sub(" ", row))).split()).strip("\u200b\ufeff ")


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption as a subtitle file has it: several rows, before rolling ones are folded."""

    rows: Sequence[str]
    start: float | None = None
    end: float | None = None
    speaker: str | None = None

    @property
    def text(self) -> str:
        """What it says, its rows joined."""
        return " ".join(" ".join(self.rows).split())


Timed = TypeVar("Timed", Line, Caption)


def line_of(caption: Caption) -> Line:
    """Return a caption as one line."""
    return Line(caption.text, caption.speaker, caption.start, caption.end)


def fold_rolling(captions: Sequence[Caption]) -> list[Caption]:
    """Return the captions that hold words, each row said once.

    Live captions roll: a caption repeats the last row of the one before it (YouTube) or two (television), or all of
    it with words added. Folding is done only where three captions in ten do so; otherwise "Yes." said
    twice stays twice.
    """
    pairs = list(pairwise(captions))
    rolls = sum(_rolls(before.rows, after.rows) for before, after in pairs)
    if len(captions) < 4 or 10 * rolls < 3 * len(pairs):
        return [caption for caption in captions if caption.text]
    return _folded(captions)


def _rolls(before: Sequence[str], after: Sequence[str]) -> bool:
    if not before or not after:
        return False
    grown = len(" ".join(after)) > len(" ".join(before)) and " ".join(after).startswith(" ".join(before))
    return grown or _shared(before, after) > 0


def _shared(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many of the last rows of a caption are the first ones of the next."""
    sizes = range(min(len(before), len(after)), 0, -1)
    return next((size for size in sizes if list(after[:size]) == list(before[-size:])), 0)


def _folded(captions: Sequence[Caption]) -> list[Caption]:
    result: list[Caption] = []
    before: Sequence[str] = ()
    for caption in captions:
        fresh = _fresh(before, caption.rows)
        if any(row.strip() for row in fresh):
            result.append(replace(caption, rows=fresh))
        elif result:
            result[-1] = replace(result[-1], end=caption.end)
        before = caption.rows or before
    return result


def _fresh(before: Sequence[str], rows: Sequence[str]) -> Sequence[str]:
    """Return the rows, or the words of them, that the caption before does not show already."""
    shown, joined = " ".join(before), " ".join(rows)
    if before and joined.startswith(f"{shown} "):
        return [joined[len(shown) + 1 :]]
    return rows[_shared(before, rows) :]


def in_time(lines: Sequence[Timed]) -> list[Timed]:
    """Return captions sorted by start: subtitle files may hold them in any order."""
    return sorted(lines, key=lambda line: line.start if line.start is not None else 0.0)


def forward_only(lines: Sequence[Timed]) -> list[Timed]:
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


_ONE_DIGIT = re.compile(r"(?<=:)\d(?!\d)")
_BEHIND_SECONDS = re.compile(r"(\d+)[:;](\d+)[:;](\d+)[:;](?:(?=\d{3})|\d+)")
"""What is left out: frames, or the sign before thousandths."""


def loose_clock(written: str) -> float | None:
    """Return the seconds of a time, also of ``0:0:3.290`` and ``00:00:03:290``; fewer digits there are frames."""
    whole = _BEHIND_SECONDS.sub(r"\1:\2:\3.", re.sub(r" *([:;.,]) *", r"\1", written)).rstrip(".")
    return parse_clock(_ONE_DIGIT.sub(lambda digit: f"0{digit[0]}", whole))


_HOUR_S, _DAY_S = 3600.0, 24 * 3600.0


def past_midnight(times: Sequence[float | None]) -> list[float | None]:
    """Return the times counted on where a clock of the day begins anew, from its last hour to its first.

    Once: what goes on for days is a log.
    """
    days, last = 0.0, 0.0
    result: list[float | None] = []
    for time in times:
        if time is not None:
            if time < _HOUR_S and _DAY_S - _HOUR_S <= last < _DAY_S:
                days = _DAY_S
            last = time + days
        result.append(None if time is None else last)
    return result


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


def with_ends(lines: Sequence[Timed]) -> list[Timed]:
    """Give a line without an end the start of the next timed line, at which its speaker must be done."""
    result = list(lines)
    following: float | None = None
    for number in range(len(result) - 1, -1, -1):
        line = result[number]
        if line.start is not None:
            if line.end is None or line.end < line.start:
                is_later = following is not None and following >= line.start
                result[number] = replace(line, end=following if is_later else None)
            following = line.start
    return result


def same_words(one: str, other: str) -> bool:
    """Say whether two texts hold the same speech: half of their distinct words are shared (Jaccard)."""
    ours, theirs = (set(re.findall(r"\w+", text.lower())) for text in (one, other))
    return 2 * len(ours & theirs) >= len(ours | theirs)


def readable_speaker(label: str | None, names: Mapping[str, str]) -> str | None:
    """Return the name for a label: the given one, ``Speaker A`` for a bare letter or number, or itself."""
    if label is None:
        return None
    bare = re.sub(r"^(?:(?:speaker|spk)[ _]?|ch_)", "", label, flags=re.IGNORECASE)
    for key in (label, bare, f"Speaker {bare}"):
        if key in names:
            return names[key]
    if label.upper() in ("UNK", "UNKNOWN"):
        return UNKNOWN_SPEAKER
    return f"Speaker {bare}" if bare != label or re.fullmatch(r"[A-Z]|\d{1,3}", label) else label


def segments_of(lines: Iterable[Line], names: Mapping[str, str], url: str | None) -> list[Segment]:
    """Return lines as they are stored: with the names of their speakers, and links to their seconds of an address."""
    return [
        Segment(
            line.text,
            author=readable_speaker(line.speaker, names),
            start=line.start,
            end=line.end,
            url=link_at(url, line.start),
            metadata=line.metadata,
        )
        for line in lines
    ]


_YOUTUBE = re.compile(r"(https?://(?:(?:www|m)\.)?(?:youtube\.com/(?:watch|live/|shorts/)|youtu\.be/)[^?#]*)\??([^#]*)")


def link_at(url: str | None, start: float | None) -> str | None:
    """Return a link to the second, in place of any in the address.

    It ends in ``#t=75`` (W3C Media Fragments), on YouTube in ``t=75s``.
    """
    if url is None or start is None:
        return url
    if match := _YOUTUBE.match(url):
        kept = [part for part in match[2].split("&") if part and not part.startswith(("t=", "start="))]
        return f"{match[1]}?{'&'.join([*kept, f't={int(start)}s'])}"
    return f"{url.partition('#')[0]}#t={int(start)}"
