"""What Whisper writes when nobody speaks, and when it gets stuck."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

NO_SPEECH = 0.6
LOG_PROBABILITY = -1.0
COMPRESSION = 2.4
"""Thresholds of Radford et al. 2022 (Whisper), section 4.5: silent when the no-speech probability is above
0.6 and the mean log probability below -1; looping when the text compresses by more than 2.4."""

_INVENTED = re.compile(
    r"(?:thanks?(?: you)?(?: (?:so|very) much)?(?: for (?:watching|listening|your attention))?(?: and .{0,40})?"
    r"|(?:please )?(?:like|subscribe|like and subscribe|don't forget to .{0,40}subscribe.{0,40})(?: to .{0,40})?"
    r"|(?:transcribed|subtitles|captions|translated|captioning)\b.{0,60}(?:by|from)\b.{0,60}"
    r"|see you (?:in the )?next (?:time|video|week).{0,20}|bye(?:[ -]bye)?|you|okay|so|oh|uh|um|hmm|music|applause"
    r"|\W*|.{0,40}(?:otter\.ai|amara\.org|www\.[\w.]+).{0,40})[.!\s]*",
    re.IGNORECASE | re.DOTALL,
)
INVENTED_BELOW = 0.6
"""Mean token probability under which such a phrase is taken for invented; a spoken "Thank you." scores higher."""


def is_invented(text: str, *, confidence: float, no_speech: float, log_probability: float) -> bool:
    """Say whether a window's text was made up over silence, noise or music.

    Args:
        text: All that the model wrote for the window.
        confidence: Mean probability of its tokens, 0 to 1.
        no_speech: The model's own probability that nobody speaks.
        log_probability: Mean log probability of its tokens.
    """
    if not re.search(r"\w", text):
        return True
    if no_speech > NO_SPEECH and log_probability < LOG_PROBABILITY:
        return True
    return bool(_INVENTED.fullmatch(text.strip())) and (confidence < INVENTED_BELOW or no_speech > NO_SPEECH)


def compression_ratio(text: str) -> float:
    """Return how much smaller zlib makes the text; speech stays below 2, a loop goes far above 2.4."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def is_looping(text: str) -> bool:
    """Say whether the text repeats itself as only a stuck decoder does."""
    return compression_ratio(text) > COMPRESSION or len(cut_loops(text.split())) < len(text.split())


LOOP_TIMES = 4
LOOP_WORDS = 12
"""A phrase of up to 12 words said four or more times on end is a loop; people stop at three."""


def cut_loops(words: Sequence[str]) -> list[str]:
    """Return the words with each loop reduced to one round."""
    result: list[str] = []
    position = 0
    while position < len(words):
        length, times = _loop_at(words, position)
        result.extend(words[position : position + length])
        position += length * times
    return result


def _loop_at(words: Sequence[str], position: int) -> tuple[int, int]:
    """Return (length, rounds) of the loop that begins here; (1, 1) when there is none."""
    for length in range(1, LOOP_WORDS + 1):
        phrase = [_bare(word) for word in words[position : position + length]]
        times = 1
        while [_bare(word) for word in words[position + times * length : position + (times + 1) * length]] == phrase:
            times += 1
        if times >= LOOP_TIMES and any(phrase):
            return length, times
    return 1, 1


def _bare(word: str) -> str:
    return re.sub(r"\W", "", word).lower()
