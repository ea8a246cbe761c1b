"""Tables of tweets (CSV, TSV), also as Excel leaves them: in Windows-1252, with dates in the order of a country."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from functools import cached_property
from pathlib import Path
from typing import IO

from masa_rag.errors import RecordError
from masa_rag.sources._encoding import encoding_of
from masa_rag.sources._tweets.record import Tweet
from masa_rag.sources._tweets.rows import columns, row, written_time
from masa_rag.sources._written import DateOrder, worded_time

_NAMES = {"utf-8-sig": "UTF-8", "cp1252": "Windows-1252"}
_PIECE = 1 << 20
_LONGEST_HEADER = 65_536
_HOUR = re.compile(r"\d{1,2}:\d\d(?::\d\d)?(?:\s*[ap]\.?m\.?)?", re.IGNORECASE)
_UNDECODED = re.compile("[\udc80-\udcff]")
_NOT_IN_1252 = re.compile("[\udc81\udc8d\udc8f\udc90\udc9d]")


def table_tweets(path: Path, *, author: str | None, zone: tzinfo) -> Iterator[Tweet | RecordError]:
    """Yield the tweets of a table, an error for each bad row, and one for all dates that cannot be read."""
    table = Table(path)
    if table.damaged:
        message = f"bytes that are not {_NAMES[table.encoding]} ({table.damaged} in all); they are read as \ufffd"
        yield RecordError(message, record_id=path.name)
    undated = Undated(path.name)
    for line, value in table.rows():
        if isinstance(value, str):
            yield RecordError(f"{value}; the other rows are read", record_id=f"{path.name} line {line}")
            continue
        tweet = row(
            value,
            author=author,
            zone=zone,
            fields=table.fields,
            other_time=lambda written: table.order.read(written, zone) or worded_time(written, zone),
        )
        if tweet is not None:  # a row without words is no tweet to read
            if tweet.created_at is None:
                undated.add(line, written_time(value.get(table.fields.get("time", ""))))
            yield tweet
    yield from undated.report()


class Table:
    """A table with a header. It is opened anew for each reading, and never held in memory.

    Attributes:
        encoding: In which all of it is read.
        damaged: How many of its bytes mean nothing in that encoding, where that was counted.
        fields: {field: column}, see ``columns``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.encoding, self.damaged = _encoding(path)
        with self._open() as text:
            first = text.readline(_LONGEST_HEADER)
        self._mark = delimiter(first)
        self._header = next(iter(csv.reader([first], delimiter=self._mark)), [])
        self.fields: Mapping[str, str] = columns(tuple(self._header))[0]
        self._clock = next((name for name in self._header if name.casefold() == "time"), None)

    def _open(self) -> IO[str]:
        return self.path.open(encoding=self.encoding, errors="replace", newline="")

    def rows(self) -> Iterator[tuple[int, dict[str, str] | str]]:
        """Yield (line, row); in place of a bad row, what is wrong with it."""
        header = self._header
        with self._open() as text:
            text.readline(_LONGEST_HEADER)
            reader = csv.reader(text, delimiter=self._mark)
            while True:
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield reader.line_num + 1, str(error)
                    continue
                if len(cells) > len(header):
                    wrong = f"received {len(cells)} cells; expected {len(header)}, as in the first line"
                    yield reader.line_num + 1, wrong
                elif any(cells):
                    yield reader.line_num + 1, self._timed(dict(zip(header, cells, strict=False)))

    def _timed(self, value: dict[str, str]) -> dict[str, str]:
        """Return a row whose date has the hour that stands in a column of its own."""
        date = self.fields.get("time", "")
        hour = value.get(self._clock, "") if self._clock is not None else ""
        if _HOUR.fullmatch(hour) and ":" not in value.get(date, ":"):
            value[date] += f" {hour}"
        return value

    @cached_property
    def order(self) -> DateOrder:
        """The order of the numbers in its dates, which all of them together tell: read at the first that needs it."""
        found, column = DateOrder(), self.fields.get("time", "")
        for _, value in self.rows():
            if isinstance(value, dict):
                found.add(written_time(value.get(column)))
        return found


class Undated:
    """Counts the dates of a table that cannot be read, to report them together."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.count, self.line, self.example = 0, 0, ""

    def add(self, line: int, written: str) -> None:
        """Take in a date whose time stays unknown; "" is none."""
        if written:
            if not self.count:
                self.line, self.example = line, written[:40]
            self.count += 1

    def report(self) -> Iterator[RecordError]:
        """Yield the one error, if there is anything to report."""
        if self.count:
            yield RecordError(
                f"received dates such as {self.example!r} ({self.count} in all), whose time stays unknown; expected "
                "2025-05-18T07:20, or a day above 12 that tells which number is the month",
                record_id=f"{self.label} line {self.line}",
            )


def delimiter(header: str) -> str:
    """Return what separates the columns of a header line: comma, semicolon or tab."""
    return max(",;\t", key=header.count)


def _encoding(path: Path) -> tuple[str, int]:
    """Return a table's encoding, and how many of its bytes mean nothing in it.

    Excel saves in Windows-1252 unless told otherwise. Hardly any text of that is UTF-8 as well, so that
    a file with more good characters than bad bytes is UTF-8 that was damaged.
    """
    with path.open("rb") as stream:
        name = encoding_of(stream.read(4))
        if name != "utf-8-sig" or _is_utf_8(stream):
            return name, 0
        good, bad, unknown = _counts(stream)
    return ("cp1252", unknown) if bad > good else (name, bad)


def _is_utf_8(stream: IO[bytes]) -> bool:
    decoder, data = codecs.getincrementaldecoder("utf-8")(), b"-"
    stream.seek(0)
    try:
        while data:
            data = stream.read(_PIECE)
            decoder.decode(data, final=not data)
    except UnicodeDecodeError:
        return False
    return True


def _counts(stream: IO[bytes]) -> tuple[int, int, int]:
    """Return how many characters beyond ASCII are UTF-8, how many bytes are not, and how many not Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = bad = unknown = 0
    data = b"-"
    stream.seek(0)
    while data:
        data = stream.read(_PIECE)
        text = decoder.decode(data, final=not data)
        if not text.isascii():
            undecoded = len(_UNDECODED.findall(text))
            good += len(text) - len(text.encode("ascii", "ignore")) - undecoded
            bad += undecoded
            unknown += len(_NOT_IN_1252.findall(text))
    return good, bad, unknown
