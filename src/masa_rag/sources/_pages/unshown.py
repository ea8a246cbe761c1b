"""What a page's JSON-LD says and the page itself does not: descriptions and articles that scripts would show."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress, pairwise
from typing import TYPE_CHECKING

from masa_rag.sources._pages.blocks import Block
from masa_rag.sources._pages.words import words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEAST_DESCRIPTION = 20
_LEAST_ARTICLE = 10
MOST_BESIDE = 4
"""A page that says more than this many times the words of its product's description has one of its own."""


def unshown_description(description: str | None, blocks: list[Block], taken: NDArray[np.bool_]) -> str | None:
    """Return what the page's JSON-LD says of its product, if scripts would show it and nothing like it is shown.

    That is so where the page holds less than half of it, and little else: at most MOST_BESIDE times as many words
    were taken. None where nothing was taken: such a page is reported as one that scripts fill in.
    """
    words = words_of(description or "")
    beside = sum(len(block.words) for block in compress(blocks, taken))
    if len(words) < _LEAST_DESCRIPTION or not 0 < beside <= MOST_BESIDE * len(words):
        return None
    return None if _is_shown(words, blocks) else description


def unshown_article(article: str | None, blocks: list[Block], taken: NDArray[np.bool_]) -> str | None:
    """Return the article in the page's JSON-LD, if the main text is not half as long and holds less than half of it.

    So do pages that scripts fill in, and those that show the first paragraphs only. None where ``blocks`` hold the
    most of it: then the page shows it.
    """
    words = words_of(article or "")
    beside = sum(len(block.words) for block in compress(blocks, taken))
    if len(words) < _LEAST_ARTICLE or 2 * beside > len(words):
        return None
    return None if _is_shown(words, blocks) else article


def _is_shown(words: list[str], blocks: Iterable[Block]) -> bool:
    """Say whether at least half of the pairs of words stand on the page."""
    shown = set(pairwise(word for block in blocks for word in block.words))
    missing = sum(pair not in shown for pair in pairwise(words))
    return 2 * missing <= len(words)
