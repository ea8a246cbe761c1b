"""Transcripts written as plain text: time codes, speaker labels, Otter.ai, ``Name (00:12:31):``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from masa_rag._time import parse_clock
from masa_rag.sources._transcript_base import (
    Line,
    Transcript,
    assign_speakers,
    forward_only,
    lines_of,
    looks_like_name,
    split_label,
    with_ends,
)

_TIME = r"(?:\d{1,3}:)?\d{1,3}:\d{2}(?:[.,]\d{1,3})?"
_STAMPED = re.compile(
    rf"\s*(?:\[\s*(?P<a>{_TIME})(?:\s*-{{1,2}}>?\s*(?P<b>{_TIME}))?\s*\]|\((?P<c>{_TIME})\))\s*[-–—:]?\s*(?P<text>.*)"
)
_NAMED = re.compile(
    rf"\s*(?P<name>[^\W\d_][^()\[\]:\n]{{0,59}}?)\s*[\[(]\s*(?P<time>{_TIME})\s*[\])]\s*:?\s*(?P<text>.*)"
)
_OTTER = re.compile(rf"\s*(?P<name>[^\W\d_].{{0,59}}?)(?:\s{{2,}}|\t)(?P<time>{_TIME})\s*(?P<text>)")
_OTTER_FOOTER = re.compile(r"\s*Transcribed by (?:https?://)?otter\.ai.*", re.IGNORECASE)
_NICK = re.compile(r"<[^>\s]{1,40}>|\*|-!-|--|==")


def looks_like_stamped(text: str) -> bool:
    """Say whether most lines after the first time code carry one, and none looks like a chat log."""
    hits = [match for line in _filled(text) if (match := _STAMPED.fullmatch(line))]
    if len(hits) < 2 or any(_NICK.match(match["text"]) for match in hits[:20]):
        return False
    times = [parse_clock(match["a"] or match["c"]) or 0.0 for match in hits]
    return times[0] <= 3600 and _mostly_rise(times) and 2 * len(hits) >= _after_first(text, _STAMPED)


def parse_stamped(text: str) -> Transcript:
    """Read ``[HH:MM:SS] text``; lines before the first time code are the preface, later ones continue."""
    preface: list[str] = []
    lines: list[Line] = []
    for row in lines_of(text):
        if match := _STAMPED.fullmatch(row):
            end = parse_clock(match["b"]) if match["b"] else None
            lines.append(Line(match["text"].strip(), start=parse_clock(match["a"] or match["c"]), end=end))
        else:
            _continue(lines, preface, row)
    return _finished(assign_speakers(lines), preface)


def looks_like_named(text: str) -> bool:
    """Say whether ``Name (00:12:31):`` opens turns, at least twice and with rising times."""
    return _opens_turns(text, _NAMED)


def parse_named(text: str) -> Transcript:
    """Read ``Name (00:12:31): text``, the text beside or below the name."""
    return _turns(text, _NAMED)


def looks_like_otter(text: str) -> bool:
    """Say whether ``Name  55:21`` opens turns, at least twice and with rising times."""
    return _opens_turns(text, _OTTER)


def parse_otter(text: str) -> Transcript:
    """Read an Otter.ai text export: ``Name  55:21`` above what was said; minutes may exceed 59."""
    return _turns("\n".join(row for row in lines_of(text) if not _OTTER_FOOTER.fullmatch(row)), _OTTER)


def looks_like_labelled(text: str) -> bool:
    """Say whether a few names, again and again, open most of the lines."""
    rows = _filled(text)
    labels = Counter(label for row in rows if (label := split_label(row.strip())[0]) and looks_like_name(label))
    total = labels.total()
    certain = sum(count for label, count in labels.items() if label.startswith("Speaker "))
    if certain >= 2 and 2 * certain >= total:
        return True
    return total >= 6 and 2 * total > len(rows) and 3 * len(labels) <= total and len(labels) >= 2


def parse_labelled(text: str) -> Transcript:
    """Read ``Speaker A: text``; a line without a label continues the turn before it."""
    rows = lines_of(text)
    labels = Counter(label for row in rows if (label := split_label(row.strip())[0]) and looks_like_name(label))
    known = {label for label, count in labels.items() if count > 1 or label.startswith("Speaker ")} or set(labels)
    preface: list[str] = []
    lines: list[Line] = []
    for row in rows:
        name, said = split_label(row.strip())
        if name in known:
            lines.append(Line(said, name))
        else:
            _continue(lines, preface, row)
    return _finished(lines, preface)


def _filled(text: str) -> list[str]:
    return [line for line in lines_of(text) if line.strip()]


def _after_first(text: str, pattern: re.Pattern[str]) -> int:
    rows = _filled(text)
    first = next((number for number, row in enumerate(rows) if pattern.fullmatch(row)), len(rows))
    return len(rows) - first


def _mostly_rise(times: Sequence[float]) -> bool:
    """Say whether at most one time in five lies before the one above it."""
    return 5 * sum(after < before for before, after in pairwise(times)) <= len(times)


def _opens_turns(text: str, pattern: re.Pattern[str]) -> bool:
    hits = [match for row in _filled(text) if (match := pattern.fullmatch(row))]
    times = [parse_clock(match["time"]) or 0.0 for match in hits]
    return len(hits) >= 2 and _mostly_rise(times) and 12 * len(hits) >= _after_first(text, pattern)


def _turns(text: str, pattern: re.Pattern[str]) -> Transcript:
    preface: list[str] = []
    lines: list[Line] = []
    for row in lines_of(text):
        if match := pattern.fullmatch(row):
            lines.append(Line(match["text"].strip(), match["name"].strip(), parse_clock(match["time"])))
        else:
            _continue(lines, preface, row)
    return _finished(lines, preface)


def _continue(lines: list[Line], preface: list[str], row: str) -> None:
    """Add a row to the turn it belongs to, or to the preface when none has begun."""
    if not lines:
        preface.append(row)
    elif row.strip():
        last = lines[-1]
        lines[-1] = Line(f"{last.text} {row.strip()}".strip(), last.speaker, last.start, last.end)


def _finished(lines: Sequence[Line], preface: Sequence[str]) -> Transcript:
    spoken = [line for line in lines if line.text.strip()]
    return Transcript(with_ends(forward_only(spoken)), "\n".join(preface).strip())
