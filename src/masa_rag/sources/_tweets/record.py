"""What every shape of tweet is turned into, and the small rules that the shapes share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from masa_rag._unicode import whole_text
from masa_rag.sources._chats.fields import kept
from masa_rag.sources._written import snowflake_time
from masa_rag.types import Document, Segment

METRICS = (
    ("likes", "like_count"), ("retweets", "retweet_count"), ("replies", "reply_count"), ("quotes", "quote_count"),
    ("bookmarks", "bookmark_count"), ("views", "impression_count"),
)  # fmt: skip
"""Names of the counts in a document's metadata, and in X's ``public_metrics``."""
_LINK = re.compile(r"https?://t\.co/\w+", re.ASCII)
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_ADDRESS = re.compile(r"https?://(?:www\.)?(?:x|twitter)\.com/(\w{1,15})/status/\d+", re.ASCII)
_RETWEETED = re.compile(r"RT @(\w+): (.+)", re.DOTALL)


@dataclass(slots=True)
class Tweet:
    """One tweet, whatever shape it was written in. ``text`` holds its own words only."""

    id: str
    text: str
    author: str | None = None
    """The display name."""
    username: str | None = None
    """The handle, without the @."""
    user_id: str | None = None
    created_at: datetime | None = None
    url: str | None = None
    conversation_id: str | None = None
    reply_to: str | None = None
    reply_to_user: str | None = None
    """Id or handle of whom it answers."""
    thread_id: str | None = None
    """Id of the first tweet of the self-thread, where the shape says it."""
    first_id: str | None = None
    """Id of the first version, when it was edited: each edit has an id of its own."""
    retweet: bool = False
    original: Tweet | None = None
    """What is retweeted."""
    quoted: Tweet | None = None
    quoted_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    """Without empty values."""

    @property
    def key(self) -> str:
        """The id that all versions share."""
        return self.first_id if self.first_id is not None else self.id

    @property
    def name(self) -> str | None:
        """The name to read; the account's number only when nothing else is known."""
        return self.author or self.username or self.user_id


def text_of(value: object) -> str | None:
    """Return a text that can be stored, or None for what is no text or is blank.

    Half surrogate pairs, which exports hold where a text was cut within an emoji, become U+FFFD.
    """
    if not value or not isinstance(value, str) or value.isspace():
        return None
    return whole_text(value)


def id_of(value: object) -> str | None:
    """Return an id as text; 0, "", booleans, fractions and what is neither text nor number are None."""
    if not value:
        return None
    if isinstance(value, str):
        if value.isdecimal() and value.isascii() and value != "0" and len(value) <= 100:  # nearly all are so
            return value
        stripped = value.strip()
        return stripped if stripped and stripped != "0" and stripped.isprintable() and len(stripped) <= 100 else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 64:
        return str(value)
    return None


def count_of(value: object) -> int | None:
    """Return a count; texts of digits are read, negative numbers and the rest are None."""
    if type(value) is int:  # not a bool
        return value if 0 <= value < 1 << 53 else None
    if isinstance(value, str) and value.isascii() and value.strip().isdigit() and len(value) < 20:
        return count_of(int(value))
    return count_of(int(value)) if isinstance(value, float) and value.is_integer() else None


def counts_in(value: Mapping[str, Any], keys: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return the counts of an object that are above zero.

    Args:
        value: The object.
        keys: The name of each count, and how it is called in the object.
    """
    return {name: count for name, key in keys if (count := count_of(value.get(key)))}


def texts_in(items: object, key: str) -> list[str]:
    """Return the texts that the objects of a list have under a name, blank ones left out."""
    return [text for item in list_of(items) if (text := text_of(mapping_of(item).get(key)))]


def mapping_of(value: object) -> Mapping[str, Any]:
    """Return the object, or an empty one when the value is something else."""
    return value if isinstance(value, dict) else {}


def list_of(value: object) -> list[Any]:
    """Return the list, or an empty one when the value is something else."""
    return value if isinstance(value, list) else []


def unescaped(text: str) -> str:
    """Return the text with the three characters that X escapes (& < >) as themselves; other entities stay."""
    if "&" not in text:
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def with_links(text: str, links: Mapping[str, str]) -> str:
    """Return the text with t.co links replaced by what they lead to, where that is known."""
    if not links or "://t.co/" not in text:
        return text
    return _LINK.sub(lambda match: links.get(match.group()) or match.group(), text)


def with_entities(text: str, *groups: object) -> str:
    """Return the text with its t.co links written out by X's entities, of which there may be several lists."""
    if "://t.co/" not in text:  # most texts
        return text
    return with_links(text, entity_links(item for group in groups for item in list_of(group)))


def entity_links(entities: Iterable[object]) -> dict[str, str]:
    """Return {short link: address} of X's ``urls`` and ``media`` entities."""
    found = {}
    for entity in entities:
        if isinstance(entity, dict):
            short, full = entity.get("url"), entity.get("unwound_url") or entity.get("expanded_url")
            if isinstance(short, str) and (address := text_of(full)) is not None:
                found[short] = address
    return found


def handle_in(url: str | None) -> str | None:
    """Return the handle in a tweet's address, None where there is none: X writes ``i`` in its place."""
    match = _ADDRESS.match(url) if url is not None else None
    return match[1] if match is not None and match[1] != "i" else None


def link(tweet: Tweet) -> str | None:
    """Return where the tweet can be seen, None when that is not known.

    X answers to ``i`` in place of a handle that is not known, or that is none.
    """
    if tweet.url is not None or not (tweet.id.isascii() and tweet.id.isdigit()):
        return tweet.url
    handle = tweet.username if tweet.username is not None and _HANDLE.fullmatch(tweet.username) is not None else "i"
    return f"https://x.com/{handle}/status/{tweet.id}"


def full_text(tweet: Tweet) -> str:
    """Return the tweet's own words and, below them, what it quotes: ``> @handle: quoted text``.

    Each line of the quotation begins with ``> ``, as in Markdown, so that quoted words are never
    taken for the author's own.
    """
    quoted = tweet.quoted
    if quoted is None or not quoted.text:
        return tweet.text
    who = f"@{quoted.username}" if quoted.username else quoted.author or "quoted"
    lines = f"{who}: {quoted.text}".split("\n")
    return "\n".join([tweet.text, *(f"> {line}" for line in lines)])


def details(tweet: Tweet) -> dict[str, Any]:
    """Return the metadata of a tweet: what is known, without empty values."""
    return _who(tweet) | kept({"reply_to": tweet.reply_to, "quoted_id": tweet.quoted_id}) | tweet.metadata


def post(tweet: Tweet) -> Document:
    """Return the document of a tweet that stands alone."""
    return Document(
        id=tweet.key,
        text=full_text(tweet),
        kind="post",
        author=tweet.name,
        created_at=tweet.created_at,
        url=link(tweet),
        metadata=details(tweet),
    )


def retweet(tweet: Tweet) -> Document:
    """Return the document of a retweet: the words and the name are those of whom it repeats."""
    original = tweet.original if tweet.original is not None else _written_original(tweet.text)
    words = original if original is not None else tweet
    known = {
        **({} if original is None else original.metadata),
        "username": words.username if original is not None else None,
        "retweet_of": original.id if original is not None else None,
        "retweeted_by": tweet.username or tweet.name,
    }
    return Document(
        id=tweet.key,
        text=full_text(words),
        kind="post",
        author=words.name if original is not None else None,
        created_at=tweet.created_at,
        url=link(tweet),
        metadata=kept(known),
    )


def _written_original(text: str) -> Tweet | None:
    """Return what is retweeted as far as the text alone tells, ``RT @handle: words``; it has no id."""
    match = _RETWEETED.fullmatch(text)
    return None if match is None else Tweet(id="", text=match[2], username=match[1])


def thread(thread_id: str, tweets: list[Tweet]) -> Document:
    """Return the document of a self-thread: one segment a tweet, in order of time, then id."""
    tweets = sorted(tweets, key=lambda tweet: (tweet.created_at or datetime.max.replace(tzinfo=UTC), _order(tweet.id)))
    first = tweets[0]
    return Document(
        id=thread_id,
        segments=[_segment(tweet) for tweet in tweets],
        kind="post",
        author=first.name,
        created_at=first.created_at if first.key == thread_id else snowflake_time(thread_id) or first.created_at,
        url=link(first if first.key == thread_id else Tweet(thread_id, "", username=first.username)),
        metadata=details(first) if first.key == thread_id else _who(first),
    )


def _who(tweet: Tweet) -> dict[str, Any]:
    return kept({"username": tweet.username, "user_id": tweet.user_id, "conversation_id": tweet.conversation_id})


def _segment(tweet: Tweet) -> Segment:
    return Segment(
        text=full_text(tweet),
        author=tweet.name,
        created_at=tweet.created_at,
        url=link(tweet),
        id=tweet.key,
        reply_to=tweet.reply_to,
        edited_at=tweet.created_at if tweet.first_id not in (None, tweet.id) else None,
        metadata=tweet.metadata,
    )


def _order(tweet_id: str) -> tuple[int, str]:
    return (int(tweet_id), "") if tweet_id.isascii() and tweet_id.isdigit() else (1 << 64, tweet_id)
