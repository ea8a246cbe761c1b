"""Recall, speed and size of ChromaIndex against FlatIndex.

    python benchmarks/index_recall.py [--count 20000] [--memory FOLDER | --scifact FOLDER | --synthetic]

With --memory, passages and vectors come from a memory; 300 passages, drawn by chance, are left out
of the index and their vectors are the queries. With --scifact (the default), passages are sentences
of the abstracts in ``corpus.jsonl``, four at a time, shifted by a sentence until there are enough;
queries are its claims; both are embedded by all-MiniLM-L6-v2 (kept in --cache). With --synthetic,
or without the data set, vectors are drawn around 2,000 random centres: much harder than text.
Prints JSON; the field "vectors" says which.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from data import DATA

from masa_rag._reading import chunks_by_id
from masa_rag.indexes import ChromaIndex, FlatIndex
from masa_rag.types import Chunk

DIM = 384
BATCH = 2_000
"""Chunks a call of upsert, as the memory gives them."""


def main() -> None:
    arguments = _arguments()
    chunks, vectors, queries, kind = _material(arguments)
    exact = FlatIndex()
    exact.upsert(chunks, vectors)
    with tempfile.TemporaryDirectory() as folder:
        index = ChromaIndex(folder)
        len(index)  # opening and importing are not adding
        before = _rss_mb()
        report = {"vectors": kind, "count": len(chunks), "queries": len(queries), **_add(index, chunks, vectors)}
        index.close()
        started = time.perf_counter()
        index.query(queries[0], 1)  # which opens it
        report["open_s"] = round(time.perf_counter() - started, 3)
        report |= {"disk_mb": _disk_mb(Path(folder)), "rss_mb": _rss_mb(), "rss_before_mb": before}
        report["flat"] = _ask(exact, exact, queries, None)
        report["all"] = _ask(index, exact, queries, None)
        for share in (0.005, 0.02, 0.1, 0.5):
            report[f"allowed {share:g}"] = _ask(index, exact, queries[:100], _choice(chunks, share))
        index.close()
    print(json.dumps(report, indent=2))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--memory", type=Path)
    parser.add_argument("--scifact", type=Path, default=DATA / "scifact")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "index_recall.npy")
    parser.add_argument("--synthetic", action="store_true")
    return parser.parse_args()


def _material(arguments: argparse.Namespace) -> tuple[list[Chunk], np.ndarray, np.ndarray, str]:
    if arguments.memory:
        return (*_remembered(arguments.memory / "memory.db", arguments.count), f"the memory {arguments.memory.name}")
    if arguments.synthetic or not (arguments.scifact / "corpus.jsonl").exists():
        texts, vectors, queries = _synthetic(arguments.count)
        kind = "synthetic: 2,000 centres"
    else:
        texts, vectors, queries = _scifact(arguments.scifact, arguments.count, cache=arguments.cache)
        kind = "SciFact, all-MiniLM-L6-v2"
    return [_chunk(number, text) for number, text in enumerate(texts)], vectors, queries, kind


def _remembered(database: Path, count: int) -> tuple[list[Chunk], np.ndarray, np.ndarray]:
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    rows = connection.execute("SELECT id, vector FROM vectors JOIN chunks ON chunks.pk = vectors.chunk").fetchall()
    order = np.random.default_rng(0).permutation(len(rows))
    asked, kept = order[:300], order[300 : 300 + count]
    vectors = np.array([np.frombuffer(rows[row][1], np.float32) for row in [*asked, *kept]])
    ids = [rows[row][0] for row in kept]
    chunks = chunks_by_id(connection, ids)
    return [chunks[key] for key in ids], vectors[300:], vectors[:300]


def _scifact(folder: Path, count: int, *, cache: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    texts = list(_passages(folder / "corpus.jsonl", count))
    claims = [json.loads(line)["text"] for line in (folder / "queries.jsonl").open()][:300]
    cache = cache.with_suffix(".npy")  # what np.save would add by itself
    if not cache.exists() or len(np.load(cache, mmap_mode="r")) != len(texts) + len(claims):
        from masa_rag.embedders import default_embedder

        np.save(cache, default_embedder().embed_documents(texts + claims))
    vectors = np.load(cache)
    return texts, vectors[: len(texts)], vectors[len(texts) :]


def _passages(corpus: Path, count: int) -> Iterator[str]:
    made = 0
    for shift in range(8):
        for line in corpus.open():
            document = json.loads(line)
            sentences = [document["title"], *re.split(r"(?<=[.!?]) ", document["text"])][shift:]
            for start in range(0, len(sentences), 4):
                if made == count:
                    return
                made += 1
                yield " ".join(sentences[start : start + 4])


def _synthetic(count: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((2_000, DIM))
    rows = centres[rng.integers(0, len(centres), count + 300)] + 0.7 * rng.standard_normal((count + 300, DIM))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    words = ["".join(rng.choice(list("etaoinshrdlu"), size=6)) for _ in range(5_000)]
    return [" ".join(rng.choice(words, size=90)) for _ in range(count)], rows[:count], rows[count:]


def _chunk(number: int, text: str) -> Chunk:
    return Chunk(
        id=f"{number:032x}", document_id=f"episode-{number // 40}", source="transcripts:show", text=text, header="",
        start=0, end=len(text), authors=("Ann", "Bob"), title=f"Episode {number // 40}", kind="speech",
        started_at=datetime.fromtimestamp(1_700_000_000 + number, UTC), start_s=7.5 * number, end_s=7.5 * number + 30,
        url=f"https://example.org/episodes/{number // 40}",
    )  # fmt: skip


def _add(index: ChromaIndex, chunks: list[Chunk], vectors: np.ndarray) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    for start in range(0, len(chunks), BATCH):
        index.upsert(chunks[start : start + BATCH], vectors[start : start + BATCH])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    per_chunk = 1_000 / len(chunks)
    return {
        "add_per_s": round(len(chunks) / wall),
        "add_ms_per_chunk": round(wall * per_chunk, 3),
        "add_cpu_ms_per_chunk": round(cpu * per_chunk, 3),
    }


def _choice(chunks: list[Chunk], share: float) -> list[str]:
    rng = np.random.default_rng(1)
    return [chunks[row].id for row in rng.choice(len(chunks), int(share * len(chunks)), replace=False)]


def _ask(
    index: ChromaIndex | FlatIndex, exact: FlatIndex, queries: np.ndarray, allowed: list[str] | None
) -> dict[str, float]:
    times, recalls = [], []
    for query in queries:
        started = time.perf_counter()
        found = index.query(query, 10, allowed)
        times.append(1_000 * (time.perf_counter() - started))
        expected = {key for key, _ in exact.query(query, 10, allowed)}
        recalls.append(len(expected & {key for key, _ in found}) / len(expected))
    return {
        "recall@10": round(statistics.mean(recalls), 4),
        "p50_ms": round(float(np.percentile(times, 50)), 2),
        "p95_ms": round(float(np.percentile(times, 95)), 2),
    }


def _disk_mb(folder: Path) -> float:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 1)


def _rss_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024, 1)


if __name__ == "__main__":
    main()
