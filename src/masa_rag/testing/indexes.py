"""The contract of an index, as tests that can be subclassed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from masa_rag.protocols import Index
from masa_rag.types import Chunk

if TYPE_CHECKING:
    from masa_rag.protocols import Vector, Vectors


class IndexContract:
    """What every index keeps. ``make`` returns a fresh, empty index.

    ::

        class TestMine(IndexContract):
            def make(self):
                return MyIndex()

    An index that keeps its content when closed also overrides ``reopen``. An approximate index
    must still be exact at the sizes used here; raise ``tolerance`` if it rounds scores.
    """

    dim = 8
    """Length of the vectors used."""
    many = 700
    """How many vectors one call may be given; set it above the batch limit of the engine."""
    tolerance: float = 1e-5
    """How far a score may be from the cosine in float64."""

    def make(self) -> Index:
        """Return a fresh, empty index."""
        raise NotImplementedError

    def reopen(self) -> Index | None:
        """Return an index over what the last one from ``make`` left, or None if nothing is kept."""
        return None

    @contextmanager
    def opened(self, *names: str) -> Iterator[Index]:
        """Yield a fresh index that holds a chunk for each name, and close it in the end."""
        index = self.make()
        try:
            if names:
                index.upsert(make_chunks(*names), make_vectors(*names, dim=self.dim))
            yield index
        finally:
            index.close()

    def vector(self, name: str) -> Vector:
        """Return the unit vector that belongs to a name."""
        row: Vector = make_vectors(name, dim=self.dim)[0]
        return row

    def test_starts_empty(self) -> None:
        """An empty index has length 0 and finds nothing, with or without a choice of ids."""
        with self.opened() as index:
            assert len(index) == 0
            assert index.ids() == set()
            assert index.query(self.vector("a"), 3) == []
            assert index.query(self.vector("a"), 3, allowed=["a"]) == []

    def test_finds_what_was_put_in(self) -> None:
        """Each vector is its own nearest neighbour, with cosine 1."""
        with self.opened("a", "b", "c") as index:
            assert len(index) == 3
            assert index.ids() == {"a", "b", "c"}
            for name in ("a", "b", "c"):
                [(found, score)] = index.query(self.vector(name), 1)
                assert found == name
                assert abs(score - 1) <= self.tolerance

    def test_order_and_scores_are_cosines(self) -> None:
        """Results come best first, and each score is the cosine that numpy computes."""
        names = [f"n{number}" for number in range(60)]
        with self.opened(*names) as index:
            hits = index.query(self.vector("question"), 10)
        self.check(hits, names, k=10)

    def test_vectors_need_not_have_length_one(self) -> None:
        """Scores are cosines whatever the length of the vectors."""
        with self.opened() as index:
            index.upsert(make_chunks("a", "b"), make_vectors("a", "b", dim=self.dim) * np.float32(7))
            self.check(index.query(self.vector("question") * np.float32(0.3), 5), ["a", "b"], k=5)

    def test_k_beyond_the_size(self) -> None:
        """Asking for more than there is gives all there is; asking for none gives none."""
        with self.opened("a", "b") as index:
            assert {found for found, _ in index.query(self.vector("a"), 50)} == {"a", "b"}
            assert index.query(self.vector("a"), 0) == []

    def test_equal_scores_are_ordered_by_id(self) -> None:
        """Chunks with the same vector come in the order of their ids, so results are repeatable."""
        with self.opened() as index:
            same = np.repeat(make_vectors("a", dim=self.dim), 4, axis=0)
            index.upsert(make_chunks("d", "b", "a", "c"), same)
            assert [found for found, _ in index.query(self.vector("a"), 4)] == ["a", "b", "c", "d"]

    def test_upsert_is_idempotent(self) -> None:
        """Putting the same in again changes neither the length nor the results."""
        with self.opened("a", "b", "c") as index:
            before = index.query(self.vector("question"), 3)
            index.upsert(make_chunks("a", "b", "c"), make_vectors("a", "b", "c", dim=self.dim))
            assert len(index) == 3
            assert index.query(self.vector("question"), 3) == before

    def test_upsert_replaces(self) -> None:
        """A chunk that is put in again is found by its new vector only."""
        with self.opened("a", "b") as index:
            index.upsert(make_chunks("a"), make_vectors("elsewhere", dim=self.dim))
            assert len(index) == 2
            scores = dict(index.query(self.vector("a"), 2))
            assert scores["a"] < 1 - self.tolerance
            assert index.query(self.vector("elsewhere"), 1)[0][0] == "a"

    def test_last_of_a_repeated_id_counts(self) -> None:
        """Of chunks with one id in one call the last is kept."""
        with self.opened() as index:
            index.upsert(make_chunks("a", "b", "a"), make_vectors("x", "b", "a", dim=self.dim))
            assert len(index) == 2
            [(found, score)] = index.query(self.vector("a"), 1)
            assert found == "a"
            assert abs(score - 1) <= self.tolerance

    def test_nothing_to_do(self) -> None:
        """Empty batches are allowed."""
        with self.opened("a") as index:
            index.upsert([], np.empty((0, self.dim), dtype=np.float32))
            index.delete([])
            assert len(index) == 1

    def test_delete(self) -> None:
        """What was deleted is not found any more; the rest is."""
        with self.opened("a", "b", "c") as index:
            index.delete(["b"])
            assert len(index) == 2
            assert index.ids() == {"a", "c"}
            assert {found for found, _ in index.query(self.vector("b"), 3)} == {"a", "c"}
            assert index.query(self.vector("b"), 3, allowed=["b"]) == []

    def test_delete_ignores_unknown_ids(self) -> None:
        """Deleting twice, or what never was there, changes nothing."""
        with self.opened("a", "b") as index:
            for _ in range(2):
                index.delete(["b", "never there"])
                assert len(index) == 1

    def test_deleted_ids_can_come_back(self) -> None:
        """An id that was deleted can be put in again."""
        with self.opened("a", "b") as index:
            index.delete(["a", "b"])
            assert len(index) == 0
            index.upsert(make_chunks("a"), make_vectors("a", dim=self.dim))
            assert [found for found, _ in index.query(self.vector("a"), 2)] == ["a"]

    def test_allowed_restricts_before_ranking(self) -> None:
        """With a choice of ids the best of *those* come, however far down the others push them."""
        names = [f"n{number}" for number in range(60)]
        with self.opened(*names) as index:
            for size in (1, 3, 30, 60):
                chosen = names[-size:]
                self.check(index.query(self.vector("question"), 5, allowed=iter(chosen)), chosen, k=5)

    def test_allowed_may_be_empty_or_unknown(self) -> None:
        """An empty choice finds nothing; unknown ids in it are ignored."""
        with self.opened("a", "b") as index:
            assert index.query(self.vector("a"), 2, allowed=[]) == []
            assert index.query(self.vector("a"), 2, allowed={"never there"}) == []
            assert [found for found, _ in index.query(self.vector("a"), 2, allowed=("b", "never there"))] == ["b"]

    def test_clear(self) -> None:
        """After clearing it is empty and can be filled again, with vectors of another length too."""
        with self.opened("a", "b") as index:
            index.clear()
            assert len(index) == 0
            assert index.query(self.vector("a"), 2) == []
            index.upsert(make_chunks("c"), make_vectors("c", dim=2 * self.dim))
            assert [found for found, _ in index.query(make_vectors("c", dim=2 * self.dim)[0], 2)] == ["c"]

    def test_text_in_any_script(self) -> None:
        """Ids and text may hold any character, and chunks may lack authors, times and links."""
        names = ["zażółć/2024-05-01", "你好", "👩‍🚀 \u200b\u202e", "a\nb\tc", "' OR 1=1 --", "x" * 400]
        with self.opened(*names) as index:
            assert len(index) == len(names)
            for name in names:
                assert index.query(self.vector(name), 1)[0][0] == name
            index.delete(names[:3])
            assert len(index) == len(names) - 3

    def test_many_at_once(self) -> None:
        """One call may be given, and one call may delete, more than the engine takes in one batch."""
        names = [f"n{number}" for number in range(self.many)]
        with self.opened(*names) as index:
            assert len(index) == self.many
            assert index.query(self.vector(names[-1]), 1)[0][0] == names[-1]
            self.check(index.query(self.vector("question"), 5, allowed=names[::2]), names[::2], k=5)
            index.delete(names[1:])
            assert len(index) == 1

    def test_close_twice(self) -> None:
        """Closing a second time does nothing; an index that keeps its content opens again when used."""
        index = self.make()
        index.upsert(make_chunks("a"), make_vectors("a", dim=self.dim))
        index.close()
        index.close()
        if (again := self.reopen()) is not None:
            again.close()
            assert index.ids() == {"a"}
            index.close()

    def test_content_survives_closing(self) -> None:
        """What an index on disk holds is there when it is opened again (if ``reopen`` is given)."""
        with self.opened("a", "b", "c") as index:
            index.delete(["b"])
            index.upsert(make_chunks("a"), make_vectors("new", dim=self.dim))
            before = index.query(self.vector("question"), 3)
        if (again := self.reopen()) is None:
            return
        try:
            assert len(again) == 2
            assert again.query(self.vector("question"), 3) == before
        finally:
            again.close()

    def check(self, hits: Sequence[tuple[str, float]], names: Sequence[str], *, k: int) -> None:
        """Assert that the hits for the vector of "question" are the k best of the names, in order."""
        cosines = make_vectors(*names, dim=self.dim).astype(np.float64) @ self.vector("question")
        order = np.argsort(-cosines)[:k]
        assert [found for found, _ in hits] == [names[row] for row in order]
        assert np.allclose([score for _, score in hits], cosines[order], atol=self.tolerance)


def make_chunks(*ids: str) -> list[Chunk]:
    """Return a chunk for each id, with as little in it as a chunk may hold."""
    return [
        Chunk(id=key, document_id="day", source="test", text=f"text of {key}", header="", start=0, end=8 + len(key))
        for key in ids
    ]


def make_vectors(*names: str, dim: int) -> Vectors:
    """Return a row of length 1 for each name: always the same for a name, and unlike the others'."""
    rows = [np.random.default_rng(list(name.encode("utf-8"))).standard_normal(dim) for name in names]
    matrix = np.array(rows, dtype=np.float64).reshape(len(names), dim)
    unit: Vectors = (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)
    return unit
