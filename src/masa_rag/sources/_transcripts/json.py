"""Transcripts as JSON: turns without times, Whisper and WhisperX, Podcasting 2.0, AssemblyAI, YouTube json3."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from masa_rag.errors import SourceFormatError
from masa_rag.sources._transcripts.answers import LONGEST_WORD_S, SPEAKER, first_of, moment_of
from masa_rag.sources._transcripts.base import (
    UNSPACED,
    Caption,
    Line,
    Transcript,
    fold_rolling,
    forward_only,
    in_time,
    line_of,
    with_ends,
    words_in,
)
from masa_rag.sources._transcripts.editors import editor_turns
from masa_rag.sources._transcripts.services import is_by_channel, service_turns

_TEXT_KEYS = ("text", "body", "transcript", "content")
_EXPECTED = (
    'a list of {"speaker", "text"}, or an object with "segments" (Whisper, WhisperX, Podcasting 2.0), '
    '"utterances" (AssemblyAI, Deepgram), "meeting_transcripts", "events" (YouTube json3), or what another speech '
    "service writes"
)


def load_json(text: str) -> Any:
    """Return the decoded JSON. Raises SourceFormatError, also for nesting too deep to read."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise SourceFormatError(f"received JSON that cannot be read ({error}); expected {_EXPECTED}") from error


def turns_of(data: Any) -> tuple[str, list[Mapping[str, Any]]] | None:
    """Return the name of the shape and its turns, or None when this is no transcript."""
    return next(filter(None, map(_turns_in, (data, *_within(data)))), None)


def _turns_in(data: Any) -> tuple[str, list[Mapping[str, Any]]] | None:
    if isinstance(data, list) and _speaks(data) and (found := _checked("segments", data)):
        return found
    for key in _SHAPES if isinstance(data, dict) else ():
        if key in data and (found := _checked(key, data[key])):
            return found
    turns = editor_turns(data) or service_turns(data)
    return ("segments", turns) if turns else None


_SHAPES = ("segments", "utterances", "meeting_transcripts", "events", "transcript", "transcripts")
_WRAPPERS = ("response", "result", "results", "output", "data", "retval")
"""Where an answer stands that was saved together with what is known of its job."""


def _within(data: Any) -> Iterator[dict[str, Any]]:
    for value in (data.get(key) for key in _WRAPPERS) if isinstance(data, dict) else ():
        inner = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(inner, dict):
            yield inner


def is_surely_speech(data: Any) -> bool:
    """Say whether JSON is a transcript beyond doubt: somebody is named as the speaker, or there are times."""
    found = turns_of(data)
    return found is not None and any(
        line.start is not None or line.speaker is not None for line in _READERS.get(found[0], _plain)(found[1][:50])
    )


def _speaks(rows: Sequence[Any]) -> bool:
    """Say whether a bare list is a transcript: every row of the first few names a speaker or a start."""
    head = [row for row in rows[:5] if isinstance(row, dict)]
    return bool(head) and all(("speaker" in row or "start" in row) and "id_str" not in row for row in head)


def _checked(shape: str, rows: Any) -> tuple[str, list[Mapping[str, Any]]] | None:
    if not isinstance(rows, list):
        return None
    turns: list[Mapping[str, Any]] = [row for row in rows if isinstance(row, dict)]
    if shape == "events":
        return (shape, turns) if any("segs" in row and "tStartMs" in row for row in turns) else None
    return (shape, turns) if any(_text(row) for row in turns) else None


def parse_json(text: str) -> Transcript:
    """Read any of the JSON shapes named in this module; times are seconds, or AssemblyAI's milliseconds."""
    data = load_json(text)
    if (found := turns_of(data)) is None:
        raise SourceFormatError(f"received JSON that is no transcript; expected {_EXPECTED}")
    shape, turns = found
    lines = _READERS.get(shape, _plain)(turns)
    return Transcript(join_words(with_ends(lines), apart=is_by_channel(turns)), metadata=_language(data))


def _language(data: Any) -> dict[str, str]:
    places = (data, data.get("result")) if isinstance(data, dict) else ()  # whisper.cpp's is in its result
    named = (place.get(key) for place in places if isinstance(place, dict) for key in ("language", "language_code"))
    return next(({"language": value} for value in named if isinstance(value, str) and value), {})


def _plain(turns: Sequence[Mapping[str, Any]]) -> list[Line]:
    measured = all({"words", "confidence", *SPEAKER} & turn.keys() for turn in turns)  # AssemblyAI's, not chapters
    is_slow = (_seconds_a_word(turns) or 0.0) > LONGEST_WORD_S
    return _ordered(_lines(turns, 1000.0 if is_slow and (measured or turns[-1]["end"] > _DAY_S) else 1.0))


_DAY_S = 86_400
"""Chapters in seconds end before."""


def _milliseconds(turns: Sequence[Mapping[str, Any]]) -> list[Line]:
    starts = [turn.get("start") for turn in turns]
    fractions = any(isinstance(start, float) and start % 1 for start in starts)
    clocks = any(isinstance(start, str) and ":" in start for start in starts)
    pace = _seconds_a_word(turns)
    seconds = fractions or clocks or (pace is not None and pace <= LONGEST_WORD_S)
    return _ordered(_lines(turns, 1.0 if seconds else 1000.0))


def _seconds_a_word(turns: Sequence[Mapping[str, Any]]) -> float | None:
    """Return how long a word takes if times are seconds; None where a time is missing or no whole number."""
    if not all(isinstance(turn.get(key), int) for turn in turns for key in ("start", "end")):
        return None
    words = sum(words_in(_text(turn)) for turn in turns)
    return sum(turn["end"] - turn["start"] for turn in turns) / words if words else None


def _events(turns: Sequence[Mapping[str, Any]]) -> list[Line]:
    captions = []
    for event in turns:
        parts = event.get("segs")
        rows = "".join(
            str(part.get("utf8", "")) for part in (parts if isinstance(parts, list) else ()) if isinstance(part, dict)
        )
        start, length = number(event.get("tStartMs")), number(event.get("dDurationMs"))
        if start is not None and rows.strip():
            end = None if length is None else (start + length) / 1000
            captions.append(Caption([row for row in rows.split("\n") if row.strip()], start / 1000, end))
    return in_time([line_of(caption) for caption in fold_rolling(captions)])


_READERS: dict[str, Callable[[Sequence[Mapping[str, Any]]], list[Line]]] = {
    "utterances": _milliseconds,
    "events": _events,
}


def _lines(turns: Sequence[Mapping[str, Any]], unit: float) -> Iterator[Line]:
    for turn in turns:
        if text := _text(turn):
            start = _moment(turn, "start", "startTime", "start_time", "timestamp", "time")
            end = _moment(turn, "end", "endTime", "end_time")
            if end is None and start is not None and (length := _moment(turn, "duration")) is not None:
                end = start + length
            speaker = first_of(turn, SPEAKER)
            speaker = first_of(speaker, ("name", "display_name")) if isinstance(speaker, dict) else speaker
            yield Line(
                text,
                str(speaker).strip() or None if isinstance(speaker, (str, int)) else None,
                None if start is None else start / unit,
                None if start is None or end is None else end / unit,
                _confidence(turn),
            )


def _ordered(lines: Iterator[Line]) -> list[Line]:
    kept = list(lines)
    return in_time(kept) if all(line.start is not None for line in kept) else forward_only(kept)


def _text(turn: Mapping[str, Any]) -> str:
    value = next((turn[key] for key in _TEXT_KEYS if isinstance(turn.get(key), str)), "")
    return " ".join(value.split())


def number(value: object) -> float | None:
    """Return a finite, non-negative number, also from a numeric string; else None."""
    try:
        parsed = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    return parsed if parsed is not None and math.isfinite(parsed) and parsed >= 0 else None


def _moment(turn: Mapping[str, Any], *keys: str) -> float | None:
    return next((value for key in keys if (value := moment_of(turn.get(key))) is not None), None)


def _confidence(turn: Mapping[str, Any]) -> dict[str, Any]:
    """Return how sure the recogniser was: the mean probability of its tokens, from 0 to 1."""
    if (given := number(turn.get("confidence"))) is not None:
        return {"confidence": round(given, 3)}
    logprob = turn.get("avg_logprob")
    if isinstance(logprob, (int, float)) and not isinstance(logprob, bool) and logprob <= 0:
        return {"confidence": round(math.exp(logprob), 3)}
    return {}


JOIN_GAP_S = 2.0
JOIN_WORDS = 24
"""Word by word transcripts are joined up to a sentence end, a pause or this many words (about 10 s)."""


def join_words(lines: Sequence[Line], *, apart: bool = False) -> list[Line]:
    """Join a transcript that has one or two words a line into lines that can be read and cited.

    ``apart`` says that each speaker has a channel, so that words of others may stand between those of a line.
    """
    short = sum(words_in(line.text) <= 2 for line in lines)
    if len(lines) < 4 or 10 * short < 8 * len(lines) or any(line.start is None for line in lines):
        return list(lines)
    voices: dict[str | None, list[Line]] = {}
    for line in lines:
        voices.setdefault(line.speaker if apart else None, []).append(line)
    return in_time([line for voice in voices.values() for line in _joined(voice)])


def _joined(lines: Sequence[Line]) -> list[Line]:
    result: list[Line] = []
    for line in lines:
        if result and _continues(result[-1], line):
            last = result[-1]
            apart = "" if UNSPACED.match(last.text[-1]) and UNSPACED.match(line.text) else " "
            result[-1] = Line(f"{last.text}{apart}{line.text}", last.speaker, last.start, line.end)
        else:
            result.append(replace(line, metadata={}))
    return result


def _continues(last: Line, line: Line) -> bool:
    pause = (line.start or 0.0) - (last.end if last.end is not None else last.start or 0.0)
    complete = last.text.endswith((".", "?", "!", "。", "？", "！")) or words_in(last.text) >= JOIN_WORDS
    return last.speaker == line.speaker and pause <= JOIN_GAP_S and not complete
