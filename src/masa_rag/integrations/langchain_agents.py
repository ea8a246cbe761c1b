"""Memory for LangChain agents: middleware for ``create_agent``.

Install with: pip install "masa-rag[langchain]".
"""

from __future__ import annotations

from masa_rag.integrations import _needs_langchain  # noqa: F401

# isort: split

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage

from masa_rag.errors import MasaRagError
from masa_rag.memory import Memory

log: logging.Logger = logging.getLogger(__name__)

__all__ = ["MemoryMiddleware"]


class MemoryMiddleware(AgentMiddleware[Any, Any, Any]):
    """Recalls before each model call and remembers what was said after each run.

    What is recalled stands in the system message, fenced as quoted data, so that a stranger's words
    are never taken for the user's. What cannot be stored, because its source was forgotten or another process
    writes, is not remembered, and the log says so.

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
        return request.override(system_message=_followed(request.system_message, str(context)))

    def _store(self, messages: list[AnyMessage]) -> None:
        said = [("User", _last(messages, HumanMessage)), ("Assistant", _last(messages, AIMessage))]
        for author, text in said:
            if text.strip():
                try:
                    self.memory.remember(text, author=author, source=self.source)
                except MasaRagError as error:  # such as a source that was forgotten, a full disk: the answer stands
                    log.warning("not remembered: %s", error)


def _followed(system: SystemMessage | None, text: str) -> SystemMessage:
    """Return the system message with a text after it; its parts, and what they say of caching, stay as they are."""
    if system is None:
        return SystemMessage(text)
    if isinstance(system.content, str):
        content: Any = f"{system.content}\n\n{text}"
    else:
        content = [*system.content, {"type": "text", "text": text}]
    return system.model_copy(update={"content": content})


def _last(messages: Iterable[AnyMessage], kind: type[AnyMessage]) -> str:
    return next((str(message.text) for message in reversed(list(messages)) if isinstance(message, kind)), "")
