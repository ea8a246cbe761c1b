"""A LangChain agent that asks the memory before it answers. The model is scripted, so no key is needed.

pip install "masa-rag[langchain]" && python examples/langchain_agent.py
"""

from pathlib import Path

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from masa_rag import Memory
from masa_rag.integrations.langchain import memory_tools
from masa_rag.sources import Transcripts

DATA = Path(__file__).parent / "data"


class Scripted(GenericFakeChatModel):
    """In its place: ``create_agent("openai:...", tools)`` with any model that calls tools."""

    def bind_tools(self, tools, **kwargs):
        return self


call = {"name": "search_memory", "args": {"query": "What was wrong with buoy three?"}, "id": "1"}
model = Scripted(messages=iter([AIMessage("", tool_calls=[call]), AIMessage("Salt water got behind the seal [1].")]))

with Memory("agent-memory") as memory:
    memory.add(Transcripts(DATA / "tidewell_podcast.txt", name="podcast", title="Salt & Signal 12"))
    agent = create_agent(model, memory_tools(memory), system_prompt="Answer from the memory, and cite.")
    for message in agent.invoke({"messages": [("user", "What was wrong with buoy three?")]})["messages"]:
        print(f"{message.type}: {message.text[:300] or [call['name'] for call in message.tool_calls]}\n")
