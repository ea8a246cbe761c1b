"""Captions of American television (CEA-608, "line 21") in Scenarist's file, .scc."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from masa_rag.sources._transcripts.base import Caption, Transcript, lines_of
from masa_rag.sources._transcripts.speakers import transcript_of

_LINE = re.compile(r"\s*(\d{1,3}):(\d\d):(\d\d)([:;.])(\d\d)\s+((?:[\da-f]{4}\s*)+)", re.IGNORECASE)
_FRAMES_A_SECOND = 30_000 / 1_001
"""Time codes count thirty frames a second, of which there are 29.97."""
_LETTERS = str.maketrans("*\\^_`{|}~\x7f", "áéíóúç÷Ññ█")
"""What differs from ASCII."""
_SPECIAL = "®°½¿™¢£♪à èâêîôû"
_EXTENDED = {
    0x12: "ÁÉÓÚÜü‘¡*’—©℠•“”ÀÂÇÈÊËëÎÏïÔÙùÛ«»",
    0x13: "ÃãÍÌìÒòÕõ{}\\^_|~ÄäÖöß¥¤│ÅåØø┌┐└┘",
}
"""Each of these takes the place of the letter before it, which stands there for decoders that do not know it."""
_ROWS = {0x10: 11, 0x11: 1, 0x12: 3, 0x13: 12, 0x14: 14, 0x15: 5, 0x16: 7, 0x17: 9}
"""The upper of the two rows that each code places the letters in."""
_POP_ON, _ROLL_UP, _PAINT_ON = "pop-on", "roll-up", "paint-on"
_MODES = {0x20: _POP_ON, 0x25: _ROLL_UP, 0x26: _ROLL_UP, 0x27: _ROLL_UP, 0x29: _PAINT_ON, 0x2A: "", 0x2B: ""}
"""How captions come after a code; 0x2A and 0x2B begin text that is no caption."""
_BACKSPACE, _ERASE_SHOWN, _NEXT_ROW, _ERASE_HIDDEN, _SHOW = 0x21, 0x2C, 0x2D, 0x2E, 0x2F


def looks_like_scc(text: str) -> bool:
    """Say whether the first line is that of Scenarist's captions."""
    return text.lstrip()[:13].lower() == "scenarist_scc"


def parse_scc(text: str) -> Transcript:
    """Read the first channel of Scenarist's captions: pop-on, roll-up (each row once) and paint-on."""
    screen = _Screen()
    for match in filter(None, map(_LINE.fullmatch, lines_of(text))):
        first = _frame(match)
        for number, word in _once([int(word, 16) & 0x7F7F for word in match[6].split()]):
            screen.take(word, (first + number) / _FRAMES_A_SECOND)
    screen.end()
    return transcript_of(screen.captions)


def _frame(match: re.Match[str]) -> int:
    """Return the number of the frame that a time code names; with a semicolon, each minute but the tenth skips two."""
    hours, minutes, seconds, frames = (int(match[group]) for group in (1, 2, 3, 5))
    whole = 60 * hours + minutes
    dropped = 2 * (whole - whole // 10) if match[4] != ":" else 0
    return 30 * (60 * whole + seconds) + frames - dropped


def _once(words: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of bytes with their place in the row; a code that is sent twice is meant once."""
    last = 0
    for number, word in enumerate(words):
        is_code = 0x10 <= word >> 8 < 0x20
        last = 0 if is_code and word == last else word
        if last:
            yield number, word


class _Screen:
    """Does what a television does with the codes of one channel."""

    def __init__(self) -> None:
        self.captions: list[Caption] = []
        self._rows: dict[int, str] = {}
        self._row = 15
        self._mode = _PAINT_ON
        self._since = self._now = 0.0
        self._channel: int | None = None
        self._is_ours = True

    def take(self, word: int, now: float) -> None:
        """Take two bytes, without their parity, at a second of the recording."""
        self._now = now
        first, second = word >> 8, word & 0x7F
        if 0x10 <= first < 0x20 <= second:
            self._choose(first & 0x08)
            self._obey(first & 0x17, second)
        elif first >= 0x20 or not first:  # others tell of the programme
            self._write("".join(chr(byte).translate(_LETTERS) for byte in (first, second) if byte >= 0x20))

    def end(self) -> None:
        """Take what was written last for shown, as in a file that is cut off."""
        self._show(self._since, None)

    def _choose(self, channel: int) -> None:
        self._channel = channel if self._channel is None else self._channel
        self._is_ours = channel == self._channel

    def _obey(self, code: int, second: int) -> None:
        if not self._is_ours:
            return
        if second >= 0x40:
            self._go_to(_ROWS[code] + (second & 0x20 > 0))
        elif code in _EXTENDED:
            self._step_back()
            self._write(_EXTENDED[code][second - 0x20])
        elif code == 0x11:
            self._write(_SPECIAL[second - 0x30] if second >= 0x30 else " ")  # a colour takes the place of a blank
        elif code == 0x17:
            self._write(" ")
        elif code in (0x14, 0x15):
            self._act(second)

    def _write(self, text: str) -> None:
        if self._mode and self._is_ours:
            self._since = self._since if self._rows else self._now
            self._rows[self._row] = self._rows.get(self._row, "") + text

    def _go_to(self, row: int) -> None:
        if self._mode == _PAINT_ON and row in self._rows:
            self._show(self._since, self._now)
        self._row = row if self._mode != _ROLL_UP else self._row
        if row in self._rows:
            self._write(" ")

    def _step_back(self) -> None:
        self._rows[self._row] = self._rows.get(self._row, "")[:-1]

    def _act(self, second: int) -> None:
        if second in _MODES:
            self._change(_MODES[second])
        elif second == _SHOW:
            self._end_shown()
            self._mode = _POP_ON
            self._show(self._now, None)
        elif second == _ERASE_SHOWN:
            self._end_shown()
        elif second == _NEXT_ROW and self._mode == _ROLL_UP:
            self._show(self._since, self._now)
        elif second == _ERASE_HIDDEN and self._mode == _POP_ON:
            self._rows = {}
        elif second == _BACKSPACE:
            self._step_back()

    def _change(self, mode: str) -> None:
        if mode != self._mode:
            self._end_shown()
            self._rows = {}
        self._mode = mode

    def _end_shown(self) -> None:
        """End what is on the screen: what is being written there, or the caption that was shown last."""
        if self._mode != _POP_ON:
            self._show(self._since, self._now)
        elif self.captions and self.captions[-1].end is None:
            self.captions[-1] = replace(self.captions[-1], end=self._now)

    def _show(self, start: float, end: float | None) -> None:
        rows = [" ".join(self._rows[number].split()) for number in sorted(self._rows)]
        if any(rows):
            self.captions.append(Caption([row for row in rows if row], start, end))
        self._rows = {}
