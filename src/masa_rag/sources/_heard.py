"""A recording that the memory holds is not heard again: to hear an hour takes minutes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from masa_rag._ids import canonical_json, digest
from masa_rag._model_files import sha256
from masa_rag.protocols import Known
from masa_rag.types import Document, Segment

_NAMED = 5
"""How many recordings without a word are named."""

log = logging.getLogger(__name__)


def nothing_known(_document_id: str) -> None:
    """Know no document: there is no memory yet."""


def bytes_of(path: Path) -> str:
    """Return a digest of a recording's bytes; empty where it cannot be read, which its transcription will tell."""
    try:
        return sha256(path)
    except OSError:
        return ""


def heard_with(transcriber: Any, diarizer: Any, speakers: Mapping[str, str]) -> str:
    """Return a digest of all that the lines of a recording depend on beside itself.

    Args:
        transcriber: Hears it.
        diarizer: Tells who speaks, or None.
        speakers: The names that are given.
    """
    settings = {
        "transcriber": transcriber.fingerprint,
        "diarizer": None if diarizer is None else getattr(diarizer, "fingerprint", type(diarizer).__name__),
        "speakers": dict(speakers),
    }
    return digest(canonical_json(settings))


def heard_as(recording: str, way: str) -> str:
    """Return what marks a recording (a digest of its bytes, or its address) that was heard in a way; "" for none."""
    return digest(recording, way) if recording else ""


def facts_of(mark: str, lines: Sequence[Segment], transcriber: Any, twins: Sequence[str] = ()) -> dict[str, Any]:
    """Return what a document notes of how it was heard; see ``lines_known``.

    Args:
        mark: Marks the recording that was heard.
        lines: What was said in it.
        transcriber: Heard it.
        twins: Mark the recordings in which the same was said.
    """
    heard = {"as": mark, "lines": len(lines)} | ({"twins": list(twins)} if twins else {})
    return {"transcribed_by": transcriber.fingerprint, "heard": heard}


def lines_known(known: Known, document_id: str, mark: str) -> Sequence[Segment] | None:
    """Return the lines of a recording, or of its twin, that was heard in this way; None where it has to be (again).

    It has to be where lines are missing that somebody wanted forgotten: they may be allowed by now.
    """
    document: Document | None = known(document_id) if mark else None
    heard = document.metadata.get("heard") if document else None
    if document is None or not isinstance(heard, Mapping) or heard.get("lines") != len(document.segments):
        return None
    return document.segments if mark in (heard.get("as"), *heard.get("twins", ())) else None


class Silent:
    """The recordings of a source in which no word was heard: there is no document to tell that they were.

    Args:
        notes: What the memory holds of them, None for nothing; see ``SparingSource``.
    """

    def __init__(self, notes: str | None) -> None:
        self.known: frozenset[str] = frozenset((notes or "").split())
        self._marks: set[str] = set()
        self._names: list[str] = []

    def add(self, mark: str, name: str) -> str:
        """Take in a recording by its mark and its name; return the notes while others are still to be heard."""
        self._names.append(name)
        self._marks.add(mark)
        return " ".join(sorted(self.known | self._marks))

    def end(self, source: str) -> str | None:
        """Warn that they are left out; return the notes, without what the source no longer has."""
        if self._names:
            more = f" and {len(self._names) - _NAMED} more" if len(self._names) > _NAMED else ""
            log.warning("%s: no word was heard in %s%s; left out", source, ", ".join(self._names[:_NAMED]), more)
        return " ".join(sorted(self._marks)) or None
