"""Transcribers turn recordings into timed lines."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

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
    if (home := _HOMES.get(name)) is None:
        raise AttributeError(f"module 'masa_rag.transcribers' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"masa_rag.transcribers.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
