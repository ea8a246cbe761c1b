"""What is said more than before: words that rise, with who says them, since when, and how unusual that is.

No model is asked. Each word's voices (see ``_voices.Stretch``) in the last days are compared with its share of the
voices in as many days before, eight times over. Copies count for nothing, so many accounts that repeat one text make
no trend, and many people who say something alike do.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from masa_rag._copies import LINK
from masa_rag._reading import Filters, chunks_by_id, ids_of
from masa_rag._rows import GIVEN
from masa_rag._searching.dates import MONTH_WORDS
from masa_rag._searching.spoken import DAY_WORDS
from masa_rag._time import utc
from masa_rag._views import counted
from masa_rag._voices import LEAST, Stretch, latest, stretches, surprise
from masa_rag._words import STOP_WORDS, digest_of, stems, words_of
from masa_rag.errors import ConfigurationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from masa_rag.types import Chunk


DOUBT = 0.01
"""How many of the words that are looked at may seem to rise by chance, in all."""
_LOOKED_AT = 300
"""So many of the most unusual words are looked up in the texts."""
_TOGETHER = 0.5
"""From so large a share of the passages of either on, two words are one trend."""
_WORDS = 5
"""So many words are named of a trend."""
_QUOTED = 3
"""Passages that are shown of a trend."""
_CALENDAR = MONTH_WORDS | DAY_WORDS | {"today", "tomorrow", "yesterday", "tonight"}
"""What rises with the calendar."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A word that rises, or the subject that was asked for.

    Attributes:
        words: As most write them. The first is the one that is counted; the others stand in the same passages.
        voices: How many say it now: people on a day, or documents without an author.
        expected: How many would if as large a share of all voices said it as before.
        authors: How many different people they are.
        score: How unusual that is, in standard deviations; below 0 where fewer say it than before.
        series: Voices in the eight stretches before and in the last one, oldest first.
        since: When it was first said in the last stretch; None where it was not.
        passages: Up to three that say it, of different speakers where there are, the most telling first.
    """

    words: tuple[str, ...]
    voices: int
    expected: float
    authors: int
    score: float
    series: tuple[int, ...]
    since: datetime | None
    passages: tuple[Chunk, ...]

    @property
    def counts(self) -> str:
        """The voices in words: how many, by how many people where that is known, and how many were expected."""
        people = f" by {counted(self.authors, 'person')}" if self.authors else ""
        return f"{counted(self.voices, 'voice')}{people}, {self.expected:.1f} expected"


class Trends(list[Trend]):
    """Trends, the most unusual first, and what they were counted in.

    Attributes:
        since: Begin of the last stretch.
        until: Its end.
        voices: How many there are in it.
        before: How many there are in the eight stretches before; with 0 nothing can be compared.
    """

    def __init__(self, found: Iterable[Trend], *, since: datetime, until: datetime, voices: int, before: int) -> None:
        super().__init__(found)
        self.since = since
        self.until = until
        self.voices = voices
        self.before = before

    @property
    def note(self) -> str:
        """What was compared, or why nothing could be."""
        span = f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC"
        if not self.voices:
            return f"{span}: nothing of known time was said, or only by sources that said nothing before"
        if not self.before:
            return f"{span}: {counted(self.voices, 'voice')}, and none in the time before to compare them with"
        compared = f"{span}: {counted(self.voices, 'voice')}, {self.before:,} in eight times as long before"
        return compared if self else f"{compared}; nothing rises"

    def __str__(self) -> str:
        lines = [
            f"{', '.join(item.words)}: {counted(item.voices, 'voice')}, {item.expected:.1f} expected "
            f"({' '.join(map(str, item.series))})"
            for item in self
        ]
        return "\n".join([self.note, *lines])

    def _repr_html_(self) -> str:
        from masa_rag._views import trends_view

        return trends_view(self)


def trends(
    connection: sqlite3.Connection,
    subjects: Sequence[str] = (),
    *,
    days: float,
    k: int,
    filters: Filters,
    now: datetime | None = None,
) -> Trends:
    """Return what rises, or how the subjects go; see ``Memory.trends``."""
    if not isinstance(days, (int, float)) or not 0 < days <= 36_525:
        raise ConfigurationError(f"received days={days!r}; expected more than 0, such as 7, or 0.5 for twelve hours")
    if odd := [subject for subject in subjects if not isinstance(subject, str) or not words_of(subject)]:
        raise ConfigurationError(f"received the subject {odd[0]!r}; expected a word, a name, or several words")
    until = latest(connection, filters) if now is None else utc(now)
    length = timedelta(days=days)
    talk = stretches(connection, filters, until=until.timestamp(), length_s=length.total_seconds())
    totals = np.array([stretch.total for stretch in talk], np.int64)
    found = _named(talk, subjects) if subjects else _rising(connection, talk, totals)
    trends = [_trend(connection, talk[-1], totals, item) for item in found[: len(subjects) or k]]
    return Trends(trends, since=until - length, until=until, voices=int(totals[-1]), before=int(totals[:-1].sum()))


@dataclass(frozen=True, slots=True)
class _Found:
    """What rises, before it is shown.

    Attributes:
        words: See ``Trend``.
        series: See ``Trend``.
        places: Place of each passage of the last stretch that says it -> how many of the words it has.
    """

    words: tuple[str, ...]
    series: Sequence[int]
    places: Mapping[int, int]


def _named(talk: Sequence[Stretch], subjects: Sequence[str]) -> list[_Found]:
    found = []
    for subject in subjects:
        words = [word for word, _, _ in words_of(subject)]
        telling = [word for word in words if word not in STOP_WORDS] or words
        digests = {digest_of(stem) for parts in stems(telling) for stem in parts}
        places = dict.fromkeys(talk[-1].passages_with(digests).tolist(), 1)
        found.append(_Found((subject,), [stretch.voices_of_all(digests) for stretch in talk], places))
    return found


def _rising(connection: sqlite3.Connection, talk: Sequence[Stretch], totals: NDArray[np.int64]) -> list[_Found]:
    """Return the words that rise, the most unusual first; those that stand together are one.

    The words that are counted for all passages are those of titles and of who speaks too. What rises is what is said:
    in the last stretch the few that are unusual are counted once more, in the texts.
    """
    digests, table, enough = _unusual(talk, totals)
    said = _spoken(connection, talk[-1], set(digests))
    table[:, -1] = [talk[-1].voices_at(said.places[digest]) for digest in digests]
    scores = surprise(table, totals)
    return _joined([
        _Found((said.spelling(digests[row]),), table[row].tolist(), dict.fromkeys(said.places[digests[row]], 1))
        for row in np.argsort(-scores, kind="stable").tolist()
        if scores[row] >= enough and table[row, -1] >= LEAST
    ])  # fmt: skip


def _unusual(talk: Sequence[Stretch], totals: NDArray[np.int64]) -> tuple[list[int], NDArray[np.int64], float]:
    """Return the most unusual words as digests, their voices in each stretch, and the score that makes a trend."""
    digests, counts = talk[-1].voices_of_words()
    digests, counts = digests[counts >= LEAST], counts[counts >= LEAST]
    enough = NormalDist().inv_cdf(1 - DOUBT / max(1, len(digests)))
    if not totals[:-1].any():
        digests, counts = digests[:0], counts[:0]
    table = np.column_stack([*(stretch.voices_of(digests) for stretch in talk[:-1]), counts])
    scores = surprise(table, totals)
    best = [row for row in np.argsort(-scores, kind="stable")[:_LOOKED_AT].tolist() if scores[row] >= enough]
    return digests[best].tolist(), table[best], enough


@dataclass(frozen=True, slots=True)
class _Said:
    """For some words the places of the passages whose text has them, and how they are written."""

    places: Mapping[int, Sequence[int]]
    spellings: Mapping[int, Counter[str]]

    def spelling(self, digest: int) -> str:
        """Return how most write a word."""
        return self.spellings[digest].most_common(1)[0][0]


def _spoken(connection: sqlite3.Connection, stretch: Stretch, digests: set[int]) -> _Said:
    """Return where the texts of a stretch have these words; links, figures and words of the calendar are left out."""
    numbers = {stretch.numbers[place]: place for place in stretch.passages_with_any(digests).tolist()}
    query = f"SELECT pk, text, authors FROM chunks WHERE pk IN {GIVEN}"
    rows = connection.execute(query, (json.dumps(list(numbers)),))
    texts = {
        numbers[number]: LINK.sub(" ", _without_speakers(text, json.loads(authors))) for number, text, authors in rows
    }
    found = [(place, words_of(text)) for place, text in texts.items()]
    words = sorted({word for _, part in found for word, _, _ in part if _may_rise(word)})
    meant = {word: digest_of(part[0]) for word, part in zip(words, stems(words), strict=True) if len(part) == 1}
    places: dict[int, dict[int, None]] = defaultdict(dict)
    spellings: dict[int, Counter[str]] = defaultdict(Counter)
    for place, part in found:
        for word, start, end in part:
            if (digest := meant.get(word)) in digests:
                places[digest][place] = None
                spellings[digest][texts[place][start:end]] += 1
    return _Said({digest: list(places[digest]) for digest in digests}, spellings)


def _without_speakers(text: str, authors: Sequence[str]) -> str:
    """Return a passage without the names that open its turns."""
    return re.sub(rf"^(?:{'|'.join(map(re.escape, authors))}): ", "", text, flags=re.MULTILINE) if authors else text


def _may_rise(word: str) -> bool:
    return len(word) > 1 and not word.isdecimal() and word not in STOP_WORDS and word not in _CALENDAR


def _joined(found: Sequence[_Found]) -> list[_Found]:
    """Put words that stand in the same passages under the first of them."""
    groups: list[list[_Found]] = []
    for item in found:
        group = next((group for group in groups if _are_together(group[0], item)), None)
        if group is None:
            groups.append([item])
        elif len(group) < _WORDS:
            group.append(item)
    return [
        _Found(
            tuple(item.words[0] for item in group),
            group[0].series,
            {place: sum(place in item.places for item in group) for place in group[0].places},
        )
        for group in groups
    ]


def _are_together(one: _Found, other: _Found) -> bool:
    both = len(one.places.keys() & other.places.keys())
    return both >= _TOGETHER * min(len(one.places), len(other.places))


def _trend(connection: sqlite3.Connection, stretch: Stretch, totals: NDArray[np.int64], found: _Found) -> Trend:
    ids = ids_of(connection, [stretch.numbers[place] for place in found.places])
    chunks = chunks_by_id(connection, list(ids.values()))
    said = [
        (number, chunks[ids[stretch.numbers[place]]])
        for place, number in found.places.items()
        if ids.get(stretch.numbers[place]) in chunks
    ]
    times = [chunk.started_at for _, chunk in said if chunk.started_at is not None]
    series = np.array([found.series], np.int64)
    return Trend(
        words=found.words,
        voices=int(series[0, -1]),
        expected=float(series[0, :-1].sum() * totals[-1] / max(1, totals[:-1].sum())),
        authors=len({name for _, chunk in said for name in chunk.authors}),
        score=float(surprise(series, totals)[0]),
        series=tuple(series[0].tolist()),
        since=min(times, default=None),
        passages=tuple(_telling(said)),
    )


def _telling(said: Sequence[tuple[int, Chunk]]) -> list[Chunk]:
    """Return the passages with most of the words, the earliest first, one of each speaker while there are others."""
    order = sorted(said, key=lambda item: (-item[0], item[1].started_at, item[1].id))
    first: dict[tuple[str, ...], Chunk] = {}
    for _, chunk in order:
        first.setdefault(chunk.authors, chunk)
    shown = list(first.values())
    return [*shown, *(chunk for _, chunk in order if chunk not in shown)][:_QUOTED]
