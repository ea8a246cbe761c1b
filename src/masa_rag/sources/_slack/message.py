"""One message of a Slack export, or of Slack's Web API, becomes a segment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._chats.fields import content_of, counts_of, kept, list_of, text_of, time_of
from masa_rag.sources._chats.messages import Room, Said
from masa_rag.sources._slack.text import Names, block_text, escaped, unsaid
from masa_rag.types import Segment

_SPOKEN = frozenset({
    "", "bot_message", "me_message", "file_share", "file_comment", "file_mention", "thread_broadcast",
    "reply_broadcast", "slackbot_response", "assistant_app_thread", "message_changed",
})  # fmt: skip
"""The subtypes that somebody says. All others are the workspace's own lines: joins, leaves, topics, pins."""
_TS = re.compile(r"\d{9,11}\.\d{1,6}")
_SERVICE = re.compile(r"<https?://[^|>]*/services/(B\w+)\|([^>]+)>")
_PLACEHOLDER = "This content can't be displayed."
"""What Slack writes as the text of an app's message that has blocks only."""


def is_slack_message(value: Any) -> bool:
    """Say whether this is a message as Slack writes it: its time is its id."""
    return (
        isinstance(value, dict) and value.get("type") == "message" and _TS.fullmatch(str(value.get("ts"))) is not None
    )


def said(record: Any, room: Room, names: Names, *, label: str, workspace: str | None) -> Iterator[Said]:
    """Yield the message with its thread's or its channel's room, if somebody said it and it has words.

    Args:
        record: One message.
        room: The channel's room.
        names: Learns the people who are described within messages.
        label: Where it was read, for errors.
        workspace: First part of the workspace's address, for links.

    Raises:
        RecordError: It is no message.
    """
    if not isinstance(record, dict):
        raise RecordError(f"received {type(record).__name__}; expected a message", record_id=label)
    subtype = text_of(record, "subtype")
    _learn(record, names)
    if subtype == "message_changed" and isinstance(record.get("message"), dict):
        record = record["message"]
    if subtype not in _SPOKEN or record.get("type", "message") != "message":
        return
    segment = _segment(record, label)
    if segment.text:
        yield Said(_place(record, room), replace(segment, url=_link(record, room, workspace)))


def _learn(record: dict[str, Any], names: Names) -> None:
    user = text_of(record, "user")
    if user and user not in names.users and isinstance(profile := record.get("user_profile"), dict):
        names.learn_user({"id": user, "profile": profile, "name": profile.get("name")})
    if text_of(record, "subtype") == "bot_add" and (match := _SERVICE.search(text_of(record, "text"))):
        names.users.setdefault(match[1], match[2])
    bot = record.get("bot_profile")
    if (identity := text_of(record, "bot_id")) and (name := text_of(bot, "name")):
        names.users[identity] = name


def _segment(record: dict[str, Any], label: str) -> Segment:
    ts = record.get("ts")
    if not isinstance(ts, str) or (created_at := _time(ts)) is None:
        raise RecordError(
            f"received the time stamp {ts!r}; expected Unix seconds such as 1714554000.000100", record_id=label
        )
    thread = text_of(record, "thread_ts")
    edited = record.get("edited")
    return Segment(
        text=_text(record, f"{label}: message {ts}"),
        author=_author(record),
        created_at=created_at,
        id=ts,
        reply_to=thread if thread and thread != ts else None,
        edited_at=_time(text_of(edited, "ts")) if isinstance(edited, dict) else None,
        metadata=_metadata(record),
    )


def _time(ts: str) -> datetime | None:
    return time_of(ts) if _TS.fullmatch(ts) or ts.isdecimal() else None


def _place(record: dict[str, Any], room: Room) -> Room:
    """A thread is one document, first message and answers together; the rest is cut by day."""
    if thread := text_of(record, "thread_ts"):
        metadata = dict(room.metadata) | {"thread_ts": thread}
        return Room(f"{room.id}/thread/{thread}", f"{room.title} (thread)", by_day=False, metadata=metadata)
    return room


def _link(record: dict[str, Any], room: Room, workspace: str | None) -> str | None:
    ts = text_of(record, "ts")
    return f"https://{workspace}.slack.com/archives/{room.id}/p{ts.replace('.', '')}" if workspace else None


def _author(record: dict[str, Any]) -> str | None:
    """Return the speaker's id, to be resolved when all names are known, or the name a bot gave itself."""
    own = text_of(record, "username") if text_of(record, "subtype") == "bot_message" else ""
    comment = text_of(record.get("comment"), "user")
    return own or text_of(record, "user") or comment or text_of(record, "bot_id", "username") or None


def _text(record: dict[str, Any], where: str) -> str:
    text = _own_words(record, where)
    parts = [text]
    for attachment in list_of(record, "attachments"):
        if attachment.get("is_share") is True:
            parts.append(_quotation(attachment))
        elif not text or _by_machine(record):  # else the preview of a link: another page's words
            parts.extend(_attachment_lines(attachment))
    parts.extend(title for title in _file_titles(record) if title not in text)
    parts.extend(_contents(record))
    return "\n".join(dict.fromkeys(part for part in parts if part))


def _own_words(record: dict[str, Any], where: str) -> str:
    """Return the text, or what the blocks say in its place; an app's blocks say more than its text."""
    text, blocks = content_of(record, "text", record_id=where), list_of(record, "blocks")
    if not _by_machine(record):
        return text or block_text(blocks)
    text = _without_placeholder(text)
    return "\n".join(part for part in (text, unsaid(blocks, text)) if part)


def _by_machine(record: dict[str, Any]) -> bool:
    return bool(text_of(record, "bot_id")) or text_of(record, "subtype") == "bot_message"


def _without_placeholder(text: str) -> str:
    return "" if text.replace("’", "'") == _PLACEHOLDER else text


def _quotation(shared: dict[str, Any]) -> str:
    """Return a message that was shared as tweets' quotations are: ``> Name: words``; "" when it has no words."""
    lines = _attachment_lines(shared | {"author_name": "", "fallback": ""})
    words = _without_placeholder("\n".join(line for line in lines if line))
    if not words:
        messages = (item.get("message") for item in list_of(shared, "message_blocks"))
        words = block_text([block for message in messages for block in list_of(message, "blocks")])
    quoted = f"{text_of(shared, 'author_name') or 'shared'}: {words}".split("\n")
    return "\n".join(f"> {line}" for line in quoted) if words else ""


def _attachment_lines(attachment: dict[str, Any]) -> Iterator[str]:
    lines = [text_of(attachment, name) for name in ("pretext", "author_name", "title", "text")]
    for item in list_of(attachment, "fields"):
        lines.append(": ".join(part for part in (text_of(item, "title"), text_of(item, "value")) if part))
    lines.append(block_text(list_of(attachment, "blocks")))
    yield from lines if any(lines) else [text_of(attachment, "fallback")]


def _file_titles(record: dict[str, Any]) -> list[str]:
    return [title for file in _files(record) if (title := text_of(file, "title", "name"))]


def _contents(record: dict[str, Any]) -> Iterator[str]:
    """Yield pasted text and code, and what was said in voice and video clips, as far as the export has it."""
    for file in _files(record):
        heard = _heard(file)
        text, is_cut = text_of(heard, "content"), heard.get("has_more")
        if text_of(file, "mode") == "snippet":
            text, is_cut = text_of(file, "preview"), file.get("preview_is_truncated")
        if text:
            yield escaped(text) + ("\n…" if is_cut is True else "")


def _heard(clip: dict[str, Any]) -> dict[str, Any]:
    transcript = clip.get("transcription")
    preview = transcript.get("preview") if isinstance(transcript, dict) else None
    return preview if isinstance(preview, dict) else {}


def _files(record: dict[str, Any]) -> list[dict[str, Any]]:
    single = record.get("file")
    return list_of(record, "files") or ([single] if isinstance(single, dict) else [])


def _shared_links(record: dict[str, Any]) -> list[str]:
    shared = (item for item in list_of(record, "attachments") if item.get("is_share") is True)
    return [link for item in shared if (link := text_of(item, "from_url"))]


def _metadata(record: dict[str, Any]) -> dict[str, Any]:
    reactions = ((text_of(item, "name"), item.get("count")) for item in list_of(record, "reactions"))
    return kept({
        "author_id": text_of(record, "user", "bot_id"),
        "bot": _by_machine(record),
        "files": _file_titles(record),
        "shared": _shared_links(record),
        "reactions": counts_of(reactions),
    })  # fmt: skip


def finished(segment: Segment, names: Names) -> Segment:
    """Return the message with names in place of ids, in its text and as its author."""
    author = names.users.get(segment.author, segment.author) if segment.author else None
    real = names.real.get(str(segment.metadata.get("author_id")))
    metadata = dict(segment.metadata) | ({"real_name": real} if real and real != author else {})
    return replace(segment, text=names.readable(segment.text), author=author, metadata=metadata)
