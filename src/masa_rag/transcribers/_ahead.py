"""Work done in a thread before it is asked for: the model need not wait for what comes next."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar, cast

T = TypeVar("T")


def ahead(items: Generator[T, None, None], *, size: int) -> Generator[T, None, None]:
    """Yield the items while up to ``size`` of the next ones are made in a thread; their errors come in their place.

    Close the iterator when it is not read to its end: that ends the thread and closes ``items`` in it.
    """
    ready: queue.Queue[tuple[T | None, BaseException | None, bool]] = queue.Queue(maxsize=size)
    stop = threading.Event()

    def run() -> None:
        try:
            with contextlib.closing(items):
                for item in items:
                    ready.put((item, None, False))
                    if stop.is_set():
                        return
            ready.put((None, None, True))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for the result
            ready.put((None, error, True))

    thread = threading.Thread(target=run, name="masa-rag-ahead", daemon=True)
    thread.start()
    try:
        yield from _taken(ready)
    finally:
        stop.set()
        while thread.is_alive():
            with contextlib.suppress(queue.Empty):
                ready.get(timeout=0.05)
        thread.join()


def _taken(ready: queue.Queue[tuple[T | None, BaseException | None, bool]]) -> Iterator[T]:
    while True:
        item, error, is_end = ready.get()
        if error is not None:
            raise error
        if is_end:
            return
        yield cast("T", item)
