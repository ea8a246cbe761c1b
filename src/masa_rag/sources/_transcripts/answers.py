"""What the answers of speech services have in common: rows, and the usual names of what stands in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from masa_rag._time import parse_clock

Turn = Mapping[str, Any]
"""``text``, ``start`` and ``end`` in seconds, ``speaker``, ``channel`` and ``confidence``, where they are known."""

_TEXT = ("text", "punctuated_word", "word", "sentence", "transcript")
SPEAKER = (
    "voice", "speaker_name", "speakerName", "speakerDisplayName", "speaker", "speaker_label", "speaker_id",
    "speakerTag", "speakerLabel", "speakerDesignation",
)  # fmt: skip
"""Names before numbers: Podlove gives both."""
_CHANNEL = ("channel_label", "channel")
START, END = (("start", "start_time", "startTime", "startOffset"), ("end", "end_time", "endTime", "endOffset"))
LONGEST_WORD_S = 20.0
"""Whole numbers by which a word takes longer than this are milliseconds (300 a word; in seconds it is 0.3)."""
_UNKNOWN = frozenset({"", "?", "UU"})
"""How whisper.cpp and Speechmatics label a speaker that they do not know."""


def dig(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def rows_at(data: Any, *keys: str) -> list[dict[str, Any]]:
    """Return the objects of a list that is reached by keys, none where there is no such list."""
    value = dig(data, *keys)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def moment_of(value: Any, unit: float = 1.0) -> float | None:
    """Return a moment: a number, a numeric text, ``1.3s`` (Google) or ``00:01`` (Fireflies).

    Google's programs write ``{"seconds": "1", "nanos": 300000000}``, and leave out what is zero.
    """
    if isinstance(value, dict) and value.keys() <= {"seconds", "nanos"}:
        seconds, part = (
            moment_of(value.get(key) or 0, each) for key, each in (("seconds", unit), ("nanos", 1e9 * unit))
        )
        return None if seconds is None or part is None else seconds + part
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        moment = float(value.removesuffix("s") if isinstance(value, str) else value) / unit
    except (ValueError, OverflowError):
        return parse_clock(value.replace(",", ".")) if isinstance(value, str) else None
    return moment if 0 <= moment < 1e9 else None


def first_of(row: Mapping[str, Any], keys: Sequence[str]) -> Any:
    """Return the value of the first of the keys that has one."""
    return next((row[key] for key in keys if row.get(key) not in (None, "")), None)


def turn_of(row: Mapping[str, Any], unit: float = 1.0) -> Turn:
    """Return a row that has its text, speaker and times under any of the usual names."""
    text, speaker = first_of(row, _TEXT), first_of(row, SPEAKER)
    start, end = (moment_of(first_of(row, keys), unit) for keys in (START, END))
    if end is None and start is not None and (length := moment_of(row.get("duration"), unit)) is not None:
        end = start + length
    return {
        "text": text if isinstance(text, str) else "",
        "speaker": None if isinstance(speaker, str) and speaker.strip() in _UNKNOWN else speaker,
        "channel": first_of(row, _CHANNEL),
        "start": start,
        "end": end,
        "confidence": row.get("confidence"),
    }
