"""Any sentence-transformers model, on the CPU or a GPU."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from masa_rag import models
from masa_rag._transformers import open_model
from masa_rag.embedders._rows import encodable, unit_rows

if TYPE_CHECKING:
    from masa_rag.protocols import Vector, Vectors

_SOURCE = "model.safetensors"


class SentenceTransformerEmbedder:
    """Embeds with sentence-transformers (extra ``torch``): any model, and the choice where there is a GPU.

    Only safetensors weights are loaded and no code that comes with a model is run. A model that has prompts
    named ``query`` and ``document`` gets them. Nothing is loaded before the first use.

    Args:
        model: A name or folder as for :func:`masa_rag.models.locate`. A repository on the hub is given with
            its commit, ``owner/name@revision``.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``; None takes the best there is.
        half: Whether to compute in half precision; None does so on CUDA only (twice the speed there).
        batch_size: Texts a batch, 1 or more.

    Raises:
        MissingDependencyError: sentence-transformers is not installed (at the first use).
    """

    def __init__(
        self,
        model: str | Path = "all-MiniLM-L6-v2",
        *,
        device: str | None = None,
        half: bool | None = None,
        batch_size: int = 32,
    ) -> None:
        self.model = model
        self.device = device
        self.half = half
        self.batch_size = batch_size
        self._encoder: Any = None
        self._folder: Path | None = None
        self._lock = threading.RLock()

    @property
    def fingerprint(self) -> str:
        """Model and digest of its weights. Device and precision are left out: their vectors can be compared."""
        folder = self._located()
        name = str(self.model).partition("@")[0].rstrip("/\\")
        return f"sentence-transformers:{Path(name).name}:{models.sha256(folder / _SOURCE)[:12]}"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        encoder = self._load()
        return int(encoder.get_embedding_dimension())

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 ``(len(texts), dim)``, row i for text i, each of length 1."""
        import numpy as np

        if not texts:
            return np.empty((0, self.dim), np.float32)
        return self._encode(list(texts), "document")

    def embed_query(self, text: str) -> Vector:
        """Return float32 ``(dim,)`` of length 1."""
        vector: Vector = self._encode([text], "query")[0]
        return vector

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each whole text, special tokens left out."""
        tokenizer = self._load().tokenizer
        return [len(tokenizer(encodable(text), add_special_tokens=False, verbose=False)["input_ids"]) for text in texts]

    def __repr__(self) -> str:
        return f"<SentenceTransformerEmbedder {str(self.model)!r}>"

    def _encode(self, texts: list[str], purpose: str) -> Vectors:
        encoder = self._load()
        prompt = purpose if encoder.prompts.get(purpose) else None
        rows = encoder.encode(
            [encodable(text) for text in texts],
            prompt_name=prompt,
            batch_size=self.batch_size,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return unit_rows(rows)

    def _located(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = models.locate(self.model, accepts=(_SOURCE,))
            return self._folder

    def _load(self) -> Any:
        with self._lock:
            if self._encoder is None:
                self._encoder = self._open()
            return self._encoder

    def _open(self) -> Any:
        encoder = open_model(
            "SentenceTransformer",
            self._located,
            purpose="SentenceTransformerEmbedder",
            expected="expected a complete model folder. Download it again",
            device=self.device,
        )
        wants_half = self.half if self.half is not None else encoder.device.type == "cuda"
        return encoder.half() if wants_half else encoder
