"""The beginning of a file as values: JSON is closed where it is cut off, a table gives its first rows."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from masa_rag.sources._encoding import encoding_of
from masa_rag.sources._json_even import scan
from masa_rag.sources._records.markup import begun_markup
from masa_rag.sources._tables import delimiter

JSON = frozenset({".json", ".jsonl", ".ndjson"})
TABLES = frozenset({".csv", ".tsv"})
MARKUP = frozenset({".xml"})
SAMPLE_BYTES = 4 << 20
"""How much of a file tells what its fields are. The comments that yt-dlp saves stand behind some 500 kB of formats."""

_MOST_VALUES = 2_000
_DEEPEST = 200
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|["\[\]{},]', re.DOTALL)
_PREFIX = re.compile(r"\s*(?:(?:(?:var|let|const)\s+)?[A-Za-z_$][\w.$]*\s*=\s*)?")
_BETWEEN = re.compile(r"[\s,;\x1e]*")


def begun(path: Path, data: bytes) -> Any:
    """Return what a file begins with as a value: a list of rows or lines, or an object with lists in it."""
    suffix = path.suffix.lower()
    if suffix in MARKUP:
        return begun_markup(data)
    text = data.decode(encoding_of(data[:4]), "replace").lstrip("\ufeff")
    return first_rows(data) if suffix in TABLES else first_value(text)


def first_value(text: str) -> Any:
    """Return the value that a JSON text is; of several, one after the other, the list of them."""
    values = list(islice(_values(text), _MOST_VALUES))
    return values[0] if len(values) == 1 else values


def _values(text: str) -> Iterator[Any]:
    match = _PREFIX.match(text)
    at = match.end() if match is not None else 0
    while at < len(text):
        try:
            value, at = scan(text, at)
        except json.JSONDecodeError as error:
            value, at = _cut_off(text[: max(error.pos, at)], at), len(text)
        except (ValueError, RecursionError):
            return
        yield value
        between = _BETWEEN.match(text, at)
        at = between.end() if between is not None else at


def _cut_off(text: str, start: int) -> Any:
    """Return the value that begins there, closed behind the last part of it that is whole; None if there is none."""
    end, closing = start, ""
    stack: list[str] = []
    for match in _TOKEN.finditer(text, start):
        mark = match[0]
        if mark == '"' or len(stack) > _DEEPEST:
            break
        if mark in "[{":
            stack.append("]" if mark == "[" else "}")
        elif mark in "]}" and stack:
            stack.pop()
        elif mark != ",":
            continue
        end, closing = match.start() if mark == "," else match.end(), "".join(reversed(stack))
    try:
        return scan(text[start:end] + closing, 0)[0]
    except (ValueError, RecursionError):
        return None


def first_rows(data: bytes) -> list[dict[str, str]]:
    """Return the first rows of a table by their columns; none where the first line is no header."""
    text = _decoded(data)
    if text.lstrip()[:1] in ("{", "["):
        return []
    whole = text if len(data) < SAMPLE_BYTES else text[: text.rfind("\n") + 1]
    lines = io.StringIO(whole, newline="")
    rows = csv.reader(lines, delimiter=delimiter(whole.partition("\n")[0]))
    found: list[dict[str, str]] = []
    try:
        header = next(rows, [])
        found.extend(dict(zip(header, cells, strict=False)) for cells in islice(rows, _MOST_VALUES) if any(cells))
    except csv.Error:
        pass  # what was read before it tells enough
    return found


def _decoded(data: bytes) -> str:
    encoding = encoding_of(data[:4])
    if encoding == "utf-8-sig":
        rest = data[-4:].decode("utf-8", "ignore").encode()  # the cut may go through a character
        try:
            return (data[:-4] + rest).decode("utf-8-sig")
        except UnicodeDecodeError:
            encoding = "cp1252"
    return data.decode(encoding, "replace")
