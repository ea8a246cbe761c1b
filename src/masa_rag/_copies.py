"""Whether two short texts say the same: copied, with another link, mention, emoji or word.

People and programs copy posts. What is copied is said once and counted. Two texts are one when their
words are, or when few words differ that do not change what is said; numbers, tickers, tags, names and
words such as "not" must be the same, for "the price is 5" is not "the price is 6".

Copies with a changed word are found by shingles: runs of four words, of which each text keeps the
eight with the smallest digests, so that two texts which share most of their runs share two of those
(Broder, 1997, "On the resemblance and containment of documents"). What shares two is compared word by
word.

Measured with ``benchmarks/copies.py`` on 7,505 posts about coins, each changed: with another link, handle,
mark, tag, letter or small word, 98 to 100 % are found; with any other word 62 % (98 % of those of 16 words, for
in short ones another word is another statement). A changed number, ticker or a "not" is never taken for a copy,
a name put in once in 350. Of the pairs of whole posts that were folded with changed words all eleven were copies.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from masa_rag._rows import names_in

COPIED_WORDS = 6
"""From so many words on, the same words are a copy; shorter ones ("gm", "I agree.") people say on their own."""
_LIKE_WORDS = 8
"""From so many words on, nearly the same words are one; one word in eight may then be another."""
_FREE_WORDS = 16
"""One word in so many may be any other; below, changed words are small ones, or the same word misspelt."""
_SHINGLE, _KEPT = 4, 8

_RETWEET = re.compile(r"^(?:rt\s+@\w+\s*:?\s*)+", re.IGNORECASE)
LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_TOKEN = re.compile(r"(?<!\w)[+-]?[$€£]?\d[\d.,:/]*\w*%?|[@#$]?\w+(?:['’]\w+)*|[?.!:\n]")
_PICTURE = re.compile(r"https?://(?:t\.co|\w+\.twimg\.com)/", re.IGNORECASE)
_WORDS_A_LINK = 6
"""With fewer words to a link the links are what is said ("Agenda: ... Stream: ..."); pictures do not count."""
_ENDS = frozenset(".!:\n")
_OF_WHOM = frozenset("is are was were has have had will would can just says said".split())
_SEPARATED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NEGATIONS = frozenset(
    """not no never none nobody nothing neither nor without cannot cant wont dont doesnt didnt isnt arent wasnt werent
    hasnt havent hadnt shouldnt wouldnt couldnt aint unless if except hardly barely almost nearly fake false
    stop stopped avoid deny denies denied refuse refused reject rejected fail failed fails""".split()
)
_APART = [
    frozenset(group.split())
    for group in (
        "buy sell bought sold buying selling hold", "long short", "up down", "high low", "higher lower",
        "highest lowest", "rise fall", "rises falls", "rising falling", "rose fell", "raise lower", "raised lowered",
        "bull bear", "bullish bearish", "above below", "over under", "before after since until", "more less fewer",
        "most least", "many few all some any", "win lose", "wins loses", "won lost", "good bad", "better worse",
        "best worst", "right wrong left", "love hate like dislike", "start end begin", "starts ends begins",
        "open close", "open closed", "in out", "for against", "to from", "on off", "first second third",
        "last next previous", "early late", "earlier later", "old new",
        "today tomorrow yesterday tonight", "day week month year hour minute",
        "daily weekly monthly yearly hourly", "monday tuesday wednesday thursday friday saturday sunday",
        "january february march april may june july august september october november december",
        "spring summer autumn winter fall", "morning noon afternoon evening night midnight",
        "one two three four five six seven eight nine ten dozen hundred thousand million billion trillion",
        "i you he she we they", "my your his her our their", "man woman men women boy girl",
        "north south east west", "green red blue white black yellow", "hot cold", "safe unsafe dangerous risky",
        "approve approved accept accepted pass passed", "increase decrease", "increased decreased", "gain loss",
        "gains losses", "pump dump", "pumped dumped", "pumping dumping", "is was will", "has had",
        "always sometimes often rarely", "can should must may might could would", "free paid",
    )
]  # fmt: skip
"""Words of one group stand against each other: put in each other's place they turn what is said."""
_PLACES = {word: {number for number, group in enumerate(_APART) if word in group} for group in _APART for word in group}
_SMALL = frozenset(
    """a an and as at be been but by do does so such than that the then there these this those too very of or it its
    just really now here also all guys everyone folks frens friends please pls plz u ur r im youre lol lfg wow hey hi
    hello well ok okay still already even ever more much right today again icymi""".split()
)


@dataclass(frozen=True)
class Words:
    """What a text says, for comparing: its words without case, links, emoji, marks, and who is addressed.

    Attributes:
        words: The words in order; of numbers, signs and percent signs stay, of tags and tickers ``#`` and ``$`` too.
        tags: The hashtags and handles that end it: who copies a post adds some, or drops some.
        fixed: The places of those that must be the same in a copy.
        cut: Whether the text was cut off, as X did with long retweets ("RT @x: ... wor…").
    """

    words: tuple[str, ...]
    tags: frozenset[str]
    fixed: frozenset[int]
    cut: bool

    @cached_property
    def key(self) -> int:
        """64 bits that texts of the same words share; their tags may differ."""
        data = " ".join(self.words).encode("utf-8", "replace")
        return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big", signed=True)

    @cached_property
    def shingles(self) -> list[int]:
        """The smallest digests of its runs of four words; none when it is too short to be like another."""
        if len(self.words) < _LIKE_WORDS:
            return []
        runs = zip(*(self.words[start:] for start in range(_SHINGLE)), strict=False)
        return sorted({zlib.crc32(" ".join(run).encode("utf-8", "replace")) for run in runs})[:_KEPT]

    @property
    def shared(self) -> int:
        """How many shingles a copy shares at least: of six runs a changed word leaves two."""
        return 1 if len(self.shingles) < 6 else 2

    @property
    def is_long(self) -> bool:
        """Whether a text of the same words is a copy; a run of 16 letters is a sentence in a script without blanks."""
        return len(self.words) >= COPIED_WORDS or any(len(word) >= 16 and not word.isascii() for word in self.words)

    @cached_property
    def fixed_words(self) -> Counter[str]:
        """The words that must be the same, and how often each occurs."""
        return Counter(self.words[place] for place in self.fixed)


def own_words(text: str, authors: str) -> str:
    """Return a passage's text without the name in front of it.

    Args:
        text: The passage's text.
        authors: Who speaks in it, as a JSON list, the way the catalogue keeps it.
    """
    return text.removeprefix(f"{', '.join(names_in(authors))}:")


def words_said(text: str) -> Words:
    """Return the words of a text for comparing."""
    bare = _SEPARATED.sub("", LINK.sub(" ", _RETWEET.sub("", text.strip())))
    words, fixed = _words_and_fixed(_without_addressed(_TOKEN.findall(bare)))
    links = [link for link in LINK.findall(text) if not _PICTURE.match(link)]
    if len(links) * _WORDS_A_LINK > len(words):
        fixed.extend(range(len(words), len(words) + len(links)))
        words.extend(links)
    body = len(words)
    while body > COPIED_WORDS and words[body - 1][0] in "@#" and not words[body - 1][1:].isdigit():
        body -= 1
    return Words(
        tuple(words[:body]),
        frozenset(words[body:]),
        frozenset(place for place in fixed if place < body),
        cut=bare.rstrip().endswith(("…", "...")),
    )


def _words_and_fixed(found: list[str]) -> tuple[list[str], list[int]]:
    """Return the words, and the places of those that must be the same."""
    words: list[str] = []
    fixed: list[int] = []
    loud = 2 * sum(item.isupper() for item in found) > len(found)  # then capitals show no names
    begins = True
    for item in found:
        if item not in _ENDS:
            if loud or _is_fixed(item, _plain(item), begins=begins):
                fixed.append(len(words))
            words.append(_plain(item))
        begins = item in _ENDS or item == "?"
    return words, fixed


def _without_addressed(tokens: list[str]) -> list[str]:
    """Leave out the handles at the beginning and the end, but for one of whom something is said."""
    start, end = 0, len(tokens)
    while start < end and tokens[start][0] in "@.:" and tokens[min(start + 1, end - 1)] not in _OF_WHOM:
        start += 1
    while start < end and tokens[end - 1][0] in "@.!:\n":
        end -= 1
    return tokens[start:end]


def _plain(token: str) -> str:
    word = token.casefold().replace("'", "").replace("’", "")
    return word.rstrip(".,:/") if word[-1:] in ".,:/" else word


def _is_fixed(token: str, word: str, *, begins: bool) -> bool:
    """Say whether a word must be the same in a copy: a number, a tag, a name, a word that turns the sense."""
    name = token[0].isupper() and not begins and word != "i"
    return name or token[0] in "@#$+-?" or any(mark.isdigit() for mark in token) or word in _NEGATIONS


def same(first: Words, second: Words) -> bool:
    """Say whether two texts say the same. Both have at least ``COPIED_WORDS`` words."""
    if not _same_tags(first.tags, second.tags):
        return False
    if first.words == second.words:
        return True
    if first.cut != second.cut:
        whole, part = (second, first) if first.cut else (first, second)
        length = len(part.words) - 1  # the last word may be cut too
        return length >= _LIKE_WORDS and whole.words[:length] == part.words[:length]
    shorter = min(len(first.words), len(second.words))
    if shorter < _LIKE_WORDS or first.fixed_words != second.fixed_words:
        return False
    return _few_changes(first, second, shorter)


def _same_tags(first: frozenset[str], second: frozenset[str]) -> bool:
    """Say whether one has all that the other has, or they share most."""
    shared = first & second
    return len(shared) in (len(first), len(second)) or 2 * len(shared) > max(len(first), len(second))


def _few_changes(first: Words, second: Words, length: int) -> bool:
    changes = free = 0
    matcher = SequenceMatcher(None, first.words, second.words, autojunk=False)
    for kind, from_1, to_1, from_2, to_2 in matcher.get_opcodes():
        if kind == "equal":
            continue
        gone, come = first.words[from_1:to_1], second.words[from_2:to_2]
        if first.fixed.intersection(range(from_1, to_1)) or second.fixed.intersection(range(from_2, to_2)):
            return False
        if any(_turns(one, other) for one in gone for other in come):
            return False
        changes += max(len(gone), len(come))
        free += 0 if _is_slight(gone, come) else max(len(gone), len(come))
    return changes * _LIKE_WORDS <= length and free * _FREE_WORDS <= length


def _turns(one: str, other: str) -> bool:
    """Say whether two words stand against each other, as up and down do."""
    return bool(_PLACES.get(one, set()) & _PLACES.get(other, set()))


def _is_slight(gone: Sequence[str], come: Sequence[str]) -> bool:
    """Say whether a change is one of small words, or of spelling."""
    if all(word in _SMALL for word in (*gone, *come)):
        return True
    return len(gone) == len(come) and all(_alike(one, other) for one, other in zip(gone, come, strict=True))


def _alike(one: str, other: str) -> bool:
    return len(one) > 3 and one[0] == other[0] and SequenceMatcher(None, one, other, autojunk=False).ratio() >= 0.8
