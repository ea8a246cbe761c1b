"""Chosen blocks as Markdown: headings, lists, tables, quotes and code keep their shape."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from masa_rag.sources._extract_blocks import Block, Node, above
from masa_rag.sources._extract_rows import Rows
from masa_rag.sources._hidden import MARK

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_TIGHT = frozenset({"item", "row"})


def to_markdown(blocks: Iterable[Block]) -> str:
    """Return the blocks, in their order, as Markdown: an empty line between them, none inside lists and tables."""
    parts: list[tuple[str, str]] = []
    rows = Rows()
    for _, group in groupby(blocks, key=_line_of):
        kind, text = _render(list(group), rows)
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
    row = above(block.node, "tr")
    return row.number if row is not None else -1 - id(block)


def _render(group: list[Block], rows: Rows) -> tuple[str, str]:
    block = group[0]
    if above(block.node, "tr") is not None and (row := rows.written(group)) is not None:
        return "row", row
    if len(group) == 1:
        return _render_one(block)
    return "text", "\n\n".join(_render_one(item)[1] for item in group if not _is_numbering(item))


def _is_numbering(block: Block) -> bool:
    """Say whether it is the column of line numbers beside code."""
    return above(block.node, "pre") is not None and block.text.replace("\n", "").replace(" ", "").isdecimal()


def _render_one(block: Block) -> tuple[str, str]:
    node, text = block.node, f"{MARK} {block.text}" if block.node.hidden else block.text
    if (pre := above(node, "pre")) is not None:
        return "code", f"```{_language(pre)}\n{text}\n```"
    text = " ".join(text.split())
    if (heading := _heading(node)) is not None:
        return "heading", f"{'#' * heading} {text}"
    if (item := above(node, "li")) is not None and item.first >= block.node.first:
        return "item", f"{'  ' * _list_depth(item)}{_bullet(item)} {text}"
    if above(node, "blockquote") is not None:
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
