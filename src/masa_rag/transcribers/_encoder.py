"""Whisper's encoder on windows shorter than the 30 s it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FRAMES_PER_S = 100
"""Columns of the spectrogram a second; every Whisper model."""

OUTPUTS_PER_S = 50
"""Rows of the encoder's output a second."""

LIMIT_S = 30.0
"""Longest input of Whisper's encoder, and what it was trained on."""

MARGIN_S = 2.0
"""Silence kept after the speech of a window. The encoder hears a window's own length and this, not 30 s: it
costs more than linearly in length (base, int8, two cores: 30 s took 1.13 s, 15 s took 0.26 s), and
without a margin Whisper loses or repeats last words."""

SHORT_S = 15.0
END_S = 2.0
"""How much of the end of 30 s of silence follows what the decoder is given of windows shorter than SHORT_S.

By the last rows of 30 s the decoder seems to know that a recording is over: without them it stops within a sentence, or
says it again and again. In 197 windows of short clips tiny.en repeated itself in 38 without them and in none with
them, and its words were not those for the full 30 s in 67 and in 14. From 0.3 s of such rows to all 26 s it
repeated itself in none, with other words in 14 to 21."""


class Encoder:
    """Encodes windows with a loaded ``faster_whisper.WhisperModel``."""

    def __init__(self, whisper: Any) -> None:
        self._whisper = whisper
        self._end: Any = None

    def encode(self, features: Sequence[Any], *, whole: bool = False) -> Any:
        """Return the encoder's output for spectra of (mels, frames).

        Args:
            features: The windows; what is longer than 30 s is cut.
            whole: Whether to encode 30 s, however short the windows are.
        """
        import numpy as np

        limit = int(LIMIT_S * FRAMES_PER_S)
        longest = max(item.shape[-1] for item in features) + int(MARGIN_S * FRAMES_PER_S)
        length = limit if whole else min(limit, longest + longest % 2)
        batch = np.zeros((len(features), features[0].shape[0], length), dtype=np.float32)
        for row, item in zip(batch, features, strict=True):
            row[:, : item.shape[-1]] = item[:, :length]
        return self._whisper.encode(batch)

    def ended(self, encoded: Any) -> Any:
        """Return the encoder's output with the end of a recording behind it, if it is short; otherwise as it is."""
        import numpy as np

        if encoded.shape[1] >= SHORT_S * OUTPUTS_PER_S:
            return encoded
        rows = on_cpu(encoded)
        if self._end is None:
            silence = np.zeros((self._whisper.model.n_mels, 0), dtype=np.float32)
            self._end = on_cpu(self.encode([silence], whole=True))[:, -int(END_S * OUTPUTS_PER_S) :]
        end = np.broadcast_to(self._end, (len(rows), *self._end.shape[1:]))
        return type(encoded).from_array(np.concatenate([rows, end], axis=1))


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
