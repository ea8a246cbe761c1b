"""Zoom's chat: ``HH:MM:SS<tab>Name:<tab>text`` beside a recording, ``HH:MM:SS From Name to Everyone:`` saved by a user.

The first counts from the beginning of the recording; the second tells the time of day, unless it begins near zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from masa_rag._time import parse_clock, parse_time
from masa_rag.errors import ConfigurationError
from masa_rag.sources._transcripts.base import lines_of
from masa_rag.types import Segment

_CLOCK = r"(?:(\d{4}-\d{2}-\d{2}) )?(\d{1,2}:\d{2}:\d{2})"
_OPENS = re.compile(rf"{_CLOCK}\s")
_MESSAGE = re.compile(
    rf"{_CLOCK}(?:\s*\t\s*(?:From )?([^\t]{{1,100}}?)\s*:\s*\t|"
    r"\s*From\s+([^\t]{1,100}?)(?:\s+to\s+[^\t:]{1,100}?)?\s*:(?=\s|$)[ \t]*)(.*)",
    re.IGNORECASE,
)
_REPLY = re.compile(r"Replying to [\"“](.*?)[\"”]\s*(.*)", re.DOTALL)
_REACTION = re.compile(
    r"(Reacted to|Removed an? .{1,40}? reaction from) [\"“](.*?)[\"”](?: with (.{1,40}))?", re.DOTALL
)
_REACTION_UNQUOTED = re.compile(r"Reacted to (.+) with [\"“](.{1,40})[\"”]", re.DOTALL)
"""Some of Zoom's programs quote the reaction instead, as a person may."""


_NEAR_ZERO_S = 3600.0
"""In a recording somebody writes within the first hour; few meetings begin in the one after midnight."""


@dataclass(slots=True)
class _Message:
    id: str
    author: str
    start: float
    text: str
    in_one_row: str
    """The text as quotations of it begin."""
    reply_to: str | None = None
    reactions: dict[str, int] = field(default_factory=dict)
    created_at: datetime | None = None


def looks_like_chat(text: str) -> bool:
    """Say whether the first line, and most that open with a time, are messages of a Zoom chat."""
    rows = [row for row in lines_of(text) if _OPENS.match(row)]
    first = next((row for row in lines_of(text) if row.strip()), "")
    return bool(_MESSAGE.fullmatch(first)) and 10 * sum(bool(_MESSAGE.fullmatch(row)) for row in rows) >= 9 * len(rows)


def parse_chat(text: str) -> list[Segment]:
    """Return the messages in the file's order. Replies point at what they answer; reactions are counted.

    Zoom quotes only the first characters of the message that is answered, so the latest earlier
    message that begins with them is taken. Ids are the time and the number within that second.
    A time of day is no ``start``: that is a second of the recording.
    """
    messages: list[_Message] = []
    by_day = _tells_time_of_day(text)
    for (day, clock), author, body in _raw(text):
        if body and not _is_reaction(body, messages):
            messages.append(_message(messages, clock, author, body))
            messages[-1].created_at = _time(day, clock)
    return [
        Segment(item.text, author=item.author, start=None if by_day or item.created_at else item.start, id=item.id,
                created_at=item.created_at, reply_to=item.reply_to,
                metadata={"reactions": item.reactions} if item.reactions else {})
        for item in messages
    ]  # fmt: skip


def _tells_time_of_day(text: str) -> bool:
    """Say whether a user saved the chat, which does not begin near zero."""
    first = next((match for row in lines_of(text) if (match := _MESSAGE.fullmatch(row))), None)
    return first is not None and first[4] is not None and (parse_clock(first[2]) or 0.0) > _NEAR_ZERO_S


def _time(day: str, clock: str) -> datetime | None:
    """Return when it was written where the file says the day; the zone is not in the file, and taken for UTC."""
    try:
        return parse_time(f"{day}T{clock.zfill(8)}Z") if day else None
    except ConfigurationError:
        return None


def _raw(text: str) -> Iterator[tuple[tuple[str, str], str, str]]:
    """Yield ((day, clock), author, body); a line without a clock continues the message above."""
    current: tuple[tuple[str, str], str, list[str]] | None = None
    for row in lines_of(text):
        if match := _MESSAGE.fullmatch(row):
            if current:
                yield current[0], current[1], "\n".join(current[2]).strip()
            author = (match[3] or match[4]).strip()
            current = ((match[1] or "", match[2]), author, [match[5]])
        elif current:
            current[2].append(row.removeprefix("\t"))
    if current:
        yield current[0], current[1], "\n".join(current[2]).strip()


def _message(earlier: list[_Message], clock: str, author: str, body: str) -> _Message:
    start = parse_clock(clock) or 0.0
    reply_to = None
    if (match := _REPLY.fullmatch(body)) and match[2].strip():
        answered = _quoted(earlier, match[1])
        body, reply_to = match[2].strip(), answered.id if answered else None
    same_second = sum(item.start == start for item in earlier[-50:])
    return _Message(f"{clock}-{same_second + 1}", author, start, body, " ".join(body.split()), reply_to)


def _is_reaction(body: str, earlier: list[_Message]) -> bool:
    """Say whether it is a reaction, and count it on the message that it is to."""
    if match := _REACTION.fullmatch(body):
        target, reaction = _quoted(earlier, match[2]), match[3] if match[1] == "Reacted to" else None
    elif match := _REACTION_UNQUOTED.fullmatch(body):
        target, reaction = _quoted(earlier, match[1]), match[2]
    if match and target and reaction:
        target.reactions[reaction] = target.reactions.get(reaction, 0) + 1
    return match is not None and (target is not None or match.re is _REACTION)


def _quoted(earlier: list[_Message], quote: str) -> _Message | None:
    """Return the latest message that begins with the quote; Zoom ends a cut quote with three dots."""
    start = " ".join(quote.removesuffix("...").removesuffix("…").split())
    return next((item for item in reversed(earlier) if start and item.in_one_row.startswith(start)), None)
