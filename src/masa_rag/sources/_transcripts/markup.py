"""Transcripts as markup: TTML, YouTube's timed text, the HTML of the Podcasting 2.0 examples, and other pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from lxml import etree, html

from masa_rag._time import parse_clock
from masa_rag.errors import SourceFormatError
from masa_rag.sources._transcripts.base import (
    Caption,
    Line,
    Transcript,
    forward_only,
    shown,
    with_ends,
)
from masa_rag.sources._transcripts.json import number
from masa_rag.sources._transcripts.speakers import transcript_of
from masa_rag.sources._transcripts.subtitles import MARKUP

_TTML = re.compile(r"<(?:\w+:)?tt\b[^<>]*ttml|<(?:\w+:)?tt\s[^<>]*xmlns", re.IGNORECASE)
_TIMED_TEXT = re.compile(r"<(?:transcript|timedtext)\b")
_CITED = re.compile(r"<cite>[^<]{1,80}</cite>\s*(?:<time>\s*[\d:.]+\s*</time>|<p>)", re.IGNORECASE)
_PAGE = re.compile(r"\s*(?:<!doctype html|<(?:html|body|main|article|section|div|h[1-6]|p)\b)", re.IGNORECASE)
_BLOCKS = frozenset("p div li tr dt dd blockquote section article h1 h2 h3 h4 h5 h6".split())
_OFFSET = re.compile(r"(\d{1,15}(?:\.\d+)?)(h|ms|m|s|f|t)?")
_FRAMES = re.compile(r"(\d+:\d{2}:\d{2}):(\d+)")
_ROUNDED_S = 0.5
"""By so much a part may begin before the whole, where both count from the beginning."""
_Interval = tuple[float | None, float | None]
_Clock = Callable[[str | None], float | None]
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def looks_like_ttml(text: str) -> bool:
    """Say whether the root element is TTML's ``tt``."""
    return bool(_TTML.search(text[:4096]))


def looks_like_timed_text(text: str) -> bool:
    """Say whether it is YouTube's ``<transcript>`` or ``<timedtext>``."""
    return bool(_TIMED_TEXT.search(text[:1024])) and text.lstrip().startswith("<")


def looks_like_cited(text: str) -> bool:
    """Say whether it is HTML with ``<cite>Name:</cite><time>0:00</time>`` before each paragraph."""
    return bool(_CITED.search(text[:65_536]))


def rows_of_page(text: str) -> str:
    """Return the words of a page of HTML, a row for each break and a blank one between blocks; "" when it is none."""
    if not _PAGE.match(text):
        return ""
    root = html.fromstring(f"<div>{text}</div>", parser=html.HTMLParser(remove_comments=True, remove_pis=True))
    etree.strip_elements(root, "head", "script", "style", "nav", with_tail=False)
    parts: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        ends = "\n" if element.tag == "br" else "\n\n" * (element.tag in _BLOCKS)
        parts += [ends, (element.text if event == "start" else element.tail) or ""]
    rows = (" ".join(row.split()) for row in "".join(parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(rows)).strip()


def parse_xml(text: str) -> Any:
    """Return the root element, whatever encoding it says it was in before it was a text.

    No entity is expanded and nothing is fetched; errors are SourceFormatError.
    """
    safe = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    parser = etree.XMLParser(encoding="utf-8", **safe)
    try:
        return etree.fromstring(text.lstrip().encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SourceFormatError(f"received XML that cannot be read ({error}); expected a whole document") from error


def parse_ttml(text: str) -> Transcript:
    """Read TTML (W3C Timed Text): each ``p`` is a caption, ``ttm:agent`` its speaker."""
    root = parse_xml(text)
    clock = partial(
        _ttml_time, frame_rate=_frame_rate(root), tick_rate=number(_attributes(root).get("tickRate")) or 1.0
    )
    agents, nested = dict(_agents(root)), _is_nested(root, clock)
    etree.strip_elements(root, "{*}metadata", "{http://www.w3.org/ns/ttml#metadata}*", with_tail=False)
    captions = []
    for element in root.iter("{*}p"):
        start, end = _interval(element, clock, nested=nested)
        label = next(iter(_attributes(element).get("agent", "").split()), "")
        captions.append(Caption(_rows(element), start, end, agents.get(label, label) or None))
    return transcript_of([caption for caption in captions if caption.start is not None])


def _frame_rate(root: Any) -> float:
    """Return the frames a second: ``30`` with the multiplier ``1000 1001`` are 29.97."""
    attributes = _attributes(root)
    told = [number(part) for part in attributes.get("frameRateMultiplier", "").split()]
    above, below = told if len(told) == 2 else (1.0, 1.0)
    return (number(attributes.get("frameRate")) or 30.0) * ((above or 1.0) / (below or 1.0))


def _is_nested(root: Any, clock: _Clock) -> bool:
    """Say whether times count from the begin of the element around, as the standard has it.

    Apple Music counts them from the beginning: as parts of their verse, lines would lie behind its end.
    """
    timed = [(_shown(element, clock)[0], _around(element, clock)) for element in root.iter("{*}div", "{*}p")]
    pairs = [(start, *around[0]) for start, around in timed if start is not None and around]
    behind = any(end is not None and begin + start >= end for start, begin, end in pairs)
    return not behind or any(start < begin - _ROUNDED_S for start, begin, _ in pairs)


def _interval(element: Any, clock: _Clock, *, nested: bool) -> _Interval:
    """Return from when to when a paragraph is shown, in seconds of the recording; None where nothing says so."""
    (start, end), around = _shown(element, clock), _around(element, clock)
    if start is None and around:
        (start, end), *around = around
    offset = sum(begin for begin, _ in around) if nested else 0.0
    return None if start is None else start + offset, None if end is None else end + offset


def _shown(element: Any, clock: _Clock) -> _Interval:
    """Return the times of an element, or of its children where it has none."""
    start, end = _written(element, clock)
    if start is not None:
        return start, end
    children = [_written(child, clock) for child in element]
    ends = [] if end is not None else [until for _, until in children if until is not None]
    return min((begin for begin, _ in children if begin is not None), default=None), max(ends, default=end)


def _around(element: Any, clock: _Clock) -> list[tuple[float, float | None]]:
    """Return the times of the timed elements that an element is part of, the nearest first."""
    written = (_written(part, clock) for part in element.iterancestors())
    return [(start, end) for start, end in written if start is not None]


def _written(element: Any, clock: _Clock) -> _Interval:
    """Return begin and end as an element gives them."""
    attributes = _attributes(element)
    start, end, length = (clock(attributes.get(key)) for key in ("begin", "end", "dur"))
    return start, start + length if end is None and start is not None and length is not None else end


def _agents(root: Any) -> Iterator[tuple[str, str]]:
    for agent in root.iter("{*}agent"):
        name = " ".join("".join(agent.itertext()).split())
        if name and (identity := _attributes(agent).get("id")):
            yield identity, name


def _attributes(element: Any) -> dict[str, str]:
    return {_local(key): value for key, value in element.attrib.items()}


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _rows(element: Any) -> list[str]:
    """Return the rows of a caption: ``br`` breaks them, and syllables in spans are kept as they stand.

    Apple says of its spans which are words (``unit``), and leaves the blanks between them out.
    """
    parts = [_in_one_row(element.text)]
    for child in element.iterdescendants():
        if isinstance(child.tag, str):
            whole = " " if _attributes(child).get("unit") in ("word", "sentence") else ""
            parts += ["\n" if _local(child.tag) == "br" else whole, _in_one_row(child.text)]
        parts.append(_in_one_row(child.tail))
    return [" ".join(row.split()) for row in "".join(parts).split("\n") if row.strip()]


def _in_one_row(text: str | None) -> str:
    return (text or "").replace("\n", " ")


def _ttml_time(value: str | None, frame_rate: float, tick_rate: float) -> float | None:
    if not value:
        return None
    if match := _FRAMES.fullmatch(value.strip()):
        whole = parse_clock(match[1])
        return None if whole is None else whole + int(match[2]) / frame_rate
    if match := _OFFSET.fullmatch(value.strip()):
        units = {**_UNITS, "f": 1 / frame_rate, "t": 1 / tick_rate}
        return float(match[1]) * units.get(match[2] or "s", 1.0)
    return parse_clock(value)


def parse_timed_text(text: str) -> Transcript:
    """Read YouTube's timed text: ``<text start dur>`` in seconds, or ``<p t d>``, ``<text t d>`` in milliseconds."""
    captions = []
    for element in parse_xml(text).iter("text", "p"):
        unit = 1.0 if "start" in element.attrib else 1000.0
        start = number(element.get("start", element.get("t")))
        length = number(element.get("dur", element.get("d")))
        rows = [row for line in "".join(element.itertext()).split("\n") if (row := shown(line, MARKUP))]
        if start is not None and rows:
            end = None if length is None else (start + length) / unit
            captions.append(Caption(rows, start / unit, end))
    return transcript_of(captions)


def parse_cited(text: str) -> Transcript:
    """Read ``<cite>Name:</cite><time>0:00</time><p>…</p>``, repeated."""
    speaker: str | None = None
    start: float | None = None
    lines: list[Line] = []
    for element in html.fromstring(f"<div>{text}</div>").iter("cite", "time", "p"):
        content = " ".join(element.text_content().split())
        if element.tag == "cite":
            speaker, start = content.rstrip(":").strip() or None, None
        elif element.tag == "time":
            start = parse_clock(content)
        elif content:
            lines.append(Line(content, speaker, start))
            start = None
    return Transcript(with_ends(forward_only(lines)))
