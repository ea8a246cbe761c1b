"""Which sentence of a passage tells what is asked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from masa_rag._searching.query import rarity
from masa_rag._words import stems, words_of
from masa_rag.chunkers._sentences import is_recorded, sentences
from masa_rag.types import Chunk

_FENCE = re.compile(r"(?:^|: )(?:`{3,}|~{3,})\w*$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a passage.

    Attributes:
        text: As it stands there.
        stems: Those of its words. The name of who speaks, which a turn begins with, is none: a question that
            names somebody would find it in "Ann: Hi!".
    """

    text: str
    stems: frozenset[str]

    @property
    def is_question(self) -> bool:
        """Whether it asks something."""
        return self.text.rstrip("\"'”’»)* ").endswith(("?", "？", "؟"))


def sentences_of(chunk: Chunk) -> list[Sentence]:
    """Return the sentences of a passage, in order; headings and the fences of code only for want of anything else."""
    parts = sentences(chunk.text, by_line=not is_recorded(chunk))
    parts = [part for part in parts if not part.startswith("#") and not _FENCE.search(part)] or parts
    return [Sentence(part, frozenset(stems_of(_without_speaker(part, chunk.authors)))) for part in parts]


def rarities(wanted: Collection[str], passages: Iterable[Sequence[Sentence]]) -> dict[str, float]:
    """Return how much each of the wanted stems tells: the fewer sentences of the passages hold it, the more."""
    held = [sentence.stems for passage in passages for sentence in passage]
    return {stem: rarity(sum(stem in stems for stems in held), len(held)) for stem in wanted}


def best_sentence(passage: Sequence[Sentence], weights: Mapping[str, float]) -> Sentence:
    """Return the sentence whose stems weigh most, of equal ones the one that has most, or the one that answers it.

    Where it is a question, the next statement answers it; without one the question is returned. Of what people noted as
    the answer to LoCoMo's questions, three such sentences hold .33 of the words, by the number of shared words, the
    speaker's name among them, .21; of QMSum's .135 and .119 (``benchmarks/retrieval/extracts.py``). Word vectors of
    the sentences, at a tenth of a second more, find no more.
    """

    def told(place: int) -> tuple[float, bool, int]:
        sentence = passage[place]
        return sum(weights.get(stem, 0.0) for stem in sentence.stems), not sentence.is_question, len(sentence.stems)

    best = max(range(len(passage)), key=told)
    if not passage[best].is_question:
        return passage[best]
    return next((sentence for sentence in passage[best + 1 :] if not sentence.is_question), passage[best])


def stems_of(text: str) -> set[str]:
    """Return the stems of a text's words."""
    return stems_among({word for word, _, _ in words_of(text)})


def stems_among(words: Iterable[str]) -> set[str]:
    """Return the stems of words."""
    return {stem for stems_of_one in stems(list(words)) for stem in stems_of_one}


def _without_speaker(sentence: str, authors: Iterable[str]) -> str:
    return next((sentence[len(name) + 2 :] for name in authors if sentence.startswith(f"{name}: ")), sentence)
