"""Walking through what a file holds: each record, what it answers, and what stands around it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from masa_rag._ids import digest
from masa_rag.sources._jsonstream import ITEM
from masa_rag.sources._jsonstream import Path as Keys
from masa_rag.sources._records.fields import SAMPLE, Fields, fields_of
from masa_rag.sources._records.looking import dicts, lists_in, scalars
from masa_rag.sources._records.names import is_aside, rank_of
from masa_rag.sources._records.values import link_in, said, text_in

_MISSES = 30
"""After how many lists of one place without words of people the others there are passed over."""
_MOST_ITEMS = 20_000
"""How many objects of the beginning of a file are looked at."""
_NEVER = frozenset({"@context", "nbformat", "openapi", "swagger", "lockfileVersion", "$schema", "jsonrpc", "jsonapi"})
_MAPS = frozenset({"FeatureCollection", "Topology", "Feature"})


@dataclass(frozen=True, slots=True)
class Around:
    """What encloses a list of records: a video, an issue, a channel.

    Attributes:
        keys: The keys that lead to the list.
        title: Its title or name.
        url: A link to it.
        id: Its own id.
    """

    keys: Keys = ()
    title: str = ""
    url: str = ""
    id: str = ""


@dataclass(slots=True)
class Row:
    """A record as it lies in a file.

    Attributes:
        record: Its fields.
        fields: Which of them is which.
        around: What encloses its list.
        above: The record that it lies below, which it answers.
        answered: Whether others lie below it.
        identity: Its id, once it is known.
        members: Of the uppermost, the ids of those below it that are known, and how these are written.
    """

    record: Mapping[str, Any]
    fields: Fields
    around: Around = field(default_factory=Around)
    above: Row | None = None
    answered: bool = False
    identity: str = ""
    members: dict[str, Fields] = field(default_factory=dict)

    @property
    def uppermost(self) -> Row:
        """The record at the beginning of those it lies below."""
        row = self
        while row.above is not None:
            row = row.above
        return row


class Shapes:
    """The lists in a file whose objects are records, and which of their fields is which.

    Args:
        root: What the file begins with.
        given: The fields that are named, see ``fields_of``.
        guess: Whether to take what holds words even where nothing tells that people said them.
    """

    def __init__(self, root: Any, *, given: Mapping[str, str] | None = None, guess: bool = False) -> None:
        self._given, self._guess = given, guess
        self.pools: dict[Keys, list[dict[str, Any]]] = defaultdict(list)
        self._known: dict[Keys, Fields | None] = {}
        self._misses: dict[Keys, int] = defaultdict(int)
        if not _is_something_else(root):
            self._pool(root)
        for place, records in self.pools.items():
            self._known[place] = self._decided(records)

    def _pool(self, root: Any) -> None:
        waiting: list[tuple[Any, Keys]] = [(root, ())]
        for _ in range(_MOST_ITEMS):
            if not waiting:
                return
            value, keys = waiting.pop()
            lists = [((), value)] if isinstance(value, list) else lists_in(value) if isinstance(value, dict) else ()
            for way, values in lists:
                place = _place((*keys, *way, ITEM))
                found = list(islice(dicts(values), SAMPLE))
                if not is_aside((*way, "")):
                    self.pools[place] += found[: SAMPLE - len(self.pools[place])]
                    waiting += [(item, place) for item in found]

    def _decided(self, records: Iterable[Mapping[str, Any]]) -> Fields | None:
        found = fields_of(records, self._given)
        return found if found is not None and (found.is_clear or self._guess) else None

    @property
    def found(self) -> dict[Keys, Fields]:
        """The places of lists of records, as far as the beginning of the file tells."""
        return {place: fields for place, fields in self._known.items() if fields is not None}

    def resembles(self, value: Any) -> bool:
        """Say whether a value is a record, and not a part of one; asked behind damage."""
        return isinstance(value, dict) and any(fields.value(value, "text") for fields in self.found.values())

    def of(self, keys: Keys, values: Iterable[Any] = ()) -> Fields | None:
        """Return which field is which in the list there; one that was not seen before is looked at now."""
        place = _place(keys)
        if place in self._known or self._misses[place] > _MISSES:
            return self._known.get(place)
        if (found := self._decided(dicts(values))) is not None:
            self._known[place] = found
        self._misses[place] += 1
        return found

    def rows(self, value: Any, keys: Keys, *, above: Row | None = None, around: Around | None = None) -> Iterator[Row]:
        """Yield the records in a value, each before those below it.

        Args:
            value: What lies in the file.
            keys: Where it lies.
            above: The record that it lies below.
            around: What encloses it.
        """
        waiting = [(value, keys, above, around or Around(keys))]
        while waiting:
            value, keys, above, around = waiting.pop()
            if isinstance(value, list):
                self.of((*keys, ITEM), value)
                waiting += [(item, (*keys, ITEM), above, around) for item in reversed(value) if isinstance(item, dict)]
            elif isinstance(value, dict):
                fields = self.of(keys) if keys[-1:] == (ITEM,) else None
                below = [(way, values) for way, values in lists_in(value) if not is_aside((*way, ""))]
                alike = [shape for way, values in below if (shape := self.of((*keys, *way, ITEM), values)) is not None]
                row = Row(value, fields, around, above) if fields is not None else None
                if row is None and alike:
                    row = own_words(value, around_of(value, keys), alike)
                if row is not None:
                    row.answered = bool(alike)
                    yield row
                    above = row
                for way, values in reversed(below):
                    inner = around_of(value, (*keys, *way), values) if fields is None else around
                    waiting.append((values, (*keys, *way), above, inner))


def around_of(record: Mapping[str, Any], keys: Keys, values: Iterable[Any] = ()) -> Around:
    """Return what an object that encloses a list tells of it; one of several without an id has its first record's."""
    found: dict[str, tuple[int, str]] = {}
    for way, value in scalars(record):
        for role in ("title", "url", "id"):
            rank = rank_of(role, way) if not is_aside(way) and len(way) < 4 else None
            rank = 99 if rank is None and role == "title" and way == ("name",) else rank
            text = link_in(value) if role == "url" else text_in(value)
            if rank is not None and text and (role not in found or rank < found[role][0]):
                found[role] = rank, text
    title, url, identity = (found.get(role, (0, ""))[1] for role in ("title", "url", "id"))
    if ITEM in keys and not (title or url or identity):
        identity = digest(*map(str, islice(values, 1)))
    return Around(keys, said(title)[:300], url, identity)


def own_words(value: Mapping[str, Any], around: Around, below: Iterable[Fields]) -> Row | None:
    """Return an object that encloses a list as a record, where it tells who wrote what and when.

    Args:
        value: The object.
        around: What it tells of itself.
        below: Which field is which in its lists: it may be written as they are.
    """
    for fields in filter(None, (fields_of([value]), *below)):
        if not fields.is_clear or not all(fields.value(value, role) for role in ("author", "time")):
            continue
        if fields.value(value, "text"):
            return Row(value, fields, around, answered=True)
        if text_in(value.get("title")):  # a story that is a link
            return Row(value, Fields({**fields.ways, "title": (("title",),)}), around, answered=True)
    return None


def _place(keys: Keys) -> Keys:
    """Return where a list lies; answers to answers lie where answers do."""
    named = [key for key in keys if key != ITEM]
    once = [key for number, key in enumerate(named) if number == 0 or key != named[number - 1]]
    return (*once, ITEM)


def _is_something_else(root: Any) -> bool:
    """Say whether this is a description, a map or a notebook, whatever lists it has."""
    if isinstance(root, list):
        root = next(dicts(root), {})
    if not isinstance(root, dict):
        return True
    return not _NEVER.isdisjoint(root) or (isinstance(root.get("type"), str) and root["type"] in _MAPS)
