"""Transcripts written as plain text in which names open turns: ``Name (00:12:31):``, Otter.ai, ``Speaker A: text``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import dropwhile, pairwise

from masa_rag._time import parse_clock
from masa_rag.sources._transcripts.alone import with_words
from masa_rag.sources._transcripts.base import (
    Line,
    Timed,
    Transcript,
    forward_only,
    lines_of,
    loose_clock,
    past_midnight,
    with_ends,
)
from masa_rag.sources._transcripts.speakers import (
    CALLER,
    LETTER,
    is_field,
    is_numbered,
    looks_like_name,
    split_label,
)

TIME = (
    r"(?:(?:\d{1,3}:)?\d{1,3}:\d{2}(?:[.,]\d{1,3})?|\d{1,3}:\d{1,2}:\d{1,2}\.\d{1,3}|\d\d(?::\d\d){3}|\d\d(?:;\d\d){3})"
)
"""Teams wrote ``0:0:3.290``; Premiere counts frames behind the seconds, ``00:00:03:12`` and ``00;00;03;12``."""
TO = r"(?:\s*(?:-{1,2}>?|[–—])\s*|\t)"
_NAMED = re.compile(
    rf"\s*(?:#{{1,6}}\s+)?(?:\*\*)?(?P<name>{CALLER}|{LETTER}[^()（\[\]:*\n]{{0,59}}?"
    rf"(?: [(\[][^\W\d_][^()\[\]\n]{{0,39}}[)\]])?)(?<=\S)"
    rf"\s*+:?\s*+(?:\*\*\s*+:?\s*+)?\\?[\[(（]\s*(?P<time>{TIME})(?:{TO}(?P<until>{TIME}))?\s*\\?[\])）]\s*[:：]?\s*(?P<text>.*)"
)
"""Markdown may have a backslash before brackets. Behind a name may stand whom it works for:
``Ada Park (Salt & Signal) (00:12:31):``."""
_OTTER = re.compile(
    rf"\s*(?:\*\*)?(?P<open>\[)?(?P<name>{CALLER}|{LETTER}.{{0,59}}?)(?<=\S)(?(open)\])(?:\*\*)?(?:\s?[-–—|,·•])?"
    rf"(?:(?:\s{{2,}}|\t)(?P<time>{TIME})| (?P<whole>\d\d:\d\d:\d\d))\s*\\?(?P<text>)"
)
"""Otter.ai's ``Name  55:21``, also ``Name 00:55:21``, and ``[Name] 10:02:01`` as Zoom saves captions."""
_BESIDE = re.compile(
    rf"\s*(?:#{{1,6}}\s+)?(?:\*\*)?(?P<name>{CALLER}|{LETTER}[^:\n]{{0,59}}?)(?:\*\*)?(?:\s|\s?[-–—|,·•]\s?)"
    rf"(?P<time>{TIME})\s*\\?(?P<text>)"
)
"""``Speaker 1 00:03``, ``Ada - 00:03``, with what was said below: what schedules and lists of songs look like too."""
_FOOTER = re.compile(
    r"\W{0,9}(?:Transcribed by (?:https?://)?otter\.ai.*|(?:Meeting|Transcription) ended after [\d:]+\W*|"
    r"This editable transcript was computer generated and might contain errors\..*|"
    r"\S+(?: \S+){0,4} (?:started|stopped) transcription)\s*",
    re.IGNORECASE,
)
"""What Otter.ai, Google Meet (also as Markdown) and Teams write around what was said."""
_OWN_LINE = re.compile(rf"\s*+(?:#{{1,6}}\s++)?(?:\*\*)?[\[(]?\s*+({TIME})\s*+[\])]?(?:\*\*)?\s*+")
_END_BEHIND = re.compile(r"#(\d\d:\d\d:\d\d)-(\d)#\s*$", re.MULTILINE)
FIRST_BARE_S = 120.0
"""A bare "9:15" is an hour of the day; a recording begins near zero."""


def few_names(rows: Sequence[str], turns: int) -> set[str]:
    """Return those of the rows that are names, if they stand at nearly all turns and are few, or numbered ones.

    A row that comes again and again is one in any letters ("stokes").
    """
    counts = Counter(rows)
    names = Counter({row: count for row, count in counts.items() if count > _OFTEN or looks_like_name(row)})
    few = (names.total() >= 4 and 2 * len(names) <= names.total()) or all(map(is_numbered, names))
    return set(names) if few and 5 * names.total() >= 4 * turns else set()


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
    return _turns("\n".join(row for row in lines_of(text) if not _FOOTER.fullmatch(row)), _OTTER)


def looks_like_beside(text: str) -> bool:
    """Say whether few names with a time behind them open turns, from the beginning of a recording."""
    hits = [match for row in filled(text) if (match := _BESIDE.fullmatch(row))]
    names = few_names([match["name"] for match in hits], len(hits))
    first = next((_clock(match) or 0.0 for match in hits if match["name"] in names), FIRST_BARE_S + 1)
    has_words = len(filled(text)) >= 2 * len(hits)
    return has_words and first <= FIRST_BARE_S and _opens_turns(text, _BESIDE)


def parse_beside(text: str) -> Transcript:
    """Read ``Speaker 1 00:03`` above what was said."""
    return _turns(text, _BESIDE)


def looks_like_labelled(text: str) -> bool:
    """Say whether a few names, again and again, open most of the lines, or of the paragraphs and no line in them.

    Where more than one row in five is a field ("Date: Monday"), the others are fields too.
    """
    rows = lines_of(with_words(text))
    labels = _labels(rows)
    turns = [*dropwhile(lambda row: not any(_labels([row])), rows)]
    if 5 * sum(is_field(row.strip()) for row in turns) > len(labels):
        return False
    openings = _labels([row for before, row in pairwise(["", *rows]) if not before.strip()])
    return _are_turns(labels) or (_are_turns(openings) and [*filter(None, labels)] == [*filter(None, openings)])


def _are_turns(rows: Sequence[str | None]) -> bool:
    order = list(filter(None, rows))
    labels, total = Counter(order), len(order)
    certain = sum(count for label, count in labels.items() if is_numbered(label))
    if certain >= 2 and 2 * certain >= total:
        return True
    few = total >= 6 and 2 * total > len(rows) and 3 * len(labels) <= total and len(labels) >= 2
    return few and (len(labels) == 2 or order[len(labels) :] != order[: -len(labels)])  # always in turn: records


def _labels(rows: Sequence[str]) -> list[str | None]:
    """Return for each row of words the name that opens it, if one does."""
    words = (row for row in rows if row.strip() and not (_FOOTER.fullmatch(row) or _OWN_LINE.fullmatch(row)))
    labels = (split_label(row.strip())[0] for row in words)
    return [label if label and looks_like_name(label) else None for label in labels]


def _speakers(text: str) -> set[str]:
    """Return the names that open turns: those that come again, and any where nearly each row is a turn."""
    rows = list(dropwhile(lambda label: label is None, _labels(lines_of(text))))
    labels = Counter(filter(None, rows))
    often = {label for label, count in labels.items() if count > 1 or is_numbered(label)}
    is_each = 5 * sum(labels[label] for label in often) >= 4 * len(rows)
    return set(labels) if is_each or not often else often


def parse_labelled(text: str) -> Transcript:
    """Read ``Speaker A: text``; a line without a label continues the turn before it, a time opens the next.

    f4 and MAXQDA write when a turn ends behind it, ``#00:00:10-5#``.
    """
    text = with_words(text)
    known = _speakers(text)
    preface: list[str] = []
    lines: list[Line] = []
    start = 0.0 if _END_BEHIND.search(text) else None
    for row in lines_of(text):
        if ends := _END_BEHIND.search(row):
            row = row[: ends.start()]
        name, said = split_label(row.strip())
        if name in known:
            if timed := _NAMED.fullmatch(row):
                start, said = _clock(timed), timed["text"]
            lines.append(Line(said, name, start))
            start = None
        elif lines and _FOOTER.fullmatch(row):
            continue
        elif match := _OWN_LINE.fullmatch(row):
            start = parse_clock(match[1])
        else:
            _continue(lines, preface, row)
        if ends and lines:
            start = loose_clock(f"{ends[1]}.{ends[2]}")
            lines[-1] = replace(lines[-1], end=start)
    return _finished(lines, preface)


def filled(text: str) -> list[str]:
    return [line for line in lines_of(text) if line.strip()]


def after_first(text: str, pattern: re.Pattern[str]) -> int:
    rows = filled(text)
    first = next((number for number, row in enumerate(rows) if pattern.fullmatch(row)), len(rows))
    return len(rows) - first


def mostly_rise(times: Sequence[float]) -> bool:
    """Say whether at most one time in five lies before the one above it."""
    return 5 * sum(after < before for before, after in pairwise(times)) <= len(times)


def _opens_turns(text: str, pattern: re.Pattern[str]) -> bool:
    hits = [match for match in _opened(filled(text), pattern) if match]
    times = [_clock(match) or 0.0 for match in hits]
    return len(hits) >= 2 and mostly_rise(times) and 12 * len(hits) >= after_first(text, pattern)


def _opened(rows: Sequence[str], pattern: re.Pattern[str]) -> list[re.Match[str] | None]:
    """Return for each row how it opens a turn, if it does: a sentence that ends with a time does not."""
    found = [pattern.fullmatch(row) for row in rows]
    counts = Counter(match["name"].strip() for match in found if match)
    return [match if match and _may_speak(name := match["name"].strip(), counts[name]) else None for match in found]


def _may_speak(name: str, times: int) -> bool:
    """Say whether a turn's label names somebody: often, like a person, or in few words ("unknown speaker")."""
    return times > 1 or looks_like_name(name) or (len(name.split()) <= _FEW_WORDS and not name.endswith((*".,?!",)))


_FEW_WORDS = 3
_OFTEN = 2


def _clock(match: re.Match[str]) -> float | None:
    return loose_clock(match["time"] or match.groupdict().get("whole") or "")


def _turns(text: str, pattern: re.Pattern[str]) -> Transcript:
    preface: list[str] = []
    lines: list[Line] = []
    rows = lines_of(text)
    found = _opened(rows, pattern)
    known = {match["name"].strip() for match in found if match}
    for row, match in zip(rows, found, strict=True):
        name, said = split_label(row.strip())
        if match:
            end = loose_clock(match.groupdict().get("until") or "")
            lines.append(Line(match["text"].strip(), match["name"].strip(), _clock(match), end))
        elif name in known:  # a turn whose time nobody wrote down
            lines.append(Line(said, name))
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
    return Transcript(in_order(lines), "\n".join(preface).strip())


def in_order(lines: Sequence[Timed]) -> list[Timed]:
    """Leave out what has no words, and times that run backwards; add the ends that are not given."""
    moments = past_midnight([time for line in lines for time in (line.start, line.end)])
    counted = [
        replace(line, start=start, end=end)
        for line, start, end in zip(lines, moments[::2], moments[1::2], strict=True)
        if line.text.strip()
    ]
    return with_ends(forward_only(counted))
