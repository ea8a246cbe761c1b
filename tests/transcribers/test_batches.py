"""Batches: which windows are heard together, and what is heard side by side."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest

from masa_rag.errors import TranscriptionError
from masa_rag.transcribers._batches import LOST, POOL, Batches
from masa_rag.transcribers._prepare import Job, Recording
from masa_rag.transcribers._process import NotHeardError
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
    """The one that waits longest and those nearest to it, a share for each worker; their order stays."""
    ears = Ears()
    with closing(Batches(ears, lambda: 2)) as batches:
        batches.add(jobs(9, 1, 8, 2, 9, 3, 8))
        list(batches.work(is_last=True))
    assert sorted(ears.heard[:2]) == [[9, 8], [9, 8]]
    assert sorted(ears.heard[2:]) == [[1], [2, 3]]


def test_padded_windows_are_heard_among_themselves() -> None:
    """They are encoded at another length."""
    ears = Ears()
    with closing(Batches(ears, lambda: 3)) as batches:
        batches.add([*jobs(9), *jobs(9, 1, is_padded=True), *jobs(2)])
        list(batches.work(is_last=True))
    assert (sorted(ears.heard[:2]), sorted(ears.heard[2:])) == ([[2], [9]], [[1], [9]])


@pytest.mark.parametrize(("count", "sizes"), [(1, [1]), (4, [2, 2]), (7, [3, 4]), (8, [4, 4]), (10, [1, 1, 4, 4])])
def test_what_is_left_is_shared_evenly(count: int, sizes: list[int]) -> None:
    """A single file of a few windows keeps both workers busy."""
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
    """The first batches wait for as many as all workers take, the next ones for a choice that grows up to POOL."""
    with closing(Batches(Ears(), lambda: 4)) as batches:
        left = []
        for count in (7, 1, 15, 1, 2 * POOL):
            batches.add(jobs(*[1] * count))
            list(batches.work())
            left.append(len(batches._waiting))
    assert left == [7, 0, 15, 8, POOL - 8]


def test_a_large_batch_is_filled() -> None:
    """Also when it is larger than what is gathered for a choice, as on a GPU."""
    with closing(Batches(Ears(), lambda: 2 * POOL)) as batches:
        batches.add(jobs(*[1] * (4 * POOL - 1)))
        assert list(batches.work()) == []
        assert len(batches._waiting) == 4 * POOL - 1
        batches.add(jobs(1))
        list(batches.work())
        assert batches._waiting == []


def test_languages_come_from_the_batches_waited_for() -> None:
    """Four windows know nothing, and those that were started beside them; all later ones know what they found."""
    ears = Ears()
    with closing(Batches(ears, lambda: 2)) as batches:
        batches.add(jobs(*range(1, 9)))
        list(batches.work(is_last=True))
    assert ears.known == [[None, None], [None, None], ["nl", "nl"], ["nl", "nl"]]


def test_the_language_of_a_jingle_is_not_that_of_the_show() -> None:
    """What most windows are in is taken for those that follow, whatever the first is in."""
    known: list[str | None] = []

    def hear(batch: Sequence[Job], languages: LANGUAGES) -> list[str]:
        known.extend(languages)
        return ["la" if job.window.seconds == 9 else "nl" for job in batch]

    with closing(Batches(hear, lambda: 2)) as batches:
        batches.add(jobs(9, 8, 8, 8, 8, 8))
        list(batches.work(is_last=True))
    assert known == [None, None, None, None, "nl", "nl"]


def test_what_goes_wrong_is_raised() -> None:
    """Where the batch is waited for."""

    def hear(batch: Sequence[Job], _: LANGUAGES) -> list[str]:
        raise RuntimeError("the model broke")

    with closing(Batches(hear, lambda: 1)) as batches, pytest.raises(RuntimeError, match="the model broke"):
        batches.add(jobs(1))
        list(batches.work(is_last=True))


def test_windows_that_were_not_heard_are_tried_alone() -> None:
    """One by one, and nothing beside them; the one that fails again costs its recording only."""
    running: list[str] = []
    tried: list[str] = []

    def hear(batch: Sequence[Job], _: LANGUAGES) -> list[str]:
        names = [job.recording.path.name for job in batch]
        if len(batch) == 1:
            assert running == []
            tried.extend(names)
        running.append(names[0])
        time.sleep(0.1 if "three" in names else 0)
        running.remove(names[0])
        if "bad" in names or len(batch) > 1:
            raise NotHeardError("the process ended")
        return ["nl"]

    recordings = [Recording(Path(name), Kept(None, Path(name), "")) for name in ("one", "bad", "three")]
    with closing(Batches(hear, lambda: 4)) as batches:
        for recording in recordings:
            batches.add(jobs(1, 1, recording=recording))
        list(batches.work(is_last=True))
    assert tried == ["one", "one", "bad", "three", "three"]
    assert [str(recording.error) for recording in recordings] == ["None", "bad: the process ended", "None"]
    assert [list(recording.heard) for recording in recordings] == [["nl"], [], ["nl"]]


def not_heard(*good: str, windows: int = 1) -> tuple[list[str], list[str]]:
    """Return, for ten recordings, those of the windows tried alone, then what is raised, and those with an error.

    A batch is heard when a good one is in it.
    """
    tried: list[str] = []

    def hear(batch: Sequence[Job], _: LANGUAGES) -> list[str]:
        names = {job.recording.path.name for job in batch}
        if len(batch) == 1:
            tried.extend(names)
        if not names & set(good):
            raise NotHeardError("the process ended")
        return ["nl"] * len(batch)

    recordings = [Recording(Path(str(number)), Kept(None, Path(str(number)), "")) for number in range(10)]
    with closing(Batches(hear, lambda: 5 * windows)) as batches:
        for recording in recordings:
            batches.add(jobs(*[1] * windows, recording=recording))
        try:
            list(batches.work(is_last=True))
        except TranscriptionError as error:
            tried.append(str(error))
    return tried, [recording.path.name for recording in recordings if recording.error]


@pytest.mark.parametrize("windows", [1, 3])
def test_a_model_that_hears_nothing_is_given_up(windows: int) -> None:
    """After one window of each of the first four recordings, however many windows they have."""
    tried, blamed = not_heard(windows=windows)
    given_up = "none of the first 4 recordings could be heard; the last time the process ended"
    assert tried == ["0", "1", "2", "3", given_up]
    assert blamed == ["0", "1", "2", "3"]
    assert LOST == 4


def test_a_model_that_heard_a_batch_is_not_given_up() -> None:
    """What was heard beside the batch that failed counts, though nobody waited for it yet."""
    assert not_heard("9") == (["0", "1", "2", "3", "4"], ["0", "1", "2", "3", "4"])
