"""What a file holds, value by value, whatever it is written as, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._json import Damage, read_objects
from masa_rag.sources._jsonstream import ITEM, json_values
from masa_rag.sources._jsonstream import Path as Keys
from masa_rag.sources._records.begun import MARKUP, SAMPLE_BYTES, TABLES, begun
from masa_rag.sources._records.markup import elements
from masa_rag.sources._records.walk import Row, Shapes, around_of, own_words
from masa_rag.sources._tables import Table

Item = tuple[Keys, Any] | RecordError


def sample(path: Path) -> Any:
    """Return what a file begins with as a value."""
    with path.open("rb") as stream:
        return begun(path, stream.read(SAMPLE_BYTES))


def rows(path: Path, root: Any, shapes: Shapes) -> Iterator[Row | RecordError]:
    """Yield the records of a file, each before those below it, and an error for what cannot be read.

    Args:
        path: The file.
        root: What it begins with.
        shapes: Which of its lists are records.
    """
    shell = _shell(path, root, shapes)
    own = own_words(shell, around_of(shell, ()), shapes.found.values()) if shell else None
    if own is not None:
        yield own
    for item in _values(path, root, shapes):
        if isinstance(item, RecordError):
            yield item
        elif item[0][-1:] == (ITEM,):
            yield from shapes.rows(item[1], item[0], above=own, around=around_of(shell, item[0][:-1]))
        else:
            yield from shapes.rows(item[1], item[0])


def _values(path: Path, root: Any, shapes: Shapes) -> Iterator[Item]:
    suffix = path.suffix.lower()
    if suffix in TABLES:
        yield from _table(path)
    elif suffix in MARKUP:
        with path.open("rb") as stream:
            yield from elements(stream, str(path))
    elif isinstance(root, dict):
        yield from _enclosed(path, shapes)
    else:
        yield from _objects(path, shapes)


def _table(path: Path) -> Iterator[Item]:
    table = Table(path)
    yield from table.damage()
    for line, row in table.rows():
        if isinstance(row, str):
            yield RecordError(f"{row}; the other rows are read", record_id=f"{path} line {line}")
        else:
            yield (ITEM,), row


def _objects(path: Path, shapes: Shapes) -> Iterator[Item]:
    with path.open("rb") as stream:
        for value in read_objects(stream, accept=shapes.resembles):
            if isinstance(value, Damage):
                where = f"{path} line {value.line}"
                yield RecordError(f"{value.message}; what is readable around it is read", record_id=where)
            else:
                yield (ITEM,), value


def _enclosed(path: Path, shapes: Shapes) -> Iterator[Item]:
    lists = [place[:-1] for place in shapes.found]
    into = {(), *(keys[:length] for keys in lists for length in range(1, len(keys) + 1))}

    with path.open("rb") as stream:
        for item in json_values(stream, into=frozenset(into), label=str(path), resembles=shapes.resembles):
            if isinstance(item, (tuple, RecordError)):
                yield item


def _shell(path: Path, root: Any, shapes: Shapes) -> dict[str, Any]:
    """Return what encloses the lists of a file of JSON: what stands in it before, between and behind them."""
    shell: dict[str, Any] = {}
    if not isinstance(root, dict) or path.suffix.lower() in MARKUP:
        return shell
    for item in _enclosed(path, shapes):
        if isinstance(item, tuple) and ITEM not in item[0] and item[0] and not isinstance(item[1], list):
            place = shell
            for key in item[0][:-1]:
                place = place.setdefault(key, {})
            place[item[0][-1]] = item[1]
    return shell
