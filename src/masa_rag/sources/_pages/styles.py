"""What styles do to the sight of text: those of single elements, and the rules of the page's own style sheets."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element


class Sight(IntEnum):
    """How far an element can be seen."""

    SHOWN = 0
    FADED = 1
    FOLDED = 2
    NEVER = 3


_NONE = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|content-visibility\s*:\s*hidden")
_FADE = re.compile(r"(?<![-\w])opacity\s*:\s*(?:0|\.0+|0\.0+)\s*(?:%\s*)?(?:!important\s*)?(?:;|$)")
_TRICK = re.compile(
    r"(?<![-\w])font-size\s*:\s*(?:0(?:\.0\d*)?(?:px|pt|em|rem|%)?|1(?:\.\d+)?(?:px|pt)|0?\.\d+(?:px|pt))\s*(?:!|;|$)"
    r"|(?<![-\w])(?:text-indent|margin-left|margin-top)\s*:\s*-\s*\d{4,}|(?<![-\w])text-indent\s*:\s*-\s*[1-9]\d\d"
    r"|clip\s*:\s*rect\(\s*(?:0|1px)|clip-path\s*:\s*(?:inset\(\s*(?:50|100)%|circle\(\s*0)"
    r"|transform\s*:\s*(?:scale\(\s*0(?:\.0+)?\s*\)|translate[xy]?\(\s*-\s*\d{4,})"
)
_CLEAR = re.compile(r"(?<![-\w])color\s*:\s*(?:transparent|rgba\([^)]*,\s*0(?:\.0+)?\s*\))")
_FILLED = re.compile(r"background(?:-clip)?\s*:[^;]{0,300}(?<![-\w])text(?![-\w])")
_PAINTED = re.compile(r"background(?:-image)?\s*:[^;]{0,300}(?:gradient|url)\(")
"""A ground that shows through the letters: those of many headings are clear on purpose."""
_OUTSIDE = re.compile(r"(?<![-\w])(?:left|top|right|bottom)\s*:\s*-\s*(?:[5-9]\d\d|\d{4,})")
_PLACED = re.compile(r"position\s*:\s*(?:absolute|fixed)")
_NO_ROOM = re.compile(
    r"(?<![-\w])(?:max-)?(?:height|width)\s*:\s*(?:0|1px)(?:px|em|rem|%)?\s*(?:!important\s*)?(?:;|$)"
)
_COLOUR = re.compile(r"(?<![-\w])color\s*:\s*([^;!]+)")
_GROUND = re.compile(r"background(?:-color)?\s*:\s*([^;!]+)")
_CLIPPED = re.compile(r"overflow\s*(?:-[xy])?\s*:\s*(?:hidden|clip)")
_UNFOLDS = re.compile(r"transition(?:-property)?\s*:[^;]{0,200}height")
_WHITE = frozenset({"white", "#fff", "#ffffff", "rgb(255,255,255)", "#fefefe", "rgba(255,255,255,1)"})


@lru_cache(maxsize=4_096)
def style_sight(style: str) -> Sight:
    """Return what an inline style, or the body of a rule, does to the sight of text."""
    style = style.lower()
    is_clear = _CLEAR.search(style) and not (_FILLED.search(style) and _PAINTED.search(style))
    if is_clear or _TRICK.search(style) or _same_colour(style):
        return Sight.NEVER
    if _OUTSIDE.search(style) and _PLACED.search(style):
        return Sight.NEVER
    if _has_no_room(style):
        return Sight.FADED if _UNFOLDS.search(style) else Sight.FOLDED
    if _NONE.search(style) or _FADE.search(style):
        return Sight.FOLDED
    return Sight.SHOWN


def _has_no_room(style: str) -> bool:
    return _NO_ROOM.search(style) is not None and _CLIPPED.search(style) is not None


def _same_colour(style: str) -> bool:
    """Say whether text has its background's colour."""
    colour, ground = _COLOUR.search(style), _GROUND.search(style)
    if colour is None or ground is None:
        return False
    name, place = ("".join(found[1].split()) for found in (colour, ground))
    return name == place or (name in _WHITE and place in _WHITE)


def fades_in(style: str) -> bool:
    """Say whether an inline style, in lower case, is that of text which moves or fades into sight."""
    return _FADE.search(style) is not None and any(word in style for word in ("transform", "transition", "translate"))


def is_pale(style: str) -> bool:
    """Say whether an inline style makes the letters white and sets no ground for them."""
    colour = _COLOUR.search(style.lower()) if "olor" in style.lower() else None
    if colour is None or _GROUND.search(style.lower()) or "shadow" in style.lower():
        return False
    return "".join(colour[1].split()) in _WHITE


def ground_is_white(tree: _Element) -> bool:
    """Say whether white text can be taken for hidden: the page sets no ground of its own anywhere.

    White letters are normal on a dark banner, and where the banner's colour comes from a style
    sheet that was not fetched nobody can tell; so only pages without style sheets are judged.
    """
    linked = any((item.get("rel") or "").lower() == "stylesheet" for item in tree.iter("link"))
    return not linked and not any(_GROUND.search((item.text or "").lower()) for item in tree.iter("style"))


_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_CSS_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SIMPLE = re.compile(r"[.#][-\w]+")
MAX_STYLE_CHARACTERS = 400_000
"""Longer style sheets are not read: hiding one passage needs one rule, and themes inline megabytes."""


def rules_of(tree: _Element) -> dict[str, Sight]:
    """Return what the page's own style sheets do to single classes and ids.

    Rules inside ``@media`` and the like hold only sometimes and are left alone, except that a
    later plain rule that shows the same name again wins, as it does on the page.
    """
    found: dict[str, Sight] = {}
    for style in tree.iter("style"):
        text = style.text or ""
        if len(text) > MAX_STYLE_CHARACTERS or (style.get("media") or "all").lower() not in ("all", "screen"):
            continue
        for selectors, body in _CSS_RULE.findall(_without_blocks(_CSS_COMMENT.sub("", text))):
            _add_rule(found, selectors, body)
    return found


def _add_rule(found: dict[str, Sight], selectors: str, body: str) -> None:
    names = [name for selector in selectors.split(",") if _SIMPLE.fullmatch(name := selector.strip())]
    if not names:
        return
    sight = style_sight(body[:2000])
    if sight is Sight.FOLDED and not (_NONE.search(body.lower()) or _has_no_room(body.lower())):
        sight = Sight.FADED
    shows = sight is Sight.SHOWN and ("display" in body or "opacity" in body or "visibility" in body)
    if sight is not Sight.SHOWN or shows:
        found.update(dict.fromkeys(names, sight))


def _without_blocks(css: str) -> str:
    """Return the sheet without ``@media {…}`` and other rules that hold rules."""
    parts: list[str] = []
    position = 0
    for match in re.finditer(r"@(?:media|supports|keyframes|-webkit-keyframes|container|layer|font-face)[^{;]*\{", css):
        if match.start() < position:
            continue
        parts.append(css[position : match.start()])
        position = _block_end(css, match.end())
    return "".join([*parts, css[position:]])


def _block_end(css: str, position: int) -> int:
    depth = 1
    for match in re.compile(r"[{}]").finditer(css, position):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.end()
    return len(css)
