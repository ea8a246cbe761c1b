"""Conversations with Gemini, from Google Takeout: a log of questions and answers, the newest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._chats.cooked import cooked_text
from masa_rag.sources._chats.fields import kept, list_of, text_of, time_of
from masa_rag.sources._chats.messages import Room, Said
from masa_rag.types import Segment

NAME = "Gemini"
_PROMPTED = "Prompted "
_APP = "https://gemini.google.com/app/"
_TITLE_CHARS = 80


def said(record: dict[str, Any], me: str, label: str) -> Iterator[Said | RecordError]:
    """Yield the question and the answer of an entry; what nobody asked ("Used Gemini Apps") gives nothing.

    Entries name their conversation only in newer exports; in older ones each is a conversation of its own.
    """
    title, written = text_of(record, "title"), text_of(record, "time")
    answer = "\n".join(
        cooked_text(text_of(part, "html"), hidden=frozenset()) for part in list_of(record, "safeHtmlItem")
    ).strip()
    question = title.removeprefix(_PROMPTED)
    if question == title and not answer:
        return
    moment = time_of(written)
    if moment is None:
        yield RecordError(f"received the time {written[:40]!r}; expected ISO 8601", record_id=label)
        return
    room = _room(record, question, written)
    files = record.get("attachedFiles")
    names = [file for file in files if isinstance(file, str)] if isinstance(files, list) else []
    if question:
        yield Said(room, Segment(question, me, moment, id=f"{written}/1", metadata=kept({"attachments": names})))
    if answer:
        yield Said(
            room, Segment(answer, NAME, moment, id=f"{written}/2", reply_to=f"{written}/1" if question else None)
        )


def _room(record: dict[str, Any], question: str, written: str) -> Room:
    links = (text_of(detail, "url") for detail in list_of(record, "details"))
    url = next((link for link in links if link.startswith(_APP)), None)
    identity = url.removeprefix(_APP).partition("?")[0] if url is not None else written
    title = question.partition("\n")[0][:_TITLE_CHARS]
    return Room(f"gemini/{identity}", title, url, by_day=False, metadata={"platform": "gemini"})
