"""The lines of a conversation as arrays: who says it, whom it names, what it looks like, its uncommon words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masa_rag.types import Segment

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

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
