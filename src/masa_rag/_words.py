"""Words as the word index sees them: folded, stemmed, and as numbers that can be counted fast.

SQLite's own tokenizer does the work, in a table in memory, so that what is counted here and what FTS5
finds are the same words, in every language and without a second stemmer.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import unicodedata
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from masa_rag.errors import StorageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bag = NDArray[np.uint32]
    """Digests of a text's stems, one for each word of it."""

TOKENIZER = "porter unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
"""How FTS5 splits what ``spaced`` returns: runs of letters, digits and signs above, below and beside them (Hindi and
Tamil write vowels so), without accents, English endings off (Porter, 1980)."""

STOP_WORDS = frozenset(
    """a about above after again against ain all am an and any are aren as at be because been before being below
    between both but by can could couldn d did didn discuss discussed do does doesn doing don down during each few
    for from further had hadn has hasn have haven having he her here hers herself him himself his how i if in into
    is isn it its itself just ll m me mention mentioned more most my myself no nor not now of off on once only or
    other our ours ourselves out over own please re s said same say says she should shouldn so some such t talk
    talked tell than that the their theirs them themselves then there these they this those through to too under
    until up us ve very was wasn we were weren what when where which while who whom whose why will with won would
    wouldn you your yours yourself yourselves""".split()
)
"""Words that rank nothing: they stand in nearly every passage, or say only that something is asked
("who said", "did they mention"). OR-ing them makes FTS5 score every row (measured: 55 ms instead of
2 ms on 50,000 passages)."""

_UNSPACED = (
    r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ecd\u0edc-\u0edf\u1000-\u103f\u1050-\u108f\u1780-\u17d3\u17d7\u17dc\u17dd"
    r"\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31f0-\u31ff\u3400-\u4dbf"
    r"\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, Chinese and Japanese, which have no blanks between words, and Korean, where endings are
part of them."""
_DROPPED = (
    r"\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670\u200d\ufe00-\ufe0f"
    r"\U000e0100-\U000e01ef"
)
"""What some write and most leave out: Arabic and Hebrew vowels, and signs that only choose or join shapes."""
_MARKS = "".join(
    letter
    for first, last in ((0x300, 0x1D00), (0xA800, 0xAC00))
    for letter in map(chr, range(first, last))
    if unicodedata.category(letter) in ("Mn", "Mc")
)
"""Signs that belong to the letter before them, which ``\\w`` does not hold."""
_RUN = re.compile(rf"[{_UNSPACED}]+")
_EXTRA = re.compile(rf"[{_DROPPED}]+")
_WORD = re.compile(
    rf"[^\W_{_UNSPACED}](?:[^\W_{_UNSPACED}]|(?![{_UNSPACED}])[{_MARKS}{_DROPPED}])*"
    rf"|[{_UNSPACED}](?=([{_UNSPACED}]))|(?<![{_UNSPACED}])[{_UNSPACED}]"
)
"""A word, the first character of a pair, or one that stands alone."""
_scratch = threading.local()


def words_of(text: str) -> list[tuple[str, int, int]]:
    """Return (word in small letters, first character, one past the last) of each word, or pair (see ``spaced``)."""
    spans = ((found.start(), found.end() + (found[1] is not None)) for found in _WORD.finditer(text))
    words = ((_EXTRA.sub("", text[start:end].lower()), start, end) for start, end in spans)
    return [item for item in words if item[0]]


def spaced(text: str) -> str:
    """Return text with each two neighbouring characters of a script without blanks as a word of their own.

    So 电池 is found in 电池盒 without a dictionary. (Overlapping bigrams, as in Lucene's CJKAnalyzer.) Vowels that
    most leave out are left out.
    """
    return text if text.isascii() else _RUN.sub(_pairs, _EXTRA.sub("", text))


def _pairs(run: re.Match[str]) -> str:
    letters = run[0]
    return f" {' '.join(letters[at : at + 2] for at in range(max(1, len(letters) - 1)))} "


def stems(words: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the stems of each word: one, none for a mark, several where FTS5 splits further."""
    found: list[tuple[str, ...]] = [() for _ in words]
    for term, row in _instances(words):
        found[row] += (term,)
    return found


def bag_of(text: str) -> bytes:
    """Return the digests of a text's stems as they are stored."""
    return bags([text])[0].tobytes()


def bags(texts: Sequence[str]) -> list[Bag]:
    """Return the digests of each text's stems, in no particular order."""
    import numpy as np

    rows = _instances(texts)
    known: dict[str, int] = {}
    for term, _ in rows:
        if term not in known:
            known[term] = digest_of(term)
    digests = np.fromiter((known[term] for term, _ in rows), np.uint32, len(rows))
    owners = np.fromiter((row for _, row in rows), np.int64, len(rows))
    order = np.argsort(owners, kind="stable")
    return np.split(digests[order], np.searchsorted(owners[order], np.arange(1, len(texts))))[: len(texts)]


def joined_bags(stored: Sequence[bytes]) -> Bag:
    """Return the digests of stored bags, one after the other.

    Raises:
        StorageError: One of them is damaged.
    """
    import numpy as np

    if any(len(bag) % 4 for bag in stored):
        raise StorageError(
            "the counted words of a passage are damaged; masa-rag verify names it, masa-rag rebuild counts them anew"
        )
    return np.frombuffer(b"".join(stored), np.uint32)


def digest_of(stem: str) -> int:
    """Return 32 bits that stand for a stem. Of 100,000 stems, one pair collides, and only rank suffers."""
    return zlib.crc32(stem.encode("utf-8", "replace"))


def _instances(texts: Sequence[str]) -> list[tuple[str, int]]:
    """Return (stem, number of its text) for each word of the texts."""
    connection: sqlite3.Connection | None = getattr(_scratch, "connection", None)
    if connection is None:
        connection = _scratch.connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.execute(f"CREATE VIRTUAL TABLE scratch USING fts5 (text, content='', tokenize=\"{TOKENIZER}\")")
        connection.execute("CREATE VIRTUAL TABLE instances USING fts5vocab (scratch, instance)")
    rows = ((number, spaced(text.encode("utf-8", "replace").decode())) for number, text in enumerate(texts))
    connection.execute("BEGIN")
    try:
        connection.executemany("INSERT INTO scratch (rowid, text) VALUES (?, ?)", rows)
        # To FTS5 an accent that stands alone, as in text out of a PDF file, is a word without letters.
        return connection.execute("SELECT term, doc FROM instances WHERE term IS NOT NULL").fetchall()
    finally:
        connection.execute("ROLLBACK")
