"""What can be measured about each block of a page: the columns that the block model was trained on.

The features are those that two decades of work on main text found useful: text and link density
(Kohlschütter and others, "Boilerplate detection using shallow text features", WSDM 2010), the
position of a block among its neighbours and in the tree, and the names that authors of pages give
to classes and ids.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from masa_rag.sources._pages.anchors import address_facts, anchor_columns
from masa_rag.sources._pages.blocks import Block, Node
from masa_rag.sources._pages.marks import MARKS, STRUCTURE
from masa_rag.sources._pages.table import Table, running_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from masa_rag.sources._pages.table import Numbers, Values

    Floats = NDArray[np.float32]

_WINDOWS = (1, 3, 8)
_TAGS = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "th", "pre", "dt", "dd", "a", "div", "span", "button")
_TAG_NUMBER = {tag: number for number, tag in enumerate(_TAGS)}
_PRICE = re.compile(r"[$€£¥₹]\s?\d|\d\s?(?:[$€£]|eur\b|usd\b|kr\b)", re.I)
_DATE = re.compile(
    r"\b(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}\b|\b\d{1,2}[/.]\d{1,2}[/.](?:19|20)?\d\d\b"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}\b"
    r"|\b\d+ (?:min|hour|day|week|month|year)s? ago\b",
    re.I,
)
_CONTROLS = frozenset(
    "cookie cookies copyright rights privacy terms subscribe newsletter sign log login cart bag read more view all "
    "load share follow related recommended also skip back sort filter filters previous next contact reply quote email "
    "menu search".split()
)
"""Words of buttons and links that work the page; they say nothing in a block longer than a dozen words."""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the head of a page tells about the whole page.

    Attributes:
        title: Its title, as found.
        description: Its description.
        kinds: 1.0 or 0.0 for each of KINDS.
        address: Where it is, as it names itself or as it was fetched; empty when neither is known.
    """

    title: str
    description: str
    kinds: tuple[float, ...]
    address: str = ""


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
    """Return one row a feature and one column a block.

    Args:
        blocks: The page's blocks in reading order, at least one.
        nodes: The page's nodes.
        facts: What the head says.
    """
    table = Table(blocks, nodes)
    columns = [*_text_columns(blocks, facts), *_tree_columns(table), *_sum_columns(table)]
    columns += [*_page_columns(table, facts), *anchor_columns(table)]
    return np.concatenate([np.atleast_2d(column).astype(np.float32) for column in columns])


def _sum_columns(table: Table) -> list[Values]:
    """Return size, link share and prose share of what is above and around each block."""
    total, total_prose = max(table.words.sum(), 1.0), max(table.prose.sum(), 1.0)
    below = np.maximum(table.sums(table.words), 1.0)
    prose, size = table.sums(table.prose), np.maximum(table.last - table.first, 1)
    links, mean = table.sums(table.links) / below, np.log1p(below / size)
    each = np.stack([below / total, links, prose / below, prose / total_prose, mean])
    columns = [each[:, node] for node in table.levels[1:]]
    for reach in _WINDOWS:
        near = np.maximum(table.around(table.words, reach), 1.0)
        columns += [np.log1p(near), table.around(table.links, reach) / near, table.around(table.prose, reach) / near]
    return columns


def _tree_columns(table: Table) -> list[Values]:
    """Return what the elements above each block are, and where it stands in the page."""
    nodes, own = table.nodes, table.own
    structure = np.array([node.structure for node in nodes])[own]
    all_marks = np.array([node.marks for node in nodes])[own]
    own_marks = np.array([node.own_marks for node in nodes])
    near_marks = own_marks[own] | own_marks[table.levels[1]] | own_marks[table.levels[2]]
    tags = np.array([_TAG_NUMBER.get(node.tag, -1) for node in nodes])[own]
    columns = [_bits(structure, len(STRUCTURE)), _bits(all_marks, len(MARKS)), _bits(near_marks, len(MARKS))]
    columns += [(tags == np.arange(len(_TAGS))[:, None]).astype(float)]
    columns += [np.array([node.depth for node in nodes], dtype=float)[own]]
    columns += [np.array([node.hidden for node in nodes], dtype=float)[own]]
    return [*columns, *_repeat_columns(table), *_place_columns(table, tags)]


def _bits(values: Numbers, count: int) -> Values:
    return (values >> np.arange(count)[:, None] & 1).astype(float)


def _repeat_columns(table: Table) -> list[Values]:
    """Return how often the elements above are repeated beside themselves, and how long one copy is."""
    repeats, below = np.array([node.repeats for node in table.nodes], dtype=float), table.sums(table.words)
    most, size = np.ones(table.size), np.zeros(table.size)
    for node in table.levels:
        better = repeats[node] > most
        most, size = np.where(better, repeats[node], most), np.where(better, below[node], size)
    return [np.log1p(most), np.log1p(size)]


def _place_columns(table: Table, tags: Numbers) -> list[Values]:
    """Return where the block stands: in the page, and from the main and the nearest heading."""
    before, place, size = running_sum(table.words)[:-1], np.arange(table.size), table.size
    heads = np.flatnonzero(tags == _TAG_NUMBER["h1"])
    head = heads[0] if heads.size else 0
    is_heading = (tags >= 1) & (tags <= 6)
    last_heading = np.maximum.accumulate(np.where(is_heading, place, 0))
    lasts = [before / max(table.words.sum(), 1.0), np.log1p(before), place / size, np.log1p(size - place)]
    after_head = np.sign(place - head) * np.log1p(np.abs(before - before[head]))
    return [*lasts, after_head, np.full(size, float(heads.size)), np.log1p(place - last_heading)]


def _text_columns(blocks: list[Block], facts: PageFacts) -> Values:
    """Return what the text of each block shows by itself."""
    title, description = set(facts.title.lower().split()), facts.description.lower()
    seen: Counter[str] = Counter()
    counts = Counter(block.text for block in blocks)
    rows = []
    for block in blocks:
        seen[block.text] += 1
        rows.append((*_text_row(block), counts[block.text], seen[block.text], *_known_row(block, title, description)))
    columns = np.array(rows).T
    columns[0] = np.log1p(columns[0])
    return columns


def _text_row(block: Block) -> tuple[float, ...]:
    text, size = block.text, len(block.words)
    head = text[:160]
    ends = text[-1]
    digits = sum(map(str.isdigit, block.words[:40]))
    stops = text.count(". ") + text.count("? ") + text.count("! ") + sum(map(text.count, "。？！"))
    return (
        size,
        block.link_words / size,
        len(text) / size,
        stops / size,
        (text.count(",") + text.count("，") + text.count("、")) / size,
        ends in ".!?…”\"。！？」",
        ends == ":",
        digits / min(size, 40),
        head[0].isupper(),
        head.isupper(),
        digits > 0 and _PRICE.search(head) is not None,
        digits > 0 and _DATE.search(head) is not None,
        size <= 12 and not _CONTROLS.isdisjoint(block.words),
    )  # fmt: skip


def _known_row(block: Block, title: set[str], description: str) -> tuple[float, bool]:
    head = block.words[:30]
    shared = sum(map(title.__contains__, head)) / len(head)
    return shared, len(head) > 4 and block.text[:60].lower() in description


def _page_columns(table: Table, facts: PageFacts) -> Values:
    """Return what is the same for all blocks of a page: its sort, its size, its share of links."""
    total = max(table.words.sum(), 1.0)
    shares = [table.links.sum() / total, table.prose.sum() / total]
    whole = [float(np.log1p(total)), *shares, float(np.log1p(table.size))]
    prices = sum(any(sign in block.text for sign in "$€£") for block in table.blocks if len(block.words) < 12)
    whole += [float(np.log1p(prices)), *facts.kinds, *address_facts(facts.address)]
    return np.repeat(np.array(whole)[:, None], table.size, axis=1)
