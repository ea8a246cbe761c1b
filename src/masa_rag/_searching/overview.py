"""Questions that ask for the whole: "summarize the call", "in which order ...", "what did Ann and Bo talk about"."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import chain
from typing import NamedTuple

from masa_rag._names import capitalised, name_words, without_accents
from masa_rag._reading import Filters, chunks_by_id, ids_of
from masa_rag._rows import GIVEN
from masa_rag._searching.copies import with_copies
from masa_rag._searching.foreign_overview import in_english
from masa_rag._searching.stretches import evenly
from masa_rag._words import STOP_WORDS, words_of
from masa_rag.types import Hit

_ONE_TALK = (
    r"(?:conversation|discussion|chat|session|message|meeting|talk|call|episode|podcast|recording|thread|interview"
    r"|q ?& ?a)"
)
_TALK = f"{_ONE_TALK}s?"
_NEWEST = "(?:last|latest|newest|most recent)"
_PEOPLE = r"(?:group|team|people|everyone|everybody|participants?|speakers?|guests?|hosts?)"
_SAYING = r"(?:(?:talk|discuss|chatt?|tweet|post|speak|say)(?:ed|ing)?|spoken?|said)"
_CATCH_UP = "(?:catch|fill|bring) (?:me|us) (?:up|in)(?: to (?:speed|date))?"
_POINTS = r"(?:main|key|most important) (?:discussion )?(?:points?|topics?|subjects?|takeaways?)"


def _rule(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b", re.IGNORECASE)


_PART = r"(?!(?:and|the) )@?[\w.’'-]+"
"""Else "Ann, and Bo, and ..." could be read in two ways at each name, and twenty names take a second."""
_NAME = rf"(?:the )?{_PART}(?: {_PART})?"
_WHO = re.compile(
    rf"what (?:all )?(?:did|do|does|have|has|had) {_NAME}(?:(?:,| and|, and| &) {_NAME})* {_SAYING}(?: about)?"
    r"(?: with each other| together| there| last time)?"
    r"(?: (?:in|on|during) (?:the|this|that|their) (?:(?:last|latest) )?\w+)?"
    r"(?: in| on| during)?[\s?.,!]*$",
    re.IGNORECASE,
)
"""The last words are what is left where a date was taken out."""
_NEWS = re.compile(
    r"^\s*(?:what(?:['’]?s| is| was| has| has been)? (?:happen(?:ed|ing|s)|said|posted|tweeted|written|new|up|going on"
    r"|did (?:i|we) miss)|(?:(?:is|was) there |did )?any(?:thing)? (?:news?|happen(?:ed)?))(?: (?:in )?here)?"
    rf"(?:(?: (?:in|on|during|at|from)(?: the| this| that| our)?|(?=\s*['’]s))(?:\s*['’]s)?(?: {_NEWEST} | )"
    rf"{_ONE_TALK})?"
    r"(?:(?: in| on| during)(?: the)?)?[\s?.,!]*$",
    re.IGNORECASE,
)
"""The whole question, once the time that it names is taken out."""
_OVERVIEW = _rule(
    "summar(?:y|ies|i[sz]e[sd]?|i[sz]ing)", "overview", _CATCH_UP, "recap", "gist", r"tl;?dr", _POINTS,
    "(?:in|the) order in which", "in (?:what|which|chronological) order", r"in order(?=\s*[?.,!]|$)", "over time",
    rf"(?:throughout|across) (?:all )?(?:of )?(?:our|my|their|the|these|all) {_TALK}",
    rf"what (?:was|is) (?:the|this|that|our|their) (?:\w+ )?{_TALK} about",
    rf"what was (?:discussed|talked about|the general {_TALK})",
)  # fmt: skip
_FRAME = _rule(
    "(?:can|could|would|will) you(?: please)?", "please", "(?:give|show|tell) me", "walk me through", "list",
    "in (?:what |which |chronological |the )?order(?: in which)?", "(?:the )?order in which",
    "summar(?:y|ies|i[sz]e[sd]?|i[sz]ing)(?: of)?", "(?:an )?overview(?: of)?", "recap(?: of)?", "gist(?: of)?",
    r"tl;?dr", f"{_CATCH_UP}(?: on| with)?",
    "(?:comprehensive|complete|clear|detailed|brief|short|full)(?= summar| overview| list| recap)",
    rf"(?:throughout|across|over|in|during) (?:all )?(?:of )?(?:our|my|the|these|all)(?: \w+)? ?{_TALK}",
    r"(?:mention|name|give|use|write|answer|include)\b[^.?!]{0,40} (?:items?|sentences?|words|points|bullets)",
    r"(?:in|as) (?:\w+ ){0,2}(?:sentences?|paragraphs?|words|lines|bullets|bullet points)", "briefly", "for me",
    "throughout", "over time", "so far", "brought up",
    "different (?:aspects|concepts|topics|things|ways)(?: of| related to)?",
)  # fmt: skip
"""How an overview is asked for. These words stand in passages that have nothing to do with the subject ("list your
education in reverse chronological order")."""
_QUOTED = _rule(
    "(?:quote|cite)(?: me| for me)?(?: exactly| verbatim| literally)?(?= (?:what|how|who|where|when|why))",
    "verbatim", "word for word", "exactly(?= (?:what|how))", "(?<=what )exactly",
    "(?:exact|direct|literal|verbatim) quot(?:e|es|ation|ations)(?: from| by| on| about)?",
)  # fmt: skip
_LAST = _rule(rf"{_NEWEST} (?:{_ONE_TALK}|time)")
_NAMES_NOTHING = _rule(
    rf"(?:{_NEWEST} )?(?:{_TALK}|time)", _PEOPLE, _POINTS, "whole", "entire", "everything",
    "general(?:ly)?", "main(?:ly)?", "(?:tweet|post)(?:ed|ing|s)?",
    "(?:page|article|document|note|transcript|channel|video)s?",
)  # fmt: skip

NEWEST = 5_000
"""Passages that an overview looks at, the newest of them: some fifty hours of talk, read in 0.2 s."""


def is_overview(question: str) -> bool:
    """Say whether a question asks for the whole of something, and not for one place in it."""
    return any(rule.search(question) for rule in (_OVERVIEW, _WHO, _NEWS))


def subject_of(question: str) -> str:
    """Return a question without the words that ask for an overview or a quotation, blanks in their place.

    Measured: of BEAM's questions for the order of events at least one message that answers stands in 1,500
    tokens of context for 14 of 20 instead of 10, of those for summaries for 15 instead of 13.
    """
    left = _blanked(_QUOTED, question)
    left = _blanked(_FRAME, left) if is_overview(question) else left
    return left if _telling(left) else question


def _blanked(words: re.Pattern[str], question: str) -> str:
    return words.sub(lambda found: " " * len(found[0]), question)


def is_news(question: str) -> bool:
    """Say whether a question asks only what there was: with a time, for all of that time and for nothing else."""
    question = in_english(" ".join(question.split()))  # a time that was cut out has left blanks
    return is_overview(question) and not _asked_of(question)


def _asked_of(question: str) -> list[str]:
    """Return the words that name whose or of what an overview is asked for."""
    return _telling(_NAMES_NOTHING.sub(" ", _blanked(_FRAME, _NEWS.sub(" ", question))))


def overview(
    connection: sqlite3.Connection,
    question: str,
    *,
    k: int,
    allowed: Collection[int] | None,
    filters: Filters,
    preferred: Collection[int],
) -> list[Hit]:
    """Return up to ``k`` passages spread evenly over what is asked for, or none when the question has a subject.

    A question has none where all that it names are speakers, titles of documents, or nothing ("summarize the
    call"). Then no passage is nearer to it than another, so each stretch of the conversation has its best: the
    first four hits are from its four quarters, the first eight or so from its eighths, and so on.

    Measured in 1,500 tokens of context, beside the nearest passages: QMSum's general questions find 98 % of a
    meeting's topics instead of 93 %, and 40 % of the words of its summary instead of 34 %; in recorded calls 70 % of
    the highlights are heard instead of 64 %; "what did A and B talk about" on LoCoMo finds 74 % of the sessions
    instead of 45 %.

    Args:
        connection: The catalogue's.
        question: As it was asked, without the words that name a time.
        k: How many.
        allowed: Numbers of the passages that may be returned; None for all. Of copies those that said it first.
        filters: What they pass; of copies one that passes is shown.
        preferred: Numbers of copies that are rather shown than others.
    """
    question = in_english(" ".join(question.split()))  # a time that was cut out has left blanks
    if not is_overview(question):
        return []
    names = _asked_of(question)
    rows = _whole(connection, [*names, *_named(connection, question)], allowed, of_people=bool(_WHO.search(question)))
    if _LAST.search(question):
        rows = [row for row in rows if row.document == rows[0].document]
    chosen = evenly(connection, [*dict.fromkeys(row.number for row in rows)][::-1], k)
    ids = ids_of(connection, [number for number, _ in chosen])
    chunks = chunks_by_id(connection, list(ids.values()))
    found = [(chunks[ids[number]], score) for number, score in chosen if ids.get(number) in chunks]
    hits = [Hit(chunk, 1 / rank, rank, {"overview": score}) for rank, (chunk, score) in enumerate(found, 1)]
    meant = {row.copy for row in rows}
    return with_copies(connection, hits, filters, preferred=meant.intersection(preferred) or meant)


def _telling(text: str) -> list[str]:
    """Return the words that are not common ones, each once."""
    return list(dict.fromkeys(word for word, _, _ in words_of(text) if word not in STOP_WORDS))


def _named(connection: sqlite3.Connection, question: str) -> list[str]:
    """Return the words that are common ones, but written as names ("Will"), and names of somebody who speaks."""
    common = sorted(capitalised(question) & STOP_WORDS)
    return [word for word, found in _having(connection, "authors", "name", common).items() if found]


class _Row(NamedTuple):
    """A passage: the number of what said it first (mostly its own), its own number and its document's."""

    number: int
    copy: int
    document: int


def _whole(
    connection: sqlite3.Connection, names: Sequence[str], allowed: Collection[int] | None, *, of_people: bool
) -> list[_Row]:
    """Return the newest passages of the documents that every word names, the last one first.

    Where speakers are named, only what they say, but of a document whose title has the name what everybody says.
    ``of_people`` says that people are asked for: then a speaker's name in a title means nothing, and where no document
    has all of them as speakers or in its title, those that name them in what is said are taken, for transcripts
    without speakers. Where nothing has them together, what any of them says is taken.
    """
    authors = _fullest(_having(connection, "authors", "name", names))
    titled = _having(connection, "documents", "title", names)
    if of_people:
        titled = {word: set() if authors[word] else found for word, found in titled.items()}
    named = [_documents_of(connection, authors[word]) | titled[word] for word in authors]
    documents = set.intersection(*named) if named else None
    if documents is not None and not documents and of_people:
        documents = set.intersection(*(_mentioning(connection, word) for word in authors))
        authors = {} if documents else authors
    if documents is not None and not documents and all(named):
        documents = set.union(*named)
    speakers = set[int]().union(*authors.values())
    free = set[int]().union(*(titled[word] for word in authors if authors[word]))
    return _in_time(connection, documents, speakers, allowed, free=free)


def _having(connection: sqlite3.Connection, table: str, column: str, words: Sequence[str]) -> dict[str, set[int]]:
    """Return for each word the rows in whose name or title it stands, with or without its accents."""
    found: dict[str, set[int]] = {word: set() for word in words}
    plain = {word: without_accents(word) for word in words}
    likely = re.compile("|".join(map(re.escape, plain.values())))  # most have none, and to take them apart is slow
    query = f"SELECT pk, {column} FROM {table} WHERE {column} IS NOT NULL"
    for pk, text in connection.execute(query) if words else ():
        if likely.search(without_accents(text)):
            held = name_words(text)
            for word in words:
                if plain[word] in held:
                    found[word].add(pk)
    return found


def _fullest(authors: dict[str, set[int]]) -> dict[str, set[int]]:
    """Return of those whom each word names the ones whom most of the words name: "Ann Lund" is not Ann Smith."""
    words = Counter(chain.from_iterable(authors.values()))
    most = {word: max((words[one] for one in found), default=0) for word, found in authors.items()}
    return {word: {one for one in found if words[one] == most[word]} for word, found in authors.items()}


def _documents_of(connection: sqlite3.Connection, authors: Collection[int]) -> set[int]:
    rows = connection.execute(
        f"SELECT DISTINCT document FROM chunks WHERE pk IN (SELECT chunk FROM chunk_authors WHERE author IN {GIVEN})",
        (json.dumps(list(authors)),),
    )
    return {row[0] for row in rows}


def _mentioning(connection: sqlite3.Connection, word: str) -> set[int]:
    """Return the documents in which a word is said, of those that do not tell speakers by name.

    Where they do, whoever is only spoken of has said nothing.
    """
    rows = connection.execute(
        "SELECT DISTINCT document FROM chunks WHERE pk IN (SELECT rowid FROM words WHERE words MATCH ?) EXCEPT "
        "SELECT c.document FROM chunks c JOIN chunk_authors a ON a.chunk = c.pk JOIN authors n ON n.pk = a.author "
        "WHERE length(n.name) > 1 AND n.name NOT LIKE 'speaker%' AND n.name NOT GLOB 'S[0-9]*' GROUP BY c.document "
        "HAVING count(DISTINCT n.pk) > 1", (f'"{word}"',),
    )  # fmt: skip
    return {row[0] for row in rows}


def _in_time(
    connection: sqlite3.Connection, documents: set[int] | None, speakers: set[int], allowed: Collection[int] | None,
    *, free: set[int],
) -> list[_Row]:  # fmt: skip
    """Return the newest passages that pass, the last one first; a document's stand together.

    In the documents that are ``free`` all speakers pass.
    """
    rows = connection.execute(
        "SELECT coalesce(nullif(t.first, 0), c.pk), c.pk, c.document FROM chunks c LEFT JOIN said t ON t.chunk = c.pk "
        "JOIN (SELECT document, min(started_at) AS began FROM chunks GROUP BY document) d ON d.document = c.document "
        "WHERE (?1 IS NULL OR c.document IN (SELECT value FROM json_each(?1))) "
        "AND (?2 = '[]' OR c.document IN (SELECT value FROM json_each(?3)) "
        "OR c.pk IN (SELECT chunk FROM chunk_authors WHERE author IN (SELECT value FROM json_each(?2)))) "
        "ORDER BY d.began DESC NULLS LAST, c.document DESC, c.position DESC",
        (
            None if documents is None else json.dumps(list(documents)),
            json.dumps(list(speakers)),
            json.dumps(list(free)),
        ),
    )
    found: list[_Row] = []
    numbers: set[int] = set()
    for row in map(_Row._make, rows):
        if allowed is None or row.number in allowed:
            found.append(row)
            numbers.add(row.number)
        if len(numbers) == NEWEST:
            break
    return found
