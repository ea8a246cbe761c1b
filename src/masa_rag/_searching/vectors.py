"""What this process sees of the vectors: always what is committed, whoever wrote it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from masa_rag.catalog import Catalog
from masa_rag.errors import StorageError
from masa_rag.indexes.flat import FlatIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from masa_rag._projection import Projection
    from masa_rag.protocols import Vector

EXACT_LIMIT = 200_000
"""Up to so many vectors they are compared one by one: exact, about 30 ms at the limit on two cores, 300 MB. Chroma
would need more memory, and with its import 2.5 s longer to open: the first question to 126,000 passages in a new
process takes 1.3 s so, and 3.7 s with Chroma (medians of 9)."""


class VectorView:
    """Nearest vectors, fresh at every query.

    Up to ``exact_limit`` vectors are held in memory and compared exactly. Beyond it the vector index
    is asked, and what was committed after it was opened is compared exactly beside it.

    Args:
        catalog: Where the vectors are.
        projection: The vector index, or None to compare exactly at any size.
        dim: Length of a vector.
        exact_limit: When to turn to the index.
    """

    def __init__(
        self, catalog: Catalog, projection: Projection | None, *, dim: int, exact_limit: int = EXACT_LIMIT
    ) -> None:
        self._catalog = catalog
        self._projection = projection
        self._dim = dim
        self._limit = exact_limit
        self._lock = threading.Lock()
        self._flat = FlatIndex()
        self._ids: dict[int, str] = {}
        self._present: set[str] | None = None  # what is left of what the index was told; None: all of it
        self._seen = "", 0, 0

    def query(self, vector: Vector, k: int, allowed: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return up to ``k`` (chunk id, cosine), best first, of what is committed now."""
        self.refresh()
        return self.nearest(vector, k, allowed)

    def nearest(self, vector: Vector, k: int, allowed: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return the same of what was committed at the last ``refresh``. The catalogue is not asked."""
        exact = self._flat.query(vector, k, allowed)
        if self._projection is None or not self._projection.is_open:
            return exact
        best = dict(self._told(self._projection, vector, k, allowed, beside={key for key, _ in exact}))
        best.update(exact)  # the newer vector, where both know the chunk
        return sorted(best.items(), key=lambda item: (-item[1], item[0]))[:k]

    def cosines(self, numbers: Sequence[int], vector: Vector) -> NDArray[np.float64]:
        """Return the cosine of each chunk with ``vector``, in the order given; not a number without a vector.

        Of what was seen at the last ``refresh``; what is not in memory is read from the catalogue.
        """
        found = self._flat.cosines(list(map(self._ids.get, numbers, repeat(""))), vector)
        missing = np.flatnonzero(np.isnan(found)).tolist()
        if missing:
            stored = self._catalog.vectors_of_numbers([numbers[place] for place in missing])
            present = [place for place in missing if numbers[place] in stored]
            rows = np.frombuffer(b"".join(stored[numbers[place]] for place in present), np.float32)
            found[present] = rows.reshape(-1, self._dim) @ vector
        return found

    def refresh(self) -> None:
        """Read what was committed since the last look."""
        with self._lock:
            generation, removed, seen = self._seen
            now, last_removed = self._written(), self._catalog.number("removals")
            if generation != now:
                self._flat, self._ids, self._present, seen = FlatIndex(), {}, None, 0
            if seen == 0:
                removed = last_removed  # what is gone by now is not read
                if self._projection is not None and self._catalog.count("vectors") > self._limit:
                    removed = seen = self._opened(self._projection)  # but the index may not have heard of it
            ids, matrix, newest = self._catalog.vectors_since(seen, dim=self._dim)
            if ids:
                self._flat.upsert_vectors(list(ids.values()), matrix)
                self._ids.update(ids)
            if removed < last_removed:
                self._take_out()
            self._seen = (now, max(removed, last_removed), newest)

    def _written(self) -> str:
        """Return what is another text when all vectors are made anew, or the index is emptied or filled."""
        return f"{self._catalog.setting('generation')} {self._catalog.setting('index_state')}"

    def _opened(self, index: Projection) -> int:
        """Return the number up to which the index knows the catalogue; 0 where all vectors are compared, however many.

        Chroma opens no folder on a read-only disk, and to fill it anew takes minutes, for which nobody is to wait.
        """
        if self._catalog.setting("index_state") == "emptied" and self._catalog.lock.is_busy():
            index.leave()
            return 0
        try:
            return index.open()
        except StorageError:
            if self._catalog.may_write:
                raise
            return 0

    def _take_out(self) -> None:
        """Let nothing be found any more that is gone from the catalogue."""
        present = self._catalog.embedded_ids()
        gone = self._flat.ids() - present
        self._flat.delete(list(gone))
        self._ids = {number: key for number, key in self._ids.items() if key not in gone}
        self._present = present

    def _told(
        self, index: Projection, vector: Vector, k: int, allowed: Collection[str] | None, *, beside: Collection[str]
    ) -> list[tuple[str, float]]:
        """Ask the index for more and more, until ``k`` of what it names are not gone or it has no more."""
        count = k
        if allowed is not None:  # Chroma raises where it is asked for what another process put in since it was opened
            allowed = set(allowed) - self._flat.ids()
        while True:
            found = index.query(vector, count, allowed)
            if (present := self._present) is None:
                return found
            left = [hit for hit in found if hit[0] in present or hit[0] in beside]
            if len(left) >= k or len(found) < count:
                return left
            count *= 4
