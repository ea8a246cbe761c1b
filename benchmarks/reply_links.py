"""Reply links in IRC logs: link F, speed, and the fitting of the weights.

The metric is the published one (Kummerfeld et al. 2019, ACL): precision, recall and F of links over the
annotated lines, a line that starts a conversation being linked to itself. Notices ("=== ann has joined") are lines too;
they are linked to themselves.

    python benchmarks/reply_links.py DEV                    shipped weights (fitted to DEV), baseline, lines a second
    python benchmarks/reply_links.py DEV --cross-validate   weights fitted to other files (needs torch),
                                                            and what the links do for retrieval
    python benchmarks/reply_links.py DEV --fit OUT.npz      fit weights to all files (needs torch)

DEV is the folder ``irc_disentanglement/dev``.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from masa_rag.sources._irc.lines import parse_line
from masa_rag.sources._threads.cues import CUES, WINDOW, PairCues
from masa_rag.sources._threads.lines import read_lines
from masa_rag.sources._threads.links import reply_links
from masa_rag.types import Segment

PASSAGE, BUDGET = 800, 2_400  # characters of a passage, and of the context found for a query
HIDDEN, EPOCHS, DROPOUT, DECAY, RATE, BATCH, SEED, FOLDS = 24, 12, 0.2, 0.02, 5e-3, 64, 0, 5


@dataclass
class Log:
    """One annotated file: its messages, where they are in the file, and the annotated links."""

    name: str
    segments: list[Segment]
    rows: list[int]
    gold: dict[int, set[int]]

    @cached_property
    def places(self) -> dict[int, int]:
        """Line of the file -> place among the messages."""
        return {row: place for place, row in enumerate(self.rows)}

    @property
    def annotated(self) -> list[int]:
        """Lines that are linked back in the annotation, the block that was annotated in full."""
        return sorted(line for line in self.gold if line >= 1000)


def load(path: Path) -> Log:
    """Read a log and its annotation; the day is of no account, only that time goes on."""
    segments, rows = [], []
    day, last = datetime(2004, 1, 1, tzinfo=UTC), 0
    text = path.read_text(encoding="utf-8", errors="replace").removesuffix("\n")
    for number, raw in enumerate(text.split("\n")):
        line = parse_line(raw)
        if line.author is None or line.clock is None:
            continue
        day += timedelta(days=line.clock.seconds < last - 21_600)
        last = line.clock.seconds
        segments.append(Segment(line.text or "-", author=line.author, created_at=day + timedelta(seconds=last)))
        rows.append(number)
    gold: dict[int, set[int]] = defaultdict(set)
    for raw in path.with_name(path.name.replace(".ascii.", ".annotation.")).read_text().splitlines():
        first, second = sorted(map(int, raw.split()[:2]))
        gold[second].add(first)
    return Log(path.name, segments, rows, dict(gold))


def predicted(log: Log, links: list[int | None]) -> dict[int, int]:
    """Return the link of each annotated line, itself where there is none."""
    found = {log.rows[index]: log.rows[link] for index, link in enumerate(links) if link is not None}
    return {line: found.get(line, line) for line in log.annotated}


def link_f(logs: list[Log], links: list[dict[int, int]]) -> dict[str, float]:
    """Return precision, recall and F in percent over all files."""
    gold = sum(len(targets) for log in logs for targets in log.gold.values())
    auto = sum(map(len, links))
    pairs = [(log.gold[line], target) for log, found in zip(logs, links, strict=True) for line, target in found.items()]
    hits = sum(target in right for right, target in pairs)
    return {
        "precision": round(100 * hits / auto, 2),
        "recall": round(100 * hits / gold, 2),
        "f": round(200 * hits / (auto + gold), 2),
    }


def previous(log: Log) -> dict[int, int]:
    """Link each message to the one before it, notices to themselves: the baseline."""
    before = dict(zip(log.rows[1:], log.rows[:-1], strict=True))
    return {line: before.get(line, line) for line in log.annotated}


def blocks(log: Log) -> Iterator[tuple[Any, Any]]:
    """Yield the cues of all messages, and which candidates exist, some messages at a time."""
    cues = PairCues(read_lines(log.segments))
    for start in range(0, len(log.rows), 256):
        yield cues.block(start, min(start + 256, len(log.rows)))


def examples(log: Log) -> tuple[Any, Any, Any]:
    """Return cues, which candidates exist, and which are right, of the annotated messages."""
    values, valid = map(np.concatenate, zip(*blocks(log), strict=True))
    wanted = [log.places[line] for line in log.annotated if line in log.places]
    right = np.zeros((len(wanted), WINDOW + 1), bool)
    for position, index in enumerate(wanted):
        for target in log.gold[log.rows[index]]:
            column = log.places.get(target, -WINDOW - 1) - index + WINDOW
            if column >= 0:
                right[position, column] = True
    return values[wanted], valid[wanted], right


def fit(parts: list[tuple[Any, Any, Any]]) -> tuple[Any, Any, Any]:
    """Fit the network: the largest probability for the right candidates of each line (softmax over candidates)."""
    import torch

    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    values, valid, right = (torch.tensor(np.concatenate([part[place] for part in parts])) for place in range(3))
    known = right.any(1)
    values, valid, right = values[known], valid[known], right[known]
    first, last = torch.nn.Linear(CUES, HIDDEN), torch.nn.Linear(HIDDEN, 1, bias=False)
    model = torch.nn.Sequential(first, torch.nn.ReLU(), torch.nn.Dropout(DROPOUT), last)
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS * -(-len(values) // BATCH))
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(values)).split(BATCH):
            scores = torch.log_softmax(model(values[rows])[..., 0].masked_fill(~valid[rows], -1e9), 1)
            loss = -torch.logsumexp(scores.masked_fill(~right[rows], -1e9), 1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    hidden, bias, output = (item.detach().numpy() for item in model.parameters())
    return hidden.T.copy(), bias, output[0]


def unseen_links(logs: list[Log]) -> list[list[int | None]]:
    """Return the links of all messages of each log, by weights that were fitted without it."""
    parts = [examples(log) for log in logs]
    fits = [fit([part for place, part in enumerate(parts) if place % FOLDS != fold]) for fold in range(FOLDS)]
    return [_links(log, fits[number % FOLDS]) for number, log in enumerate(logs)]


def _links(log: Log, weights: tuple[Any, Any, Any]) -> list[int | None]:
    hidden, bias, output = weights
    scores = [np.where(valid, np.maximum(values @ hidden + bias, 0) @ output, -np.inf) for values, valid in blocks(log)]
    chosen = np.concatenate(scores).argmax(1).tolist()
    return [row - WINDOW + best if best < WINDOW else None for row, best in enumerate(chosen)]


def passages(log: Log, groups: list[list[int]]) -> list[list[int]]:
    """Cut each group of messages into passages of at most PASSAGE characters."""
    found: list[list[int]] = []
    for group in groups:
        size = PASSAGE
        for index in group:
            length = _length(log, [index])
            if size + length > PASSAGE or index == group[0]:
                found.append([])
                size = 0
            found[-1].append(index)
            size += length
    return found


def _length(log: Log, passage: list[int]) -> int:
    return sum(len(log.segments[index].text) + len(log.segments[index].author or "") + 3 for index in passage)


def conversations(links: list[int | None]) -> list[list[int]]:
    """Return the groups of linked messages."""
    groups: list[list[int]] = []
    group_of: list[list[int]] = []
    for index, link in enumerate(links):
        group = [] if link is None else group_of[link]
        if not group:
            groups.append(group)
        group.append(index)
        group_of.append(group)
    return groups


def recalled(log: Log, groups: list[list[int]]) -> list[float]:
    """For each annotated conversation: how much of it stands in the BUDGET characters found for its first line.

    Passages of the groups are ranked by BM25 (k1 1.2, b 0.75); the first line itself does not count.
    """
    cut = passages(log, groups)
    bags = [Counter(word for index in passage for word in _words(log, index)) for passage in cut]
    frequency = Counter(word for bag in bags for word in bag)
    weights = {word: math.log(1 + (len(cut) - count + 0.5) / (count + 0.5)) for word, count in frequency.items()}
    shares = []
    for first, others in asked(log):
        scores = _bm25(set(_words(log, first)), bags, weights)
        seen: set[int] = set()
        left = BUDGET
        for place in sorted(range(len(cut)), key=lambda place: -scores[place]):
            left -= _length(log, cut[place])
            if left < 0:
                break
            seen.update(cut[place])
        shares.append(len(seen & others) / len(others))
    return shares


def _bm25(query: set[str], bags: list[Counter[str]], weights: dict[str, float]) -> list[float]:
    sizes = [bag.total() for bag in bags]
    mean = sum(sizes) / len(sizes)
    return [
        sum(
            weights[word] * bag[word] * 2.2 / (bag[word] + 1.2 * (0.25 + 0.75 * size / mean))
            for word in query & bag.keys()
        )
        for bag, size in zip(bags, sizes, strict=True)
    ]


def asked(log: Log) -> Iterator[tuple[int, set[int]]]:
    """Yield the first message and the others of each annotated conversation that is long enough to be asked for."""
    for first, *others in _annotated_conversations(log):
        if len(others) >= 2 and len(set(_words(log, first))) >= 4:
            yield first, set(others)


def _words(log: Log, index: int) -> list[str]:
    return re.findall(r"\w{2,}", f"{log.segments[index].author} {log.segments[index].text}".lower())


def _annotated_conversations(log: Log) -> list[list[int]]:
    links: list[int | None] = [None] * len(log.rows)
    for line, targets in log.gold.items():
        earlier = [log.places[target] for target in targets if target in log.places and target < line]
        if line in log.places and earlier:
            links[log.places[line]] = max(earlier)
    return conversations(links)


def shipped(logs: list[Log]) -> dict[str, Any]:
    """Return what the shipped weights find, and how fast."""
    started, cpu = time.perf_counter(), time.process_time()
    found = [predicted(log, reply_links(log.segments)) for log in logs]
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    lines = sum(len(log.segments) for log in logs)
    return {
        "files": len(logs),
        "annotated_lines": sum(len(log.annotated) for log in logs),
        "previous_line": link_f(logs, [previous(log) for log in logs]),
        "shipped_weights_fitted_to_these_files": link_f(logs, found),
        "lines_per_second": round(lines / seconds),
        "lines_per_cpu_second": round(lines / cpu),
    }


def cross_validated(logs: list[Log]) -> dict[str, Any]:
    """Return what weights find that were fitted to other files, and what the links do for retrieval."""
    links = unseen_links(logs)
    by_time = [share for log in logs for share in recalled(log, [list(range(len(log.rows)))])]
    by_talk = [share for log, found in zip(logs, links, strict=True) for share in recalled(log, conversations(found))]
    return {
        "files": len(logs),
        "cross_validated": link_f(logs, [predicted(log, found) for log, found in zip(logs, links, strict=True)]),
        "conversations": len(by_time),
        "recalled_without_links": round(fmean(by_time), 3),
        "recalled_with_links": round(fmean(by_talk), 3),
    }


def main() -> None:
    """Print one JSON object with what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cross-validate", action="store_true")
    parser.add_argument("--fit", type=Path)
    options = parser.parse_args()
    logs = [load(path) for path in sorted(options.folder.glob("*.ascii.txt"))]
    if options.fit is not None:
        hidden, bias, output = fit([examples(log) for log in logs])
        np.savez(options.fit, hidden=hidden, bias=bias, output=output)
        return
    print(json.dumps(cross_validated(logs) if options.cross_validate else shipped(logs), indent=2))


if __name__ == "__main__":
    main()
