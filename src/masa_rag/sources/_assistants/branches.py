"""Which of the messages of a conversation are shown: an edited question and an answer made anew begin a branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from masa_rag.sources._chats.messages import NEVER
from masa_rag.types import Segment


def shown(parents: Mapping[str, str], leaf: str, times: Mapping[str, datetime | None]) -> list[str]:
    """Return the ids of the messages from the first to the last that is shown.

    Args:
        parents: Of each message the one that it follows. An older export, which does not say, has what is shown only.
        leaf: The last that is shown; where there is no such message, it is the latest that none follows.
        times: When each was written.
    """
    if not any(parents.values()):
        return list(parents)
    if leaf not in parents:
        followed = set(parents.values())
        leaves = [key for key in parents if key not in followed]
        leaf = max(leaves, key=lambda key: times.get(key) or NEVER, default="")
    path: dict[str, None] = {}
    while leaf in parents and leaf not in path:  # a damaged one may go round in a circle
        path[leaf] = None
        leaf = parents[leaf]
    return list(reversed(path))


def in_order(segments: Sequence[Segment], *, asked_by: str) -> list[Segment]:
    """Return the segments with times that do not run backwards, each answer with the question that it follows.

    ChatGPT writes some messages down a moment after those that follow them.
    """
    ordered: list[Segment] = []
    latest = NEVER
    question: str | None = None
    for segment in segments:
        latest = max(latest, segment.created_at or NEVER)
        if segment.author == asked_by:
            question = segment.id
        elif question is not None and segment.author is not None:  # a file answers nothing
            segment = replace(segment, reply_to=question)
        ordered.append(segment if segment.created_at in (None, latest) else replace(segment, created_at=latest))
    return ordered
