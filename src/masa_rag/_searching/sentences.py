"""Which sentence of a passage tells what is asked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

from masa_rag._copies import LINK
from masa_rag._quotations import NEGATIONS
from masa_rag._searching.query import rarity
from masa_rag._words import STOP_WORDS, stems, words_of
from masa_rag.chunkers._sentences import is_recorded, sentences
from masa_rag.types import Chunk

_HEADING = re.compile(r"#{1,6}(?:\s|$)")
"""A heading of Markdown: "#Boats" is a tag."""
_FENCE = re.compile(r"(?:^|: )(?:`{3,}|~{3,})\w*$")
_CALLS = re.compile(r"(?<!\w)@[\w.]+|(?<!\w):\w+:")
"""Names that are called, and signs such as ":rocket:"."""
_NO_WORDS = re.compile(rf"{LINK.pattern}|{_CALLS.pattern}", re.IGNORECASE)
_OPEN = re.compile(r"[:：][\s*_`]*$")
_LEADS_IN = re.compile(_OPEN.pattern + r"|^\W*\*\*(?:[^*\s]+\s+){0,3}[^*\s]+\s*\*\*\W*$")
"""What is a heading in a message, or only says that something follows, unless it has more words than these."""
_FEW_WORDS = 8
_POLITE = frozenset(
    """absolutely ah alright amazing awesome bye cool correct definitely exactly everybody everyone fine gm good great
    guys haha hello hey hi hmm huh indeed interesting lol nice nope oh ok okay perfect please right sorry sounds sure
    thank thanks totally true uh um welcome well wow yeah yep yes""".split()
)
"""Words that greet, thank or agree; with common ones they make sentences that tell nothing ("Yeah, that's right.")."""
_LIKE = 0.9
"""From so much likeness on two sentences are what two transcripts made of one."""


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

    @property
    def leads_in(self) -> bool:
        """Whether it only says that something follows."""
        return bool(_LEADS_IN.search(self.text)) and len(self.stems) <= _FEW_WORDS

    @property
    def is_polite(self) -> bool:
        """Whether it only calls, greets, thanks or agrees."""
        return self.stems <= _polite() | stems_of(" ".join(_CALLS.findall(self.text)))

    def repeats(self, other: Sentence) -> bool:
        """Say whether it may be the other, heard otherwise: no number and no "not" is in one of them alone."""
        changed = self.stems ^ other.stems
        if any(stem in NEGATIONS or not stem.isalpha() for stem in changed):
            return False
        return SequenceMatcher(None, self.text, other.text, autojunk=False).ratio() >= _LIKE


def sentences_of(chunk: Chunk, *, links: bool = False) -> list[Sentence]:
    """Return the sentences of a passage, in order.

    Headings, the fences of code, and lines of links and called names alone are sentences only for want of anything
    else; where a link is asked for (``links``) a line of it is one. A link is a part of what leads in to it.
    """
    parts = _with_links(sentences(chunk.text, by_line=not is_recorded(chunk)), chunk.text)
    parts = [part for part in parts if not _HEADING.match(part) and not _FENCE.search(part)] or parts
    said = {part: _without_speaker(part, chunk.authors) for part in parts}
    parts = [part for part in parts if links or _has_words(said[part])] or parts
    return [Sentence(part, frozenset(stems_of(said[part]))) for part in parts]


def _has_words(text: str) -> bool:
    return bool(words_of(_NO_WORDS.sub(" ", text)))


def _with_links(parts: Sequence[str], text: str) -> list[str]:
    """Return the sentences of a text, a line of links with the one above it that ends in a colon."""
    joined: list[str] = []
    for part in parts:
        whole = f"{joined[-1]}\n{part}" if joined else part
        if joined and _OPEN.search(joined[-1]) and not _has_words(part) and whole in text:
            joined[-1] = whole
        else:
            joined.append(part)
    return joined


def rarities(wanted: Collection[str], passages: Iterable[Sequence[Sentence]]) -> dict[str, float]:
    """Return how much each of the wanted stems tells: the fewer sentences of the passages hold it, the more."""
    held = [sentence.stems for passage in passages for sentence in passage]
    return {stem: rarity(sum(stem in stems for stems in held), len(held)) for stem in wanted}


def best_sentence(passage: Sequence[Sentence], weights: Mapping[str, float], *, questions: bool = False) -> Sentence:
    """Return the sentence whose stems weigh most, of equal ones the one that has most, or the one that answers it.

    Where it asks or leads in, the next statement answers it, one that tells something if there is any; without one the
    question is returned. Of what people noted as the answer to LoCoMo's questions, three such sentences hold .33 of the
    words, by the number of shared words, the speaker's name among them, .21; of QMSum's .135 and .119
    (``benchmarks/retrieval/extracts.py``). Word vectors of the sentences, at a tenth of a second more, find no more.
    With ``questions`` a question is as good as a statement.
    """

    def states(sentence: Sentence) -> bool:
        return not (sentence.leads_in or (sentence.is_question and not questions))

    def told(place: int) -> tuple[float, bool, int]:
        sentence = passage[place]
        return sum(weights.get(stem, 0.0) for stem in sentence.stems), states(sentence), len(sentence.stems)

    best = max(range(len(passage)), key=told)
    if states(passage[best]):
        return passage[best]
    stated = [*filter(states, passage[best + 1 :])]
    return next((sentence for sentence in stated if not sentence.is_polite), (stated or passage[best:])[0])


def stems_of(text: str) -> set[str]:
    """Return the stems of a text's words."""
    return stems_among({word for word, _, _ in words_of(text)})


def stems_among(words: Iterable[str]) -> set[str]:
    """Return the stems of words."""
    return {stem for stems_of_one in stems(list(words)) for stem in stems_of_one}


@cache
def _polite() -> frozenset[str]:
    return frozenset(stems_among(STOP_WORDS | _POLITE))


def _without_speaker(sentence: str, authors: Iterable[str]) -> str:
    return next((sentence[len(name) + 2 :] for name in authors if sentence.startswith(f"{name}: ")), sentence)
