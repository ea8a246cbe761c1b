"""From stretches of speech to windows for the model, and from its tokens to timed lines."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from masa_rag.transcribers._guards import cut_loops

_SENTENCE_END = re.compile(r"[.!?…。！？؟।][\"'”’)」』]*\s*$")

RATE = 16_000
"""Samples a second, as Whisper and Silero VAD expect them."""

Span = tuple[int, int]
"""First sample, and one past the last."""

WINDOW_S = 20.0
"""Longest stretch given to the model at once. Measured with beam 1 on the test recordings (637 words): windows of
20 s gave 7.2 % errors with base and 11.0 % with tiny.en, faster-whisper's 30 s gave 7.5 and 11.0 %, 15 s gave
8.3 % (base); the encoder costs less than half a second of sound as at 30 s."""

MIN_SILENCE_MS = 160
"""Shortest silence at which speech is cut; faster-whisper's own value for batches."""


@dataclass(frozen=True, slots=True)
class Window:
    """Stretches of one recording that the model hears at once, one after the other; counted in samples.

    ``is_padded`` says that it hears silence after them up to the 30 s it was trained on.
    """

    spans: tuple[Span, ...]
    is_padded: bool = False

    @property
    def start(self) -> int:
        """First sample."""
        return self.spans[0][0]

    @property
    def end(self) -> int:
        """One past the last sample."""
        return self.spans[-1][1]

    @property
    def seconds(self) -> float:
        """How much is heard, the pauses between the stretches not counted."""
        return sum(end - start for start, end in self.spans) / RATE

    def time_at(self, heard_s: float, *, is_end: bool = False) -> float:
        """Return the second of the recording for a second of what is heard.

        Where two stretches meet, an end belongs to the earlier one and a start to the later.
        """
        ends = list(accumulate((end - start) / RATE for start, end in self.spans))
        place = bisect_right(ends, heard_s - 1e-6 if is_end else heard_s + 1e-6)
        place = min(place, len(self.spans) - 1)
        start, end = self.spans[place]
        into = heard_s - (ends[place - 1] if place else 0.0)
        return min(start / RATE + max(into, 0.0), end / RATE)


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written, punctuation and leading space included, in seconds of what is heard; its tokens if known."""

    text: str
    start: float
    end: float
    confidence: float
    tokens: tuple[int, ...] = ()


def windows_of(speech: Sequence[Span], *, limit_s: float = WINDOW_S, is_padded: bool = False) -> list[Window]:
    """Join neighbouring stretches of speech, pauses left out, while they fit into ``limit_s``.

    Args:
        speech: (start, end) in samples, in order, each at most ``limit_s`` long.
        limit_s: Longest window in seconds of speech.
        is_padded: What the windows say of themselves.
    """
    windows: list[list[Span]] = []
    filled = 0
    for start, end in speech:
        if windows and filled + end - start <= limit_s * RATE:
            windows[-1].append((start, end))
            filled += end - start
        else:
            windows.append([(start, end)])
            filled = end - start
    return [Window(tuple(spans), is_padded) for spans in windows]


LINE_S = 12.0
"""Longest line for a citation: about two spoken sentences."""

PAUSE_S = 0.8
"""A pause that ends a line even within a sentence."""


def lines_of(words: Sequence[Word], window: Window) -> Iterator[list[Word]]:
    """Yield the words of each line: cut at sentence ends, at pauses, and where a line gets too long.

    A line of one sentence is kept short only when the next would make it longer than LINE_S.
    """
    line: list[Word] = []
    for word in words:
        if line and _breaks(line, word, window):
            yield line
            line = []
        line.append(word)
    if line:
        yield line


def _breaks(line: Sequence[Word], word: Word, window: Window) -> bool:
    start, last = window.time_at(line[0].start), window.time_at(line[-1].end, is_end=True)
    if window.time_at(word.start) - last >= PAUSE_S:
        return True
    length = window.time_at(word.end, is_end=True) - start
    ends = bool(_SENTENCE_END.search(line[-1].text))
    return (ends and length > LINE_S / 2) or length > LINE_S


def entries_of(words: Sequence[Word], window: Window, language: str) -> list[dict[str, Any]]:
    """Return what is kept of a window: its lines, with seconds of the recording."""
    lines = []
    for part in lines_of(words, window):
        said = "".join(word.text for word in part).split()
        text = " ".join(cut_loops(said))
        if text:
            start, end = window.time_at(part[0].start), window.time_at(part[-1].end, is_end=True)
            facts = {"confidence": round(sum(word.confidence for word in part) / len(part), 3), "language": language}
            if len(text.split()) == len(said):
                facts["word_starts"] = _word_starts(part, window)
            lines.append({"text": text, "start": round(start, 2), "end": round(max(start, end), 2), "metadata": facts})
    return lines


def _word_starts(words: Sequence[Word], window: Window) -> list[float]:
    """Return when each word of the line begins; the model writes some in several pieces."""
    starts, is_open = [], False
    for word in words:
        for part in re.findall(r"\s+|\S+", word.text):
            if not part.isspace() and not is_open:
                starts.append(round(window.time_at(word.start), 2))
            is_open = not part.isspace()
    return starts
