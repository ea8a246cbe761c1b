"""When a page was published, from the many ways in which dates are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from masa_rag._time import parse_time
from masa_rag.errors import ConfigurationError
from masa_rag.sources._pages.blocks import Block

_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1)}  # fmt: skip
_NAMES = "|".join(_MONTHS)
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_WRITTEN = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"(?<!\d){_YEAR}-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})",
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.? (?P<name>{_NAMES})[a-z]*\.?,? {_YEAR}\b",
        rf"\b(?P<name>{_NAMES})[a-z]*\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? {_YEAR}\b",
        rf"(?<![\d./]){_YEAR}[/.](?P<month>\d{{1,2}})[/.](?P<day>\d{{1,2}})\b",
        rf"(?<![\d./])(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/{_YEAR}\b",
        rf"(?<![\d./])(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.{_YEAR}\b",
    )
)
"""2024-05-01; 1 May 2024; May 1, 2024; 2024/05/01; then the American 5/1/2024 and the European 1.5.2024."""

_FIRST_YEAR = 1990
_LABEL_WORDS = 24
"""A date in a longer block is one that the text talks about."""
_NEAR_BLOCKS = 12
_PUBLISHED = re.compile(r"publish|posted|written|created|released|\bby ", re.I)
_OTHER = re.compile(r"updat|modif|review|edited|©|copyright", re.I)


def read_date(text: str) -> datetime | None:
    """Return the day or time that a text names: ISO 8601, or a common way to write a date. A day is midnight UTC."""
    text = text.strip()
    try:
        return parse_time(text)
    except ConfigurationError:
        pass
    return _written_date(text)


def _written_date(text: str) -> datetime | None:
    found = (_day(match.groupdict()) for form in _WRITTEN if (match := form.search(text)) is not None)
    return next((day for day in found if day is not None), None)


def _day(parts: dict[str, str]) -> datetime | None:
    month = int(parts["month"]) if "month" in parts else _MONTHS[parts["name"][:3].lower()]
    day = int(parts["day"])
    if month > 12 >= day:  # 25/12/2024: the other custom
        month, day = day, month
    try:
        return datetime(int(parts["year"]), month, day, tzinfo=UTC)
    except ValueError:
        return None


def is_likely(found: datetime | None) -> bool:
    """Say whether a page can have been published then."""
    return found is not None and _FIRST_YEAR <= found.year <= datetime.now(UTC).year + 1


def shown_date(blocks: Sequence[Block]) -> datetime | None:
    """Return the date that stands in a short line of its own, best near the heading and called a publication.

    It found as many of the dates of ``benchmarks/web_extraction.py`` as htmldate, and costs next to nothing.
    """
    heading = next((number for number, block in enumerate(blocks) if _is_heading(block)), 0)
    best: tuple[tuple[bool, bool, bool, int], datetime] | None = None
    for number, block in enumerate(blocks):
        if len(block.words) > _LABEL_WORDS or not any(map(str.isdigit, block.words)):
            continue
        found = _written_date(block.text)
        if found is None or not is_likely(found):
            continue
        text, away = block.text, abs(number - heading)
        rank = (_OTHER.search(text) is not None, away > _NEAR_BLOCKS, _PUBLISHED.search(text) is None, away)
        if best is None or rank < best[0]:
            best = (rank, found)
    return best[1] if best is not None else None


def _is_heading(block: Block) -> bool:
    node = block.node
    return node.tag == "h1" or (node.parent is not None and node.parent.tag == "h1")
