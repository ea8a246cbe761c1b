"""Pages of a live chat put together: a day that many of them fill is stored once, not anew with each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from masa_rag.errors import RecordError
from masa_rag.sources._chats.messages import Said

Mark = TypeVar("Mark")
HELD_S = 10.0
"""Seconds of reading that are held back, and so read again after a process was killed."""


def gathered(
    pages: Iterable[tuple[Sequence[Said | RecordError], Mark]],
) -> Iterator[tuple[list[Said | RecordError], Mark]]:
    """Yield what was read in about ``HELD_S`` seconds, and the mark of the last page of it; what an error follows too.

    Args:
        pages: What a page holds, and a mark of how far has been read with it.
    """
    held: list[Said | RecordError] = []
    mark: Mark | None = None
    began = time.monotonic()
    try:
        for items, mark in pages:
            held += items
            if time.monotonic() - began >= HELD_S:
                yield held, mark
                held, mark, began = [], None, time.monotonic()
    except Exception:  # whatever it was, what was read before it is kept
        if mark is not None:
            yield held, mark
        raise
    if mark is not None:
        yield held, mark
