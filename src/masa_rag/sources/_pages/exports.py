"""Pages that programs for notes write when they export them: nothing stands around the text, so all of it is taken."""

from __future__ import annotations

from collections.abc import Iterable

from masa_rag.sources._pages.blocks import Node


def exported(nodes: Iterable[Node]) -> Node | None:
    """Return what holds the text of a note that Notion, Google Docs, Evernote or Confluence exported; else None."""
    return next(filter(_is_note, nodes), None)


def _is_note(node: Node) -> bool:
    names = _names(node)
    if node.tag == "body":
        return "doc-content" in names
    if "page-body" in names:
        return node.parent is not None and node.parent.tag == "article" and "page" in _names(node.parent)
    return node.tag == "en-note" or ("wiki-content" in names and node.element.get("id") == "main-content")


def _names(node: Node) -> list[str]:
    return (node.element.get("class") or "").split()
