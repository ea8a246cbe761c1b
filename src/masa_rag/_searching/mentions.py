"""Questions for mentions of something: the first, the latest, in which talks, by whom."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from masa_rag._copies import own_words
from masa_rag._names import matching_authors
from masa_rag._quotations import quotations_in
from masa_rag._reading import Filters, chunks_by_id, ids_of
from masa_rag._searching.copies import with_copies
from masa_rag._searching.sentences import stems_among, stems_of
from masa_rag._words import STOP_WORDS, spaced, words_of
from masa_rag.types import Hit

_VERB = (
    r"(?:mention(?:s|ed)?|discuss(?:es|ed)?|(?:talk|speak|post|tweet|chat)(?:s|ed)? about|spoke (?:about|of)|speaks? of"
    r"|writes? about|wrote about|brings? up|brought up|refer(?:s|red)? to)"
)
_DONE = r"(?:mentioned|discussed|talked about|spoken of|spoken about|brought up|referred to)"
_TALKS = (
    r"(?:conversation|discussion|chat|session|meeting|talk|call|episode|podcast|recording|transcript|thread|interview"
    r"|channel|document|page|article|note|video|post|tweet)s?"
)
_ANYBODY = r"(?:they|we|people|anyone|anybody|somebody|someone|everyone|you)"
_WHAT = r"(?P<what>.+?)"
_FIRST_OR_LAST = r"(?P<order>first|last)"
_WHO = r"(?P<who>[^?]{1,60}?)"
_NEWEST = r"(?P<order>first|last|latest|newest|most recent)"
_POST = r"(?:message|post|tweet|comment|remark)s?"
_SHOW = r"(?:what(?:['’]?s| was| is| were| are)|show me|give me)? ?"
_ASKED = (
    rf"what (?:did|has|have) {_WHO} (?:say|said|write|written|post|posted|tweet|tweeted) {_FIRST_OR_LAST}",
    rf"what did {_WHO} {_FIRST_OR_LAST} (?:say|write|post|tweet)(?: about {_WHAT})?",
    rf"{_SHOW}(?:the )?{_NEWEST} (?:thing|{_POST}) (?:that )?{_WHO} "
    rf"(?:said|wrote|posted|tweeted|sent)(?: about {_WHAT})?",
    rf"{_SHOW}(?:the )?{_NEWEST} {_POST} (?:from|by|of) {_WHO}(?: about {_WHAT})?",
    rf"{_SHOW}{_WHO}['’]s? {_NEWEST} {_POST}(?: about {_WHAT})?",
    rf"when (?:did|was it that) {_WHO} {_FIRST_OR_LAST} (?:ever )?{_VERB} {_WHAT}",
    rf"when did {_WHO} {_VERB} {_WHAT} for the {_FIRST_OR_LAST} time",
    rf"when (?:was|were) (?:the )?{_WHAT} {_FIRST_OR_LAST} {_DONE}",
    rf"when (?:was|were) (?:the )?{_WHAT} {_DONE} for the {_FIRST_OR_LAST} time",
    rf"when did {_WHAT} {_FIRST_OR_LAST} come up",
    rf"when was the {_FIRST_OR_LAST} mention of {_WHAT}",
    rf"when was the {_FIRST_OR_LAST} time (?:that )?{_WHO} {_VERB} {_WHAT}",
    rf"who (?:was the )?{_FIRST_OR_LAST} (?:person |one )?(?:to )?{_VERB} {_WHAT}",
    rf"who {_VERB} {_WHAT} {_FIRST_OR_LAST}",
    r"(?:what(?:['’]?s| is| are| was)|give me|show me|tell me|any)?\s*(?:the )?(?P<order>latest|newest|most recent)"
    r"(?: (?:news|updates?|word|status|info(?:rmation)?|developments?|messages?|posts?|tweets?))?"
    rf"(?: from {_WHO})? (?:on|about|regarding) {_WHAT}",
    rf"(?:is there |are there )?(?P<order>any) (?:news|updates?) (?:on|about|regarding) {_WHAT}",
    rf"(?:in )?(?:which|what) (?P<talks>{_TALKS}) (?:(?:did|do|does|have) {_ANYBODY} )?(?:that )?"
    rf"(?:{_VERB}|(?:is|are|was|were) about) {_WHAT}",
    rf"(?:in )?(?:which|what) (?P<talks>{_TALKS}) (?:is|are|was|were) {_WHAT} {_DONE}(?: in)?",
    rf"(?:list|name|show me|find)(?: me)? (?:all |every )?(?:the |of the )?(?P<talks>{_TALKS}) "
    rf"(?:(?:(?:in which|where) {_ANYBODY} |that |which )?{_VERB}|(?:that are |which are )?about) {_WHAT}",
    rf"(?P<people>who) (?:all |else )?(?:has |have )?{_VERB} {_WHAT}(?: (?:the )?most)?",
    rf"(?P<people>who) (?:talks|talked|speaks|spoke|tweets|tweeted|posts|posted) (?:the )?most about {_WHAT}",
)
_MAY_ASK = re.compile(r"\b(?:first|last|latest|newest|recent|news|updates?|which|what|who|list|name|show|find)\b", re.I)
"""Words of which each such question has one."""
_LONGEST = 300
"""Characters of such a question: a whole letter is none."""
_FOR_A_QUOTATION = frozenset(
    """who where when which what did does was is has they he she it that this the say said says wrote writes tweeted
    posted find source quote of in from exactly literally episode call context come comes stand stands""".split()
)
"""What may stand beside a quotation that is all of a question: "Who said ..."."""
_QUOTED_WORDS = 3
_NOBODY = frozenset(
    "they we people anyone anybody somebody someone everyone you it the group team hosts guests".split()
)
_SELF = frozenset(["i", "me"])
"""Who asks: in chats with an assistant the one who is called so there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question for mentions names.

    Attributes:
        what: Of what; empty where all that somebody said is meant.
        who: By whom, as it is written; None where anybody is meant.
        each: "document" or "authors", if one is asked for of each; None for the first or the latest.
        latest: Whether the newest come first.
        is_quoted: Whether it is asked for word for word.
    """

    what: str = ""
    who: str | None = None
    each: str | None = None
    latest: bool = False
    is_quoted: bool = False

    @property
    def subject(self) -> str:
        """Who and what, for a search where nothing mentions it."""
        return " ".join(filter(None, (self.who, self.what)))


class _Mention(NamedTuple):
    number: int
    document: int
    authors: str
    started: float | None
    position: int
    rank: float


def mentions_asked(question: str) -> Asked | None:
    """Return what a question for mentions names, or None where it is none, or of nothing and nobody."""
    plain = " ".join(question.split())
    if len(plain) > _LONGEST:
        return None
    if quote := _quoted(plain):
        return Asked(quote, is_quoted=True)
    rules = _rules() if _MAY_ASK.search(plain) else []
    found = next(filter(None, (rule.fullmatch(plain) for rule in rules)), None)
    if found is None:
        return None
    given = defaultdict(str, {name: text for name, text in found.groupdict().items() if text})
    who = None if _NOBODY.issuperset(given["who"].lower().removeprefix("the ").split()) else given["who"]
    each = "document" if given["talks"] else "authors" if given["people"] else None
    asked = Asked(given["what"], who, each, latest=not each and given["order"].lower() != "first")
    return asked if _words(asked.what) or (who and not asked.what) else None


def _quoted(question: str) -> str | None:
    """Return the quotation that is all of a question, beside words that ask who said it or where."""
    quote = next((quote for quote in quotations_in(question) if len(words_of(quote)) >= _QUOTED_WORDS), None)
    rest = words_of(question.replace(quote, " ")) if quote else []
    return quote if _FOR_A_QUOTATION.issuperset(word for word, _, _ in rest) else None


@cache
def _rules() -> list[re.Pattern[str]]:
    """Return the patterns, made when one may match: all of them take 25 ms."""
    return [re.compile(rf"\s*{pattern}[\s?.!]*", re.IGNORECASE) for pattern in _ASKED]


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(word for word, _, _ in words_of(text) if word not in STOP_WORDS))


def mentions(
    connection: sqlite3.Connection, question: str, *, k: int, allowed: Collection[int] | None, filters: Filters
) -> list[Hit]:
    """Return up to ``k`` passages that hold what a question asks for mentions of; none for other questions.

    For the first they come in the order of time, for the latest the newest comes first; where no time is known, and
    they are of several documents, there is no order. "Which episodes mention ..." has one of each document, first those
    whose title holds it, "who mentioned ..." one of each speaker; who or what has the most comes first. No mention is
    left out because another passage is nearer to the question, so nothing else is ranked.

    Args:
        connection: The catalogue's.
        question: As it was asked, without the words that name a time.
        k: How many.
        allowed: Numbers of the passages that may be returned; None for all.
        filters: What they pass; of copies one that passes is shown.
    """
    asked = mentions_asked(question)
    speakers = _speakers(connection, asked.who) if asked else None
    if asked is None or speakers is None:
        return []
    words = [asked.what] if asked.is_quoted else _words(asked.what)
    found = _holding(connection, "text", words, speakers, allowed)
    titled = _holding(connection, "header", words, speakers, allowed) if asked.each == "document" else []
    ordered = _each(found, titled, asked.each) if asked.each else _in_time(found, latest=asked.latest)
    ids = ids_of(connection, [number for number, _ in ordered[:k]])
    chunks = chunks_by_id(connection, list(ids.values()))
    known = [(chunks[ids[number]], times) for number, times in ordered[:k] if ids.get(number) in chunks]
    hits = [Hit(chunk, 1 / rank, rank, {"mentions": times}) for rank, (chunk, times) in enumerate(known, 1)]
    return with_copies(connection, hits, filters, preferred=())


def _speakers(connection: sqlite3.Connection, who: str | None) -> list[int] | None:
    """Return the numbers of those who are named, none where anybody is meant; None where nobody has the name."""
    if not who:
        return []
    return matching_authors(connection, ["user", "human"] if who.lower() in _SELF else [who]) or None


def _holding(
    connection: sqlite3.Connection, column: str, words: Sequence[str], speakers: Sequence[int],
    allowed: Collection[int] | None,
) -> list[_Mention]:  # fmt: skip
    """Return the passages that hold all of the words in their text or header, what has several of them word for word.

    Where speakers are given it is what they said; without words all of it. Copies are left out, and what is not
    allowed. The name of who speaks counts for nothing.
    """
    together = " AND ".join(f'"{" ".join(part for part, _, _ in words_of(spaced(word)))}"' for word in words)
    table, rank, match = "words w JOIN chunks c ON c.pk = w.rowid", "w.rank", "words MATCH ?1"
    if not words:
        table, rank, match = "chunks c", "0", "?1 != ''"
    rows = connection.execute(
        f"SELECT c.pk, c.document, c.authors, c.started_at, c.position, {rank} FROM {table} "
        f"LEFT JOIN said t ON t.chunk = c.pk WHERE {match} AND coalesce(t.first, 0) IN (0, c.pk) "
        "AND (?2 = '[]' OR c.pk IN "
        "(SELECT chunk FROM chunk_authors WHERE author IN (SELECT value FROM json_each(?2))))",
        (f"{column} : ({together})", json.dumps(list(speakers))),
    )
    found = [one for one in map(_Mention._make, rows) if allowed is None or one.number in allowed]
    return [one for one in found if _holds(connection, column, one, words)]


def _holds(connection: sqlite3.Connection, column: str, one: _Mention, words: Sequence[str]) -> bool:
    """Say whether a passage holds the words beside the name of its own speaker, with which its text begins."""
    if not any(word in one.authors.lower() for word in words):
        return True
    if column == "header":
        return False
    text = connection.execute("SELECT text FROM chunks WHERE pk = ?", (one.number,)).fetchone()[0]
    return stems_among(words) <= stems_of(own_words(text, one.authors))


def _in_time(found: Sequence[_Mention], *, latest: bool) -> list[tuple[int, float]]:
    """Return the numbers in the order of time, what has none last, and 1 for each."""
    if len({one.document for one in found}) > 1 and all(one.started is None for one in found):
        return []
    sign = -1 if latest else 1
    ordered = sorted(
        found,
        key=lambda one: (one.started is None, sign * (one.started or 0), sign * one.document, sign * one.position),
    )
    return [(one.number, 1.0) for one in ordered]


def _each(found: Sequence[_Mention], titled: Sequence[_Mention], key: str) -> list[tuple[int, float]]:
    """Return the best of each document or speaker and how many each has, who or what has most first.

    Of documents those whose title holds it come before the others, with how they begin if nothing in them holds it.
    """
    groups: defaultdict[object, list[_Mention]] = defaultdict(list)
    for one in found:
        groups[getattr(one, key)].append(one)
    groups.pop("[]", None)  # nobody is known to have said it
    nearest = sorted(groups, key=lambda held: min(one.rank for one in groups[held]))
    best = {held: (min(groups[held], key=lambda one: one.rank).number, len(groups[held])) for held in nearest}
    begins: dict[object, tuple[int, int]] = {}
    for one in sorted(titled, key=lambda one: one.position):
        begins.setdefault(one.document, (one.number, 0))
    order = sorted(begins | best, key=lambda held: (held not in begins, -(begins | best)[held][1]))
    return [(number, float(times)) for number, times in ((begins | best)[held] for held in order)]
