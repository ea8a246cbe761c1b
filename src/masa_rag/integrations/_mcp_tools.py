"""The tools of the MCP server. Their descriptions, and those of their arguments, are what a model reads of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, get_args

from pydantic import Field

from masa_rag._views import erased
from masa_rag._why_nothing import context_or_why, given_filters, why_nothing
from masa_rag.context import cite
from masa_rag.errors import DocumentNotFoundError
from masa_rag.integrations._tool_values import details, moment, rises, sources_of, when
from masa_rag.memory import Memory
from masa_rag.types import Document, Kind

_ALWAYS = "0001-01-01"
_MOST_CHARACTERS = 50_000
"""Of a document at once: about 12,000 tokens. Clients refuse answers of more than 25,000."""

Query = Annotated[str, Field(description="A question, or some words.")]
Author = Annotated[str | None, Field(description="Only what this person said: a name, a word of it, or a handle.")]
Source = Annotated[str | None, Field(description="Only this source, as list_sources names it.")]
KindOf = Annotated[
    str | None, Field(description="Only of this kind.", json_schema_extra={"enum": [*get_args(Kind), None]})
]
"""Its values are no Literal: models fill in "" for what they leave out."""
After = Annotated[str | None, Field(description="Only from this time on, ISO 8601, such as 2024-05-01.")]
Before = Annotated[str | None, Field(description="Only before this time, ISO 8601.")]
Tools = tuple[Callable[..., Any], ...]


def reading_tools(memory: Memory) -> Tools:
    """Return the tools that read."""

    def search(query: Query) -> dict[str, Any]:
        """Find documents that answer a question. Returns ids for fetch, with titles and addresses."""
        results: dict[str, dict[str, str]] = {}
        for hit in memory.search(query, k=20):
            key = key_of(hit.chunk.source, hit.chunk.document_id)
            results.setdefault(
                key, {"id": key, "title": cite(hit.chunk), "url": hit.chunk.url or "", "text": hit.chunk.text}
            )
        return {"results": list(results.values())[:10]}

    def fetch(
        id: Annotated[str, Field(description="An id that search gave.")],
        start: Annotated[int, Field(description="At which character of its text to begin.")] = 0,
    ) -> dict[str, Any]:
        """Return a whole document; of a long one a part, and in its metadata as ``next`` where to start for more."""
        source, document = document_of(memory, id)
        end = max(0, start) + _MOST_CHARACTERS
        metadata = details(source, document)
        if len(document.text) > _MOST_CHARACTERS:
            metadata |= {"characters": len(document.text)} | ({"next": end} if end < len(document.text) else {})
        return {
            "id": id,
            "title": document.title or document.id,
            "text": document.text[max(0, start) : end],
            "url": document.url or "",
            "metadata": metadata,
        }

    def recall(
        query: Query, k: Annotated[int, Field(description="How many passages, 1 to 50.")] = 8, author: Author = None,
        source: Source = None, kind: KindOf = None, after: After = None, before: Before = None,
    ) -> str:  # fmt: skip
        """Return numbered, cited quotations that answer a question."""
        filters = {"author": author, "source": source, "kind": kind, "after": after, "before": before}
        return str(context_or_why(memory, query, k=max(1, min(k, 50)), filters=filters))

    def timeline(
        query: Query, k: Annotated[int, Field(description="How many passages, 1 to 100.")] = 20, author: Author = None,
        source: Source = None, kind: KindOf = None, after: After = None, before: Before = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Return what was said on a subject in order of time; what has no time is left out."""
        filters = given_filters(author=author, source=source, kind=kind, after=after, before=before)
        # A filter by time lets nothing pass that has none.
        hits = memory.search(query, k=max(1, min(k, 100)), **({"after": _ALWAYS} | filters))
        if not hits:
            reason = why_nothing(memory, **filters) or "nothing has a known time"
            return [{"note": f"Nothing in memory answers this: {reason}."}]
        return [moment(hit.chunk) for hit in sorted(hits, key=when)]

    def trends(
        days: Annotated[float, Field(description="How long the last stretch of time is.")] = 7,
        subject: Annotated[
            str | None, Field(description="Count this word or name instead of finding what rises.")
        ] = None,
        author: Author = None,
        source: Source = None,
        kind: KindOf = None,
        until: Annotated[
            str | None, Field(description="When it ends, ISO 8601; when the last passage was said if left out.")
        ] = None,
    ) -> dict[str, Any]:
        """Return what more people say than before: the last days compared with eight times as many before them."""
        return rises(memory, days=days, subject=subject, until=until, author=author, source=source, kind=kind)

    def list_sources() -> list[dict[str, Any]]:
        """Return what is in the memory: each source with its documents, passages, and from when to when."""
        return sources_of(memory)

    return search, fetch, recall, timeline, trends, list_sources


def writing_tools(memory: Memory) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the tools that write: remember and forget."""

    def remember(
        text: Annotated[str, Field(description="A sentence or two.")],
        author: Annotated[str | None, Field(description="Who says so.")] = None,
    ) -> str:
        """Store one note. Returns its id."""
        return memory.remember(text, author=_given(author))

    def forget(
        author: Annotated[str | None, Field(description="All that this person said; the whole name.")] = None,
        source: Annotated[str | None, Field(description="All of this source, or the document of it.")] = None,
        # The protocol's library reads an id of search, which is JSON, and hands it over as a list.
        document: Annotated[
            str | list[str] | None,
            Field(description="An id that search gave, or the document's own beside its source."),
        ] = None,
    ) -> str:
        """Erase for good what a person said, a source, or one document."""
        source, document = _place(_given(source), document)
        return erased(memory.forget(author=_given(author), source=source, document=document))

    return remember, forget


def document_of(memory: Memory, key: str) -> tuple[str, Document]:
    """Return the source and the document of an id, or raise DocumentNotFoundError."""
    source, document_id = _parts(key)
    document = memory.document(source, document_id)
    if document is None:
        raise DocumentNotFoundError(
            f"received the id {key!r}, which no document has; expected one that search returned"
        )
    return source, document


def key_of(source: str, document_id: str) -> str:
    """Return the id by which tools name a document."""
    return json.dumps([source, document_id], ensure_ascii=False)


def _parts(key: str) -> tuple[str, str]:
    try:
        match json.loads(key):
            case [str(source), str(document_id)]:
                return source, document_id
    except (ValueError, RecursionError):
        pass
    raise DocumentNotFoundError(f"received the id {key!r}; expected one that search returned")


def _place(source: str | None, document: str | list[str] | None) -> tuple[str | None, str | None]:
    """Return source and own id of a document, for which models give the id of search, alone or beside the source."""
    key = json.dumps(document, ensure_ascii=False) if isinstance(document, list) else _given(document)
    if key is not None:
        with suppress(DocumentNotFoundError):
            place = _parts(key)
            return place if source in (None, place[0]) else (source, key)
    return source, key


def _given(text: str | None) -> str | None:
    """Return the text, or None where it is blank: models fill in "" for what they leave out."""
    return text if text is not None and text.strip() else None
