"""Where a block stands from the two points around which a page's main text lies: its heading and its longest prose.

And what sort of page it is by its address: sites of one sort name the parts of their addresses alike.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from masa_rag.sources._pages.blocks import is_in_h1
from masa_rag.sources._pages.table import Table, running_sum

if TYPE_CHECKING:
    from masa_rag.sources._pages.table import Values

_PLACES = tuple(
    re.compile(pattern)
    for pattern in (
        r"/(?:products?|p|dp|item|itm|pd)/",
        r"/(?:collections?|category|categories|c|shop|cat|browse|b)/",
        r"/(?:forums?|threads?|topics?|t|questions|comments|discussion|talk|viewtopic|showthread)",
        r"/(?:blog|news|articles?|posts?|stories|story|20\d\d)/",
        r"/(?:docs?|documentation|guides?|reference|api|manual|learn|tutorial|wiki)/",
        r"/(?:services?|solutions?|features?|pricing|about)",
        r"-\d{4,}|\d{5,}",
    )
)
"""Names that shops, boards, magazines, manuals and companies give to the parts of their addresses."""


def address_facts(address: str) -> list[float]:
    """Return whether an address is known, how deep its path is, and which of the usual names it has."""
    try:
        path = f"{urlsplit(address).path}/".lower().replace("//", "/") if address else ""
    except ValueError:
        path = ""
    if not path:
        return [0.0, -1.0] + [0.0] * len(_PLACES)
    depth = min(6, sum(1 for part in path.split("/") if part))
    return [1.0, float(depth), *(float(place.search(path) is not None) for place in _PLACES)]


def anchor_columns(table: Table) -> list[Values]:
    """Return how far each block is from the heading and from the main prose, in the tree and in words."""
    heading = next((number for number, block in enumerate(table.blocks) if is_in_h1(block)), None)
    nowhere = np.full(table.size, -1.0)
    from_heading = table.shared_with(heading) if heading is not None else (nowhere, nowhere)
    main = table.main_node()
    inside = np.zeros(table.size)
    inside[main.first : main.last] = 1.0
    prose = table.prose[main.first : main.last]
    longest = main.first + int(prose.argmax()) if prose.size else 0
    share = prose.sum() / max(table.prose.sum(), 1.0)
    from_prose = table.shared_with(longest)
    return [*from_heading, inside, _away(table, main.first, main.last), *from_prose, np.full(table.size, share)]


def _away(table: Table, first: int, last: int) -> Values:
    """Return the words between each block and a range of blocks, as a signed logarithm; 0 inside."""
    before, place = running_sum(table.words), np.arange(table.size)
    distance = np.where(place < first, before[place] - before[first], 0.0)
    distance = np.where(place >= last, before[place] - before[last], distance)
    return np.sign(distance) * np.log1p(np.abs(distance))
