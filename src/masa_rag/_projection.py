"""The vector index as a projection of the catalogue: told what changed, rebuilt when in doubt."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from masa_rag._reading import chunks_by_id
from masa_rag.catalog import Catalog, Change
from masa_rag.errors import StorageError

if TYPE_CHECKING:
    from masa_rag.protocols import Index, Vector, Vectors
    from masa_rag.types import Chunk

_BATCH = 2_000
"""Chunks told to the index at once: enough to spread the cost of a call, 3 MB of vectors at 384 dimensions."""

_MUCH = 512
"""So many changes are worth opening the index for: at about 1 ms each, as long as opening takes."""

_SAMPLE = 200


class Projection:
    """Keeps one vector index equal to the catalogue.

    Only the holder of the writer's lock tells the index anything. An index on disk that another
    handle has written since is stale in this process: it is closed, and opens afresh at its next use.

    Args:
        catalog: The truth.
        index: The vector index; opened at first use.
        dim: Length of a vector.
    """

    def __init__(self, catalog: Catalog, index: Index, *, dim: int) -> None:
        self._catalog = catalog
        self.index = index
        self._dim = dim
        self._handle = uuid.uuid4().hex
        self._lock = threading.RLock()
        self._worker: ThreadPoolExecutor | None = None
        self.is_open: bool = False
        self._opened: tuple[str | None, int] = None, 0

    def drain_some(self) -> None:
        """Tell the index what changed if that is cheap: when this handle was the last to write, or when it is much.

        Opening an index anew for one note would take longer than all the rest, and searches do not
        depend on it: what the index has not heard is compared exactly.
        """
        current = self._catalog.setting("index_writer") == self._handle
        if current or self._catalog.count("outbox") >= _MUCH:
            self.drain()

    def drain(self) -> int:
        """Tell the index what it has not heard yet. Returns how many changes that were.

        Safe to repeat: a change told twice changes nothing, and the outbox is cleared only after
        the index has taken everything.
        """
        with self._catalog.lock.hold(), self._lock:
            waiting = self._catalog.count("outbox")
            try:
                self._commit(self._tell_all())
            except StorageError:  # its files are damaged, and all that is in them is in the catalogue too
                return self.rebuild()
            return waiting

    @contextmanager
    def drained_meanwhile(self) -> Iterator[None]:
        """Tell the index what it has not heard while the block runs, if that is much.

        Embedding leaves half a processor idle here and there; the index is written in that time. The
        caller holds the writer's lock.
        """
        if self._catalog.count("outbox") < _MUCH:
            yield
            return
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1, thread_name_prefix="masa-rag-index")
        telling = self._worker.submit(self._tell_all)
        try:
            yield
        finally:
            wait([telling])
        try:
            self._commit(telling.result())
        except StorageError:
            self.rebuild()

    def rebuild(self) -> int:
        """Empty the index, so that no byte of what it held remains, and fill it from the catalogue.

        Returns the number of vectors. Nothing is embedded.
        """
        with self._catalog.lock.hold(), self._lock:
            self._freshen()
            with self._catalog.transaction():
                self._catalog.set_setting("index_state", "emptied")
            self.index.clear()
            newest = max((change.seq for change in self._catalog.outbox()), default=0)
            told = sum(self._upsert(ids) for ids in _batches(sorted(self._catalog.chunk_ids())))
            self._commit(newest, generation=uuid.uuid4().hex)
            return told

    def open(self) -> int:
        """Make the index ready to be asked; return the number up to which it knows the catalogue."""
        with self._lock:
            self._opened = self._known()
            is_sound = self._is_sound()
        if not is_sound:
            with self._catalog.lock.hold(), self._lock:
                if not self._is_sound():  # nobody has made it anew meanwhile
                    self.rebuild()
                self._opened = self._known()
        self.is_open = True
        return self._opened[1]

    def query(self, vector: Vector, k: int, allowed: Collection[str] | None) -> list[tuple[str, float]]:
        """Ask the index; where another process has written it since, and Chroma fails of that, it is opened anew."""
        try:
            with self._lock:
                return self.index.query(vector, k, allowed)
        except StorageError:
            if self._known() == self._opened and self._catalog.setting("index_state") != "emptied":
                raise
        self.open()
        with self._lock:
            return self.index.query(vector, k, allowed)

    def leave(self) -> None:
        """Ask it no more, while somebody makes it anew.

        To SQLite, who reads a file that was deleted may end the transactions of who writes another in its place.
        """
        self.is_open = False
        if self._lock.acquire(blocking=False):  # else it is this handle that makes it anew
            try:
                self.index.close()
            finally:
                self._lock.release()

    def _known(self) -> tuple[str | None, int]:
        """Return the name of the vectors, another one when all are made anew, and up to where the index has them."""
        return self._catalog.setting("generation"), self._catalog.number("index_position")

    def differences(self) -> Iterator[str]:
        """Yield in words how the index differs from the catalogue.

        All ids are compared; of the vectors, 200 are: each must be its own nearest neighbour.
        """
        with self._catalog.lock.hold(), self._lock:
            self._freshen()
            try:
                yield from self._compared()
            except StorageError as error:  # its files are damaged
                yield str(error)

    def _compared(self) -> Iterator[str]:
        present = self.index.ids()
        waiting = {change.chunk_id for change in self._catalog.outbox()}
        expected = self._catalog.embedded_ids()
        if len(expected - waiting) > 1 and not present:  # its folder was deleted, or not copied
            yield f"it holds none of the {len(expected - waiting):,} passages"
            return
        yield from (f"passage {key} is missing" for key in sorted(expected - present - waiting))
        yield from (f"passage {key} should be gone" for key in sorted(present - expected - waiting))
        common = sorted((expected & present) - waiting)
        step = max(1, len(common) // _SAMPLE)
        for key, vector in self._catalog.vectors_of(common[::step], dim=self._dim).items():
            found = dict(self.index.query(np.frombuffer(vector, np.float32), 1, [key]))
            if found.get(key, 0.0) < 0.999:
                yield f"passage {key} has another vector than the catalogue"

    def close(self) -> None:
        """Release the index."""
        if self._worker is not None:
            self._worker.shutdown()
            self._worker = None
        with self._lock:
            self.index.close()

    def _tell_all(self) -> int:
        """Tell the index everything in the outbox; return the number up to which it knows the catalogue."""
        with self._lock:
            if not self._is_sound():
                raise StorageError("the vector index does not hold what it was told; it is made anew")
            changes = self._catalog.outbox()
            self._tell(changes)
            return changes[-1].seq if changes else 0

    def _is_sound(self) -> bool:
        """Open the index and say whether it can be told the rest, or must be made anew.

        A rebuild that was cut off leaves it empty or half full; a torn write makes it unreadable; and
        somebody may have deleted its folder.
        """
        self._freshen()
        if self._catalog.setting("index_state") == "emptied":
            return False
        told = self._catalog.number("index_position")
        try:
            return not told or len(self.index) > 0 or self._catalog.count("vectors") <= self._catalog.count("outbox")
        except StorageError:
            return False

    def _freshen(self) -> None:
        """Close the index when another handle wrote it after this one."""
        if self._catalog.setting("index_writer") != self._handle:
            self.index.close()

    def _commit(self, seq: int, *, generation: str | None = None) -> None:
        with self._catalog.transaction():
            self._catalog.clear_outbox(seq)
            self._catalog.set_setting("index_position", str(max(seq, self._catalog.number("index_position"))))
            self._catalog.set_setting("index_writer", self._handle)
            if generation is not None:
                self._catalog.set_setting("generation", generation)
                self._catalog.set_setting("index_state", "filled")

    def _tell(self, changes: Sequence[Change]) -> None:
        latest = {change.chunk_id: change.deleted for change in changes}
        present = [chunk_id for chunk_id, deleted in latest.items() if not deleted]
        for gone in _batches([chunk_id for chunk_id, deleted in latest.items() if deleted]):
            self.index.delete(gone)
        for ids in _batches(present):
            self._upsert(ids)

    def _upsert(self, ids: Sequence[str]) -> int:
        chunks, vectors = chunks_with_vectors(self._catalog, ids, dim=self._dim)
        if chunks:
            self.index.upsert(chunks, vectors)
        return len(chunks)


def chunks_with_vectors(catalog: Catalog, ids: Sequence[str], *, dim: int) -> tuple[list[Chunk], Vectors]:
    """Return those of the chunks that have a vector, and their vectors ``(n, dim)``."""
    vectors = catalog.vectors_of(ids, dim=dim)
    chunks = [chunk for chunk_id, chunk in chunks_by_id(catalog.connection, ids).items() if chunk_id in vectors]
    matrix = np.frombuffer(b"".join(vectors[chunk.id] for chunk in chunks), dtype=np.float32)
    return chunks, matrix.reshape(-1, dim)


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    yield from (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))
