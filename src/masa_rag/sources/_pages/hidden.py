"""Text that a page holds but does not show: the place where instructions for machines are hidden.

Two sorts are told apart. *Never shown*: CSS that puts text out of sight (no size, off the screen,
the colour of its background, ``display: none`` on something nobody can open); it is left out.
*Not shown at first*: tabs, folded answers, text that fades in; readers do get to see it, so it is
kept and marked. Invisible characters are removed from all text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from masa_rag.sources._pages.marks import names_in
from masa_rag.sources._pages.parse import xpath
from masa_rag.sources._pages.styles import Sight, fades_in, ground_is_white, is_pale, rules_of, style_sight

if TYPE_CHECKING:
    from lxml.etree import _Element

MARK = "[hidden text]"
"""Stands before each passage that the page does not show at first."""


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


_FOLDS = re.compile(
    r"tab|accord|collaps|panel|faq|toggle|expand|fold|dropdown-content|more|slide|carousel|answer|step", re.I
)
_HIDING_CLASS = re.compile(
    r"(?:^|\s)(?:headerlink|header-?anchor|hash-link|anchorjs-link|mw-editsection|mw-cite-backlink|sr-only"
    r"|screen-reader-text|visually-?hidden|screenreader-only|a11y-hidden"
    r"|(?:[\w-]*[-_])?tool-?tip[-_]+(?:content|text|body|inner|popup|panel|bubble|message))(?:\s|$)",
    re.I,
)
"""For screen readers only, for who points at it, or to edit or link to a section: no part of what the page says."""
_CONSENT = re.compile(
    r"(?:^|\s)(?:onetrust-(?:consent|banner|pc)-sdk|CybotCookiebotDialog|didomi-(?:host|popup|notice)|qc-cmp2-container"
    r"|cmplz-cookiebanner-container|cookie-law-info-bar|cliSettingsPopup|cky-(?:consent-container|modal)|osano-cm-window"
    r"|truste-consent-track|usercentrics-root|iubenda-cs-banner|fc-consent-root|sp_message_container_\d+|klaro"
    r"|moove_gdpr_cookie_(?:modal|info_bar)|tarteaucitronRoot|BorlabsCookieBox|cookiescript_injected|cmpbox\d?"
    r"|termly-code-snippet-support|shopify-pc__banner|hs-eu-cookie-confirmation)(?:\s|$)"
)
"""How the usual makers of consent dialogues call theirs. Of a page that is saved with one, it holds the most prose."""
_OF_FRACTIONS = ("/", "+")
"""Signs that a page draws as the line of a fraction, or a gap before it, and writes for screen readers only: without
them 3 1/2 is 31/2. They say nothing else, so no more is asked of what hides them."""


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
        if element.tag == "noscript" and _asks_for_scripts(element):
            return Sight.NEVER
        own = own_sight(element)
        if own is Sight.SHOWN or own is Sight.NEVER:
            return own
        if own is Sight.FADED:  # a style sheet's class that starts transparent is one that fades in
            return Sight.FOLDED
        if element.tag in ("html", "body") or is_filled_in(element):
            return Sight.SHOWN
        return own if _can_be_opened(element, opened(tree)) or size.is_most_of_the_page(element) else Sight.NEVER

    return sight


_LONGEST_REQUEST = 600
"""Characters. What is longer is the text of the page for those who read without scripts."""


def _asks_for_scripts(element: _Element) -> bool:
    """Say whether it does no more than ask readers to turn JavaScript on, as pages without text of their own do."""
    own = [item.text if item.tag not in ("style", "script") else None for item in element.iter()]
    tails = [item.tail for item in element.iterdescendants()]
    text = " ".join(" ".join(filter(None, own + tails)).split())
    return len(text) <= _LONGEST_REQUEST and "javascript" in text.lower()


_SIZED = frozenset({"p", "li", "td", "h1", "h2", "h3", "h4", "span", "a", "div"})


class _Size:
    """How much of a page's text an element holds; counted for all elements at once, when it is first asked."""

    def __init__(self, tree: _Element) -> None:
        self._tree = tree

    def is_most_of_the_page(self, element: _Element) -> bool:
        """Say whether it holds the larger part: then the page fades in as a whole, once its scripts run."""
        total = self._sizes[self._tree]
        return total > 0 and 2 * self._sizes.get(element, 0) > total

    @cached_property
    def _sizes(self) -> dict[_Element, int]:
        sizes: dict[_Element, int] = {}
        for element in reversed(list(self._tree.iter())):  # children before their parents
            text = element.text if element.tag in _SIZED else None
            own = sizes[element] = sizes.get(element, 0) + (len(text.strip()) if text else 0)
            if (parent := element.getparent()) is not None:
                sizes[parent] = sizes.get(parent, 0) + own
        return sizes


_PLACEHOLDER = re.compile(r"S:[0-9a-f]+")
_FILLED = re.compile(r'"(S:[0-9a-f]+)"')


def _filled_in(tree: _Element) -> frozenset[str]:
    """Return the ids of elements that React's streaming moves to their place as soon as the page is there."""
    texts = (script.text for script in tree.iter("script"))
    return frozenset(name for text in texts if text and "$RC" in text for name in _FILLED.findall(text))


class _OwnSight:
    """What an element's own attributes, and the page's rules for its names, do to its sight."""

    def __init__(self, tree: _Element) -> None:
        self._rules = rules_of(tree)
        self._tree = tree
        self._by_class: dict[str | None, Sight] = {None: Sight.SHOWN}  # the same few names stand all over a page

    def __call__(self, element: _Element) -> Sight:
        get = element.get
        names = get("class")
        worst = self._by_class.get(names)
        if worst is None:
            worst = self._by_class[names] = self._class_sight(names or "")
        if worst is Sight.NEVER and (element.text or "").strip() in _OF_FRACTIONS and not len(element):
            worst = Sight.SHOWN
        if (style := get("style")) is not None and worst is not Sight.NEVER:
            own = style_sight(style)
            if own is Sight.SHOWN and is_pale(style) and self._is_on_white:
                return Sight.NEVER
            worst = max(worst, own)
        if worst is Sight.SHOWN and get("hidden") is not None:
            worst = Sight.FOLDED
        if (name := get("id")) is not None:
            worst = Sight.NEVER if _CONSENT.search(name) else max(worst, self._rules.get(f"#{name}", Sight.SHOWN))
        return worst

    @cached_property
    def _is_on_white(self) -> bool:
        return ground_is_white(self._tree)

    def _class_sight(self, names: str) -> Sight:
        if _HIDING_CLASS.search(names) or _CONSENT.search(names):
            return Sight.NEVER
        worst = Sight.SHOWN
        for name in names.split() if self._rules else ():
            worst = max(worst, self._rules.get(f".{name}", Sight.SHOWN))
        return worst


def _can_be_opened(element: _Element, opened: frozenset[str]) -> bool:
    """Say whether readers have a way to see the element: a tab, a fold, a script that fades it in."""
    style = (element.get("style") or "").lower()
    if fades_in(style):
        return True
    name = element.get("id") or ""
    if name in opened or _PLACEHOLDER.fullmatch(name) or element.get("role") == "tabpanel":
        return True
    parent = element.getparent()
    above = parent.get("class") or "" if parent is not None else ""
    return any(map(_FOLDS.search, (names_in(element), above)))


_OPENERS = "//@aria-controls | //@data-target | //@data-bs-target | //@data-tab | //@href[starts-with(., '#')]"


def _opened_ids(tree: _Element) -> frozenset[str]:
    """Return the ids that some control of the page opens."""
    return frozenset(part.lstrip("#") for value in xpath(_OPENERS)(tree) for part in value.split()) - {""}
