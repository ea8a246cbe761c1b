"""Questions that are put to the catalogue when searching: which chunks are allowed, what is in them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import inf
from operator import index
from typing import get_args

import msgspec

from masa_rag._names import matching_authors, stored_sources
from masa_rag._rows import CHUNK_SELECT, GIVEN, row_chunk, seconds
from masa_rag._time import parse_time
from masa_rag._unicode import whole_name
from masa_rag.errors import ConfigurationError, StorageError
from masa_rag.types import Chunk, Kind

Moment = str | date | datetime | int | float
Names = str | Sequence[str]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which passages a search may return. None means any; all that are given must hold.

    Attributes:
        author: Speaks in the passage: a whole name, or a whole word of it ("Brendan" finds
            "Brendan Playford"); case does not count. What is nobody's name may be a handle ("@brendanp"). Several
            mean any of them.
        source: Name of the source, or several.
        kind: Kind of document, or several.
        after: Not over before this time. Passages of unknown time are left out.
        before: Begun before this time. Passages of unknown time are left out.
    """

    author: Names | None = None
    source: Names | None = None
    kind: Names | None = None
    after: Moment | None = None
    before: Moment | None = None

    def __post_init__(self) -> None:
        for name in ("author", "source", "kind"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, _listed(value))
        for name in ("after", "before"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, parse_time(value))
        if unknown := set(self.kind or ()).difference(get_args(Kind)):
            raise ConfigurationError(f"received kind={unknown.pop()!r}; expected {', '.join(get_args(Kind))}")

    def __bool__(self) -> bool:
        return any(getattr(self, name) is not None for name in self.__slots__)


def whole_number(name: str, value: object) -> int:
    """Return an argument that counts something, or raise ConfigurationError."""
    try:
        number = index(value)  # type: ignore[arg-type]  # whatever counts: numbers of numpy too
    except TypeError:
        number = 0
    if number < 1:
        raise ConfigurationError(f"received {name}={value!r}; expected a whole number from 1")
    return number


def allowed_chunks(connection: sqlite3.Connection, filters: Filters) -> set[int] | None:
    """Return the numbers of the chunks that pass, or None when nothing is filtered.

    A copy that passes is found by the passage that said it first, whether that one passes or not.
    """
    if not filters:
        return None
    condition, values = condition_of(connection, filters)
    tables = "chunks c"
    if filters == Filters(author=filters.author):  # they stand in a small table: 9 ms, not 59
        tables, condition = f"(SELECT chunk AS pk FROM chunk_authors WHERE author IN {GIVEN}) c", "1"
    # One text instead of a row for each: of 100,000 it takes 15 ms, not 60.
    row = connection.execute(f"SELECT json_group_array(c.pk) FROM {tables} WHERE {condition}", values).fetchone()
    return _firsts(connection, numbers_in(row[0]))


def _firsts(connection: sqlite3.Connection, numbers: set[int]) -> set[int]:
    """Return the numbers, in place of copies what said it first. To join that takes as long as all the rest."""
    row = connection.execute(
        "SELECT json_group_array(chunk), json_group_array(first) FROM said WHERE first NOT IN (0, chunk)"
    ).fetchone()
    first = {copy: said for copy, said in zip(*map(json.loads, row), strict=True) if copy in numbers}
    numbers.difference_update(first)
    numbers.update(first.values())
    return numbers


def numbers_in(text: str) -> set[int]:
    """Return the numbers of a JSON array: in half the time that Python's own reader and a set of what it reads take."""
    return msgspec.json.decode(text, type=set[int])


_LEAVES_OUT = {
    "source": f"EXISTS (SELECT 1 FROM sources WHERE name NOT IN {GIVEN})",
    "kind": f"EXISTS (SELECT 1 FROM documents WHERE kind NOT IN {GIVEN})",
    "after": "(SELECT count(*) FROM chunks WHERE ended_at >= ?) < (SELECT count(*) FROM chunks)",
    "before": "(SELECT count(*) FROM chunks WHERE started_at < ?) < (SELECT count(*) FROM chunks)",
}
"""Whether a filter leaves out anything. What is of unknown time is in no index of times, and not counted."""


def narrowing(connection: sqlite3.Connection, filters: Filters) -> Filters:
    """Return the filters without those that all passes, such as the one by source of who keeps one in a memory.

    To pick 100,000 passages out of 100,000 takes as long as the search.
    """
    given = {name: value for name in _LEAVES_OUT if (value := getattr(filters, name)) is not None}
    if filters.source is not None:
        given["source"] = tuple(stored_sources(connection, filters.source))
    bound = {name: json.dumps(value) if isinstance(value, tuple) else seconds(value) for name, value in given.items()}
    idle = [
        name for name in given if not connection.execute(f"SELECT {_LEAVES_OUT[name]}", (bound[name],)).fetchone()[0]
    ]
    return replace(filters, **dict.fromkeys(idle)) if idle else filters


def first_said(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, str]:
    """Return the id of the passage that said it first, for each of the passages that are copies."""
    rows = connection.execute(
        "SELECT c.id, f.id FROM chunks c JOIN said t ON t.chunk = c.pk JOIN chunks f ON f.pk = t.first "
        f"WHERE t.first != t.chunk AND c.id IN {GIVEN}",
        (_given(ids),),
    )
    return {row[0]: row[1] for row in rows}


def condition_of(connection: sqlite3.Connection, filters: Filters) -> tuple[str, list[object]]:
    """Return what a chunk ``c`` must fulfil, as SQL with its values."""
    conditions: list[str] = ["1"]
    values: list[object] = []
    documents: list[str] = []
    if filters.source is not None:
        documents.append(f"source IN (SELECT pk FROM sources WHERE name IN {GIVEN})")
        values.append(json.dumps(stored_sources(connection, _listed(filters.source))))
    if filters.kind is not None:
        documents.append(f"kind IN {GIVEN}")
        values.append(json.dumps(_listed(filters.kind)))
    if documents:
        conditions.append(f"c.document IN (SELECT pk FROM documents WHERE {' AND '.join(documents)})")
    if filters.author is not None:
        authors = matching_authors(connection, _listed(filters.author))
        conditions.append(f"c.pk IN (SELECT chunk FROM chunk_authors WHERE author IN {GIVEN})")
        values.append(json.dumps(authors))
    if filters.after is not None:
        conditions.append("c.ended_at >= ?")
        values.append(seconds(parse_time(filters.after)))
    if filters.before is not None:
        conditions.append("c.started_at < ?")
        values.append(seconds(parse_time(filters.before)))
    return " AND ".join(conditions), values


def chunks_by_id(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, Chunk]:
    """Return the chunks of these ids; those that are gone are left out."""
    rows = connection.execute(f"{CHUNK_SELECT} WHERE c.id IN {GIVEN}", (_given(ids),))
    return {row["id"]: row_chunk(row) for row in rows}


def _given(ids: Sequence[str]) -> str:
    """Return ids as they are given to SQLite. Raises StorageError where a flipped bit made bytes of one."""
    try:
        return json.dumps(list(ids))
    except TypeError as error:
        odd = next(one for one in ids if not isinstance(one, str))
        raise StorageError(
            f"passage {odd!r} cannot be read (its id is no text); make the passages anew with: masa-rag rebuild"
        ) from error


def ids_of(connection: sqlite3.Connection, numbers: Iterable[int]) -> Mapping[int, str]:
    """Return number -> id for these chunks."""
    wanted = json.dumps(list(numbers))
    rows = connection.execute(f"SELECT pk, id FROM chunks WHERE pk IN {GIVEN}", (wanted,))
    return {row[0]: row[1] for row in rows}


def numbers_of(connection: sqlite3.Connection, ids: Sequence[str]) -> list[int]:
    """Return the numbers of the chunks of these ids, in their order; those that are gone are left out."""
    rows = connection.execute(f"SELECT id, pk FROM chunks WHERE id IN {GIVEN}", (_given(ids),))
    numbers = {row[0]: row[1] for row in rows}
    return [numbers[key] for key in ids if key in numbers]


def spoken_until(connection: sqlite3.Connection) -> float:
    """Return when the last passage of known time is over, in Unix seconds; before all times if there is none."""
    row = connection.execute("SELECT max(ended_at) FROM chunks WHERE ended_at IS NOT NULL").fetchone()
    return -inf if row[0] is None else float(row[0])


def _listed(names: object) -> tuple[str, ...]:
    """Return one name or several as texts that the catalogue can be asked for."""
    if isinstance(names, (str, Mapping)):  # a mapping, such as {"$eq": "Ann"}, is one thing, and no name
        names = (names,)
    listed = tuple(names) if isinstance(names, Iterable) else (names,)
    if odd := [name for name in listed if not isinstance(name, str)]:
        raise ConfigurationError(f"received {odd[0]!r} to filter by; expected a name, or several")
    return tuple(map(whole_name, listed))
