"""What can be measured about each block of a page: the columns that the block model was trained on.

The features are those that two decades of work on main text found useful: text and link density
(Kohlschütter and others, "Boilerplate detection using shallow text features", WSDM 2010), the
position of a block among its neighbours and in the tree, and the names that authors of pages give
to classes and ids. All sums over a subtree are differences of running sums, for the blocks below
an element are neighbours in reading order.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from masa_rag.sources._extract_blocks import MARKS, STRUCTURE, WORD, Block, Node

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Numbers = NDArray[np.int64]

LEVELS = 7
"""How many elements above a block are looked at."""
_WINDOWS = (1, 3, 8)
_TAGS = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "th", "pre", "dt", "dd", "a", "div", "span", "button")
_PRICE = re.compile(r"[$€£¥₹]\s?\d|\d\s?(?:[$€£]|eur\b|usd\b|kr\b)", re.I)
_DATE = re.compile(
    r"\b(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}\b|\b\d{1,2}[/.]\d{1,2}[/.](?:19|20)?\d\d\b"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}\b"
    r"|\b\d+ (?:min|hour|day|week|month|year)s? ago\b",
    re.I,
)
_CONTROLS = frozenset(
    {"cookie", "cookies", "copyright", "rights", "privacy", "terms", "subscribe", "newsletter", "sign", "log", "login"}
    | {
        "cart",
        "bag",
        "read",
        "more",
        "view",
        "all",
        "load",
        "share",
        "follow",
        "related",
        "recommended",
        "also",
        "skip",
    }
    | {"back", "sort", "filter", "filters", "previous", "next", "contact", "reply", "quote", "email", "menu", "search"}
)
"""Words of buttons and links that work the page; they say nothing in a block longer than a dozen words."""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the head of a page tells about the whole page.

    Attributes:
        title: Its title, as found.
        description: Its description.
        kinds: 1.0 or 0.0 for each of KINDS.
    """

    title: str
    description: str
    kinds: tuple[float, ...]


KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("product", ("type:product", "type:productgroup", "type:offer", "og:product", "og:og:product")),
    ("article", ("type:article", "type:newsarticle", "type:blogposting", "type:techarticle", "og:article")),
    ("forum", ("type:discussionforumposting", "type:qapage", "type:question")),
    ("list", ("type:itemlist", "type:collectionpage", "type:searchresultspage")),
    ("service", ("type:service", "type:localbusiness", "type:course", "type:faqpage")),
    ("shop", ("shopify", "woocommerce", "magento", "bigcommerce", "demandware", "prestashop")),
    ("documentation", ("sphinx", "docusaurus", "mkdocs", "readthedocs", "gitbook", "doxygen", "javadoc", "vitepress")),
    ("board", ("discourse", "xenforo", "vbulletin", "phpbb", "invision", "stackexchange", "mybb", "flarum")),
    ("og", ("og:",)),
)
"""Signs of what sort of page it is: schema.org types, Open Graph's type, names of the software that made it."""


def features(blocks: list[Block], nodes: list[Node], facts: PageFacts) -> Floats:
    """Return one row a block.

    Args:
        blocks: The page's blocks in reading order, at least one.
        nodes: The page's nodes.
        facts: What the head says.
    """
    table = _Table(blocks, nodes)
    columns = [*_text_columns(blocks, facts), *table.tree_columns(), *table.sum_columns(table.base_sums())]
    columns.extend(_page_columns(table, facts))
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


def with_votes(rows: Floats, blocks: list[Block], nodes: list[Node], votes: Floats) -> Floats:
    """Return the rows with what another extractor took of each block, and of its surroundings.

    Args:
        rows: What ``features`` returned.
        blocks: The page's blocks.
        nodes: The page's nodes.
        votes: For each block the share of its words that the other took, 0 to 1.
    """
    columns = [votes, *_Table(blocks, nodes).share_columns(votes)]
    added = np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)
    return np.concatenate((rows, added), axis=1)


class _Table:
    """Columns over blocks and nodes, with sums over subtrees and windows."""

    def __init__(self, blocks: list[Block], nodes: list[Node]) -> None:
        self.size = len(blocks)
        self.words = np.array([len(block.words) for block in blocks], dtype=np.float64)
        self.links = np.array([block.link_words for block in blocks], dtype=np.float64)
        self.own = np.array([block.node.number for block in blocks])
        self.first = np.array([node.first for node in nodes])
        self.last = np.array([node.last for node in nodes])
        self.up = np.array([node.parent.number if node.parent is not None else 0 for node in nodes])
        self.nodes, self.blocks = nodes, blocks
        self.levels = self._levels()

    def _levels(self) -> list[Numbers]:
        """Return, for each level, the node that many steps above each block's own."""
        levels = [self.own]
        for _ in range(LEVELS - 1):
            levels.append(self.up[levels[-1]])
        return levels

    def below(self, values: NDArray[np.float64], node: Numbers) -> NDArray[np.float64]:
        """Return the sum of a block column over all blocks below each node."""
        running = np.concatenate(([0.0], np.cumsum(values)))
        return running[self.last[node]] - running[self.first[node]]  # type: ignore[no-any-return]

    def around(self, values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
        """Return the sum over the blocks at most ``reach`` away, the block itself left out."""
        running = np.concatenate(([0.0], np.cumsum(values)))
        place = np.arange(self.size)
        high = np.minimum(place + reach + 1, self.size)
        low = np.maximum(place - reach, 0)
        return running[high] - running[low] - values

    def base_sums(self) -> tuple[NDArray[np.float64], ...]:
        prose = np.where((self.words >= 9) & (self.links < 0.4 * self.words), self.words, 0.0)
        return self.words, self.links, prose

    def sum_columns(self, sums: tuple[NDArray[np.float64], ...]) -> list[NDArray[np.float64]]:
        """Return size, link share and prose share of what is above and around each block."""
        words, links, prose = sums
        total, total_prose = max(words.sum(), 1.0), max(prose.sum(), 1.0)
        columns = []
        for node in self.levels[1:]:
            inside = np.maximum(self.below(words, node), 1.0)
            inside_prose = self.below(prose, node)
            columns += [inside / total, self.below(links, node) / inside, inside_prose / inside]
            columns += [
                inside_prose / total_prose,
                np.log1p(inside / np.maximum(self.last[node] - self.first[node], 1)),
            ]
        for reach in _WINDOWS:
            near = np.maximum(self.around(words, reach), 1.0)
            columns += [np.log1p(near), self.around(links, reach) / near, self.around(prose, reach) / near]
        return columns

    def share_columns(self, values: Floats) -> list[NDArray[np.float64]]:
        """Return the word-weighted mean of a column above, around and over the whole page."""
        weighted = values * self.words
        columns = [weighted.sum() / max(self.words.sum(), 1.0) * np.ones(self.size)]
        for node in self.levels:
            columns.append(self.below(weighted, node) / np.maximum(self.below(self.words, node), 1.0))
        for reach in _WINDOWS:
            columns.append(self.around(weighted, reach) / np.maximum(self.around(self.words, reach), 1.0))
        before = np.concatenate(([0.0], np.cumsum(weighted)[:-1])) / max(weighted.sum(), 1.0)
        return [*columns, before]

    def tree_columns(self) -> list[NDArray[np.float64]]:
        """Return what the elements above each block are, and where it stands in the page."""
        structure = np.array([node.structure for node in self.nodes])[self.own]
        all_marks = np.array([node.marks for node in self.nodes])[self.own]
        own_marks = np.array([node.own_marks for node in self.nodes])
        near_marks = own_marks[self.own] | own_marks[self.levels[1]] | own_marks[self.levels[2]]
        columns = [(structure >> bit & 1).astype(float) for bit in range(len(STRUCTURE))]
        columns += [(all_marks >> bit & 1).astype(float) for bit in range(len(MARKS))]
        columns += [(near_marks >> bit & 1).astype(float) for bit in range(len(MARKS))]
        tags = np.array([_TAGS.index(node.tag) if node.tag in _TAGS else -1 for node in self.nodes])[self.own]
        columns += [(tags == number).astype(float) for number in range(len(_TAGS))]
        columns += [np.array([node.depth for node in self.nodes], dtype=float)[self.own]]
        columns += [np.array([node.hidden for node in self.nodes], dtype=float)[self.own]]
        return [*columns, *self._repeat_columns(), *self._place_columns(tags)]

    def _repeat_columns(self) -> list[NDArray[np.float64]]:
        """Return how often the elements above are repeated beside themselves, and how long one copy is."""
        repeats = np.array([node.repeats for node in self.nodes], dtype=float)
        most, size = np.ones(self.size), np.zeros(self.size)
        for node in self.levels:
            better = repeats[node] > most
            most = np.where(better, repeats[node], most)
            size = np.where(better, self.below(self.words, node), size)
        return [np.log1p(most), np.log1p(size)]

    def _place_columns(self, tags: Numbers) -> list[NDArray[np.float64]]:
        """Return where the block stands: in the page, and from the main and the nearest heading."""
        before = np.concatenate(([0.0], np.cumsum(self.words)[:-1]))
        place = np.arange(self.size)
        heads = np.flatnonzero(tags == _TAGS.index("h1"))
        head = heads[0] if heads.size else 0
        is_heading = (tags >= 1) & (tags <= 6)
        last_heading = np.maximum.accumulate(np.where(is_heading, place, 0))
        lasts = [before / max(self.words.sum(), 1.0), np.log1p(before), place / self.size, np.log1p(self.size - place)]
        after_head = np.sign(place - head) * np.log1p(np.abs(before - before[head]))
        return [*lasts, after_head, np.full(self.size, float(heads.size)), np.log1p(place - last_heading)]


def _text_columns(blocks: list[Block], facts: PageFacts) -> list[list[float]]:
    """Return what the text of each block shows by itself."""
    title, description = set(facts.title.lower().split()), facts.description.lower()
    seen: Counter[str] = Counter()
    counts = Counter(block.text for block in blocks)
    rows = []
    for block in blocks:
        seen[block.text] += 1
        rows.append([*_text_row(block), counts[block.text], seen[block.text], *_known_row(block, title, description)])
    return [list(column) for column in zip(*rows, strict=True)]


def _text_row(block: Block) -> list[float]:
    text, size = block.text, len(block.words)
    head = text[:160]
    ends = text[-1]
    digits = sum(word.isdigit() for word in block.words[:40])
    stops = text.count(". ") + text.count("? ") + text.count("! ")
    return [
        float(np.log1p(size)) if size > 64 else _LOGS[size],
        block.link_words / size,
        len(text) / size,
        stops / size,
        text.count(",") / size,
        float(ends in ".!?…”\""),
        float(ends == ":"),
        digits / min(size, 40),
        float(head[0].isupper()),
        float(head.isupper()),
        float(digits > 0 and _PRICE.search(head) is not None),
        float(digits > 0 and _DATE.search(head) is not None),
        float(size <= 12 and not _CONTROLS.isdisjoint(block.words)),
    ]  # fmt: skip


def _known_row(block: Block, title: set[str], description: str) -> list[float]:
    head = block.words[:30]
    shared = sum(word in title for word in head) / len(head)
    return [shared, float(len(head) > 4 and block.text[:60].lower() in description)]


_LOGS = [float(np.log1p(number)) for number in range(65)]


def _page_columns(table: _Table, facts: PageFacts) -> list[NDArray[np.float64]]:
    """Return what is the same for all blocks of a page: its sort, its size, its share of links."""
    words, links, prose = table.base_sums()
    total = max(words.sum(), 1.0)
    whole = [float(np.log1p(total)), links.sum() / total, prose.sum() / total, float(np.log1p(table.size))]
    prices = sum(any(sign in block.text for sign in "$€£") for block in table.blocks if len(block.words) < 12)
    whole += [float(np.log1p(prices)), *facts.kinds]
    return [np.full(table.size, value) for value in whole]


def shares_taken(blocks: list[Block], text: str) -> Floats:
    """Return for each block the share of its words that another extractor's text holds, 0 to 1.

    Long blocks are compared by runs of four words, short ones as a whole and as often as they
    occur there; one or two words count only as a line of their own or between blocks that were taken.
    """
    words = WORD.findall(text.lower())
    joined = f" {' '.join(words)} "
    lines = {" ".join(WORD.findall(line)) for line in text.lower().splitlines()}
    runs: set[tuple[str, ...]] = set(zip(words, words[1:], words[2:], words[3:], strict=False))
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
