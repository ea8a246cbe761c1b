"""Chosen blocks as Markdown: headings, lists, tables, quotes and code keep their shape."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from masa_rag.sources._extract_blocks import Block, Node
from masa_rag.sources._hidden import MARK

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_TIGHT = frozenset({"item", "row"})


def to_markdown(blocks: Iterable[Block]) -> str:
    """Return the blocks, in their order, as Markdown: an empty line between them, none inside lists and tables."""
    parts: list[tuple[str, str]] = []
    for _, group in groupby(blocks, key=_line_of):
        kind, text = _render(list(group))
        if text:
            parts.append((kind, text))
    lines: list[str] = []
    previous = ""
    for kind, text in parts:
        if lines:
            lines.append("\n" if kind == previous and kind in _TIGHT else "\n\n")
        if kind == "row" and previous != "row":
            text = f"{text}\n|{' --- |' * max(text.count(' | ') + 1, 1)}"
        lines.append(text)
        previous = kind
    return "".join(lines)


def _line_of(block: Block) -> int:
    """Return what blocks on one line share: their table row, or nothing but themselves."""
    row = _above(block.node, "tr")
    return row.number if row is not None else -1 - id(block)


def _render(group: list[Block]) -> tuple[str, str]:
    block = group[0]
    if _above(block.node, "tr") is not None and _is_data(block.node):
        return "row", f"| {' | '.join(_cells(group))} |"
    return _render_one(block) if len(group) == 1 else ("text", "\n\n".join(_render_one(item)[1] for item in group))


def _cells(group: list[Block]) -> list[str]:
    cells = []
    for _, parts in groupby(group, key=lambda block: _cell(block.node)):
        cells.append(" ".join(part.text.replace("|", "\\|").replace("\n", " ") for part in parts))
    return cells


def _cell(node: Node) -> int:
    found = _above(node, "td") or _above(node, "th")
    return found.number if found is not None else node.number


def _is_data(node: Node) -> bool:
    """Say whether the table holds data; tables that only place things hold long text or other tables."""
    row = _above(node, "tr")
    if row is None or row.last - row.first < 2:
        return False
    table = _above(row, "table")
    return table is not None and _above(table.parent, "table") is None and row.last - row.first <= 24


def _render_one(block: Block) -> tuple[str, str]:
    node, text = block.node, f"{MARK} {block.text}" if block.node.hidden else block.text
    if (pre := _above(node, "pre")) is not None:
        return "code", f"```{_language(pre)}\n{text}\n```"
    text = " ".join(text.split())
    if (heading := _heading(node)) is not None:
        return "heading", f"{'#' * heading} {text}"
    if (item := _above(node, "li")) is not None and item.first >= block.node.first:
        return "item", f"{'  ' * _list_depth(item)}{_bullet(item)} {text}"
    if _above(node, "blockquote") is not None:
        return "quote", f"> {text}"
    return "text", text


def _heading(node: Node) -> int | None:
    seen: Node | None = node
    for _ in range(3):
        if seen is None:
            return None
        if seen.tag in _HEADINGS:
            return _HEADINGS[seen.tag]
        seen = seen.parent
    return None


def _language(pre: Node) -> str:
    """Return the language of a code block as its class names it ("language-python")."""
    for element in (pre.element, *pre.element.iterfind("code")):
        for name in (element.get("class") or "").split():
            if name.startswith(("language-", "lang-")):
                return name.partition("-")[2]
    return ""


def _bullet(item: Node) -> str:
    if item.parent is None or item.parent.tag != "ol":
        return "-"
    before = sum(1 for _ in item.element.itersiblings("li", preceding=True))
    return f"{before + 1}."


def _list_depth(item: Node) -> int:
    depth, node = 0, item.parent
    while node is not None:
        depth += node.tag == "li"
        node = node.parent
    return min(depth, 6)


def _above(node: Node | None, tag: str) -> Node | None:
    """Return the nearest node with the tag, the node itself counted."""
    while node is not None and node.tag != tag:
        node = node.parent
    return node
