"""Teams' transcript as it is copied from its page: ``Name 0 minutes 3 seconds`` above what was said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from masa_rag.sources._transcripts.base import Line, Transcript, lines_of
from masa_rag.sources._transcripts.speakers import CALLER, LETTER, looks_like_name
from masa_rag.sources._transcripts.text import TIME, after_first, filled, in_order, mostly_rise

_UNITS = (
    r"(?=\d)(?:(\d{1,2}) (?:h[^\W\d]+|or[ae]|[Ss]tunden?|uur),? ?)?"
    r"(?:(\d{1,2}) [Mm]in[^\W\d]*,? ?)?(?:(\d{1,2}) [Ss]e[cgk][^\W\d]*)?"
)
"""A time as it is read out to the blind, in the languages of Western Europe."""
_TOLD = re.compile(rf"\s*{_UNITS}\s*")
_TURN = re.compile(rf"\s*(?P<name>{CALLER}|{LETTER}.{{0,59}}?)\s+{_UNITS}\s*")
_HEAD = re.compile(rf"{_UNITS}|(?:{_UNITS})?\s*{TIME}|!\[[^\]]*\]\([^()\s]*\)")
_NOTED = re.compile(r"^\S.{0,79}\s(?:started|stopped) transcription\s*$", re.MULTILINE)


def seconds_told(row: str) -> float | None:
    """Return the seconds of ``1 minute, 12 seconds``; None for other words."""
    match = _TOLD.fullmatch(row)
    return None if match is None else _seconds(match)


def _seconds(match: re.Match[str]) -> float:
    return sum(int(told or 0) * unit for told, unit in zip(match.groups()[-3:], (3600.0, 60.0, 1.0), strict=True))


def looks_like_pasted(text: str) -> bool:
    """Say whether ``Name 0 minutes 3 seconds`` opens turns, at least twice and with rising times."""
    times = [_seconds(match) for match in _turns(filled(text)) if match]
    return len(times) >= 2 and mostly_rise(times) and 12 * len(times) >= after_first(text, _TURN)


def parse_pasted(text: str) -> Transcript:
    """Read Teams' transcript as it was copied; where the speaker changes, the name and time stand there twice more."""
    preface: list[str] = []
    turns: list[tuple[re.Match[str], list[str]]] = []
    rows = lines_of(_NOTED.sub("", text))
    for row, match in zip(rows, _turns(rows), strict=True):
        above = turns[-1][1] if turns else preface
        if match:
            _leave_head_out(above, match["name"])
            turns.append((match, []))
        elif row.strip() or not turns:
            above.append(row.strip())
    lines = [Line(" ".join(said), match["name"], _seconds(match)) for match, said in turns]
    return Transcript(in_order(lines), "\n".join(preface).strip())


def _turns(rows: Sequence[str]) -> list[re.Match[str] | None]:
    """Return for each row how it opens a turn, if it does: "I was there for 5 minutes" does not."""
    found = [_TURN.fullmatch(row) for row in rows]
    counts = Counter(match["name"] for match in found if match)
    return [
        match if match and (counts[match["name"]] > 1 or looks_like_name(match["name"])) else None for match in found
    ]


def _leave_head_out(rows: list[str], name: str) -> None:
    """Take the name, its picture or initials, and the time that stand above a turn off the rows before it."""
    initials, headed = {word[0] for word in name.split()}, False
    while rows and (
        rows[-1] in ("", name)
        or _HEAD.fullmatch(rows[-1])
        or (headed and len(rows[-1]) <= len(initials) and set(rows[-1]) <= initials)
    ):
        headed = rows.pop() == name or headed
