"""Why filters let nothing through: a name that nobody has, a source that is not there, times that are not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from masa_rag._time import parse_time

if TYPE_CHECKING:
    from masa_rag.memory import Memory
    from masa_rag.types import Context

_NAMED = 20
"""So many sources are named at most."""


def why_nothing(memory: Memory, *, author: Sequence[str] = (), source: Sequence[str] = (), **rest: Any) -> str | None:
    """Return what may be wrong with filters that let nothing through, or None where nothing seems to be.

    Args:
        memory: What was asked.
        author: Names that were given.
        source: Sources that were given.
        rest: The other filters.
    """
    from masa_rag._names import authors_like, matching_authors, stored_sources

    known = memory.info().sources
    names = [item.name for item in known]
    chosen = stored_sources(memory.catalog.connection, source)
    for name in chosen:
        if name not in names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            there = ", ".join(" ".join(one.split()) for one in names[:_NAMED])
            return f"there is no source {name!r}; there are {there or 'none'}{more}"
    for name in author:
        if not matching_authors(memory.catalog.connection, [name]):
            similar = authors_like(memory.catalog.connection, name)
            return f"nobody called {name!r} speaks here" + (f" (did you mean {', '.join(similar)}?)" if similar else "")
    after, before = rest.get("after"), rest.get("before")
    if after and before and parse_time(after) >= parse_time(before):
        return f"no time is from {after} on and before {before}"
    asked = [item for item in known if not chosen or item.name in chosen]
    if after and (times := [item.last for item in asked if item.last]) and parse_time(after) > max(times):
        return f"the last passage is of {max(times).date()}"
    if before and (times := [item.first for item in asked if item.first]) and parse_time(before) <= min(times):
        return f"the first passage is of {min(times).date()}"
    undated = [item.name for item in asked if item.first is None]
    if undated and (after or before):
        return f"after and before leave out what has no known time, such as {undated[0]}"
    if author or source or any(rest.values()):
        return "try fewer filters"
    return None if known else "the memory is empty; fill it with: masa-rag add PATH"


def context_or_why(memory: Memory, query: str, *, filters: Mapping[str, str | None], **options: int) -> Context:
    """Return a context for an agent; where nothing is found its text also says which filter may be to blame.

    Args:
        memory: What is asked.
        query: A question.
        filters: As for ``Memory.search``; what is blank counts as not given.
        options: ``k`` and ``max_tokens`` of ``Memory.context``.
    """
    given = given_filters(**filters)
    found = memory.context(query, **options, **given)
    reason = None if found.hits else why_nothing(memory, **given)
    return found if reason is None else replace(found, text=f"{found.text} Note: {reason}.")


def given_filters(**filters: str | None) -> dict[str, Any]:
    """Return filters as arguments of ``Memory.search`` without those that are blank: models fill in ""."""
    given = {name: text for name, text in filters.items() if text is not None and text.strip()}
    return {name: [text] if name in ("author", "source") else text for name, text in given.items()}
