"""An agent with the memory's tools answers questions on the seed podcast, through LangChain's own loop."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langchain", reason="needs the extra langchain")

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from masa_rag import Memory
from masa_rag.embedders import OnnxEmbedder
from masa_rag.indexes import FlatIndex
from masa_rag.integrations.langchain import memory_tools
from masa_rag.sources import Transcripts

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(importlib.util.find_spec("masa_rag_minilm") is None, reason="needs the weights: ./weights"),
]
QUESTIONS = {
    "What did Brendan study at university?": r"physics",
    "How many people lived in the village where he grew up?": r"\b50\b",
    "Which coin's early blocks did he mine?": r"Doge",
    "Who filed for a Litecoin ETF?": r"Canary",
    "What does RAG stand for?": r"retrieval.augmented generation",
    "Which product for writing software is named?": r"Cursor",
    "What makes the transcript after the recording?": r"Otter",
}
"""A question, and words that the passages given to the model must hold."""


class ReadingModel(GenericFakeChatModel):
    """Asks the memory what the user asks, and answers with what it was given."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> ReadingModel:
        """Take tools without using them."""
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            reply = AIMessage(f"It says in [1]: {last.text}")
        else:
            reply = AIMessage("", tool_calls=[{"name": "search_memory", "args": {"query": last.text}, "id": "1"}])
        return super(ReadingModel, self.model_copy(update={"messages": iter([reply])}))._generate(messages)


@pytest.fixture(scope="module")
def podcast(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Iterator[Memory]:
    """A memory of the episode, made with the default model."""
    with Memory(tmp_path_factory.mktemp("seed") / "brain", embedder=OnnxEmbedder(), index=FlatIndex()) as memory:
        memory.add(Transcripts(data / "seed_podcast", name="podcast"))
        yield memory


@pytest.mark.parametrize(("question", "pattern"), QUESTIONS.items())
def test_an_agent_answers_from_the_seed_podcast(podcast: Memory, question: str, pattern: str) -> None:
    """The tool is called once, and its first passages hold the answer with the time at which it was said."""
    agent = create_agent(ReadingModel(messages=iter([])), memory_tools(podcast, max_tokens=500))
    messages = agent.invoke({"messages": [("user", question)]})["messages"]
    assert [message.type for message in messages] == ["human", "ai", "tool", "ai"]
    assert re.search(pattern, messages[-1].text, re.IGNORECASE)
    assert re.search(r"\[1\] .*\d\d:\d\d:\d\d", messages[-1].text)
