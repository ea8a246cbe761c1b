"""Transcripts written as plain text with a time code before what is said: ``[HH:MM:SS] text``, ``0:05 text``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from masa_rag.sources._transcripts.base import Caption, Transcript, lines_of, loose_clock, past_midnight, words_in
from masa_rag.sources._transcripts.pasted import seconds_told
from masa_rag.sources._transcripts.speakers import assign_speakers
from masa_rag.sources._transcripts.text import (
    FIRST_BARE_S,
    TIME,
    TO,
    after_first,
    few_names,
    filled,
    in_order,
    mostly_rise,
)  # fmt: skip

_SAID = r"\s*[-–—:|·•]?\s*(?P<text>.*)"
_STAMPED = re.compile(
    rf"\s*(?:[\[(]\s*(?P<a>{TIME})(?:(?:\s*[\])]{TO}[\[(]\s*|{TO})(?P<b>{TIME}))?\s*[\])]"
    rf"(?:(?<=\])\(https?://[^()\s]+\))?|"
    rf"\[(?P<d>\d{{1,6}}\.\d{{1,3}})s?{TO}(?P<e>\d{{1,6}}\.\d{{1,3}})s?\]){_SAID}"
)
"""``[0:05]``, ``(0:05)``, ``[0:05 - 0:09]``, ``[0:05] --> [0:09]``, and as programs around faster-whisper print them
``[5.00s -> 9.00s]``, ``[5.0 - 9.0]``; in Markdown the first may be a link, which is not said."""
_BARE = re.compile(rf"\s*(?P<a>{TIME})(?:{TO}(?P<b>{TIME}))?(?=\s|$|:\s)(?!\s*[ap]\.?m\b){_SAID}", re.IGNORECASE)
_FEWEST_BARE = 4
_FEWEST_WORDS_A_SECOND = 0.5
"""People say two to three words a second; a list of chapters has one word in many seconds."""
_LATE_S = 3600.0
_LOGGED = re.compile(
    r"<[^>\s]{1,40}>|\*(?!\*\w)|-!-|--|==|(?:\[[^\]]{0,60})?\b(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL)\b"
)
"""How the lines of chats and of programs begin, behind the time of day."""
_NOTED = re.compile(r"^[ \t]*([A-Z][A-Z ]{2,30}: .+? - WATCH: https://fathom\.video/\S+)[ \t]*", re.MULTILINE)
"""What Fathom notes amid what was said: tasks, and who shares the screen."""


def looks_like_stamped(text: str) -> bool:
    """Say whether most lines after the first time code carry one, and few look like those of a log."""
    return _stamps(text) is not None


def _stamps(text: str) -> re.Pattern[str] | None:
    """Return how the time codes are written: in brackets, or bare at the beginning of a line."""
    return next((form for form in (_STAMPED, _BARE) if _is_stamped(text, form)), None)


def _is_stamped(text: str, form: re.Pattern[str]) -> bool:
    hits = [match for match in _opened(filled(text), form) if match]
    if len(hits) < 2 or 2 * sum(bool(_LOGGED.match(match["text"])) for match in hits[:20]) > len(hits[:20]):
        return False
    times = [_times(match)[0] or 0.0 for match in hits]
    heads = _heads([match["text"].strip() for match in hits])
    alone = sum(match["text"].strip() in heads for match in hits)  # what is said is below the time code
    dense = 2 * len(hits) + 2 * alone >= after_first(text, form)
    counted = [time or 0.0 for time in past_midnight(times)]
    rising = mostly_rise(times) if times[0] <= _LATE_S else counted == sorted(counted)
    return rising and dense and (form is _STAMPED or _is_spoken(text, times))


def _opened(rows: Sequence[str], form: re.Pattern[str]) -> list[re.Match[str] | None]:
    """Return for each row its time code, if it has one.

    Where nearly all stand above what is said, "5:30 is fine" right below one is said.
    """
    result = [form.fullmatch(row) for row in rows]
    if form is _BARE:
        result = _without_hours(result)
    words = [match["text"].strip() for match in result if match]
    beside = _heads(words)
    if 5 * sum(said in beside for said in words) < 4 * len(words):
        return result
    below = _heads(
        [row.strip() for above, row in pairwise(rows) if (match := form.fullmatch(above)) and not match["text"]]
    )
    is_bare = False
    for number, (row, match) in enumerate(zip(rows, result, strict=True)):
        if match and (not is_bare or match["text"].strip() in beside):
            is_bare = match["text"].strip() in beside
        elif row.strip():
            result[number] = None
            is_bare = is_bare and row.strip() in below
    return result


def _without_hours(found: Sequence[re.Match[str] | None]) -> list[re.Match[str] | None]:
    """Return the time codes without those that begin a later row of what is said, "5:30 in the morning".

    Such an hour lies before or behind both of its neighbours, and what it begins goes on in small letters.
    """
    result = list(found)
    codes = [(number, match, _times(match)[0] or 0.0) for number, match in enumerate(found) if match]
    for (_, _, before), (number, match, time), (_, _, after) in zip(codes, codes[1:], codes[2:], strict=False):
        if before <= after and not before <= time <= after and match["text"][:1].islower():
            result[number] = None
    return result


def _heads(rows: Sequence[str]) -> set[str]:
    """Return which rows at time codes have no words that were said: the names of the speakers, else empty ones."""
    return few_names([row for row in rows if row], len(rows)) or {""}


def _is_spoken(text: str, times: Sequence[float]) -> bool:
    """Tell speech with bare time codes from the hours of a day and from a list of chapters."""
    words = words_in(text) - len(times)
    pace = words / max(1.0, max(times) - times[0])
    return len(times) >= _FEWEST_BARE and times[0] <= FIRST_BARE_S and pace >= _FEWEST_WORDS_A_SECOND


def _times(match: re.Match[str]) -> tuple[float | None, float | None]:
    found = match.groupdict()
    if found.get("d"):
        return float(match["d"]), float(match["e"])
    return loose_clock(match["a"]), loose_clock(match["b"]) if match["b"] else None


def parse_stamped(text: str) -> Transcript:
    """Read ``[HH:MM:SS] text``; lines before the first time code are the preface, later ones continue.

    What a program notes amid them was not said: it goes to the preface.
    """
    form = _stamps(text) or _STAMPED
    preface: list[str] = []
    blocks: list[tuple[tuple[float | None, float | None], list[str]]] = []
    rows = lines_of(_NOTED.sub("", text))
    for row, match in zip(rows, _opened(rows, form), strict=True):
        if match:
            blocks.append((_times(match), []))
            row = match["text"]
        if blocks and not blocks[-1][1] and seconds_told(row) == blocks[-1][0][0]:
            continue  # YouTube's page has the time twice
        if blocks and row.strip():
            blocks[-1][1].extend(row.strip().split("\t", 1))  # in a table the name has a cell of its own
        elif not blocks:
            preface.append(row)
    names = _names_above([rows for _, rows in blocks]) or _moved_names(preface, [rows for _, rows in blocks])
    captions = [
        Caption(rows[1:], *times, rows[0]) if rows and rows[0] in names else Caption(rows, *times)
        for times, rows in blocks
    ]
    return Transcript(assign_speakers(in_order(captions)), "\n".join([*preface, *_NOTED.findall(text)]).strip())


def _names_above(blocks: Sequence[Sequence[str]]) -> set[str]:
    """Return the names that stand above what was said (Fathom, Fireflies)."""
    return few_names([rows[0] for rows in blocks if len(rows) > 1], len(blocks))


def _moved_names(preface: list[str], blocks: Sequence[list[str]]) -> set[str]:
    """Move the names that stand above the time codes (Teams) below them, in place, and return them."""
    before = [preface, *blocks[:-1]]
    for rows in before:
        while rows and not rows[-1].strip():
            rows.pop()
    names = few_names([rows[-1].strip() for rows in before if rows], len(blocks))
    for above, rows in zip(before, blocks, strict=True):
        if above and above[-1].strip() in names:
            rows.insert(0, above.pop().strip())
    return names
