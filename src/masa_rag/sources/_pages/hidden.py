"""Text that a page holds but does not show: the place where instructions for machines are hidden.

Two sorts are told apart. *Never shown*: CSS that puts text out of sight (no size, off the screen,
the colour of its background, ``display: none`` on something nobody can open); it is left out.
*Not shown at first*: tabs, folded answers, text that fades in; readers do get to see it, so it is
kept and marked. Invisible characters are removed from all text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lxml.etree import _Element

MARK = "[hidden text]"
"""Stands before each passage that the page does not show at first."""


class Sight(IntEnum):
    """How far an element can be seen."""

    SHOWN = 0
    FADED = 1
    FOLDED = 2
    NEVER = 3


_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202c\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_OVERRIDE = re.compile("[\u202d\u202e][^\u202c\n]*\u202c?")
_JOINER = re.compile("(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])")
_FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a]{2,6}\U000e007f")


def visible_characters(text: str) -> str:
    """Return the text without characters that show nothing.

    Left out: zero-width spaces and fillers, soft hyphens, bidirectional controls, tag characters
    and variation selectors of the supplement (both used to smuggle text), interlinear marks. Text
    between a bidirectional *override* and its end is left out whole: readers see it reversed.
    Joiners stay where scripts and emoji need them, that is beside characters outside ASCII.
    """
    if text.isascii():
        return text
    text = _OVERRIDE.sub("", text)
    if "\U0001f3f4" in text and _FLAG.search(text):
        return "".join(
            part if _FLAG.fullmatch(part) else _plain(part)
            for part in re.split(f"({_FLAG.pattern})", text)
        )  # fmt: skip
    return _plain(text)


def _plain(text: str) -> str:
    return _JOINER.sub("", _INVISIBLE.sub("", text))


_NONE = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|content-visibility\s*:\s*hidden")
_FADE = re.compile(r"(?<![-\w])opacity\s*:\s*(?:0|\.0+|0\.0+)\s*(?:%\s*)?(?:!important\s*)?(?:;|$)")
_TRICK = re.compile(
    r"(?<![-\w])font-size\s*:\s*(?:0(?:\.0\d*)?(?:px|pt|em|rem|%)?|1(?:\.\d+)?(?:px|pt)|0?\.\d+(?:px|pt))\s*(?:!|;|$)"
    r"|(?<![-\w])(?:text-indent|margin-left|margin-top)\s*:\s*-\s*\d{4,}|(?<![-\w])text-indent\s*:\s*-\s*[1-9]\d\d"
    r"|clip\s*:\s*rect\(\s*(?:0|1px)|clip-path\s*:\s*(?:inset\(\s*(?:50|100)%|circle\(\s*0)"
    r"|transform\s*:\s*(?:scale\(\s*0(?:\.0+)?\s*\)|translate[xy]?\(\s*-\s*\d{4,})"
    r"|(?<![-\w])color\s*:\s*transparent|(?<![-\w])color\s*:\s*rgba\([^)]*,\s*0(?:\.0+)?\s*\)"
)
_OUTSIDE = re.compile(r"(?<![-\w])(?:left|top|right|bottom)\s*:\s*-\s*(?:[5-9]\d\d|\d{4,})")
_PLACED = re.compile(r"position\s*:\s*(?:absolute|fixed)")
_NO_ROOM = re.compile(
    r"(?<![-\w])(?:max-)?(?:height|width)\s*:\s*(?:0|1px)(?:px|em|rem|%)?\s*(?:!important\s*)?(?:;|$)"
)
_COLOUR = re.compile(r"(?<![-\w])color\s*:\s*([^;!]+)")
_GROUND = re.compile(r"background(?:-color)?\s*:\s*([^;!]+)")
_CLIPPED = re.compile(r"overflow\s*(?:-[xy])?\s*:\s*(?:hidden|clip)")
_UNFOLDS = re.compile(r"transition(?:-property)?\s*:[^;]{0,200}height")
_FOLDS = re.compile(
    r"tab|accord|collaps|panel|faq|toggle|expand|fold|dropdown-content|more|slide|carousel|answer|step", re.I
)
_HIDING_CLASS = re.compile(
    r"(?:^|\s)(?:sr-only|screen-reader-text|visually-?hidden|screenreader-only|a11y-hidden"
    r"|(?:[\w-]*[-_])?tool-?tip[-_]+(?:content|text|body|inner|popup|panel|bubble|message))(?:\s|$)",
    re.I,
)
"""For screen readers only, or explaining a word to who points at it: no part of what the page says."""
_WHITE = frozenset({"white", "#fff", "#ffffff", "rgb(255,255,255)", "#fefefe", "rgba(255,255,255,1)"})


@lru_cache(maxsize=4_096)
def _style_sight(style: str) -> Sight:
    """Return what an inline style, or the body of a rule, does to the sight of text."""
    style = style.lower()
    if _TRICK.search(style) or _same_colour(style):
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
    """Say whether text has its background's colour; white text counts where no background is named."""
    colour = _COLOUR.search(style)
    if colour is None:
        return False
    ground = _GROUND.search(style)
    name = "".join(colour[1].split())
    if ground is None:
        return False
    place = "".join(ground[1].split())
    return name == place or (name in _WHITE and place in _WHITE)


def sight_of(tree: _Element) -> Callable[[_Element], Sight]:
    """Return a function that says of an element of the page how far its text can be seen.

    It reads inline styles, the attributes ``hidden`` and ``aria-hidden``, the page's own
    ``<style>`` rules for single classes, ids and tags, and white text on the page's white ground.
    """
    own_sight, size, opened = _OwnSight(tree), _Size(tree), lru_cache(maxsize=1)(_opened_ids)
    filled = lru_cache(maxsize=1)(_filled_in)

    def is_filled_in(element: _Element) -> bool:
        name = element.get("id") or ""
        return _PLACEHOLDER.fullmatch(name) is not None and name in filled(tree)

    def sight(element: _Element) -> Sight:
        own = own_sight(element)
        if own is Sight.SHOWN or own is Sight.NEVER:
            return own
        if own is Sight.FADED:  # a style sheet's class that starts transparent is one that fades in
            return Sight.FOLDED
        if element.tag in ("html", "body") or is_filled_in(element):
            return Sight.SHOWN
        return own if _can_be_opened(element, opened(tree)) or size.is_most_of_the_page(element) else Sight.NEVER

    return sight


_SIZED = frozenset({"p", "li", "td", "h1", "h2", "h3", "h4", "span", "a", "div"})


class _Size:
    """How much of a page's text an element holds; counted for all elements at once, when it is first asked."""

    def __init__(self, tree: _Element) -> None:
        self._tree = tree
        self._sizes: dict[_Element, int] = {}

    def is_most_of_the_page(self, element: _Element) -> bool:
        """Say whether it holds the larger part: then the page fades in as a whole, once its scripts run."""
        if not self._sizes:
            self._count()
        total = self._sizes[self._tree]
        return total > 0 and 2 * self._sizes.get(element, 0) > total

    def _count(self) -> None:
        elements, sizes = list(self._tree.iter()), self._sizes
        for element in reversed(elements):  # children before their parents
            text = element.text if element.tag in _SIZED else None
            own = sizes[element] = sizes.get(element, 0) + (len(text.strip()) if text else 0)
            if (parent := element.getparent()) is not None:
                sizes[parent] = sizes.get(parent, 0) + own


_PLACEHOLDER = re.compile(r"S:[0-9a-f]+")
_FILLED = re.compile(r'"(S:[0-9a-f]+)"')


def _filled_in(tree: _Element) -> frozenset[str]:
    """Return the ids of elements that React's streaming moves to their place as soon as the page is there."""
    texts = (script.text for script in tree.iter("script"))
    return frozenset(name for text in texts if text and "$RC" in text for name in _FILLED.findall(text))


class _OwnSight:
    """What an element's own attributes, and the page's rules for its names, do to its sight."""

    def __init__(self, tree: _Element) -> None:
        self._rules = _rules(tree)
        self._tree = tree
        self._pale: bool | None = None
        self._has_ids = any(name.startswith("#") for name in self._rules)
        self._by_class: dict[str | None, Sight] = {None: Sight.SHOWN}  # the same few names stand all over a page

    def __call__(self, element: _Element) -> Sight:
        get = element.get
        names = get("class")
        worst = self._by_class.get(names)
        if worst is None:
            worst = self._by_class[names] = self._class_sight(names or "")
        if (style := get("style")) is not None and worst is not Sight.NEVER:
            own = _style_sight(style)
            if own is Sight.SHOWN and _is_pale(style) and self._ground_is_white():
                return Sight.NEVER
            worst = _worse(worst, own)
        if worst is Sight.SHOWN and get("hidden") is not None:
            worst = Sight.FOLDED
        if self._has_ids and (name := get("id")) is not None:
            worst = _worse(worst, self._rules.get(f"#{name}", Sight.SHOWN))
        return worst

    def _ground_is_white(self) -> bool:
        if self._pale is None:
            self._pale = _ground_is_white(self._tree)
        return self._pale

    def _class_sight(self, names: str) -> Sight:
        if _HIDING_CLASS.search(names):
            return Sight.NEVER
        worst = Sight.SHOWN
        for name in names.split() if self._rules else ():
            worst = _worse(worst, self._rules.get(f".{name}", Sight.SHOWN))
        return worst


def _worse(first: Sight, second: Sight) -> Sight:
    return first if first >= second else second


def _is_pale(style: str) -> bool:
    colour = _COLOUR.search(style.lower()) if "olor" in style.lower() else None
    if colour is None or _GROUND.search(style.lower()) or "shadow" in style.lower():
        return False
    return "".join(colour[1].split()) in _WHITE


def _ground_is_white(tree: _Element) -> bool:
    """Say whether white text can be taken for hidden: the page sets no ground of its own anywhere.

    White letters are normal on a dark banner, and where the banner's colour comes from a style
    sheet that was not fetched nobody can tell; so only pages without style sheets are judged.
    """
    linked = any((item.get("rel") or "").lower() == "stylesheet" for item in tree.iter("link"))
    return not linked and not any(_GROUND.search((item.text or "").lower()) for item in tree.iter("style"))


def _can_be_opened(element: _Element, opened: frozenset[str]) -> bool:
    """Say whether readers have a way to see the element: a tab, a fold, a script that fades it in."""
    style = (element.get("style") or "").lower()
    if _FADE.search(style) and ("transform" in style or "transition" in style or "translate" in style):
        return True
    name = element.get("id") or ""
    if name in opened or _PLACEHOLDER.fullmatch(name) or element.get("role") == "tabpanel":
        return True
    own = f"{element.get('class') or ''} {element.get('id') or ''}"
    parent = element.getparent()
    above = parent.get("class") or "" if parent is not None else ""
    return _FOLDS.search(own) is not None or (_FOLDS.search(above) is not None)


def _opened_ids(tree: _Element) -> frozenset[str]:
    """Return the ids that some control of the page opens."""
    return frozenset(part.lstrip("#") for value in _openers()(tree) for part in value.split()) - {""}


@lru_cache(maxsize=1)
def _openers() -> Any:
    from lxml.etree import XPath

    names = "@aria-controls | @data-target | @data-bs-target | @data-tab | @href[starts-with(., '#')]"
    return XPath(" | ".join(f"//{name.strip()}" for name in names.split("|")), smart_strings=False)


_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_CSS_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SIMPLE = re.compile(r"[.#][-\w]+")
MAX_STYLE_CHARACTERS = 400_000
"""Longer style sheets are not read: hiding one passage needs one rule, and themes inline megabytes."""


def _rules(tree: _Element) -> dict[str, Sight]:
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
    sight = _style_sight(body[:2000])
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
