"""Looking into records: the scalars in them with the keys that lead there, and the lists of objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from masa_rag.sources._records.names import Way, plain, rank_of
from masa_rag.sources._records.values import text_in

_DEEPEST = 7
_MOST_PARTS = 4
_MERGED = frozenset({"data"})
"""Lists whose objects are parts of one, as Meta writes them: ``[{"post": …}, {"update_timestamp": …}]``."""


def scalars(record: Mapping[str, Any], above: Way = ()) -> Iterator[tuple[Way, Any]]:
    """Yield what stands in a record, also in objects within it, with the keys that lead there; no list of records."""
    for key, value in record.items():
        way = (*above, str(key))
        if isinstance(value, dict) and len(way) < _DEEPEST:
            yield from scalars(value, way)
        elif isinstance(value, list):
            if (parts := _parts(key, value)) is not None:
                yield from scalars(parts, way)
            elif joined := fragments(way, value):
                yield way, joined
        elif value is not None:
            yield way, value


def at(record: Any, way: Way) -> Any:
    """Return what stands there, None for nothing."""
    for number, key in enumerate(way):
        if isinstance(record, list):
            record = _parts(way[number - 1], record)
        if not isinstance(record, dict):
            return None
        record = record.get(key)
    return fragments(way, record) if isinstance(record, list) else record


def _parts(key: str, values: list[Any]) -> dict[str, Any] | None:
    """Return one object of those in a list of parts."""
    if plain(str(key)) not in _MERGED or not 0 < len(values) <= _MOST_PARTS:
        return None
    if not all(isinstance(value, dict) for value in values):
        return None
    merged = {key: value for part in values for key, value in part.items()}
    return merged if len(merged) == sum(map(len, values)) else None


def fragments(way: Way, values: list[Any]) -> str:
    """Return the words of a text that is kept in pieces, as chats with links and mails of several parts have it."""
    if rank_of("text", way) is None:
        return ""
    pieces = (piece if isinstance(piece, str) else _piece(piece) for piece in values[:1_000])
    return "".join(pieces) if any(isinstance(piece, str) for piece in values) else "\n".join(filter(None, pieces))


def _piece(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    kind = str(value.get("type", value.get("ct", "text")))
    return text_in(value.get("text")) if kind.startswith("text") or "/" not in kind else ""


def lists_in(record: Mapping[str, Any], above: Way = ()) -> Iterator[tuple[Way, list[Any]]]:
    """Yield the lists of objects in a record, also in objects within it, with the keys that lead there."""
    for key, value in record.items():
        way = (*above, str(key))
        if isinstance(value, dict) and len(way) < _DEEPEST:
            yield from lists_in(value, way)
        elif isinstance(value, list) and _are_objects(key, way, value):
            yield way, value


def _are_objects(key: str, way: Way, values: list[Any]) -> bool:
    is_list = any(isinstance(item, dict) for item in values[:20])
    return is_list and _parts(key, values) is None and not fragments(way, values)


def dicts(values: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield the objects among values."""
    return (value for value in values if isinstance(value, dict))
