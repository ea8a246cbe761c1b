"""Projects of Claude: what somebody told it for all conversations of one, and the texts that were given with it."""

from __future__ import annotations

from typing import Any

from masa_rag.sources._chats.fields import id_of, list_of, text_of, time_of
from masa_rag.types import Document, Segment


def is_project(value: Any) -> bool:
    """Say whether this is a project, as its fields say, whether all of them have been seen or not."""
    return isinstance(value, dict) and {"uuid", "name", "prompt_template"} <= value.keys()


def document(record: dict[str, Any], me: str) -> Document | None:
    """Return a project, or None where nothing is in it, or what its makers put there as an example."""
    identity = id_of(record, "uuid")
    told = "\n\n".join(filter(None, (text_of(record, name) for name in ("description", "prompt_template"))))
    created_at = time_of(record.get("created_at"))
    segments = [Segment(told, me, created_at, id=f"{identity}/told")] if told else []
    for number, file in enumerate(list_of(record, "docs"), 1):
        name, content = text_of(file, "filename"), text_of(file, "content")
        if content:
            key, time = id_of(file, "uuid") or f"{identity}/{number}", time_of(file.get("created_at"))
            words = "\n".join(filter(None, (name, content)))
            segments.append(Segment(words, None, time or created_at, id=key, metadata={"attachments": [name]}))
    if not segments or not identity or record.get("is_starter_project") is True:
        return None
    return Document(
        f"project/{identity}",
        segments=segments,
        title=text_of(record, "name") or None,
        created_at=created_at,
        url=f"https://claude.ai/project/{identity}",
        metadata={"platform": "claude"},
    )
