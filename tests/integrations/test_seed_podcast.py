"""An agent with the memory's tools answers questions on the seed podcast, through LangChain's own loop."""

from __future__ import annotations

import importlib.util
import json
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

MOMENTS = json.loads((Path(__file__).parents[1] / "quality/seed_moments.json").read_text())
"""A question, and the seconds of the recording that answer it; one of the moments is enough."""


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


@pytest.mark.parametrize(("question", "moments"), MOMENTS.items())
def test_the_passages_that_an_agent_gets_were_said_at_that_moment(
    podcast: Memory, question: str, moments: list[list[int]]
) -> None:
    """The tool's artifact carries the seconds, and one of its passages overlaps the moment that answers."""
    agent = create_agent(ReadingModel(messages=iter([])), memory_tools(podcast, max_tokens=800))
    reply = agent.invoke({"messages": [("user", question)]})["messages"][2]
    timed = [found.metadata for found in reply.artifact if "start_s" in found.metadata]  # the preface has no time
    spans = [(fields["start_s"], fields["end_s"]) for fields in timed]
    assert any(begin <= last and end >= first for begin, end in spans for first, last in moments), spans


def test_what_the_podcast_does_not_speak_of_is_not_answered(podcast: Memory) -> None:
    """Without a model the memory says so itself; what is spoken of is answered with its second."""
    assert not podcast.ask("How many strings does a violin have?").found
    assert re.search(r"\d\d:\d\d:\d\d", str(podcast.ask("Which coin did he mine early?")))
