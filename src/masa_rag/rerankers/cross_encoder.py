"""A cross-encoder: reads question and passage together, which is slower and sees more than two vectors do."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from masa_rag import models
from masa_rag._transformers import open_model

_SOURCE = "model.safetensors"


class CrossEncoderReranker:
    """Scores with any cross-encoder of sentence-transformers (extra ``torch``).

    Only safetensors weights are loaded and no code that comes with a model is run. Nothing is loaded before
    the first use. One object may be used by many threads.

    Args:
        model: A folder, or a name as for :func:`masa_rag.models.locate`. A repository on the hub is given with
            its commit, ``owner/name@revision``.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``; None takes the best there is.
        max_tokens: Question and passage together are cut after so many; None leaves it to the model.

    Raises:
        MissingDependencyError: sentence-transformers is not installed (at the first use).
        EmbeddingError: The folder holds no such model (at the first use).
    """

    def __init__(self, model: str | Path, *, device: str | None = None, max_tokens: int | None = None) -> None:
        self.model = model
        self.device = device
        self.max_tokens = max_tokens
        self._encoder: Any = None
        self._lock = threading.RLock()

    @property
    def fingerprint(self) -> str:
        """Model and digest of its weights."""
        return f"cross-encoder:{Path(self.model).name}:{models.sha256(self._located() / _SOURCE)[:12]}"

    def score(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """Return one score a text, larger is better; their unit is the model's own."""
        if not texts:
            return []
        scores = self._load().predict([(query, text) for text in texts], show_progress_bar=False)
        return [float(score) for score in scores]

    def __repr__(self) -> str:
        return f"<CrossEncoderReranker {str(self.model)!r}>"

    def _located(self) -> Path:
        return models.locate(self.model, accepts=(_SOURCE,))

    def _load(self) -> Any:
        with self._lock:
            if self._encoder is None:
                self._encoder = open_model(
                    "CrossEncoder",
                    self._located,
                    purpose="CrossEncoderReranker",
                    expected="expected the folder of a cross-encoder with one score, for example one of MS MARCO",
                    device=self.device,
                    max_length=self.max_tokens,
                    num_labels=1,
                )
            return self._encoder
