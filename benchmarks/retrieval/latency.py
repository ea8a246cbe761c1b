"""How long a search takes on many passages, the question's embedding counted in.

    python benchmarks/retrieval/latency.py [--data FOLDER] [--cache FOLDER] [--passages 100000]

The text is that of the podcasts in masa/podcasts, its sentences shuffled into new turns until there are enough.
Vectors of passages are drawn by chance, for time does not depend on them; questions are embedded by the default
model. Times are wall-clock and processor ms: on a busy machine the second tells more. Last comes how many of the
passages that hold three common words are named when one asks for the three, and how many by the rarest alone.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sets import command_line

from masa_rag import Document, Memory, Segment
from masa_rag._searching.query import understand
from masa_rag._words import STOP_WORDS
from masa_rag.embedders import OnnxEmbedder
from masa_rag.indexes import FlatIndex
from masa_rag.indexes.words import search_words

_TURNS = 200
"""Turns of a document."""
_TOKENS = 96


class _Drawn(OnnxEmbedder):
    """Draws the vectors of passages by chance, as many pieces as there are words that rank."""

    def embed_documents_with_tokens(self, texts: Sequence[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        chance = np.random.default_rng(len(texts))
        sizes = [sum(word not in STOP_WORDS for word in text.lower().split()) for text in texts]
        pieces = _unit(chance.standard_normal((sum(sizes), _TOKENS), np.float32))
        return _unit(chance.standard_normal((len(texts), self.dim), np.float32)), np.split(
            pieces, np.cumsum(sizes)[:-1]
        )


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def sentences(data: Path) -> list[str]:
    """Return every turn's sentences of the podcasts, in order."""
    found: list[str] = []
    for path in sorted((data / "masa/podcasts").rglob("*.json")):
        rows = json.loads(path.read_text())
        for row in rows if isinstance(rows, list) else []:
            found += [part.strip() for part in str(row.get("text", "")).split(". ") if part.strip()]
    return found


def documents(parts: Sequence[str], passages: int) -> Iterator[Document]:
    """Yield documents of turns by two speakers, about 60 words each."""
    chance = random.Random(5)
    for number in range(passages // _TURNS):
        turns = []
        for turn in range(_TURNS):
            text = ". ".join(chance.choice(parts) for _ in range(4))
            turns.append(Segment(" ".join(text.split()[:70]), ("Ann", "Bo")[turn % 2], start=20.0 * turn))
        yield Document(id=str(number), kind="speech", title=f"Episode {number}", segments=turns)


def questions(parts: Sequence[str]) -> list[str]:
    """Return questions of three to nine words that rank, out of the text itself."""
    chance = random.Random(6)
    chosen = [part.split() for part in chance.sample(list(parts), 400)]
    return ["What did they say about " + " ".join(words[:12]) + "?" for words in chosen if len(words) > 5][:200]


def together(memory: Memory) -> tuple[float, float]:
    """Return the mean shares of the passages with all of three common words that are named, and by the rarest alone."""
    connection, chance = memory.catalog.connection, random.Random(3)
    now, alone = [], []
    for (text,) in connection.execute("SELECT text FROM chunks WHERE pk % 700 = 3").fetchall():
        counts = understand(text, connection).words
        common = [word for word, count in counts.items() if 1_500 <= count <= 20_000 and word.isalpha()]
        if len(common) < 3:
            continue
        words = chance.sample(common, 3)
        query = " AND ".join(f'"{word}"' for word in words)
        wanted = {row[0] for row in connection.execute("SELECT rowid FROM words WHERE words MATCH ?", (query,))}
        asked = understand(" ".join(words), connection).words
        rarest = min(asked, key=lambda word: asked[word])
        for shares, query_words in ((now, asked), (alone, {rarest: asked[rarest]})):
            found = search_words(connection, query_words, 100)
            shares.append(len(wanted & set(found)) / min(100, len(wanted)))
    return float(np.mean(now)), float(np.mean(alone))


def timed(memory: Memory, asked: Sequence[str], filters: dict[str, str]) -> Iterator[tuple[float, float]]:
    """Yield the milliseconds that each search takes, by the clock on the wall and of the processor."""
    for question in asked:
        began, used = time.perf_counter(), time.process_time()
        memory.search(question, **filters)
        yield 1000 * (time.perf_counter() - began), 1000 * (time.process_time() - used)


def main() -> None:
    """Fill the memory if need be, warm up, and time the questions."""
    parser = command_line(__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    options = parser.parse_args()
    parts = sentences(options.data)
    with Memory(options.cache / f"latency{options.passages}", embedder=_Drawn(), index=FlatIndex()) as memory:
        began = time.perf_counter()
        report = memory.add(documents(parts, options.passages), name="episodes")
        print(f"{report}; {time.perf_counter() - began:.0f} s, {memory.info().bytes_on_disk / 1e6:.0f} MB on disk")
        asked = questions(parts)
        for question in asked[:20]:
            memory.search(question)
        shown = {"no filter": {}, "a filter that all pass": {"kind": "speech"}, "one that half pass": {"author": "Ann"}}
        for label, filters in shown.items():
            wall, processor = zip(*timed(memory, asked[20:], filters), strict=True)
            for clock, times in (("wall", sorted(wall)), ("processor", sorted(processor))):
                p50, p95 = times[len(times) // 2], times[int(0.95 * len(times))]
                print(f"{label}, {clock}: p50 {p50:.1f} ms, p95 {p95:.1f} ms")
        now, alone = together(memory)
        print(f"three common words: named {now:.0%} of the passages with all of them; {alone:.0%} by the rarest")


if __name__ == "__main__":
    main()
