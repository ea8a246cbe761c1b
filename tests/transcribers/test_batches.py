"""Batches: which windows are heard together, and what is heard side by side."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest

from masa_rag.transcribers._batches import POOL, Batches
from masa_rag.transcribers._prepare import Job, Recording
from masa_rag.transcribers._resume import Kept
from masa_rag.transcribers._windows import RATE, Window

LANGUAGES = Sequence[str | None]


def jobs(*seconds: float, recording: Recording | None = None, is_padded: bool = False) -> list[Job]:
    """Return windows of these lengths, one after the other in one recording."""
    of = recording or Recording(Path("one.wav"), Kept(None, Path("one.wav"), ""))
    return [Job(of, Window(((0, int(item * RATE)),), is_padded), Future()) for item in seconds]


class Ears:
    """Remembers the lengths of the windows in each batch, and what was known of their languages."""

    def __init__(self) -> None:
        self.heard: list[list[float]] = []
        self.known: list[LANGUAGES] = []

    def __call__(self, batch: Sequence[Job], known: LANGUAGES) -> list[str]:
        """Hear Dutch."""
        self.heard.append([job.window.seconds for job in batch])
        self.known.append(known)
        return ["nl"] * len(batch)


def test_windows_of_like_length_are_heard_together() -> None:
    """The one that waits longest goes first, with those nearest to it; the order within a batch stays."""
    ears = Ears()
    with closing(Batches(ears, lambda: 2)) as batches:
        batches.add(jobs(9, 1, 8, 2))
        list(batches.work(is_last=True))
    assert sorted(ears.heard) == [[1, 2], [9, 8]]


def test_padded_windows_are_heard_among_themselves() -> None:
    """They are encoded at another length."""
    ears = Ears()
    with closing(Batches(ears, lambda: 3)) as batches:
        batches.add([*jobs(9), *jobs(9, 1, is_padded=True), *jobs(2)])
        list(batches.work(is_last=True))
    assert sorted(ears.heard) == [[9, 1], [9, 2]]


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (4, [2, 2]), (7, [3, 4]), (8, [4, 4]), (9, [3, 3, 3]), (10, [1, 3, 3, 3])]
)
def test_what_is_left_is_shared_evenly(count: int, sizes: list[int]) -> None:
    """A single file of a few windows keeps both workers busy, for as many rounds as full batches would take."""
    ears = Ears()
    with closing(Batches(ears, lambda: 4)) as batches:
        batches.add(jobs(*range(1, count + 1)))
        list(batches.work(is_last=True))
    assert sorted(len(batch) for batch in ears.heard) == sizes


def test_two_batches_are_heard_at_once() -> None:
    """Each waits until the other has begun."""
    begun = threading.Barrier(2, timeout=10)

    def hear(batch: Sequence[Job], _: LANGUAGES) -> list[str]:
        begun.wait()
        return ["en"] * len(batch)

    with closing(Batches(hear, lambda: 1)) as batches:
        batches.add(jobs(1, 2))
        assert len(list(batches.work(is_last=True))) == 2


def test_the_model_begins_with_the_first_windows() -> None:
    """The first batch waits for as many as all workers take, the next ones for a choice that grows up to POOL."""
    ears = Ears()
    with closing(Batches(ears, lambda: 4)) as batches:
        for _ in range(8):
            batches.add(jobs(1))
            list(batches.work())
        batches.add(jobs(*[2] * 7))
        list(batches.work())
    assert ears.heard == [[1, 1, 1, 1]]
    grown = Batches(Ears(), lambda: 4)
    with closing(grown):
        grown.add(jobs(*[1] * (2 * POOL)))
        list(grown.work())
        assert len(grown._waiting) == POOL - 4


def test_a_large_batch_is_filled() -> None:
    """Also when it is larger than what is gathered for a choice, as on a GPU."""
    ears = Ears()
    with closing(Batches(ears, lambda: 2 * POOL)) as batches:
        batches.add(jobs(*[1] * (2 * POOL - 1)))
        assert list(batches.work()) == []
        batches.add(jobs(1))
        list(batches.work())
    assert [len(batch) for batch in ears.heard] == [2 * POOL]


def test_languages_come_from_the_batches_waited_for() -> None:
    """Of four batches three start knowing nothing, however quick they are; the last knows what the first was."""
    ears = Ears()
    with closing(Batches(ears, lambda: 1)) as batches:
        batches.add(jobs(1, 2, 3, 4))
        list(batches.work(is_last=True))
    assert sorted(ears.known, key=str) == [["nl"], [None], [None], [None]]


def test_what_goes_wrong_is_raised() -> None:
    """Where the batch is waited for."""

    def hear(batch: Sequence[Job], _: LANGUAGES) -> list[str]:
        raise RuntimeError("the model broke")

    with closing(Batches(hear, lambda: 1)) as batches, pytest.raises(RuntimeError, match="the model broke"):
        batches.add(jobs(1))
        list(batches.work(is_last=True))
