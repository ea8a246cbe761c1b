"""Rows of tables as Markdown, each cell in the column in which the page shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from masa_rag.sources._pages.blocks import Block, Node, above
from masa_rag.sources._pages.hidden import visible_characters
from masa_rag.sources._pages.words import WORD

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_COLUMNS = 24
"""Wider tables only place things; and the wider one cell is said to be, the larger the rows of a hostile page."""

MOST_ROWS = 65_534
"""That a cell can reach down over (HTML Standard, 4.9.11); 0 stands for all that are left."""


class Rows:
    """Writes the rows of the tables of one page; what stands in a table is looked up once for all its rows."""

    def __init__(self) -> None:
        self._columns: dict[_Element, dict[_Element, list[_Element | None]]] = {}
        self._is_dense: dict[_Element, bool] = {}

    def written(self, blocks: Iterable[Block]) -> str | None:
        """Return the blocks of one row as a row of Markdown, or None where its table only places things."""
        parts = list(blocks)
        row = above(parts[0].node, "tr")
        table = above(row, "table")
        if row is None or table is None or not self._is_data(row, table) or any(map(_is_code, parts)):
            return None
        texts = {cell: _joined(group) for cell, group in groupby(parts, key=lambda block: _cell(block.node))}
        columns = self._columns[table.element].get(row.element, [])
        if not texts.keys() <= set(columns):
            columns = list(texts)  # what stands in a row and in none of its cells
        cells = (texts.get(cell) or _signs(cell) if cell is not None else "" for cell in columns)
        return f"| {' | '.join(cells)} |"

    def _is_data(self, row: Node, table: Node) -> bool:
        """Say whether the table holds data; tables that only place things hold long text or other tables."""
        if above(table.parent, "table") is not None or row.last - row.first > MAX_COLUMNS:
            return False
        if table.element not in self._columns:
            columns = self._columns[table.element] = _columns(table.element)
            filled = sum(cell is not None and _is_filled(cell) for cells in columns.values() for cell in cells)
            self._is_dense[table.element] = filled >= 2 * len(columns)
        cells = self._columns[table.element].get(row.element, [])
        goes_on = len(cells) > 1 and (cells[0] is None or self._is_dense[table.element])
        return row.last - row.first > 1 or goes_on


def _columns(table: _Element) -> dict[_Element, list[_Element | None]]:
    """Return for each row what stands in its columns: a cell where it begins, None where one goes on."""
    found: dict[_Element, list[_Element | None]] = {}
    reaching: Counter[int] = Counter()
    for row in table.iter("tr"):
        if next(row.iterancestors("table")) is not table:
            continue
        cells: list[_Element | None] = []
        for cell in row.iterchildren("td", "th"):
            _skip_taken(cells, reaching)
            if len(cells) >= MAX_COLUMNS:
                break
            wide, high = _span(cell, "colspan", MAX_COLUMNS), _span(cell, "rowspan", MOST_ROWS)
            reaching.update(dict.fromkeys(range(len(cells), len(cells) + wide), high - 1))
            cells += [cell, *[None] * (wide - 1)]
        _skip_taken(cells, reaching)
        found[row] = cells
    return found


def _skip_taken(cells: list[_Element | None], reaching: Counter[int]) -> None:
    """Leave free the columns into which cells of the rows above reach."""
    while reaching[len(cells)] > 0:
        reaching[len(cells)] -= 1
        cells.append(None)


def _span(cell: _Element, name: str, most: int) -> int:
    """Return over how many columns or rows a cell goes."""
    told = (cell.get(name) or "").strip()
    if not (told.isascii() and told.isdigit()):
        return 1
    number = int(told[:6])
    return min(number or (most if name == "rowspan" else 1), most)


def _cell(node: Node) -> _Element:
    """Return the cell that a node stands in, the node's own element where it stands in none."""
    return (above(node, "td", "th") or node).element


def _joined(blocks: Iterable[Block]) -> str:
    return " ".join(block.text.replace("|", "\\|").replace("\n", " ") for block in blocks)


def _signs(cell: _Element) -> str:
    """Return what a cell without words says, such as a tick or a dash; nothing where its words were left out."""
    text = " ".join(visible_characters("".join(cell.itertext())).split())
    return "" if WORD.search(text) else text.replace("|", "\\|")


def _is_filled(cell: _Element) -> bool:
    return any(not text.isspace() for text in cell.itertext() if text)


def _is_code(block: Block) -> bool:
    """Say whether it is code of several lines, of which a row would make one."""
    return "\n" in block.text and above(block.node, "pre") is not None
