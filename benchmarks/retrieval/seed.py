"""Five questions on the seed podcast: does one of the three best passages hold the moment?

python benchmarks/retrieval/seed.py [--data FOLDER] [--model NAME-OR-FOLDER]
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from sets import command_line

from masa_rag import Memory
from masa_rag.embedders import OnnxEmbedder
from masa_rag.indexes import FlatIndex
from masa_rag.sources import open_sources

MOMENTS = json.loads((Path(__file__).parents[2] / "tests/quality/seed_moments.json").read_text())
"""Question -> [first second, last second] of what answers it; one of them is enough."""


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
            spans = [(hit.chunk.start_s, hit.chunk.end_s) for hit in hits]
            places = [
                rank
                for rank, (start, end) in enumerate(spans, 1)
                if any(start is not None and start <= last and (end or start) >= first for first, last in moments)
            ]
            print(
                f"{question} first at {places[0] if places else '-'}; best three begin at {[s for s, _ in spans[:3]]}"
            )


if __name__ == "__main__":
    main()
