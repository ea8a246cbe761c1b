"""Who speaks when, and how the turns of a diarizer meet the lines of a transcript."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from string import ascii_uppercase

from masa_rag.types import Segment


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """One speaker without a break, in seconds; ``speaker`` is a label that holds within the recording."""

    start: float
    end: float
    speaker: str


def with_speakers(segments: Sequence[Segment], turns: Sequence[SpeakerTurn]) -> list[Segment]:
    """Give each line its speaker, as ``Speaker A``, ``Speaker B`` in order of appearance.

    A line whose words have times (``metadata["word_starts"]``) is cut where another speaker begins; any other takes
    the speaker of most of its time. A line that no turn touches takes the nearest turn within a second, else nobody.
    """
    parts, chosen = [], []
    for segment, near in zip(segments, _near(segments, turns), strict=True):
        cut = _cut(segment, near)
        parts += cut
        chosen += [_speaker_of(part.start, part.end, near) for part in cut]
    names = {label: f"Speaker {_letters(number)}" for number, label in enumerate(dict.fromkeys(filter(None, chosen)))}
    return [
        replace(part, author=names[label], metadata={**part.metadata, "speaker_from": "diarization"})
        if label is not None
        else part
        for part, label in zip(parts, chosen, strict=True)
    ]


def _near(segments: Sequence[Segment], turns: Sequence[SpeakerTurn]) -> Iterator[Sequence[SpeakerTurn]]:
    """Yield for each line the turns that it may belong to: a day of speech has ten thousands of both."""
    ordered = sorted(turns, key=lambda turn: turn.start)
    starts, ends = [turn.start for turn in ordered], list(accumulate((turn.end for turn in ordered), max))
    for segment in segments:
        start = segment.start if segment.start is not None else 0.0
        end = segment.end if segment.end is not None else start
        yield ordered[bisect_left(ends, start - 2 * NEAR_S) : bisect_right(starts, end + 2 * NEAR_S)]


def _cut(segment: Segment, turns: Sequence[SpeakerTurn]) -> list[Segment]:
    """Return the line in parts of one speaker each, where the times of its words are known."""
    words, starts = segment.text.split(), segment.metadata.get("word_starts")
    if not isinstance(starts, list) or len(starts) != len(words) or len(words) < 2 * FEWEST_WORDS:
        return [segment]
    ends = [*starts[1:], segment.end if segment.end is not None else starts[-1]]
    speakers = [_speaker_of(start, end, turns) for start, end in zip(starts, ends, strict=True)]
    places = [0]
    for place in range(FEWEST_WORDS, len(words) - FEWEST_WORDS + 1):
        fresh = set(speakers[place : place + FEWEST_WORDS])
        if place - places[-1] >= FEWEST_WORDS and fresh == {speakers[place]} != {speakers[place - 1]}:
            places.append(place)
    return [
        replace(segment, text=" ".join(words[first:last]), start=starts[first] if first else segment.start,
                end=ends[last - 1], metadata={**segment.metadata, "word_starts": starts[first:last]})
        for first, last in zip(places, [*places[1:], len(words)], strict=True)
    ]  # fmt: skip


FEWEST_WORDS = 2
"""A line is not cut for a single word: its time is not that exact."""

NEAR_S = 1.0
"""How far a turn may lie from a line that it does not touch."""


def _speaker_of(start: float | None, end: float | None, turns: Sequence[SpeakerTurn]) -> str | None:
    if start is None:
        return None
    end = end if end is not None else start
    shares: dict[str, float] = {}
    for turn in turns:
        if (shared := min(end, turn.end) - max(start, turn.start)) > 0:
            shares[turn.speaker] = shares.get(turn.speaker, 0.0) + shared
    if shares:
        return max(shares, key=lambda label: shares[label])
    distance, nearest = min(
        ((max(turn.start - end, start - turn.end), turn.speaker) for turn in turns), default=(NEAR_S + 1, "")
    )
    return nearest if distance <= NEAR_S else None


def _letters(number: int) -> str:
    """Return A to Z, then AA, AB and so on."""
    head, last = divmod(number, 26)
    return (_letters(head - 1) if head else "") + ascii_uppercase[last]
