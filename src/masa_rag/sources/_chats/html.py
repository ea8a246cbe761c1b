"""Chat exports written as HTML, read element by element so that memory stays flat."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import IO, Any

from lxml import etree

from masa_rag.errors import RecordError
from masa_rag.sources._chats.fields import clean

_BLOCKS = frozenset({"div", "p", "pre", "blockquote", "li", "ul", "ol", "table", "tr", "h1", "h2", "h3"})
_LINES = re.compile(r"\n{3,}")
_WHITE = re.compile(r"[ \t\r\n\f]+")


def elements(file: IO[bytes], *, keep: Callable[[Any], bool], label: str) -> Iterator[Any]:
    """Yield the elements that ``keep`` says yes to, at their end tags, and free each afterwards.

    Ends with a RecordError when the page cannot be read on. Elements inside a kept one are whole when
    it is yielded, so ``keep`` may say yes to inner ones too: they come first.
    """
    try:
        for _, element in etree.iterparse(file, events=("end",), html=True, encoding="utf-8"):
            if isinstance(element.tag, str) and keep(element):
                yield element
    except (etree.LxmlError, ValueError, SyntaxError) as error:
        yield RecordError(f"damaged HTML ({error}); what came before it is kept", record_id=label)


def forget(element: Any) -> None:
    """Free an element that was read, and all that lies before it: the messages and the groups of them."""
    element.clear()
    for item in (element, *element.iterancestors()):
        parent = item.getparent()
        while parent is not None and item.getprevious() is not None:
            del parent[0]


def classes(element: Any) -> frozenset[str]:
    """Return the element's class names."""
    return frozenset((element.get("class") or "").split())


def first(element: Any, *names: str) -> Any | None:
    """Return the first descendant that has one of these classes, None if there is none."""
    return next(_having(element, frozenset(names)), None)


def each(element: Any, *names: str) -> list[Any]:
    """Return the descendants that have one of these classes; parts of them may be taken out while they are read."""
    return list(_having(element, frozenset(names)))


def _having(element: Any, wanted: frozenset[str]) -> Iterator[Any]:
    return (item for item in element.iter() if isinstance(item.tag, str) and not wanted.isdisjoint(classes(item)))


def inline_text(element: Any | None, *, preserve: bool) -> str:
    """Return the text of an element: links as ``label (address)``, images as their ``alt``.

    Args:
        element: None gives "".
        preserve: Whether line breaks of the source are line breaks of the text (CSS ``pre-wrap``).
    """
    if element is None:
        return ""
    parts: list[str] = []
    code = 0  # how many <pre> are open

    def add(text: str | None) -> None:
        if text and code:
            text = text.replace(" ", "\0 ")  # so that it is not stripped; clean() takes the zeros out
        if text:
            parts.append(text if preserve else _WHITE.sub(" ", text))

    for event, item in etree.iterwalk(element, events=("start", "end")):
        code += (event == "start") - (event == "end") if item.tag == "pre" else 0
        if not isinstance(item.tag, str):  # a comment: only what follows it is text
            if event == "end" and item is not element:
                add(item.tail)
        elif event == "start":
            parts.append(_opening(item))
            add(item.text)
        else:
            parts.append(_closing(item))
            if item is not element:
                add(item.tail)
    lines = (line.strip() if not preserve else line.rstrip() for line in "".join(parts).split("\n"))
    return _LINES.sub("\n\n", clean("\n".join(lines)))


def mark_quotations(element: Any, is_quotation: Callable[[Any], bool], *, preserve: bool) -> None:
    """Begin the lines of what an element quotes with "> ", as Markdown does: quoted words are not the author's own."""
    for quotation in [item for item in element.iter() if isinstance(item.tag, str) and is_quotation(item)]:
        marked = [f"> {line}" for line in inline_text(quotation, preserve=preserve).split("\n")]
        quotation[:] = []
        quotation.text = marked.pop(0)
        for line in marked:
            etree.SubElement(quotation, "br").tail = line


def _opening(item: Any) -> str:
    if item.tag == "img":
        return _picture(item)
    return "\n" if item.tag in _BLOCKS or item.tag == "br" else ""


def _closing(item: Any) -> str:
    address = item.get("href") if item.tag == "a" else None
    if address and address.startswith(("http://", "https://", "mailto:")):
        label = "".join(item.itertext()).strip()
        words = label.removesuffix("/").removeprefix("@")  # "@nora" leads to t.me/nora
        return "" if words and address.removesuffix("/").endswith(words) else f" ({address})"
    return "\n" if item.tag in _BLOCKS else ""


def _picture(item: Any) -> str:
    name = item.get("alt") or ""
    return f":{name}:" if name.isascii() and name.replace("_", "").isalnum() else name
