"""LangGraph: a memory as the long-term store of agents.

Install with: pip install "masa-rag[langchain]".
"""

from __future__ import annotations

from masa_rag.integrations import _needs_langchain  # noqa: F401

# isort: split

import asyncio
import itertools
import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    get_text_at_path,
)

from masa_rag._searching.copies import copies_of
from masa_rag._time import EPOCH
from masa_rag.errors import ConfigurationError
from masa_rag.ingest import refuse_forgotten
from masa_rag.memory import Memory
from masa_rag.types import Document, Hit

__all__ = ["MemoryStore"]

Namespace = tuple[str, ...]
Key = tuple[Namespace, str]

_PREFIX = "store:"
"""Begins the names of the sources under which namespaces are filed."""
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": operator.eq, "$ne": operator.ne, "$gt": operator.gt, "$gte": operator.ge, "$lt": operator.lt,
    "$lte": operator.le,
}  # fmt: skip


class MemoryStore(BaseStore):
    """A memory as LangGraph's long-term store: ``put``, ``get``, ``search``, ``delete`` by namespace.

    Values are JSON and come back as they were put. A search with a query finds by meaning and by words;
    ``index=False`` keeps a value out of it, ``index=["field"]`` makes only these fields findable. Filters
    compare for equality or with $eq, $ne, $gt, $gte, $lt, $lte. There is no expiry (``ttl``).

    Args:
        memory: Where they are kept. Each namespace is a source, ``store:["users", "ann"]``, so that the
            memory's own search, ``forget`` and ``info`` know it too.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Carry out the operations in order."""
        return [self._do(op) for op in ops]

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """As ``batch``, without blocking the loop."""
        return await asyncio.to_thread(self.batch, list(ops))

    def _do(self, op: Op) -> Result:
        match op:
            case GetOp():
                document = self._stored(op.namespace, op.key)
                return None if document is None else Item(**_item(document, op.namespace))
            case PutOp():
                self._put(op)
                return None
            case SearchOp():
                return self._search(op)
            case ListNamespacesOp():
                return self._namespaces(op)
        raise ConfigurationError(f"received the operation {type(op).__name__}; expected get, put, search or list")

    def _put(self, op: PutOp) -> None:
        source = _source(op.namespace)
        if op.value is None:
            self.memory.delete(source, [op.key])
            return
        known = self.memory.document(source, op.key)
        now = datetime.now(UTC)
        document = Document(
            id=op.key,
            text=_findable(op),
            created_at=known.created_at if known is not None else now,
            metadata={"value": op.value, "updated_at": now.isoformat()},
        )
        refuse_forgotten(self.memory.add([document], name=source, errors="raise"))

    def _stored(self, space: Namespace, key: str) -> Document | None:
        """Return an item's document; one that was not put, but filed under the namespace's name, is no item."""
        document = self.memory.document(_source(space), key)
        return document if document is not None and "value" in document.metadata else None

    def _search(self, op: SearchOp) -> list[SearchItem]:
        """Return what passes the filter: first what answers the query, best first, then the others."""
        spaces = [space for space in self._spaces() if space[: len(op.namespace_prefix)] == op.namespace_prefix]
        scores = self._scores(op, spaces) if op.query else {}
        others = (key for key in self._keys(spaces) if key not in scores)
        found = self._passing(op, itertools.chain(scores, others))
        end = op.offset + op.limit
        return [
            SearchItem(**_item(*item), score=scores.get(key)) for key, item in itertools.islice(found, op.offset, end)
        ]

    def _passing(self, op: SearchOp, keys: Iterable[Key]) -> Iterator[tuple[Key, tuple[Document, Namespace]]]:
        for space, key in keys:
            document = self._stored(space, key)
            if document is not None and _holds(op.filter or {}, document.metadata["value"]):
                yield (space, key), (document, space)

    def _keys(self, spaces: Iterable[Namespace]) -> Iterator[Key]:
        for space in spaces:
            for key in sorted(self.memory.catalog.document_sizes(_source(space))):
                yield space, key

    def _scores(self, op: SearchOp, spaces: list[Namespace]) -> dict[Key, float]:
        """Return the best score of each item that answers the query, best first, so many as are wanted of it.

        A filter may leave out many of the best, and a long value is several passages: then more are looked at.
        """
        wanted = op.offset + op.limit
        by_source = {_source(space): space for space in spaces}
        count = max(100, 4 * wanted)
        while by_source:
            hits = self.memory.search(op.query or "", k=count, source=list(by_source))
            scores = self._by_item(hits, by_source)
            if len(hits) < count or len(list(itertools.islice(self._passing(op, scores), wanted))) == wanted:
                return scores
            count *= 4
        return {}

    def _by_item(self, hits: Iterable[Hit], by_source: Mapping[str, Namespace]) -> dict[Key, float]:
        """Return the best score of each item that is hit, or says what is hit."""
        copies = copies_of(self.memory.catalog.connection, [hit.chunk.id for hit in hits])
        best: dict[Key, float] = {}
        for hit in hits:
            for source, key in ((hit.chunk.source, hit.chunk.document_id), *copies.get(hit.chunk.id, ())):
                if source in by_source:
                    best.setdefault((by_source[source], key), hit.score)
        return best

    def _spaces(self) -> list[Namespace]:
        found = map(_space, self.memory.catalog.source_names())
        return sorted(space for space in found if space is not None)

    def _namespaces(self, op: ListNamespacesOp) -> list[Namespace]:
        spaces = [space for space in self._spaces() if all(_matches(space, rule) for rule in op.match_conditions or ())]
        cut = list(dict.fromkeys(space[: op.max_depth] if op.max_depth else space for space in spaces))
        return cut[op.offset : op.offset + op.limit]


def _source(namespace: Namespace) -> str:
    return _PREFIX + json.dumps(namespace, ensure_ascii=False)


def _space(source: str) -> Namespace | None:
    """Return the namespace that a source is, or None: other sources may begin like one."""
    try:
        space = tuple(json.loads(source.removeprefix(_PREFIX)))
    except (ValueError, TypeError):
        return None
    return space if _source(space) == source else None


def _findable(op: PutOp) -> str:
    """Return the text by which a value is found: all that it says, or only the fields of ``index``."""
    if op.index is False:
        return ""
    if op.index is None:
        return "\n".join(_leaves(op.value))
    return "\n".join(text for path in op.index for text in get_text_at_path(op.value, path))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif value is not None:
        yield str(value)


def _item(document: Document, namespace: Namespace) -> dict[str, Any]:
    created = document.created_at if document.created_at is not None else EPOCH
    return {
        "value": document.metadata["value"],
        "key": document.id,
        "namespace": namespace,
        "created_at": created,
        "updated_at": datetime.fromisoformat(document.metadata["updated_at"]),
    }


def _holds(wanted: Any, given: Any) -> bool:
    """Say whether a value is as a filter wants it; objects and lists are compared part by part."""
    if isinstance(wanted, Mapping):
        if any(name.startswith("$") for name in wanted):
            return all(_compares(name, given, value) for name, value in wanted.items())
        return isinstance(given, Mapping) and all(_holds(value, given.get(name)) for name, value in wanted.items())
    if isinstance(wanted, (list, tuple)):
        alike = isinstance(given, (list, tuple)) and len(given) == len(wanted)
        return alike and all(map(_holds, wanted, given))
    return bool(wanted == given)


def _compares(name: str, given: Any, wanted: Any) -> bool:
    if name not in _COMPARISONS:
        raise ConfigurationError(
            f"received the operator {name!r} in a filter; expected one of {', '.join(_COMPARISONS)}"
        )
    if name not in ("$eq", "$ne") and (isinstance(given, str) or isinstance(wanted, str)):
        with suppress(TypeError, ValueError):  # as LangGraph's own store; other texts, such as dates, by their letters
            given, wanted = float(given), float(wanted)
    try:
        return _COMPARISONS[name](given, wanted)
    except TypeError:  # a value of another kind, or none, is neither larger nor smaller
        return False


def _matches(space: Namespace, rule: MatchCondition) -> bool:
    path = tuple(rule.path)
    part = space[: len(path)] if rule.match_type == "prefix" else space[max(0, len(space) - len(path)) :]
    return len(part) == len(path) and all(wanted in ("*", given) for wanted, given in zip(path, part, strict=True))
