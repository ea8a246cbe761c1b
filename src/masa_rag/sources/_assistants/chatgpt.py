"""Conversations with ChatGPT: a tree of messages, of which one branch is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from masa_rag.sources._assistants.branches import in_order, shown
from masa_rag.sources._chats.fields import clean, id_of, kept, list_of, text_of, texts_of, time_of
from masa_rag.types import Document, Segment

NAME = "ChatGPT"
_MARKED = re.compile(
    "\ue200[^\ue201]*\ue201|【\\d+(?::\\d+)?†[^】]*】|:contentReference\\[oaicite:\\d+\\](?:\\{index=\\d+\\})?"
)
"""Where a source is cited, in characters that the page replaces."""
_SHOWN = re.compile(
    "\ue200(?:entity\ue202(?P<entity>\\[[^\ue201]*\\])|link_title\ue202(?P<title>[^\ue202\ue201]*)[^\ue201]*)\ue201"
)
"""Marks that hold words of the sentence: a name, with what kind of thing it is of, or the words of a link."""
_CANVAS = frozenset({"canmore.create_textdoc", "canmore.update_textdoc"})
"""To whom a text for the canvas beside the conversation is addressed."""
_WHOLE = frozenset({".*", "(?s).*"})
"""What an update replaces when the text is written anew, as code always is."""
_FIRST, _LAST = 1_500_000_000, 4_100_000_000
"""Seconds, in the years 2017 and 2099; ChatGPT is of 2022."""


def document(record: dict[str, Any], me: str) -> Document | None:
    """Return a conversation as it is shown, or None when nothing is said in it."""
    nodes = {key: node for key, node in record["mapping"].items() if isinstance(node, dict)}
    said = {key: item for key, node in nodes.items() for item in _said(key, node.get("message"), me)}
    parents = {key: id_of(node, "parent") for key, node in nodes.items()}
    times = {key: _time(node.get("message")) for key, node in nodes.items()}
    path = shown(parents, id_of(record, "current_node"), times)
    segments = in_order([said[key] for key in path if key in said], asked_by=me)
    if not segments:
        return None
    identity = id_of(record, "conversation_id", "id")
    metadata = {"platform": "chatgpt", "other_branches": len(said) - len(segments)}
    return Document(
        identity or segments[0].id or "",
        segments=segments,
        kind="conversation",
        title=text_of(record, "title") or None,
        created_at=_moment(record.get("create_time")) or segments[0].created_at,
        url=f"https://chatgpt.com/c/{identity}" if identity else None,
        metadata=kept(metadata | {"archived": record.get("is_archived")}),
    )


def _said(key: str, message: Any, me: str) -> Iterator[Segment]:
    if text := _text(message):
        about = message.get("metadata")
        is_mine = text_of(message.get("author"), "role") == "user"
        metadata = {"model": text_of(about, "model_slug"), "attachments": texts_of(about, "attachments", "name")}
        yield Segment(text, me if is_mine else NAME, _time(message), id=key, metadata=kept(metadata))


def _text(message: Any) -> str:
    """Return what is shown of a message, "" for what tools, the system and hidden messages say, and for thoughts."""
    role, about = text_of(message.get("author"), "role") if isinstance(message, dict) else "", None
    if role not in ("user", "assistant"):
        return ""
    about, content, to = message.get("metadata"), message.get("content"), text_of(message, "recipient") or "all"
    if isinstance(about, dict) and about.get("is_visually_hidden_from_conversation"):
        return ""
    if to != "all":
        return _canvas(content) if to in _CANVAS else ""
    text = _with_sources("\n".join(_parts(content)), about)
    return clean(_MARKED.sub("", _SHOWN.sub(_shown_words, text)))


def _parts(content: Any) -> Iterator[str]:
    """Yield the texts of a message, and the words of what was spoken."""
    if not isinstance(content, dict):
        return
    if content.get("content_type") == "code":
        yield text_of(content, "text")
    parts = content.get("parts")
    for part in parts if isinstance(parts, list) else ():
        if text := part if isinstance(part, str) else text_of(part, "text"):
            yield text


def _shown_words(mark: re.Match[str]) -> str:
    if mark["entity"] is None:
        return mark["title"]
    try:
        about = json.loads(mark["entity"])
    except (ValueError, RecursionError):
        return ""
    return next((word for word in about[1:2] if isinstance(word, str)), "")


def _with_sources(text: str, about: Any) -> str:
    """Return the text with the links, or names, that the page shows in the place of its marks."""
    for reference in list_of(about, "content_references") if "\ue200" in text else ():
        mark = reference.get("matched_text")
        if isinstance(mark, str) and "\ue200" in mark and (shown := text_of(reference, "alt")):
            text = text.replace(mark, shown)
    return text


def _canvas(content: Any) -> str:
    """Return a text that was written beside the conversation, under its name."""
    try:
        page = json.loads(text_of(content, "text"), strict=False)
    except (ValueError, RecursionError):
        return ""
    anew = (text_of(update, "replacement") for update in list_of(page, "updates") if update.get("pattern") in _WHOLE)
    return "\n".join(filter(None, (text_of(page, "name"), text_of(page, "content"), *anew)))


def _time(message: Any) -> datetime | None:
    return _moment(message.get("create_time")) if isinstance(message, dict) else None


def _moment(value: Any) -> datetime | None:
    moment = time_of(value)
    return moment if moment is not None and _FIRST < moment.timestamp() < _LAST else None
