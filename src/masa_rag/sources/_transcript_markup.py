"""Transcripts as markup: TTML, YouTube's timed text, and the HTML of the Podcasting 2.0 examples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree, html

from masa_rag._time import parse_clock
from masa_rag.errors import SourceFormatError
from masa_rag.sources._transcript_base import (
    Caption,
    Line,
    Transcript,
    assign_speakers,
    fold_rolling,
    forward_only,
    in_time,
    with_ends,
)
from masa_rag.sources._transcript_json import number

_TTML = re.compile(r"<(?:\w+:)?tt\b[^>]*ttml|<(?:\w+:)?tt\s[^>]*xmlns", re.IGNORECASE)
_TIMED_TEXT = re.compile(r"<(?:transcript|timedtext)\b")
_CITED = re.compile(r"<cite>[^<]{1,80}</cite>\s*<time>\s*[\d:.]+\s*</time>", re.IGNORECASE)
_OFFSET = re.compile(r"(\d{1,15}(?:\.\d+)?)(h|ms|m|s|f|t)?")
_FRAMES = re.compile(r"(\d+:\d{2}:\d{2}):(\d+)")
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


def parse_xml(text: str) -> Any:
    """Return the root element. No entity is expanded and nothing is fetched; errors are SourceFormatError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(text.lstrip().encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SourceFormatError(f"received XML that cannot be read ({error}); expected a whole document") from error


def parse_ttml(text: str) -> Transcript:
    """Read TTML (W3C Timed Text): each ``p`` is a caption, ``ttm:agent`` its speaker."""
    root = parse_xml(text)
    rates = {_local(key): number(value) for key, value in root.attrib.items()}
    frame, tick = rates.get("frameRate") or 30.0, rates.get("tickRate") or 1.0
    agents = dict(_agents(root))
    captions = []
    for element in root.iter("{*}p"):
        attributes = {_local(key): value for key, value in element.attrib.items()}
        start = _ttml_time(attributes.get("begin"), frame, tick)
        end, length = (_ttml_time(attributes.get(key), frame, tick) for key in ("end", "dur"))
        if end is None and start is not None and length is not None:
            end = start + length
        captions.append(Caption(_rows(element), start, end, agents.get(attributes.get("agent", ""))))
    return Transcript(assign_speakers(_timed(fold_rolling(captions))))


def _timed(lines: list[Line]) -> list[Line]:
    return in_time([line for line in lines if line.start is not None])


def _agents(root: Any) -> Iterator[tuple[str, str]]:
    for agent in root.iter("{*}agent"):
        name = " ".join("".join(agent.itertext()).split())
        for key, value in agent.attrib.items():
            if _local(key) == "id" and name:
                yield value, name


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _rows(element: Any) -> list[str]:
    """Return the rows of a caption: ``br`` breaks them, and syllables in spans are kept as they stand."""
    parts = [element.text or ""]
    for child in element.iterdescendants():
        if isinstance(child.tag, str):
            parts += ["\n" if _local(child.tag) == "br" else "", child.text or ""]
        parts.append(child.tail or "")
    joined = "".join(parts)
    if "<br" not in joined and not any(_local(str(child.tag)) == "br" for child in element.iter()):
        return [" ".join(joined.split())] if joined.strip() else []
    return [" ".join(row.split()) for row in joined.split("\n") if row.strip()]


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
    """Read YouTube's timed text: ``<text start dur>`` in seconds, or ``<p t d>`` in milliseconds."""
    captions = []
    for element in parse_xml(text).iter("text", "p"):
        unit = 1.0 if element.tag == "text" else 1000.0
        start = number(element.get("start", element.get("t")))
        length = number(element.get("dur", element.get("d")))
        content = html.fromstring(f"<p>{''.join(element.itertext())}</p>").text_content()
        rows = [" ".join(row.split()) for row in content.split("\n") if row.strip()]
        if start is not None and rows:
            end = None if length is None else (start + length) / unit
            captions.append(Caption(rows, start / unit, end))
    return Transcript(assign_speakers(in_time(fold_rolling(captions))))


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
