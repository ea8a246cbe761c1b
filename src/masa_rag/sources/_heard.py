"""A recording that the memory holds is not heard again: to hear an hour takes minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from masa_rag._ids import canonical_json, digest
from masa_rag._model_files import sha256
from masa_rag.protocols import Known
from masa_rag.types import Document, Segment


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


def facts_of(mark: str, lines: Sequence[Segment], transcriber: Any) -> dict[str, Any]:
    """Return what a document notes of how it was heard; see ``lines_known``."""
    return {"transcribed_by": transcriber.fingerprint, "heard": {"as": mark, "lines": len(lines)}}


def lines_known(known: Known, document_id: str, mark: str) -> Sequence[Segment] | None:
    """Return the lines of a recording that was heard in this way; None where it has to be heard (again).

    It has to be where lines are missing that somebody wanted forgotten: they may be allowed by now.
    """
    document: Document | None = known(document_id) if mark else None
    if document is None or document.metadata.get("heard") != {"as": mark, "lines": len(document.segments)}:
        return None
    return document.segments
