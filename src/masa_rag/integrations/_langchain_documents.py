"""Documents and passages as LangChain documents, and back; its filters as ours."""

from __future__ import annotations

from masa_rag.integrations import _needs_langchain  # noqa: F401

# isort: split

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any, TypeVar, get_args

from langchain_core.documents import Document as LangChainDocument

from masa_rag._ids import digest
from masa_rag._time import parse_time
from masa_rag.context import cite
from masa_rag.errors import ConfigurationError
from masa_rag.types import Document, Hit, Kind

Text = TypeVar("Text")
Detail = TypeVar("Detail")

_ORIGINAL = "langchain"
"""Where a LangChain document's own metadata stand in ours, so that it comes back as it was."""

_FILTERS = ("author", "kind", "after", "before", "now")
_EXPECTED = f"expected a mapping with {', '.join(_FILTERS[:-1])} or {_FILTERS[-1]}, as Memory.search has them"


def hit_document(hit: Hit) -> LangChainDocument:
    """Return a passage with its citation and score; unknown fields are left out."""
    chunk = hit.chunk
    fields = {
        "source": chunk.url or f"{chunk.source}/{chunk.document_id}",
        "document_id": chunk.document_id,
        "title": chunk.title,
        "kind": chunk.kind,
        "authors": list(chunk.authors),
        "started_at": chunk.started_at.isoformat() if chunk.started_at else None,
        "start_s": chunk.start_s,
        "end_s": chunk.end_s,
        "url": chunk.url,
        "citation": cite(chunk),
        "score": hit.score,
        "rank": hit.rank,
    }
    return LangChainDocument(id=chunk.id, page_content=chunk.text, metadata=_filled(fields))


def document_out(document: Document, *, source: str) -> LangChainDocument:
    """Return a whole document; one that came from LangChain comes back as it was."""
    original = document.metadata.get(_ORIGINAL)
    if isinstance(original, Mapping):
        return LangChainDocument(id=document.id, page_content=document.text, metadata=dict(original))
    fields = {
        "source": document.url or f"{source}/{document.id}",
        "title": document.title,
        "kind": document.kind,
        "authors": list(document.authors),
        "created_at": document.created_at.isoformat() if document.created_at else None,
        "url": document.url,
        **document.metadata,
    }
    return LangChainDocument(id=document.id, page_content=document.text, metadata=_filled(fields))


def document_in(document: LangChainDocument) -> Document:
    """Return a LangChain document as ours; without an id it gets one from its text and source.

    Who wrote it, when, and its kind are where ``document_out`` writes them: a filter asks for them.
    """
    details = document.metadata
    where = details.get("source")
    kind: Any = details.get("kind")
    key = document.id if document.id else digest(document.page_content, str(where or ""))
    return Document(
        id=str(key),
        text=document.page_content,
        kind=kind if kind in get_args(Kind) else "note",
        title=_text(details.get("title")),
        author=_text(details.get("author")) or _one_name(details.get("authors")),
        created_at=_time(details.get("created_at")),
        url=where if isinstance(where, str) and where.startswith(("http://", "https://")) else None,
        metadata={_ORIGINAL: dict(details)},
    )


def search_filters(*, filter: Mapping[str, Any] | None = None, **given: Any) -> dict[str, Any]:
    """Return what LangChain calls a filter, and what is given beside it, as arguments of ``Memory.search``."""
    if not isinstance(filter, Mapping | None):
        raise ConfigurationError(f"received filter={filter!r}; {_EXPECTED}")
    chosen = {**(filter or {}), **given}
    if unknown := [name for name in chosen if name not in _FILTERS]:
        raise ConfigurationError(f"received {unknown[0]!r} to filter by; {_EXPECTED}")
    return chosen


def paired(texts: Iterable[Text], details: Iterable[Detail], *, name: str) -> list[tuple[Text, Detail]]:
    """Return each text with what belongs to it, or raise ConfigurationError where they are not as many."""
    texts, details = list(texts), list(details)
    if len(texts) != len(details):
        raise ConfigurationError(f"received {len(details)} {name} for {len(texts)} texts; expected one each")
    return list(zip(texts, details, strict=True))


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value != []}


def _one_name(value: object) -> str | None:
    return _text(value[0]) if isinstance(value, (list, tuple)) and len(value) == 1 else None


def _time(value: object) -> datetime | None:
    """Return the time, or None: what others call so may be "yesterday". Without a zone it is UTC, as in a text."""
    written = value.isoformat() if isinstance(value, date) else value
    with suppress(ConfigurationError):
        return parse_time(written) if isinstance(written, str) else None
    return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
