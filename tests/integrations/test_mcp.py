"""The MCP server, asked by the official client over both transports, and by people who should not."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

pytest.importorskip("mcp", reason="needs the extra mcp")

import httpx2
import uvicorn
from mcp import Client, MCPError, StdioServerParameters, stdio_client

from masa_rag import ConfigurationError, Document, Memory, Segment
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex
from masa_rag.integrations.mcp import http_app, make_server

TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    """A memory of one talk and one note without a time."""
    with Memory(tmp_path / "brain", embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        segments = [Segment("We move the launch.", "Ann", start=5.0), Segment("The launch is in May.", "Bo", start=9.0)]
        when = datetime(2024, 5, 1, tzinfo=UTC)
        talk = Document(
            id="1", kind="speech", title="Talk", url="https://talk.example", created_at=when, segments=segments
        )
        memory.add([talk, Document(id="2", text="launch notes")], name="talks")
        yield memory


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """Call a tool and return its structured answer, or its text."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    if result.structured_content is not None:
        return result.structured_content.get("result", result.structured_content)
    return result.content[0].text  # type: ignore[union-attr]


async def test_search_and_fetch_keep_the_connector_contract(memory: Memory) -> None:
    """search gives ids with titles and addresses, fetch the whole document."""
    async with Client(make_server(memory)) as client:
        results = (await call(client, "search", query="when is the launch?"))["results"]
        assert {result["id"] for result in results} == {'["talks", "1"]', '["talks", "2"]'}
        document = await call(client, "fetch", id='["talks", "1"]')
        assert document["text"] == "Ann: We move the launch.\nBo: The launch is in May."
        assert document["metadata"] == {
            "source": "talks", "kind": "speech", "authors": ["Ann", "Bo"], "created_at": "2024-05-01T00:00:00+00:00",
        }  # fmt: skip


async def test_recall_timeline_and_sources(memory: Memory) -> None:
    """Quotations with filters, moments in order of time, and what there is."""
    async with Client(make_server(memory)) as client:
        text = await call(client, "recall", query="launch", author="Bo")
        assert "The launch is in May." in text
        assert "We move" not in text
        moments = await call(client, "timeline", query="launch")
        assert [moment["authors"] for moment in moments] == [["Ann"], ["Bo"]]
        assert (await call(client, "list_sources"))[0]["name"] == "talks"
        resource = await client.read_resource("memory://sources")
        assert json.loads(resource.contents[0].text)[0]["documents"] == 2  # type: ignore[union-attr]


async def test_what_rises_is_told_with_who_says_it(memory: Memory) -> None:
    """Words, voices, and passages with their citations; a subject is counted whether it rises or not."""
    days = [datetime(2024, 5, 1, tzinfo=UTC) - timedelta(days=day) for day in range(3, 63)]
    memory.add([
        *(Document(f"u{n}", f"Calm sea {n}", author=f"Hand {n}", created_at=day) for n, day in enumerate(days)),
        *(Document(f"r{n}", f"kelp {n}", author=f"Diver {n}", created_at=days[0]) for n in range(5)),
    ], name="posts")  # fmt: skip
    async with Client(make_server(memory)) as client:
        found = await call(client, "trends", until="2024-05-01", subject="", source="posts")
        assert (
            found["compared"] == "2024-04-24 00:00 to 2024-05-01 00:00 UTC: 9 voices, 56 in eight times as long before"
        )
        (trend,) = found["trends"]
        assert (trend["words"], trend["voices"], trend["people"]) == (["kelp"], 5, 5)
        assert trend["passages"][0]["citation"].endswith(" · 2024-04-28")
        (sea,) = (await call(client, "trends", until="2024-05-01", subject="sea"))["trends"]
        assert sea["voices_before_and_now"] == [7, 7, 7, 7, 7, 7, 7, 7, 4]


async def test_terms_and_who_brought_it_are_told(memory: Memory) -> None:
    """With a whole document, so that credit can be given."""
    memory.add([Document("c", "We sail.", licence="CC BY 4.0", contributor="Ida")], name="talks")
    async with Client(make_server(memory)) as client:
        told = (await call(client, "fetch", id='["talks", "c"]'))["metadata"]
        assert (told["licence"], told["contributor"]) == ("CC BY 4.0", "Ida")


async def test_a_document_is_a_resource(memory: Memory) -> None:
    """By source and id, percent-encoded; names that look like paths are names, and nothing of the disk is read."""
    memory.add([Document(id="../a b/ü", text="A name is not a path.")], name="pages:https://x.example")
    async with Client(make_server(memory)) as client:
        templates = (await client.list_resource_templates()).resource_templates
        assert [item.uri_template for item in templates] == ["memory://document/{source}/{document}"]
        for source, key, text in (("talks", "2", "launch notes"),
                                  ("pages:https://x.example", "../a b/ü", "A name is not a path.")):  # fmt: skip
            address = f"memory://document/{quote(source, safe='')}/{quote(key, safe='')}"
            resource = await client.read_resource(address)
            assert resource.contents[0].text == text  # type: ignore[union-attr]
        with pytest.raises(MCPError, match="which no document has"):
            await client.read_resource(f"memory://document/talks/{quote('../../etc/passwd', safe='')}")


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("fetch", {"id": "nonsense"}, "received the id 'nonsense'; expected one that search returned"),
        ("fetch", {"id": '["talks", "9"]'}, "which no document has; expected one that search returned"),
        ("fetch", {"id": "[1]"}, "expected one that search returned"),
        ("fetch", {"id": "[" * 100_000}, "expected one that search returned"),
        ("recall", {"query": "launch", "after": "yesterday"}, "received the time 'yesterday'; expected ISO 8601"),
        ("timeline", {"query": "launch", "before": "soon"}, "received the time 'soon'; expected ISO 8601"),
        ("remember", {"text": " "}, "expected some words"),
        ("forget", {}, "expected author, or source, or source and document"),
        ("forget", {"author": "An"}, "did you mean Ann?"),
    ],
)
async def test_a_model_is_told_what_was_wrong(
    memory: Memory, tool: str, arguments: dict[str, str], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    """So that it can ask again; the server goes on, and its log has no traceback."""
    async with Client(make_server(memory, allow_write=True)) as client:
        result = await client.call_tool(tool, arguments)
        assert result.is_error
        assert told in result.content[0].text  # type: ignore[union-attr]
        assert await call(client, "list_sources")
    assert [record for record in caplog.records if record.exc_info] == []


async def test_what_a_model_leaves_blank_is_no_filter_and_a_wrong_filter_is_named(memory: Memory) -> None:
    """Models fill in "" for what they leave out, and guess sources: neither is "nothing in memory" without a word."""
    async with Client(make_server(memory)) as client:
        blank = {"author": "", "source": "", "kind": "", "after": "", "before": ""}
        assert "We move the launch." in await call(client, "recall", query="launch", **blank)
        assert len(await call(client, "timeline", query="launch", **blank)) == 2
        told = await call(client, "recall", query="launch", source="podcasts")
        assert told == "Nothing in memory answers this. Note: there is no source 'podcasts'; there are talks."
        told = await call(client, "recall", query="launch", before="2020-01-01")
        assert told == "Nothing in memory answers this. Note: the first passage is of 2024-05-01."


async def test_writing_must_be_allowed(memory: Memory) -> None:
    """Read-only by default; with permission notes are stored and erased."""
    async with Client(make_server(memory)) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert names == {"search", "fetch", "recall", "timeline", "trends", "list_sources"}
    async with Client(make_server(memory, allow_write=True)) as client:
        await call(client, "remember", text="Bring the torch.", author="Cay")
        assert "Bring the torch." in await call(client, "recall", query="torch")
        assert await call(client, "forget", author="Cay") == "erased 1 document"
        assert "Bring the torch." not in await call(client, "recall", query="torch")


async def test_a_document_is_erased_by_the_id_that_search_gave(memory: Memory) -> None:
    """Alone or beside its source, with the rest left blank, as models do; its own id needs the source."""
    async with Client(make_server(memory, allow_write=True)) as client:
        assert await call(client, "forget", document='["talks", "2"]', author="", source="") == "erased 1 document"
        assert memory.document("talks", "2") is None
        assert await call(client, "forget", document='["talks", "1"]', source="talks") == "erased 1 document"
        memory.add([Document(id='["talks", "1"]', text="An id like one of ours.")], name="odd")
        assert await call(client, "forget", document='["talks", "1"]', source="odd") == "erased 1 document"


async def test_a_note_by_nobody_is_not_by_a_blank_name(memory: Memory) -> None:
    """Notes whose author a model left blank are notes without one, and no blank name erases them."""
    async with Client(make_server(memory, allow_write=True)) as client:
        await call(client, "remember", text="Bring the torch.", author="")
        assert (await client.call_tool("forget", {"author": ""})).is_error
        assert "Bring the torch." in await call(client, "recall", query="torch")
    assert memory.search("torch")[0].chunk.authors == ()


PROGRAM = (
    "import masa_rag.embedders as e; e.default_embedder = e.HashingEmbedder\nfrom masa_rag.cli import main; main()"
)
"""The command line with an embedder that needs no weights."""


async def test_over_standard_input_and_output(memory: Memory) -> None:
    """The command that clients start; nothing but the protocol goes to standard output."""
    memory.close()
    environment = {**os.environ, "MASA_RAG_MEMORY": str(memory.path)}
    server = StdioServerParameters(command=sys.executable, args=["-c", PROGRAM, "mcp"], env=environment)
    async with Client(stdio_client(server)) as client:
        assert "The launch is in May." in await call(client, "recall", query="launch")


@pytest.fixture
def address(memory: Memory) -> Iterator[str]:
    """The server over HTTP on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = http_app(make_server(memory), token=TOKEN, port=port)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


async def test_over_http_with_the_token(address: str) -> None:
    """The official client over streamable HTTP."""
    from mcp.client.streamable_http import streamable_http_client

    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        client = Client(streamable_http_client(f"{address}/mcp", http_client=http))
        async with client:
            assert "The launch is in May." in await call(client, "recall", query="launch")


async def test_the_command_serves_http_on_a_free_port(memory: Memory) -> None:
    """It prints where it listens and the token that it made; with these the official client is answered."""
    from mcp.client.streamable_http import streamable_http_client

    memory.close()
    command = [sys.executable, "-c", PROGRAM, "mcp", "--http", "--port", "0", "-m", str(memory.path)]
    environment = {name: value for name, value in os.environ.items() if name != "MASA_RAG_MCP_TOKEN"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stderr is not None
        place, token = (server.stderr.readline().strip() for _ in range(2))
        try:
            headers = {"Authorization": f"Bearer {token.removeprefix('token: ')}"}
            async with (
                httpx2.AsyncClient(headers=headers, timeout=60) as http,
                Client(streamable_http_client(place, http_client=http)) as client,
            ):
                assert "The launch is in May." in await call(client, "recall", query="launch")
        finally:
            server.terminate()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_the_command_ends_with_ctrl_c(memory: Memory) -> None:
    """In a terminal it says what it waits for, and does not wait for a line that nobody will write."""
    import pty

    memory.close()
    master, terminal = pty.openpty()
    command = [sys.executable, "-c", PROGRAM, "mcp", "-m", str(memory.path)]
    heeded = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # what runs in the background inherits to ignore it
    with subprocess.Popen(
        command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heeded
    ) as server:
        assert server.stderr is not None
        assert server.stderr.readline() == "waiting for an MCP client on standard input; Ctrl-C ends\n"
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=20) != 0
    os.close(terminal)
    os.close(master)


HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}},
}  # fmt: skip
ACCEPT = {"Accept": "application/json, text/event-stream"}
HOSTS = (
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.",
    "127.0.0.2:1",
    "0.0.0.0",
    "[::]",
    "",
    "localhost@evil.example",
    "169.254.169.254",
)
ORIGINS = (
    "https://evil.example",
    "null",
    "http://127.0.0.1:1",
    "http://localhost.evil.example",
    "file://",
    "https://127.0.0.1",
)
TOKENS = (
    None,
    "",
    "Bearer",
    "Bearer x y",
    "Bearer wrong",
    TOKEN,
    f"Basic {TOKEN}",
    f"Bearer {TOKEN}x",
    f"Bearer {TOKEN[:-1]}",
)


def post(address: str, headers: dict[str, str]) -> int:
    """Send a first request and return the status."""
    return httpx2.post(f"{address}/mcp", json=HELLO, headers=ACCEPT | headers).status_code


def test_hostile_hosts_origins_and_tokens_are_refused(address: str) -> None:
    """More than a hundred combinations of which only the honest one is served."""
    good = {"Authorization": f"Bearer {TOKEN}"}
    assert post(address, good) == post(address, {"Authorization": f"bearer {TOKEN}"}) == 200
    refused = [post(address, good | {"Host": host}) for host in HOSTS]
    refused += [post(address, good | {"Origin": origin}) for origin in ORIGINS]
    refused += [post(address, {} if token is None else {"Authorization": token}) for token in TOKENS]
    refused += [post(address, {"Host": host, "Origin": origin} | good) for host in HOSTS for origin in ORIGINS]
    refused += [post(address, {"Host": host, "Authorization": token or "x"}) for host in HOSTS[:4] for token in TOKENS]
    assert len(refused) > 100
    assert set(refused) <= {400, 401, 403, 421}


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1:9000", "[::1]:9000", "127.0.0.1"])
def test_this_machine_may_ask_at_any_port(address: str, host: str) -> None:
    """``ssh -L 9000:127.0.0.1:8765`` asks at 9000, and nothing names a port where it is 80; both were refused."""
    good = {"Authorization": f"Bearer {TOKEN}", "Host": host}
    assert post(address, good) == 200
    assert post(address, good | {"Origin": "http://127.0.0.1:1"}) == 403


def test_a_short_token_is_refused(memory: Memory) -> None:
    """One that can be guessed protects nothing."""
    with pytest.raises(ConfigurationError, match="16 characters"):
        http_app(make_server(memory), token="short", port=1)
