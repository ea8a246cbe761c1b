"""Text that stands beside a page or in its head: pieces of HTML, and texts of JSON-LD."""

from __future__ import annotations

import re
from html import unescape

from masa_rag.errors import SourceFormatError
from masa_rag.sources._pages.blocks import read_blocks
from masa_rag.sources._pages.hidden import sight_of, visible_characters
from masa_rag.sources._pages.markdown import to_markdown
from masa_rag.sources._pages.parse import parse_page

_MARKUP = re.compile(r"<[a-zA-Z/!?]")
_ELEMENT = re.compile(r"</?[a-zA-Z][^<>]*>")


def fragment_text(html: str) -> str:
    """Return all that a piece of HTML shows, as Markdown; plain text stays as it is."""
    if _MARKUP.search(html) is None:
        return visible_characters(unescape(html)).strip()
    try:
        tree = parse_page(f"<html><body><div>{html}</div></body></html>")
    except SourceFormatError:
        return ""
    blocks, _ = read_blocks(tree, sight=sight_of(tree))
    return to_markdown(blocks)


def written_text(text: str) -> str:
    """Return a text of a page's JSON-LD, HTML or plain, as Markdown with its paragraphs."""
    if _ELEMENT.search(text):
        return fragment_text(text)
    lines = visible_characters(unescape(text)).splitlines()
    return "\n\n".join(line for part in lines if (line := " ".join(part.split())))
