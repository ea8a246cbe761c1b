"""Tweets from files, in every shape they are commonly kept in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

from masa_rag.errors import RecordError
from masa_rag.sources._base import FileSource
from masa_rag.sources._chats.fields import zone_of
from masa_rag.sources._paths import expanded
from masa_rag.sources._tweets.archive import archive_folder
from masa_rag.sources._tweets.files import SUFFIXES, answered_in, read_tweets, recognised
from masa_rag.sources._tweets.ids import IdSet
from masa_rag.sources._tweets.shapes import Defaults
from masa_rag.sources._tweets.threads import Assembler
from masa_rag.types import Document


class Tweets(FileSource):
    """Tweets from files: one document a tweet, one document with segments a self-thread.

    Reads what Masa's scrapers, workers and hosted search wrote (a list, ``[{Tweet, Error}]``,
    ``{"data": [...]}``, ``{"tweets": [...]}``, ``{"items": [...]}``, one object a line), pages of X's
    API v2 and their flattened rows, API v1.1, saved GraphQL answers of x.com, the archive that X
    sends its users (zip or folder), and tables (CSV, TSV) with usual column names, in UTF-8, UTF-16 or
    Windows-1252. Dates such as 5/18/2025 are read when one of the table's days is above 12, so that the
    order of the numbers is sure; what stays unread is reported once a file.

    Args:
        paths: Files, folders or patterns.
        name: The source's name in the memory; by default ``tweets``, so that exports which overlap meet.
        retweets: Whether retweets become documents. They carry the name and the words of whom they
            repeat, and ``metadata["retweeted_by"]``.
        deleted: Whether the deleted tweets of an archive are read too.
        author: Whose tweets these are, for files that do not say (a CSV of ``tweet,datetime``).
        timezone: The zone of times that name none, as an IANA name.

    A document's id is the tweet's id, or that of the thread's first tweet, so that overlapping
    exports meet; an edited tweet keeps the id of its first version. ``author`` is the display name;
    ``metadata`` holds the handle (``username``), ``reply_to``, ``conversation_id``, counts (``likes``,
    ``retweets``, ``replies``, ``quotes``, ``bookmarks``, ``views``), ``hashtags``, ``mentions`` and
    links to ``media``. A quoted tweet follows the tweet's own words in lines that begin with ``> ``.

    In Masa's first shape a reply does not say whose tweet it answers. There a reply counts as one to
    oneself when its text opens with no handle, as X writes them; a chain of answers to oneself
    within somebody else's conversation stays separate.
    """

    form: ClassVar[str] = "tweets"
    global_ids = True
    suffixes: ClassVar[frozenset[str]] = SUFFIXES

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        name: str | None = None,
        retweets: bool = False,
        deleted: bool = False,
        author: str | None = None,
        timezone: str = "UTC",
    ) -> None:
        super().__init__(paths, name=name)
        self.retweets = retweets
        self.deleted = deleted
        self.defaults: Defaults = Defaults(author=author, zone=zone_of(timezone))

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say whether a file or folder holds tweets, by the names of their fields."""
        try:
            return recognised(path, head)
        except OSError:
            return False

    def _expand(self, given: str | Path) -> Iterator[Path]:
        folder = expanded(given)
        if folder.is_dir() and archive_folder(folder) is not None:
            yield folder  # an archive is read as one, for its files complete each other
        else:
            yield from super()._expand(given)

    def __iter__(self) -> Iterator[Document | RecordError]:
        files, answered = self.files(), IdSet()
        for path in files:
            answered_in(path, answered)
        assembler = Assembler(retweets=self.retweets, answered=answered)
        for path in reversed(files):  # names often tell the day: of a tweet in several files the latest counts
            for item in read_tweets(path, self.defaults, deleted=self.deleted):
                if isinstance(item, RecordError):
                    yield item
                else:
                    yield from assembler.add(item)
        yield from assembler.finish()
