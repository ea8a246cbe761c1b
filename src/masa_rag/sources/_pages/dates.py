"""When a page was published, from the many ways in which dates are written."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from masa_rag._time import parse_time
from masa_rag.errors import ConfigurationError
from masa_rag.sources._pages.blocks import Block, above, is_in_h1
from masa_rag.sources._pages.marks import mark_bits
from masa_rag.sources._pages.months import MONTHS, NUMBERS, folded

if TYPE_CHECKING:
    from lxml.etree import _Element

_SHORT = frozenset("jan feb mar apr may jun jul aug sep oct nov dec".split())
_NAMES = "|".join(sorted(MONTHS, key=len, reverse=True))
_FIRST_NAMES = "|".join(name for name in _NAMES.split("|") if len(name) > 3 or name in _SHORT)
"""Short names of other languages are English words (set, out, gen) that stand before numbers."""
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_ANY_YEAR = re.compile(_YEAR)
_ORDINAL = "st|nd|rd|th|er|[º°]"
_OF = "(?:de |of |d['’]|ב)?"
_ERA = r"(?:[(（][^()（）]{2,6}[)）])?"
_WRITTEN = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"(?<!\d){_YEAR}-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})",
        rf"\b(?P<day>\d{{1,2}})(?:{_ORDINAL})?\.?[ -]?{_OF}(?P<name>{_NAMES})\.?,?[ -](?:del? )?{_YEAR}(?!\d)",
        rf"\b(?P<name>{_FIRST_NAMES})\.? (?P<day>\d{{1,2}})(?:{_ORDINAL})?,?(?: del?)? {_YEAR}\b",
        rf"(?<!\d){_YEAR}\. ?(?P<name>{_NAMES})\.? (?P<day>\d{{1,2}})(?!\d)",
        rf"\b(?P<day>\d{{1,2}}) tháng (?P<month>\d{{1,2}}),? (?:năm )?{_YEAR}(?!\d)",
        rf"(?<!\d){_YEAR} ?[年년]{_ERA} ?(?P<month>\d{{1,2}}) ?[月월] ?(?P<day>\d{{1,2}}) ?[日号號일]",
        rf"(?<![\d./]){_YEAR}(?:/|\. ?)(?P<month>\d{{1,2}})(?:/|\. ?)(?P<day>\d{{1,2}})\b",
        rf"(?<![\d./-])(?P<either>\d{{1,2}})(?P<sign>[/-])(?P<day>\d{{1,2}})(?P=sign){_YEAR}\b",
        rf"(?<![\d./])(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.{_YEAR}\b",
    )
)
"""2024-05-01; 1 May 2024; May 1, 2024; 2024. május 1.; 1 tháng 5, 2024; 2024年5月1日; 2024/05/01 and 2024. 5. 1.; then
5/1/2024 in both customs, and 1.5.2024."""

_TIME = re.compile(r"(?<!\d)(?:19|20)\d\d-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?(?![\d:])")
"""A time of ISO 8601 beside other words."""
_FIRST_YEAR = 1990
_LABEL_WORDS = 24
"""A date in a longer block is one that the text talks about."""
_NEAR_BLOCKS = 12
_ABOVE_HEADING, _BELOW_HEADING = 10, 40
"""Elements; a byline with a portrait and buttons has some twenty."""
_COMMENTS = mark_bits("comment", "review")
_DAY_FIRST = frozenset({"en-gb", "en-ie", "en-au", "en-nz", "en-in", "en-za"})
_PUBLISHED = re.compile(
    r"publi(?:sh|é|e |cad|k)|pubblic|posted|written|created|released|\bby |veröffentlicht|erschienen|geplaatst|опублик"
    r"|公開|投稿|掲載|发布|發布|发表|發表|입력|등록",
    re.I,
)
_OTHER = re.compile(
    r"updat|modif|review(?!s\b)|edited|generated|printed|exported|©|copyright|aktualisiert|geändert|\bstand:|mis à jour"
    r"|actuali[sz]|aggiornat"
    r"|atualizad|bijgewerkt|gewijzigd|обновл|измен|更新|修改|修正|최종|수정",
    re.I,
)


def read_date(text: str, *, day_first: bool = False) -> datetime | None:
    """Return the day or time that a text names: ISO 8601, or a common way to write a date. A day is midnight UTC.

    Args:
        text: What holds the date.
        day_first: Whether 5/1/2024 is the fifth of January.
    """
    text = text.strip()
    for told in (text, *_TIME.findall(text)):
        try:
            return parse_time(told)
        except ConfigurationError:
            continue
    return _written_date(text, day_first)


def is_day_first(language: str | None) -> bool:
    """Say whether people who write a language (``de``, ``en-gb``) put the day before the month."""
    return language is not None and (not language.startswith("en") or language in _DAY_FIRST)


def _written_date(text: str, day_first: bool) -> datetime | None:
    if _ANY_YEAR.search(text) is None:
        return None
    found = (_day(match.groupdict(), day_first) for form in _WRITTEN if (match := form.search(text)) is not None)
    return next((day for day in found if day is not None), None)


def _day(parts: dict[str, str], day_first: bool) -> datetime | None:
    month = int(parts.get("month") or parts.get("either") or NUMBERS[folded(parts["name"])])
    day = int(parts["day"])
    if "either" in parts and (day_first or month > 12) and day <= 12:
        month, day = day, month
    try:
        return datetime(int(parts["year"]), month, day, tzinfo=UTC)
    except ValueError:
        return None


def is_likely(found: datetime | None) -> bool:
    """Say whether a page can have been published then."""
    return found is not None and _FIRST_YEAR <= found.year <= datetime.now(UTC).year + 1


def shown_times(tree: _Element) -> Iterator[str]:
    """Yield what the ``time`` elements near a heading of the page say; elsewhere they date other pages, or comments.

    Of a page without a heading, those count that all name one day. Days of changes are left to :func:`shown_date`.
    """
    elements = list(tree.iter())
    headings = [number for number, element in enumerate(elements) if element.tag == "h1"]
    told: list[str] = []
    for number, element in enumerate(elements):
        if element.tag != "time":
            continue
        place = bisect_right(headings, number + _ABOVE_HEADING)  # of the first heading that is too far below
        is_near = place > 0 and number - headings[place - 1] <= _BELOW_HEADING
        text = " ".join(element.itertext())
        if (is_near or not headings) and not _is_of_change(element, text):
            told.append(element.get("datetime") or text)
    days = {found.date() for text in told if (found := read_date(text)) is not None}
    if headings or len(days) == 1:
        yield from told


def _is_of_change(element: _Element, text: str) -> bool:
    names = (element.get("class"), element.get("itemprop"), element.getparent().get("class"), text)
    return any(_OTHER.search(name) for name in names if name)


def shown_date(blocks: Sequence[Block], *, day_first: bool = False) -> datetime | None:
    """Return the date that stands in a short line of its own, best near the heading and called a publication.

    Of days away from the heading that are called nothing, which may be those of other things, only a single one counts.
    """
    heading = next((number for number, block in enumerate(blocks) if is_in_h1(block)), 0)
    dated: list[tuple[tuple[int, int], datetime]] = []
    for number, block in enumerate(blocks):
        away = abs(number - heading)
        if len(block.words) > _LABEL_WORDS or not any(map(str.isdigit, block.text)) or _is_of_others(block, away):
            continue
        found = _written_date(block.text, day_first)
        if found is not None and is_likely(found):
            dated.append(((_rank(block.text, away <= _NEAR_BLOCKS), away), found))
    if len({found for (rank, _), found in dated if rank == _UNNAMED_AWAY}) > 1:
        dated = [item for item in dated if item[0][0] != _UNNAMED_AWAY]
    return min(dated, key=lambda item: item[0])[1] if dated else None


_UNNAMED_AWAY = 4


def _rank(text: str, is_near: bool) -> int:
    """Return how sure it is that a day is that of the publication; 0 is the surest."""
    if _OTHER.search(text):
        return 3 if is_near else 5
    if _PUBLISHED.search(text):
        return 0 if is_near else 2
    return 1 if is_near else _UNNAMED_AWAY


def _is_of_others(block: Block, away: int) -> bool:
    """Say whether it stands in a quote or code, or away from the heading among comments, which have their own days."""
    is_comment = away > _NEAR_BLOCKS and block.node.marks & _COMMENTS > 0
    return is_comment or above(block.node, "blockquote", "pre") is not None
