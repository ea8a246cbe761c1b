"""Ask a memory through MCP, as Claude, ChatGPT or an editor would: `masa-rag mcp` on standard input and output.

pip install "masa-rag[mcp]" && python examples/mcp_client.py
"""

import asyncio
import sys
from pathlib import Path

from mcp import Client, StdioServerParameters, stdio_client

from masa_rag import Memory
from masa_rag.sources import Transcripts

DATA = Path(__file__).parent / "data"
MEMORY = Path("mcp-memory").resolve()
SERVE = f"from masa_rag.cli import main; main(['mcp', '--memory', {str(MEMORY)!r}])"


async def ask() -> None:
    server = StdioServerParameters(command=sys.executable, args=["-c", SERVE])  # or: masa-rag mcp --memory ...
    async with Client(stdio_client(server)) as client:
        tools = await client.list_tools()
        print("tools:", ", ".join(tool.name for tool in tools.tools))
        answer = await client.call_tool("recall", {"query": "What comes after the launch?", "k": 3})
        print(answer.content[0].text)


with Memory(MEMORY) as memory:
    memory.add(Transcripts(DATA / "tidewell_podcast.txt", name="podcast", title="Salt & Signal 12"))
asyncio.run(ask())
