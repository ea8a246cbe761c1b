"""Spectra: what Whisper's encoder is given."""

from __future__ import annotations

from typing import Any

import pytest

from masa_rag.transcribers._spectrum import SMALL, spectrum

np = pytest.importorskip("numpy")


def test_a_tone_is_loud_where_it_lies() -> None:
    """One filter lets 1,000 Hz pass (row 25 of 201, 40 Hz each), the other 3,000 Hz; one second is 100 columns."""
    filters = np.zeros((2, 201), dtype=np.float32)
    filters[0, 25] = filters[1, 75] = 1.0
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)
    found = spectrum(tone, filters)
    assert found.shape == (2, 100)
    assert found.dtype == np.float32
    # Height 1 gives half the sum of the 400 weights (200): log10(100 ** 2) = 4, so (4 + 4) / 4 = 2.
    assert found[0, 50] == pytest.approx(2.0, abs=1e-4)
    assert found[1, 50] == pytest.approx(0.0, abs=1e-4)  # never more than 8 below the loudest


@pytest.mark.parametrize("mels", [80, 128])
@pytest.mark.parametrize("samples", [160, 319, 16_000, 48_077, 480_000])
def test_it_is_faster_whispers_own(mels: int, samples: int) -> None:
    """But for the last bits, and with as many columns as faster-whisper gives its encoder."""
    extractor = pytest.importorskip("faster_whisper.feature_extractor").FeatureExtractor(mels)
    sound = (np.random.default_rng(samples).standard_normal(samples) * 0.1).astype(np.float32)
    theirs = extractor(sound)[..., :-1]
    mine = spectrum(sound, extractor.mel_filters)
    assert mine.shape == theirs.shape
    assert np.abs(mine - theirs).max() < 1e-6


@pytest.mark.parametrize("mels", [80, 128])
def test_no_product_is_large_enough_for_other_threads(monkeypatch: pytest.MonkeyPatch, mels: int) -> None:
    """30 s are multiplied in parts, each at most SMALL."""
    sizes = []
    product = np.matmul

    def matmul(left: Any, right: Any, out: Any) -> Any:
        sizes.append(left.size * right.shape[1])
        return product(left, right, out=out)

    monkeypatch.setattr(np, "matmul", matmul)
    spectrum(np.zeros(480_000, dtype=np.float32), np.ones((mels, 201), dtype=np.float32))
    assert max(sizes) <= SMALL
    assert sum(sizes) >= mels * 201 * 3000
