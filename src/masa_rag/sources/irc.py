"""IRC: the log files of chat clients, bouncers and channel archives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import ClassVar

from masa_rag.errors import RecordError
from masa_rag.sources._chats.days import at, day_documents
from masa_rag.sources._chats.files import ChatFile, read_each
from masa_rag.sources._chats.zoned import ZonedSource
from masa_rag.sources._irc.lines import Clock, Line, parse_line, read_lines
from masa_rag.sources._irc.places import NAME_DATE, channels_of
from masa_rag.sources._lines import text_lines
from masa_rag.types import Document, Segment

_FOLDER_DATE = re.compile(r"/(\d{4})/(\d{2})/(\d{2})/[^/]+$")
_BACK = 6 * 3600  # a clock that goes back further has passed midnight; less is a clock set back
_FIRST_LINES = 40


class IrcLogs(ZonedSource):
    """Logs of irssi, WeeChat, ZNC, mIRC, HexChat, Textual, Eggdrop, Supybot, IRCCloud, IRCv3, ``[HH:MM] <nick> text``.

    One document a channel and UTC day; each message or action is a segment. Joins, parts, modes and
    topics are left out. After a change of name ``metadata["formerly"]`` holds the old one;
    ``metadata["action"]`` marks ``/me``. Lines that are not UTF-8 are read as Windows-1252.

    The day comes from the line, from a line that announces it, from the file's name
    (``2024-05-01.log``, ``#chan_20240501.log``) or its folders (``2024/05/01/#chan.txt``); a clock
    that jumps back by more than six hours has passed midnight. Where nothing names a day, times
    are unknown and the document's id ends in ``undated``.

    Args:
        paths: A file, a folder, a pattern, or several of them.
        name: The source's name; by default ``irc:`` and the file's.
        channel: First part of the documents' ids. By default it is taken from the file's name, the
            notices in it, or its folder. Where two networks have the channel, theirs comes before it
            (``libera/#boats``): by WeeChat's file names, or by folders that bear a known network's name.
        timezone: IANA name of the zone in which the times were written, where they name none.
        threads: Find out which message answers which (see :func:`reply_links`), and set ``reply_to``.
        by_conversation: Give each conversation of three messages or more a document of its own, in place
            of leaving it among the others of the day. Talks that run at once are then found whole: of 168
            annotated conversations, 83 % of the lines stood in the 2,400 characters found for the first line,
            64 % without (``benchmarks/reply_links.py``). The links are guesses, so that a log that grows at its
            beginning may move a message to another document: prefer ``memory.sync`` then.
    """

    form = "irc"
    suffixes: ClassVar[frozenset[str]] = frozenset({".log", ".txt", ".weechatlog", ".irclog"})

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        name: str | None = None,
        channel: str | None = None,
        timezone: str = "UTC",
        threads: bool = True,
        by_conversation: bool = False,
    ) -> None:
        super().__init__(paths, name=name, timezone=timezone)
        self.channel = channel
        self.threads = threads
        self.by_conversation = by_conversation

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:  # noqa: ARG003 - its content tells
        """Say whether most of the first lines are timed messages or notices of a log."""
        return head[:2] != b"PK" and _looks_like_log(head)  # a zip may hold a log uncompressed

    def __iter__(self) -> Iterator[Document | RecordError]:
        files = self.files()
        channels = dict.fromkeys(files, self.channel) if self.channel is not None else channels_of(files)
        return read_each(map(ChatFile.at, files), lambda file: self._days(file.path, channels[file.path]))

    def _days(self, path: Path, channel: str) -> Iterator[Document | RecordError]:
        start = _Start(path)
        if not start.messages:
            expected = "expected lines such as '[18:30] <ann> hello'"
            yield RecordError(f"no message of a log found; {expected}", record_id=str(path))
            return
        rooms: list[str | None] = [*sorted(start.rooms)] if self.channel is None and start.rooms else [None]
        for number, room in enumerate(rooms):
            messages = self._messages(path, start.day, room)
            days = day_documents(
                (item for item in messages if number == 0 or isinstance(item, Segment)),  # errors once
                channel=room or channel,
                title=room or channel,
                metadata={"platform": "irc"},
            )
            yield from (part for item in days for part in self._parts(item))

    def _parts(self, item: Document | RecordError) -> Iterable[Document | RecordError]:
        if isinstance(item, RecordError) or not self.threads:
            return [item]
        from masa_rag.sources._threads.links import apart, linked  # late: numpy comes with it

        item = replace(item, text="", segments=linked(item.segments))
        return apart(item) if self.by_conversation else [item]

    def _messages(self, path: Path, day: date | None, room: str | None) -> Iterator[Segment | RecordError]:
        calendar = _Calendar(day)
        formerly: dict[str, str] = {}
        for number, line in enumerate(read_lines(path), start=1):
            calendar.take(line)
            if line.renamed is not None:
                formerly[line.renamed[1]] = formerly.pop(line.renamed[0], line.renamed[0])
            if not line.known:
                yield RecordError("this line is of no known form; it is left out", record_id=f"{path}:{number}")
            if line.author is None or line.clock is None or not line.text or room not in (None, line.room):
                continue
            old = formerly.get(line.author)
            metadata: dict[str, object] = {"action": True} if line.action else {}
            if old is not None and old != line.author:
                metadata = {**metadata, "formerly": old}
            yield Segment(line.text, author=line.author, created_at=self._time(calendar, line.clock), metadata=metadata)

    def _time(self, calendar: _Calendar, clock: Clock) -> datetime | None:
        if calendar.day is None:
            return None
        midnight = datetime.combine(calendar.day, datetime.min.time())
        return at(midnight + timedelta(seconds=clock.seconds), clock.offset or self._zone)


class _Calendar:
    """Which day it is, line by line."""

    def __init__(self, day: date | None) -> None:
        self.day = day
        self._year = day.year if day is not None else None
        self._last = -1

    def take(self, line: Line) -> None:
        if line.day is not None:
            self.day, self._year, self._last = line.day, line.day.year, -1
        elif line.clock is not None:
            self._tick(line.clock)

    def _tick(self, clock: Clock) -> None:
        if clock.day is not None:
            self.day = clock.day
        elif clock.month_day is not None:
            self._turn_to(*clock.month_day)
        elif self.day is not None and clock.seconds < self._last - _BACK:
            self.day = self.day + timedelta(days=1) if self.day < date.max else None
        self._last = clock.seconds

    def _turn_to(self, month: int, day: int) -> None:
        if self._year is None:
            return
        if self.day is not None and (month, self.day.month) == (1, 12):
            self._year += 1
        try:
            self.day = date(self._year, month, day)
        except ValueError:  # 30 February
            self.day = None


class _Start:
    """What is known before reading: the first line's day, and whether it is a log at all."""

    def __init__(self, path: Path) -> None:
        self.messages = 0
        self.rooms: set[str] = set()
        clocks: list[int] = []
        for line in read_lines(path):
            self.messages += line.author is not None
            if line.room is not None:
                self.rooms.add(line.room)
            if line.clock is not None:
                clocks.append(line.clock.seconds)
        self.day = _named_day(path, clocks)


def _named_day(path: Path, clocks: list[int]) -> date | None:
    """Return the day of the first line by the file's name or folders.

    A name with an hour ("2024-05-01_03") dates that hour: the midnights before its last line count back.
    """
    match = NAME_DATE.search(path.name)
    hour = match[5] if match is not None else None
    numbers = match.group(1, 3, 4) if match is not None else None
    if numbers is None and (folders := _FOLDER_DATE.search(path.absolute().as_posix())) is not None:
        numbers = folders.group(1, 2, 3)
    if numbers is None:
        return None
    try:
        day = date(int(numbers[0]), int(numbers[1]), int(numbers[2]))
        return day - timedelta(days=_midnights_before(int(hour), clocks)) if hour is not None else day
    except (ValueError, OverflowError):
        return None


def _midnights_before(hour: int, clocks: list[int]) -> int:
    passed = counted = 0
    last = -1
    for seconds in clocks:
        passed += seconds < last - _BACK
        last = seconds
        if seconds // 3600 == hour:
            counted = passed
    return counted


def _looks_like_log(head: bytes) -> bool:
    """Look at the first lines; at all of the head where they are notices, as after a netsplit, and little else."""
    lines = (parse_line(line) for line in text_lines(BytesIO(head)) if line.strip())
    first = list(islice(lines, _FIRST_LINES))
    if not _is_of_forms(first):
        return False
    return _is_talk(first) or (_is_of_forms(parsed := [*first, *lines]) and _is_talk(parsed))


def _is_of_forms(lines: list[Line]) -> bool:
    return sum(line.known for line in lines) >= 0.8 * len(lines)


def _is_talk(lines: list[Line]) -> bool:
    """Say whether enough is said, under names as IRC has them: in other texts "<a long pause>" may open a line."""
    spoken = (line.author for line in lines if line.author is not None and not line.action)
    said = sum(set(" :,").isdisjoint(author) for author in spoken)
    others = sum(not line.notice for line in lines)
    return said >= min(2, len(lines)) and said > 0 and said * 5 >= others
