"""Tweets become documents: each once, those of one self-thread together, retweets apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from masa_rag.sources._tweets.ids import IdSet
from masa_rag.sources._tweets.record import Tweet, post, retweet, thread
from masa_rag.types import Document

MAX_HELD = 30_000
"""How many tweets wait for the rest of their thread at most (about 2 kB each)."""


class Assembler:
    """Takes tweets in any order and gives documents.

    A tweet that nobody answers and that does not answer its own author is given at once. The others
    wait until all tweets are in, for a thread's first tweet may come before or after its last, and so do
    those that were edited, for a later version may follow. When
    too many wait they are given as far as they are known; a document's segments then come in parts.

    Args:
        retweets: Whether retweets become documents.
        answered: Ids of the tweets that some tweet of the export answers.
    """

    def __init__(self, *, retweets: bool, answered: IdSet) -> None:
        self.retweets = retweets
        self.answered = answered
        self.seen = IdSet()
        self.edits: dict[str, str] = {}
        self.held: dict[str, Tweet] = {}

    def add(self, tweet: Tweet) -> Iterable[Document]:
        """Take one tweet; return what need not wait."""
        if not self.seen.add(tweet.id) or (tweet.first_id is not None and self._is_old_version(tweet, tweet.first_id)):
            return ()
        if tweet.retweet:
            return (retweet(tweet),) if self.retweets else ()
        alone = (tweet.reply_to is None or not answers_self(tweet)) and not self._is_answered(tweet)
        if alone and tweet.first_id is None:
            return (post(tweet),)
        self.held[tweet.key] = tweet
        return list(self.finish()) if len(self.held) >= MAX_HELD else ()

    def finish(self) -> Iterator[Document]:
        """Yield what waited: threads, and tweets that turned out to stand alone."""
        groups: defaultdict[str, list[Tweet]] = defaultdict(list)
        threads: dict[str, str] = {}
        for tweet in self.held.values():
            groups[self._thread_of(tweet, threads)].append(tweet)
        self.held.clear()
        for key, tweets in groups.items():
            alone = len(tweets) == 1 and tweets[0].key == key
            yield post(tweets[0]) if alone else thread(key, tweets)

    def _is_answered(self, tweet: Tweet) -> bool:
        return tweet.id in self.answered or (tweet.first_id is not None and tweet.first_id in self.answered)

    def _is_old_version(self, tweet: Tweet, first_id: str) -> bool:
        """Say whether a later edit of the tweet was seen; remember this one if not."""
        known = self.edits.get(first_id)
        if known is not None and (len(known), known) > (len(tweet.id), tweet.id):
            return True
        self.edits[first_id] = tweet.id
        return False

    def _thread_of(self, tweet: Tweet, known: dict[str, str]) -> str:
        """Return the id of the thread's first tweet, also when that tweet itself is not in the export.

        So the parts of a thread that come from several exports, or at several times, meet in one document.

        Args:
            tweet: One that is held.
            known: {key: thread} of those that were asked for, to which those passed on the way up are added.
        """
        top, passed = tweet, {tweet.key}
        while top.key not in known and (parent := self._own_parent(top)) is not None and parent.key not in passed:
            top = parent
            passed.add(top.key)
        first = known.get(top.key) or _first_of(top)
        known.update(dict.fromkeys(passed, first))
        return first

    def _own_parent(self, tweet: Tweet) -> Tweet | None:
        parent = self.held.get(tweet.reply_to) if tweet.reply_to is not None and answers_self(tweet) else None
        return parent if parent is not None and same_author(parent, tweet) else None


def _first_of(top: Tweet) -> str:
    """Return the id of a thread's first tweet by the uppermost that is known."""
    if not answers_self(top):
        return top.key
    return top.thread_id or (top.conversation_id if not top.text.startswith("@") else None) or top.reply_to or top.key


def same_author(first: Tweet, second: Tweet) -> bool:
    """Say whether two tweets are by the same account."""
    if first.user_id is not None and second.user_id is not None:
        return first.user_id == second.user_id
    names = (first.username, second.username)
    return None not in names and str(names[0]).casefold() == str(names[1]).casefold()


def answers_self(tweet: Tweet) -> bool:
    """Say whether a tweet goes on from one of the same author.

    Where the shape does not say whom it answers, its text does: X opens a reply with the handle of
    the one who is answered, but not when that is the author.
    """
    if tweet.reply_to is None:
        return False
    if tweet.thread_id is not None:
        return True
    if tweet.reply_to_user is not None:
        return tweet.reply_to_user in (tweet.user_id, tweet.username)
    return not tweet.text.startswith("@")
