"""The whole texts of an archive's long posts (``note-tweet.js``), and which tweet each belongs to."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from masa_rag.sources._json import Damage, read_objects
from masa_rag.sources._tweets.record import Tweet, entity_links, list_of, mapping_of, text_of, unescaped, with_links
from masa_rag.sources._written import time_of

_SAME_CHARS = 100
"""Of so many characters at its beginning a note is looked up by; a cut tweet has more."""
_SECONDS = 2
"""A tweet and its note are written at most so far apart."""
_CUT_WEIGHT, _CUT_WEIGHT_NEAR = 270, 200
"""What a cut tweet weighs at least; of one written with the note less is enough. X cuts at a weight of 280, at the end
of a word or before a link."""
_LINK_WEIGHT = 23
_ADDRESS = re.compile(r"https?://[!-~]+")
_LINK = "\0"
_HEAVY = re.compile("[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
"""Characters that weigh two, by X's own rules (twitter-text, configuration 3)."""


@dataclass(frozen=True, slots=True)
class _Note:
    shape: str
    text: str


class Notes:
    """The whole texts of long posts.

    A note has an id of its own that no tweet names. The two are written within two seconds, and the
    tweet's text is the note's beginning. Where that leaves a doubt the tweet keeps its short text:
    better cut than another's.

    Args:
        files: How to open the files of notes.
    """

    def __init__(self, files: Iterable[Callable[[], IO[bytes]]]) -> None:
        self._by_second: defaultdict[int, set[_Note]] = defaultdict(set)
        self._by_start: defaultdict[str, set[_Note]] = defaultdict(set)
        self._taken: set[_Note] = set()
        self._waiting: list[tuple[Tweet, _Note]] = []
        for opener in files:
            with opener() as stream:
                for value in read_objects(stream):
                    if not isinstance(value, Damage):
                        self._put(mapping_of(value.get("noteTweet")))

    def _put(self, value: Mapping[str, Any]) -> None:
        core = mapping_of(value.get("core"))
        if (text := text_of(core.get("text"))) is None:
            return
        rows = map(mapping_of, list_of(core.get("urls")))
        links = entity_links({"url": row.get("shortUrl"), "expanded_url": row.get("expandedUrl")} for row in rows)
        text = with_links(unescaped(text), links)
        note = _Note(_shape(text), text)
        self._by_start[note.shape[:_SAME_CHARS]].add(note)
        if (written := time_of(value.get("createdAt"))) is not None:
            self._by_second[int(written.timestamp())].add(note)

    def lengthen(self, tweet: Tweet) -> bool:
        """Give a tweet the whole text of its second; return False when it must wait for all the others.

        A tweet waits when it begins a note of another time, which may turn out to be another tweet's.
        """
        shape = _shape(tweet.text)
        if not self._by_start or (weight := _weight(shape)) < _CUT_WEIGHT_NEAR:
            return True
        words = _without_mark(shape)
        if near := _begun(words, self._written_near(tweet)):
            self._take(near, tweet)
            return True
        if weight < _CUT_WEIGHT:
            return True
        alike = _begun(words, self._by_start.get(shape[:_SAME_CHARS], ())) if words != shape else set()
        if len(alike) != 1:
            return True
        self._waiting.append((tweet, alike.pop()))
        return False

    def _take(self, notes: set[_Note], tweet: Tweet) -> None:
        self._taken |= notes
        if len(notes) == 1:
            tweet.text = notes.pop().text

    def rest(self) -> Iterator[Tweet]:
        """Yield the tweets that waited, with the whole text where the note can be no other tweet's."""
        claims = Counter(note for _, note in {(tweet.id, note) for tweet, note in self._waiting})
        for tweet, note in self._waiting:
            if note not in self._taken and claims[note] == 1:
                tweet.text = note.text
            yield tweet

    def _written_near(self, tweet: Tweet) -> Iterator[_Note]:
        if tweet.created_at is not None:
            second = int(tweet.created_at.timestamp())
            for near in range(second - _SECONDS, second + _SECONDS + 1):
                yield from self._by_second.get(near, ())


def _begun(words: str, notes: Iterable[_Note]) -> set[_Note]:
    return {note for note in notes if note.shape.startswith(words)}


def _shape(text: str) -> str:
    """Return the text with one character for each link: X shortens a link anew for the note."""
    return _ADDRESS.sub(_LINK, text)


def _weight(shape: str) -> int:
    """Return how much of the 280 a text takes: a link 23, most letters one, emoji, Chinese and their like two."""
    return len(shape) + len(_HEAVY.findall(shape)) + (_LINK_WEIGHT - 1) * shape.count(_LINK)


def _without_mark(shape: str) -> str:
    """Return the text without what says that it was cut: an ellipsis, a link to the whole, or both."""
    return shape.rstrip().removesuffix(_LINK).rstrip().removesuffix("\u2026").rstrip()
