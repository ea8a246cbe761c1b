"""Names and tickers that a recogniser does not know, and the repair of what it heard instead."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from masa_rag.errors import ConfigurationError
from masa_rag.transcribers._phonetics import begin_alike, sound_distance

NEAR = 0.22
"""Largest sound distance for a word that is no common word (measured on corrected meeting transcripts)."""

NEAR_NAME = 0.26
"""The same for a word written with a capital inside a sentence: the recogniser took it for a name too."""

LOOSE = 0.5
"""Largest sound distance that is worth listening for again, see :mod:`masa_rag.transcribers._repair`."""

MIN_LETTERS = 3
SPLIT = 2
"""Words more than a term has that may have been heard in its place: "you in a swap" for "Uniswap"."""

LONG_NAME = 8
"""Shorter forms sound like too many things; from 8 letters on a lost beginning still leaves enough to tell."""

_WORD = re.compile(r"(?:\$|(?<![\w.])\.)?[^\W_](?:[\w'’.-]*[^\W_])?[+#]*")
"""A word, with the signs that belong to a name: $TAO, .NET, C++, C#."""

_PART = re.compile(r"(?:(?<!\S)\.)?[\w$+#]+")
_SENTENCE_END = re.compile(r"[.!?…:]\W*$")


@dataclass(frozen=True, slots=True)
class Repair:
    """One near miss: ``text[start:end]`` was ``heard``, and ``meant`` is written instead."""

    start: int
    end: int
    heard: str
    meant: str
    distance: float

    def overlaps(self, others: Iterable[Repair]) -> bool:
        """Say whether it shares a letter with one of the others."""
        return any(self.start < other.end and other.start < self.end for other in others)


class Glossary:
    """Terms with their right spelling, and for each, if known, what was heard in its place before.

    Args:
        terms: Names and tickers (``["Masa", "TAO"]``), or a mapping of each to forms already seen in
            its place (``{"FOCIL": ["fossil"]}``; those are always repaired).
        common: Ordinary words in lower case. One of these is not taken for a miss of a name by its
            sound alone. Without them every lower-case word counts as ordinary.
    """

    def __init__(
        self, terms: Iterable[str] | Mapping[str, Iterable[str]], *, common: Collection[str] | None = None
    ) -> None:
        if isinstance(terms, str):
            raise ConfigurationError(f"received the glossary {terms!r}; expected a list such as ['Masa', 'TAO']")
        known = terms if isinstance(terms, Mapping) else dict.fromkeys(terms, ())
        self.terms: tuple[str, ...] = tuple(dict.fromkeys(" ".join(term.split()) for term in known if term.strip()))
        self._common = common
        self._right = {_key(term): term for term in self.terms}
        self._heard = {
            _key(form): " ".join(term.split())
            for term, forms in known.items()
            for form in forms
            if _key(form) != _key(term)
        }
        self._seen: dict[tuple[str, bool], tuple[str, float] | None] = {}
        self._loose: dict[str, list[tuple[str, float]]] = {}
        longest = [len(key.split()) for key in (*self._right, *self._heard)]
        self._longest = min(5, 1 + max(longest, default=1))

    def __bool__(self) -> bool:
        return bool(self.terms)

    def repair(self, text: str) -> tuple[str, list[Repair]]:
        """Return the text with what is a near miss by its letters alone put right, and what was changed."""
        repairs = self._apart(self._at(text, span) for span in _spans(text, self._longest))
        return apply(text, repairs), repairs

    def known(self, text: str) -> list[Repair]:
        """Return where a term stands in another case, or in a form that was heard in its place before."""
        spans = (span for span in _spans(text, self._longest) if self._is_known(_possessive(span[2])[0]))
        return self._apart(self._at(text, span) for span in spans)

    def near(self, text: str) -> list[Repair]:
        """Return whatever sounds roughly like a term, overlapping, for something else to decide."""
        found = []
        for start, end, heard in _spans(text, self._longest + SPLIT):
            stem, tail = _possessive(heard)
            if not self._is_known(stem):
                found += [Repair(start, end, heard, term + tail, distance) for term, distance in self._alike(stem)]
        return found

    def _apart(self, found: Iterable[Repair | None]) -> list[Repair]:
        """Return those that change something, in order, not overlapping; nearer ones win over farther ones."""
        chosen: list[Repair] = []
        for item in sorted(filter(None, found), key=lambda item: (item.distance, item.start - item.end)):
            if not item.overlaps(chosen):
                chosen.append(item)
        return sorted((item for item in chosen if item.heard != item.meant), key=lambda item: item.start)

    def _at(self, text: str, span: tuple[int, int, str]) -> Repair | None:
        start, end, heard = span
        stem, tail = _possessive(heard)
        found = self._match(stem, opens=_opens(text, start))
        return None if found is None else Repair(start, end, heard, found[0] + tail, found[1])

    def _match(self, heard: str, *, opens: bool) -> tuple[str, float] | None:
        """Return (term, distance) for a form, remembered: people use the same words again."""
        if (heard, opens) not in self._seen:
            self._seen[heard, opens] = self._judged(heard, opens=opens)
        return self._seen[heard, opens]

    def _is_known(self, stem: str) -> bool:
        return _key(stem) in self._right or _key(stem) in self._heard

    def _judged(self, heard: str, *, opens: bool) -> tuple[str, float] | None:
        key = _key(heard)
        if key in self._right:
            right = self._right[key]
            return (right, 0.0) if self._may_be(heard, right, opens=opens) else None
        if key in self._heard:
            return self._heard[key], 0.0
        term, distance = min(
            ((term, sound_distance(heard, term)) for term in self._candidates(heard, key)),
            key=lambda pair: pair[1],
            default=("", 1.0),
        )
        return (term, distance) if distance <= self._allowed(heard, opens=opens) else None

    def _may_be(self, heard: str, meant: str, *, opens: bool) -> bool:
        """Say whether what differs from a term only by its case is the term: never a plain word, nor a capital away."""
        small = heard[:1].lower() + heard[1:] if opens else heard
        is_plain = all(word.isalpha() and self._is_common(word) for word in _key(heard).split())
        return not meant.islower() and not (small.islower() and (is_plain or meant.istitle()))

    def _alike(self, heard: str) -> list[tuple[str, float]]:
        """Return (term, distance) of the terms that sound roughly like a form, remembered."""
        if heard not in self._loose:
            size, digits, bare = _size(_key(heard)), _digits(heard), _bare(heard)
            worth = [term for key, term in self._right.items() if _fits(key, size, digits) and _bare(term) != bare]
            pairs = [(term, sound_distance(heard, term)) for term in worth]
            self._loose[heard] = [pair for pair in pairs if pair[1] <= LOOSE]
        return self._loose[heard]

    def _candidates(self, heard: str, key: str) -> Iterator[str]:
        """Yield the terms worth comparing: like length, the same digits, a like beginning."""
        size, count, bare = _size(key), len(key.split()), _bare(heard)
        digits = _digits(key)
        for other, term in self._right.items():
            length, words = _size(other), len(other.split())
            if (
                min(length, size) >= MIN_LETTERS
                and _bare(term) != bare
                and abs(length - size) <= max(2, length // 3)
                and words - 1 <= count <= words + 1
                and digits == _digits(other)
                and (length >= LONG_NAME or begin_alike(heard, term))
            ):
                yield term

    def _allowed(self, heard: str, *, opens: bool) -> float:
        """Return the largest distance at which a form is repaired by its sound alone."""
        words = heard.split()
        named = [word for word in words[1 if opens else 0 :] if word[:1].isupper()]
        if any(self._is_common(word) for word in words):
            return NEAR if len(named) == len(words) else -1.0
        return NEAR_NAME if named else NEAR

    def _is_common(self, word: str) -> bool:
        bare = re.sub(r"['’]\w+$", "", word.lower())
        return word.islower() if self._common is None else bare in self._common or len(bare) < MIN_LETTERS


def apply(text: str, repairs: Sequence[Repair]) -> str:
    """Return the text with the repairs made; they must be in order and not overlap."""
    for item in reversed(repairs):
        text = text[: item.start] + item.meant + text[item.end :]
    return text


def _spans(text: str, longest: int) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, words) for every run of up to ``longest`` words of a sentence."""
    words = list(_WORD.finditer(text))
    for first in range(len(words)):
        for last in range(first, min(first + longest, len(words))):
            start, end = words[first].start(), words[last].end()
            heard = text[start:end]
            if "\n" in heard or (last > first and _SENTENCE_END.search(text[start : words[last].start()].rstrip())):
                break
            yield start, end, heard


def _fits(key: str, size: int, digits: str) -> bool:
    """Say whether a term can be meant by a form of ``size`` letters with these digits.

    A form may be twice as long: "you and the swap" for "Uniswap".
    """
    length = _size(key)
    return min(length, size) >= MIN_LETTERS and abs(length - size) <= length and digits == _digits(key)


def _key(form: str) -> str:
    return " ".join(_PART.findall(form.lower()))


def _bare(form: str) -> str:
    """Return the key without the signs that nobody can hear: "C" and "C++" cannot be told apart by their letters."""
    return re.sub(r"[.+#]", "", _key(form))


def _size(key: str) -> int:
    """Return how many letters a key has."""
    return len(re.sub(r"[ .+#]", "", key))


def _digits(form: str) -> str:
    return re.sub(r"\D", "", form)


def _possessive(heard: str) -> tuple[str, str]:
    match = re.fullmatch(r"(.+?)(['’]s)", heard, re.DOTALL)
    return (match[1], match[2]) if match else (heard, "")


def _opens(text: str, start: int) -> bool:
    """Say whether a sentence or quotation begins here, where a capital says nothing."""
    before = text[:start].rstrip()
    return not before or text[start - 1] in '"“‘«([' or bool(_SENTENCE_END.search(before))
