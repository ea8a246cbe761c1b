"""What all values of a field are together: words, names, times, or what programs log."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from masa_rag.sources._records.names import Way, rank_of
from masa_rag.sources._records.values import is_prose, link_in, text_in, time_in
from masa_rag.sources._written import DateOrder

Column = list[Any]
_LEVELS = frozenset("trace debug info information notice warn warning error err critical fatal alert".split())
_LEVEL = frozenset("level severity loglevel levelname lvl logger loggername".split())
_ORDERED = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b.{0,15}")
"""A date in the order of a country, such as 5/18/2025."""


def is_level(name: str, values: Column) -> bool:
    """Say whether this tells how grave an event is, as programs log it."""
    if name not in _LEVEL:
        return False
    worded = share(values, lambda value: str(value).casefold() in _LEVELS) > 0.5
    return worded or name.startswith("log") or all(isinstance(value, int) and value % 10 == 0 for value in values)


def share(values: Column, test: Callable[[Any], object]) -> float:
    """Return which share of the values passes a test."""
    return sum(bool(test(value)) for value in values) / max(len(values), 1)


def are_words(values: Column) -> bool:
    """Say whether many of the values are words that somebody said."""
    texts = [text for value in values if isinstance(value, str) and (text := text_in(value))]
    prose = sum(map(is_prose, texts))
    varied = len(set(texts)) >= 0.5 * len(texts) or len(texts) < 4
    return prose >= 0.3 * len(values) and prose > 0 and varied and not are_times(values)


def are_names(values: Column) -> bool:
    """Say whether nearly all values may be names."""
    return share(values, lambda value: not isinstance(value, (bool, float)) and _is_name(text_in(value))) >= 0.8


def _is_name(text: str) -> bool:
    return len(text) <= 80 and not link_in(text) and len(text.split()) <= 8


def are_times(values: Column, least: float = 0.8) -> bool:
    """Say whether as many of the values are times."""
    order = DateOrder()
    for value in values:
        order.add(text_in(value))
    return share(values, lambda value: time_in(value, order=order) or _ORDERED.fullmatch(text_in(value))) >= least


def is_time(way: Way) -> bool:
    """Say whether a field is called as times are."""
    return rank_of("time", way) is not None


def are_all_different(values: Column) -> bool:
    """Say whether no value comes twice."""
    known = [text_in(value) for value in values if not isinstance(value, (bool, float))]
    return len(known) == len(values) and len(set(known)) == len(known)
