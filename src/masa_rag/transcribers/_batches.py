"""Windows that wait for the model: which it hears together, and which batches are heard side by side."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from math import ceil

from masa_rag.transcribers._devices import WORKERS
from masa_rag.transcribers._prepare import Job

POOL = 48
"""Windows gathered before a batch of like lengths is chosen from them; fewer at first, so that the model need not wait
while this many are prepared."""


class Batches:
    """Has WORKERS batches heard side by side and the next one waiting, and waits for them in their order.

    A batch is told the languages found by those that were waited for before it was started, not by those that happen to
    be done: a run gives the same words each time.

    Args:
        hear: Hears windows, given the language of each if it is known, keeps what was said and returns the languages.
            Called in threads.
        size: Returns how many windows make a batch.
    """

    def __init__(
        self, hear: Callable[[Sequence[Job], Sequence[str | None]], Sequence[str]], size: Callable[[], int]
    ) -> None:
        self._hear = hear
        self._size = size
        self._pool = ThreadPoolExecutor(WORKERS, "masa-rag-whisper")
        self._waiting: list[Job] = []
        self._running: deque[tuple[list[Job], Future[Sequence[str]]]] = deque()
        self._started = 0

    def add(self, jobs: Sequence[Job]) -> None:
        """Take windows, in the order of their recordings."""
        self._waiting += jobs

    def work(self, *, is_last: bool = False) -> Iterator[None]:
        """Start what can be started, and yield after each batch that is done; with ``is_last`` until nothing is left.

        Raises what ``hear`` raises.
        """
        most = self._even_share() if is_last else self._size()
        while self._waiting and (is_last or self._has_a_choice()):
            if len(self._running) > WORKERS:
                self._wait()
                yield
            self._start(min(most, self._size()))
        while is_last and self._running:
            self._wait()
            yield

    def close(self) -> None:
        """Wait for what is being heard, and drop the rest."""
        self._pool.shutdown(cancel_futures=True)

    def _has_a_choice(self) -> bool:
        size = self._size()
        return len(self._waiting) >= max(size, min(POOL, size * (WORKERS + self._started)))

    def _even_share(self) -> int:
        """Return how many windows make a batch so that all workers end together; a single file has but a few."""
        rounds = ceil(len(self._waiting) / (WORKERS * self._size()))
        return ceil(len(self._waiting) / (WORKERS * max(1, rounds)))

    def _start(self, size: int) -> None:
        batch = self._chosen(size)
        known = [job.recording.language for job in batch]
        self._running.append((batch, self._pool.submit(self._hear, batch, known)))
        self._started += 1

    def _chosen(self, size: int) -> list[Job]:
        """Take the window that waits longest and those nearest to it in length.

        Equal lengths in a batch waste nothing, and no recording waits for the end because of one short window.
        """
        first = self._waiting[0].window
        alike = [place for place, job in enumerate(self._waiting) if job.window.is_padded == first.is_padded]
        alike.sort(key=lambda place: abs(self._waiting[place].window.seconds - first.seconds))
        taken = set(alike[:size])
        batch = [job for place, job in enumerate(self._waiting) if place in taken]
        self._waiting = [job for place, job in enumerate(self._waiting) if place not in taken]
        return batch

    def _wait(self) -> None:
        batch, languages = self._running.popleft()
        for job, language in zip(batch, languages.result(), strict=True):
            job.recording.language = job.recording.language or language
