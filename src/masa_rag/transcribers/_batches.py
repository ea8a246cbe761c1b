"""Windows that wait for the model: which it hears together, and which batches are heard side by side."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import pairwise

from masa_rag.errors import TranscriptionError
from masa_rag.transcribers._devices import WORKERS
from masa_rag.transcribers._prepare import Job, Recording
from masa_rag.transcribers._process import NotHeardError

log = logging.getLogger(__name__)

POOL = 48
"""Windows gathered before a batch of like lengths is chosen from them; fewer at first, so that the model need not wait
while this many are prepared."""

LOST = 4
"""Recordings that may fail, each by a window tried alone, before a model that heard nothing yet is given up."""


class Batches:
    """Shares windows of like length among the workers, a batch for each, and waits for the batches in their order.

    A batch is told the languages found by those that were waited for before it was started, not by those that happen to
    be done: a run gives the same words each time. The first ones are waited for before others start.

    The windows of a batch that is not heard are tried once more, one by one and nothing beside them, so that the one to
    blame is known. Its recording has the error, and the others lose nothing. Only a model that heard nothing of the
    first ``LOST`` recordings is given up; one that heard anything never is.

    Args:
        hear: Hears windows, given the language of each if it is known, keeps what was said and returns the languages.
            Called in threads.
        size: Returns how many windows make a batch at most.
    """

    def __init__(
        self, hear: Callable[[Sequence[Job], Sequence[str | None]], Sequence[str]], size: Callable[[], int]
    ) -> None:
        self._hear = hear
        self._size = size
        self._pool = ThreadPoolExecutor(WORKERS, "masa-rag-whisper")
        self._waiting: list[Job] = []
        self._running: deque[tuple[Sequence[Job], Future[Sequence[str]]]] = deque()
        self._rounds = 0
        self._blamed = 0
        self._has_heard = False

    def add(self, jobs: Sequence[Job]) -> None:
        """Take windows, in the order of their recordings."""
        self._waiting += jobs

    def work(self, *, is_last: bool = False) -> Iterator[None]:
        """Start what can be started, and yield after each batch that is done; with ``is_last`` until nothing is left.

        Raises what ``hear`` raises, but for NotHeardError, and TranscriptionError when the model is given up.
        """
        while self._waiting and (is_last or self._has_a_choice()):
            while len(self._running) > (WORKERS if self._rounds > 1 else 0):
                self._wait()
                yield
            self._start()
        while is_last and self._running:
            self._wait()
            yield

    def close(self) -> None:
        """Wait for what is being heard, and drop the rest."""
        self._pool.shutdown(cancel_futures=True)

    def _has_a_choice(self) -> bool:
        share = WORKERS * self._size()
        return len(self._waiting) >= max(share, min(POOL, share * (1 + self._rounds)))

    def _start(self) -> None:
        chosen = self._chosen(WORKERS * self._size())
        ends = [len(chosen) * number // WORKERS for number in range(WORKERS + 1)]
        for start, end in pairwise(ends):
            if batch := [job for job in chosen[start:end] if job.recording.error is None]:
                known = [job.recording.language for job in batch]
                self._running.append((batch, self._pool.submit(self._heard, batch, known)))
        self._rounds += 1

    def _chosen(self, count: int) -> list[Job]:
        """Take the window that waits longest and those nearest to it in length.

        Equal lengths in a batch waste nothing, and no recording waits for the end because of one short window.
        """
        first = self._waiting[0].window
        alike = [place for place, job in enumerate(self._waiting) if job.window.is_padded == first.is_padded]
        alike.sort(key=lambda place: abs(self._waiting[place].window.seconds - first.seconds))
        taken = set(alike[:count])
        chosen = [job for place, job in enumerate(self._waiting) if place in taken]
        self._waiting = [job for place, job in enumerate(self._waiting) if place not in taken]
        return chosen

    def _heard(self, batch: Sequence[Job], known: Sequence[str | None]) -> Sequence[str]:
        """Hear windows, and note that the model can."""
        languages = self._hear(batch, known)
        self._has_heard = True
        return languages

    def _wait(self) -> None:
        batch, languages = self._running.popleft()
        try:
            found = languages.result()
        except NotHeardError as error:
            log.warning("A batch was not heard (%s). Its %d windows are tried one by one.", error, len(batch))
            wait([future for _, future in self._running])
            for job in batch:
                self._try_alone(job)
        else:
            for job, language in zip(batch, found, strict=True):
                job.recording.heard[language] += 1

    def _try_alone(self, job: Job) -> None:
        recording = job.recording
        if recording.error is not None:
            return
        try:
            (language,) = self._heard([job], [recording.language])
            recording.heard[language] += 1
        except NotHeardError as error:
            self._blame(recording, error)

    def _blame(self, recording: Recording, error: NotHeardError) -> None:
        """Give a recording its error. Raises TranscriptionError when it is the model rather than the recordings."""
        recording.error = TranscriptionError(f"{recording.path}: {error}")
        self._blamed += 1
        if self._blamed >= LOST and not self._has_heard:
            problem = f"none of the first {LOST} recordings could be heard; the last time {error}"
            raise TranscriptionError(problem) from error
