"""A set of ids that costs 16 to 32 bytes an id, for exports of millions of posts."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable

_LARGEST = (1 << 64) - 1


class IdSet:
    """Open addressing over one array of 64-bit numbers.

    A Python set of as many strings takes about 130 bytes an id. Ids that are numbers are kept as
    they are; others as a 64-bit digest (two of a million collide with a chance of 3 in 10**8).
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))  # a power of two; zero is free
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __contains__(self, value: str) -> bool:
        number = number_of(value)
        return self._slots[self._find(number)] == number

    def add(self, value: str) -> bool:
        """Add an id; return whether it was new."""
        return self._add(number_of(value))

    def update(self, numbers: Iterable[bytes]) -> None:
        """Add many ids, given as digits."""
        for digits in numbers:
            number = int(digits)
            if 0 < number <= _LARGEST:
                self._add(number)

    def _add(self, number: int) -> bool:
        place = self._find(number)
        if self._slots[place]:
            return False
        self._slots[place] = number
        self._size += 1
        if self._size * 2 > len(self._slots):
            self._grow()
        return True

    def _find(self, number: int) -> int:
        slots, last = self._slots, len(self._slots) - 1
        # X's ids hold the time above 22 bits that are often the same (see ``_written.py``): ids in order of time lie
        # beside each other, which is kind to the processor's caches.
        place = (number ^ number >> 22 ^ number >> 43) & last
        while (there := slots[place]) and there != number:
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", bytes(16 * len(old)))
        for number in old:
            if number:
                self._slots[self._find(number)] = number


def number_of(value: str) -> int:
    """Return the number that an id is kept as."""
    if len(value) < 20 and value.isdecimal() and value.isascii() and (number := int(value)):
        return number
    return int.from_bytes(hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") or 1
