"""Chosen blocks as Markdown: headings, lists, tables, quotes and code keep their shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from masa_rag.sources._pages.blocks import Block, Node, above
from masa_rag.sources._pages.hidden import MARK
from masa_rag.sources._pages.rows import Rows

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_TIGHT = frozenset({"item", "row"})


def to_markdown(blocks: Iterable[Block]) -> str:
    """Return the blocks, in their order, as Markdown: an empty line between them, none inside lists and tables."""
    parts: list[tuple[str, str]] = []
    rows, numbers = Rows(), dict[Any, int]()
    for _, group in groupby(blocks, key=_line_of):
        kind, text = _render(list(group), rows, numbers)
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


def _render(group: list[Block], rows: Rows, numbers: dict[Any, int]) -> tuple[str, str]:
    block = group[0]
    if above(block.node, "tr") is not None and (row := rows.written(group)) is not None:
        return "row", row
    if len(group) == 1:
        return _render_one(block, numbers)
    return "text", "\n\n".join(_render_one(item, numbers)[1] for item in group if not _is_numbering(item))


def _is_numbering(block: Block) -> bool:
    """Say whether it is the column of line numbers beside code."""
    return above(block.node, "pre") is not None and block.text.replace("\n", "").replace(" ", "").isdecimal()


def _render_one(block: Block, numbers: dict[Any, int]) -> tuple[str, str]:
    node, text = block.node, f"{MARK} {block.text}" if block.node.hidden else block.text
    if (pre := above(node, "pre")) is not None:
        return "code", f"```{_language(pre)}\n{text}\n```"
    text = " ".join(text.split())
    if (heading := _heading(node)) is not None:
        return "heading", f"{'#' * heading} {text}"
    if (item := above(node, "li")) is not None and item.first >= block.node.first:
        return "item", f"{'  ' * _list_depth(item)}{_bullet(item, numbers)} {text}"
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


def _bullet(item: Node, numbers: dict[Any, int]) -> str:
    """Return what stands before a list's item; ``numbers`` holds those of the lists that were counted."""
    if item.parent is None or item.parent.tag != "ol":
        return f"-{_tick(item.element)}"
    if item.element not in numbers:
        numbers.update(_numbered(item.parent.element))
    return f"{numbers.get(item.element, 1)}."


def _tick(item: Any) -> str:
    """Return the box of a task, as GitHub and Notion write them, with a cross where it is done; else nothing."""
    box = next(item.iterdescendants("input", "div", "li"), None)
    names = (box.get("class") or "").split() if box is not None else []
    is_task = box is not None and box.get("type") == "checkbox" and box.get("disabled") is not None
    if box is None or not (is_task or "checkbox" in names):
        return ""
    return " [x]" if box.get("checked") is not None or "checkbox-on" in names else " [ ]"


def _numbered(items: Any) -> Iterator[tuple[Any, int]]:
    """Yield the items of a list with the numbers that the page shows."""
    number = _whole_number(items.get("start"), 1)
    for item in items.iterchildren("li"):
        number = _whole_number(item.get("value"), number)
        yield item, number
        number += 1


def _whole_number(told: str | None, otherwise: int) -> int:
    return int(told) if told is not None and _NUMBER.fullmatch(told) else otherwise


def _list_depth(item: Node) -> int:
    depth, node = 0, item.parent
    while node is not None:
        depth += node.tag == "li"
        node = node.parent
    return min(depth, 6)
