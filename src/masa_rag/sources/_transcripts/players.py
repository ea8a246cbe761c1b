"""Subtitle formats of players, a caption a row: MicroDVD and SubViewer's first (.sub), MPL2, TMPlayer, LRC."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from masa_rag._time import parse_clock
from masa_rag.sources._transcripts.base import Caption, Transcript, in_time, lines_of, loose_clock, shown, with_ends
from masa_rag.sources._transcripts.speakers import transcript_of
from masa_rag.sources._transcripts.subtitles import MARKUP

_FRAMES = re.compile(r"\{(?P<start>\d{1,9})\}\{(?P<end>\d{0,9})\}(?P<text>.*)")
_TENTHS = re.compile(r"\[(?P<start>\d{1,9})\]\[(?P<end>\d{0,9})\](?P<text>.*)")
_CLOCKS = re.compile(r"(?P<start>\d{1,2}:\d\d:\d\d)(?P<end>)(?::|=|,\d=)(?!\s|\d\d(?:\s|$))(?P<text>.*)")
_RATE = re.compile(r"[01]\D+[01]\D(\d{2,3}(?:[.,]\d{1,4})?)\s*(?:fps)?", re.IGNORECASE)
_USUAL_RATE = 25.0
"""Frames a second where a file does not say them."""
_LATEST_FIRST_S = 3600.0
"""A film's first words are said before; the lines of a log may begin at any hour."""
_SUBVIEWER = re.compile(r"^\[(\d\d:\d\d:\d\d)\][ \t]*\n", re.MULTILINE)
_SCRIPT = re.compile(r"\[BEGIN\]\s*\n(?:\*[^\n]*\n)?(.*?)(?:\n\[END\]|\Z)", re.DOTALL)
_MARKUP = re.compile(rf"{MARKUP.pattern}|\{{[A-Z]:[^{{}}]*\}}|^[/\\_](?=\S)", re.IGNORECASE)
"""Also ``{y:i}`` and ``{c:$0000ff}``; a slash before a row says that it leans."""

_TAGGED = re.compile(r"((?:\[\d{1,3}:\d\d(?:\.\d{1,3})?\]\s*)+)(.*)")
_WORD_TAG = re.compile(r"<\d{1,3}:\d\d(?:\.\d{1,3})?>")
_OF_LRC = re.compile(r"^\[(?:id|ti|ar|al|au|by|re|ve|la|length|offset|tool|#):|<\d{1,3}:\d\d\.\d{2,3}>", re.MULTILINE)
"""What only LRC has: facts about the song, and the times of words. Without them it is ``[00:12.00] text``."""
_EARLIER = re.compile(r"^\[offset:\s*([+-]?\d{1,9})\]", re.MULTILINE | re.IGNORECASE)


def looks_like_players(text: str) -> bool:
    """Say whether nearly all rows are captions of one of the formats, in the order of their times."""
    return _form(_rows(text[:65_536])) is not None


def parse_players(text: str) -> Transcript:
    """Read captions that are a row each, with ``|`` between the lines shown; one without words ends the one before.

    Frames are counted by the rate in the first caption, ``{1}{1}23.976``, else 25 a second; ``frame_rate`` says which.
    """
    rows = _rows(text)
    form = _form(rows) or _FRAMES
    told = _RATE.fullmatch(rows[0].strip("{")) if form is _FRAMES and rows else None
    rate = float(told[1].replace(",", ".")) if told else _USUAL_RATE
    captions: list[Caption] = []
    for row in rows[bool(told) :]:
        if match := form.fullmatch(row):
            start, end = (_seconds(match[edge], rate if form is _FRAMES else 10.0) for edge in ("start", "end"))
            captions.append(Caption(_shown(match["text"]), start, end))
        elif captions:
            captions[-1] = Caption([*captions[-1].rows, *_shown(row)], captions[-1].start, captions[-1].end)
    lines = transcript_of(with_ends(captions)).lines
    return Transcript(lines, metadata={"frame_rate": rate} if form is _FRAMES else {})


def _rows(text: str) -> list[str]:
    """Return the rows with words, those of SubViewer's first version as ``00:00:01:text``."""
    text = "\n".join(lines_of(text))
    if script := _SCRIPT.search(text):
        text = _SUBVIEWER.sub(r"\1:", script[1])
    return [row.strip() for row in text.split("\n") if row.strip()]


def _form(rows: Sequence[str]) -> re.Pattern[str] | None:
    return next((form for form in (_FRAMES, _TENTHS, _CLOCKS) if _fits(rows, form)), None)


def _fits(rows: Sequence[str], form: re.Pattern[str]) -> bool:
    found = [match for row in rows if (match := form.fullmatch(row))]
    starts = [_seconds(match["start"], 1.0) or 0.0 for match in found]
    late = sum(after < before for before, after in pairwise(starts))
    soon = form is not _CLOCKS or starts[:1] <= [_LATEST_FIRST_S]
    return len(found) >= 2 and 10 * len(found) >= 9 * len(rows) and 20 * late <= len(starts) and soon


def _seconds(written: str, unit: float) -> float | None:
    if ":" in written:
        return parse_clock(written)
    return int(written) / unit if written else None


def _shown(text: str) -> list[str]:
    return [row for part in text.split("|") if (row := shown(part.strip(), _MARKUP))]


def looks_like_lrc(text: str) -> bool:
    """Say whether most rows have times in brackets, and what only LRC has is there."""
    rows = _rows(text[:65_536])
    return bool(_OF_LRC.search(text[:65_536])) and 2 * sum(bool(_TAGGED.fullmatch(row)) for row in rows) >= len(rows)


def parse_lrc(text: str) -> Transcript:
    """Read LRC: a row may have several times, and its words times of their own; one without words ends another."""
    rows = [(row, _TAGGED.fullmatch(row)) for row in _rows(text)]
    earlier = _EARLIER.search(text)
    offset = int(earlier[1]) / 1000 if earlier else 0.0
    captions = [
        Caption(_shown(_WORD_TAG.sub("", match[2])), max(0.0, (loose_clock(time) or 0.0) - offset))
        for _, match in rows
        if match
        for time in re.findall(r"[\d.:]+", match[1])
    ]
    facts = [row for row, match in rows if not match]
    return Transcript(transcript_of(with_ends(in_time(captions))).lines, "\n".join(facts))
