"""JSON read as a stream of objects, so that neither size nor damage keeps good records out.

One reader for what exports are written as: a list, one object a line, objects one after the other,
and an object that holds the list (``{"data": [...]}``). A value that fits the window is decoded
whole by the standard library's C scanner; one that does not fit, or that is damaged, is entered,
and the objects inside are read one by one. Memory is bounded by the window, whatever the file.

Where it matters in which part of the document a record lies (a chat's name, then its messages), and not
that thousands are read a second, ``_jsonstream`` is the reader.

Files that programs write are even, record after record: those are cut and decoded by ``_json_even``,
twice to four times as fast, as far as they are.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

from masa_rag.sources._encoding import encoding_of
from masa_rag.sources._json_even import CHUNK_BYTES, EvenRecords, scan

WINDOW_CHARS = 8_388_608
"""The longest value that is decoded in one piece. A page of 500 tweets with all expansions has 2 to 4 million."""
MAX_ATTEMPTS = 1_000
"""How many places are tried after damage before the rest of the line, or of the file, is given up."""
MAX_OTHERS = 10
"""How many values that are no objects are reported in a row; behind them only objects are looked for."""

_USUAL = ("\n{", ",{")
_PREFIX = re.compile(r"\s*(?:(?:var|let|const)\s+)?[A-Za-z_$][\w.$]*\s*=\s*")
_BETWEEN = re.compile(r"[\s,;\[\]\ufeff\x1e]*")
_OTHER = re.compile(r'"(?:[^"\\\n]|\\.)*"?|[^\s,\[\]{}"]+|[}\]]')
_OPENERS = re.compile(r'(?:[ \t]*(?:\[|\{[ \t]*(?:"(?:[^"\\\n]|\\.)*"[ \t]*:)?))+')


@dataclass(frozen=True, slots=True)
class Damage:
    """A place that could not be read.

    Attributes:
        message: What is wrong there.
        line: Its line in the file, from 1.
        record: How many objects were read before it.
    """

    message: str
    line: int
    record: int


def read_objects(
    stream: IO[bytes],
    *,
    accept: Callable[[dict[str, Any]], bool] = bool,
    window_chars: int = WINDOW_CHARS,
) -> Iterator[dict[str, Any] | Damage]:
    """Yield the objects of a JSON stream in order, and a Damage for each place that cannot be read.

    Args:
        stream: An open binary file; it is read once, forwards.
        accept: Says whether an object is of interest. Asked only inside values that had to be
            entered (too large, or damaged), where pieces of records turn up beside whole ones.
        window_chars: The longest value that is decoded in one piece.

    ``NaN`` and infinities, which are not JSON but are written by many tools, become None.
    """
    even = EvenRecords(stream, longest=window_chars)
    yield from even
    yield from _Reader(stream, accept, window_chars, even).objects()


class _Reader:
    """Reads what ``even`` left."""

    def __init__(
        self, stream: IO[bytes], accept: Callable[[dict[str, Any]], bool], window_chars: int, even: EvenRecords
    ) -> None:
        self.stream, self.accept, self.window = stream, accept, window_chars
        self.begun = BytesIO(even.rest)
        self.text = ""
        self.at = 0
        self.ended = False
        self.lines = even.lines  # line breaks before the window
        self.count = even.count
        self.depth = int(even.in_list and even.count > 0)
        self.entered = False
        self.attempts = 0
        self.others = 0
        self.pending: tuple[float, Damage] | None = None
        self.undecodable: Damage | None = None
        self.decoder: codecs.IncrementalDecoder | None = None

    def objects(self) -> Iterator[dict[str, Any] | Damage]:
        self._fill()
        if match := _PREFIX.match(self.text):
            self.at = match.end()
        while self._at_value():
            found = self._object() if self.text[self.at] == "{" else self._other()
            if self.pending is not None or self.undecodable is not None:
                yield from self._reports()
            if found is not None:
                yield found
        if self.depth > 0 and self.pending is None and not self.entered:
            yield self._damage("the file ends before the list is closed", self.at)
        self.at = len(self.text) + 1  # behind everything that is still to be reported
        yield from self._reports()

    def _reports(self) -> Iterator[Damage]:
        if self.undecodable is not None:
            yield self.undecodable
            self.undecodable = None
        if self.pending is not None and self.at > self.pending[0]:
            yield self.pending[1]
            self.pending = None

    def _fill(self) -> bool:
        """Append the next piece to the window, dropping what was read; False at the end of the file."""
        if self.ended:
            return False
        rest = self.text[self.at :]
        size = max(CHUNK_BYTES, len(rest))  # doubling, so that a long value costs linear time
        data = self.begun.read(size) or self.stream.read(size)
        self.ended = not data
        self.lines += self.text.count("\n", 0, self.at)
        if self.pending is not None:
            self.pending = (self.pending[0] - self.at, self.pending[1])
        self.text, self.at = rest + self._decode(data), 0
        return True

    def _decode(self, data: bytes) -> str:
        if self.decoder is None:
            self.decoder = codecs.getincrementaldecoder(encoding_of(data[:4]))()
        try:
            return self.decoder.decode(data, final=self.ended)
        except UnicodeDecodeError as error:
            if self.decoder.errors == "strict":
                message = f"bytes that are not {error.encoding} ({error.reason}); they are read as \ufffd"
                self.undecodable = Damage(message, self.lines + self.text.count("\n") + 1, self.count)
            self.decoder.errors = "replace"
            return self.decoder.decode(data, final=self.ended)

    def _at_value(self) -> bool:
        """Go to the next value, or, in what was entered, to the next object; False at the end."""
        while True:
            if self.text.startswith(_USUAL, self.at) and not self.entered:
                self.at += 1  # the usual case, without the cost of the general one
            elif self.entered:
                found = self.text.find("{", self.at)
                self.at = found if found >= 0 else len(self.text)
            else:
                self._skip()
            if self.at < len(self.text):
                return True
            if not self._fill():
                return False

    def _skip(self) -> None:
        match = _BETWEEN.match(self.text, self.at)
        if match is not None and match.end() > self.at:
            if match.end() - self.at > 1:
                passed = match.group()
                self.depth += passed.count("[") - passed.count("]")
            elif (char := self.text[self.at]) in "[]":
                self.depth += 1 if char == "[" else -1
            self.at = match.end()

    def _object(self) -> dict[str, Any] | None:
        """Decode the object at the position; enter it and return None when that fails."""
        while True:
            start = self.at
            try:
                value: dict[str, Any]
                value, self.at = scan(self.text, start)
            except json.JSONDecodeError as error:
                cut = error.pos > len(self.text) - 16 or error.msg.startswith("Unterminated string")
                if cut and len(self.text) - start < self.window and self._fill():
                    continue
                self._enter(start, error.pos, error.msg, too_large=cut and not self.ended)
                return None
            except RecursionError:
                self._enter_deep(start)
                return None
            except ValueError as error:  # a number of more digits than int() takes
                self._enter(start, start, str(error))
                return None
            if self.entered:
                return self._keep(value, start)
            self.attempts = self.others = 0
            self.count += 1
            return value

    def _keep(self, value: dict[str, Any], start: int) -> dict[str, Any] | None:
        self.attempts = self.others = 0
        if not self.accept(value):
            return None
        if self.depth == 0 and self._starts_line(start):
            self.entered = False  # one object a line: after a bad line all is well again
        self.count += 1
        return value

    def _starts_line(self, start: int) -> bool:
        return self.pending is not None and start > 0 and self.text[start - 1] == "\n"

    def _enter(self, start: int, wrong: int, reason: str, *, too_large: bool = False) -> None:
        self.entered = True
        self.at = start + 1
        if too_large:
            return
        if self.ended and wrong > len(self.text) - 16:
            reason = "the file ends within a record"
        if self.pending is None or wrong >= self.pending[0]:
            self.pending = (wrong, self._damage(reason, start))
        self.attempts += 1
        if self.attempts > MAX_ATTEMPTS:
            self._next_line(wrong)

    def _enter_deep(self, start: int) -> None:
        """Pass over a tower of brackets that the scanner refuses (it stops at the interpreter's recursion limit)."""
        self._enter(start, start, "nested too deeply")
        match = _OPENERS.match(self.text, start)
        self.at = max(match.end() if match is not None else 0, start + 1)

    def _next_line(self, wrong: int) -> None:
        """Give up what cannot be mended: go on behind the place that is wrong, at the next line."""
        found = self.text.find("\n", max(wrong, self.at))
        self.at = found if found >= 0 else len(self.text)
        self.attempts = 0

    def _other(self) -> Damage | None:
        """Pass over a value that is no object."""
        if len(self.text) - self.at < 65_536 and self._fill():
            return None  # it may go on in the next piece: come back with more of it
        match = _OTHER.match(self.text, self.at)
        end = match.end() if match is not None else self.at + 1
        seen = self.text[self.at : min(end, self.at + 40)]
        report = self._damage(f"received {seen!r}; expected an object", self.at)
        self.at = end
        self.others += 1
        self.entered = self.others >= MAX_OTHERS
        return report

    def _damage(self, message: str, at: int) -> Damage:
        return Damage(message, self.lines + self.text.count("\n", 0, at) + 1, self.count)
