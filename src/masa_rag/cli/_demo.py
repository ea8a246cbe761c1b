"""``masa-rag demo``: an invented story told by a podcast, tweets, a chat and a page, and three questions."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from masa_rag.errors import ConfigurationError

if TYPE_CHECKING:
    from masa_rag.protocols import Source

QUESTIONS = (
    "Why was the launch moved from March to May?",
    "Who found the leak in buoy three, and what was the reward?",
    "How much does a volunteer earn for a day, and what does not count?",
)


def demo_data() -> Path:
    """Return the folder of the example data: in the wheel, or in the checkout."""
    shipped = Path(str(files("masa_rag") / "_demo_data"))
    return shipped if shipped.is_dir() else Path(__file__).parents[3] / "examples" / "data"


def run_demo(place: Path) -> None:
    """Fill the memory at ``place`` with the example data, ask the questions and print cited answers."""
    from masa_rag.cli._output import hint, print_hits, print_reports
    from masa_rag.memory import Memory

    with Memory(place) as memory:
        if memory.info().documents and memory.document("podcast", "tidewell_podcast") is None:
            raise ConfigurationError(
                f"received {str(place)!r}, a memory of your own; expected a new place, so that no invented story gets "
                "into it: masa-rag demo --memory demo"
            )
        for source in demo_sources(demo_data()):
            print_reports([memory.add(source)], as_json=False)
        for question in QUESTIONS:
            click.secho(f"\n{question}\n", fg="cyan", bold=True)
            print_hits(memory.search(question, k=3), as_json=False)
    click.echo(f"The memory is in {str(place)!r}. Ask it yourself:\n  {hint('ask', place)}")


def demo_sources(data: Path) -> list[Source]:
    """Return the sources of the example data; the recording's transcript stands for it, for it needs no weights."""
    from masa_rag.sources import DiscordExport, Transcripts, Tweets, WebPages

    return [
        Transcripts(
            data / "tidewell_podcast.txt",
            name="podcast",
            title="Salt & Signal 12",
            published="2025-04-20",
            url="https://salt-and-signal.example/12",
        ),
        Tweets(data / "tidewell_tweets.json", name="tweets"),
        DiscordExport(data / "tidewell_discord.json", name="discord", names={"1349000000000880044": "harbour"}),
        WebPages(data / "tidewell_rewards.html", name="page"),
    ]
