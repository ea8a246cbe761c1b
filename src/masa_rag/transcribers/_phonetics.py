"""How much two spellings sound alike, in English, without a dictionary."""

from __future__ import annotations

import re
from functools import lru_cache

_RULES: tuple[tuple[str, str], ...] = (
    (r"^(?:kn|gn|pn)", "n"), (r"^wr", "r"), (r"^ps", "s"), (r"^x", "s"), (r"^wh", "w"), (r"tch", "C"), (r"sch", "sk"),
    (r"(?:sh|ti(?=on|a)|ci(?=a|o))", "S"), (r"ch", "C"), (r"ph", "f"), (r"gh(?=t|$)", ""), (r"gh", "g"), (r"th", "0"),
    (r"ck", "k"), (r"dg(?=[eiy])", "j"), (r"qu?", "kw"), (r"x", "ks"), (r"c(?=[eiy])", "s"), (r"c", "k"),
    (r"z", "s"), (r"([a-z])\1", r"\1"), (r"(?<=[^aeiou])e$", ""), (r"mb$", "m"), (r"h(?=[^aeiouy]|$)", ""),
    (r"[aeiouy]*r(?=[^aeiouy]|$)", "ar"), (r"ee|ea|ie|ei|y", "i"), (r"oo|ou|ew|ue|w(?=$)", "u"), (r"ai|ay|ae", "e"),
    (r"oa|ow|au|aw", "o"),
)  # fmt: skip
"""Spelling to sound: rules after Philips' Metaphone (1990), vowels kept, because names differ by little else."""

_COMPILED = tuple((re.compile(pattern), sound) for pattern, sound in _RULES)
_VOWELS = frozenset("aeiou")
_NEAR = "pb td kg fv sj Sj Sc CS Cj 0t 0s 0f 0d mn lr wv vb sC gj hk Sk Ct Ck".split()
_ALIKE = frozenset(pair for one in _NEAR for pair in (one, one[::-1]))
"""Consonants that recognisers confuse: same place, voiced or not, and the nasals and liquids."""

_LETTERS = ("bcdegptvz", "ahjk8", "flmnsx", "qu2", "iy", "o", "r", "w")
_RHYME = {letter: group for group in _LETTERS for letter in group}


@lru_cache(maxsize=65_536)
def sound_of(text: str) -> str:
    """Return a rough phonetic spelling; case, spaces and punctuation do not matter."""
    word = re.sub(r"[^a-z]", "", text.lower())
    for pattern, sound in _COMPILED:
        word = pattern.sub(sound, word)
    return word


@lru_cache(maxsize=262_144)
def sound_distance(one: str, other: str) -> float:
    """Return how differently two words sound: 0 the same, 1 nothing alike."""
    if _is_spelled(one) and _is_spelled(other):
        return _letter_distance(one, other)
    ours, theirs = sound_of(one), sound_of(other)
    longest = max(_weight(ours), _weight(theirs))
    mixed = MIXED if _is_spelled(one) != _is_spelled(other) else 0.0
    return min(1.0, _edit(ours, theirs) / longest + mixed) if longest else 1.0


MIXED = 0.15
"""Added when only one of the two is read letter by letter: "GET" is seldom "Geth", but "PRISM" is "Prysm"."""


def begin_alike(one: str, other: str) -> bool:
    """Say whether two words begin with the same sound, with two that are confused, or with vowels."""
    ours, theirs = sound_of(one)[:1], sound_of(other)[:1]
    if _is_spelled(one) and _is_spelled(other):
        return True
    return ours == theirs or (ours in _VOWELS and theirs in _VOWELS) or ours + theirs in _ALIKE


def _is_spelled(word: str) -> bool:
    """Say whether it is read letter by letter: at most six, all or all but the first in capitals."""
    bare = re.sub(r"\W", "", word)
    return 2 <= len(bare) <= 6 and bare[1:].isupper()


def _letter_distance(one: str, other: str) -> float:
    ours, theirs = one.lower(), other.lower()
    if len(ours) != len(theirs):
        return 1.0
    cost = sum(0.0 if a == b else 0.5 if _RHYME.get(a) is not None and _RHYME.get(a) == _RHYME.get(b) else 1.0
               for a, b in zip(ours, theirs, strict=True))  # fmt: skip
    return cost / len(ours)


def _weight(sound: str) -> float:
    return sum(0.5 if letter in _VOWELS else 1.0 for letter in sound)


def _swap(one: str, other: str) -> float:
    if one == other:
        return 0.0
    if one in _VOWELS and other in _VOWELS:
        return 0.25
    if one in _VOWELS or other in _VOWELS:
        return 1.2
    return 0.45 if one + other in _ALIKE else 1.0


def _edit(one: str, other: str) -> float:
    """Return the cheapest way to turn one sound into the other (Wagner and Fischer 1974, weighted)."""
    row = [0.0]
    for letter in other:
        row.append(row[-1] + (0.35 if letter in _VOWELS else 0.8))
    for letter in one:
        gone = 0.35 if letter in _VOWELS else 0.8
        fresh = [row[0] + gone]
        for number, against in enumerate(other):
            added = 0.35 if against in _VOWELS else 0.8
            fresh.append(min(row[number] + _swap(letter, against), row[number + 1] + gone, fresh[-1] + added))
        row = fresh
    return row[-1]
