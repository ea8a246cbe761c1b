"""OnnxEmbedder beside sentence-transformers in float32: speed, quality, cold start, memory; one run, same texts.

    python benchmarks/embedding.py [--data DATA] [--quick]

DATA holds scifact/ in BEIR's shape (corpus.jsonl, queries.jsonl, qrels_test.tsv; Wadden et al., 2020). Each backend
lives in its own process; rounds alternate between them, and medians are printed. Runs in about ten minutes on two
cores; --quick leaves the retrieval quality out.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from data import DATA

WORDS = 76  # about 120 tokens of an abstract
BACKENDS = ("sentence-transformers fp32", "OnnxEmbedder int8")
COLD = {
    BACKENDS[0]: "from masa_rag.embedders import SentenceTransformerEmbedder as E; E(device='cpu').embed_query('gm')",
    BACKENDS[1]: "from masa_rag.embedders import OnnxEmbedder as E; E().embed_query('gm')",
}


def make(backend: str, threads: int):
    """Return the embedder of a backend, limited to a number of threads."""
    if backend == BACKENDS[1]:
        from masa_rag.embedders import OnnxEmbedder

        return OnnxEmbedder(threads=threads)
    import torch

    from masa_rag.embedders import SentenceTransformerEmbedder

    torch.set_num_threads(threads)
    return SentenceTransformerEmbedder(device="cpu")


def serve(backend: str, threads: int, pipe) -> None:
    """Answer lists of texts with vectors and seconds, until told to stop; then tell the peak memory in MB."""
    embedder = make(backend, threads)
    embedder.embed_query("warm")
    while (texts := pipe.recv()) is not None:
        started = time.perf_counter()
        vectors = embedder.embed_documents(texts)
        pipe.send((vectors, time.perf_counter() - started))
    pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


class Worker:
    """A backend in a process of its own."""

    def __init__(self, backend: str, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=serve, args=(backend, threads, other), daemon=True)
        self.process.start()

    def embed(self, texts: list[str]) -> tuple[np.ndarray, float]:
        self.pipe.send(texts)
        return self.pipe.recv()

    def stop(self) -> float:
        self.pipe.send(None)
        peak = self.pipe.recv()
        self.process.join()
        return peak


def read_corpus(data: Path) -> dict[str, str]:
    with (data / "scifact" / "corpus.jsonl").open(encoding="utf-8") as file:
        return {item["_id"]: f"{item['title']} {item['text']}".strip() for item in map(json.loads, file)}


def read_questions(data: Path) -> tuple[dict[str, str], dict[str, set[str]]]:
    relevant: dict[str, set[str]] = {}
    for line in (data / "scifact" / "qrels_test.tsv").read_text().splitlines():
        query, *_, document, grade = line.split()
        if grade.isdigit() and int(grade) > 0:
            relevant.setdefault(query, set()).add(document)
    with (data / "scifact" / "queries.jsonl").open(encoding="utf-8") as file:
        queries = {item["_id"]: item["text"] for item in map(json.loads, file) if item["_id"] in relevant}
    return queries, relevant


def passages(corpus: dict[str, str], count: int) -> list[str]:
    def cut() -> Iterator[str]:
        for text in corpus.values():
            words = text.split()
            yield from (" ".join(words[at : at + WORDS]) for at in range(0, len(words) - WORDS + 1, WORDS))

    return [passage for passage, _ in zip(cut(), range(count), strict=False)]


def ndcg(ranked: list[str], relevant: set[str]) -> float:
    """NDCG@10 with binary grades (Järvelin and Kekäläinen, 2002)."""
    gain = sum(1 / math.log2(place + 2) for place, name in enumerate(ranked[:10]) if name in relevant)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(10, len(relevant))))


def mean_ndcg(workers: dict[str, Worker], data: Path) -> None:
    corpus, (queries, relevant) = read_corpus(data), read_questions(data)
    names, rankings, tables, scores = np.array(list(corpus)), {}, {}, {}
    for backend, worker in workers.items():
        tables[backend], seconds = worker.embed(list(corpus.values()))
        asked, _ = worker.embed(list(queries.values()))
        order = np.argsort(-(asked @ tables[backend].T), axis=1, kind="stable")[:, :10]
        rankings[backend] = [names[row].tolist() for row in order]
        pairs = zip(queries, rankings[backend], strict=True)
        scores[backend] = statistics.fmean(ndcg(ranked, relevant[query]) for query, ranked in pairs)
        print(f"{backend}: NDCG@10 {scores[backend]:.4f} ({len(corpus)} abstracts in {seconds:.0f} s)", flush=True)
    reference, ours = BACKENDS
    cosines = (tables[reference] * tables[ours]).sum(axis=1)
    both = zip(rankings[reference], rankings[ours], strict=True)
    kept = statistics.fmean(len(set(a) & set(b)) / 10 for a, b in both)
    print(f"NDCG@10 kept: {scores[ours] / scores[reference]:.2%} (bar: 99.5 %)")
    print(f"cosine to fp32: mean {cosines.mean():.4f}, lowest {cosines.min():.4f}; top-10 kept {kept:.3f}")


def speed(workers: dict[str, Worker], texts: list[str], rounds: int) -> None:
    seconds: dict[str, list[float]] = {backend: [] for backend in workers}
    for _ in range(rounds):
        for backend, worker in workers.items():
            seconds[backend].append(worker.embed(texts)[1])
    rates = {backend: [len(texts) / taken for taken in values] for backend, values in seconds.items()}
    for backend, values in rates.items():
        print(f"{backend}: {statistics.median(values):.1f} chunks/s (rounds: {', '.join(f'{v:.1f}' for v in values)})")
    ratios = [ours / reference for reference, ours in zip(*rates.values(), strict=True)]
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"ratio: {statistics.median(ratios):.2f} (rounds: {shown}; bar: 2)")


def cold_start(rounds: int) -> None:
    environment = {**os.environ, "MASA_RAG_OFFLINE": "1"}
    for backend, code in COLD.items():
        taken = []
        for _ in range(rounds):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, env=environment)
            taken.append(time.perf_counter() - started)
        print(f"{backend}: first vector of a fresh process after {statistics.median(taken):.2f} s (bar: 1.5 s)")


def query_time(worker: Worker) -> None:
    taken = sorted(worker.embed([f"What did they say about topic {number}?"])[1] for number in range(50))
    print(f"one query: p50 {taken[25] * 1000:.1f} ms, p95 {taken[47] * 1000:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--passages", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="without the retrieval quality")
    arguments = parser.parse_args()
    texts = passages(read_corpus(arguments.data), arguments.passages)
    from masa_rag.embedders import OnnxEmbedder

    counts = OnnxEmbedder().count_tokens(texts)
    print(f"{len(texts)} passages of {statistics.fmean(counts):.0f} tokens, {arguments.threads} threads", flush=True)
    cold_start(3)
    workers = {backend: Worker(backend, arguments.threads) for backend in BACKENDS}
    speed(workers, texts, arguments.rounds)
    query_time(workers[BACKENDS[1]])
    if not arguments.quick:
        mean_ndcg(workers, arguments.data)
    for backend, worker in workers.items():
        print(f"{backend}: peak RSS {worker.stop():.0f} MB")


if __name__ == "__main__":
    main()
