"""Names that stand alone above what was said, without a time."""

from __future__ import annotations

import re
from collections.abc import Callable

from masa_rag.sources._transcripts.base import lines_of
from masa_rag.sources._transcripts.speakers import CALLER, LETTER, is_numbered, looks_like_name

_NAME = rf"[ \t]*(?:\*\*)?(?P<open>\[)?(?P<name>{CALLER}|{LETTER}[^:：*\n]{{0,59}}?)(?(open)\])(?:\*\*)?"
_WITH_COLON = re.compile(rf"^{_NAME}[ \t]*[:：](?:\*\*)?[ \t]*\n+(?=[^\n])", re.MULTILINE)
_HEADING = re.compile(rf"(?:\A|(?<=\n\n)){_NAME}\n(?=[^\n])")
_SPEECHMATICS = re.compile(r"^SPEAKER: (\w{1,4})[ \t]*$", re.MULTILINE)
_LISTED = re.compile(r"[ \t]*(?:[-*•–—>]|\d{1,3}[.)])[ \t]")


def with_words(text: str) -> str:
    """Return the text with names that stand alone put before what stands below them, as ``Ada: Good morning.``

    Names that come again stand above a colon, or in what Otter.ai writes when it is told to leave the times out, where
    others may follow. "Speaker 1" may stand so once, and without either.
    """
    text = _SPEECHMATICS.sub(r"Speaker \1:", "\n".join(row.rstrip() for row in lines_of(text)))
    known = _often(_WITH_COLON, text)
    text = _joined(_WITH_COLON, text, lambda match: match["name"] in known)
    known = _often(_HEADING, text) if "otter.ai" in text else {}
    first = min(known.values(), default=len(text))
    return _joined(_HEADING, text, lambda match: match.start() >= first and looks_like_name(match["name"]))


def _often(heads: re.Pattern[str], text: str) -> dict[str, int]:
    """Return the names that come again, and where each does so for the first time."""
    places: dict[str, list[int]] = {}
    for match in heads.finditer(text):
        places.setdefault(match["name"], []).append(match.start())
    return {name: found[0] for name, found in places.items() if len(found) > 1 and looks_like_name(name)}


def _joined(heads: re.Pattern[str], text: str, speaks: Callable[[re.Match[str]], bool]) -> str:
    """Return the text with the heads of those who speak as labels; what is listed below one was not said."""

    def joined(match: re.Match[str]) -> str:
        is_head = (is_numbered(match["name"]) or speaks(match)) and not _LISTED.match(text, match.end())
        return f"{match['name']}: " if is_head else match[0]

    return heads.sub(joined, text)
