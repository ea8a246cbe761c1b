"""JSON read piece by piece: memory stays flat, and what is damaged does not take the rest with it.

The standard decoder wants a whole document and gives nothing when one character is wrong. Chat
exports are one huge document each, and are cut off when a disk fills or a download breaks. This
reader walks into the containers it is told to, hands out what it finds there value by value, and
after damage goes on at the next record that can be read. Tweets, of which files hold millions and no
record depends on another, have the faster reader in ``_json``.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any, Final

from masa_rag.errors import RecordError
from masa_rag.sources._encoding import encoding_of

Path = tuple[str, ...]
"""Where a value lies: the keys that lead to it, with ITEM for an element of a list."""

ITEM: Final = "[]"
CHUNK_BYTES = 262_144
RECORD_CHARS = 8_388_608
"""The longest single value that is read (8 Mi characters; a chat message has some thousands)."""
RETRIES = 1_000
"""How many places of a damaged file are tried before the rest of it is given up."""

_SPACE = re.compile(r"[ \t\r\n\ufeff]*")
_NEXT_RECORD = re.compile(r"[,\[]\s*(?=\{)")
UNDECODED = re.compile("[\udc80-\udcff]")
"""Bytes that are not UTF-8, as the error handler "surrogateescape" writes them."""

_HEX_ESCAPE = re.compile(r"\\x[0-9A-Fa-f]{2}")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|.)", re.DOTALL)
_DECODER = json.JSONDecoder(strict=False)  # not strict: raw line breaks within strings are read as they are


@dataclass(frozen=True, slots=True)
class Closed:
    """Says that the container at ``path`` has ended."""

    path: Path


class _DamageError(Exception):
    """The text cannot be read on from here."""


class _UnreadableError(Exception):
    """This value cannot be used; the text goes on behind it."""


def json_values(
    file: IO[bytes],
    *,
    into: frozenset[Path],
    label: str,
    resembles: Callable[[Any], bool] = lambda value: isinstance(value, dict),
) -> Iterator[tuple[Path, Any] | Closed | RecordError]:
    """Yield the values of a JSON document in the order of the file.

    Args:
        file: Opened for reading bytes; UTF-8, UTF-16 or UTF-32.
        into: The containers that are walked into; ``()`` is the outermost. Their elements come
            one by one, any other container comes whole.
        label: Names the file in errors.
        resembles: Tells a record from a part of one; asked when reading starts again after damage.

    Yields:
        ``(path, value)``, a Closed when a container of ``into`` ends, and a RecordError for each
        stretch that could not be read.
    """
    return _Walk(_Window(file), into, label, resembles).run()


def peek(head: bytes, *, into: frozenset[Path], limit: int = 12) -> list[tuple[Path, Any]]:
    """Return the first whole values of a document of which only the beginning is given."""
    found: list[tuple[Path, Any]] = []
    for item in json_values(BytesIO(head), into=into, label=""):
        if isinstance(item, RecordError):
            break
        if isinstance(item, tuple):
            found.append(item)
        if len(found) >= limit:
            break
    return found


class _Window:
    """A moving window over the text of a file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decoder: codecs.IncrementalDecoder | None = None
        self._dirty = False
        self._before = 0
        self.text = ""
        self.position = 0
        self.ended = False

    @property
    def offset(self) -> int:
        """How many characters lie before the position."""
        return self._before + self.position

    def more(self, wanted: int = CHUNK_BYTES) -> bool:
        """Read on, dropping what lies behind the position; False at the end of the file."""
        if self.ended:
            return False
        data = self._file.read(wanted)
        self.ended = not data
        if self._decoder is None:
            self._decoder = _decoder(data)
        text = self._decoder.decode(data, final=self.ended)
        self._dirty = self._dirty or UNDECODED.search(text) is not None
        self._before += self.position
        self.text = self.text[self.position :] + text
        self.position = 0
        return True

    def next(self) -> str:
        """Return the next character that is no white space, "" at the end; the position is on it."""
        while True:
            match = _SPACE.match(self.text, self.position)
            self.position = match.end() if match else self.position
            if self.position < len(self.text):
                return self.text[self.position]
            if not self.more():
                return ""

    def value(self) -> Any:
        """Return the value at the position and step behind it; raise _DamageError if there is none.

        Raises _UnreadableError, having stepped behind it, when the value holds bytes that are not UTF-8.
        """
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.position)
                if end < len(self.text) or self.ended:  # at the very end a number may go on
                    return self._taken(value, end)
            except RecursionError as error:
                raise _DamageError("nested too deep") from error
            except ValueError as error:  # JSONDecodeError, or an integer of absurd length
                if self._mended(error):
                    continue
                if self.ended or len(self.text) - self.position > RECORD_CHARS:
                    raise _DamageError(str(error)) from error
            self.more(max(CHUNK_BYTES, len(self.text) - self.position))

    def _taken(self, value: Any, end: int) -> Any:
        if self._dirty and UNDECODED.search(self.text, self.position, end):
            self.position = end
            raise _UnreadableError("holds bytes that are not UTF-8")
        self.position = end
        return value

    def _mended(self, error: ValueError) -> bool:
        r"""Turn ``\x1f``, which Telegram Desktop writes for control characters, into ``\u001f``.

        The error stands on the first one, so all that follow in the window are mended in one go.
        """
        at = getattr(error, "pos", -1)
        if at < self.position or not _HEX_ESCAPE.match(self.text, at):
            return False
        self.text = self.text[:at] + _ESCAPE.sub(_mended_escape, self.text[at:])
        return True

    def skip_to_record(self) -> bool:
        """Step to the beginning of what may be the next record; False if there is none."""
        if not self.text.startswith(",", self.position):  # on a comma, the next record may follow at once
            self.position = min(self.position + 1, len(self.text))
        while True:
            if match := _NEXT_RECORD.search(self.text, self.position):
                self.position = match.end()
                return True
            self.position = max(self.position, len(self.text) - 1_000)  # the mark may straddle the window's edge
            if not self.more():
                return False


def _mended_escape(match: re.Match[str]) -> str:
    return f"\\u00{match[1]}" if match[1] else match[0]


def _decoder(head: bytes) -> codecs.IncrementalDecoder:
    encoding = encoding_of(head)
    return codecs.getincrementaldecoder(encoding)("surrogateescape" if encoding == "utf-8-sig" else "replace")


class _Walk:
    """Walks through a document, container by container, without recursion."""

    def __init__(self, window: _Window, into: frozenset[Path], label: str, resembles: Callable[[Any], bool]) -> None:
        self._window = window
        self._into = into
        self._label = label
        self._resembles = resembles
        self._stack: list[tuple[str, Path]] = []
        self._fresh = True  # nothing has been read of the innermost container
        self._started = False
        self._retries = 0

    def run(self) -> Iterator[tuple[Path, Any] | Closed | RecordError]:
        while True:
            try:
                item = self._step()
                if item is None:
                    return
                yield item
            except _UnreadableError as unreadable:
                yield self._error(str(unreadable))
            except _DamageError as damage:
                yield self._error(str(damage))
                if (found := self._go_on()) is None:
                    return
                yield found

    def _error(self, reason: str) -> RecordError:
        where = f"{self._label}: character {self._window.offset}"
        return RecordError(f"damaged JSON ({reason}); expected the next record there", record_id=where)

    def _step(self) -> tuple[Path, Any] | Closed | None:
        character = self._window.next()
        if not self._stack:
            return self._outermost(character)
        kind, path = self._stack[-1]
        if character == ("]" if kind == "[" else "}"):
            self._window.position += 1
            self._stack.pop()
            self._fresh = False
            return Closed(path)
        if not self._fresh:
            self._expect(",")
            if self._window.next() in ("]", "}"):
                return self._step()  # a comma too many
        self._fresh = False
        return self._value((*path, ITEM) if kind == "[" else (*path, self._key()))

    def _outermost(self, character: str) -> tuple[Path, Any] | Closed | None:
        if self._started and not character:
            return None
        if self._started:
            raise _DamageError("text after the end of the document")
        if not character:
            raise _DamageError("nothing in it")
        self._started = True
        return self._value(())

    def _key(self) -> str:
        key = self._window.value()
        if not isinstance(key, str):
            raise _DamageError("a key that is no text")
        self._expect(":")
        return key

    def _expect(self, mark: str) -> None:
        if (found := self._window.next()) != mark:
            raise _DamageError(f"{found!r} in place of {mark!r}" if found else "the file ends too early")
        self._window.position += 1

    def _value(self, path: Path) -> tuple[Path, Any] | Closed:
        opening = self._window.next()
        if path in self._into and opening in ("[", "{"):
            self._window.position += 1
            self._stack.append((opening, path))
            self._fresh = True
            return self._step() or Closed(path)
        return path, self._window.value()

    def _go_on(self) -> tuple[Path, Any] | None:
        """Find the next record that can be read, and return it with the path of the list it is in."""
        while self._retries < RETRIES and self._window.skip_to_record():
            self._retries += 1
            try:
                value = self._window.value()
            except (_DamageError, _UnreadableError):
                continue
            if self._resembles(value):
                self._back_into_list()
                return (*self._stack[-1][1], ITEM), value
        return None

    def _back_into_list(self) -> None:
        while self._stack and self._stack[-1][0] != "[":
            self._stack.pop()
        if not self._stack:
            self._stack.append(("[", ()))
        self._started, self._fresh = True, False
