"""What tools take from a model, and tell it as JSON values, over MCP and in LangChain."""

from __future__ import annotations

from typing import Any

from masa_rag._time import parse_time
from masa_rag._why_nothing import given_filters, why_nothing
from masa_rag.context import cite
from masa_rag.memory import Memory
from masa_rag.trends import Trend
from masa_rag.types import Chunk, Document, Hit


def refusing(model: Any) -> Any:
    """Return a pydantic model of a tool's arguments that refuses those which the tool does not know.

    The libraries pass over them: what was asked to be left out would be in the answer.
    """
    return type(model)(model.__name__, (model,), {"__doc__": model.__doc__}, extra="forbid")


def details(source: str, document: Document) -> dict[str, Any]:
    """Return what is known of a document beside its text: by whom and when, under which terms, who brought it."""
    when = document.created_at.isoformat() if document.created_at else None
    details = {"source": source, "kind": document.kind, "authors": list(document.authors), "created_at": when}
    terms = {"licence": document.licence, "contributor": document.contributor}
    return {name: value for name, value in (details | terms).items() if value}


def when(hit: Hit) -> tuple[float, str, int]:
    """Sort by time, and within a recording, whose passages share a date, by place."""
    chunk = hit.chunk
    return (chunk.started_at.timestamp() if chunk.started_at else 0.0, chunk.document_id, chunk.position)


def moment(chunk: Chunk) -> dict[str, Any]:
    """Return a passage with its time and citation."""
    return {
        "time": chunk.started_at.isoformat() if chunk.started_at else None,
        "authors": list(chunk.authors),
        "text": chunk.text,
        "citation": cite(chunk),
    }


def rises(
    memory: Memory, *, days: float, subject: str | None, until: str | None, **filters: str | None
) -> dict[str, Any]:
    """Return the trends of a memory and what was compared; blanks count as not given."""
    chosen = given_filters(**filters)
    subjects = [subject] if subject is not None and subject.strip() else []
    end = parse_time(until) if until is not None and until.strip() else None
    found = memory.trends(*subjects, days=days, now=end, **chosen)
    reason = None if found.voices else why_nothing(memory, **chosen)
    return {"compared": found.note, "trends": [_rise(trend) for trend in found]} | ({"note": reason} if reason else {})


def _rise(trend: Trend) -> dict[str, Any]:
    """Return a trend: its words, its voices now and before, and passages that say it."""
    return {
        "words": list(trend.words),
        "voices": trend.voices,
        "people": trend.authors,
        "expected": round(trend.expected, 1),
        "score": round(trend.score, 1),
        "voices_before_and_now": list(trend.series),
        "since": trend.since.isoformat() if trend.since else None,
        "passages": [moment(chunk) for chunk in trend.passages],
    }


def sources_of(memory: Memory) -> list[dict[str, Any]]:
    """Return each source with its documents, passages, and from when to when."""
    return [
        {
            "name": source.name,
            "documents": source.documents,
            "passages": source.chunks,
            "first": source.first.isoformat() if source.first else None,
            "last": source.last.isoformat() if source.last else None,
        }
        for source in memory.info().sources
    ]
