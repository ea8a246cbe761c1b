"""Tweets as Masa's scrapers and workers wrote them.

* Shape 1 (masa-oracle, masa-twitter-scraper): 34 keys with Go's field names.
* Shape 2 (tee-types ``TweetResult``): snake_case; ``tweet_id`` is the id, for ``id`` is an int64
  that loses digits in JavaScript.

* Shape 4 (results of the hosted search's jobs): ``ExternalID``, ``Content``, ``Metadata``.

The hosted search's direct answers (shape 3) are rows of X's API v2 with a ``url``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from masa_rag._time import from_unix
from masa_rag.sources._chats.fields import kept
from masa_rag.sources._tweets.record import (
    METRICS,
    Tweet,
    counts_in,
    id_of,
    list_of,
    mapping_of,
    text_of,
    texts_in,
    unescaped,
    with_links,
)
from masa_rag.sources._written import time_of

_ANCHOR = re.compile(r'<a href="([^"]+)">(https?://t\.co/\w+)</a>')
_PICTURE = re.compile(r'<a href="(https?://t\.co/\w+)"><img src="([^"]+)"')
_MARKS_2 = ("ThreadCursor", "is_self_thread", "is_quoted", "possibly_sensitive", "conversation_id")
_YEAR_2100 = 4_102_444_800
_ZERO_TIME = "0001-01-01T00:00:00Z"
_COUNTS_1 = (("likes", "Likes"), ("retweets", "Retweets"), ("replies", "Replies"), ("views", "Views"))
_COUNTS_2 = (("likes", "likes"), ("retweets", "retweets"), ("replies", "replies"), ("views", "views"))


def is_wire_1(value: Mapping[str, Any]) -> bool:
    """Say whether an object is a tweet of shape 1."""
    return "ID" in value and "Text" in value and ("ConversationID" in value or "PermanentURL" in value)


def is_wire_2(value: Mapping[str, Any]) -> bool:
    """Say whether an object is a tweet of shape 2."""
    return "tweet_id" in value and "text" in value and any(mark in value for mark in _MARKS_2)


def wire_1(value: Mapping[str, Any], *, depth: int = 0) -> Tweet | None:
    """Return the tweet of a shape-1 object, None when it has no id or no text."""
    get = value.get
    tweet_id, text = id_of(get("ID")), text_of(get("Text"))
    if tweet_id is None or text is None:
        return None
    tweet = Tweet(
        id=tweet_id,
        text=with_anchors(unescaped(text), get("HTML")),
        author=text_of(get("Name")),
        username=text_of(get("Username")),
        user_id=id_of(get("UserID")),
        created_at=_time_1(value, tweet_id),
        url=text_of(get("PermanentURL")),
        conversation_id=id_of(get("ConversationID")),
        reply_to=id_of(get("InReplyToStatusID")),
        quoted_id=id_of(get("QuotedStatusID")),
        retweet=get("IsRetweet") is True or id_of(get("RetweetedStatusID")) is not None,
        metadata=_details_1(value),
    )
    if depth < 2:
        _related(tweet, value, depth)
    return tweet


def _details_1(value: Mapping[str, Any]) -> dict[str, Any]:
    get = value.get
    found: dict[str, Any] = dict(counts_in(value, _COUNTS_1))
    if get("Hashtags") and (tags := [tag for item in list_of(get("Hashtags")) if (tag := text_of(item))]):
        found["hashtags"] = tags
    if get("Mentions") and (names := texts_in(get("Mentions"), "Username")):
        found["mentions"] = names
    if get("Photos") or get("Videos") or get("GIFs"):
        found["media"] = [link for name in ("Photos", "Videos", "GIFs") for link in texts_in(get(name), "URL")]
    if get("Place") or get("SensitiveContent"):
        place = text_of(mapping_of(get("Place")).get("full_name"))
        return kept({**found, "place": place, "sensitive": get("SensitiveContent") is True})
    return found


def _related(tweet: Tweet, value: Mapping[str, Any], depth: int) -> None:
    """Read the tweets inside the tweet; depth is bounded, for a file may nest them without end."""
    if isinstance(quoted := value.get("QuotedStatus"), dict):
        tweet.quoted = wire_1(quoted, depth=depth + 1)
    if isinstance(original := value.get("RetweetedStatus"), dict):
        tweet.original = wire_1(original, depth=depth + 1)
    if isinstance(parent := value.get("InReplyToStatus"), dict):
        tweet.reply_to_user = id_of(parent.get("UserID"))


def _time_1(value: Mapping[str, Any], tweet_id: str) -> datetime | None:
    seconds = value.get("Timestamp")
    if type(seconds) is int and 0 < seconds < _YEAR_2100:
        return from_unix(seconds)
    parsed = value.get("TimeParsed")
    return time_of(None if parsed == _ZERO_TIME else parsed, tweet_id=tweet_id)


def with_anchors(text: str, html: object) -> str:
    """Expand t.co links by the anchors of the scraper's HTML: ``URLs`` alone does not say which is which."""
    if "://t.co/" not in text or (html := text_of(html)) is None:
        return text
    links = {short: full for full, short in _ANCHOR.findall(html)}
    links.update(_PICTURE.findall(html))
    return with_links(text, {short: unescaped(full) for short, full in links.items()})


def wire_2(value: Mapping[str, Any]) -> Tweet | None:
    """Return the tweet of a shape-2 object, None when it has no id or no text."""
    get = value.get
    tweet_id = id_of(get("tweet_id")) or id_of(get("id"))
    text = text_of(get("text"))
    if tweet_id is None or text is None:
        return None
    counts = counts_in(value, _COUNTS_2) | counts_in(mapping_of(get("public_metrics")), METRICS)
    return Tweet(
        id=tweet_id,
        text=with_anchors(unescaped(text), get("html")),
        username=text_of(get("username")),
        author=text_of(get("name")),
        user_id=id_of(get("user_id")) or id_of(get("author_id")),
        created_at=time_of(get("timestamp") or get("created_at"), tweet_id=tweet_id),
        url=text_of(get("permanent_url")),
        conversation_id=id_of(get("conversation_id")),
        reply_to=id_of(get("in_reply_to_status_id")),
        retweet=_is_retweet_2(value, text),
        metadata=kept({**counts, **_details_2(value)}),
    )


def _is_retweet_2(value: Mapping[str, Any], text: str) -> bool:
    """Say whether it repeats another's; workers that ask X's API write the flag as False always, and the text tells."""
    flagged = value.get("is_retweet") is True or id_of(value.get("retweeted_status_id")) is not None
    return flagged or text.startswith("RT @")


def _details_2(value: Mapping[str, Any]) -> dict[str, Any]:
    get = value.get
    return {
        "hashtags": [tag for item in list_of(get("hashtags")) if (tag := text_of(item))],
        "media": [*texts_in(get("photos"), "url"), *texts_in(get("videos"), "url")],
        "language": text_of(get("lang")),
        "sensitive": get("possibly_sensitive") is True or get("sensitive_content") is True,
    }


def is_wire_4(value: Mapping[str, Any]) -> bool:
    """Say whether an object is a tweet of shape 4."""
    return "Content" in value and "ExternalID" in value and isinstance(value.get("Metadata"), dict)


def wire_4(value: Mapping[str, Any]) -> Tweet | None:
    """Return the tweet of a shape-4 object, None when it has no id or no text.

    ``ID`` numbers the record in Masa's store; the tweet's own id is ``ExternalID``.
    """
    known = mapping_of(value.get("Metadata"))
    tweet_id = id_of(known.get("tweet_id")) or id_of(value.get("ExternalID"))
    text = text_of(value.get("Content"))
    if tweet_id is None or text is None:
        return None
    metrics = mapping_of(known.get("public_metrics"))
    keys = ((name, "".join(part.title() for part in key.split("_"))) for name, key in METRICS)  # LikeCount
    counts = counts_in(metrics, keys) | counts_in(metrics, METRICS)
    return Tweet(
        id=tweet_id,
        text=unescaped(text),
        author=text_of(known.get("author")),
        username=text_of(known.get("username")),
        user_id=id_of(known.get("user_id")),
        created_at=time_of(known.get("created_at"), tweet_id=tweet_id),
        conversation_id=id_of(known.get("conversation_id")),
        reply_to=id_of(known.get("InReplyToStatusID")) or id_of(known.get("in_reply_to_status_id")),
        retweet=known.get("IsRetweet") is True or text.startswith("RT @"),
        metadata=kept({**counts, "language": text_of(known.get("lang"))}),
    )
