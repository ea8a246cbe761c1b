"""Agents with a memory: what the model is shown, and what stays."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langchain", reason="needs the extra langchain")

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage

from masa_rag import Document, Memory
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex
from masa_rag.integrations.langchain import memory_tools
from masa_rag.integrations.langchain_agents import MemoryMiddleware


class ScriptedModel(GenericFakeChatModel):
    """Says what it is told to say, and keeps what it was shown."""

    shown: list[list[BaseMessage]] = []  # noqa: RUF012 - a pydantic field

    def bind_tools(self, tools: Any, **kwargs: Any) -> ScriptedModel:
        """Take tools without using them."""
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        self.shown.append(messages)
        return super()._generate(messages, *args, **kwargs)


def scripted(*answers: AIMessage | str) -> ScriptedModel:
    """Return a model that gives these answers in turn."""
    return ScriptedModel(
        messages=iter([AIMessage(item) if isinstance(item, str) else item for item in answers]), shown=[]
    )


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    """A memory of one remark."""
    with Memory(tmp_path / "brain", embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        memory.add([Document(id="1", text="He mined Doge early.", author="Jamil")], name="show")
        yield memory


def test_an_agent_answers_through_the_tool(memory: Memory) -> None:
    """The model calls the search tool and gets the passage with its citation."""
    call = {"name": "search_memory", "args": {"query": "which coin was mined early?", "author": "Jamil"}, "id": "1"}
    model = scripted(AIMessage("", tool_calls=[call]), "Doge [1].")
    result = create_agent(model, memory_tools(memory)).invoke({"messages": [("user", "Which coin?")]})
    assert "He mined Doge early." in model.shown[1][-1].text
    assert result["messages"][-1].text == "Doge [1]."


def test_middleware_recalls_before_and_remembers_after(memory: Memory) -> None:
    """The passage stands fenced in the system message; question and answer are kept."""
    model = scripted("It was Doge.", "I told you: Doge.")
    agent = create_agent(model, [], system_prompt="Be brief.", middleware=[MemoryMiddleware(memory)])
    agent.invoke({"messages": [("user", "Which coin was mined early?")]})
    system = model.shown[0][0].text
    assert system.startswith("Be brief.")
    assert "```\nHe mined Doge early.\n```" in system
    assert {hit.chunk.text for hit in memory.search("coin", source="conversations")} == {
        "Which coin was mined early?", "It was Doge.",
    }  # fmt: skip


def test_the_parts_of_a_system_message_stay(memory: Memory) -> None:
    """What is recalled is one more part: what is marked to be cached by the provider stays marked."""
    rules = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
    model = scripted("It was Doge.")
    prompt = SystemMessage([rules], name="rules")
    agent = create_agent(model, [], system_prompt=prompt, middleware=[MemoryMiddleware(memory)])
    agent.invoke({"messages": [("user", "Which coin was mined early?")]})
    system = model.shown[0][0]
    assert system.content[0] == rules
    assert "```\nHe mined Doge early.\n```" in system.content[1]["text"]  # type: ignore[index]
    assert system.name == "rules"
    assert prompt.content == [rules]


def test_what_was_forgotten_stays_out_and_the_answer_stands(memory: Memory, caplog: pytest.LogCaptureFixture) -> None:
    """After the conversations were forgotten, an agent still answers; that nothing is remembered is in the log."""
    memory.forget(source="conversations")
    agent = create_agent(scripted("It was Doge."), [], middleware=[MemoryMiddleware(memory)])
    result = agent.invoke({"messages": [("user", "Which coin was mined early?")]})
    assert result["messages"][-1].text == "It was Doge."
    assert memory.search("coin", source="conversations") == []
    assert "not remembered: received 1 for 'conversations' that are kept out" in caplog.text


async def test_middleware_works_asynchronously(memory: Memory) -> None:
    """The same through ainvoke."""
    model = scripted("It was Doge.")
    agent = create_agent(model, [], middleware=[MemoryMiddleware(memory, remember=False)])
    await agent.ainvoke({"messages": [("user", "Which coin was mined early?")]})
    assert "He mined Doge early." in model.shown[0][0].text
    assert memory.search("coin", source="conversations") == []


def test_an_answer_stands_while_another_writes(memory: Memory, caplog: pytest.LogCaptureFixture) -> None:
    """What was said is not remembered, and the log says so; the run ended with an error, the answer lost."""
    with (
        memory.catalog.lock.hold(),
        Memory(memory.path, embedder=HashingEmbedder(), index=FlatIndex(), lock_timeout_s=0.05) as second,
        ThreadPoolExecutor() as other,
    ):
        agent = create_agent(scripted("Doge."), [], middleware=[MemoryMiddleware(second)])
        result = other.submit(agent.invoke, {"messages": [("user", "Which coin?")]}).result()
        told = other.submit(memory_tools(second, allow_write=True)[-1].invoke, {"text": "He mined Doge."}).result()
    assert result["messages"][-1].text == "Doge."
    assert "not remembered" in caplog.text
    assert "did not become free within 0.05 s" in told
