"""The block model: which blocks of a page are its main text.

A small ensemble of decision trees (gradient boosting; Friedman, "Greedy function approximation",
2001), trained by ``benchmarks/train_web_blocks.py`` and stored as plain JSON numbers. There are two
models: one that sees what another extractor took (``voted``), and one that does without (``alone``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BlockModel:
    """Trees side by side; ``feature[t, n]`` is what node n of tree t asks, -1 in a leaf.

    Attributes:
        feature: Which column is compared, shape (trees, nodes).
        threshold: A row goes left where its value is at most this.
        left: The node to the left; a leaf names itself.
        right: The node to the right; a leaf names itself.
        value: What a leaf adds to the log-odds.
        base: The log-odds before the first tree.
        depth: Questions on the longest path.
    """

    feature: Numbers
    threshold: Floats
    left: Numbers
    right: Numbers
    value: Floats
    base: float
    depth: int

    def probabilities(self, rows: Floats) -> Floats:
        """Return for each row, shape (n, features), the probability that the block is main text."""
        trees = np.arange(self.feature.shape[0])
        place = np.zeros((rows.shape[0], trees.size), dtype=np.int64)
        lines = np.arange(rows.shape[0])[:, None]
        for _ in range(self.depth):
            asked = rows[lines, self.feature[trees, place]]
            goes_left = asked <= self.threshold[trees, place]
            place = np.where(goes_left, self.left[trees, place], self.right[trees, place])
        odds = self.base + self.value[trees, place].sum(axis=1)
        return (1.0 / (1.0 + np.exp(-odds))).astype(np.float32)  # type: ignore[no-any-return]


@lru_cache(maxsize=2)
def load_model(name: Literal["voted", "alone"]) -> BlockModel:
    """Return a model that comes with the package."""
    file = resources.files("masa_rag.sources").joinpath("_extract_model.json")
    stored = json.loads(file.read_text(encoding="utf-8"))[name]
    return BlockModel(
        feature=np.array(stored["feature"]),
        threshold=np.array(stored["threshold"], dtype=np.float32),
        left=np.array(stored["left"]),
        right=np.array(stored["right"]),
        value=np.array(stored["value"], dtype=np.float32),
        base=stored["base"],
        depth=stored["depth"],
    )


def choose(probabilities: Floats, words: Floats) -> tuple[NDArray[np.bool_], float]:
    """Return which blocks to take so that the expected word F1 is highest, and that F1.

    The blocks are taken from the most to the least probable; the best place to stop follows from
    the probabilities themselves (Lewis, "Evaluating and optimizing autonomous text classification
    systems", 1995), so a page about which the model is unsure is cut generously.
    """
    order = np.argsort(-probabilities, kind="stable")
    weight = words[order]
    hits = np.cumsum(probabilities[order] * weight)
    expected = 2 * hits / (np.cumsum(weight) + hits[-1])
    last = int(np.argmax(expected))
    taken = np.zeros(len(words), dtype=bool)
    taken[order[: last + 1]] = True
    return taken, float(expected[last])
