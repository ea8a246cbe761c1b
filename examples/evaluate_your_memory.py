"""How good is it on your own questions? A handful with known answers tells: hit@k and the mean reciprocal rank.

python examples/evaluate_your_memory.py
"""

from pathlib import Path

from masa_rag import Memory
from masa_rag.sources import open_source

DATA = Path(__file__).parent / "data"
FILES = ("tidewell_podcast.txt", "tidewell_tweets.json", "tidewell_discord.json", "tidewell_rewards.html")

# A question, and words that stand in the passage that answers it.
QUESTIONS = {
    "Why was the launch moved?": "two nights in the bucket",
    "Who found the leak?": "found it with a torch",
    "How much is paid for a day at a buoy?": "40 TIDE",
    "What reward did the finder of the leak get?": "500 TIDE",
    "Where did the idea come from?": "My father fished",
    "How often must the wind sensor be cleaned?": "Once a week is enough",
    "Which measurement will be added in autumn?": "Wave height",
}
K = 5

with Memory("evaluated-memory") as memory:
    for name in FILES:
        memory.add(open_source(DATA / name))
    ranks = {
        question: next((hit.rank for hit in memory.search(question, k=K) if words in hit.chunk.text), None)
        for question, words in QUESTIONS.items()
    }
for question, rank in ranks.items():
    print(f"{rank or '-':>3}  {question}")
found = [rank for rank in ranks.values() if rank is not None]
print(f"hit@1 {sum(rank == 1 for rank in found)}/{len(ranks)}, hit@{K} {len(found)}/{len(ranks)}")
print(f"MRR@{K} {sum(1 / rank for rank in found) / len(ranks):.2f}")
