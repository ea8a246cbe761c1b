"""The command line: the same verbs as class Memory. ``masa-rag --help`` begins with an example."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import Any

import click

from masa_rag import __version__
from masa_rag.cli import reading, serving, upkeep, writing
from masa_rag.errors import MasaRagError


class _Group(click.Group):
    """Turns the errors of the library and the system into one line on stderr and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="replace")  # a Windows pipe may be of a code page without emoji
        if os.environ.get("NO_COLOR"):  # https://no-color.org
            ctx.color = False
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # whoever reads has enough: click ends without a word
            raise
        except (MasaRagError, OSError) as error:  # a full disk, to which the output goes
            from masa_rag.cli._output import printable

            raise click.ClickException(printable(str(error))) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="masa-rag")
def main() -> None:
    """A memory made of what people really say: tweets, pages, chats and podcasts.

    \b
    masa-rag add episodes/ export.zip notes.md
    masa-rag search "who owns the data market?"

    The memory is the folder --memory, or MASA_RAG_MEMORY, or ./brain.
    """


for _command in (
    writing.add, writing.sync, writing.remember, writing.forget,
    reading.search, reading.context, reading.ask, reading.trends, reading.info,
    upkeep.export, upkeep.verify, upkeep.rebuild, upkeep.doctor, upkeep.plugins,
    serving.mcp, serving.serve, serving.demo,
):  # fmt: skip
    main.add_command(_command)
