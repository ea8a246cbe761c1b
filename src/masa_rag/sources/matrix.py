"""Matrix: rooms as Element exports them, and saved answers of Matrix servers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from masa_rag.errors import RecordError
from masa_rag.sources._chats.exports import ChatExport, values_in
from masa_rag.sources._chats.fields import clean, kept, list_of, text_of, time_of
from masa_rag.sources._chats.files import ChatFile, read_each
from masa_rag.sources._chats.messages import Room, Said, documents
from masa_rag.sources._jsonstream import ITEM, peek
from masa_rag.types import Document, Segment

_INTO = frozenset({(), ("messages",), ("chunk",)})
_WRITTEN = frozenset({"m.text", "m.notice", "m.emote"})
_POLLS = ("m.poll.start", "org.matrix.msc3381.poll.start")
_TEXTS = ("m.text", "org.matrix.msc1767.text", "body")
_QUOTED = re.compile(r"(?:> [^\n]*\n)+\n")
"""The words of whom somebody answers, which many programs put above the answer."""


class MatrixExport(ChatExport):
    """Rooms of Matrix, one document a room and UTC day, each message a segment.

    Reads what Element writes (*Export chat*, format JSON) and answers of a server's ``/messages``, also in a zip.
    A message answers the one that it quotes, else the one that opened its thread.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name in the memory; by default ``matrix``, so that exports which overlap meet.

    Joins, files without a caption, and what was deleted or could not be decrypted are left out. People go by the names
    that the export tells, else by the first part of their Matrix ids, which are in the metadata.
    """

    form = "matrix"
    global_ids = True
    by_content = True
    suffixes: ClassVar[frozenset[str]] = frozenset({".json", ".zip"})

    @classmethod
    def _is_known(cls, head: bytes) -> bool:
        return any(path[-1:] == (ITEM,) and _is_event(value) for path, value in peek(head, into=_INTO))

    def _documents(self, files: Iterable[ChatFile | RecordError]) -> Iterator[Document | RecordError]:
        names: dict[str, str] = {}
        said = read_each(files, lambda file: _messages(file, names))
        return documents(said, finish=lambda segment: _named(segment, names))


def _is_event(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and {"type", "content", "origin_server_ts"} <= value.keys()
        and text_of(value, "sender").startswith("@")
        and text_of(value, "event_id") != ""
    )


def _messages(file: ChatFile, names: dict[str, str]) -> Iterator[Said | RecordError]:
    """Yield the messages of a file; an export names its room before them."""
    title = ""
    for item in values_in(file, into=_INTO, is_message=_is_event, of="Matrix"):
        if isinstance(item, RecordError):
            yield item
        elif isinstance(item, tuple) and _is_event(item[1]):
            _learn(item[1], names)
            yield from _said(item[1], title, file.path)
        elif isinstance(item, tuple) and item[0] == ("room_name",):
            title = clean(str(item[1]))


def _learn(event: dict[str, Any], names: dict[str, str]) -> None:
    """Remember the name that somebody shows, which an event of theirs in the room tells."""
    if event["type"] == "m.room.member" and (name := text_of(event["content"], "displayname")):
        names[text_of(event, "state_key") or event["sender"]] = name


def _said(event: dict[str, Any], title: str, path: Path) -> Iterator[Said | RecordError]:
    content, relation = event["content"], _part(event["content"], "m.relates_to")
    text = _text(event["type"], content)
    if not text or relation.get("rel_type") == "m.replace":  # Element has the message itself as it was edited last
        return
    moment = event["origin_server_ts"]
    created_at = time_of(moment / 1000) if isinstance(moment, (int, float)) else None
    if created_at is None:
        yield RecordError(f"received the time {str(moment)[:40]!r}; expected Unix milliseconds", record_id=str(path))
        return
    place = text_of(event, "room_id") or title or path.stem
    link, identity = f"https://matrix.to/#/{place}", text_of(event, "event_id")
    answered = text_of(_part(relation, "m.in_reply_to"), "event_id") or text_of(relation, "event_id")
    segment = Segment(
        text, text_of(event, "sender"), created_at, url=f"{link}/{identity}", id=identity, reply_to=answered or None,
        metadata=kept({"action": content.get("msgtype") == "m.emote"}),
    )  # fmt: skip
    yield Said(Room(place, title or path.stem, link, metadata={"platform": "matrix"}), segment)


def _part(value: Any, name: str) -> dict[str, Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _text(kind: str, content: Any) -> str:
    """Return what somebody wrote: a text, the caption of a file, or a poll."""
    poll = next((found for name in _POLLS if (found := _part(content, name))), None)
    if poll is not None:
        choices = (f"- {choice}" for answer in list_of(poll, "answers") if (choice := _words(answer)))
        return "\n".join(filter(None, (_words(_part(poll, "question")), *choices)))
    body = text_of(content, "body")
    if kind != "m.room.message" or (
        text_of(content, "msgtype") not in _WRITTEN and body in ("", text_of(content, "filename") or body)
    ):
        return ""
    return clean(_QUOTED.sub("", body, count=1)) if body.startswith("> ") and _part(content, "m.relates_to") else body


def _words(said: dict[str, Any]) -> str:
    """Return a text of a poll, which newer exports have in a list of forms."""
    forms = (item for name in _TEXTS for item in list_of(said, name))
    return text_of(said, *_TEXTS) or next((text for item in forms if (text := text_of(item, "body"))), "")


def _named(segment: Segment, names: dict[str, str]) -> Segment:
    person = segment.author or ""
    name = names.get(person) or person.removeprefix("@").partition(":")[0]
    return replace(segment, author=name or None, metadata={**segment.metadata, "author_id": person})
