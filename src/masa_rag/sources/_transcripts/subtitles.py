"""Subtitle formats other than WebVTT: SubRip (.srt), YouTube's .sbv, SubStation Alpha (.ass, .ssa), Whisper's .tsv."""

from __future__ import annotations

import re
from collections.abc import Iterator

from masa_rag._time import parse_clock
from masa_rag.sources._transcripts.base import (
    Caption,
    Transcript,
    lines_of,
    loose_clock,
    shown,
)
from masa_rag.sources._transcripts.speakers import transcript_of

_CLOCK = r"(?:\d+:)?\d{1,3}:\d{2}[.,]\d{1,3}"
_WHOLE = r"(?:\d+:)?\d{1,3}:\d{2}(?:[.,]\d{1,3})?"
_SHOWN = r"(?:\s+(?:[XY][12]|[a-z]+):\S.*)?\s*"
_SRT_TIMING = re.compile(rf"\s*(-?{_WHOLE})\s*-->\s*(-?{_WHOLE}){_SHOWN}")
"""Behind the times may stand where the caption is shown; what is said there makes it another format. Programs that move
all captions write times before the beginning."""
_LOOSE = r"(?:\d+ ?: ?)?\d{1,3} ?: ?\d{1,2}(?: ?[.,:;] ?\d{1,3})?"
_LOOSE_TIMING = re.compile(rf"\s*(-?{_LOOSE})\s*--?>\s*+(-?{_LOOSE})?{_SHOWN}")
"""As language models and typists write them: ``00: 00: 01,000 -> 0:0:4``; an end may be missing."""
_SBV_TIMING = re.compile(rf"\s*({_CLOCK}),({_CLOCK})\s*")
_TSV_ROW = re.compile(r"(\d{1,12})\t(\d{1,12})\t(.*\S.*)")
_LABEL = re.compile(r"(\d{1,6}[.,]\d{1,9})\t(\d{1,6}[.,]\d{1,9})\t(.*[^\W\d_].*)")
MARKUP = re.compile(
    r"</?(?:[abipscuv]|font|span|em|strong|lang|ruby|rt|big|small|div|center|\d\d:[\d:.]+)\b[^<>]*>|\{\\[^{}]*\}", re.I
)
"""Other words in such brackets are said: ``<laughs>``, ``List<String>``."""
_FIRST_LABELS = 20
_OVERRIDE = re.compile(r"\{([^{}]*)\}([^{]*)")
_DRAWS = re.compile(r"\\p[1-9]")


def looks_like_srt(text: str) -> bool:
    """Say whether a timing line opens the file, under a cue number or, as some programs write it, without."""
    lines = [line for line in lines_of(text[:4096]) if line.strip()]
    is_numbered = bool(lines) and lines[0].strip().isdigit()
    return len(lines) > 1 and bool((_LOOSE_TIMING if is_numbered else _SRT_TIMING).fullmatch(lines[is_numbered]))


def parse_srt(text: str) -> Transcript:
    """Read SubRip: number, ``00:00:01,000 --> 00:00:04,000``, rows; a full stop may stand for the comma."""
    return transcript_of([*_cues(text, _LOOSE_TIMING, numbered=True)])


def looks_like_sbv(text: str) -> bool:
    """Say whether a ``0:00:01.000,0:00:04.000`` line opens the file, in SubViewer below facts in brackets."""
    first = next((line for line in lines_of(text[:4096]) if line.strip() and line[0] != "["), "")
    return bool(_SBV_TIMING.fullmatch(first))


def parse_sbv(text: str) -> Transcript:
    """Read YouTube's SBV, and SubViewer (.sub): a line with both times, then rows."""
    return transcript_of([*_cues(text, _SBV_TIMING, numbered=False)])


def _cues(text: str, timing: re.Pattern[str], *, numbered: bool) -> Iterator[Caption]:
    """Yield captions by their timing lines, so that lost numbers and blank lines do no harm."""
    times: tuple[str, str | None] | None = None
    rows: list[str] = []
    for line in lines_of(text):
        if match := timing.fullmatch(line):
            if numbered and rows and rows[-1].strip().isdigit():
                rows.pop()
            yield from _caption(times, rows)
            times, rows = (match[1], match[2]), []
        else:
            rows.append(line)
    yield from _caption(times, rows)


def _caption(times: tuple[str, str | None] | None, rows: list[str]) -> Iterator[Caption]:
    cleaned = [row for line in rows if (row := shown(line, MARKUP))]
    if times is not None and cleaned:
        start, end = (0.0 if time and time[0] == "-" else loose_clock(time or "") for time in times)
        yield Caption(cleaned, start, end)


def looks_like_tsv(text: str) -> bool:
    """Say whether it is the table that Whisper writes: milliseconds and text."""
    return lines_of(text[:4096])[0] == "start\tend\ttext"


def parse_tsv(text: str) -> Transcript:
    """Read Whisper's table; a row whose times cannot be read is left out."""
    rows = (match.groups() for line in lines_of(text) if (match := _TSV_ROW.fullmatch(line)))
    return transcript_of([Caption([said], int(start) / 1000, int(end) / 1000) for start, end, said in rows])


def looks_like_labels(text: str) -> bool:
    """Say whether most lines are labels of Audacity, in the order of their times."""
    lines = [line for line in lines_of(text[:4096])[:_FIRST_LABELS] if line]
    times = [caption.start for caption in _labels(lines)]
    return len(times) > 1 and 2 * len(times) > len(lines) and times == sorted(times, key=lambda time: time or 0.0)


def parse_labels(text: str) -> Transcript:
    """Read the labels that Audacity exports: seconds, seconds and text; other lines are of what is shown."""
    return transcript_of([*_labels(lines_of(text))])


def _labels(lines: list[str]) -> Iterator[Caption]:
    for match in filter(None, map(_LABEL.fullmatch, lines)):
        start, end = (float(match[number].replace(",", ".")) for number in (1, 2))
        if start <= end:
            yield Caption([match[3].strip()], start, end)


def looks_like_ass(text: str) -> bool:
    """Say whether the file has SubStation Alpha's sections."""
    return text.lstrip()[:13].lower() == "[script info]"


def parse_ass(text: str) -> Transcript:
    """Read the Dialogue lines of a SubStation Alpha file; its Name field is the speaker."""
    columns = ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"]
    captions: list[Caption] = []
    for line in lines_of(text):
        kind, _, rest = line.partition(":")
        if kind == "Format" and "text" in rest.lower():
            columns = [column.strip().lower() for column in rest.split(",")]
        elif kind == "Dialogue":
            captions.extend(_dialogue(dict(zip(columns, rest.split(",", len(columns) - 1), strict=False))))
    layers = {(*caption.rows, caption.speaker, caption.start, caption.end): caption for caption in captions}
    return transcript_of([*layers.values()])  # a shadow is a second layer


def _shown(override: re.Match[str]) -> str:
    """Return what stands behind an override, nothing where it is a drawing: ``{\\p1}m 0 0 l 100 0{\\p0}``."""
    return "" if _DRAWS.search(override[1]) else override[2]


def _dialogue(fields: dict[str, str]) -> Iterator[Caption]:
    text = _OVERRIDE.sub(_shown, fields.get("text", "")).replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
    rows = [row for line in text.split("\n") if (row := " ".join(line.split()))]
    if rows:
        start, end = parse_clock(fields.get("start", "")), parse_clock(fields.get("end", ""))
        yield Caption(rows, start, end, fields.get("name", "").strip() or None)
