"""What editors of transcripts write as JSON: Premiere, Trint, those of words and paragraphs, and Zoom's timeline.

Who speaks stands beside the words: in a list of speakers, in a paragraph, in the users of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from masa_rag.sources._transcripts.answers import Turn, first_of, moment_of, rows_at


def editor_turns(data: Any) -> list[Turn]:
    """Return the turns or words of an editor's file, with their times in seconds; none when it is no such file."""
    for read in _READERS:
        turns = [turn for turn in read(data) if turn["text"].strip() and turn["start"] is not None]
        if turns:
            return turns
    return []


def _premiere(data: Any) -> Iterator[Turn]:
    """Read segments that have words only, and whose speaker is named in a list."""
    names = _by_id(data, "speakers")
    for segment in rows_at(data, "segments"):
        for word in rows_at(segment, "words"):
            if "text" not in segment and "duration" in word:
                yield _turn(word, "text", "start", names.get(str(segment.get("speaker"))), 1.0)


def _trint(data: Any) -> Iterator[Turn]:
    """Read words in thousandths of seconds; the speaker stands at the word or at its paragraph."""
    place = data if rows_at(data, "words") else (data.get("transcript") if isinstance(data, dict) else None)
    names, paragraphs = _by_id(place, "speakers"), _by_id(place, "paragraphs")
    for word in rows_at(place, "words"):
        if {"value", "time", "duration"} <= word.keys():
            paragraph = paragraphs.get(str(word.get("paragraphId")), {})
            label = first_of(word, ("speaker",)) or paragraph.get("speaker")
            yield _turn(word, "value", "time", names.get(str(label), {"name": label}), 1000.0)


def _paragraphs(data: Any) -> Iterator[Turn]:
    """Read words beside paragraphs that say, without a text, who speaks from when to when."""
    spans = [(row, moment_of(row.get("start")), moment_of(row.get("end"))) for row in rows_at(data, "paragraphs")]
    if not spans or any("speaker" not in row or "text" in row for row, _, _ in spans):
        return
    number = 0
    for word in rows_at(data, "words"):
        start = moment_of(word.get("start")) or 0.0
        while number + 1 < len(spans) and (spans[number + 1][1] or 0.0) <= start:
            number += 1
        said = {"text": str(first_of(word, ("text", "word")) or ""), "start": start, "end": moment_of(word.get("end"))}
        yield {**said, "speaker": spans[number][0]["speaker"]}


def _timeline(data: Any) -> Iterator[Turn]:
    """Read Zoom's rows with the users who spoke."""
    for row in rows_at(data, "timeline"):
        names = [str(user.get("username")) for user in rows_at(row, "users") if user.get("username")]
        start, end = (moment_of(row.get(key)) for key in ("ts", "end_ts"))
        yield {"text": str(row.get("text") or ""), "start": start, "end": end, "speaker": ", ".join(names) or None}


def _turn(word: Mapping[str, Any], text: str, at: str, speaker: Mapping[str, Any] | None, unit: float) -> Turn:
    start, length = (moment_of(word.get(key), unit) for key in (at, "duration"))
    end = None if start is None or length is None else start + length
    named = (speaker or {}).get("name")
    return {"text": str(word.get(text) or ""), "start": start, "end": end, "speaker": named}


def _by_id(data: Any, key: str) -> dict[str, Mapping[str, Any]]:
    """Return rows by their id, whether they are a list or an object of them."""
    value = data.get(key) if isinstance(data, dict) else None
    if isinstance(value, dict):
        return {str(identity): row for identity, row in value.items() if isinstance(row, dict)}
    return {str(row["id"]): row for row in rows_at(data, key) if "id" in row}


_READERS: tuple[Callable[[Any], Iterator[Turn]], ...] = (_premiere, _trint, _paragraphs, _timeline)
