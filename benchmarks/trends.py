"""How early a rising word is named, and how often one that does not rise is.

    python benchmarks/trends.py planted|shuffled|volume

Reads the tweets of ``trends/`` under MASA_RAG_DATA. The constants were chosen while reading trends of
these tweets and of a chat; none was fitted to these figures.

* ``planted``: 40 invented words among two months of tweets, each said by one voice on its first day and by more
  later (1 1 2 2 3 4 5 6 8 10), asked for each day with the week before it. Beside it the ten words with most voices,
  and the ten that grew most in proportion.
* ``shuffled``: the same tweets, their times exchanged at random, so that nothing rises.
* ``volume``: counts of tweets with labelled windows (NAB, realTweets), by the hour: windows that are hit at equal rates
  of false alarms, beside a Gaussian over four days and the robust z-score of the same eight hours.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from data import DATA

from masa_rag import Document, Memory, RecordError
from masa_rag._reading import Filters
from masa_rag._voices import stretches, surprise
from masa_rag._words import digest_of, stems
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex
from masa_rag.sources import open_source

TRENDS = DATA / "trends"
GROWTH = (1, 1, 2, 2, 3, 4, 5, 6, 8, 10)
PLANTED = 40
WEEK_S = 7 * 86_400.0


def tweets() -> list[Document]:
    """Return the tweets about one coin, in the order of time."""
    found = [item for item in open_source(str(TRENDS / "cryptop12_ada/tweets")) if not isinstance(item, RecordError)]
    return sorted(found, key=lambda item: str(item.created_at))


def memory_of(documents: Sequence[Document], folder: str) -> Memory:
    """Return a memory of them; trends ask no vector, so the quickest embedder will do."""
    memory = Memory(folder, embedder=HashingEmbedder(), index=FlatIndex())
    memory.add(documents, name="tweets")
    return memory


def invented(count: int, chance: random.Random) -> list[str]:
    """Return words that nobody says."""
    return ["".join(chance.choice(pair) for pair in ("bdgkz", "aou") * 4) + "x" for _ in range(count)]


def days_of(documents: Sequence[Document]) -> list[datetime]:
    """Return the end of each whole day from the second week on."""
    first, last = documents[0].created_at, documents[-1].created_at
    assert first is not None and last is not None
    return [first + timedelta(days=day) for day in range(15, (last - first).days + 1)]


def planted() -> None:
    """Count the voices that had said a planted word by the day on which it was named."""
    chance = random.Random(1)
    documents = tweets()
    days = days_of(documents)
    words = invented(PLANTED, chance)
    starts = {word: chance.choice(days[: -len(GROWTH)]) for word in words}
    with tempfile.TemporaryDirectory() as folder, memory_of([*documents, *sown(starts, chance)], folder) as memory:
        found: dict[str, dict[str, datetime]] = {"trends": {}, "most voices": {}, "largest growth": {}}
        others = 0
        for day in days:
            named = {word.lower() for trend in memory.trends(now=day, k=10) for word in trend.words}
            others += len(memory.trends(now=day, k=10))
            for name, seen in {"trends": named, **peers(memory, day, words)}.items():
                for word in seen & starts.keys():
                    found[name].setdefault(word, day)
    for name, seen in found.items():
        voices = [sum(GROWTH[: (day - starts[word]).days]) for word, day in seen.items()]
        median = f"median {statistics.median(voices):.0f} voices" if voices else "-"
        print(f"{name}: {len(seen)} of {PLANTED} words named; by then {median} had said them")
    print(f"trends a day, planted ones included: {others / len(days):.1f}")


def sown(starts: dict[str, datetime], chance: random.Random) -> Iterator[Document]:
    """Yield posts with the planted words, each by somebody else."""
    for word, start in starts.items():
        for day, count in enumerate(GROWTH):
            for number in range(count):
                when = start + timedelta(days=day, seconds=chance.randrange(86_400))
                text = f"{chance.choice(('I like', 'what about', 'nobody sees', 'more on'))} {word}"
                yield Document(f"{word}/{day}/{number}", text, author=f"{word} {day} {number}", created_at=when)


def peers(memory: Memory, day: datetime, words: Sequence[str]) -> dict[str, set[str]]:
    """Return which planted words are among the ten with most voices, and among the ten that grew most."""
    talk = stretches(memory.catalog.connection, Filters(), until=day.timestamp(), length_s=WEEK_S)
    digests, now = talk[-1].voices_of_words()
    before = np.sum([stretch.voices_of(digests) for stretch in talk[:-1]], axis=0)
    best = {"most voices": np.argsort(-now)[:10], "largest growth": np.argsort(-(now + 1) / (before / 8 + 1))[:10]}
    planted = {digest_of(part[0]): word for word, part in zip(words, stems(words), strict=True)}
    return {
        name: {planted[int(digests[row])] for row in rows if int(digests[row]) in planted}
        for name, rows in best.items()
    }


def shuffled() -> None:
    """Count the trends of tweets whose times were exchanged."""
    documents = tweets()
    days = days_of(documents)
    counts = []
    for seed in range(5):
        times = [item.created_at for item in documents]
        random.Random(seed).shuffle(times)
        moved = [
            Document(item.id, item.text, author=item.author, created_at=time)
            for item, time in zip(documents, times, strict=True)
        ]
        with tempfile.TemporaryDirectory() as folder, memory_of(moved, folder) as memory:
            counts += [len(memory.trends(now=day, k=1_000)) for day in days[::7]]
    print(f"{len(counts)} weeks in which nothing rises: {sum(counts)} trends; as it was: ", end="")
    with tempfile.TemporaryDirectory() as folder, memory_of(documents, folder) as memory:
        real = [len(memory.trends(now=day, k=1_000)) for day in days[::7]]
    print(f"{sum(real)} in {len(real)} weeks")


Scores = Callable[[Any], Any]


def volume() -> None:
    """Count labelled windows of tweets a five minutes that are hit, at equal rates of false alarms."""
    labels = json.loads((TRENDS / "nab/combined_windows.json").read_text())
    series = [hours(path, labels[f"realTweets/{path.name}"]) for path in sorted((TRENDS / "nab").glob("*.csv"))]
    windows = sum(len(spans) for _, _, spans in series)
    days = sum(len(counts) for counts, _, _ in series) / 24
    for name, scores in {"surprise": by_surprise, "Gaussian, four days": by_gauss, "robust z": by_median}.items():
        scored = [(scores(counts), times, spans) for counts, times, spans in series]
        false = np.sort(
            [x for row, times, spans in scored for x, at in zip(row, times, strict=True) if not inside(at, spans)]
        )[::-1]
        hits = []
        for rate in (0.1, 0.25, 0.5, 1.0):
            least = false[int(rate * days)]
            hits.append(sum(any(x > least and a <= at <= b for x, at in zip(row, times, strict=True))
                            for row, times, spans in scored for a, b in spans))  # fmt: skip
        print(f"{name}: hit {' '.join(map(str, hits))} of {windows} windows at 0.1 0.25 0.5 1 false alarms a day")


Spans = list[tuple[datetime, datetime]]


def hours(path: Path, labels: list[list[str]]) -> tuple[Any, list[datetime], Spans]:
    """Return the counts of each hour, the ends of the hours, and the labelled spans."""
    rows = [(datetime.fromisoformat(row["timestamp"]), int(row["value"])) for row in csv.DictReader(path.open())]
    rows = rows[: len(rows) // 12 * 12]
    counts = np.array([value for _, value in rows]).reshape(-1, 12).sum(axis=1)
    spans = [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in labels]
    return counts, [time for time, _ in rows[11::12]], spans


def inside(time: datetime, spans: Spans) -> bool:
    """Say whether a time lies in one of the spans."""
    return any(start <= time <= end for start, end in spans)


def by_surprise(counts: Any) -> Any:
    """Score each hour against the eight before it, as a word among many is."""
    others = np.full(9, counts.max() * 50)
    return np.array([-9.0] * 8 + [surprise(counts[None, at - 8 : at + 1], others)[0] for at in range(8, len(counts))])


def by_gauss(counts: Any) -> Any:
    """Score each hour by mean and deviation of up to 96 before it."""
    parts = [counts[max(0, at - 96) : at] for at in range(24, len(counts))]
    return np.array(
        [-9.0] * 24 + [(now - part.mean()) / max(1, part.std()) for now, part in zip(counts[24:], parts, strict=True)]
    )


def by_median(counts: Any) -> Any:
    """Score each hour by median and median deviation of the eight before it."""
    parts = [counts[at - 8 : at] for at in range(8, len(counts))]
    spread = [max(1.0, 1.4826 * np.median(abs(part - np.median(part)))) for part in parts]
    return np.array(
        [-9.0] * 8 + [(now - np.median(part)) / wide for now, part, wide in zip(counts[8:], parts, spread, strict=True)]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("planted", "shuffled", "volume"))
    {"planted": planted, "shuffled": shuffled, "volume": volume}[parser.parse_args().part]()
