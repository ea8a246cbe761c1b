"""Which shape an object has, and the tweets in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from masa_rag.sources._tweets.api_v2 import NO_PAGE, Page, is_v2, page_of, v2
from masa_rag.sources._tweets.legacy import User, is_legacy, is_result, is_timeline, legacy, results_in
from masa_rag.sources._tweets.masa import is_wire_1, is_wire_2, is_wire_4, wire_1, wire_2, wire_4
from masa_rag.sources._tweets.record import Tweet, id_of, list_of, mapping_of, text_of
from masa_rag.sources._tweets.rows import is_flat, is_post, is_row, row

ENVELOPES = ("data", "items", "tweets", "results", "statuses")
"""Names under which files keep their list of tweets."""
_WIRES = {"wire_1": (is_wire_1, wire_1), "wire_2": (is_wire_2, wire_2), "wire_4": (is_wire_4, wire_4)}
"""How Masa's shapes are known, and read."""
_MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the caller, or another file, says in place of the record."""

    author: str | None = None
    zone: tzinfo = UTC
    owner: User | None = None


@dataclass(frozen=True, slots=True)
class Bad:
    """An object that should be a tweet and is none."""

    message: str
    record_id: str | None = None


Found = Iterable[Tweet | Bad]


def tweets_in(value: Mapping[str, Any], defaults: Defaults, *, page: Page = NO_PAGE, depth: int = 0) -> Found:
    """Return the tweets of one object of a file: a tweet, a wrapped tweet, or a page of them."""
    if is_wire_1(value):  # first and directly: most of what is read is of this shape
        tweet = wire_1(value)
        if tweet is not None:
            return (tweet,)
    if (kind := _kind(value)) is not None:
        tweet = _read(kind, value, defaults, page)
        if tweet is not None:
            if tweet.author is None and tweet.username is None:
                tweet.author = defaults.author
            return (tweet,)
        return () if _is_wordless(value) else (_incomplete(value),)
    if depth >= _MAX_DEPTH:
        return (_unknown(value),)
    if isinstance(inner := value.get("Tweet", value.get("tweet")), dict):
        return tweets_in(inner, defaults, page=page, depth=depth + 1)
    if "Tweet" in value or ("Error" in value and len(value) <= 3):
        reason = text_of(value.get("Error")) or "no reason given"
        return (Bad(f"the scraper recorded an error in place of the tweet ({reason})"),)
    return _envelope(value, defaults, depth)


def is_tweet(value: Mapping[str, Any]) -> bool:
    """Say whether there is a tweet in an object; asked of the pieces of a damaged file."""
    if _kind(value, surely=True) is not None or is_result(value):
        return True
    inner = mapping_of(value.get("Tweet", value.get("tweet")))
    if inner or isinstance(value.get("Error"), str):
        return _kind(inner, surely=True) is not None or "Tweet" in value
    return any(True for _ in results_in(value))


def holds_tweets(value: Mapping[str, Any]) -> bool:
    """Say whether an object is surely a tweet, or a page whose first entry is one."""
    if is_tweet(value):
        return True
    data = mapping_of(value.get("data"))
    first = next(iter(_list_in(value) or _list_in(data) or [data]))
    return isinstance(first, dict) and is_tweet(first)


def _list_in(value: Mapping[str, Any]) -> list[Any] | None:
    """Return the list that an object keeps under one of the usual names."""
    return next((value[name] for name in ENVELOPES if isinstance(value.get(name), list)), None)


def _kind(value: Mapping[str, Any], *, surely: bool = False) -> str | None:
    for name, (is_wire, _) in _WIRES.items():
        if is_wire(value):
            return name
    if is_legacy(value):
        return "row" if is_flat(value) else "legacy"
    if is_v2(value) and not is_row(value, surely=True):
        return "v2"
    return "row" if is_row(value, surely=surely) or is_post(value) else None


def _envelope(value: Mapping[str, Any], defaults: Defaults, depth: int) -> Iterator[Tweet | Bad]:
    data = mapping_of(value.get("data"))
    inner = _list_in(value)
    if inner is None:
        inner = [data] if is_v2(data) else _list_in(data)
    if inner is None:
        yield from _answer(value)
    elif inner and not any(_may_hold_tweets(item) for item in inner[:10]):
        keys = ", ".join(sorted(map(str, mapping_of(inner[0])))[:8])
        yield Bad(f"received a page of objects with the fields {keys or 'none'}; expected tweets")
    else:
        yield from _items(inner, defaults, page_of(value), depth)


def _items(items: list[Any], defaults: Defaults, page: Page, depth: int) -> Iterator[Tweet | Bad]:
    for item in items:
        if isinstance(item, dict):
            yield from tweets_in(item, defaults, page=page, depth=depth + 1)
        else:
            yield Bad(f"received {str(item)[:40]!r} in the list; expected a tweet")


def _may_hold_tweets(item: object) -> bool:
    return isinstance(item, dict) and (
        _kind(item) is not None or "Tweet" in item or "tweet" in item or any(name in item for name in ENVELOPES)
    )


def _answer(value: Mapping[str, Any]) -> Iterator[Tweet | Bad]:
    """Read what is neither a tweet nor a list: an answer of GraphQL, or one that holds only errors."""
    found = False
    for tweet in results_in(value):
        found = True
        yield tweet if tweet is not None else Bad("received a tweet without id or text in a GraphQL answer")
    empty = mapping_of(value.get("meta")).get("result_count") == 0 or is_timeline(value)
    if not found and not empty:
        yield _unknown(value)


def _unknown(value: Mapping[str, Any]) -> Bad:
    errors = [mapping_of(error) for error in list_of(value.get("errors"))]
    said = next(
        (text for error in errors if (text := text_of(error.get("detail")) or text_of(error.get("message")))), None
    )
    if said is not None:
        return Bad(f"the answer holds an error in place of tweets ({said})")
    keys = ", ".join(sorted(map(str, value))[:8])
    return Bad(f"received an object with the fields {keys or 'none'}; expected a tweet", id_of(value.get("id")))


def _is_wordless(value: Mapping[str, Any]) -> bool:
    """Say whether a tweet is whole but for words: a picture alone. It is left out, and no error."""
    texts = [value[name] for name in ("Text", "full_text", "text", "tweet") if name in value]
    return bool(texts) and all(isinstance(text, str) and not text.strip() for text in texts)


def _incomplete(value: Mapping[str, Any]) -> Bad:
    name = next((found for key in ("ID", "tweet_id", "id_str", "id") if (found := id_of(value.get(key)))), None)
    lacks = "text" if name is not None else "an id"
    return Bad(f"received a tweet without {lacks}; expected both an id and a text", name)


def _read(kind: str, value: Mapping[str, Any], defaults: Defaults, page: Page) -> Tweet | None:
    if kind == "legacy":
        return legacy(value, owner=defaults.owner)
    if kind == "v2":
        return v2(value, page)
    if kind == "row":
        return row(value, author=defaults.author, zone=defaults.zone)
    return _WIRES[kind][1](value)
