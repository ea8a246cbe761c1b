"""What one export of WhatsApp looks like: the shape of its lines, the order of its dates, its senders."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from masa_rag.sources._lines import opened, text_lines
from masa_rag.sources._whatsapp.clock import DateOrder, Shape, Stamp, local_time, stamp_of
from masa_rag.sources._whatsapp.notices import is_encryption_notice, is_notice_sender, words_after_media

_LONGEST_MESSAGE = 262_144  # characters; the app's own limit is 65,536
_SENDER_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNSAVED = re.compile("^~[ \u202f\u00a0]?")  # the app's sign for people who are not in the address book
_MOST_PREFIXES = 100_000
_FEWEST_FOR_COLON = 3


class Form:
    """What one pass over an export finds out: the shape of its lines, the order of dates, the senders."""

    def __init__(self, path: Path, member: str | None, *, day_first: bool | None) -> None:
        self.path = path
        self._member = member
        shapes: dict[Shape, DateOrder] = {}
        prefixes: Counter[tuple[str, str]] = Counter()
        words: Counter[str] = Counter()
        for line in self._lines():
            if (found := stamp_of(line)) is not None:
                shapes.setdefault(found[0].shape, DateOrder()).add(found[0])
                _count_prefix(prefixes, line[found[1] :])
                _count_words(words, line)
        self.shape = max(shapes, key=lambda shape: shapes[shape].count, default=None)
        known = shapes[self.shape].day_first() if self.shape is not None else True
        self._day_first = known if day_first is None else day_first
        self._long_names = _names_with_colons(prefixes)
        self.file_words = max(words, key=lambda found: words[found], default=None)
        """What most media names are followed by in parentheses: "file attached" in the phone's language."""

    def _lines(self) -> Iterator[str]:
        with opened(self.path, self._member) as file:
            yield from text_lines(file)

    def time(self, stamp: Stamp) -> datetime | None:
        """Return the local time of a line, None if no such day exists."""
        return local_time(stamp, day_first=self._day_first)

    def entries(self) -> Iterator[tuple[int, Stamp | None, str]]:
        """Yield (line number, stamp, text) of each entry, continuation lines joined to it."""
        number, stamp, lines, size = 1, None, list[str](), 0
        for position, line in enumerate(self._lines(), start=1):
            found = stamp_of(line)
            if found is not None and found[0].shape == self.shape:
                if lines:
                    yield number, stamp, "\n".join(lines)
                number, stamp, lines, size = position, found[0], [line[found[1] :]], 0
            elif (size := size + len(line) + 1) <= _LONGEST_MESSAGE and (lines or line.strip()):
                lines.append(line)
        if lines:
            yield number, stamp, "\n".join(lines)

    def split(self, text: str) -> tuple[str, str] | None:
        """Return (sender, message), or None for a notice of the app."""
        first = text.partition("\n")[0]
        sender, colon, _ = first.partition(":")
        if not colon or first[len(sender) + 1 :][:1] not in ("", " ", "\u200e") or is_notice_sender(sender):
            return None
        message = text[len(sender) + 1 :].removeprefix(" ")
        more, colon, rest = message.partition(": ")
        if colon and f"{sender}: {more}" in self._long_names:
            sender, message = f"{sender}: {more}", rest
        name = _UNSAVED.sub("", _SENDER_MARKS.sub("", sender).strip()).strip()
        return None if not name or is_encryption_notice(message) else (name, message)


def _count_prefix(prefixes: Counter[tuple[str, str]], rest: str) -> None:
    first, colon, more = rest.partition(": ")
    if colon and len(first) <= 60 and len(prefixes) < _MOST_PREFIXES:
        second, colon, _ = more.partition(": ")
        prefixes[first, second if colon and len(second) <= 40 else ""] += 1


def _count_words(words: Counter[str], line: str) -> None:
    if len(words) < _MOST_PREFIXES and (found := words_after_media(line)) is not None:
        words[found] += 1


def _names_with_colons(prefixes: Counter[tuple[str, str]]) -> frozenset[str]:
    """Return names such as "Work: Ann": "Work" never speaks alone, and each such name does three times."""
    fewest: dict[str, int] = {}
    for (first, second), count in prefixes.items():
        fewest[first] = min(fewest.get(first, count), count if second else 0)
    return frozenset(f"{first}: {second}" for first, second in prefixes if fewest[first] >= _FEWEST_FOR_COLON)
