"""What follows from a change of the catalogue: vectors, the index told, erasures finished. Resumable at every step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING

from masa_rag._reading import chunks_by_id, ids_of
from masa_rag._views import counted
from masa_rag.catalog import Catalog
from masa_rag.errors import ConfigurationError, EmbeddingError, MasaRagError, MemoryMismatchError, StorageError
from masa_rag.indexes._chroma_files import erase_files
from masa_rag.indexes._vectors import unit_rows
from masa_rag.protocols import TokenEmbedder

if TYPE_CHECKING:
    from pathlib import Path

    from masa_rag._projection import Projection
    from masa_rag.protocols import Chunker, Embedder, OnProgress, TokenVectors, Vectors

CYCLE = 1_024
"""Chunks embedded between two commits, about ten seconds on two cores: what a crash can cost, and
how long another writer waits. Larger ones hardly embed faster (batches are sorted by length)."""


class Upkeep:
    """Keeps vectors and index in step with the documents of one memory.

    Args:
        catalog: The truth.
        chunker: Cuts documents.
        embedder: Makes vectors.
        projection: The vector index to keep up to date, or None.
        progress: Told how far it is.
    """

    def __init__(
        self,
        catalog: Catalog,
        chunker: Chunker,
        embedder: Embedder,
        projection: Projection | None,
        *,
        progress: OnProgress,
    ) -> None:
        self._catalog = catalog
        self._chunker = chunker
        self._embedder = embedder
        self._projection = projection
        self._progress = progress

    def embed_pending(self) -> tuple[int, float]:
        """Embed every chunk that has no vector yet; return how many, and the seconds the embedder took.

        Resumes where it was stopped.
        """
        done, seconds = 0, 0.0
        while True:
            with self._catalog.lock.hold():
                waiting = self._catalog.pending(CYCLE)
                if not waiting:
                    return done, seconds
                seconds += self._embed(waiting)
                done += len(waiting)
                left = self._catalog.count("pending")
            self._progress("embed", done, done + left)

    def tell_index(self) -> None:
        """Tell the index what changed, if that is cheap."""
        if self._projection is not None:
            self._projection.drain_some()

    def scrub(self) -> None:
        """Finish an erasure: overwrite deleted text and vectors in every file."""
        if self._catalog.setting("scrub") != "due":
            return
        try:
            with self._catalog.lock.hold():
                each(self._erase_idle_index, self._refill_index, self._catalog.scrub)
                with self._catalog.transaction():
                    self._catalog.set_setting("scrub", "done")
        except (StorageError, ConfigurationError) as error:  # the latter when another's collections are in the folder
            # VACUUM writes the whole file anew, once among the temporary files and once into the log, and the index is
            # filled anew.
            needed = max(1, 2 * self._catalog.path.stat().st_size // 1_000_000)
            raise StorageError(
                f"what was forgotten is no longer found, but bytes of it may still be in the files: {error}. "
                f"The next opening of the memory goes on with it; it needs about {needed:,} MB of free space, "
                "and half of that where temporary files are kept"
            ) from error

    def _erase_idle_index(self) -> None:
        """Delete the files of the Chroma that the memory has in its folder, if another index is in use now.

        The next opening that uses it fills it anew.
        """
        folder = self._catalog.path.parent / "chroma"
        index = None if self._projection is None else self._projection.index
        in_use: Path | None = getattr(index, "_folder", None)  # which no other index has
        if folder.is_dir() and (in_use is None or in_use.resolve() != folder.resolve()):
            with self._catalog.transaction():
                self._catalog.set_setting("index_state", "emptied")
            erase_files(folder, collection="masa_rag")

    def _refill_index(self) -> None:
        if self._projection is not None:
            self._projection.rebuild()

    def mend(self) -> None:
        """Do what was left undone; an erasure that fails keeps nothing else from being done."""
        with self._catalog.lock.hold():
            each(self.scrub, self._catch_up)

    def _catch_up(self) -> None:
        if self._catalog.setting("rebuild") == "due":
            self.rebuild()
        self.embed_pending()
        if self._projection is not None:
            self._projection.drain()
        self._catalog.lock.forget_killed()

    def rebuild(self) -> None:
        """Make chunks, words and index anew from the documents, embed what has no sound vector, end an erasure.

        Raises:
            StorageError: Documents are damaged. All else was made anew.
        """
        damaged: list[str] = []
        with self._catalog.lock.working(), self._catalog.lock.hold():
            with self._catalog.transaction():
                self._catalog.reindex()
            for source, ids in self._catalog.all_documents():
                cut = partial(self._chunker.chunk, source=source)
                with self._catalog.transaction():
                    damaged += [f"{source}: {one}" for one in ids if not self._catalog.recut(source, one, cut)]
            with self._catalog.transaction():
                self._catalog.requeue(dim=self._embedder.dim)
                self._catalog.set_setting("rebuild", "done")  # what waits for a vector is known from here on
            self.embed_pending()
            if self._catalog.setting("scrub") == "due":
                self.scrub()
            else:
                self._refill_index()
        if damaged:
            raise StorageError(
                f"{counted(len(damaged), 'document')} cannot be read as stored, and kept the passages there were "
                f"({'; '.join(damaged[:5])}{'; ...' if damaged[5:] else ''}). All else was made anew. Add the sources "
                "of these again, which replaces them, or delete them"
            )

    def try_embedder(self) -> None:
        """Embed a text, so that an embedder that cannot fails before anything is made to depend on it."""
        _checked(self._vectors(["A text."])[0], count=1, dim=self._embedder.dim)

    def close(self) -> None:
        """Tell the index what it has not heard, so that other programs can read it."""
        if self._projection is not None:
            try:
                if self._catalog.count("outbox"):
                    with suppress(MemoryMismatchError):  # who has made the memory anew since tells the index too
                        self._projection.drain()
            finally:
                self._projection.close()

    def _embed(self, numbers: Sequence[int]) -> float:
        """Embed these chunks and store their vectors; return the seconds the embedder took."""
        from masa_rag._searching.late import pack

        ids = ids_of(self._catalog.connection, numbers)
        chunks = chunks_by_id(self._catalog.connection, list(ids.values()))
        texts = [chunks[ids[number]].embedded_text for number in numbers]
        with self._projection.drained_meanwhile() if self._projection is not None else nullcontext():
            began = time.perf_counter()
            given, tokens = self._vectors(texts)
            seconds = time.perf_counter() - began
        vectors = _checked(given, count=len(texts), dim=self._embedder.dim)
        packed = None if tokens is None else pack(tokens)
        with self._catalog.transaction():
            self._catalog.store_vectors(numbers, vectors, packed)
        return seconds

    def _vectors(self, texts: Sequence[str]) -> tuple[Vectors, list[TokenVectors] | None]:
        if isinstance(self._embedder, TokenEmbedder):
            return self._embedder.embed_documents_with_tokens(texts)
        return self._embedder.embed_documents(texts), None


def each(*steps: Callable[[], object]) -> None:
    """Take every step, also those after one that fails; raise what failed first."""
    failures: list[MasaRagError] = []
    for step in steps:
        try:
            step()
        except MasaRagError as error:
            failures.append(error)
    if failures:
        raise failures[0]


def _checked(vectors: Vectors, *, count: int, dim: int) -> Vectors:
    """Return the vectors as contiguous float32, each of length 1, if they are what the seam promises.

    Raises:
        EmbeddingError: Wrong shape, or a value that is not a number: stored, it would spoil every search.
    """
    import numpy as np

    array = np.ascontiguousarray(vectors, dtype=np.float32)
    if array.shape != (count, dim) or not np.isfinite(array).all():
        raise EmbeddingError(
            f"received vectors of shape {array.shape} from the embedder; expected ({count}, {dim}) of finite numbers. "
            "Nothing of this batch was stored; check the embedder with masa_rag.testing.EmbedderContract"
        )
    return unit_rows(array, count=count, dim=dim)
