"""Transcripts written as plain text: time codes, speaker labels, Otter.ai, Google Meet, ``Name (00:12:31):``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from masa_rag._time import parse_clock
from masa_rag.sources._transcripts.base import (
    Caption,
    Line,
    Timed,
    Transcript,
    forward_only,
    lines_of,
    loose_clock,
    past_midnight,
    with_ends,
)
from masa_rag.sources._transcripts.speakers import assign_speakers, is_numbered, looks_like_name, split_label

_TIME = (
    r"(?:(?:\d{1,3}:)?\d{1,3}:\d{2}(?:[.,]\d{1,3})?|\d{1,3}:\d{1,2}:\d{1,2}\.\d{1,3}|\d\d(?::\d\d){3}|\d\d(?:;\d\d){3})"
)
"""Teams wrote ``0:0:3.290``; Premiere counts frames behind the seconds, ``00:00:03:12`` and ``00;00;03;12``."""
_TO = r"\s*(?:-{1,2}>?|[–—])\s*"
_SAID = r"\s*[-–—:|]?\s*(?P<text>.*)"
_STAMPED = re.compile(
    rf"\s*(?:[\[(]\s*(?P<a>{_TIME})(?:(?:\s*[\])]{_TO}[\[(]\s*|{_TO})(?P<b>{_TIME}))?\s*[\])]"
    rf"(?:(?<=\])\(https?://[^()\s]+\))?|"
    rf"\[(?P<d>\d{{1,6}}\.\d{{1,3}})s?{_TO}(?P<e>\d{{1,6}}\.\d{{1,3}})s?\]){_SAID}"
)
"""``[0:05]``, ``(0:05)``, ``[0:05 - 0:09]``, ``[0:05] --> [0:09]``, and as programs around faster-whisper print them
``[5.00s -> 9.00s]``, ``[5.0 - 9.0]``; in Markdown the first may be a link, which is not said."""
_BARE = re.compile(rf"\s*(?P<a>{_TIME})(?:{_TO}(?P<b>{_TIME}))?(?=\s|$)(?!\s*[ap]\.?m\b){_SAID}", re.IGNORECASE)
_NAMED = re.compile(
    rf"\s*(?:#{{1,6}}\s+)?(?:\*\*)?(?P<name>[^\W\d_][^()（\[\]:*\n]{{0,59}}?)(?<=\S)\s*+:?\s*+(?:\*\*\s*+:?\s*+)?"
    rf"[\[(（]\s*(?P<time>{_TIME})\s*[\])）]\s*[:：]?\s*(?P<text>.*)"
)
_OTTER = re.compile(
    rf"\s*(?:\*\*)?(?P<open>\[)?(?P<name>[^\W\d_].{{0,59}}?)(?<=\S)(?(open)\])(?:\*\*)?(?:\s?[-–—|,])?"
    rf"(?:(?:\s{{2,}}|\t)(?P<time>{_TIME})| (?P<whole>\d\d:\d\d:\d\d))\s*\\?(?P<text>)"
)
"""Otter.ai's ``Name  55:21``, also ``Name 00:55:21``, and ``[Name] 10:02:01`` as Zoom saves captions."""
_BESIDE = re.compile(
    rf"\s*(?:\*\*)?(?P<name>[^\W\d_][^:\n]{{0,59}}?)(?:\*\*)?(?:\s|\s?[-–—|,]\s?)(?P<time>{_TIME})\s*\\?(?P<text>)"
)
"""``Speaker 1 00:03``, ``Ada - 00:03``, with what was said below: what schedules and lists of songs look like too."""
_FOOTER = re.compile(
    r"\s*(?:Transcribed by (?:https?://)?otter\.ai.*|(?:Meeting|Transcription) ended after [\d:]+\W*|"
    r"This editable transcript was computer generated and might contain errors\..*|"
    r"\S+(?: \S+){0,4} (?:started|stopped) transcription)\s*",
    re.IGNORECASE,
)
"""What Otter.ai, Google Meet and Teams write around what was said."""
_OWN_LINE = re.compile(rf"\s*+(?:#{{1,6}}\s++)?(?:\*\*)?[\[(]?\s*+({_TIME})\s*+[\])]?(?:\*\*)?\s*+")
_FEWEST_BARE = 4
_FIRST_BARE_S = 120.0
"""A bare "9:15" is an hour of the day; a recording begins near zero."""
_FEWEST_WORDS_A_SECOND = 0.5
"""People say two to three words a second; a list of chapters has one word in many seconds."""
_LATE_S = 3600.0
_LOGGED = re.compile(
    r"<[^>\s]{1,40}>|\*(?!\*\w)|-!-|--|==|(?:\[[^\]]{0,60})?\b(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL)\b"
)
"""How the lines of chats and of programs begin, behind the time of day."""


def looks_like_stamped(text: str) -> bool:
    """Say whether most lines after the first time code carry one, and few look like those of a log."""
    return _stamps(text) is not None


def _stamps(text: str) -> re.Pattern[str] | None:
    """Return how the time codes are written: in brackets, or bare at the beginning of a line."""
    return next((form for form in (_STAMPED, _BARE) if _is_stamped(text, form)), None)


def _is_stamped(text: str, form: re.Pattern[str]) -> bool:
    hits = [match for line in _filled(text) if (match := form.fullmatch(line))]
    if len(hits) < 2 or 2 * sum(bool(_LOGGED.match(match["text"])) for match in hits[:20]) > len(hits[:20]):
        return False
    times = [_times(match)[0] or 0.0 for match in hits]
    alone = sum(not match["text"].strip() for match in hits)  # what is said is below the time code
    dense = 2 * len(hits) + 2 * alone >= _after_first(text, form)
    counted = [time or 0.0 for time in past_midnight(times)]
    rising = _mostly_rise(times) if times[0] <= _LATE_S else counted == sorted(counted)
    return rising and dense and (form is _STAMPED or _is_spoken(text, times))


def _is_spoken(text: str, times: Sequence[float]) -> bool:
    """Tell speech with bare time codes from the hours of a day and from a list of chapters."""
    words = len(text.split()) - len(times)
    pace = words / max(1.0, max(times) - times[0])
    return len(times) >= _FEWEST_BARE and times[0] <= _FIRST_BARE_S and pace >= _FEWEST_WORDS_A_SECOND


def _times(match: re.Match[str]) -> tuple[float | None, float | None]:
    found = match.groupdict()
    if found.get("d"):
        return float(match["d"]), float(match["e"])
    return loose_clock(match["a"]), loose_clock(match["b"]) if match["b"] else None


def parse_stamped(text: str) -> Transcript:
    """Read ``[HH:MM:SS] text``; lines before the first time code are the preface, later ones continue."""
    form = _stamps(text) or _STAMPED
    preface: list[str] = []
    blocks: list[tuple[tuple[float | None, float | None], list[str]]] = []
    for row in lines_of(text):
        if match := form.fullmatch(row):
            blocks.append((_times(match), []))
            row = match["text"]
        if blocks and row.strip():
            blocks[-1][1].extend(row.strip().split("\t", 1))  # in a table the name has a cell of its own
        elif not blocks:
            preface.append(row)
    names = _names_above([rows for _, rows in blocks]) or _moved_names(preface, [rows for _, rows in blocks])
    captions = [
        Caption(rows[1:], *times, rows[0]) if rows and rows[0] in names else Caption(rows, *times)
        for times, rows in blocks
    ]
    return Transcript(assign_speakers(_in_order(captions)), "\n".join(preface).strip())


def _names_above(blocks: Sequence[Sequence[str]]) -> set[str]:
    """Return the names that stand above what was said (Fathom, Fireflies)."""
    return _few_names([rows[0] for rows in blocks if len(rows) > 1], len(blocks))


def _moved_names(preface: list[str], blocks: Sequence[list[str]]) -> set[str]:
    """Move the names that stand above the time codes (Teams) below them, in place, and return them."""
    before = [preface, *blocks[:-1]]
    for rows in before:
        while rows and not rows[-1].strip():
            rows.pop()
    names = _few_names([rows[-1].strip() for rows in before if rows], len(blocks))
    for above, rows in zip(before, blocks, strict=True):
        if above and above[-1].strip() in names:
            rows.insert(0, above.pop().strip())
    return names


def _few_names(rows: Sequence[str], turns: int) -> set[str]:
    """Return those of the rows that are names, if they stand at nearly all turns and are few, or numbered ones."""
    names = Counter(filter(looks_like_name, rows))
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
    hits = [match for row in _filled(text) if (match := _BESIDE.fullmatch(row))]
    names = _few_names([match["name"] for match in hits], len(hits))
    first = next((_clock(match) or 0.0 for match in hits if match["name"] in names), _FIRST_BARE_S + 1)
    has_words = len(_filled(text)) >= 2 * len(hits)
    return has_words and first <= _FIRST_BARE_S and _opens_turns(text, _BESIDE)


def parse_beside(text: str) -> Transcript:
    """Read ``Speaker 1 00:03`` above what was said."""
    return _turns(text, _BESIDE)


def looks_like_labelled(text: str) -> bool:
    """Say whether a few names, again and again, open most of the lines."""
    rows = [row for row in _filled(text) if not (_FOOTER.fullmatch(row) or _OWN_LINE.fullmatch(row))]
    order = [label for row in rows if (label := split_label(row.strip())[0]) and looks_like_name(label)]
    labels, total = Counter(order), len(order)
    certain = sum(count for label, count in labels.items() if is_numbered(label))
    if certain >= 2 and 2 * certain >= total:
        return True
    few = total >= 6 and 2 * total > len(rows) and 3 * len(labels) <= total and len(labels) >= 2
    return few and (len(labels) == 2 or order[len(labels) :] != order[: -len(labels)])  # always in turn: records


def parse_labelled(text: str) -> Transcript:
    """Read ``Speaker A: text``; a line without a label continues the turn before it, a time opens the next."""
    rows = lines_of(text)
    labels = Counter(label for row in rows if (label := split_label(row.strip())[0]) and looks_like_name(label))
    known = {label for label, count in labels.items() if count > 1 or is_numbered(label)} or set(labels)
    preface: list[str] = []
    lines: list[Line] = []
    start: float | None = None
    for row in rows:
        name, said = split_label(row.strip())
        if name in known:
            lines.append(Line(said, name, start))
            start = None
        elif lines and _FOOTER.fullmatch(row):
            continue
        elif match := _OWN_LINE.fullmatch(row):
            start = parse_clock(match[1])
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
    hits = [match for match in _opened(_filled(text), pattern) if match]
    times = [_clock(match) or 0.0 for match in hits]
    return len(hits) >= 2 and _mostly_rise(times) and 12 * len(hits) >= _after_first(text, pattern)


def _opened(rows: Sequence[str], pattern: re.Pattern[str]) -> list[re.Match[str] | None]:
    """Return for each row how it opens a turn, if it does: a sentence that ends with a time does not."""
    found = [pattern.fullmatch(row) for row in rows]
    counts = Counter(match["name"].strip() for match in found if match)
    return [match if match and _may_speak(name := match["name"].strip(), counts[name]) else None for match in found]


def _may_speak(name: str, times: int) -> bool:
    """Say whether a turn's label names somebody: often, like a person, or in few words ("unknown speaker")."""
    return times > 1 or looks_like_name(name) or (len(name.split()) <= _FEW_WORDS and not name.endswith((*".,?!",)))


_FEW_WORDS = 3


def _clock(match: re.Match[str]) -> float | None:
    return loose_clock(match["time"] or match.groupdict().get("whole") or "")


def _turns(text: str, pattern: re.Pattern[str]) -> Transcript:
    preface: list[str] = []
    lines: list[Line] = []
    rows = lines_of(text)
    for row, match in zip(rows, _opened(rows, pattern), strict=True):
        if match:
            lines.append(Line(match["text"].strip(), match["name"].strip(), _clock(match)))
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
    return Transcript(_in_order(lines), "\n".join(preface).strip())


def _in_order(lines: Sequence[Timed]) -> list[Timed]:
    """Leave out what has no words, and times that run backwards; add the ends that are not given."""
    moments = past_midnight([time for line in lines for time in (line.start, line.end)])
    counted = [
        replace(line, start=start, end=end)
        for line, start, end in zip(lines, moments[::2], moments[1::2], strict=True)
        if line.text.strip()
    ]
    return with_ends(forward_only(counted))
