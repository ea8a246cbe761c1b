"""Conversations with Claude: a list of messages, in newer exports with the one that each follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from masa_rag.sources._assistants.branches import in_order, shown
from masa_rag.sources._chats.fields import clean, id_of, kept, list_of, text_of, time_of
from masa_rag.types import Document, Segment

NAME = "Claude"
_UNSHOWN = "```\nThis block is not supported on your current device yet.\n```"
"""What an export has as the text of what Claude did, and of what it thought."""
_PASTED = frozenset({"", "paste.txt", "pasted-text.txt"})
"""Names that the page gives to what somebody pasted, which is not a file."""
_WRITTEN = frozenset({"create", "rewrite"})
_GIVEN = "/outputs/"
"""In which folder Claude writes the files that the person gets; others are for its own work."""


def document(record: dict[str, Any], me: str) -> Document | None:
    """Return a conversation as it is shown, or None when nothing is said in it."""
    messages = _by_id(record)
    said = {key: list(_said(key, message, me)) for key, message in messages.items()}
    parents = {key: id_of(message, "parent_message_uuid") for key, message in messages.items()}
    times = {key: time_of(message.get("created_at")) for key, message in messages.items()}
    path = shown(parents, id_of(record, "current_leaf_message_uuid"), times)
    segments = in_order([item for key in path for item in said[key]], asked_by=me)
    if not segments:
        return None
    identity = id_of(record, "uuid")
    others = sum(1 for key, items in said.items() if items and key not in set(path))
    return Document(
        identity or segments[0].id or "",
        segments=segments,
        kind="conversation",
        title=text_of(record, "name") or None,
        created_at=time_of(record.get("created_at")) or segments[0].created_at,
        url=f"https://claude.ai/chat/{identity}" if identity else None,
        metadata=kept({"platform": "claude", "other_branches": others}),
    )


def _by_id(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the messages by their ids; one without an id is numbered."""
    messages = (message for message in record["chat_messages"] if isinstance(message, dict))
    return {id_of(message, "uuid") or f"message {number}": message for number, message in enumerate(messages, 1)}


def _said(key: str, message: dict[str, Any], me: str) -> Iterator[Segment]:
    """Yield a message, and before it each file that was sent with it: nobody is known to have written that."""
    author = {"human": me, "user": me, "assistant": NAME}.get(text_of(message, "sender", "role"))
    if author is None:
        return
    created_at = time_of(message.get("created_at"))
    files = list_of(message, "attachments")
    texts = [_text(message)]
    for number, file in enumerate(files, 1):
        name, content = text_of(file, "file_name"), text_of(file, "extracted_content")
        if content and name in _PASTED:
            texts.append(content)
        elif content:
            yield Segment(
                f"{name}\n{content}", None, created_at, id=f"{key}/{number}", metadata={"attachments": [name]}
            )
    if text := "\n".join(filter(None, texts)):
        names = dict.fromkeys(text_of(file, "file_name") for file in (*files, *list_of(message, "files")))
        metadata = kept({"attachments": [name for name in names if name not in _PASTED]})
        yield Segment(text, author, created_at, id=key, metadata=metadata)


def _text(message: dict[str, Any]) -> str:
    """Return what was said, and texts that were written beside the conversation; what was thought or done is not."""
    blocks = list_of(message, "content")
    if not blocks:
        return clean(text_of(message, "text").replace(_UNSHOWN, ""))
    return clean("\n\n".join(filter(None, map(_block, blocks))))


def _block(block: dict[str, Any]) -> str:
    if block.get("type") in ("text", "voice_note"):
        return text_of(block, "text")
    page = block.get("input")
    if block.get("name") == "artifacts" and text_of(page, "command") in _WRITTEN:
        return "\n".join(filter(None, (text_of(page, "title"), text_of(page, "content"))))
    if block.get("name") == "create_file" and _GIVEN in (path := text_of(page, "path")):
        return "\n".join(filter(None, (path.rpartition("/")[2], text_of(page, "file_text"))))
    return ""
