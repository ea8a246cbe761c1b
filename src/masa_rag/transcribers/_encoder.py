"""Whisper's encoder on windows shorter than the 30 s it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FRAMES_PER_S = 100
"""Columns of the spectrogram a second; every Whisper model."""

LIMIT_S = 30.0
"""Longest input of Whisper's encoder, and what it was trained on."""

MARGIN_S = 2.0
"""Silence kept after the speech of a window. The encoder hears a window's own length and this, not 30 s: it
costs more than linearly in length (base, int8, CPU time: 30 s took 0.76 s, 22 s 0.40 s, 10 s 0.10 s), and
without a margin Whisper loses or repeats last words."""

LEAST_S = 10.0
"""Shortest input, filled up with silence. On less Whisper says a short clip again and again, or twice: of 48 windows
of 1 to 5 s tiny.en repeated itself in 10 when 2 s followed the window, in 5 with at least 6 s of input, in 2 with
8 s and in none with 10 s; base in 4, 1, 0 and 0."""


def encode(whisper: Any, features: Sequence[Any], *, whole: bool = False) -> Any:
    """Return the encoder's output for spectra of (mels, frames), which is as long for all as for the longest.

    A CPU encodes them one after the other: what is worked on stays in its cache (tiny.en, int8, windows of 20 s: 0.16 s
    of CPU time each, 0.31 s in batches of 8).

    Args:
        whisper: A loaded ``faster_whisper.WhisperModel``.
        features: The windows; what is longer than 30 s is cut.
        whole: Whether to encode 30 s, however short the windows are.
    """
    import numpy as np

    limit, least = int(LIMIT_S * FRAMES_PER_S), int(LEAST_S * FRAMES_PER_S)
    longest = max(item.shape[-1] for item in features) + int(MARGIN_S * FRAMES_PER_S)
    length = limit if whole else max(least, min(limit, longest + longest % 2))
    batch = np.zeros((len(features), features[0].shape[0], length), dtype=np.float32)
    for row, item in zip(batch, features, strict=True):
        row[:, : item.shape[-1]] = item[:, :length]
    if len(features) == 1 or whisper.model.device != "cpu":
        return whisper.encode(batch)
    views = [whisper.encode(row[None]) for row in batch]
    return type(views[0]).from_array(np.concatenate([np.asarray(view) for view in views]))


def shortened(encoded: Any, frames: int) -> Any:
    """Return the part of the encoder's output that belongs to the first frames and MARGIN_S; on a GPU all of it.

    For the times of the words: what is left out is silence, and takes half of the time that aligning takes.
    """
    rows = (frames + int(MARGIN_S * FRAMES_PER_S)) // 2
    if encoded.device != "cpu" or rows >= encoded.shape[1]:
        return encoded
    import numpy as np

    return type(encoded).from_array(np.ascontiguousarray(np.asarray(encoded)[:, :rows]))


def rows_of(encoded: Any, rows: Sequence[int]) -> Any:
    """Return some windows of the encoder's output, in order."""
    return encoded if len(rows) == encoded.shape[0] else type(encoded).from_array(on_cpu(encoded)[list(rows)])


def on_cpu(encoded: Any) -> Any:
    """Return the encoder's output as an array; from a GPU it is fetched first."""
    import numpy as np

    if encoded.device == "cuda":
        from masa_rag._lazy import require

        engine = require("ctranslate2", extra="speech", purpose="Transcribing on a GPU")
        if encoded.dtype == engine.DataType.bfloat16:  # numpy has no such numbers
            encoded = encoded.to(engine.DataType.float32)
        encoded = encoded.to_device(engine.Device.cpu)
    return np.array(encoded)
