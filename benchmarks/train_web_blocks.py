"""Train the block model on the pages of a web extraction benchmark.

    python benchmarks/train_web_blocks.py ../shared/data/web_extraction
    python benchmarks/train_web_blocks.py ../shared/data/web_extraction --folds build/web_folds.json

The first writes ``src/masa_rag/sources/_pages/model.json``, trained on all pages. The second trains one model
for each of FOLDS parts of the pages, without that part; ``web_extraction.py --folds`` measures each page with the
model that has not seen it, nor any other page of its site. Needs LightGBM.

Forum pages that are read as threads never reach the model and are left out. A block counts as main text when most
of its words stand in the ground truth in the same order; it weighs its words, so that the model learns for word F1.

Tried on pages whose sites the model had not seen (word F1 .876 over three divisions of the sites with three
seeds each, before reviews and folds were told apart .871; one division and seed is .002 to .004 off by chance,
a type of 30 pages .02, so that one run says little), and no better: a second extractor's choice and the model's
own first answers as features; a linear model of class names, headings and words, as a feature, blended or on top;
overlap with JSON-LD; sums over repeated cards; a convolutional network; weights by type of page; models of random
halves of the pages; two or four models averaged; training on the quick reading as well; reviews left out before
the model instead of after it; a rule for sections of related things, which the model leaves out by itself.

Of what is lost on the 30 pages of products (.32 on average), half is not to be had: the truth is empty, ends after
the first screen, or holds the words of buttons and dialogues.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import lightgbm
import numpy as np
from web_pages import FOLDS, samples

from masa_rag.sources._pages.blocks import Block
from masa_rag.sources._pages.extract import page_blocks
from masa_rag.sources._pages.features import features
from masa_rag.sources._pages.forum import read_thread
from masa_rag.sources._pages.meta import Head
from masa_rag.sources._pages.model import MAX_LEAVES
from masa_rag.sources._pages.parse import parse_page
from masa_rag.sources._pages.words import words_of

TREES = 220
SETTINGS = {
    "objective": "binary", "num_leaves": MAX_LEAVES, "learning_rate": 0.05, "lambda_l2": 10.0, "min_data_in_leaf": 40,
    "feature_fraction_bynode": 0.2, "max_bin": 63, "num_threads": 1, "seed": 0, "deterministic": True, "verbose": -1,
}  # fmt: skip
"""Chosen by cross-validation. 4 leaves: .859; 16: .861; two or three models averaged: the same; soft labels: .858."""
TARGET = Path(__file__).parents[1] / "src/masa_rag/sources/_pages/model.json"


def rows(folder: Path):
    """Yield (part, features, labels, weights) of each page."""
    for page in samples(folder):
        truth = page.truth["main_content"]
        head = Head(parse_page(page.html))
        blocks, nodes = page_blocks(head.tree)
        if not blocks or read_thread(head):
            continue
        words = np.array([len(block.words) for block in blocks])
        weights = words / max(300, len(words_of(truth))) * 100
        labels = shares_taken(blocks, truth) > 0.5
        yield page.fold, features(blocks, nodes, head.facts()).T, labels, weights


def shares_taken(blocks: list[Block], text: str) -> np.ndarray:
    """Return for each block the share of its words that a text holds, 0 to 1.

    Long blocks are compared by runs of four words, short ones as a whole and as often as they
    occur there; one or two words count only as a line of their own or between blocks that were taken.
    """
    words = words_of(text)
    joined = f" {' '.join(words)} "
    lines = {" ".join(words_of(line)) for line in text.lower().splitlines()}
    runs = set(zip(words, words[1:], words[2:], words[3:], strict=False))
    seen: Counter[str] = Counter()
    shares = np.zeros(len(blocks), dtype=np.float32)
    for number, block in enumerate(blocks):
        own = " ".join(block.words)
        shares[number] = _share(block.words, own, joined, lines, runs, seen[own])
        seen[own] += 1
    for number in map(int, np.flatnonzero(shares == 0)):
        near = np.concatenate((shares[max(0, number - 2) : number], shares[number + 1 : number + 3]))
        if len(blocks[number].words) < 3 and near.size and near.mean() >= 0.5:
            shares[number] = 0.8 * (f" {' '.join(blocks[number].words)} " in joined)
    return shares


def _share(words: list[str], own: str, joined: str, lines: set[str], runs: set[tuple[str, ...]], before: int) -> float:
    if len(words) >= 8:
        own_runs = list(zip(words, words[1:], words[2:], words[3:], strict=False))
        if before and joined.count(f" {' '.join(words[:6])} ") <= before:
            return 0.0
        return sum(run in runs for run in own_runs) / len(own_runs)
    if len(words) < 3 and own not in lines:
        return 0.0
    return float(joined.count(f" {own} ") > before)


def train(parts: list[tuple]) -> dict:
    table, labels, weights = (np.concatenate(column) for column in list(zip(*parts, strict=True))[1:])
    data = lightgbm.Dataset(table, labels.astype(int), weight=weights, params=SETTINGS)
    return export(lightgbm.train(SETTINGS, data, TREES))


def export(model: lightgbm.Booster) -> dict:
    """Return the trees as ``BlockModel`` wants them."""
    size = (MAX_LEAVES - 1, TREES)
    stored = {"feature": np.zeros(size, int), "threshold": np.zeros(size), "struck": np.full(size, 255)}
    value = np.zeros((TREES, MAX_LEAVES))
    for number, tree in enumerate(model.dump_model()["tree_info"]):
        questions: list[tuple[int, float, int]] = []
        leaves: list[float] = []
        _walk(tree["tree_structure"], questions, leaves)
        value[number, : len(leaves)] = leaves
        for place, (feature, threshold, struck) in enumerate(questions):
            stored["feature"][place, number] = feature
            stored["threshold"][place, number] = _below(threshold)
            stored["struck"][place, number] = struck
    lists = {name: array.tolist() for name, array in stored.items()}
    lists["threshold"] = [[float(f"{item:.9g}") for item in row] for row in lists["threshold"]]
    return {**lists, "value": [[float(f"{item:.4g}") for item in row] for row in value.tolist()], "base": 0.0}


def _walk(node: dict, questions: list[tuple[int, float, int]], leaves: list[float]) -> None:
    """Add a tree's leaves from left to right, and for each question the leaves that stay when the answer is no."""
    if "leaf_value" in node:
        leaves.append(node["leaf_value"])
        return
    first = len(leaves)
    _walk(node["left_child"], questions, leaves)
    struck = sum(1 << leaf for leaf in range(first, len(leaves)))
    questions.append((node["split_feature"], node["threshold"], 255 & ~struck))
    _walk(node["right_child"], questions, leaves)


def _below(threshold: float) -> float:
    """Return the largest 32-bit number that is not above the threshold: features are 32-bit numbers."""
    near = np.float32(threshold)
    return float(near if near <= threshold else np.nextafter(near, np.float32(-np.inf)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--folds", type=Path, help="write the models of the parts to this file instead")
    given = parser.parse_args()
    found = list(rows(given.folder))
    if given.folds is None:
        stored, target = train(found), TARGET
    else:
        stored = [train([part for part in found if part[0] != fold]) for fold in range(FOLDS)]
        target = given.folds
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(stored, separators=(",", ":")) + "\n")
    print(f"{len(found)} pages, {sum(len(part[2]) for part in found)} blocks -> {target}")


if __name__ == "__main__":
    main()
