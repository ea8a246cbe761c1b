"""Tables with a header (CSV, TSV), also as Excel leaves them: in Windows-1252, with semicolons or tabs."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from masa_rag.errors import RecordError
from masa_rag.sources._encoding import encoding_of

_NAMES = {"utf-8-sig": "UTF-8", "cp1252": "Windows-1252"}
_PIECE = 1 << 20
_LONGEST_HEADER = 65_536
_UNDECODED = re.compile("[\udc80-\udcff]")
_NOT_IN_1252 = re.compile("[\udc81\udc8d\udc8f\udc90\udc9d]")


class Table:
    """A table with a header. It is opened anew for each reading, and never held in memory.

    Attributes:
        encoding: In which all of it is read.
        damaged: How many of its bytes mean nothing in that encoding, where that was counted.
        header: The names of its columns.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.encoding, self.damaged = _encoding(path)
        with self._open() as text:
            first = text.readline(_LONGEST_HEADER)
        self._mark = delimiter(first)
        self.header = next(iter(csv.reader([first], delimiter=self._mark)), [])

    def _open(self) -> IO[str]:
        return self.path.open(encoding=self.encoding, errors="replace", newline="")

    def rows(self) -> Iterator[tuple[int, dict[str, str] | str]]:
        """Yield (line, row); in place of a bad row, what is wrong with it."""
        header = self.header
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
                    yield reader.line_num + 1, dict(zip(header, cells, strict=False))

    def damage(self) -> Iterator[RecordError]:
        """Yield an error for bytes that mean nothing."""
        if self.damaged:
            message = f"bytes that are not {_NAMES[self.encoding]} ({self.damaged} in all); they are read as \ufffd"
            yield RecordError(message, record_id=self.path.name)


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
