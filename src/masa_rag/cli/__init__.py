"""The command line: the same verbs as class Memory. ``masa-rag --help`` begins with an example."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import Any

import click

from masa_rag import __version__
from masa_rag._shell import quoted
from masa_rag.cli import reading, serving, upkeep, writing
from masa_rag.cli._common import PATH
from masa_rag.errors import MasaRagError

_MEANT = {
    "--memory": "--path --db --database --dir --directory --folder --brain --store --index -d",
    "-k": "--limit --top --top-k --topk --num --count --results --max-results -n",
    "--author": "--by --from-user --name --person --speaker --user --username --who",
    "--after": "--from --since --start",
    "--before": "--end --to --until",
    "--kind": "--type",
    "--as": "--format --form",
    "--json": "--output -o",
}
"""What other programs call an option. By its letters alone, "--kind" would be offered for "--db"."""


class _Group(click.Group):
    """Turns the errors of the library and the system into one line on stderr and exit status 1."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if any(error.option_name in option.opts for one in self.commands.values() for option in one.params):
                raise click.UsageError(
                    f"{error.option_name} stands after the command: masa-rag COMMAND {error.option_name}", ctx
                ) from error
            raise _meant(error) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command; a question, or a path, in its place is answered with the one that takes it."""
        given = args[0]
        verb = "ask" if " " in given else "add" if os.path.exists(given) else None  # noqa: PTH110 - any text
        if verb is not None and self.get_command(ctx, given) is None and not ctx.resilient_parsing:
            raise click.UsageError(f"No such command {given!r}. Did you mean: masa-rag {verb} {quoted(given)}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="replace")  # a Windows pipe may be of a code page without emoji
        if os.environ.get("NO_COLOR"):  # https://no-color.org
            ctx.color = False
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            raise _meant(error) from error
        except BrokenPipeError:  # whoever reads has enough: click ends without a word
            raise
        except (MasaRagError, OSError) as error:  # a full disk, to which the output goes
            from masa_rag.cli._output import printable

            raise click.ClickException(printable(str(error))) from error


def _meant(error: click.NoSuchOption) -> click.NoSuchOption:
    """Return the error with the option of the command that other programs call so, where there is one."""
    there = {name for option in error.ctx.command.params for name in option.opts} if error.ctx is not None else ()
    meant = [ours for ours, theirs in _MEANT.items() if ours in there and error.option_name in theirs.split()]
    message = f"No such option {error.option_name!r}. Did you mean {' or '.join(map(repr, meant))}?"
    return click.NoSuchOption(error.option_name, message, ctx=error.ctx) if meant else error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-m", "--memory", "place", type=PATH, help="Folder of the memory; may also stand after the command.")
@click.version_option(__version__, prog_name="masa-rag")
def main(place: str | None) -> None:
    """A memory made of what people really say: tweets, pages, chats and podcasts.

    \b
    masa-rag add episodes/ export.zip notes.md
    masa-rag search "who owns the data market?"

    The memory is the folder --memory, or MASA_RAG_MEMORY, or ./brain.
    """


for _command in (
    writing.add, writing.sync, writing.remember, writing.forget,
    reading.search, reading.context, reading.ask, reading.show, reading.trends, reading.info,
    upkeep.export, upkeep.verify, upkeep.rebuild, upkeep.doctor, upkeep.plugins,
    serving.mcp, serving.serve, serving.demo,
):  # fmt: skip
    main.add_command(_command)
