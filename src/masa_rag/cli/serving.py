"""Commands that show a memory to others: mcp, serve, demo."""

from __future__ import annotations

import os
import secrets
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from masa_rag._lazy import require
from masa_rag.cli._common import memory_option, open_memory

if TYPE_CHECKING:
    from mcp.server import MCPServer


@click.command()
@click.option("--http", is_flag=True, help="Serve streamable HTTP on 127.0.0.1 instead of standard input and output.")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="Port of --http.")
@click.option("--allow-write", is_flag=True, help="Also offer the tools remember and forget.")
@memory_option
def mcp(http: bool, port: int, allow_write: bool, place: Path) -> None:
    """Serve the memory to MCP clients: Claude, Cursor and others.

    With --http, clients send the token of the environment variable MASA_RAG_MCP_TOKEN; one is made and
    printed when it is not set.
    """
    from masa_rag.integrations._listen import listen
    from masa_rag.integrations.mcp import http_app, make_server

    with open_memory(place) as memory:
        server = make_server(memory, allow_write=allow_write)
        if not http:
            _serve_stdio(server)
            return
        token = os.environ.get("MASA_RAG_MCP_TOKEN") or secrets.token_urlsafe(24)
        uvicorn = require("uvicorn", extra="mcp", purpose="The MCP server over HTTP")
        with listen(port) as listener:
            port = listener.getsockname()[1]
            click.echo(f"http://127.0.0.1:{port}/mcp", err=True)
            if "MASA_RAG_MCP_TOKEN" not in os.environ:
                click.echo(f"token: {token}", err=True)
            config = uvicorn.Config(http_app(server, token=token, port=port), log_level="warning")
            with suppress(KeyboardInterrupt):
                uvicorn.Server(config).run(sockets=[listener])


def _serve_stdio(server: MCPServer) -> None:
    if sys.stdin.isatty():
        click.echo("waiting for an MCP client on standard input; Ctrl-C ends", err=True)
    # Python's own handler would wait for the thread that reads standard input, for ever.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    server.run("stdio")


@click.command()
@click.option("--port", default=8766, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@memory_option
def serve(port: int, place: Path) -> None:
    """Show the memory in the browser, on this machine only. Ends with Ctrl-C."""
    from masa_rag.integrations.serve import make_page_server

    with open_memory(place) as memory, make_page_server(memory, port=port) as server:
        click.echo(f"http://127.0.0.1:{server.server_address[1]}")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo()


@click.command()
@memory_option
def demo(place: Path) -> None:
    """Make a small memory of an invented story, and ask it."""
    from masa_rag.cli._demo import run_demo

    run_demo(place)
