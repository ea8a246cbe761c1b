"""Five questions on the seed podcast: does one of the three best passages hold the moment?

python benchmarks/retrieval/seed.py [--data FOLDER] [--model NAME-OR-FOLDER]
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from sets import command_line

from masa_rag import Chunk, Memory
from masa_rag.embedders import OnnxEmbedder
from masa_rag.indexes import FlatIndex
from masa_rag.sources import open_sources

MOMENTS = json.loads((Path(__file__).parents[2] / "tests/quality/seed_moments.json").read_text())
"""Question -> [first second, last second] of what answers it; one of them is enough."""


def holds(chunk: Chunk, moments: list[list[float]]) -> bool:
    """Say whether a passage overlaps one of the moments."""
    if chunk.start_s is None:
        return False
    end = chunk.end_s or chunk.start_s
    return any(chunk.start_s <= last and end >= first for first, last in moments)


def main() -> None:
    """Read the podcast into a new memory, ask, and print where the moment was found."""
    parser = command_line(__doc__)
    parser.add_argument("--model", default="all-MiniLM-L6-v2")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Memory(folder, index=FlatIndex(), embedder=OnnxEmbedder(options.model)) as memory,
    ):
        for source in open_sources(options.data / "seed_podcast"):
            memory.add(source)
        for question, moments in MOMENTS.items():
            hits = memory.search(question, k=8)
            rank = next((hit.rank for hit in hits if holds(hit.chunk, moments)), "-")
            print(f"{question} first at {rank}; best three begin at {[hit.chunk.start_s for hit in hits[:3]]}")


if __name__ == "__main__":
    main()
