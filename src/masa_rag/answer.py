"""A question -> an answer that cites, and a check that the citations hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from masa_rag.context import cite
from masa_rag.errors import ConfigurationError
from masa_rag.types import Context, Hit

Model = Callable[[str], str] | Any
"""A function from prompt to text, or any LangChain chat model."""

NOT_FOUND = "The memory does not hold this."

_RULES = f"""Answer the question from the passages above, and from nothing else.
Put the number of the passage behind each statement, like [1] or [2][3].
Quote word for word when you use quotation marks.
If the passages do not answer the question, write exactly: {NOT_FOUND}"""
_CITATION = re.compile(r"\[(\d+)\]")
_QUOTE = re.compile(r"[\"“]([^\"“”]{12,})[\"”]")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and what it rests on.

    Attributes:
        text: The answer, with citations like [1].
        hits: The passages: ``hits[0]`` is [1].
        cited: Those of them that the answer cites, in order of their number.
        problems: What is wrong with it: citations of passages that do not exist, quotations that
            stand in none, statements without any citation. Empty when all holds.
        found: False when the memory does not hold the answer.
    """

    text: str
    hits: tuple[Hit, ...] = ()
    cited: tuple[Hit, ...] = ()
    problems: tuple[str, ...] = ()
    found: bool = True

    def __str__(self) -> str:
        lines = [f"[{hit.rank}] {cite(hit.chunk)}" for hit in self.cited]
        warnings = [f"Check this: {problem}" for problem in self.problems]
        return "\n".join([self.text, *([""] if lines or warnings else []), *lines, *warnings])

    def _repr_html_(self) -> str:
        from masa_rag._views import answer_view

        return answer_view(self)


def answer(question: str, context: Context, *, model: Model | None = None) -> Answer:
    """Return an answer from the passages of a context.

    Args:
        question: What is asked.
        context: What the memory holds on it.
        model: Writes the answer; None takes the best sentences word for word.
    """
    if not context.hits:
        return Answer(NOT_FOUND, found=False)
    if model is None:
        return _extract(question, context.hits)
    text = _ask(model, f"{context}\n\nQuestion: {question}\n\n{_RULES}").strip()
    if not text or NOT_FOUND.lower().rstrip(".") in text.lower():
        return Answer(NOT_FOUND, context.hits, found=False)
    return check(text, context.hits)


def check(text: str, hits: Sequence[Hit]) -> Answer:
    """Return the answer with what is wrong with its citations and quotations."""
    numbers = sorted({int(number) for number in _CITATION.findall(text)})
    problems = [
        f"[{number}] is no passage; there are {len(hits)}" for number in numbers if not 1 <= number <= len(hits)
    ]
    if not numbers:
        problems.append("nothing is cited")
    cited = tuple(hits[number - 1] for number in numbers if 1 <= number <= len(hits))
    sources = " ".join(_plain(hit.chunk.text) for hit in (cited or hits))
    problems += [
        f"“{quote}” stands in no cited passage" for quote in _QUOTE.findall(text) if _plain(quote) not in sources
    ]
    return Answer(text, tuple(hits), cited, tuple(problems))


def _extract(question: str, hits: Sequence[Hit]) -> Answer:
    """Take, from the three best passages, the sentence that shares most words with the question."""
    wanted = set(_WORD.findall(question.lower()))
    lines = []
    best_three = sorted(enumerate(hits, 1), key=lambda item: item[1].rank)[:3]  # a context is in reading order
    for number, hit in best_three:
        sentences = [part.strip() for part in _SENTENCE.split(hit.chunk.text) if part.strip()]
        best = max(sentences, key=lambda part: len(wanted & set(_WORD.findall(part.lower()))))
        lines.append(f"“{best}” [{number}]")
    return Answer("\n".join(lines), tuple(hits), tuple(hits[number - 1] for number, _ in sorted(best_three)))


def _ask(model: Model, prompt: str) -> str:
    if hasattr(model, "invoke"):  # a LangChain chat model
        reply = model.invoke(prompt)
        return str(getattr(reply, "text", reply))
    if callable(model):
        return str(model(prompt))
    raise ConfigurationError(
        f"received the model {type(model).__name__}; expected a LangChain chat model or a function from prompt to text"
    )


def _plain(text: str) -> str:
    """Return text as words only, so that line breaks and marks do not hide a quotation."""
    return f" {' '.join(_WORD.findall(text.lower()))} "
