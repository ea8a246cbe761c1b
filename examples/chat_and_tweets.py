"""One question to a chat and to tweets at once, then to each alone.

python examples/chat_and_tweets.py
"""

from pathlib import Path

from masa_rag import Memory
from masa_rag.sources import DiscordExport, Tweets

DATA = Path(__file__).parent / "data"
HARBOUR = {"1349000000000880044": "harbour"}  # the export has no name for its channel

with Memory("chat-memory") as memory:
    print(memory.add(DiscordExport(DATA / "tidewell_discord.json", name="discord", names=HARBOUR)))
    print(memory.add(Tweets(DATA / "tidewell_tweets.json", name="tweets")))

    print("\nEverywhere, in order of time:")
    hits = memory.search("water in the battery case of buoy three", k=6)
    for hit in sorted(hits, key=lambda hit: hit.chunk.started_at):
        print(f"  {hit.chunk.started_at:%d %b %H:%M}  {', '.join(hit.chunk.authors)}: {hit.chunk.text}")

    for source in ("discord", "tweets"):
        best = memory.search("new launch date", k=1, source=source, after="2025-03-16", before="2025-04-01")[0]
        print(f"\nThe launch date on {source}: {best.chunk.text}")
