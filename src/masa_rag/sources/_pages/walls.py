"""What stands before a page, and is sent as if it were the page: checks for robots, and requests for consent."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from masa_rag.sources._pages.linked import clean
from masa_rag.sources._pages.words import WORD

if TYPE_CHECKING:
    from lxml.etree import _Element

_TITLE = re.compile(
    r"(?:just a moment|one moment, please|please wait|client challenge|robot check|pardon our interruption|privacy gate"
    r"|access denied|access to this page has been denied|attention required! \| cloudflare|ddos-guard"
    r"|(?:security|human|bot) (?:check|verification)|verify(?:ing)? you are human|making sure you[’']re not a bot"
    r"|are you (?:a robot|human)|before you continue(?: to \S+(?: search)?)?)[.!?… ]*",
    re.I,
)
_SIGN = re.compile(
    r"_cf_chl_opt|anubis_challenge|px-captcha|captcha-delivery\.com/c\.js|awsWafCookieDomainList|consent\.(?:google|youtube)\."
)
"""Names that only such a page has: of its scripts, of what it asks to solve, of where it sends the answer."""
_MOST_WORDS = 400
"""An article may have such a title; it is longer."""


def is_wall(tree: _Element) -> bool:
    """Say whether a page is what stands before the one that was asked for: then its text is none of the site's."""
    body = tree.find("body")
    texts = (item.text for item in (tree if body is None else body).iter() if item.tag not in ("script", "style"))
    words = (word for text in texts if text for word in WORD.findall(text))
    if next(islice(words, _MOST_WORDS, None), None) is not None:
        return False
    title = clean(tree.findtext(".//title")) or ""
    return _TITLE.fullmatch(title) is not None or any(map(_is_sign, tree.iter("script", "div", "form")))


def _is_sign(element: _Element) -> bool:
    told = (
        element.get("id"),
        element.get("src"),
        element.get("action"),
        element.text if element.tag == "script" else "",
    )
    return any(_SIGN.search(text) for text in told if text)
