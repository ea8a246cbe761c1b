"""Train the block model on half of the pages of a web extraction benchmark.

    python benchmarks/train_web_blocks.py ../shared/data/web_extraction

The half is fixed by the SHA-256 of the page's number (the even ones), so that the other half stays unseen; the
benchmark reports both. Writes ``src/masa_rag/sources/_extract_model.json``. Needs scikit-learn.
Forum pages that are read as threads never reach the model and are left out.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from masa_rag.sources._extract import other_text, page_blocks, parse_page
from masa_rag.sources._extract_blocks import WORD
from masa_rag.sources._extract_features import features, shares_taken, with_votes
from masa_rag.sources._extract_forum import read_thread
from masa_rag.sources._extract_meta import Head

TREES, LEAVES, RATE = 220, 4, 0.07
TARGET = Path(__file__).parents[1] / "src/masa_rag/sources/_extract_model.json"


def is_for_training(page_id: str) -> bool:
    return int(hashlib.sha256(page_id.encode()).hexdigest(), 16) % 2 == 0


def rows(folder: Path):
    """Yield (features without votes, features with votes, labels, weights) of each training page."""
    for path in sorted((folder / "dev/html").glob("*.html.gz")):
        page_id = path.name.split(".")[0]
        if not is_for_training(page_id):
            continue
        truth = json.loads((folder / f"dev/ground-truth/{page_id}.json").read_text())["ground_truth"]["main_content"]
        head = Head(parse_page(gzip.decompress(path.read_bytes())))
        blocks, nodes = page_blocks(head.tree)
        if not blocks or read_thread(head):
            continue
        words = np.array([len(block.words) for block in blocks])
        weights = words / max(300, len(WORD.findall(truth))) * 100
        facts = head.facts()
        votes = shares_taken(blocks, other_text(head.tree))
        labels = shares_taken(blocks, truth) > 0.5
        table = features(blocks, nodes, facts)
        yield table, with_votes(table, blocks, nodes, votes), labels, weights


def train(table: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> dict:
    model = HistGradientBoostingClassifier(
        max_iter=TREES, learning_rate=RATE, max_leaf_nodes=LEAVES, l2_regularization=10.0, min_samples_leaf=40,
        max_features=0.2, max_bins=63, early_stopping=False, random_state=0,
    ).fit(table, labels, sample_weight=weights)  # fmt: skip
    return export(model)


def export(model: HistGradientBoostingClassifier) -> dict:
    trees = [stage[0].nodes for stage in model._predictors]
    size = max(len(tree) for tree in trees)
    stored = {name: [] for name in ("feature", "threshold", "left", "right", "value")}
    for tree in trees:
        own = np.arange(size)
        leaf = np.concatenate((tree["is_leaf"].astype(bool), np.ones(size - len(tree), dtype=bool)))
        fill = [0] * (size - len(tree))
        column = {name: np.concatenate((tree[name], fill)) for name in tree.dtype.names if name != "bitset_idx"}
        stored["feature"].append(np.where(leaf, 0, column["feature_idx"]).astype(int).tolist())
        stored["threshold"].append([float(f"{value:.6g}") for value in np.where(leaf, 0, column["num_threshold"])])
        stored["left"].append(np.where(leaf, own, column["left"]).astype(int).tolist())
        stored["right"].append(np.where(leaf, own, column["right"]).astype(int).tolist())
        stored["value"].append([float(f"{value:.5g}") for value in np.where(leaf, column["value"], 0)])
    depth = max(int(tree["depth"].max()) for tree in trees)
    return {**stored, "base": float(np.ravel(model._baseline_prediction)[0]), "depth": depth}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    found = list(rows(parser.parse_args().folder))
    alone, voted, labels, weights = (np.concatenate(column) for column in zip(*found, strict=True))
    models = {"alone": train(alone, labels, weights), "voted": train(voted, labels, weights)}
    TARGET.write_text(json.dumps(models, separators=(",", ":")) + "\n")
    print(f"{len(found)} pages, {len(labels)} blocks -> {TARGET} ({TARGET.stat().st_size:,} bytes)")


if __name__ == "__main__":
    main()
