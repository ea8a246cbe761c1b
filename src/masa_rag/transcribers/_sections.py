"""Sound is cut into windows of speech while the rest of it is still being decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from masa_rag.transcribers._encoder import LIMIT_S
from masa_rag.transcribers._windows import RATE, WINDOW_S, Span, Window, windows_of

SECTION_S = 120.0
"""Sound in which speech is looked for at once: short against an hour, so that the model begins early, and long
against a window, so that little is looked at twice."""

OVERLAP_S = 1.0
"""Sound before a section that is looked at again: the detector begins without memory."""


class SpeechCutter:
    """Takes samples in any portions and gives windows as soon as nothing later can change them.

    A recording shorter than SECTION_S is heard as Whisper was trained, and as faster-whisper does it: in windows of up
    to 30 s, each with silence up to 30 s after it. On their own length short clips are heard twice as fast, but one in
    ten has another word than Whisper would have written (``docs/reference/speech.md``).

    Args:
        find: Returns the stretches of speech (start, end) in samples of a float32 array, in order, each at
            most as many seconds long as its second argument says.
    """

    def __init__(self, find: Callable[[Any, float], Sequence[Span]]) -> None:
        self._find = find
        self._portions: list[Any] = []
        self._offset = 0  # the sample of the recording at which what is held begins
        self._held = 0
        self._looked = 0  # the sample up to which speech has been looked for
        self._open: list[Span] = []  # stretches of the window that may still grow

    def add(self, samples: Any) -> list[tuple[Window, Any]]:
        """Take 16-bit samples; return (window, its sound as float32) for each window that is complete."""
        self._portions.append(samples)
        self._held += len(samples)
        if self._offset + self._held - self._looked < SECTION_S * RATE:
            return []
        return self._cut(is_last=False)

    def finish(self) -> list[tuple[Window, Any]]:
        """Return the windows that are left; nothing may be added afterwards."""
        return self._cut(is_last=True)

    def _cut(self, *, is_last: bool) -> list[tuple[Window, Any]]:
        import numpy as np

        sound = np.concatenate(self._portions) if self._portions else np.zeros(0, dtype="<i2")
        is_short = is_last and not self._looked
        limit_s = LIMIT_S if is_short else WINDOW_S
        found = self._spans(sound, limit_s, is_last=is_last)
        windows = windows_of([*self._open, *found], limit_s=limit_s, is_padded=is_short)
        complete = windows if is_last else windows[:-1]
        self._open = [] if is_last or not windows else list(windows[-1].spans)
        cut = [(window, _heard(sound, window, self._offset)) for window in complete]
        self._forget(sound)
        return cut

    def _spans(self, sound: Any, limit_s: float, *, is_last: bool) -> list[Span]:
        """Return the stretches after ``_looked`` that are complete, and move ``_looked`` behind them."""
        if not len(sound) or self._looked >= self._offset + len(sound):
            return []
        fresh = sound[self._looked - self._offset :]
        found = [(start + self._looked, end + self._looked) for start, end in self._find(_floats(fresh), limit_s)]
        reached = self._looked + len(fresh)
        overlap = int(OVERLAP_S * RATE)
        if not is_last and found and found[-1][1] > reached - overlap:
            reached = found.pop()[0]  # goes on, perhaps: looked at again with what follows
        self._looked = max(self._looked, found[-1][1] if found else 0, reached - overlap)
        return found

    def _forget(self, sound: Any) -> None:
        """Drop what no later window needs."""
        needed = min(self._looked, self._open[0][0] if self._open else self._looked)
        self._portions = [sound[needed - self._offset :].copy()]
        self._offset, self._held = needed, len(self._portions[0])


def _heard(sound: Any, window: Window, offset: int) -> Any:
    import numpy as np

    return _floats(np.concatenate([sound[start - offset : end - offset] for start, end in window.spans]))


def _floats(samples: Any) -> Any:
    import numpy as np

    return samples.astype(np.float32) / np.float32(32768.0)
