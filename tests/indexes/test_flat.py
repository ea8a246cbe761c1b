"""FlatIndex: exact, deterministic, safe to read while it is written."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masa_rag.errors import ConfigurationError, MemoryMismatchError
from masa_rag.indexes import FlatIndex, flat
from masa_rag.testing.indexes import IndexContract, make_chunks, make_vectors

if TYPE_CHECKING:
    from masa_rag.protocols import Vectors

DIM = 8


class TestFlatIndex(IndexContract):
    """FlatIndex keeps the contract of an index."""

    def make(self) -> FlatIndex:
        """Return an empty index."""
        return FlatIndex()


@pytest.fixture
def asked_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two vectors are many, and every query is one too many: what 30,000 rows and 50 queries are otherwise."""
    monkeypatch.setattr(flat, "_MANY", 1)
    monkeypatch.setattr(flat, "_ASKED", 1)


@pytest.mark.usefixtures("asked_often")
class TestFlatIndexAskedOften(TestFlatIndex):
    """It keeps the contract with a coarse copy of its rows."""


def index_of(ids: Sequence[str], vectors: Vectors) -> FlatIndex:
    """Return an index of these."""
    index = FlatIndex()
    index.upsert_vectors(ids, vectors)
    return index


def filled(*names: str) -> FlatIndex:
    """Return an index with a vector for each name."""
    return index_of(names, make_vectors(*names, dim=DIM))


def test_scores_by_hand() -> None:
    """Cosines of 60 degrees, 90 degrees and 180 degrees, best first."""
    index = index_of(["half", "right", "opposite"], np.array([[0.5, 0.75**0.5], [0, 1], [-1, 0]], dtype=np.float32))
    assert index.query(np.array([1, 0], dtype=np.float32), 3) == [("half", 0.5), ("right", 0.0), ("opposite", -1.0)]


def test_cosines_are_in_the_order_asked_for_and_not_a_number_for_who_is_not_there() -> None:
    """The vector need not be of length 1; an id that was deleted is as unknown as one that never was."""
    index = index_of(["a", "b", "c"], np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32))
    index.delete(["b"])
    found = index.cosines(["c", "b", "a", "never", "c"], np.array([2, 0], dtype=np.float32))
    assert np.allclose(found, [0.6, np.nan, 1.0, np.nan, 0.6], equal_nan=True)
    assert FlatIndex().cosines(["a"], np.array([1, 0], dtype=np.float32)).tolist() == pytest.approx(
        [np.nan], nan_ok=True
    )


def test_an_empty_index_keeps_the_array() -> None:
    """Read-only unit rows are not copied, and later writes leave them alone."""
    vectors = make_vectors("a", "b", dim=DIM)
    vectors.setflags(write=False)
    index = index_of(["a", "b"], vectors)
    assert np.shares_memory(index._rows.matrix, vectors)
    index.upsert(make_chunks("c", "a"), make_vectors("c", "z", dim=DIM))
    index.delete(["b"])
    assert len(index) == 2
    assert index.query(vectors[0], 1, allowed=["a"])[0][1] < 0.99


def test_equal_vectors_score_equally_wherever_they_lie() -> None:
    """1,000 copies of one vector have one score, so the ids alone decide."""
    vectors = np.repeat(make_vectors("a", dim=384), 1000, axis=0)
    ids = [f"{number:04d}" for number in range(1000)][::-1]
    hits = index_of(ids, vectors).query(make_vectors("b", dim=384)[0], 5)
    assert [found for found, _ in hits] == ["0000", "0001", "0002", "0003", "0004"]
    assert len({score for _, score in hits}) == 1


@pytest.mark.usefixtures("asked_often")
def test_a_coarse_copy_changes_no_answer() -> None:
    """Near and equal vectors, zeros, writes and deletions between queries: ids and scores are those of one by one."""
    chance = np.random.default_rng(3)
    middles = np.repeat(chance.standard_normal((30, 48), np.float32), 100, axis=0)
    vectors = np.vstack([middles + 0.02 * chance.standard_normal(middles.shape, np.float32), middles[:200:10] * 0])
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    ids = [f"{number:04d}" for number in range(len(vectors))]
    index, one_by_one = (index_of(ids[:2000], vectors[:2000]) for _ in range(2))
    for turn in range(0, 1000, 10):
        for each in (index, one_by_one):
            each.upsert_vectors(ids[2000 + turn : 2010 + turn], vectors[2000 + turn : 2010 + turn])
            each.delete(ids[turn : turn + 3])
        query = vectors[turn * 2 + 5] + 0.1 * chance.standard_normal(48, np.float32)
        assert index.query(query, 20) == one_by_one.query(query, 20, allowed=ids)
    assert index._rows.coarse is not None


def test_a_coarse_copy_leaves_most_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 3,000 vectors all but some 100 are left out before the rest is compared; the first query compares all."""
    monkeypatch.setattr(flat, "_MANY", 1_000)
    monkeypatch.setattr(flat, "_ASKED", 2)
    vectors = np.random.default_rng(4).standard_normal((3_000, 384), np.float32)
    index = index_of([str(number) for number in range(3_000)], vectors)
    compared: list[int] = []
    products = flat._products
    monkeypatch.setattr(flat, "_products", lambda rows, query: compared.append(len(rows)) or products(rows, query))
    for _ in range(3):
        index.query(vectors[7], 10)
    assert compared[0] == 3_000
    assert 10 <= compared[1] == compared[2] < 150


def test_memory_is_given_back() -> None:
    """When three quarters are deleted, so are their rows; the others keep their scores."""
    names = [f"n{number}" for number in range(400)]
    index = filled(*names)
    query = make_vectors("q", dim=DIM)[0]
    before = index.query(query, 3, allowed=names[:100])
    index.delete(names[100:])
    assert len(index._rows.matrix) == 100
    assert index.query(query, 3) == before


@pytest.mark.parametrize(
    ("vectors", "error"),
    [
        (np.ones((2, DIM), dtype=np.float32), ConfigurationError),
        (np.ones(DIM, dtype=np.float32), ConfigurationError),
        (np.full((1, DIM), np.nan, dtype=np.float32), ConfigurationError),
        (np.full((1, DIM), np.inf, dtype=np.float32), ConfigurationError),
        (np.ones((1, DIM + 1), dtype=np.float32), MemoryMismatchError),
    ],
    ids=["too many rows", "no matrix", "nan", "inf", "another length"],
)
def test_wrong_vectors_are_refused(vectors: np.ndarray, error: type[Exception]) -> None:
    """Vectors of a wrong shape, length or value raise a typed error and change nothing."""
    index = filled("a")
    with pytest.raises(error, match="received"):
        index.upsert(make_chunks("b"), vectors)
    assert len(index) == 1


def test_wrong_query_is_refused() -> None:
    """A query of another length, or a matrix, raises a typed error."""
    index = filled("a")
    with pytest.raises(MemoryMismatchError, match="length 3"):
        index.query(np.ones(3, dtype=np.float32), 1)
    with pytest.raises(ConfigurationError, match="one vector"):
        index.query(np.ones((1, DIM), dtype=np.float32), 1)


def test_zero_vector_is_like_nothing() -> None:
    """A row of zeros scores 0."""
    index = index_of(["zero"], np.zeros((1, DIM), dtype=np.float32))
    assert index.query(make_vectors("a", dim=DIM)[0], 1) == [("zero", 0.0)]


def test_readers_see_whole_states_only() -> None:
    """While one thread replaces all vectors back and forth, readers see one state or the other."""
    names = [f"n{number}" for number in range(300)]
    first, second = (make_vectors(*(f"{name}{mark}" for name in names), dim=DIM) for mark in "xy")
    index = index_of(names, first)
    query = make_vectors("q", dim=DIM)[0]
    expected = [index_of(names, rows).query(query, 300) for rows in (first, second)]
    seen: list[bool] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.append(index.query(query, 300) in expected)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(40):
        index.upsert(make_chunks(*names), second if turn % 2 == 0 else first)
    done.set()
    for reader in readers:
        reader.join()
    assert seen
    assert all(seen)


IDS = st.sampled_from([f"id{number}" for number in range(8)])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("upsert"), st.lists(st.tuples(IDS, IDS), max_size=6)),
        st.tuples(st.just("delete"), st.lists(IDS, max_size=4)),
        st.tuples(st.just("clear"), st.just([])),
    ),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, allowed=st.none() | st.sets(IDS))
def test_agrees_with_a_dict(steps: list[tuple[str, list]], allowed: set[str] | None) -> None:
    """After any sequence of writes it holds and ranks exactly what a dict would."""
    index = FlatIndex()
    model: dict[str, str] = {}
    for verb, items in steps:
        match verb:
            case "upsert":
                index.upsert(make_chunks(*(key for key, _ in items)), make_vectors(*(v for _, v in items), dim=DIM))
                model.update(items)
            case "delete":
                index.delete(items)
                model = {key: value for key, value in model.items() if key not in items}
            case "clear":
                index.clear()
                model = {}
    assert len(index) == len(model)
    query = make_vectors("q", dim=DIM)[0]
    exact = {key: float(make_vectors(value, dim=DIM)[0].astype(np.float64) @ query) for key, value in model.items()}
    expected = sorted(
        (key for key in exact if allowed is None or key in allowed), key=lambda key: (-round(exact[key], 7), key)
    )
    assert [found for found, _ in index.query(query, 5, allowed=allowed)] == expected[:5]
