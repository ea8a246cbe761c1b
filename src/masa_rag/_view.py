"""What this process sees of the vectors: always what is committed, whoever wrote it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from masa_rag.catalog import Catalog
from masa_rag.indexes.flat import FlatIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from masa_rag._projection import Projection
    from masa_rag.protocols import Vector

EXACT_LIMIT = 100_000
"""Up to so many vectors they are compared one by one: exact, 11 ms at the limit on two cores, 150 MB."""


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
        self._seen: tuple[str | None, str | None, int] = (None, None, 0)

    def query(self, vector: Vector, k: int, allowed: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return up to ``k`` (chunk id, cosine), best first, of what is committed now."""
        self.refresh()
        return self.nearest(vector, k, allowed)

    def nearest(self, vector: Vector, k: int, allowed: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return the same of what was committed at the last ``refresh``. The catalogue is not asked."""
        exact = self._flat.query(vector, k, allowed)
        if self._projection is None or not self._projection.is_open:
            return exact
        best = dict(self._projection.query(vector, k, allowed))
        best.update(exact)  # the newer vector, where both know the chunk
        return sorted(best.items(), key=lambda item: (-item[1], item[0]))[:k]

    def cosines(self, numbers: Sequence[int], vector: Vector) -> NDArray[np.float64]:
        """Return the cosine of each chunk with ``vector``, in the order given; not a number without a vector.

        Of what was seen at the last ``refresh``; what is not in memory is read from the catalogue.
        """
        found = self._flat.cosines([self._ids.get(number, "") for number in numbers], vector)
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
            generation, removals, seen = self._seen
            now = (self._catalog.setting("generation"), self._catalog.setting("removals"))
            if generation != now[0]:
                self._flat, self._ids, seen = FlatIndex(), {}, 0
            if seen == 0 and self._projection is not None and self._catalog.count("vectors") > self._limit:
                seen = self._projection.open()
            ids, matrix, newest = self._catalog.vectors_since(seen, dim=self._dim)
            if ids:
                self._flat.upsert_vectors(list(ids.values()), matrix)
                self._ids.update(ids)
            if removals != now[1]:
                gone = self._flat.ids() - self._catalog.embedded_ids()
                self._flat.delete(list(gone))
                self._ids = {number: key for number, key in self._ids.items() if key not in gone}
            self._seen = (*now, newest)
