"""The memory core on real data: size, speed, cost of an unchanged and of a changed run, query times.

    python benchmarks/core.py [--data FOLDER] [--flat]

Reads masa/, ethereum_calls/ and ethereum_discord/ of the data folder (MASA_RAG_DATA) into one memory with the
default model, and prints one line a figure. A change is made in a copy of the data, never in place.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from data import DATA

from masa_rag import IngestReport, Memory
from masa_rag.indexes import FlatIndex
from masa_rag.sources import open_sources

SETS = (
    "masa/podcasts", "masa/podcasts_txt", "masa/youtube", "masa/tweets", "masa/discord",
    "ethereum_calls", "ethereum_discord",
)  # fmt: skip
QUERIES = (
    ("What did they say about stablecoins?", {"author": "Speaker A"}),
    ("blob fee market and gas limit", {"after": "2024-05-01", "before": "2024-09-01"}),
    ("Which client has a bug on the devnet?", {"author": "Barnabas", "after": "2026-02-01"}),
    ("bitcoin price target", {"author": "The Moon", "after": "2023-09-01", "before": "2024-06-01"}),
    ("Who ships Pectra first?", {"author": "timbeiko", "after": "2024-01-01"}),
    ("memecoin on solana", {"after": "2024-07-01", "before": "2024-12-31"}),
    ("when is the next fork", {"author": ["Justin Traglia", "stokes"], "after": "2026-01-01"}),
    ("airdrop dates", {"author": "jax_xyz", "before": "2025-01-01"}),
)


def bring(memory: Memory, data: Path) -> tuple[list[IngestReport], float]:
    """Add every set; return the reports and the seconds."""
    began = time.perf_counter()
    reports = [memory.add(source) for name in SETS for source in open_sources(data / name)]
    return reports, time.perf_counter() - began


def show(label: str, reports: list[IngestReport], seconds: float) -> None:
    """Print the sums of a run."""
    names = ("added", "updated", "unchanged", "embedded", "embedding_s")
    sums = {name: round(sum(getattr(report, name) for report in reports), 1) for name in names}
    failed = sum(len(report.failed) for report in reports)
    outside = 1 - sums["embedding_s"] / seconds
    print(f"{label}: {seconds:.1f} s, {sums}, failed {failed}, outside the embedder {outside:.1%}")


def change(data: Path) -> None:
    """Edit one episode, one tweet and one message of a copy of the data."""
    episode = sorted((data / "masa/podcasts/bankless").glob("*.json"))[0]
    turns = json.loads(episode.read_text())
    turns[40]["text"] += " And one more thing."
    episode.write_text(json.dumps(turns))
    tweets = data / "masa/tweets/themooncarl__all_tweets_2024-07-24_16-14-28.json"
    rows = json.loads(tweets.read_text())
    rows[100]["Text"] += " Really."
    tweets.write_text(json.dumps(rows))
    chat = next((data / "masa/discord").glob("*.json"))
    rows = json.loads(chat.read_text())
    next(row for row in rows if row["content"])["content"] += " (edited)"
    chat.write_text(json.dumps(rows))


def copied(data: Path, scratch: Path) -> Path:
    """Return a copy of the sets that can be changed."""
    for name in SETS:
        shutil.copytree(data / name, scratch / name, copy_function=shutil.copy)
    for path in [scratch, *scratch.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return scratch


def ask(memory: Memory) -> None:
    """Print how long questions with filters take."""
    times = []
    for _ in range(12):
        for query, filters in QUERIES:
            began = time.perf_counter()
            hits = memory.search(query, **filters)
            times.append(1000 * (time.perf_counter() - began))
            assert hits, query
    times = sorted(times[len(QUERIES) :])  # the first round warms up
    print(f"query with author and time filters: p50 {statistics.median(times):.1f} ms, "
          f"p95 {times[int(0.95 * len(times))]:.1f} ms over {len(times)} queries")  # fmt: skip


def main() -> None:
    """Run everything and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--flat", action="store_true", help="without an index on disk")
    options = parser.parse_args()
    index = FlatIndex() if options.flat else None
    with tempfile.TemporaryDirectory() as scratch, Memory(Path(scratch) / "brain", index=index) as memory:
        data = copied(options.data, Path(scratch) / "data")
        memory.embedder.embed_query("load the model first")
        reports, first = bring(memory, data)
        for report in reports:
            print(" ", report, *[f"\n    {error}" for error in report.failed[:3]])
        show("first run", reports, first)
        info = memory.info()
        print(f"{info.documents} documents, {info.chunks} chunks, {info.chunks / first:.0f} chunks/s, "
              f"peak RSS {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, "
              f"{info.bytes_on_disk / 1e6:.1f} MB on disk")  # fmt: skip
        reports, again = bring(memory, data)
        show("unchanged", reports, again)
        grown = memory.info().bytes_on_disk - info.bytes_on_disk
        print(f"unchanged: {again / first:.2%} of the first run's time, {grown} bytes more")
        change(data)
        show("one episode, one tweet, one message changed", *bring(memory, data))
        ask(memory)


if __name__ == "__main__":
    main()
