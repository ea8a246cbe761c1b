"""Conversations with Grok: a list of answers and questions, each with the one that it follows."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from masa_rag.sources._assistants.branches import in_order, shown
from masa_rag.sources._chats.fields import clean, id_of, kept, list_of, text_of, time_of
from masa_rag.types import Document, Segment

NAME = "Grok"
_CARD = re.compile(r"<grok:render\b[^>]{0,1000}>(?:(?!</?grok:render).){0,4000}</grok:render>", re.DOTALL)
"""Where a source or a picture is shown."""


def document(record: dict[str, Any], me: str) -> Document | None:
    """Return a conversation as it is shown, or None when nothing is said in it."""
    about = record["conversation"]
    answers = [item["response"] for item in list_of(record, "responses") if isinstance(item.get("response"), dict)]
    responses = {id_of(response, "_id") or f"response {number}": response for number, response in enumerate(answers, 1)}
    said = {key: item for key, response in responses.items() if (item := _said(key, response, me)) is not None}
    parents = {key: id_of(response, "parent_response_id") for key, response in responses.items()}
    times = {key: _time(response) for key, response in responses.items()}
    path = shown(parents, id_of(about, "leaf_response_id"), times)
    segments = in_order([said[key] for key in path if key in said], asked_by=me)
    if not segments:
        return None
    identity = id_of(about, "id")
    return Document(
        identity or segments[0].id or "",
        segments=segments,
        kind="conversation",
        title=text_of(about, "title") or None,
        created_at=_time(about) or segments[0].created_at,
        url=f"https://grok.com/c/{identity}" if identity else None,
        metadata=kept({"platform": "grok", "other_branches": len(said) - len(segments)}),
    )


def _said(key: str, response: dict[str, Any], me: str) -> Segment | None:
    text = clean(_CARD.sub("", text_of(response, "message")))
    author = me if text_of(response, "sender").lower() == "human" else NAME
    metadata = kept({"model": text_of(response, "model") if author == NAME else ""})
    return Segment(text, author, _time(response), id=key, metadata=metadata) if text else None


def _time(record: dict[str, Any]) -> datetime | None:
    """Return a time as it is written, in ISO 8601 or as databases write milliseconds."""
    value = record.get("create_time")
    moment = value.get("$date") if isinstance(value, dict) else value
    if isinstance(moment, dict):
        digits = id_of(moment, "$numberLong")
        moment = int(digits) / 1000 if digits.isdecimal() and len(digits) < 16 else None
    return time_of(moment)
