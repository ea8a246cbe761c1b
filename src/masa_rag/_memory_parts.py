"""The parts of a memory, made at first use, and how they come to fit what is stored."""

from __future__ import annotations

import os
import uuid
import warnings
from functools import cached_property
from pathlib import Path
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING, TypeVar

from masa_rag._upkeep import Upkeep
from masa_rag.catalog import Catalog
from masa_rag.errors import ConfigurationError, MemoryMismatchError
from masa_rag.ingest import Ingest

if TYPE_CHECKING:
    from masa_rag._projection import Projection
    from masa_rag._searching.vectors import VectorView
    from masa_rag.chunkers._passages import CountTokens
    from masa_rag.protocols import Chunker, Embedder, Index, OnProgress, Reranker


Given = TypeVar("Given")


class Parts:
    """The catalogue and what works on it; class Memory adds the verbs.

    Embedder and chunker are noted in a new memory before anything is written with them. One that was made
    with others is refused, or made anew when ``re_embed`` is True.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        embedder: Embedder | None = None,
        chunker: Chunker | None = None,
        index: Index | None = None,
        reranker: Reranker | None = None,
        lock_timeout_s: float = 60.0,
        re_embed: bool = False,
        progress: OnProgress | None = None,
    ) -> None:
        self.path: Path = _folder(path)
        self._embedder = _part("embedder", embedder, "embed_query")
        self._chunker = _part("chunker", chunker, "chunk")
        self._index = _part("index", index, "query")
        self._reranker = _part("reranker", reranker, "score")
        self.catalog: Catalog = Catalog(self.path, lock_timeout_s=_seconds(lock_timeout_s))
        self._progress: OnProgress = progress if progress is not None else (lambda *_: None)
        self.was_made_anew: bool = re_embed and self._adopt()
        self._refuse_mismatch()
        self.catalog.guard = self._refuse_mismatch
        self._mend()

    @cached_property
    def embedder(self) -> Embedder:
        """What makes the vectors."""
        if self._embedder is not None:
            return self._embedder
        from masa_rag.embedders import default_embedder

        return default_embedder()

    @cached_property
    def chunker(self) -> Chunker:
        """What cuts documents."""
        if self._chunker is not None:
            return self._chunker
        from masa_rag.chunkers import StructureChunker

        return StructureChunker(count_tokens=self._count_tokens)

    @cached_property
    def _count_tokens(self) -> CountTokens:
        from masa_rag.chunkers._passages import sizes_by
        from masa_rag.protocols import TokenCounter

        return sizes_by(self.embedder.count_tokens if isinstance(self.embedder, TokenCounter) else None)

    @cached_property
    def _projection(self) -> Projection | None:
        from masa_rag._projection import Projection
        from masa_rag.indexes import FlatIndex

        if isinstance(self._index, FlatIndex):
            return None  # the view compares exactly at any size: that is what a FlatIndex does
        index = self._index
        if index is None:
            from masa_rag.indexes import ChromaIndex

            index = ChromaIndex(self.path / "chroma")
        return Projection(self.catalog, index, dim=self.embedder.dim)

    @cached_property
    def _view(self) -> VectorView:
        from masa_rag._searching.vectors import VectorView

        return VectorView(self.catalog, self._projection, dim=self.embedder.dim)

    @cached_property
    def _upkeep(self) -> Upkeep:
        return Upkeep(self.catalog, self.chunker, self.embedder, self._projection, progress=self._progress)

    @cached_property
    def _ingest(self) -> Ingest:
        return Ingest(self.catalog, self.chunker, self._upkeep, progress=self._progress)

    @cached_property  # a model may read all its weights for it
    def _fingerprints(self) -> dict[str, str]:
        return {"embedder": self.embedder.fingerprint, "chunker": self.chunker.fingerprint}

    def _pinned(self) -> dict[str, str | None]:
        return {name: self.catalog.setting(name) for name in ("embedder", "chunker")}

    def _refuse_mismatch(self) -> None:
        """Raise MemoryMismatchError where the memory was made with others, or made anew since it was opened."""
        pinned = self._pinned()
        if pinned["embedder"] is not None and pinned != self._fingerprints:
            raise MemoryMismatchError(_mismatch(self.path, pinned, self._fingerprints))

    def _adopt(self) -> bool:
        """Make a memory that was made with others anew with these; return whether it was made with others."""
        pinned = self._pinned()
        if pinned["embedder"] is None or pinned == self._fingerprints:
            return False
        self._upkeep.try_embedder()
        with self.catalog.transaction():
            self._note_fingerprints()
            self.catalog.set_setting("rebuild", "due")
            if pinned["embedder"] != self.embedder.fingerprint:
                self.catalog.drop_vectors(uuid.uuid4().hex)
        self._upkeep.rebuild()
        return True

    def _pin(self) -> None:
        """Note embedder and chunker in a new memory, before anything is written with them."""
        if self.catalog.setting("embedder") is None:
            with self.catalog.transaction():
                self._note_fingerprints()

    def _note_fingerprints(self) -> None:
        for name, value in self._fingerprints.items():
            self.catalog.set_setting(name, value)

    def _mend(self) -> None:
        """Do what was left undone, by whatever accident. What cannot be done is said, and keeps nobody from reading.

        Who is at work in another process does it anyhow, and readers never wait.
        """
        if not (self._is_behind() and self.catalog.may_write) or self.catalog.lock.is_busy():
            return
        try:
            self._upkeep.mend()
        except Exception as error:  # noqa: BLE001 - an embedder may raise anything
            warnings.warn(
                f"the memory {str(self.path)!r} is open, but what was left undone could not be done now "
                f"({type(error).__name__}: {error}); its next opening tries again",
                stacklevel=3,
            )

    def _is_behind(self) -> bool:
        """Say whether there is an erasure, a change of chunker, passages without vectors or an index to be finished."""
        return (
            "due" in (self.catalog.setting("scrub"), self.catalog.setting("rebuild"))
            or self.catalog.count("pending") > 0
            or self.catalog.lock.was_killed()
            or (self.catalog.setting("index_state") == "emptied" and self._projection is not None)
        )


def _folder(path: object) -> Path:
    if not isinstance(path, (str, os.PathLike)) or not str(path) or "\0" in str(path):
        raise ConfigurationError(f"received the path {path!r}; expected the memory's folder, such as 'brain'")
    return Path(os.path.expanduser(path)).absolute()  # the folder one is in may be another one later


def _seconds(value: object) -> float:
    """Return how long to wait, for ever with ``inf``; a lock would raise what it likes, and at the first write only."""
    if not isinstance(value, (int, float)) or not value >= 0:
        raise ConfigurationError(f"received lock_timeout_s={value!r}; expected seconds, 0 or more")
    return min(value, TIMEOUT_MAX)


def _part(name: str, given: Given, method: str) -> Given:
    """Return what was given, if it is an object that can be what it is given as, and not the name of one."""
    if given is not None and (isinstance(given, (str, type)) or not callable(getattr(given, method, None))):
        example = ", such as OnnxEmbedder('all-MiniLM-L6-v2')" if name == "embedder" else ""
        raise ConfigurationError(
            f"received {name}={given!r}; expected an object of masa_rag.protocols.{name.title()}{example}"
        )
    return given


def _mismatch(path: Path, pinned: dict[str, str | None], given: dict[str, str]) -> str:
    different = [f"{name} {pinned[name]!r} (now {given[name]!r})" for name in given if pinned[name] != given[name]]
    return (
        f"the memory {str(path)!r} was made with {' and '.join(different)}; vectors of different models cannot be "
        f"compared. Open it with the one it was made with, or make its vectors anew: "
        f"masa-rag rebuild --memory {path} --re-embed, or Memory(..., re_embed=True)"
    )
