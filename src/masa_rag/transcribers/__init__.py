"""Transcribers turn recordings into timed lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from masa_rag._lazy import late_name

if TYPE_CHECKING:
    from masa_rag.transcribers._diarization import SpeakerTurn as SpeakerTurn
    from masa_rag.transcribers._glossary import Glossary as Glossary
    from masa_rag.transcribers._progress import Progress as Progress
    from masa_rag.transcribers.faster_whisper import FasterWhisperTranscriber as FasterWhisperTranscriber
    from masa_rag.transcribers.senko import SenkoDiarizer as SenkoDiarizer

_HOMES = {
    "FasterWhisperTranscriber": "faster_whisper",
    "Glossary": "_glossary",
    "Progress": "_progress",
    "SenkoDiarizer": "senko",
    "SpeakerTurn": "_diarization",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    return late_name(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return list(__all__)
