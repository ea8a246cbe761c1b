"""Which of the passages that were found are near enough to a question to answer it, where no model says so."""

from __future__ import annotations

from collections.abc import Sequence

from masa_rag._names import capitalised
from masa_rag._searching.sentences import stems_among, stems_of
from masa_rag._words import STOP_WORDS
from masa_rag.types import Hit

NEAR = 0.8
"""From here on a passage is taken to speak of what is asked. The measure is the sum of two: late interaction of the
question's words with the passage and its neighbours (from 0 to 1), and the cosine of their vectors. It is set so that
an answer that is there is rarely withheld; see ``benchmarks/retrieval/extracts.py``. A question on the right subject
that assumes something untrue is not noticed."""
STRANGE = 0.95
"""The same for a question most of whose names stand in none of the passages: it is about something else, unless the
names are written otherwise there."""
_BESIDE = "tokens_beside"


def near_to(question: str, hits: Sequence[Hit], telling: set[str]) -> list[tuple[int, Hit]]:
    """Return (number, hit) of those near the question, or that hold all of the stems that tell something in it.

    Where nearness is not known, of an embedder without word vectors, all are returned.

    A passage can be near by the words of its neighbour alone. So what ranks before one that is near, and
    matches the question's words better by itself, is near too; so is what holds more of them, for an English model
    knows nothing of Chinese. (On LoCoMo and QMSum the latter leaves the share of the right words as it is.)
    """
    numbered = list(enumerate(hits, 1))
    if not any(_BESIDE in hit.why for hit in hits):
        return numbered
    enough = _enough(question, hits)
    near = {
        number
        for number, hit in numbered
        if _nearness(hit) >= enough or (telling and telling <= stems_of(hit.chunk.text))
    }
    better = {n for n, hit in numbered for later in near if n < later and _better(hit, hits[later - 1])}
    return [(number, hit) for number, hit in numbered if number in near | better]


def _enough(question: str, hits: Sequence[Hit]) -> float:
    names = capitalised(question) - STOP_WORDS
    if not names:
        return NEAR
    held = stems_of("\n".join(f"{hit.chunk.header}\n{hit.chunk.text}" for hit in hits))
    strange = [name for name in names if not stems_among({name}) <= held]
    return STRANGE if 2 * len(strange) > len(names) else NEAR


def _better(one: Hit, two: Hit) -> bool:
    """Say whether one matches the words of the question better than two does by itself, or holds more of them."""
    return any(one.why.get(name, 0.0) > two.why.get(name, 0.0) for name in ("tokens", "words"))


def _nearness(hit: Hit) -> float:
    return hit.why.get(_BESIDE, 0.0) + hit.why.get("vectors", 0.0)
