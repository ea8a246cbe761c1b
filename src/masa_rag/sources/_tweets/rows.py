"""Tweets as flat rows: CSV files, and JSON objects whose fields only a table could hold.

Collections name their columns as they like; a column is known by its name without case, blanks and
punctuation, so that ``Tweet ID``, ``tweet_id`` and ``tweetId`` are one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any

from masa_rag._ids import digest
from masa_rag.sources._chats.fields import kept
from masa_rag.sources._tweets.masa import with_anchors
from masa_rag.sources._tweets.record import (
    Tweet,
    count_of,
    handle_in,
    id_of,
    list_of,
    mapping_of,
    text_of,
    unescaped,
    with_entities,
)
from masa_rag.sources._written import snowflake_time, time_of

_NAMES = {
    "id": "idstr id tweetidstr tweetid statusid postid",
    "text": "fulltext text tweet tweettext rawcontent content tweetcontent posttext",
    "time": "createdat datetime tweetcreatedat timeparsed date tweetdate timestamp time tweetcreated "
    "tweetpostedtimeutc tweettime publishdate timestamputc",
    "author": "displayname name authorname fullname profilename userdisplayname fromuserrealname",
    "username": "screenname userscreenname handle username authorusername userusername authorscreenname user author "
    "fromuser fromusername",
    "user_id": "useridstr userid authorid fromuseridstr",
    "url": "permanenturl url link permalink tweetpermalink tweeturl tweetlink postlink",
    "conversation_id": "conversationidstr conversationid",
    "reply_to": "inreplytostatusidstr inreplytostatusid inreplytotweetid inreplytoid referencedtweetsrepliedtoid "
    "inreplyto replyingto replytostatusid totweetid",
    "reply_to_user": "inreplytouseridstr inreplytouserid inreplytoscreenname inreplytousername replytouserid touserid "
    "replytoscreenname tousername",
    "retweet_of": "retweetedstatusid retweetedtweetid referencedtweetsretweetedid retweetid retweetedid",
    "retweet": "isretweet retweet",
    "quoted": "quotedtweet quotedstatus",
    "quoted_id": "quotedstatusidstr quotedstatusid quotedtweetid quoteid quotedid referencedtweetsquotedid",
    "likes": "likes like likecount likescount favoritecount favouritecount favorites nlikes publicmetricslikecount",
    "retweets": "retweets retweetcount retweetscount nretweets publicmetricsretweetcount reposts",
    "replies": "replies replycount repliescount nreplies publicmetricsreplycount",
    "quotes": "quotes quotecount publicmetricsquotecount",
    "views": "views viewcount viewscount impressions impressioncount publicmetricsimpressioncount",
    "bookmarks": "bookmarks bookmarkcount publicmetricsbookmarkcount",
    "language": "lang language",
}
"""An id as text before the number, whose last digits programs lose."""
_FIELDS = {name: (field, rank) for field, names in _NAMES.items() for rank, name in enumerate(names.split())}
_ONLY_TWEETS = frozenset(
    "tweet tweetid tweettext tweetcontent rawcontent fulltext screenname userscreenname retweets retweetcount "
    "retweetscount nretweets isretweet retweetedstatusid publicmetricsretweetcount inreplytostatusid "
    "inreplytostatusidstr tweeturl reposts".split()
)
_NO_TWEETS = frozenset({"title", "points", "storyid"})
"""What posts elsewhere have, those of Hacker News for one."""
_WHO = frozenset({"username", "author", "user_id"})
_COUNTS = ("likes", "retweets", "replies", "quotes", "views", "bookmarks")
_PUNCTUATION = re.compile(r"[\W_]+")
_STATUS = re.compile(r"/status/(\d{1,20})\b")
_OF_USER = re.compile(
    r"""\b(?P<key>username|displayname|screen_name|name|id)['"]?\s*[:=]\s*(?P<quote>['"]?)(?P<text>[^'",)}]+)(?P=quote)"""
)
_REPEATED = ("retweetedTweet", "retweeted_tweet", "retweetedStatus", "retweet")
"""Where scrapers keep the tweet that is retweeted."""
_TRUE = frozenset({"true", "1", "yes", "t"})
_NOTHING = frozenset({"nan", "nat", "none", "null", "0"})
"""What programs write in the place of a date or an id that there is not."""


@lru_cache(maxsize=256)
def columns(names: tuple[Any, ...]) -> tuple[Mapping[str, str], bool]:
    """Return {field: column} for the columns of a table, and whether some of them only tweets have."""
    found: dict[str, tuple[int, str]] = {}
    plain = [(name, _plain(name)) for name in names]
    for name, key in plain:
        field, rank = _FIELDS.get(key, (None, 0))
        if field is not None and (field not in found or rank < found[field][0]):
            found[field] = (rank, name)
    fields = {field: name for field, (_, name) in found.items()}
    for name, key in plain:
        if key == "username" and fields["username"] != name:  # beside a screen_name, the name that is shown
            fields.setdefault("author", name)
        if key == "retweet" and "likes" in fields:  # beside likes its numbers are counts
            fields.setdefault("retweets", name)
    return fields, any(key in _ONLY_TWEETS for _, key in plain)


def _plain(name: object) -> str:
    return _PUNCTUATION.sub("", str(name)).casefold()


def is_row(names: Iterable[object], *, surely: bool = False) -> bool:
    """Say whether fields of these names hold a tweet; ``surely`` asks for one that only tweets have."""
    fields, only_tweets = columns(tuple(names))
    return "text" in fields and ("id" in fields or "time" in fields) and (only_tweets or not surely)


def is_post(names: Iterable[object]) -> bool:
    """Say whether columns that other tables have too are together those of a tweet.

    Who, when, what and an id, and what readers did with it; or ``created_at`` and ``text``, as X's API names them.
    """
    names = tuple(names)
    fields, _ = columns(names)
    if (
        not _NO_TWEETS.isdisjoint(map(_plain, names))
        or not fields.keys() >= {"id", "time", "text"}
        or fields.keys().isdisjoint(_WHO)
    ):
        return False
    named = tuple(_plain(fields[field]) for field in ("time", "text"))
    return not fields.keys().isdisjoint(_COUNTS) or named == ("createdat", "text")


def is_flat(value: Mapping[str, Any]) -> bool:
    """Say whether a tweet names its author beside its text, with nothing that only the web's API nests."""
    if any(isinstance(value.get(name), dict) for name in ("user", "entities", "retweeted_status")):
        return False
    fields, _ = columns(tuple(value))
    return "text" in fields and ("author" in fields or "username" in fields)


def row(
    value: Mapping[str, Any],
    *,
    author: str | None,
    zone: tzinfo,
    fields: Mapping[str, str] | None = None,
    other_time: Callable[[str], datetime | None] | None = None,
    depth: int = 0,
) -> Tweet | None:
    """Return the tweet of a row, None when it has no text.

    A row without an id gets one made of author, time and text, so that the same row gives the same
    id in every export.

    Args:
        value: The row.
        author: Whose it is when it does not say.
        zone: The zone of times that name none.
        fields: ``columns`` of the row's table.
        other_time: Reads a date that is of no known form, where the id has no time either.
        depth: In how many tweets this one is quoted.
    """
    if fields is None:
        fields, _ = columns(tuple(value))
    known = {field: value.get(column) for field, column in fields.items()}
    text = text_of(known.get("text"))
    if text is None:
        return None
    username, name, user_id = _who(known, value)
    name = name or author
    tweet_id, written, url = row_id(known.get("id")), written_time(known.get("time")), text_of(known.get("url"))
    created_at = time_of(known.get("time"), tweet_id=tweet_id, zone=zone)
    # As written, for what a date means may hang on the rest of its table.
    moment = created_at.isoformat() if created_at is not None else written
    tweet = Tweet(
        id=tweet_id if tweet_id is not None else digest(name or username or "", moment, text),
        text=_with_links(unescaped(text), value),
        author=name,
        username=username.lstrip("@") if username is not None else _handle_of(url, tweet_id),
        user_id=user_id,
        created_at=created_at
        or (other_time(written) if written and other_time is not None else None)
        or snowflake_time(_id_in(url)),
        url=url,
        conversation_id=row_id(known.get("conversation_id")),
        reply_to=_number(known.get("reply_to")),
        reply_to_user=row_id(known.get("reply_to_user")),
        retweet=_is_retweet(known, text, counted=fields.get("retweet") == fields.get("retweets")),
        metadata=kept(
            {
                **{field: count for field in _COUNTS if (count := count_of(known.get(field)))},
                "language": text_of(known.get("language")),
            }
        ),
    )
    _nest(tweet, known, value, zone, depth)
    return tweet


def _who(known: Mapping[str, Any], value: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    """Return the handle, the name and the id of who wrote a row, which may stand in an object that describes them."""
    cell = known.get("username")
    user = mapping_of(cell) or mapping_of(value.get("user")) or _written_user(cell)
    fields, _ = columns(tuple(user))  # whatever they are called there
    handle, shown = (text_of(user.get(fields.get(field, ""))) for field in ("username", "author"))
    username = handle if user else text_of(cell)
    return username, text_of(known.get("author")) or shown, row_id(known.get("user_id")) or id_of(user.get("id"))


def _written_user(value: object) -> Mapping[str, Any]:
    """Return the user of a cell into which a table program wrote the whole object, as snscrape's rows give it."""
    if not isinstance(value, str) or not value.startswith(("{", "User(")):
        return {}
    return {match["key"]: match["text"] for match in reversed([*_OF_USER.finditer(value)])}  # the first is taken


def _id_in(url: str | None) -> str | None:
    """Return the id in a tweet's address, which tells when it was written where nothing else does."""
    found = _STATUS.search(url) if url is not None else None
    return None if found is None else found[1]


def _handle_of(url: str | None, tweet_id: str | None) -> str | None:
    """Return the handle in a row's address if that is the tweet's own, and not of one that it links to."""
    return handle_in(url) if tweet_id is not None and _id_in(url) == tweet_id else None


def _with_links(text: str, value: Mapping[str, Any]) -> str:
    """Return the text with its short links written out, by what scrapers keep beside it."""
    if "://t.co/" not in text:
        return text
    pairs = [(link.get("tcourl"), link.get("url")) for link in map(mapping_of, list_of(value.get("links")))]
    pairs += zip(list_of(value.get("tcooutlinks")), list_of(value.get("outlinks")), strict=False)
    links = [{"url": short, "expanded_url": full} for short, full in pairs]
    places = (("entities", "urls"), ("extendedEntities", "media"))
    nested = (mapping_of(value.get(place)).get(name) for place, name in places)
    text = with_entities(text, links, _written_list(value.get("entities.urls")), *nested)
    return with_anchors(text, value.get("html"))


def _written_list(value: object) -> object:
    """Return the list that a cell holds as JSON, as tables of API v2 keep what is nested; None for anything else."""
    try:
        return json.loads(value) if isinstance(value, str) and value.startswith("[") else None
    except (ValueError, RecursionError):
        return None


def written_time(value: object) -> str:
    """Return a date as it is written, "" for none."""
    written = (text_of(value) or "").strip()
    return "" if written.casefold() in _NOTHING else written


def _nest(tweet: Tweet, known: Mapping[str, Any], value: Mapping[str, Any], zone: tzinfo, depth: int) -> None:
    """Keep what is repeated, and what is quoted: the tweet itself, or only its id when it is gone."""
    quoted = known.get("quoted") or mapping_of(value.get("quote"))
    inner, repeated = mapping_of(quoted), next(filter(None, (mapping_of(value.get(name)) for name in _REPEATED)), None)
    ids = (known.get("quoted_id"), quoted, inner.get("id_str"), inner.get("id"))
    tweet.quoted_id = next((found for item in ids if (found := _number(item)) is not None), None)
    if inner and depth < 2:  # a file may nest them without end
        tweet.quoted = row(inner, author=None, zone=zone, depth=depth + 1)
    if repeated is not None and depth < 2:
        tweet.retweet, tweet.original = True, row(repeated, author=None, zone=zone, depth=depth + 1)


def _is_retweet(known: Mapping[str, Any], text: str, *, counted: bool) -> bool:
    flag = str(known.get("retweet")).strip().casefold().removesuffix(".0")
    said = flag in _TRUE and not (counted and flag.isdigit())
    return said or row_id(known.get("retweet_of")) is not None or text.startswith("RT @")


def row_id(value: object) -> str | None:
    """Return an id; a table program's ``1234.0`` is read, its ``1.79e18`` has lost the id."""
    found = id_of(value)
    if found is None or found.casefold() in _NOTHING:
        return None
    found = found.removesuffix(".0")
    return None if "e+" in found.casefold() else found


def _number(value: object) -> str | None:
    """Return the id of another tweet; some write a name or a link in its place."""
    found = row_id(value)
    return found if found is not None and found.isdecimal() else None
