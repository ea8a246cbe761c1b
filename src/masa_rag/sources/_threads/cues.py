"""What hints at which earlier line a line of a conversation answers: names, authors, time, words.

The cues are those that work on disentangling chat has used since Elsner and Charniak (2010, "Disentangling
Chat", Computational Linguistics 36:3) and Kummerfeld et al. (2019, "A Large-Scale Corpus for
Conversation Disentanglement", ACL): who is named, who spoke last to whom, how long ago, which rare
words return. Written for whole arrays: no loop over pairs of lines.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masa_rag.sources._threads.lines import NOBODY, TRAITS, Floats, Ints, Lines

WINDOW = 100
"""How many earlier lines are looked at. In the annotated logs 98 % of the links are shorter."""
CONTEXT = ("first here", "pause", "own pause", "own lines ago", "was asked", "was asked since")
PAIR_CUES = (
    "self", "distance", "previous", "second", "third", "within 6", "within 15", "gap", "gap below 1", "gap below 5",
    "same author", "own last", "own since", "last of its author", "last two of its author", "names its author",
    "mentions its author", "names author, last", "names another", "it names me", "it mentions me", "it names me, last",
    "same addressee", "it names another", "talked to it", "it talked to me", "history", "shared words", "most shared",
    "unanswered", "question unanswered", "question to nobody", "after own last", "same minute",
)  # fmt: skip
CUES = len(PAIR_CUES) + 2 * len(TRAITS) + len(CONTEXT)
_FAR = 1 << 30


class PairCues:
    """Cues of all pairs (line, candidate), block by block, in order.

    Candidate c of line i is line ``i - WINDOW + c``; the last is the line itself, which stands for
    "answers nothing".
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._count = len(lines.author)
        self._chains = _chains(lines)
        self._history = _History(lines)
        self._postings: dict[int, deque[int]] = defaultdict(lambda: deque(maxlen=8))

    def block(self, start: int, stop: int) -> tuple[Floats, NDArray[np.bool_]]:
        """Return cues ``(stop - start, WINDOW + 1, CUES)`` and which candidates exist. Call in order."""
        rows = np.arange(start, stop, dtype=np.int32)[:, None]
        candidates = rows + np.arange(-WINDOW, 1, dtype=np.int32)[None, :]
        valid = candidates >= 0
        at = np.maximum(candidates, 0)
        cues = np.empty((stop - start, WINDOW + 1, CUES), np.float32)
        pairs = self._pairs(rows, at, start, stop)
        for place, name in enumerate(PAIR_CUES):
            cues[:, :, place] = pairs[name]
        own = candidates == rows
        cues[:, -1, :] = 0
        cues[:, -1, 0] = 1
        traits = self._lines.traits
        place = len(PAIR_CUES)
        cues[:, :, place : place + len(TRAITS)] = traits[rows]
        cues[:, :, place + len(TRAITS) : place + 2 * len(TRAITS)] = traits[at] * ~own[:, :, None]
        cues[:, :, place + 2 * len(TRAITS) :] = self._chains.context[rows]
        return cues, valid

    def _pairs(self, rows: Ints, at: Ints, start: int, stop: int) -> dict[str, NDArray[np.generic]]:
        lines, chains = self._lines, self._chains
        me, it = lines.author[rows], lines.author[at]
        distance = rows - at
        gap = np.maximum(lines.minute[rows] - lines.minute[at], 0)
        addressed, its_addressee = lines.addressed[rows], lines.addressed[at]
        names = (addressed == it) & (addressed != NOBODY)
        names_me = its_addressee == me
        same = me == it
        last_of_it = chains.next_own[at] >= rows
        since = np.cumsum(same[:, ::-1], axis=1)[:, ::-1] - same
        free = chains.next_to[at] >= rows
        question = lines.traits[at, TRAITS.index("question")] > 0
        total, most = self._shared(start, stop)
        return {
            "self": np.zeros(at.shape, np.float32),
            "distance": np.log1p(distance) / 5,
            "previous": distance == 1,
            "second": distance == 2,
            "third": distance == 3,
            "within 6": distance <= 6,
            "within 15": distance <= 15,
            "gap": np.log1p(gap) / 3,
            "gap below 1": gap < 1,
            "gap below 5": gap < 5,
            "same author": same,
            "own last": at == chains.previous_own[rows],
            "own since": np.log1p(since) / 2,
            "last of its author": last_of_it,
            "last two of its author": chains.second_own[at] >= rows,
            "names its author": names,
            "mentions its author": (lines.named[rows] == it) & (lines.named[rows] != NOBODY),
            "names author, last": names & last_of_it,
            "names another": (addressed != NOBODY) & ~names,
            "it names me": names_me,
            "it mentions me": lines.named[at] == me,
            "it names me, last": at == chains.last_to[rows],
            "same addressee": (addressed == its_addressee) & (addressed != NOBODY),
            "it names another": (its_addressee != NOBODY) & ~names_me,
            "talked to it": (chains.talked_before[rows] == it) & (it != NOBODY),
            "it talked to me": chains.talked[at] == me,
            "history": self._history.block(start, stop, it),
            "shared words": total,
            "most shared": most,
            "unanswered": free,
            "question unanswered": free & question,
            "question to nobody": (its_addressee == NOBODY) & question,
            "after own last": at > chains.previous_own[rows],
            "same minute": gap == 0,
        }

    def _shared(self, start: int, stop: int) -> tuple[Floats, Floats]:
        """Sum and largest weight of the words that a line shares with each candidate."""
        total = np.zeros((stop - start, WINDOW + 1), np.float32)
        most = np.zeros_like(total)
        for row in range(start, stop):
            for word, weight in self._lines.words[row]:
                posting = self._postings[word]
                for earlier in posting:
                    if (column := earlier - row + WINDOW) >= 0:
                        total[row - start, column] += weight
                        most[row - start, column] = max(most[row - start, column], weight)
                posting.append(row)
        return total, most


@dataclass(frozen=True, slots=True)
class _Chains:
    """For each line: the neighbouring lines of its author and its addressee. -1 and _FAR mean none."""

    previous_own: Ints
    next_own: Ints
    second_own: Ints
    last_to: Ints
    """The last earlier line that addresses its author."""
    next_to: Ints
    """The next line that addresses its author."""
    talked: Ints
    """Whom its author has last addressed, this line included."""
    talked_before: Ints
    context: Floats


def _chains(lines: Lines) -> _Chains:
    count = len(lines.author)
    previous, last_to = (np.full(count, -1, np.int32) for _ in range(2))
    next_own, next_to = (np.full(count, _FAR, np.int32) for _ in range(2))
    talked, before = (np.full(count, NOBODY - 1, np.int32) for _ in range(2))
    own: dict[int, int] = {}
    to: dict[int, int] = {}
    partner: dict[int, int] = {}
    waiting: dict[int, list[int]] = defaultdict(list)
    for index, (author, addressed) in enumerate(zip(lines.author.tolist(), lines.addressed.tolist(), strict=True)):
        previous[index] = own.get(author, -1)
        if author in own:
            next_own[own[author]] = index
        own[author] = index
        last_to[index] = to.get(author, -1)
        before[index] = partner.get(author, NOBODY - 1)
        if addressed != NOBODY:
            to[addressed] = index
            partner[author] = addressed
            next_to[waiting.pop(addressed, [])] = index
        talked[index] = partner.get(author, NOBODY - 1)
        waiting[author].append(index)
    second = np.where(next_own < count, next_own[np.minimum(next_own, count - 1)], _FAR).astype(np.int32)
    return _Chains(previous, next_own, second, last_to, next_to, talked, before, _context(lines, previous, last_to))


def _context(lines: Lines, previous: Ints, last_to: Ints) -> Floats:
    index = np.arange(len(previous))
    pause = np.diff(lines.minute, prepend=lines.minute[:1])
    own_pause = lines.minute - lines.minute[np.maximum(previous, 0)]
    first = index - previous > WINDOW
    first |= previous < 0
    asked = (last_to >= 0) & (index - last_to <= WINDOW)
    columns = [
        first,
        np.log1p(np.maximum(pause, 0)) / 3,
        np.where(first, 2, np.log1p(np.maximum(own_pause, 0)) / 3),
        np.where(first, 1, np.log1p(index - previous) / 5),
        asked,
        asked & (last_to > previous),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


class _History:
    """How often two people addressed each other in the last WINDOW lines."""

    _MOST_PEOPLE = 1024  # a table of 1024 x 1024 counts; more people share rows

    def __init__(self, lines: Lines) -> None:
        self._author = lines.author % self._MOST_PEOPLE
        self._addressed = np.where(lines.addressed == NOBODY, NOBODY, lines.addressed % self._MOST_PEOPLE)
        size = min(self._MOST_PEOPLE, int(lines.author.max(initial=0)) + 1)
        self._table = np.zeros((size, size), np.int16)

    def block(self, start: int, stop: int, others: Ints) -> Floats:
        result = np.zeros((stop - start, WINDOW + 1), np.float32)
        others = others % self._MOST_PEOPLE
        for row in range(start, stop):
            result[row - start] = self._table[self._author[row]][others[row - start]]
            self._count(row, 1)
            if row >= WINDOW:
                self._count(row - WINDOW, -1)
        return (np.log1p(result) / 2).astype(np.float32)

    def _count(self, row: int, step: int) -> None:
        if (addressed := self._addressed[row]) != NOBODY:
            self._table[self._author[row], addressed] += step
            self._table[addressed, self._author[row]] += step
