"""Which shape an object has, and the tweets in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, timezone
from typing import Any
from zoneinfo import ZoneInfo

from masa_rag.sources._tweet_masa import is_wire_1, is_wire_2, wire_1, wire_2
from masa_rag.sources._tweet_record import Tweet, id_of, text_of

ENVELOPES = ("data", "items", "tweets", "results", "statuses")
"""Names under which files keep their list of tweets."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the caller says in place of the file."""

    author: str | None = None
    zone: ZoneInfo | timezone = UTC


@dataclass(frozen=True, slots=True)
class Bad:
    """An object that should be a tweet and is none."""

    message: str
    record_id: str | None = None


Found = Iterator["Tweet | Bad"]


def tweets_in(value: dict[str, Any], defaults: Defaults, *, depth: int = 0) -> Found:
    """Yield the tweets of one object of a file: a tweet, a wrapped tweet, or a page of them."""
    for matches, read in _SHAPES:
        if matches(value):
            tweet = read(value, defaults)
            yield tweet if tweet is not None else _blank(value)
            return
    if "Tweet" in value or ("Error" in value and len(value) <= 3):
        yield from _wrapped(value, defaults, depth)
        return
    yield from _envelope(value, defaults, depth)


def is_tweet(value: dict[str, Any]) -> bool:
    """Say whether there is a tweet in an object; asked of the pieces of a damaged file."""
    return any(matches(value) for matches, _ in _SHAPES) or isinstance(value.get("Tweet"), dict)


def _wrapped(value: dict[str, Any], defaults: Defaults, depth: int) -> Found:
    inner = value.get("Tweet")
    if isinstance(inner, dict) and depth < 3:
        yield from tweets_in(inner, defaults, depth=depth + 1)
    else:
        reason = text_of(value.get("Error"))
        yield Bad(f"the scraper recorded an error in place of the tweet ({reason or 'no reason given'})")


def _envelope(value: dict[str, Any], defaults: Defaults, depth: int) -> Found:
    inner = next((value[name] for name in ENVELOPES if isinstance(value.get(name), list)), None)
    if inner is None or depth >= 3:
        keys = ", ".join(sorted(map(str, value))[:8])
        yield Bad(f"received an object with the fields {keys or 'none'}; expected a tweet", id_of(value.get("id")))
        return
    for item in inner:
        if isinstance(item, dict):
            yield from tweets_in(item, defaults, depth=depth + 1)
        else:
            yield Bad(f"received {str(item)[:40]!r} in the list; expected a tweet")


def _blank(value: dict[str, Any]) -> Bad:
    name = next((found for key in ("ID", "tweet_id", "id_str", "id") if (found := id_of(value.get(key)))), None)
    lacks = "text" if name is not None else "id"
    return Bad(f"received a tweet without {lacks}; expected both an id and a text", name)


Read = Callable[[dict[str, Any], Defaults], Tweet | None]
_SHAPES: tuple[tuple[Callable[[dict[str, Any]], bool], Read], ...] = (
    (is_wire_1, lambda value, _: wire_1(value)),
    (is_wire_2, lambda value, _: wire_2(value)),
)
