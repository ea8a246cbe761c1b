"""What others than its author write on a page: customers who review what is sold, readers who comment on an article.

Reviews read like the best of prose, so a block model takes them for the main text and the description of the
product for what stands around it. They are no text of the shop's. Two witnesses are asked: the name that the
page's author gave to the section, and the heading it begins with. On 369 public pages they name 8 sections of
reviews, of which people marked nothing as main text but the summary of the stars on one; what else they name
are menus that lead to reviews.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from masa_rag.sources._pages.blocks import Block, Node
from masa_rag.sources._pages.marks import mark_bits, names_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

_REVIEW = mark_bits("review")
_NAME = re.compile(r"(?<!p)review(?!e[dr]|ing)|bewertung|rezension", re.I)
_HEADING = re.compile(
    r"(?:\d[\d,.]*\s|(?:all|top|our|most|helpful|latest|recent|verified|customer(?:s|[’']s|s[’'])?|users?|products?|buyers?|guests?"
    r"|shoppers?|owners?|community|ratings?|stars?|&|and)\s)*"
    r"(?:reviews?|ratings?)(?:$|\W+\d|\W*\(|\W+(?:for|of|from|by|and|with|ratings?)\b)"
    r"|(?:\w+\s)?(?:kunden|produkt)?(?:bewertungen|rezensionen|meinungen)\b|avis (?:clients?|des clients)\b"
    r"|opiniones de\b|recensioni dei\b|beoordelingen\b",
    re.I,
)
_COMMENTS = re.compile(
    r"(?:^|\s)(?:comments?(?:-(?:area|list|section|wrapper|container))?|commentlist|respond|disqus_thread)(?:\s|$)",
    re.I,
)
_HEADING_WORDS = 16
_BEFORE_HEADING = 3
_LEAST_BLOCKS = 4
MOST_OF_PAGE = 2 / 3
"""A page of which they are a larger share is about them."""


def leave_comments(blocks: list[Block], nodes: list[Node], probabilities: NDArray[np.float32]) -> None:
    """Make improbable, in place, what readers wrote below an article: its author did not say it."""
    sections = (node for node in nodes if _COMMENTS.search(names_in(node.element)) and node.tag not in ("html", "body"))
    _leave(sections, blocks, probabilities)


def leave_reviews(blocks: list[Block], nodes: list[Node], probabilities: NDArray[np.float32]) -> None:
    """Make improbable, in place, the blocks of sections in which customers review something."""
    _leave((node for node in nodes if node.own_marks & _REVIEW and _holds_reviews(node, blocks)), blocks, probabilities)


def _leave(sections: Iterable[Node], blocks: list[Block], probabilities: NDArray[np.float32]) -> None:
    inside = np.zeros(len(blocks), dtype=bool)
    for node in sections:
        inside[node.first : node.last] = True
    if inside.any():
        words = np.array([len(block.words) for block in blocks])
        if words[inside].sum() <= MOST_OF_PAGE * words.sum():
            probabilities[inside] = 0.0


def _holds_reviews(node: Node, blocks: list[Block]) -> bool:
    if node.last - node.first < _LEAST_BLOCKS or node.tag in ("html", "body"):
        return False
    if not _NAME.search(names_in(node.element)):
        return False
    begin = blocks[node.first : min(node.first + 1 + _BEFORE_HEADING, node.last)]
    return any(len(block.words) <= _HEADING_WORDS and _HEADING.match(block.text) for block in begin)
