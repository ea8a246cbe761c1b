"""The main text of a page: what its author wrote, without the navigation and adverts around it.

Two ways lead to it. A forum thread is read post by post. On all other pages a block model judges each
run of text by its place and look. Everything is measured by ``benchmarks/web_extraction.py``.
What was tried and was no better stands in ``benchmarks/train_web_blocks.py``.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np

from masa_rag.sources._pages.blocks import Block, Node, read_blocks
from masa_rag.sources._pages.exports import exported
from masa_rag.sources._pages.features import features
from masa_rag.sources._pages.forum import read_thread, thread_title
from masa_rag.sources._pages.fragments import fragment_text, written_text
from masa_rag.sources._pages.hidden import MARK, sight_of, visible_characters
from masa_rag.sources._pages.markdown import to_markdown
from masa_rag.sources._pages.marks import structure_bits
from masa_rag.sources._pages.meta import Head
from masa_rag.sources._pages.model import choose, load_model
from masa_rag.sources._pages.parse import parse_page
from masa_rag.sources._pages.product import leave_comments, leave_reviews
from masa_rag.sources._pages.unshown import unshown_article, unshown_description
from masa_rag.sources._pages.walls import is_wall
from masa_rag.types import Segment

if TYPE_CHECKING:
    from lxml.etree import _Element
    from numpy.typing import NDArray

FEW_WORDS = 60
"""A page with fewer words is read again with what it shows to readers without JavaScript."""

MANY_WORDS = 200
"""The quick rules leave out what stands around the main text unread; if less than this is left, it is read as well."""

_MAIN = structure_bits("main", "article")
_FRAME = structure_bits("nav", "header", "footer", "aside", "dialog")
_AROUND = structure_bits("footer", "dialog")
_QUOTE = structure_bits("blockquote")

LEAST_WORDS = 10.0
"""Expected words of main text below which there is none."""
LEAST_EXPECTED = 0.3
"""Expected word F1 of the best choice below which there is no main text: the shell of a page that scripts fill.

Of the benchmark's pages below it, as models judged them that knew neither them nor their sites, three had none and
two had some; at .28 and .32 as much is lost, at .2 and .35 more.
"""

SENTENCE_WORDS = 8
"""Blocks of fewer words may say the same twice; copies of longer ones were made for other screens."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says, and what it says about itself.

    Attributes:
        text: The main text as Markdown; empty when there are segments, or when there is none.
        segments: The posts of a forum thread, in the order they were written.
        title: The title of this page, without the name of the site.
        author: Who wrote it.
        created_at: When it was published. A date without a time is midnight UTC.
        url: The address the page names as its own.
        licence: The licence it names.
        metadata: Description, language, name of the site. JSON values only.
        needs_browser: There is no text, and the page is one that scripts fill in; or the text is that of a check for
            robots, or a request for consent, in place of the page.
    """

    text: str
    segments: Sequence[Segment] = ()
    title: str | None = None
    author: str | None = None
    created_at: datetime | None = None
    url: str | None = None
    licence: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    needs_browser: bool = False


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep Python from searching all its objects for unreachable ones while a page makes thousands of new ones.

    What a page makes has no cycles and goes away by itself; the searches took a sixth of the time.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@_collector_paused()
def extract_page(html: bytes | str, *, url: str | None = None, fast: bool = False) -> Page:
    """Return the main text and the metadata of a page.

    Args:
        html: The page; bytes are decoded by what the page says, then by what fits.
        url: Where it came from, for links that are relative.
        fast: Leave menus, asides, forms and footers unread, and look for the author in the head only.

    Raises:
        SourceFormatError: It is not HTML, or holds no element at all.
    """
    return extract_tree(Head(parse_page(html), url, quick=fast), fast=fast)


@_collector_paused()
def extract_tree(head: Head, *, fast: bool = False) -> Page:
    """Return the main text and the metadata of a page that is parsed already."""
    alive = list(head.tree.iter())  # lxml makes its Python elements anew at each pass unless somebody holds them
    segments = read_thread(head)
    blocks, nodes = page_blocks(head.tree, fast=fast) if not segments else ([], [])
    text = main_text(head, blocks, nodes) if not segments else ""
    first = segments[0] if segments else None
    is_empty = not text and not segments  # then scripts, if there are any, would fill it
    metadata = {"description": head.description, "site": head.site, "language": head.language}
    return Page(
        text=text,
        segments=segments,
        title=_shown(thread_title(head) if segments else head.title),
        author=_shown((first.author if first is not None else None) or head.author),
        created_at=(first.created_at if first is not None else None) or head.published(blocks),
        url=head.canonical,
        licence=head.licence,
        metadata={key: visible_characters(value) for key, value in metadata.items() if value},
        needs_browser=is_wall(head.tree) or (is_empty and any(element.tag == "script" for element in alive)),
    )


def page_blocks(tree: _Element, *, fast: bool = False) -> tuple[list[Block], list[Node]]:
    """Return the blocks of a page that can be seen; those of a page filled by scripts from its plain version."""
    sight = sight_of(tree)
    if fast:
        mains = tree.findall(".//main")
        blocks, nodes = read_blocks(mains[0] if len(mains) == 1 else tree, sight=sight, quick=True)
        if sum(len(block.words) for block in blocks) >= MANY_WORDS:
            return blocks, nodes
    blocks, nodes = read_blocks(tree, sight=sight)
    if sum(len(block.words) for block in blocks) < FEW_WORDS:
        blocks, nodes = read_blocks(tree, sight=sight, scriptless=True)
    return blocks, nodes


def main_text(head: Head, blocks: list[Block], nodes: list[Node]) -> str:
    """Return the main text of a page as Markdown, empty where there is none."""
    taken = _chosen(head, blocks, nodes) if blocks else np.zeros(0, dtype=bool)
    if article := unshown_article(head.article, blocks, taken):
        return f"{MARK} {written_text(article)}"
    text = to_markdown(compress(blocks, taken))
    told = unshown_description(head.product, blocks, taken)
    return f"{MARK} {fragment_text(told)}\n\n{text}" if told else text


def _chosen(head: Head, blocks: list[Block], nodes: list[Node]) -> NDArray[np.bool_]:
    """Return which blocks of a page are its main text, none where it has none."""
    if (note := exported(nodes)) is not None:
        places = np.arange(len(blocks))
        return (note.first <= places) & (places < note.last)
    probabilities = load_model().probabilities(features(blocks, nodes, head.facts()))
    leave_reviews(blocks, nodes, probabilities)
    if head.is_article:
        leave_comments(blocks, nodes, probabilities)
    leave_copies(blocks, probabilities)
    words = np.array([len(block.words) for block in blocks], dtype=np.float32)
    taken, expected = choose(probabilities, words)
    if expected < LEAST_EXPECTED or float((probabilities * words).sum()) < LEAST_WORDS:
        return np.zeros(len(blocks), dtype=bool)
    keep_whole(blocks, nodes, taken, words)
    leave_frame(blocks, taken, words)
    return taken


def leave_copies(blocks: list[Block], probabilities: NDArray[np.float32]) -> None:
    """Make improbable, in place, all but the likeliest of the blocks that say the same sentence in several places.

    Shops write a description once for telephones and once for screens, and carousels repeat their
    slides. Copies below one element stay: they are a refrain.
    """
    kept: dict[str, Block] = {}
    for number in np.argsort(-probabilities, kind="stable"):
        block = blocks[number]
        if len(block.words) < SENTENCE_WORDS:
            continue
        first = kept.setdefault(block.text, block)
        if first is not block and first.node.parent is not block.node.parent:
            probabilities[number] = 0.0


_WHOLES = frozenset({"table", "ul", "ol", "dl", "pre", "blockquote"})


def keep_whole(blocks: list[Block], nodes: list[Node], taken: NDArray[np.bool_], words: NDArray[np.float32]) -> None:
    """Complete, in place, the tables, lists, quotes and code that stand inside main text.

    The model judges block by block, and the cells of a small table look like a menu. One that is
    not made of links, and whose surroundings were taken (two thirds of the words beside it, in
    the nearest element that has any), or of which half was taken, belongs to the text as a whole.
    """
    for node in nodes:
        if node.tag not in _WHOLES or node.last == node.first or _is_link_list(blocks, node):
            continue
        part = slice(node.first, node.last)
        inside = float(words[part][taken[part]].sum()) / float(words[part].sum())
        if inside >= 0.5 or _share_beside(node, taken, words) >= 2 / 3:
            taken[part] = True


def leave_frame(blocks: list[Block], taken: NDArray[np.bool_], words: NDArray[np.float32]) -> None:
    """Leave out, in place, menus, banners, asides and footers that stand outside of ``main`` and ``article``.

    Only where the page marks its main part, that is where most of what was taken stands inside one: on a
    page of few words the model has little to tell a menu by, but the page itself says it. Dialogues and
    footers (not those of quotes, which name who is quoted) go anywhere, if they are the smaller part.
    """
    structure = np.array([block.node.structure for block in blocks])
    inside = structure & _MAIN > 0
    if _is_most(taken & inside, taken, words):
        taken[(structure & _FRAME > 0) & ~inside] = False
    around = (structure & _AROUND > 0) & (structure & _QUOTE == 0)
    if not _is_most(taken & around, taken, words):
        taken[around] = False


def _is_most(part: NDArray[np.bool_], whole: NDArray[np.bool_], words: NDArray[np.float32]) -> bool:
    return float(words[part].sum()) > 0.5 * float(words[whole].sum())


def _is_link_list(blocks: list[Block], node: Node) -> bool:
    inside = blocks[node.first : node.last]
    return sum(block.link_words for block in inside) > 0.4 * sum(len(block.words) for block in inside)


def _share_beside(node: Node, taken: NDArray[np.bool_], words: NDArray[np.float32]) -> float:
    """Return the share of words taken of the nearest element around, the node itself left out.

    No figure counts as one: the caption of code or of a table says nothing of what stands around both.
    """
    above = node.parent
    while above is not None and (above.tag == "figure" or above.last - above.first == node.last - node.first):
        above = above.parent
    if above is None or above.tag in ("html", "body"):
        return 0.0
    mask = np.ones(above.last - above.first, dtype=bool)
    mask[node.first - above.first : node.last - above.first] = False
    near, sizes = taken[above.first : above.last][mask], words[above.first : above.last][mask]
    return float(sizes[near].sum()) / float(sizes.sum())


def _shown(text: str | None) -> str | None:
    return (visible_characters(text).strip() or None) if text else None
