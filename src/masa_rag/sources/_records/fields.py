"""Which field of records is which: by its name, and by what stands in it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from masa_rag.sources._records.columns import (
    Column,
    are_all_different,
    are_names,
    are_times,
    are_words,
    is_level,
    is_time,
    share,
)
from masa_rag.sources._records.looking import at, scalars
from masa_rag.sources._records.names import (
    CHATS,
    PERSONS,
    SAID,
    WEAK,
    Way,
    is_aside,
    is_of_person,
    names_of,
    plain,
    role_of,
)
from masa_rag.sources._records.names import rank_of as rank
from masa_rag.sources._records.values import link_in, text_in, words_in

ROLES = ("text", "author", "time", "url", "title", "id", "thread", "reply_to")
"""The fields that can be named."""
SAMPLE = 500
"""How many records of a list are looked at."""

_OUT = frozenset({"sent", "outgoing", "outbox", "out", "true"})
_IN = frozenset({"received", "incoming", "inbox", "in", "false"})
_OWN_THREADS = re.compile("thread|conversation|root|story|discussion|tmid|issueurl|linkid")
_API = re.compile(r"://api\.|/api/|/wp-json/")
_HOUR = re.compile(r"\d{1,2}:\d\d(?::\d\d)?(?:\s*[ap]\.?m\.?)?", re.IGNORECASE)
_DATE_ONLY = re.compile(r"[\d/.-]{6,10}")
_QUESTION = re.compile(r".*\?\s*|(?:\S+\s+){2,}\S+.*", re.DOTALL)
_SMS = {True: "type", False: "msgbox"}
"""Where SMS Backup & Restore says who wrote: of messages with a protocol, and of those with pictures."""
_CONTACT = frozenset({"contactname", "address"})


@dataclass(frozen=True, slots=True)
class Fields:
    """Where in a record of one list each thing stands.

    Attributes:
        ways: Of each role the places, the best first: the first that holds something is taken.
        asked: Columns of a survey, of which each answers a question.
        is_clear: Whether these are surely words of people.
    """

    ways: Mapping[str, tuple[Way, ...]]
    asked: tuple[Way, ...] = ()
    is_clear: bool = field(default=False, compare=False)

    def value(self, record: Mapping[str, Any], role: str) -> Any:
        """Return what the record has in a role, None for nothing."""
        for way in self.ways.get(role, ()):
            value = at(record, way)
            if value is not None and (text_in(value) or isinstance(value, bool)):
                return value
        return None

    @property
    def is_chat(self) -> bool:
        """Whether what is said is called a message, and has neither a title nor a link."""
        said = self.ways.get("text", ((),))[0]
        return bool(said) and names_of(said)[0] in CHATS and not self.ways.get("title") and not self.ways.get("url")


def fields_of(records: Iterable[Mapping[str, Any]], given: Mapping[str, str] | None = None) -> Fields | None:
    """Return where things stand in the records of a list, None where no field holds words.

    Args:
        records: The first of the list; of these some are looked at.
        given: The roles that are named, with the keys that lead there: ``{"author": "user.login"}``.
    """
    some = list(islice(records, SAMPLE))
    columns: dict[Way, Column] = defaultdict(list)
    for record in some:
        for way, value in scalars(record):
            if text_in(value) or isinstance(value, bool):
                columns[way].append(value)
    return _Choice(columns, some).fields(given or {})


def seen(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names by which the fields of the records can be named."""
    return list(dict.fromkeys(".".join(way) for record in islice(records, SAMPLE) for way, _ in scalars(record)))


class _Choice:
    """Chooses among the columns of some records."""

    def __init__(self, columns: Mapping[Way, Column], records: Sequence[Mapping[str, Any]]) -> None:
        self.columns, self.records = columns, records
        self.own = [way for way in columns if not is_aside(way) and not is_of_person(way)]

    def fields(self, given: Mapping[str, str]) -> Fields | None:
        named = {".".join(way): way for way in self.columns}
        if any(path not in named for path in given.values()):
            return None
        ways: dict[str, tuple[Way, ...]] = {}
        asked: tuple[Way, ...] = ()
        ways["time"] = self._times()
        ways["text"] = (named[given["text"]],) if "text" in given else self._texts()
        if not ways["text"]:
            asked = self._asked() if ways["time"] else ()
            ways["text"] = asked[:1]
        if not ways["text"]:
            return None
        ways |= {"author": self._authors(), "url": self._links(), "title": self._titles(ways["text"])}
        ways |= {"id": self._ids(), "username": self._plainly("username", self.columns)}
        ways |= {role: self._plainly(role, self.own) for role in ("reply_to", "rating")}
        ways["direction"] = self._directions()
        ways |= {role: (named[path],) for role, path in given.items()}
        ways["thread"] = (named[given["thread"]],) if "thread" in given else self._threads(ways)
        ways["channel"] = self._channels(ways)
        ways["clock"] = self._clocks(ways["time"])
        found = {role: places for role, places in ways.items() if places}
        is_clear = bool(given) or bool(asked) or self._is_clear(found)
        return Fields(found, asked if len(asked) > 1 else (), is_clear)

    def _ranked(self, role: str, among: Iterable[Way], test: Callable[[Column], bool]) -> list[Way]:
        found = [(place, len(way), way) for way in among if (place := rank(role, way)) is not None]
        return [way for _, _, way in sorted(found, key=lambda item: item[:2]) if test(self.columns[way])]

    def _with_others(self, ways: list[Way]) -> tuple[Way, ...]:
        """Return the first, and those that only other records have."""
        kept = ways[:1]
        for way in ways[1:]:
            if not any(
                self._has(record, way) and any(self._has(record, other) for other in kept) for record in self.records
            ):
                kept.append(way)
        return tuple(kept)

    @staticmethod
    def _has(record: Mapping[str, Any], way: Way) -> bool:
        return bool(text_in(at(record, way)))

    def _texts(self) -> tuple[Way, ...]:
        found = self._ranked("text", self.own, are_words)
        weak = [way for way in found if names_of(way)[0] in WEAK]
        return self._with_others([way for way in found if way not in weak] or weak)

    def _asked(self) -> tuple[Way, ...]:
        """Return the columns of a survey in which people answer in words."""
        return tuple(
            way
            for way in self.own
            if len(way) == 1 and _QUESTION.fullmatch(way[0]) and are_words(self.columns[way]) and not is_time(way)
        )

    def _authors(self) -> tuple[Way, ...]:
        among = [way for way in self.columns if not is_aside(way)]
        found = self._ranked("author", among, are_names)
        numbers = [way for way in found if all(isinstance(value, int) for value in self.columns[way])]
        found = [way for way in found if way not in numbers] + numbers
        same = [way for way in found if role_of(way) == role_of(found[0]) and way[:-2] == found[0][:-2]]
        others = self._with_others(found)
        return tuple(dict.fromkeys([*same, *others]))

    def _times(self) -> tuple[Way, ...]:
        return self._with_others(self._ranked("time", self.own, lambda values: are_times(values, 0.5)))

    def _clocks(self, times: tuple[Way, ...]) -> tuple[Way, ...]:
        if not times or not share(self.columns[times[0]], lambda value: _DATE_ONLY.fullmatch(text_in(value))) > 0.8:
            return ()
        among = [way for way in self.own if way not in times]
        hours = lambda values: share(values, lambda value: _HOUR.fullmatch(text_in(value))) > 0.8  # noqa: E731
        return tuple(self._ranked("clock", among, hours)[:1])

    def _links(self) -> tuple[Way, ...]:
        found = self._ranked("url", self.own, lambda values: share(values, link_in) >= 0.8)
        api = [way for way in found if share(self.columns[way], lambda value: _API.search(text_in(value))) > 0.5]
        return self._with_others([way for way in found if way not in api] + api)

    def _titles(self, texts: tuple[Way, ...]) -> tuple[Way, ...]:
        among = [way for way in self.own if way not in texts]
        found = self._ranked("title", among, lambda values: share(values, lambda value: isinstance(value, str)) > 0.8)
        return self._with_others(found)

    def _ids(self) -> tuple[Way, ...]:
        def are_ids(values: Column) -> bool:
            known = [text_in(value) for value in values if not isinstance(value, (bool, float))]
            return len(known) >= 0.9 * len(self.records) and len(set(known)) >= 0.95 * len(known)

        found = self._ranked("id", self.own, are_ids)
        return tuple(found[:1]) if found else self._with_others(self._ranked("id", self.own, are_all_different))

    def _plainly(self, role: str, among: Iterable[Way]) -> tuple[Way, ...]:
        aside = [way for way in self.columns if role == "reply_to" and way[-3:-1] == ("reply", "parent")]
        scalar = lambda values: not any(isinstance(value, bool) for value in values)  # noqa: E731
        return self._with_others(self._ranked(role, dict.fromkeys([*aside, *among]), scalar))

    def _directions(self) -> tuple[Way, ...]:
        def tell(values: Column) -> bool:
            return all(str(value).strip().casefold() in _OUT | _IN for value in values)

        found = self._ranked("direction", self.own, tell)
        sms = [way for way in self.columns if plain(way[-1]) == _SMS.get(("protocol",) in self.columns)]
        return tuple(found[:1] or sms[:1])

    def _threads(self, ways: Mapping[str, tuple[Way, ...]]) -> tuple[Way, ...]:
        aside = [way for way in self.columns if way[-3:-1] == ("reply", "root")]
        taken = {*ways["id"], *ways["text"], *ways["time"]}
        among = [way for way in dict.fromkeys([*aside, *self.own]) if way not in taken]

        def groups(way: Way) -> bool:
            values = [text_in(value) for value in self.columns[way]]
            own = any(_OWN_THREADS.search(name) for name in names_of(way))
            return max(map(len, values)) < 300 and (own or len(set(values)) < 0.95 * len(values))

        return self._with_others([way for way in self._ranked("thread", among, bool) if groups(way)])

    def _channels(self, ways: Mapping[str, tuple[Way, ...]]) -> tuple[Way, ...]:
        titles = [text_in(value) for way in ways["title"] for value in self.columns[way]]
        if len(set(titles)) > 0.5 * len(self.records):
            return ()
        taken = {*ways["id"], *ways["text"], *ways["time"], *ways["thread"]}
        taken |= set() if ways["direction"] else {*ways["author"][:1]}
        contacts = () if ways["direction"] else _CONTACT
        among = [way for way in self.own if way not in taken and plain(way[-1]) not in contacts]
        found = self._ranked("channel", among, self._gathers)
        return self._with_others(found)

    def _gathers(self, values: Column) -> bool:
        known = [text_in(value) for value in values]
        return max(map(len, known)) < 100 and (len(set(known)) < len(known) or len(set(known)) == 1)

    def _is_clear(self, ways: Mapping[str, tuple[Way, ...]]) -> bool:
        """Say whether these are surely words of people: of most it is told who or when, and no program logs so."""
        texts = [record for record in self.records if any(self._has(record, way) for way in ways["text"])]
        known = sum(any(way in self._ways_of(record) for way in ways["text"]) for record in self.records)
        if len(texts) < max(0.5 * known, 0.1 * min(len(self.records), 50)) or not texts or self._is_log():
            return False
        who, when = (
            sum(any(self._has(record, way) for way in ways.get(role, ())) >= 1 for record in texts) >= 0.5 * len(texts)
            for role in ("author", "time")
        )
        return self._is_said(ways, who=who, when=when)

    def _ways_of(self, record: Mapping[str, Any]) -> set[Way]:
        return {way for way, _ in scalars(record)}

    def _is_log(self) -> bool:
        return any(is_level(plain(way[-1]), values) for way, values in self.columns.items())

    def _is_said(self, ways: Mapping[str, tuple[Way, ...]], *, who: bool, when: bool) -> bool:
        name = names_of(ways["text"][0])
        if any(part in WEAK for part in name[:1]):
            beside = who and when and ways["text"][0][:-1] == ways["time"][0][:-1]
            return beside and role_of(ways["author"][0]) in PERSONS
        if who and role_of(ways["author"][0]) == "name":
            return when and name[0] in SAID
        if (who and when) or any(part in SAID for part in name):
            return who or when
        length = sum(words_in(text_in(value)) for value in self.columns[ways["text"][0]])
        mean = length / len(self.columns[ways["text"][0]])
        return mean >= 3 if who else when and ((mean >= 8 and name[0] not in CHATS) or bool(ways.get("url")))
