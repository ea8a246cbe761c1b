"""Scores of several rankers become one order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from masa_rag._searching.rank import SAME_MOMENT, fuse, spread, standardised


def test_a_ranker_counts_in_its_own_spread() -> None:
    """Mean 2, standard deviation 1: what is unknown is the mean."""
    assert standardised(np.array([1.0, 3.0, np.nan])).tolist() == [-1.0, 1.0, 0.0]


def test_scores_that_are_all_equal_say_nothing() -> None:
    """Neither zero spread nor no scores at all divides by zero."""
    assert not standardised(np.array([5.0, 5.0])).any()
    assert not standardised(np.array([np.nan])).any()


def test_fusing_adds_rankers_and_what_is_added() -> None:
    """Two rankers that agree, and 2.5 for the second row."""
    one = np.array([1.0, 3.0])
    assert fuse([one, 10 * one], np.array([0.0, 2.5])).tolist() == [-2.0, 4.5]


def test_what_stands_beside_something_better_waits() -> None:
    """Two places beside the best of a recording lose; further ones, other documents and messages do not."""
    total = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    found = spread(
        total,
        documents=np.array([1, 1, 1, 2, 1]),
        positions=np.array([10, 11, 13, 12, 9]),
        timed=np.array([True, True, True, True, False]),
    )
    # 11 stands beside 10 and then beside 13, which came before it.
    assert found.tolist() == [5.0, 4.0 - 2 * SAME_MOMENT, 3.0, 2.0, 1.0]


@given(st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 3), st.booleans()), min_size=1, max_size=30))
def test_spreading_only_lowers_and_keeps_the_best(rows: list[tuple[float, int, bool]]) -> None:
    """Nothing gains, the best passage of all stays where it is, and messages are never touched."""
    total = np.array([score for score, _, _ in rows])
    timed = np.array([flag for _, _, flag in rows])
    found = spread(
        total, documents=np.array([name for _, name, _ in rows]), positions=np.arange(len(rows)), timed=timed
    )
    assert (found <= total).all()
    assert found[total.argmax()] == total.max() or timed[total.argmax()]
    assert found.max() == total.max()
    assert (found[~timed] == total[~timed]).all()
