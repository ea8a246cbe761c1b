"""What the live sources of tweets share: pages, newest first, read down to where the last run began."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any

from masa_rag.errors import ConfigurationError, RecordError, SourceError
from masa_rag.sources._tweets.ids import IdSet
from masa_rag.sources._tweets.record import Tweet, id_of
from masa_rag.sources._tweets.shapes import Bad, Defaults, tweets_in
from masa_rag.sources._tweets.threads import Assembler, answers_self
from masa_rag.types import Document

Item = Document | RecordError


@dataclass(frozen=True, slots=True)
class Position:
    """How far a feed was read. Pages come newest first, so a run that is stopped leaves a gap behind it.

    Attributes:
        since: All tweets up to this id are read.
        top: The newest id of a run that was stopped, None when none was.
        until: The oldest id that run read: between ``since`` and it lies the gap.
    """

    since: int = 0
    top: int = 0
    until: int = 0

    @classmethod
    def of(cls, cursor: str | None) -> Position:
        """Read a cursor; what is no cursor reads from the beginning."""
        parts = (cursor or "").split("/")
        if len(parts) != 3 or not all(part.isascii() and part.isdecimal() for part in parts):
            return cls()
        return cls(*map(int, parts))

    def __str__(self) -> str:
        return f"{self.since}/{self.top}/{self.until}"

    def after(self, ids: list[int]) -> Position:
        """Return the position after a page with these ids."""
        if not ids:
            return self
        return replace(self, top=max(self.top, *ids), until=min([*ids, *([self.until] if self.until else [])]))

    def done(self) -> Position:
        """Return the position when the gap is closed."""
        return Position(since=max(self.since, self.top))


class LiveTweets:
    """Base of the live sources: turns pages into documents and moves the cursor.

    A subclass fetches in ``_pages(position)``: it yields answers, newest first, of tweets with ids
    above ``position.since`` and, where ``position.until`` is not 0, below that.
    """

    def __init__(self, name: str, *, retweets: bool, max_posts: int, base_url: str) -> None:
        if max_posts < 1:
            raise ConfigurationError(f"received max_posts={max_posts}; expected at least 1")
        self.name = name
        self.cursor: str | None = None
        self.retweets = retweets
        self.max_posts = max_posts
        self._base_url = base_url

    def _pages(self, position: Position) -> Iterator[dict[str, Any]]:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def __iter__(self) -> Iterator[Item]:
        position = Position.of(self.cursor)
        if position.until:  # a run was stopped: first what it left out, then what is new
            position = yield from self._read(position)
            if position.until:
                return
        yield from self._read(position)

    def _read(self, position: Position) -> Generator[Item, None, Position]:
        """Yield documents, move the cursor, return the position reached.

        What waits for the rest of its thread is given before a stop, whatever the reason for it, and
        the cursor moves only past what was given.
        """
        assembler = Assembler(retweets=self.retweets, answered=IdSet())
        failure: SourceError | None = None
        self._stopped = False
        try:
            for page in self._pages(position):
                ids = yield from self._page(page, assembler)
                position = position.after([number for number in ids if number > position.since])
                if not assembler.held:
                    self.cursor = str(position)
        except SourceError as error:
            failure = error
        yield from assembler.finish()
        if failure is None and not self._stopped:
            position = position.done()
        self.cursor = str(position)
        if failure is not None:
            raise failure
        return position

    def _page(self, page: dict[str, Any], assembler: Assembler) -> Generator[Item, None, list[int]]:
        """Yield the documents that a page completes, return the ids of its tweets."""
        tweets: list[Tweet] = []
        for item in tweets_in(page, Defaults()):
            if isinstance(item, Bad):
                yield RecordError(item.message, record_id=item.record_id or self.name)
            else:
                tweets.append(item)
        for tweet in tweets:
            if answers_self(tweet) and tweet.reply_to is not None:
                assembler.answered.add(tweet.reply_to)
            yield from assembler.add(tweet)
        return [_number(tweet.id) for tweet in tweets]

    _stopped = False
    """Set by ``_pages`` when it ends before all was read, because what it may spend is spent."""


def stated(query: str) -> str:
    """Return the query; raise ConfigurationError when it is empty."""
    if not query.strip():
        raise ConfigurationError("received an empty query; expected one such as 'from:xdevelopers'")
    return query


def _number(tweet_id: str) -> int:
    found = id_of(tweet_id)
    return int(found) if found is not None and found.isascii() and found.isdecimal() else 0
