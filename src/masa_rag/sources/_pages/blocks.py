"""A page as a list of text blocks, each knowing where in the page it stands.

A block is a run of text between two breaks: a paragraph, a heading, a list item, a table cell.
Everything later (which blocks are the main text, how they look as Markdown) works on this list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from masa_rag.errors import SourceFormatError
from masa_rag.sources._pages.hidden import visible_characters
from masa_rag.sources._pages.marks import marks_of, structure_bits, structure_of
from masa_rag.sources._pages.signs import INLINE, emoji_of, is_number_above, sign_of, stand_apart, tidied
from masa_rag.sources._pages.styles import Sight
from masa_rag.sources._pages.words import words_of

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_CHARACTERS = 4_000_000
"""Of text in one page: two thousand printed pages."""

_SKIPPED = frozenset(
    {"script", "style", "noscript", "template", "svg", "iframe", "head", "select", "textarea", "object", "canvas"}
    | {"embed", "audio", "video", "map", "math", "datalist", "applet", "frameset"}
)
_AROUND = frozenset({"nav", "footer", "aside", "form", "button", "dialog"})
_LINK = structure_bits("a")


@dataclass(slots=True, eq=False)
class Node:
    """An element that breaks lines.

    Attributes:
        element: The element itself.
        parent: The next such element above; None at the top.
        number: Its place in the list of nodes.
        tag: Its tag.
        structure: Bits of STRUCTURE, its own and those of all above.
        marks: Bits of MARKS found in the class and id, its own and those of all above.
        own_marks: Those of its own.
        depth: How many nodes are above.
        first: The first block in it; with ``last``, the blocks below it are ``blocks[first:last]``.
        last: One past the last block in it.
        shape: Its first class name without numbers, which repeated cards share.
        repeats: How many siblings have its tag and shape, itself counted.
        hidden: Whether the page does not show it at first.
    """

    element: _Element
    parent: Node | None
    number: int
    tag: str
    structure: int = 0
    marks: int = 0
    own_marks: int = 0
    depth: int = 0
    first: int = 0
    last: int = 0
    shape: str = ""
    repeats: int = 1
    hidden: bool = False


def above(node: Node | None, *tags: str) -> Node | None:
    """Return the nearest node with one of the tags, the node itself counted."""
    while node is not None and node.tag not in tags:
        node = node.parent
    return node


@dataclass(slots=True, eq=False)
class Block:
    """A run of text.

    Attributes:
        text: The text, white space folded (kept inside ``pre``).
        node: The element it stands in.
        words: The words of the text, lower case.
        link_words: How many of them are inside links.
    """

    text: str
    node: Node
    words: list[str]
    link_words: int


def is_in_h1(block: Block) -> bool:
    """Say whether it is the page's heading, or stands right in it."""
    node = block.node
    return node.tag == "h1" or (node.parent is not None and node.parent.tag == "h1")


@dataclass(slots=True)
class _Walk:
    """The state of one walk through a page."""

    skipped: frozenset[str]
    blocks: list[Block] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)
    left_out: set[_Element] = field(default_factory=set)
    ended: _Element | None = None
    links: int = 0
    code: int = 0
    size: int = 0

    def add(self, text: str | None) -> None:
        if not text or (not self.pieces and not self.code and text.isspace()):
            return
        self.ended = None
        self.pieces.append(text)
        if self.links:
            self.linked.append(text)

    def add_apart(self, element: _Element) -> None:
        """Begin a new word where the element that ended last and the one that begins are apart."""
        if (
            self.ended is not None
            and self.pieces
            and not self.code
            and stand_apart(self.ended, self.pieces[-1], element)
        ):
            self.add(" ")

    def end_line(self) -> None:
        """Begin a new line of code, unless one begins here."""
        if self.pieces and not self.pieces[-1].endswith("\n"):
            self.add("\n")

    def flush(self, node: Node) -> None:
        """Close the current run of text as a block of ``node``."""
        if not self.pieces:
            return
        raw = visible_characters("".join(self.pieces))
        self.pieces.clear()
        self.size += len(raw)
        if self.size > MAX_CHARACTERS:
            raise SourceFormatError(f"received more than {MAX_CHARACTERS:,} characters of text; expected one page")
        text = raw.strip("\n") if node.tag == "pre" else tidied(" ".join(raw.split()))
        linked = words_of("".join(self.linked)) if self.linked else ()
        self.linked.clear()
        words = words_of(text)
        if words:
            self.blocks.append(Block(text, node, words, min(len(linked), len(words))))


def read_blocks(
    tree: _Element,
    *,
    sight: Callable[[_Element], Sight] | None = None,
    scriptless: bool = False,
    quick: bool = False,
) -> tuple[list[Block], list[Node]]:
    """Return the blocks of a page in reading order, and its nodes, parents before children.

    Args:
        tree: The parsed page.
        sight: Says of an element how far it can be seen: what never is, is left out, what is folded, marked.
        scriptless: Read what the page shows to readers without JavaScript, too.
        quick: Leave out what menus, footers, asides, forms and buttons hold, unread.

    Raises:
        SourceFormatError: There are more than MAX_CHARACTERS of text.
    """
    from lxml.etree import iterwalk

    walk = _Walk(skipped=(_SKIPPED - {"noscript"} if scriptless else _SKIPPED) | (_AROUND if quick else frozenset()))
    body = tree.find("body")
    top = Node(element=tree, parent=None, number=0, tag="html")
    walk.nodes.append(top)
    open_nodes = [top]
    root = body if body is not None else tree
    walker = iterwalk(root, events=("start", "end"))
    skipped = walk.skipped
    for event, element in walker:
        if event == "start":
            if element.tag in skipped:
                walker.skip_subtree()
            else:
                _enter(walk, walker, element, open_nodes, sight)
            continue
        if element.tag not in skipped:
            _leave(walk, element, open_nodes)
        if element is root:
            break  # its tail is no part of it
        walk.add(element.tail)
    walk.flush(top)
    top.last = len(walk.blocks)
    _count_repeats(walk.nodes)
    return walk.blocks, walk.nodes


def _enter(walk: _Walk, walker: Any, element: _Element, open_nodes: list[Node], sight: Any) -> None:
    tag = element.tag
    hides = False
    if sight is not None and (seen := sight(element)) is not Sight.SHOWN:
        if seen is Sight.NEVER:
            walk.left_out.add(element)
            walker.skip_subtree()
            return
        hides = True
    if (tag in INLINE or walk.code) and not hides:
        _enter_inline(walk, element, in_code=open_nodes[-1].tag == "pre")
        return
    if walk.pieces:
        walk.flush(open_nodes[-1])
    node = _node(element, open_nodes[-1], number=len(walk.nodes), in_link=walk.links > 0)
    node.first = len(walk.blocks)
    node.hidden = hides or open_nodes[-1].hidden
    walk.nodes.append(node)
    open_nodes.append(node)
    walk.code += tag == "pre"
    walk.add(element.text)


def _enter_inline(walk: _Walk, element: _Element, *, in_code: bool) -> None:
    tag = element.tag
    if tag not in INLINE:
        walk.end_line()  # many sites write each line of code as an element of its own
    elif tag == "a":
        walk.links += _is_link(element)
    elif tag == "br":
        walk.add("\n")
    elif tag == "img":
        walk.add(emoji_of(element))
    elif not in_code and (sign := sign_of(element)):
        walk.add(sign)
    elif tag == "sup" and walk.pieces and is_number_above(element, walk.pieces[-1]):
        walk.add(" " if (element.tail or "").startswith(("/", "⁄")) else "^")
    if text := element.text:
        walk.add_apart(element)
        walk.add(text)


def _is_link(element: _Element) -> bool:
    """Say whether it leads anywhere; scripts give some links their place, a name alone is only a place to lead to."""
    return element.get("href") is not None or element.get("name") is None


def _leave(walk: _Walk, element: _Element, open_nodes: list[Node]) -> None:
    tag = element.tag
    if walk.left_out and element in walk.left_out:
        return
    if open_nodes[-1].element is element:
        node = open_nodes.pop()
        if walk.pieces:
            walk.flush(node)
        node.last = len(walk.blocks)
        walk.code -= tag == "pre"
    elif tag not in INLINE:
        walk.end_line()
    elif tag == "a":
        walk.links -= _is_link(element)
    elif open_nodes[-1].tag != "pre" and (sign := sign_of(element)):
        walk.add(sign)
    walk.ended = element


def _node(element: _Element, parent: Node, *, number: int, in_link: bool) -> Node:
    tag = element.tag
    node = Node(element=element, parent=parent, number=number, tag=tag, depth=parent.depth + 1)
    node.structure = parent.structure | structure_of(tag, element.get("role")) | (_LINK if in_link else 0)
    names = element.get("class") or ""
    node.own_marks = marks_of(names, element.get("id") or "")
    node.shape = names.split(None, 1)[0].rstrip("0123456789-_") if names and not names.isspace() else ""
    node.marks = parent.marks | (node.own_marks if tag not in ("html", "body") else 0)
    return node


def _count_repeats(nodes: list[Node]) -> None:
    groups: dict[tuple[int, str, str], list[Node]] = {}
    for node in nodes:
        if node.parent is not None and node.last > node.first:
            groups.setdefault((node.parent.number, node.tag, node.shape), []).append(node)
    for members in groups.values():
        if len(members) > 1:
            for node in members:
                node.repeats = len(members)
