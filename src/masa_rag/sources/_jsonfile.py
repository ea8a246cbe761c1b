"""The records of a saved JSON file: an array, an envelope around one, or one object a line."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from masa_rag.errors import RecordError
from masa_rag.sources._jsonstream import Closed, json_values, peek
from masa_rag.sources._jsonstream import Path as Keys

_LOOKED_AT = 3


def is_lines(head: bytes) -> bool:
    """Say whether the beginning of a file is JSON Lines: an object ends with its line and another follows."""
    lines = [line for line in head.split(b"\n") if line.strip()]
    return len(lines) > 1 and _is_object(lines[0]) and lines[1].lstrip()[:1] == b"{"


def _is_object(line: bytes) -> bool:
    return line.lstrip()[:1] == b"{" and line.rstrip()[-1:] == b"}" and bool(_first(line, frozenset()))


def _first(data: bytes, into: frozenset[Keys]) -> list[tuple[Keys, Any]]:
    return peek(data, into=into, limit=_LOOKED_AT)


def first_records(head: bytes, into: frozenset[Keys]) -> list[tuple[Keys, Any]]:
    """Return the first values that are wholly in the beginning of a file, with where they lie."""
    if is_lines(head):
        return _first(head.split(b"\n", 1)[0], frozenset())
    return _first(head, into)


def records(
    path: Path,
    *,
    into: frozenset[Keys],
    lines_into: frozenset[Keys] | None = None,
    resembles: Callable[[Any], bool],
) -> Iterator[tuple[Keys, Any] | Closed | RecordError]:
    """Yield the values of a file with where they lie, the ends of containers, and an error for each damaged part.

    Args:
        path: The file.
        into: The containers that are walked into.
        lines_into: The same for each line of JSON Lines; None for ``into``.
        resembles: Tells a record from a part of one, for going on after damage.
    """
    with path.open("rb") as file:
        head = file.read(65_536)
        file.seek(0)
        parts: Iterable[tuple[IO[bytes], str]]
        parts = [(file, str(path))]
        if is_lines(head):
            parts, into = _lines(file, path), lines_into if lines_into is not None else into
        for part, label in parts:
            yield from json_values(part, into=into, label=label, resembles=resembles)


def _lines(file: io.BufferedReader, path: Path) -> Iterator[tuple[io.BytesIO, str]]:
    for number, line in enumerate(iter(lambda: file.readline(1 << 23), b""), start=1):
        if line.strip():
            yield io.BytesIO(line), f"{path}:{number}"
