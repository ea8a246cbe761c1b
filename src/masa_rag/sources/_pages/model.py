"""The block model: which blocks of a page are its main text.

A small ensemble of decision trees (gradient boosting; Friedman, "Greedy function approximation",
2001), trained by ``benchmarks/train_web_blocks.py`` and stored as plain JSON numbers.

Trees are evaluated side by side, by bit vectors instead of walks (Lucchese and others,
"QuickScorer", SIGIR 2015): every question of a tree that is answered with no strikes out the leaves
to its left, and the first leaf that is left is the one that a walk would have reached.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Numbers = NDArray[np.int64]
    Bytes = NDArray[np.uint8]

MAX_LEAVES = 8
"""Leaves of a tree: one bit each in a byte."""

_AT_ONCE = 2_048
"""Blocks evaluated together: more would only take more memory."""

_FIRST_LEAF = np.array([next((bit for bit in range(8) if byte >> bit & 1), 0) for byte in range(256)], dtype=np.intp)


@dataclass(frozen=True, slots=True)
class BlockModel:
    """Trees side by side, at most MAX_LEAVES leaves each.

    Attributes:
        feature: Which feature question q of tree t asks about, shape (questions, trees).
        threshold: The answer is yes where its value is at most this.
        struck: The leaves that stay when the answer is no, as bits; all stay where a tree has fewer questions.
        value: What a leaf adds to the log-odds, shape (trees, MAX_LEAVES), leaves from left to right.
        base: The log-odds before the first tree.
    """

    feature: Numbers
    threshold: Floats
    struck: Bytes
    value: Floats
    base: float

    def probabilities(self, columns: Floats) -> Floats:
        """Return for each block the probability that it is main text.

        Args:
            columns: One row a feature, one column a block.
        """
        parts = [self._odds(columns[:, first : first + _AT_ONCE]) for first in range(0, columns.shape[1], _AT_ONCE)]
        odds = np.concatenate([np.empty(0, dtype=np.float32), *parts])
        return (1.0 / (1.0 + np.exp(-odds))).astype(np.float32)  # type: ignore[no-any-return]

    def _odds(self, columns: Floats) -> Floats:
        trees, size = self.feature.shape[1], columns.shape[1]
        left = np.full((trees, size), 255, dtype=np.uint8)
        for feature, threshold, struck in zip(self.feature, self.threshold, self.struck, strict=True):
            refused = columns[feature] > threshold[:, None]
            left &= np.where(refused, struck[:, None], np.uint8(255))
        place = _FIRST_LEAF[left] + np.arange(trees)[:, None] * MAX_LEAVES
        return self.base + self.value.ravel()[place].sum(axis=0)  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def load_model() -> BlockModel:
    """Return the model that comes with the package."""
    file = resources.files("masa_rag.sources._pages").joinpath("model.json")
    return model_of(json.loads(file.read_text(encoding="utf-8")))


def model_of(stored: dict[str, Any]) -> BlockModel:
    """Return the model that was stored as JSON values."""
    return BlockModel(
        feature=np.array(stored["feature"], dtype=np.intp),
        threshold=np.array(stored["threshold"], dtype=np.float32),
        struck=np.array(stored["struck"], dtype=np.uint8),
        value=np.array(stored["value"], dtype=np.float32),
        base=float(stored["base"]),
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
