"""Memory for LangChain agents: middleware for ``create_agent``, and a LangGraph store.

Install with: pip install 'masa-rag[langchain]'.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage
from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
)

from masa_rag.memory import Memory
from masa_rag.types import Document

__all__ = ["MemoryMiddleware", "MemoryStore"]


class MemoryMiddleware(AgentMiddleware[Any, Any, Any]):
    """Recalls before each model call and remembers what was said after each run.

    What is recalled stands in the system message, fenced as quoted data, so that a stranger's words
    are never taken for the user's.

    Args:
        memory: What to ask and where to remember.
        max_tokens: Budget of what is recalled.
        remember: File the user's and the model's words under ``source`` after each run.
        source: The source of what is remembered.
    """

    def __init__(
        self, memory: Memory, *, max_tokens: int = 1_000, remember: bool = True, source: str = "conversations"
    ) -> None:
        super().__init__()
        self.memory = memory
        self.max_tokens = max_tokens
        self.remember = remember
        self.source = source

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Put what the memory holds on the user's last question before the model."""
        return handler(self._with_memory(request))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """As ``wrap_model_call``, without blocking the loop."""
        return await handler(await asyncio.to_thread(self._with_memory, request))

    def after_agent(self, state: AgentState[Any], runtime: Any) -> dict[str, Any] | None:
        """Remember the last question and its answer."""
        if self.remember:
            self._store(state["messages"])
        return None

    async def aafter_agent(self, state: AgentState[Any], runtime: Any) -> dict[str, Any] | None:
        """As ``after_agent``, without blocking the loop."""
        return await asyncio.to_thread(self.after_agent, state, runtime)

    def _with_memory(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        question = _last(request.messages, HumanMessage)
        context = self.memory.context(question, max_tokens=self.max_tokens) if question else None
        if context is None or not context.hits:
            return request
        given = request.system_message.text if request.system_message is not None else ""
        return request.override(system_message=SystemMessage(f"{given}\n\n{context}".strip()))

    def _store(self, messages: list[AnyMessage]) -> None:
        said = [("User", _last(messages, HumanMessage)), ("Assistant", _last(messages, AIMessage))]
        for author, text in said:
            if text.strip():
                self.memory.remember(text, author=author, source=self.source)


def _last(messages: Iterable[AnyMessage], kind: type[AnyMessage]) -> str:
    return next((str(message.text) for message in reversed(list(messages)) if isinstance(message, kind)), "")


class MemoryStore(BaseStore):
    """A memory as LangGraph's long-term store: ``put``, ``get``, ``search`` by namespace.

    Values are kept as JSON; ``search`` with a query finds by meaning and by words, and filters compare
    for equality.

    Args:
        memory: Where they are kept.
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
                return self._get(op.namespace, op.key)
            case PutOp():
                self._put(op)
                return None
            case SearchOp():
                return self._search(op)
            case ListNamespacesOp():
                return self._namespaces(op)
        raise NotImplementedError(f"received the operation {type(op).__name__}; expected get, put, search or list")

    def _get(self, namespace: tuple[str, ...], key: str) -> Item | None:
        document = self.memory.document(_source(namespace), key)
        return None if document is None else Item(**_item(document, namespace))

    def _put(self, op: PutOp) -> None:
        source = _source(op.namespace)
        if op.value is None:
            self.memory.delete(source, [op.key])
            return
        known = self.memory.document(source, op.key)
        now = datetime.now(UTC)
        document = Document(
            id=op.key,
            text=json.dumps(op.value, ensure_ascii=False),
            created_at=known.created_at if known is not None else now,
            metadata={"updated_at": now.isoformat(), "namespace": list(op.namespace)},
        )
        self.memory.add([document], name=source, errors="raise")

    def _search(self, op: SearchOp) -> list[SearchItem]:
        spaces = [space for space in self._spaces() if space[: len(op.namespace_prefix)] == op.namespace_prefix]
        scores = self._scores(op.query, spaces, op.limit + op.offset) if op.query else None
        found = []
        for space in spaces:
            for key in sorted(self.memory.catalog.document_sizes(_source(space))):
                document = self.memory.document(_source(space), key)
                if document is None or (scores is not None and (space, key) not in scores):
                    continue
                item = _item(document, space)
                if all(item["value"].get(name) == value for name, value in (op.filter or {}).items()):
                    found.append(SearchItem(**item, score=scores[space, key] if scores is not None else None))
        found.sort(key=lambda item: -(item.score or 0.0))
        return found[op.offset : op.offset + op.limit]

    def _scores(
        self, query: str, spaces: list[tuple[str, ...]], count: int
    ) -> dict[tuple[tuple[str, ...], str], float]:
        by_source = {_source(space): space for space in spaces}
        hits = self.memory.search(query, k=4 * count, source=list(by_source)) if by_source else []
        best: dict[tuple[tuple[str, ...], str], float] = {}
        for hit in hits:
            best.setdefault((by_source[hit.chunk.source], hit.chunk.document_id), hit.score)
        return best

    def _spaces(self) -> list[tuple[str, ...]]:
        names = (source.name for source in self.memory.info().sources)
        return sorted(tuple(json.loads(name.removeprefix(_PREFIX))) for name in names if name.startswith(_PREFIX))

    def _namespaces(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        spaces = [space for space in self._spaces() if all(_matches(space, rule) for rule in op.match_conditions or ())]
        cut = list(dict.fromkeys(space[: op.max_depth] if op.max_depth else space for space in spaces))
        return cut[op.offset : op.offset + op.limit]


_PREFIX = "store:"


def _source(namespace: tuple[str, ...]) -> str:
    return _PREFIX + json.dumps(namespace)


def _item(document: Document, namespace: tuple[str, ...]) -> dict[str, Any]:
    created = document.created_at if document.created_at is not None else datetime.fromtimestamp(0, UTC)
    updated = datetime.fromisoformat(document.metadata.get("updated_at", created.isoformat()))
    return {
        "value": json.loads(document.text),
        "key": document.id,
        "namespace": namespace,
        "created_at": created,
        "updated_at": updated,
    }


def _matches(space: tuple[str, ...], rule: Any) -> bool:
    path = tuple(rule.path)
    part = space[: len(path)] if rule.match_type == "prefix" else space[max(0, len(space) - len(path)) :]
    return len(part) == len(path) and all(wanted in ("*", given) for wanted, given in zip(path, part, strict=True))
