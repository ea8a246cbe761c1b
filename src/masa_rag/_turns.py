"""Whose turn a quotation is of: the one that is cited for it, and whether it is that of who is named beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import cache, lru_cache, partial
from itertools import chain, product

from masa_rag._quotations import cited_in, plain, quotations_in, stands, with_surroundings
from masa_rag.chunkers._passages import Placed, part_holding
from masa_rag.types import Chunk, Document, Hit

Documents = Callable[[str, str], Document | None]
"""Returns a document by source and id."""
Placing = Callable[[str, str], Placed | None]
"""The same, with the places of its segments."""

_VERB = (
    r"(?:(?:has|had|also) )?(?:said|says|wrote|writes|asked|asks|replied|replies|answered|answers|added|adds"
    r"|noted|notes|explained|explains|stated|states|posted|tweeted)(?: that)?"
)
_BEFORE = (
    r"(?:^|[.!?:;,)\]*]|\b(?:and|but|while|as|then|[Aa]ccording to)\b)[\W_]*{names}(?!\w)[\W_]*"
    r"(?:\([^()]*\)[\W_]*)?(?:{verb}[\W_]*)?$"
)
"""Who is named just before a quotation: "Bo: ...", "but Bo (in May) said: ...", "according to Bo, ..."."""
_AFTER = (
    r"^,?\s*(?:(?:said|says|wrote|writes|asked|asks|according to) {names}(?!\w)|{names} {verb}\b"
    r"|(?:[—–-]|\() ?{names}(?!\w))"
)


def placing(document: Documents | None) -> Placing:
    """Return what reads each document once; nothing is known where it is None."""

    @cache
    def placed(source: str, document_id: str) -> Placed | None:
        whole = None if document is None else document(source, document_id)
        return None if whole is None else Placed(whole, whole.spans())

    return placed


def from_quotations(text: str, hits: Sequence[Hit], known: Sequence[int], document: Placing) -> list[Hit]:
    """Return the hits; those that are quoted begin with the line in which the first quotation of them stands."""
    passages = list(hits)
    for line in text.splitlines():
        for quote, number in product(quotations_in(line), cited_in(line, known) or known):
            if passages[number - 1] is hits[number - 1]:
                passages[number - 1] = narrowed(hits[number - 1], document, partial(_says, quote))
    return passages


def narrowed(hit: Hit, document: Placing, holds: Callable[[str], bool]) -> Hit:
    """Return the hit from the line on in which something stands; as it is where that is not known."""
    whole = document(hit.chunk.source, hit.chunk.document_id)
    chunk = hit.chunk if whole is None else part_holding(hit.chunk, whole, holds)
    return hit if chunk is hit.chunk else replace(hit, chunk=chunk)


def _says(quote: str, text: str) -> bool:
    return stands(quote, plain(text))


def false_speakers(line: str, hits: Sequence[Hit], cited: Sequence[int], document: Placing) -> list[str]:
    """Return a problem for each quotation beside which another speaker of the passages is named than who says it.

    What speaks of who is named is left alone ("Bo told me: ..."), and so is what is said by several.
    """
    speakers = set(chain.from_iterable(hit.chunk.authors for hit in hits))
    problems = []
    for before, quote, after in with_surroundings(line):
        named = _named(before, after, speakers)
        turns = _turns_with(quote, [hits[number - 1].chunk for number in cited], document) if named else []
        by = {author for turn in turns for author in turn.authors}
        if by and not by & named and not any(_speaks_of(turn, named) for turn in turns):
            problems.append(f"“{quote}” is by {_listed(by)}, not by {_listed(named)}")
    return problems


def _named(before: str, after: str, speakers: Collection[str]) -> set[str]:
    """Return those of the speakers who are named beside a quotation, behind it only where nothing is quoted next."""
    likely = {name for name in speakers if any(word in before + after for word in name.split())}
    found = {name for name in likely if _pattern(_BEFORE, name).search(before)}
    return found or {
        name for name in likely if _pattern(_AFTER, name).search(after) and not _pattern(_BEFORE, name).search(after)
    }


@lru_cache(256)
def _pattern(template: str, name: str) -> re.Pattern[str]:
    """Return the pattern for a whole name or a word of it."""
    names = "|".join(map(re.escape, {name, *(word for word in name.split() if len(word) > 1)}))
    return re.compile(template.format(names=rf"(?<!\w)(?:{names})", verb=_VERB))


def _turns_with(quote: str, passages: Sequence[Chunk], document: Placing) -> list[Chunk]:
    """Return the turns in which a quotation stands; none where one passage has it twice or does not tell the turn."""
    found = []
    for passage in passages:
        if not _says(quote, passage.text):
            continue
        turn = passage
        if len(passage.authors) > 1:
            whole = document(passage.source, passage.document_id)
            turn = passage if whole is None else part_holding(passage, whole, partial(_says, quote))
        if len(turn.authors) != 1 or plain(passage.text).count(plain(quote)) > 1:
            return []
        found.append(turn)
    return found


def _speaks_of(turn: Chunk, named: Collection[str]) -> bool:
    spoken = plain(turn.text.removeprefix(f"{turn.authors[0]}:"))
    return any(plain(word) in spoken for name in named for word in name.split())


def _listed(names: Collection[str]) -> str:
    return " and ".join(sorted(names))
