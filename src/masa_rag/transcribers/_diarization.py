"""Who speaks when: the seam for diarizers, and how their turns meet the lines of a transcript."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_uppercase
from typing import Protocol

from masa_rag.types import Segment


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """One speaker without a break, in seconds; ``speaker`` is a label that holds within the recording."""

    start: float
    end: float
    speaker: str


class Diarizer(Protocol):
    """Says who speaks when."""

    @property
    def fingerprint(self) -> str:
        """Names model and settings."""
        ...

    def diarize(self, path: Path) -> Sequence[SpeakerTurn]:
        """Return the turns in order; raise TranscriptionError when the recording cannot be read."""
        ...


def with_speakers(segments: Sequence[Segment], turns: Sequence[SpeakerTurn]) -> list[Segment]:
    """Give each line the speaker of most of its time, as ``Speaker A``, ``Speaker B`` in order of appearance.

    A line that no turn touches takes the nearest turn within a second, else nobody.
    """
    chosen = [_speaker_of(segment, turns) for segment in segments]
    names = {label: f"Speaker {_letters(number)}" for number, label in enumerate(dict.fromkeys(filter(None, chosen)))}
    return [
        replace(segment, author=names[label], metadata={**segment.metadata, "speaker_from": "diarization"})
        if label is not None
        else segment
        for segment, label in zip(segments, chosen, strict=True)
    ]


NEAR_S = 1.0
"""How far a turn may lie from a line that it does not touch."""


def _speaker_of(segment: Segment, turns: Sequence[SpeakerTurn]) -> str | None:
    if segment.start is None:
        return None
    start, end = segment.start, segment.end if segment.end is not None else segment.start
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
