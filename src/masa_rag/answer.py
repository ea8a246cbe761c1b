"""A question -> an answer that cites, and a check that the citations hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from masa_rag._copies import LINK
from masa_rag._nearness import near_to
from masa_rag._quotations import cited_in, false_quotations, in_clauses, numbers_in, plain, states
from masa_rag._searching.mentions import Asked, mentions_asked
from masa_rag._searching.overview import subject_of
from masa_rag._searching.scope import asked_at
from masa_rag._searching.sentences import Sentence, best_sentence, rarities, sentences_of, stems_among, stems_of
from masa_rag._searching.when import periods_of
from masa_rag._turns import Documents, Placing, false_speakers, from_quotations, narrowed, placing
from masa_rag._words import STOP_WORDS, words_of
from masa_rag.chunkers._sentences import in_whole_sentences, is_recorded
from masa_rag.context import cite, in_reading_order, shown
from masa_rag.errors import ConfigurationError
from masa_rag.types import Chunk, Context, Hit

Model = Callable[[str], str] | Any
"""A function from prompt to text, or any LangChain chat model."""

NOT_FOUND = "The memory does not hold this."

_RULES = f"""Answer the question from the passages above, and from nothing else.
Put the number of the passage behind each statement, like [1] or [2][3].
Quote word for word when you use quotation marks.
If the passages do not answer the question, write exactly: {NOT_FOUND}"""
_THOUGHTS = re.compile(
    r"\A(?:\s*(?:<think>.*?</think>|<thinking>.*?</thinking>|\[THINK\].*?\[/THINK\])|.*?^</think>\s*$)",
    re.DOTALL | re.MULTILINE,
)
"""What models that reason aloud write before their answer, some without its first mark."""
_SENTENCES = 3
"""How many an answer without a model is made of."""
_EVENTS = frozenset("anything did everything going happen happened happening happens new news something went".split())
"""Words that only ask what there was at a time: "what happened yesterday", "anything new today"."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and what it rests on.

    Attributes:
        text: The answer, with citations like [1].
        hits: The passages: ``hits[0]`` is [1]. One that is quoted begins where its first quotation does, if known.
        cited: Those of them that the answer cites, in order of their number.
        problems: What is wrong with it: citations of passages that do not exist, quotations that do not
            stand in the passage cited for them or are somebody else's, lines that cite nothing, quotations of another
            time than "yesterday" where that was asked for. Empty when all holds.
        found: False when the memory does not hold the answer.
    """

    text: str
    hits: tuple[Hit, ...] = ()
    cited: tuple[Hit, ...] = ()
    problems: tuple[str, ...] = ()
    found: bool = True

    def __str__(self) -> str:
        numbers = {id(hit): number for number, hit in enumerate(self.hits, 1)}
        lines = [f"[{numbers.get(id(hit), hit.rank)}] {cite(hit.chunk)}" for hit in self.cited]
        warnings = [f"Check this: {problem}" for problem in self.problems]
        return "\n".join([self.text, *([""] if lines or warnings else []), *lines, *warnings])

    def _repr_html_(self) -> str:
        from masa_rag._views import answer_view

        return answer_view(self)


def answer(
    question: str, context: Context, *, model: Model, document: Documents | None = None, now: datetime | None = None
) -> Answer:
    """Return what a model answers from the passages of a context, checked.

    Args:
        question: What is asked.
        context: What the memory holds on it.
        model: Writes the answer.
        document: As for ``check``.
        now: When the question is asked; None means now. The model is told which days "yesterday" and the like are.

    Raises:
        ConfigurationError: It is no model, or what it gives is neither text nor a message of LangChain.
    """
    if not context.hits:
        return Answer(NOT_FOUND, found=False)
    time = _time_in(question, now)
    asked = f"{question}\n({time})" if time else question
    text = _THOUGHTS.sub("", _ask(model, f"{context}\n\nQuestion: {asked}\n\n{_RULES}")).strip()
    if not text or (_is_refusal(text) and not numbers_in(text)):
        return Answer(NOT_FOUND, context.hits, found=False)
    return check(text, context.hits, document=document)


def check(text: str, hits: Sequence[Hit], *, document: Documents | None = None) -> Answer:
    """Return the answer with what is wrong with its citations and quotations.

    A quotation must stand in a passage that its line cites; words may be left out where it says "…", but no "not". Who
    is named as the speaker beside it must be.

    Args:
        text: The answer, with citations like [1].
        hits: The passages: ``hits[0]`` is [1].
        document: Returns a document by source and id. With it, a passage is cited by the turn in which the first
            quotation of it stands: its speaker, time and link; without it, as a whole, and of several speakers it
            is not known who says what.
    """
    numbers = sorted(numbers_in(text))
    known = [number for number in numbers if 1 <= number <= len(hits)]
    problems = [f"[{number}] is no passage; there are {len(hits)}" for number in numbers if number not in known]
    if not numbers:
        problems.append("nothing is cited")
    texts = [in_clauses(f"{hit.chunk.header}\n{shown(hit.chunk)}") for hit in hits]
    whole = placing(document)
    for line, below in pairwise([*filter(str.strip, text.splitlines()), ""]):
        cited = cited_in(line, known)
        if numbers and not cited and states(line, below) and not _is_refusal(line):
            problems.append(f"nothing is cited for: {_shortened(line)}")
        problems += false_quotations(line, texts, cited or known)
        problems += false_speakers(line, hits, cited or known, whole)
    passages = from_quotations(text, hits, known, whole)
    return Answer(text, tuple(passages), tuple(passages[number - 1] for number in known), tuple(problems))


def _is_refusal(text: str) -> bool:
    return NOT_FOUND.lower().rstrip(".") in text.lower()


def extract(
    question: str, hits: Sequence[Hit], *, document: Documents | None = None, now: datetime | None = None
) -> Answer:
    """Return the best sentences of the best passages, word for word.

    Only passages near the question (see ``_nearness``) count, and those that only ask something say nothing.
    (Of an embedder without word vectors nearness is not known; then all count.) Of a question about "yesterday" and the
    like, what was said then comes first. A question for the whole of something has one sentence of each passage, in
    their order there.

    Args:
        question: What is asked.
        hits: What the memory holds on it, best first.
        document: Returns a document by source and id. With it, passages of recordings are cited from the line
            in which the sentence is spoken, with its second, and a sentence that goes on in the passage before or
            after is whole; without it, they are cited from where they begin.
        now: When the question is asked; None means now.
    """
    found = _extracted(question, hits, placing(document), asked_at(now))
    others = [f"[{number}]" for number, hit in enumerate(found.hits, 1) if hit in found.cited and "time" not in hit.why]
    if not others or not (time := _time_in(question, now)):
        return found
    return replace(found, problems=(f"{time}; not known to be of that time: {', '.join(others)}",))


def _time_in(question: str, now: datetime | None) -> str | None:
    """Return which days the words for a time mean that is named from now, or None: a date speaks for itself."""
    period = next(iter(periods_of(question, asked_at(now))), None)
    if period is None or period.is_written:
        return None
    return f"“{' '.join(question[slice(*period.words)].split())}” is {period.days}"


def _extracted(question: str, hits: Sequence[Hit], document: Placing, now: datetime) -> Answer:
    if hits and all("overview" in hit.why for hit in hits):
        return _extract_overview(in_reading_order(hits, in_time=True), document)
    if (asked := mentions_asked(question)) and hits and all("mentions" in hit.why for hit in hits):
        return _extract_mentions(asked, hits, document)
    if not (words := {word for word, _, _ in words_of(subject_of(question))}):  # "?" asks nothing
        return Answer(NOT_FOUND, tuple(hits), found=False)
    telling = stems_among(words - STOP_WORDS)
    near = _answering(question, hits, telling, now)
    links = bool(LINK.search(question))
    passages = [sentences_of(_whole(hit.chunk, document), links=links) for _, hit in near]
    weights = rarities(telling or stems_among(words), passages)
    best = ((number, best_sentence(part, weights)) for (number, _), part in zip(near, passages, strict=True))
    found = _once(best, hits)
    stated = [(number, sentence) for number, sentence in found if not sentence.is_question]
    told = [(number, sentence) for number, sentence in stated if not sentence.is_polite]
    said = (told or stated or found)[:_SENTENCES]
    return _quoted(said, hits, document) if said else Answer(NOT_FOUND, tuple(hits), found=False)


def _extract_mentions(asked: Asked, hits: Sequence[Hit], document: Placing) -> Answer:
    """Return the sentences that hold what is asked for; the latest on something is a statement, if there is any."""
    weights = dict.fromkeys(stems_of(asked.what) - stems_among(STOP_WORDS), 1.0)
    passages = (sentences_of(_whole(hit.chunk, document)) for hit in hits)
    said = _once(enumerate((best_sentence(part, weights, questions=True) for part in passages), 1), hits)
    if asked.latest and asked.what:
        said = [item for item in said if not item[1].is_question] or said
    return _quoted(said[: None if asked.each else _SENTENCES], hits, document)


def _extract_overview(hits: Sequence[Hit], document: Placing) -> Answer:
    """Return of each passage the sentence that holds most of its words.

    Those of a link do not count: the name of a picture has more than most sentences, and says nothing.
    """
    common = stems_among(STOP_WORDS)
    passages = [[*map(_without_links, sentences_of(_whole(hit.chunk, document)))] for hit in hits]
    said = [best_sentence(part, dict.fromkeys(_held(part) - common, 1.0)) for part in passages]
    found = _once(enumerate(said, 1), hits)
    told = [item for item in found if not (item[1].stems and item[1].is_polite)]
    return _quoted(told or found, hits, document)


def _without_links(sentence: Sentence) -> Sentence:
    return replace(sentence, stems=sentence.stems & stems_of(LINK.sub(" ", sentence.text)))


def _held(passage: Iterable[Sentence]) -> set[str]:
    return {stem for sentence in passage for stem in sentence.stems}


def _once(said: Iterable[tuple[int, Sentence]], hits: Sequence[Hit]) -> list[tuple[int, Sentence]]:
    """Return the sentences without those that were said before in the same words, or in another transcript nearly."""
    kept: dict[str, tuple[int, Sentence]] = {}
    for number, sentence in said:
        chunk = hits[number - 1].chunk
        others = [one for at, one in kept.values() if _transcribed_again(chunk, hits[at - 1].chunk)]
        if not any(sentence.repeats(other) for other in others):
            kept.setdefault(plain(sentence.text), (number, sentence))
    return list(kept.values())


def _transcribed_again(one: Chunk, two: Chunk) -> bool:
    is_timed = one.start_s is not None and two.start_s is not None
    return is_timed and one.authors == two.authors and one.document_id != two.document_id


def _quoted(said: Sequence[tuple[int, Sentence]], hits: Sequence[Hit], document: Placing) -> Answer:
    lines = [f"“{' '.join(sentence.text.split())}” [{number}]" for number, sentence in said]
    passages = list(hits)
    for number, sentence in said:
        passages[number - 1] = _to_the_second(hits[number - 1], sentence.text, document)
    cited = sorted(number for number, _ in said)
    return Answer("\n".join(lines), tuple(passages), tuple(passages[number - 1] for number in cited))


def _to_the_second(hit: Hit, sentence: str, document: Placing) -> Hit:
    """Return the hit from the line on in which a sentence is spoken; what has no time code stays as it is."""
    if hit.chunk.start_s is None:
        return hit
    return narrowed(replace(hit, chunk=_whole(hit.chunk, document)), document, lambda text: sentence in text)


def _whole(chunk: Chunk, document: Placing) -> Chunk:
    """Return the passage with the rest of the sentences that it cuts, if it is of a recording."""
    if not is_recorded(chunk):
        return chunk
    known = document(chunk.source, chunk.document_id)
    return chunk if known is None else in_whole_sentences(chunk, known)


def _answering(question: str, hits: Sequence[Hit], telling: set[str], now: datetime) -> list[tuple[int, Hit]]:
    """Return (number, hit) of those that may answer: those near, and first those of a time that is named from now.

    A question that names nothing else ("what happened yesterday?") is near to nothing: all that was said then
    answers it, and nothing else does.
    """
    then = [(number, hit) for number, hit in enumerate(hits, 1) if "time" in hit.why]
    periods = periods_of(question, now)
    untimed = periods[0].cut_from(question) if periods else question
    near = near_to(untimed, hits, telling)
    if not then or not periods or periods[0].is_written:
        return near
    others = {word for word, _, _ in words_of(untimed)} - STOP_WORDS - _EVENTS
    return sorted(near, key=lambda item: "time" not in item[1].why) if others else then


def _ask(model: Model, prompt: str) -> str:
    if hasattr(model, "invoke"):  # a LangChain chat model
        reply = model.invoke(prompt)
    elif callable(model):
        reply = model(prompt)
    else:
        raise ConfigurationError(
            f"received the model {type(model).__name__}; "
            "expected a LangChain chat model or a function from prompt to text"
        )
    text = getattr(reply, "text", reply)  # a message of LangChain
    if not isinstance(text, str):
        raise ConfigurationError(
            f"received {_shortened(repr(reply))} as the model's answer; expected text or a message of LangChain. "
            "A function must return what the model wrote"
        )
    return text


def _shortened(line: str) -> str:
    line = line.strip()
    return line if len(line) <= 60 else f"{line[:59]}…"
