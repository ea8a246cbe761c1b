"""What Whisper's encoder is given: the log-mel spectrum of a sound, computed without waking other threads."""

from __future__ import annotations

from typing import Any

from masa_rag._blas import SMALL

WINDOW = 400
"""Samples that a column of the spectrum looks at: 25 ms at 16 kHz (Radford et al. 2022, section 2.2)."""

STEP = 160
"""Samples from one column to the next: 10 ms."""


def spectrum(sound: Any, filters: Any) -> Any:
    """Return the log-mel spectrum (mels, columns) that faster-whisper's own extractor gives, to the last bit.

    That holds for 80 mels with OpenBLAS; with another matrix library, or 128 mels, but for rounding.

    Args:
        sound: float32 samples at 16 kHz, at least STEP; every STEP of them gives a column.
        filters: The model's mel filters (mels, 201), float32.
    """
    import numpy as np

    padded = np.pad(np.pad(sound, (0, STEP)), WINDOW // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::STEP][:-2]
    hann = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    waves = np.fft.rfft(windows * hann).astype(np.complex64, copy=False)  # numpy 1 computes them in double precision
    power = np.abs(waves.T) ** 2
    mels = np.empty((len(filters), power.shape[1]), dtype=np.float32)
    columns = max(8, SMALL // filters.size // 8 * 8)
    last = max(0, power.shape[1] - columns)  # as wide as the others: less than 16 columns are rounded otherwise
    for start in (*range(0, last, columns), last):
        np.matmul(filters, power[:, start : start + columns], out=mels[:, start : start + columns])
    loudness = np.log10(np.maximum(mels, 1e-10))
    return (np.maximum(loudness, loudness.max() - 8.0) + 4.0) / 4.0
