"""Ask an episode: who said it, when, and at which second.

python examples/ask_a_podcast.py "What comes after the launch?"
"""

import sys
from pathlib import Path

from masa_rag import Memory
from masa_rag.sources import Transcripts

DATA = Path(__file__).parent / "data"
QUESTION = sys.argv[1] if len(sys.argv) > 1 else "What happened to buoy three?"

with Memory("podcast-memory") as memory:
    episode = Transcripts(
        DATA / "tidewell_podcast.txt",
        name="Salt & Signal",
        title="Salt & Signal 12",
        published="2025-04-20",
        url="https://salt-and-signal.example/12",
    )
    print(memory.add(episode))
    for hit in memory.search(QUESTION, k=3, author="Mara Ellison"):
        print(f"\n{hit.rank}. {hit.chunk.header} <{hit.chunk.url}>\n{hit.chunk.text}")
    print(f"\nIn short:\n{memory.ask(QUESTION, author='Mara Ellison')}")
