"""What hints at which earlier line a line of a conversation answers: names, authors, time, words.

The cues are those that work on disentangling chat has used since Elsner and Charniak (2010, "Disentangling
Chat", Computational Linguistics 36:3) and Kummerfeld et al. (2019, "A Large-Scale Corpus for
Conversation Disentanglement", ACL): who is named, who spoke last to whom, how long ago, which rare
words return. Written for whole arrays: no loop over pairs of lines.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masa_rag.types import Segment

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

WINDOW = 100
"""How many earlier lines are looked at. In the annotated logs 98 % of the links are shorter."""
NOBODY = -1
_COMMON = 0.04  # a word in more than 4 % of the lines says nothing about which line is meant
_WORD = re.compile(r"[^\W_][\w'./-]*[^\W_]|[^\W_]")
_OPENING = re.compile(r"@?([^\s:,]{2,40}?)(?:[:,]|\s*[-=]?->?|\s|$)")
_PUNCTUATED = re.compile(r"@?[^\s:,]{2,40}?(?:[:,]|\s*-+>)")
_GREETING = re.compile(r"(?:hi|hello|hey|good (?:morning|evening|day)|greetings|howdy|hiya|yo|sup)\b", re.IGNORECASE)
_EVERYBODY = re.compile(
    r"\b(?:any(?:one|body)|some(?:one|body)|every(?:one|body)|all|guys|folks|people|does any|help|how (?:do|can|to)|"
    r"what(?:'s| is)|is there|where (?:is|can)|can i|i have a|i need|i want|i'm trying|im trying)\b",
    re.IGNORECASE,
)
_THANKS = re.compile(r"\b(?:thanks?|thx|ty|cheers|thank you|tnx)\b", re.IGNORECASE)
_ANSWER = re.compile(
    r"\W*(?:yes|yeah|yep|yea|yup|no|nope|nah|ok|okay|k|sure|right|try|it|that|you|just|because|and|but|so|or|well|i'?ll|"
    r"ah|oh|hm+|lol|heh|haha|if|then|not|use|also)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"\?|^\W*(?:how|what|why|where|which|who|when|is|are|does|do|can|could|should|has|have)\b", re.IGNORECASE
)
_CODE = re.compile(r"https?://|/\w+/|sudo |apt|[=~]|\.\w{2,4}\b")
_ORDINARY_NAMES = frozenset(
    "the and you for not are but can has how was this that with have what there from just like when will all any "
    "one out get now who why where does did yes thanks help here some your use well then them they been were "
    "ok okay hey hello linux ubuntu root user test guest me my it is so no to in on of".split()
)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a conversation as arrays, in order; all have the same length."""

    author: Ints
    minute: Floats
    """Minutes since the first line; a line without a time has that of the line before it."""
    addressed: Ints
    """Whom the line names at its beginning, or NOBODY."""
    named: Ints
    """Whom it names elsewhere (the first of them), or NOBODY."""
    traits: Floats
    """``(n, TRAITS)``: what the line looks like by itself."""
    words: Sequence[Sequence[tuple[int, float]]]
    """Number and weight of its uncommon words."""


TRAITS = (
    "addresses", "punctuated", "names", "question", "greeting", "everybody", "thanks", "answer", "code", "length",
)  # fmt: skip


def read_lines(segments: Sequence[Segment]) -> Lines:
    """Return the segments as arrays."""
    authors: dict[str, int] = {}
    for segment in segments:
        authors.setdefault(segment.author or "", len(authors))
    names = _names(authors)
    texts = [segment.text for segment in segments]
    people = [_people(text, names) for text in texts]
    return Lines(
        author=np.array([authors[segment.author or ""] for segment in segments], np.int32),
        minute=_minutes(segments),
        addressed=np.array([found[0] for found in people], np.int32),
        named=np.array([found[1] for found in people], np.int32),
        traits=np.array([_traits(text, found) for text, found in zip(texts, people, strict=True)], np.float32),
        words=_weighted_words(texts, names),
    )


def _names(authors: dict[str, int]) -> dict[str, int]:
    """Return the forms under which somebody may be named, in lower case."""
    names = {author.casefold(): number for author, number in authors.items() if author}
    first: Counter[str] = Counter(name.split()[0] for name in names if " " in name)
    for name, number in list(names.items()):
        short = name.split()[0] if " " in name else name.rstrip("_-`|^0123456789")
        if len(short) >= 3 and first[short] <= 1:
            names.setdefault(short, number)
    return names


def _people(text: str, names: dict[str, int]) -> tuple[int, int, bool]:
    """Return (addressed, named elsewhere, is the address punctuated)."""
    addressed, punctuated, rest = NOBODY, False, text
    match = _OPENING.match(text)
    if match is not None:
        name = match[1].casefold()
        punctuated = _PUNCTUATED.match(text) is not None or text.startswith("@")
        if punctuated or name not in _ORDINARY_NAMES:
            addressed = names.get(name, NOBODY)
        if addressed != NOBODY:
            rest = text[match.end() :]
    for token in rest.casefold().split():
        name = token.strip("@,.:;!?()'\"")
        if len(name) >= 3 and name not in _ORDINARY_NAMES and (found := names.get(name, NOBODY)) != NOBODY:
            return addressed, found, punctuated and addressed != NOBODY
    return addressed, NOBODY, punctuated and addressed != NOBODY


def _minutes(segments: Sequence[Segment]) -> Floats:
    minutes = np.zeros(len(segments), np.float64)
    first = next((segment.created_at for segment in segments if segment.created_at is not None), None)
    last = 0.0
    for index, segment in enumerate(segments):
        if segment.created_at is not None and first is not None:
            last = max(last, (segment.created_at - first).total_seconds() / 60)
        minutes[index] = last
    return minutes.astype(np.float32)


def _traits(text: str, people: tuple[int, int, bool]) -> tuple[float, ...]:
    start = text if people[0] == NOBODY else text.partition(" ")[2]
    return (
        people[0] != NOBODY,
        people[2],
        people[1] != NOBODY,
        _QUESTION.search(start) is not None,
        _GREETING.match(start) is not None,
        _EVERYBODY.search(start) is not None,
        _THANKS.search(start) is not None,
        _ANSWER.match(start) is not None,
        _CODE.search(start) is not None,
        math.log1p(len(text)) / 5,
    )


def _weighted_words(texts: Sequence[str], names: dict[str, int]) -> list[list[tuple[int, float]]]:
    sets = [{word for word in _WORD.findall(text.casefold()) if len(word) > 2 and word not in names} for text in texts]
    counts = Counter(word for words in sets for word in words)
    limit = max(4.0, _COMMON * len(texts))
    number = {word: index for index, word in enumerate(word for word, count in counts.items() if 1 < count <= limit)}
    weight = {word: math.log(len(texts) / counts[word]) / 5 for word in number}
    return [[(number[word], weight[word]) for word in words if word in number] for words in sets]


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
