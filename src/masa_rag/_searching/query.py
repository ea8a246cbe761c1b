"""A question, taken apart: which words of it rank, how rare each is, and whom it names."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from math import log1p
from typing import TYPE_CHECKING

import numpy as np

from masa_rag._names import names_in
from masa_rag._searching.verbs import FORMS
from masa_rag._words import STOP_WORDS, digest_of, stems, words_of
from masa_rag.protocols import TokenEmbedder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from masa_rag.protocols import Embedder, TokenVectors, Vector

_FIRST_PERSON = frozenset(["i", "me", "my", "mine", "we", "our", "ours"])
_SELF = frozenset(["user", "human"])
"""What chats with assistants call the person who now asks."""
_PARTS = re.compile(r"[^\W\d_]+|\d+")
"""Runs of letters and runs of digits."""


@dataclass(frozen=True, slots=True)
class Question:
    """What search needs to know of a query.

    Attributes:
        words: Each word that ranks, once, with the number of passages that hold it; of one stem only one.
        weights: Digest of each stem -> how much it tells: its inverse document frequency.
        names: Words that may name a speaker, in small letters.
        places: (first character, one past the last, weight) of each word that ranks.
    """

    words: dict[str, int]
    weights: dict[int, float]
    names: frozenset[str]
    places: tuple[tuple[int, int, float], ...]

    @property
    def unknown(self) -> set[str]:
        """Words that no passage holds."""
        return {word for word in self.names if self.words.get(word) == 0}


@dataclass(frozen=True, slots=True)
class Embedded:
    """The question as vectors.

    Attributes:
        vector: Of the whole question, length 1.
        tokens: One row for each word piece that ranks; no row when the embedder gives none.
        weights: How much each of them counts, summing to 1.
    """

    vector: Vector
    tokens: TokenVectors
    weights: NDArray[np.float64]


Encoded = tuple["Vector", "TokenVectors", Sequence[tuple[int, int]]]
"""The question's vector, its pieces' vectors, and where each piece stands in the text."""


def encode(text: str, embedder: Embedder) -> Encoded:
    """Return what the model makes of a question; no pieces when the embedder gives none."""
    if isinstance(embedder, TokenEmbedder):
        return embedder.embed_query_with_tokens(text)
    return embedder.embed_query(text), np.zeros((0, 0), np.float32), ()


def embed(question: Question, encoded: Encoded) -> Embedded:
    """Weigh what was encoded; pieces of common words, marks and the model's own tokens are left out."""
    vector, tokens, spans = encoded
    weights = np.array([_weight(question, start, end) for start, end in spans], np.float64)
    kept = np.flatnonzero(weights > 0)
    return Embedded(vector, tokens[kept], weights[kept] / max(float(weights.sum()), 1e-9))


def _weight(question: Question, start: int, end: int) -> float:
    """Return the rarity of the word that a piece of text belongs to."""
    return next((weight for first, last, weight in question.places if first < end and start < last), 0.0)


def understand(text: str, connection: sqlite3.Connection) -> Question:
    """Take a query apart. When it has common words only, they are kept: better a weak answer than none."""
    found = words_of(text)
    kept = [item for item in found if item[0] not in STOP_WORDS] or found
    forms_of = _forms_of(kept)
    forms = list(dict.fromkeys(chain.from_iterable(forms_of.values())))
    parts_of = dict(zip(forms, stems(forms), strict=True))  # all at once: one by one, a thousand words take 0.5 s
    held = _passages_with(chain.from_iterable(parts_of.values()), connection)
    counts = {form: min((held[part] for part in parts), default=0) for form, parts in parts_of.items()}
    total = connection.execute("SELECT count(*) FROM chunks").fetchone()[0]
    # The forms of a verb are one word to the question, so they are as rare as all of them together.
    rare = {word: rarity(sum(counts[form] for form in own), total) for word, own in forms_of.items()}
    weights = {
        digest_of(part): min(rare[word], rarity(held[part], total))
        for word, own in forms_of.items()
        for part in chain.from_iterable(parts_of[form] for form in own)
    }
    alike = {parts: form for form, parts in reversed(parts_of.items())}  # to the word index "go" and "going" are one
    different = {form: counts[form] for form in forms if alike[parts_of[form]] == form}
    spoken = {word for word, _, _ in found}
    names = names_in(text) | (_SELF if spoken & _FIRST_PERSON else set())
    places = tuple((start, end, rare[word]) for word, start, end in kept)
    return Question(different, weights, frozenset(names), places)


def _forms_of(words: Sequence[tuple[str, int, int]]) -> dict[str, tuple[str, ...]]:
    """Return for each word itself, the other forms of a verb, and other ways to write it."""
    spellings = _spellings(words)
    return {word: (word, *FORMS.get(word, ()), *spellings.get(word, ())) for word, _, _ in words}


def _spellings(words: Sequence[tuple[str, int, int]]) -> dict[str, list[str]]:
    """Return other ways to write a name with a number: "DevNet-4" and "DevNet 4" are "devnet4" to somebody else."""
    found: dict[str, list[str]] = {}
    for (word, _, end), (after, begin, _) in zip_longest(words, words[1:], fillvalue=("", 0, 0)):
        if len(parts := _PARTS.findall(word)) > 1:
            found[word] = [" ".join(parts)]
        elif word.isalpha() and after.isdecimal() and begin - end == 1:
            found[word] = [word + after]
    return found


def _passages_with(parts: Iterable[str], connection: sqlite3.Connection) -> dict[str, int]:
    """Return for each stem how many passages hold it."""
    counts = dict.fromkeys(parts, 0)
    rows = connection.execute(
        "SELECT v.term, v.doc FROM json_each(?) w JOIN vocabulary v ON v.term = w.value", (json.dumps(list(counts)),)
    )
    return counts | {term: int(count) for term, count in rows}


def rarity(count: int, total: int) -> float:
    """Return the inverse document frequency as BM25 has it (Robertson and Zaragoza, 2009), never below 0."""
    return log1p(max(0.0, total - count + 0.5) / (count + 0.5))
