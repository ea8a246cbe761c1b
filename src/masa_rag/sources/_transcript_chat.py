"""The chat that Zoom saves beside a recording: ``HH:MM:SS<tab>Name:<tab>text``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from masa_rag._time import parse_clock
from masa_rag.sources._transcript_base import lines_of
from masa_rag.types import Segment

_MESSAGE = re.compile(r"(\d{1,2}:\d{2}:\d{2})\s*\t\s*(?:From )?([^\t]{1,100}?)\s*:\s*\t(.*)")
_REPLY = re.compile(r"Replying to [\"“](.*?)[\"”]\s*(.*)", re.DOTALL)
_REACTION = re.compile(
    r"(Reacted to|Removed an? .{1,40}? reaction from) [\"“](.*?)[\"”](?: with (.{1,40}))?", re.DOTALL
)


@dataclass(slots=True)
class _Message:
    id: str
    author: str
    start: float
    text: str
    reply_to: str | None = None
    reactions: dict[str, int] = field(default_factory=dict)


def looks_like_chat(text: str) -> bool:
    """Say whether the first line, and most that hold a tab, are messages of a Zoom chat."""
    rows = [row for row in lines_of(text) if "\t" in row]
    first = next((row for row in lines_of(text) if row.strip()), "")
    return bool(_MESSAGE.fullmatch(first)) and 10 * sum(bool(_MESSAGE.fullmatch(row)) for row in rows) >= 9 * len(rows)


def parse_chat(text: str) -> list[Segment]:
    """Return the messages in order of time. Replies point at what they answer; reactions are counted.

    Zoom quotes only the first characters of the message that is answered, so the latest earlier
    message that begins with them is taken. Ids are the time and the number within that second.
    """
    messages: list[_Message] = []
    for clock, author, body in sorted(_raw(text), key=lambda item: parse_clock(item[0]) or 0.0):
        if match := _REACTION.fullmatch(body):
            _react(messages, match[2], match[3] if match[1] == "Reacted to" else None)
        elif body:
            messages.append(_message(messages, clock, author, body))
    return [
        Segment(item.text, author=item.author, start=item.start, id=item.id, reply_to=item.reply_to,
                metadata={"reactions": item.reactions} if item.reactions else {})
        for item in messages
    ]  # fmt: skip


def _raw(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (clock, author, body); a line without a clock continues the message above."""
    current: tuple[str, str, list[str]] | None = None
    for row in lines_of(text):
        if match := _MESSAGE.fullmatch(row):
            if current:
                yield current[0], current[1], "\n".join(current[2]).strip()
            current = (match[1], match[2].removeprefix("From ").strip(), [match[3]])
        elif current:
            current[2].append(row)
    if current:
        yield current[0], current[1], "\n".join(current[2]).strip()


def _message(earlier: list[_Message], clock: str, author: str, body: str) -> _Message:
    start = parse_clock(clock) or 0.0
    reply_to = None
    if (match := _REPLY.fullmatch(body)) and match[2].strip():
        answered = _quoted(earlier, match[1])
        body, reply_to = match[2].strip(), answered.id if answered else None
    same_second = sum(item.start == start for item in earlier[-50:])
    return _Message(f"{clock}-{same_second + 1}", author, start, body, reply_to)


def _react(earlier: list[_Message], quote: str, reaction: str | None) -> None:
    if (target := _quoted(earlier, quote)) and reaction:
        target.reactions[reaction] = target.reactions.get(reaction, 0) + 1


def _quoted(earlier: list[_Message], quote: str) -> _Message | None:
    """Return the latest message that begins with the quote; Zoom ends a cut quote with three dots."""
    start = " ".join(quote.removesuffix("...").removesuffix("…").split())
    return next((item for item in reversed(earlier) if start and " ".join(item.text.split()).startswith(start)), None)
