"""Names of people: which are the same, whom a filter means, and whom a question names."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from difflib import SequenceMatcher
from itertools import chain
from typing import TYPE_CHECKING
from unicodedata import normalize

from masa_rag._rows import GIVEN, readable_document
from masa_rag._words import STOP_WORDS, words_of

if TYPE_CHECKING:
    from masa_rag.types import Document, Segment

_ACCENTS = re.compile("[\u0300-\u036f]+")
_HANDLE = re.compile(r"[a-z0-9_.]{2,32}")
"""As X, Telegram, Discord and Discourse have them, in small letters."""
_DOMAIN = re.compile(r"(?<!\s)[._](?:eth|sol|lens|btc)$", re.IGNORECASE)
"""With what many names on chains end; who asks for the price of ETH means none of them."""
_LIKE = 0.75
"""From so much likeness on somebody else may be meant: "bredan" and "brendan" have .92, "ann" and "dan" .67."""
_SHORTEST, _MISSPELT = 4, 0.8
"""A word that may be a name misspelt has so many letters, and this likeness."""
_APOSTROPHES = str.maketrans("’‘ʼ`´", "'''''")
"""Phones put a curved one into a name that a keyboard writes with a straight one."""


def same_name(name: str) -> str:
    """Return the form in which names are compared: case, outer blanks and how an accent is encoded do not count.

    (Canonical caseless matching, Unicode 3.13: macOS writes é as two characters, most others as one.)
    """
    return name.strip().lower() if name.isascii() else normalize("NFC", normalize("NFD", name.strip()).casefold())


def without_accents(name: str) -> str:
    """Return a name as who has no such keys types it, in small letters: "zoe" for "Zoë"."""
    return name.lower() if name.isascii() else normalize("NFC", _ACCENTS.sub("", normalize("NFD", name.casefold())))


def name_words(name: str) -> set[str]:
    """Return the words of a name, or of a title, without accents; of "niko.eth" the ending is none."""
    return {without_accents(word) for word, _, _ in words_of(_DOMAIN.sub("", name))}


def stored_sources(connection: sqlite3.Connection, names: Iterable[str]) -> list[str]:
    """Return the names of sources as they are stored, where an accent may be encoded otherwise; unknown ones as given.

    A source is named after its file or folder, and those of a Mac have é as two characters, which nobody types.
    """
    stored = {row[0] for row in connection.execute("SELECT name FROM sources")}
    forms = {normalize("NFC", name): name for name in stored}
    return [name if name in stored else forms.get(normalize("NFC", name), name) for name in names]


def matching_authors(connection: sqlite3.Connection, wanted: Iterable[str]) -> list[int]:
    """Return the numbers of the authors whose name is, or has as whole words, one of ``wanted``.

    Accents count where they are typed: "zoe" finds Zoë, "zoë" does not find Zoe. How an apostrophe is bent does not,
    nor does the sign before a handle. What is nobody's name may be a handle: it finds whoever posts under it.
    """
    typed = (same_name(name).removeprefix("@").translate(_APOSTROPHES) for name in wanted)
    authors = connection.execute("SELECT pk, name FROM authors").fetchall()
    return sorted({pk for name in filter(None, typed) for pk in _called(connection, authors, name)})


def _called(connection: sqlite3.Connection, authors: Sequence[tuple[int, str]], typed: str) -> list[int]:
    pattern = re.compile(rf"(?<!\w){re.escape(typed)}(?!\w)")
    if found := [pk for pk, name in authors if _means(pattern, name)]:
        return found
    names = _under(connection, typed) if _HANDLE.fullmatch(typed) else set()
    return [pk for pk, name in authors if name in names]


def _under(connection: sqlite3.Connection, handle: str) -> set[str | None]:
    """Return the names under which somebody of a handle posts. All documents are read: 0.2 s for 100 MB."""
    rows = connection.execute("SELECT body FROM documents WHERE CAST(body AS TEXT) LIKE ?", (f'%"{handle}"%',))
    known = filter(None, (readable_document(row[0]) for row in rows))
    parts: Iterable[Document | Segment] = chain.from_iterable((document, *document.segments) for document in known)
    return {part.author for part in parts if handle in _handles(part)}


def _handles(part: Document | Segment) -> set[str]:
    return {str(part.metadata.get(key)).lower() for key in ("username", "handle")}


def _means(pattern: re.Pattern[str], name: str) -> bool:
    straight = name.translate(_APOSTROPHES)
    return bool(
        pattern.search(same_name(straight)) or (not name.isascii() and pattern.search(without_accents(straight)))
    )


def similar_authors(connection: sqlite3.Connection, name: str) -> list[str]:
    """Return up to five whose names contain this one, or whom a filter by it finds; none where one has exactly it."""
    authors = connection.execute("SELECT pk, name FROM authors ORDER BY name").fetchall()
    if any(same_name(known) == same_name(name) for _, known in authors):
        return []
    found, plain = matching_authors(connection, [name]), _one_blank(name)
    return [known for pk, known in authors if pk in found or plain in _one_blank(known)][:5]


def _one_blank(name: str) -> str:
    """Return a name without accents, and with one plain blank where it has several, or one that does not break."""
    return " ".join(without_accents(name).split())


def authors_like(connection: sqlite3.Connection, typed: str) -> list[str]:
    """Return up to five who may be meant by a name that nobody has: whose name, or a word of it, is nearly that."""
    plain = without_accents(typed.strip().removeprefix("@"))
    likeness = {row[0]: _likeness(plain, row[0]) for row in connection.execute("SELECT name FROM authors")}
    return sorted((name for name in likeness if likeness[name] > _LIKE), key=lambda name: (-likeness[name], name))[:5]


def _likeness(plain: str, name: str) -> float:
    """Return how alike what was typed and a name are, from 0 to 1, where the name holds it."""
    whole = without_accents(name)
    if plain in whole:
        return 1.0
    return max(SequenceMatcher(None, plain, part, autojunk=False).ratio() for part in {whole, *name_words(name)})


def named_in(
    connection: sqlite3.Connection, numbers: Sequence[int], words: Collection[str], unknown: Collection[str] = ()
) -> set[int]:
    """Return those of the chunks in which somebody speaks of whose name a word is among ``words``.

    Words that nothing holds (``unknown``) may be a name misspelt, or the beginning of a handle.
    """
    among, wanted = json.dumps(numbers), set(map(without_accents, words))
    speakers = connection.execute(
        "SELECT pk, name FROM authors WHERE pk IN "
        f"(SELECT author FROM chunk_authors WHERE chunk IN {GIVEN})", (among,),
    )  # fmt: skip
    own = {pk: name_words(name) for pk, name in speakers}
    wanted |= {word for word in set().union(*own.values()) for typed in unknown if _is_typed_for(typed, word)}
    if not (named := [pk for pk, held in own.items() if wanted & held]):
        return set()
    rows = connection.execute(
        f"SELECT chunk FROM chunk_authors WHERE chunk IN {GIVEN} AND +author IN {GIVEN}", (among, json.dumps(named))
    )
    return {row[0] for row in rows}


def _is_typed_for(typed: str, word: str) -> bool:
    """Say whether a word of a name is meant: "timbeiko" by "timbieko" and by "timb"."""
    if len(typed) < _SHORTEST or typed[0] != word[0]:
        return False
    return word.startswith(typed) or SequenceMatcher(None, typed, word, autojunk=False).ratio() >= _MISSPELT


def capitalised(text: str) -> set[str]:
    """Return the words, in small letters, that are written like a name within a text: with a capital, not first.

    Some names are common words: Will, Don, Ma. A single letter is none.
    """
    words = words_of(text)
    return {word for word, start, _ in words[1:] if text[start].isupper() and len(word) > 1}


def names_in(question: str) -> set[str]:
    """Return the words of a question, in small letters, that may name somebody: what is no common word, or looks so."""
    return {word for word, _, _ in words_of(question)} - STOP_WORDS | capitalised(question)
