"""Tweets as flat rows: CSV files, and JSON objects whose fields only a table could hold.

Collections name their columns as they like; a column is known by its name without case, blanks and
punctuation, so that ``Tweet ID``, ``tweet_id`` and ``tweetId`` are one.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timezone
from functools import lru_cache
from typing import IO, Any
from zoneinfo import ZoneInfo

from masa_rag._ids import digest
from masa_rag.sources._encoding import encoding_of
from masa_rag.sources._tweet_record import Tweet, count_of, filled, id_of, mapping_of, text_of, unescaped
from masa_rag.sources._tweet_time import time_of

_NAMES = {
    "id": "id tweetid idstr statusid tweetidstr",
    "text": "fulltext text tweet tweettext rawcontent content tweetcontent",
    "time": "createdat datetime tweetcreatedat timeparsed date tweetdate timestamp time",
    "author": "name displayname authorname",
    "username": "username screenname handle userscreenname authorusername userusername user author",
    "user_id": "userid authorid useridstr",
    "url": "permanenturl url link permalink tweeturl tweetlink",
    "conversation_id": "conversationid conversationidstr",
    "reply_to": "inreplytostatusid inreplytostatusidstr inreplytotweetid referencedtweetsrepliedtoid",
    "reply_to_user": "inreplytouserid inreplytouseridstr inreplytoscreenname",
    "retweet_of": "retweetedstatusid retweetedtweetid referencedtweetsretweetedid retweetid",
    "retweet": "isretweet retweet",
    "likes": "likes likecount likescount favoritecount favouritecount favorites nlikes publicmetricslikecount",
    "retweets": "retweets retweetcount retweetscount nretweets publicmetricsretweetcount",
    "replies": "replies replycount repliescount nreplies publicmetricsreplycount",
    "quotes": "quotes quotecount publicmetricsquotecount",
    "views": "views viewcount impressions impressioncount publicmetricsimpressioncount",
    "language": "lang language",
}
_FIELDS = {name: (field, rank) for field, names in _NAMES.items() for rank, name in enumerate(names.split())}
_ONLY_TWEETS = frozenset(
    "tweet tweetid tweettext tweetcontent rawcontent fulltext screenname userscreenname retweets retweetcount "
    "retweetscount nretweets isretweet retweetedstatusid publicmetricsretweetcount inreplytostatusid tweeturl".split()
)
_COUNTS = ("likes", "retweets", "replies", "quotes", "views")
_PUNCTUATION = re.compile(r"[\W_]+")
_TRUE = frozenset({"true", "1", "yes", "t"})


@lru_cache(maxsize=256)
def columns(names: tuple[Any, ...]) -> tuple[Mapping[str, str], bool]:
    """Return {field: column} for the columns of a table, and whether some of them only tweets have."""
    found: dict[str, tuple[int, str]] = {}
    plain = [(name, _PUNCTUATION.sub("", str(name)).casefold()) for name in names]
    for name, key in plain:
        field, rank = _FIELDS.get(key, (None, 0))
        if field is not None and (field not in found or rank < found[field][0]):
            found[field] = (rank, name)
    return {field: name for field, (_, name) in found.items()}, any(key in _ONLY_TWEETS for _, key in plain)


def is_row(names: Iterable[object], *, surely: bool = False) -> bool:
    """Say whether fields of these names hold a tweet; ``surely`` asks for one that only tweets have."""
    fields, only_tweets = columns(tuple(names))
    return "text" in fields and ("id" in fields or "time" in fields) and (only_tweets or not surely)


def row(
    value: Mapping[str, Any], *, author: str | None, zone: ZoneInfo | timezone, fields: Mapping[str, str] | None = None
) -> Tweet | None:
    """Return the tweet of a row, None when it has no text.

    A row without an id gets one made of author, time and text, so that the same row gives the same
    id in every export.
    """
    if fields is None:
        fields, _ = columns(tuple(value))
    known = {field: value.get(column) for field, column in fields.items()}
    text = text_of(known.get("text"))
    if text is None:
        return None
    user = mapping_of(known.get("username")) or mapping_of(value.get("user"))
    username = text_of(known.get("username")) or text_of(user.get("username")) or text_of(user.get("screen_name"))
    name = text_of(known.get("author")) or text_of(user.get("displayname")) or text_of(user.get("name")) or author
    tweet_id = row_id(known.get("id"))
    created_at = time_of(known.get("time"), tweet_id=tweet_id, zone=zone)
    if tweet_id is None:
        tweet_id = digest(name or username or "", created_at.isoformat() if created_at else "", text)
    return Tweet(
        id=tweet_id,
        text=unescaped(text),
        author=name,
        username=username.lstrip("@") if username is not None else None,
        user_id=row_id(known.get("user_id")) or id_of(user.get("id")),
        created_at=created_at,
        url=text_of(known.get("url")),
        conversation_id=row_id(known.get("conversation_id")),
        reply_to=row_id(known.get("reply_to")),
        reply_to_user=row_id(known.get("reply_to_user")),
        retweet=_is_retweet(known, text),
        metadata=filled(
            {
                **{field: count for field in _COUNTS if (count := count_of(known.get(field)))},
                "language": text_of(known.get("language")),
            }
        ),
    )


def _is_retweet(known: Mapping[str, Any], text: str) -> bool:
    flag = known.get("retweet")
    said = flag is True or (isinstance(flag, str) and flag.strip().casefold() in _TRUE)
    return said or row_id(known.get("retweet_of")) is not None or text.startswith("RT @")


def row_id(value: object) -> str | None:
    """Return an id; a table program's ``1234.0`` is read, its ``1.79e18`` has lost the id."""
    found = id_of(value)
    if found is None or found.casefold() in ("nan", "none", "null"):
        return None
    found = found.removesuffix(".0")
    return None if "e+" in found.casefold() else found


def csv_rows(stream: IO[bytes]) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Yield (line, row) of a CSV file with a header; in place of a bad row, what is wrong with it."""
    head = stream.read(4)
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding_of(head), errors="replace", newline="")
    first = text.readline(65_536)
    header = next(iter(csv.reader([first], delimiter=(mark := delimiter(first)))), [])
    reader = csv.reader(text, delimiter=mark)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num + 1, str(error)
            continue
        if len(cells) > len(header):
            yield reader.line_num + 1, f"received {len(cells)} cells; expected {len(header)}, as in the first line"
        elif any(cells):
            yield reader.line_num + 1, dict(zip(header, cells, strict=False))


def delimiter(header: str) -> str:
    """Return what separates the columns of a header line: comma, semicolon or tab."""
    return max(",;\t", key=header.count)
