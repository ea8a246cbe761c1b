"""The blocks and elements of a page as numbers side by side, with sums over subtrees and neighbourhoods.

The blocks below an element are neighbours in reading order, so every sum over a subtree is the
difference of two running sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from masa_rag.sources._pages.blocks import Block, Node

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Values = NDArray[np.float64]

LEVELS = 7
"""How many elements above a block are looked at."""
MANY_STEPS = 40
"""How far up a common ancestor is looked for; the body is nearer on all but the most nested pages."""
_PROSE_WORDS, _MOST_WORDS = 9, 200
_FADES = 0.6


class Table:
    """The numbers of one page.

    Attributes:
        size: How many blocks there are.
        words: Words of each block.
        links: How many of them are links.
        prose: The words of blocks that are sentences rather than labels: at least nine words, mostly not links.
        own: The number of each block's node.
        levels: For each level, the node that many steps above each block's own.
    """

    def __init__(self, blocks: list[Block], nodes: list[Node]) -> None:
        self.size = len(blocks)
        self.nodes, self.blocks = nodes, blocks
        self.words = np.array([len(block.words) for block in blocks], dtype=np.float64)
        self.links = np.array([block.link_words for block in blocks], dtype=np.float64)
        is_prose = (self.words >= _PROSE_WORDS) & (self.links < 0.4 * self.words)
        self.prose = np.where(is_prose, self.words, 0.0)
        self.own = np.array([block.node.number for block in blocks])
        self.first = np.array([node.first for node in nodes])
        self.last = np.array([node.last for node in nodes])
        self.up = np.array([node.parent.number if node.parent is not None else 0 for node in nodes])
        self.levels = [self.own]
        for _ in range(LEVELS - 1):
            self.levels.append(self.up[self.levels[-1]])

    def sums(self, values: Values) -> Values:
        """Return for each node the sum of a block column over all blocks below it."""
        running = running_sum(values)
        return running[self.last] - running[self.first]  # type: ignore[no-any-return]

    def around(self, values: Values, reach: int) -> Values:
        """Return the sum over the blocks at most ``reach`` away, the block itself left out."""
        running, place = running_sum(values), np.arange(self.size)
        high, low = np.minimum(place + reach + 1, self.size), np.maximum(place - reach, 0)
        return running[high] - running[low] - values

    def main_node(self) -> Node:
        """Return the element that the page's sentences point at.

        Each block of prose gives its words to the elements above it, less to the farther ones, as in
        the bookmarklet Readability (arc90, 2009); the element that got most is returned.
        """
        given = np.minimum(self.prose, _MOST_WORDS)
        scores = np.zeros(len(self.nodes))
        for step, node in enumerate(self.levels[:5]):
            is_new = node != self.levels[step - 1] if step else np.ones(self.size, dtype=bool)
            scores += np.bincount(node, weights=given * is_new * _FADES**step, minlength=len(self.nodes))
        return self.nodes[int(scores.argmax())]

    def shared_with(self, anchor: int) -> tuple[Values, Values]:
        """Return for each block how many steps above it the first element stands that holds block ``anchor`` as well.

        The second array is the share of the page's words in that element.
        """
        share = self.sums(self.words) / max(self.words.sum(), 1.0)
        holds = (self.first <= anchor) & (self.last > anchor)
        place, steps = self.own, np.zeros(self.size)
        for _ in range(MANY_STEPS):
            waits = ~holds[place]
            if not waits.any():
                break
            steps += waits
            place = np.where(waits, self.up[place], place)
        return steps, np.where(holds[place], share[place], 0.0)


def running_sum(values: Values) -> Values:
    """Return the sums of the first 0, 1, 2… values."""
    return np.concatenate(([0.0], np.cumsum(values)))
