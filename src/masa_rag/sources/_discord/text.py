"""DiscordChatExporter's CSV and TXT: messages without ids, at the times that the exporting computer showed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from io import BytesIO
from itertools import islice
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._chats.dates import worded
from masa_rag.sources._chats.days import at, day_documents
from masa_rag.sources._chats.fields import clean, kept, time_of
from masa_rag.sources._chats.files import ChatFile
from masa_rag.sources._discord.html import page_room
from masa_rag.sources._discord.message import Names
from masa_rag.sources._lines import is_damaged, table_rows, text_lines
from masa_rag.sources._whatsapp.clock import DateOrder, stamp_alone, time_alone
from masa_rag.types import Document, Segment

_COLUMNS = "AuthorID,Author,Date,Content,Attachments,Reactions"
_RULE = "=" * 62
_LONGEST_MESSAGE = 262_144  # characters, embeds and all; Discord's own limits are 4,000 and 6,000
_OPENING = f"{_RULE}\nGuild: "
_HEADER = re.compile(r"\[(?P<when>[^\[\]]{6,40})\] (?P<who>.{1,100}?)(?: \(pinned\))?")
_FORWARDED = "{Forwarded Message}"
_PARTS = frozenset({_FORWARDED, "{Attachments}", "{Embed}", "{Stickers}", "{Reactions}"})
_SENT = "Originally sent: "
"""How the last line of what is forwarded begins; its files follow at once."""
_REACTION = re.compile(r"([^\s,()]+)(?: \((\d{1,9})\))?")
_OLD_DATE = re.compile(r"(\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}:\d{2} [AP]M)")  # 01-May-24 09:00 AM, until 2023
_BY_MACHINE = re.compile(
    r"(?:Joined the server|Pinned a message|Started a thread|Left the group|"
    r"(?:Added|Removed) (?:a recipient|.+ (?:to|from) the group)|"
    r"Started a call that lasted [\d,]+ minutes|Changed the channel (?:icon|name))\.|Changed the channel name: .*"
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A message as it is written, nothing read yet."""

    when: str
    who: str
    words: str
    files: str
    reactions: str
    author_id: str = ""
    is_forward: bool = False


def text_form(head: bytes) -> str | None:
    """Name the form of which this is the beginning: "csv", "txt", or None."""
    lines = text_lines(BytesIO(head[:1_000]))
    opening = "\n".join(line for line, _ in zip(lines, range(2), strict=False))
    return "csv" if opening.startswith(_COLUMNS) else "txt" if opening.startswith(_OPENING) else None


def text_documents(file: ChatFile, names: Names, zone: tzinfo) -> Iterator[Document | RecordError]:
    """Yield the days of a channel. A message's id is made of its time, author and text.

    Args:
        file: The table or text.
        names: Names for ids in texts that the exporter was told to leave as they are.
        zone: The zone of times that name none.
    """
    head = file.head()
    read = _rows if text_form(head) == "csv" else _blocks
    clock = _Clock((entry.when for entry in read(file) if isinstance(entry, _Entry)), zone)
    place = _place(file, head)
    room = page_room(place, file.path)
    messages = _segments(read(file), clock, names, str(file.path))
    yield from day_documents(messages, channel=room.id, title=room.title, metadata=room.metadata)


def _place(file: ChatFile, head: bytes) -> list[str]:
    """Return server and channel: a text opens with them, a table has them in its file's name."""
    if text_form(head) == "txt":
        _, guild, channel, *_ = [*text_lines(BytesIO(head)), "", ""]
        return [clean(guild.removeprefix("Guild: ")), clean(channel.removeprefix("Channel: "))]
    server, *rest = file.path.stem.partition(" [")[0].split(" - ")
    return [server, " / ".join(rest)] if rest else []


class _Clock:
    """Reads the dates of one export, which all together tell whether the day or the month comes first."""

    def __init__(self, dates: Iterable[str], zone: tzinfo) -> None:
        self._zone = zone
        order = DateOrder()
        for written in dates:
            if (stamp := stamp_alone(written)) is not None:
                order.add(stamp)
        self._day_first = order.day_first()

    def time(self, written: str) -> datetime | None:
        """Return the UTC time, None when the date cannot be read."""
        if (known := time_of(written, zone=self._zone)) is not None:
            return known
        local = time_alone(written, day_first=self._day_first) or _old_date(written)
        return at(local, self._zone) if local is not None else None


def _old_date(written: str) -> datetime | None:
    match = _OLD_DATE.fullmatch(written)
    return worded(f"{match[1]} {match[2]} 20{match[3]} {match[4]}") if match is not None else None


def _segments(
    entries: Iterable[_Entry | RecordError], clock: _Clock, names: Names, label: str
) -> Iterator[Segment | RecordError]:
    unread = False
    for entry in entries:
        if isinstance(entry, RecordError):
            yield entry
        elif is_damaged(entry.words):
            yield RecordError("holds bytes that are not UTF-8", record_id=f"{label}: {entry.when}, {entry.who}")
        elif (words := clean(entry.words)) and _BY_MACHINE.fullmatch(words) is None:
            created_at = clock.time(entry.when)
            if created_at is None and not unread:  # once: the others are written alike
                unread = True
                expected = "expected one such as 5/18/2025 9:00 AM. Its time stays unknown"
                yield RecordError(f"received the date {entry.when[:40]!r}; {expected}", record_id=label)
            author = clean(entry.who) or None
            yield Segment(names.readable(words), author=author, created_at=created_at, metadata=_metadata(entry))


def _metadata(entry: _Entry) -> dict[str, Any]:
    files = [address.partition("?")[0].rpartition("/")[2] for address in re.split(r"[,\s]+", clean(entry.files))]
    return kept({
        "author_id": entry.author_id,
        "forwarded": entry.is_forward,
        "attachments": [name for name in files if name],
        "reactions": {name: int(count or 1) for name, count in _REACTION.findall(clean(entry.reactions))},
    })  # fmt: skip


def _rows(file: ChatFile) -> Iterator[_Entry | RecordError]:
    with file.open() as stream:
        for item in islice(table_rows(stream, str(file.path)), 1, None):
            if isinstance(item, RecordError):
                yield item
            elif len(item[1]) < 6:
                wrong = f"received {len(item[1])} cells; expected 6"
                yield RecordError(wrong, record_id=f"{file.path}: line {item[0]}")
            else:
                number, who, when, words, files, reactions = item[1][:6]
                yield _Entry(when, who, words, files, reactions, number)


def _blocks(file: ChatFile) -> Iterator[_Entry]:
    """Yield the messages of a text: each opens with a date and a name, after a blank line."""
    header: re.Match[str] | None = None
    lines: list[str] = []
    size = 0
    with file.open() as stream:
        blank = False
        for line in text_lines(stream):
            found = _HEADER.fullmatch(line) if blank and line.startswith("[") else None
            if line == _RULE or (found is not None and _is_date(found["when"])):
                if header is not None:
                    yield _entry(header, lines)
                header, lines, size = found, [], 0
            elif header is not None and (size := size + len(line) + 1) <= _LONGEST_MESSAGE:
                lines.append(line)
            blank = not line.strip()
    if header is not None:
        yield _entry(header, lines)


def _is_date(written: str) -> bool:
    return stamp_alone(written) is not None or _old_date(written) is not None or time_of(written) is not None


def _entry(header: re.Match[str], lines: list[str]) -> _Entry:
    parts: dict[str, list[str]] = {}
    name = ""
    for before, line in zip(["", *lines], lines, strict=False):
        if line in _PARTS and (not before or (name == _FORWARDED and before.startswith(_SENT))):
            name = line
        else:
            parts.setdefault(name, []).append(line)
    files, reactions = ("\n".join(parts.get(part, [])) for part in ("{Attachments}", "{Reactions}"))
    forwarded = (line for line in parts.get(_FORWARDED, []) if not line.startswith(_SENT))
    words = clean("\n".join([*parts.get("", []), *forwarded])) or "\n".join(_unlinked(parts.get("{Embed}", [])))
    return _Entry(header["when"], header["who"], words, files, reactions, is_forward=_FORWARDED in parts)


def _unlinked(lines: list[str]) -> Iterator[str]:
    """Leave out the addresses of an embed and of its pictures: nobody wrote them."""
    return (line for line in lines if not re.fullmatch(r"https?://\S+", line))
