"""WebVTT (W3C): https://www.w3.org/TR/webvtt1/, section 6 "Parsing"; with the habits of Zoom, Webex and YouTube."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace

from masa_rag.errors import SourceFormatError
from masa_rag.sources._transcripts.base import Caption, Transcript, lines_of, shown
from masa_rag.sources._transcripts.speakers import transcript_of

_SIGNATURE = re.compile(r"WEBVTT(?:[ \t].*)?")
_STAMP = r"(?:(\d{1,9}):)?([0-5]\d):([0-5]\d)\.(\d{3})(?!\d)"
_TIMING = re.compile(rf"[ \t\f]*{_STAMP}[ \t\f]*-->[ \t\f]*{_STAMP}")
_LOOSE = r"(?:(?:(\d{1,9}):)?([0-5]?\d):)?([0-5]?\d)(?:[.,](\d{1,3}))?(?![\d:])"
_LOOSE_TIMING = re.compile(rf"[ \t\f]*{_LOOSE}[ \t\f]*-->[ \t\f]*{_LOOSE}")
"""Teams' ``0:0:5.32``, ``5.320`` before the first minute, SubRip's commas below another first line, whole seconds."""
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]++([^<>]*)>")
_WEBEX = re.compile(r'\d+ "([^"]{1,100})" \(\d+\)\s*')
"""Webex writes who speaks into the number of the caption."""
_TAG = re.compile(r"<(?![\s=])[^<>]*>|\{\\[^{}]*\}")
"""What is less ("1 < 2") opens none. Also ``{\\an8}``, which programs leave in that made it of SubRip."""


def looks_like_vtt(text: str) -> bool:
    """Say whether the file opens with WebVTT's signature; programs leave lines above it empty."""
    return bool(_SIGNATURE.fullmatch(lines_of(text[:4096].lstrip())[0]))


def parse_vtt(text: str) -> Transcript:
    """Read a WebVTT file; captions with a malformed timing are left out, as the standard says, unless all may be."""
    if not looks_like_vtt(text):
        raise SourceFormatError("received text without the WebVTT signature; expected the first line to be 'WEBVTT'")
    lines = lines_of(text.lstrip().replace("\0", "�"))
    first = next((line for line in lines if "-->" in line), "")
    timing = _LOOSE_TIMING if _LOOSE_TIMING.match(first) and not _TIMING.match(first) else _TIMING
    captions = [caption for block in _blocks(lines) for caption in _captions(block, timing)]
    return transcript_of(captions)


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Yield the blocks: a blank line ends one, and so does a second line with an arrow."""
    block: list[str] = []
    for line in lines[1:]:
        arrow = "-->" in line
        blank = not line.strip(" \t\f")
        if line and blank and block and "-->" in block[-1]:
            continue  # YouTube's first caption has a blank in its upper row
        if blank or (arrow and (len(block) > 1 or any("-->" in item for item in block))):
            yield block
            block = []
        if not blank:
            block.append(line)
    yield block


def _captions(block: list[str], timing: re.Pattern[str]) -> Iterator[Caption]:
    for number, line in enumerate(block[:2]):
        if match := timing.match(line):
            start, end = _seconds(match.groups()[:4]), _seconds(match.groups()[4:])
            named = _WEBEX.fullmatch(block[0]) if number else None
            payload = _as_voice("\n".join(block[number + 1 :]))
            for caption in _voices(payload, start, max(start, end)):
                yield replace(caption, speaker=named[1].strip()) if named and caption.speaker is None else caption
            return


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds = (int(part or 0) for part in parts[:3])
    return hours * 3600 + minutes * 60 + seconds + float(f"0.{parts[3] or 0}")


def _as_voice(payload: str) -> str:
    """Return a payload as WebVTT has it where it is JSON, as Teams' API writes with ``metadataContent``."""
    try:
        facts = json.loads(payload) if payload.startswith("{") else None
    except (ValueError, RecursionError):
        return payload
    if not isinstance(facts, dict) or not isinstance(facts.get("spokenText"), str):
        return payload
    return f"<v {html.escape(str(facts.get('speakerName') or ''))}>{html.escape(facts['spokenText'])}"


def _voices(payload: str, start: float, end: float) -> Iterator[Caption]:
    """Yield a caption for each voice of the payload; without ``<v Name>`` there is one, nameless."""
    parts = _VOICE.split(payload)
    for name, text in zip([None, *parts[1::2]], parts[::2], strict=True):
        rows = [row for line in text.split("\n") if (row := shown(line, _TAG))]
        if rows:
            yield Caption(rows, start, end, html.unescape(name).strip() or None if name else None)
