"""Tweets with the fields of X's first API (``full_text``, ``entities``, ``in_reply_to_status_id_str``).

These fields live on in three places: saved answers of API v1.1, the ``legacy`` part of the web
client's GraphQL answers, and the archive that X gives its users.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from masa_rag.sources._chats.fields import kept
from masa_rag.sources._tweets.beside import article_of, votes_of
from masa_rag.sources._tweets.record import (
    Tweet,
    count_of,
    counts_in,
    id_of,
    list_of,
    mapping_of,
    text_of,
    texts_in,
    unescaped,
    with_entities,
)
from masa_rag.sources._written import time_of

_COUNTS = (
    ("likes", "favorite_count"), ("retweets", "retweet_count"), ("replies", "reply_count"),
    ("quotes", "quote_count"), ("bookmarks", "bookmark_count"),
)  # fmt: skip
_TAGS = (
    ("hashtags", "hashtags", "text"), ("cashtags", "symbols", "text"), ("mentions", "user_mentions", "screen_name"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class User:
    """An account: its id, display name and handle, as far as known."""

    id: str | None = None
    name: str | None = None
    username: str | None = None


def is_legacy(value: Mapping[str, Any]) -> bool:
    """Say whether an object is a tweet of API v1.1 or of an archive."""
    named = "id_str" in value or "id" in value
    return named and ("full_text" in value or ("text" in value and isinstance(value.get("user"), dict)))


def legacy(value: Mapping[str, Any], *, owner: User | None = None, depth: int = 0) -> Tweet | None:
    """Return the tweet of a v1.1 or archive object; ``owner`` wrote what names no user."""
    user = value.get("user")
    tweet = _base(value, _user_v1(user) if isinstance(user, dict) else owner or _user_beside(value))
    if tweet is None or depth >= 2:
        return tweet
    if isinstance(original := value.get("retweeted_status"), dict):
        tweet.retweet, tweet.original = True, legacy(original, depth=depth + 1)
    if isinstance(quoted := value.get("quoted_status"), dict):
        tweet.quoted = legacy(quoted, depth=depth + 1)
    return tweet


def is_result(value: Mapping[str, Any]) -> bool:
    """Say whether an object is a tweet of a GraphQL answer."""
    return isinstance(value.get("legacy"), dict) and "full_text" in value["legacy"]


def results_in(value: Mapping[str, Any]) -> Iterator[Tweet | None]:
    """Yield the tweets of a GraphQL answer in order; what they quote or repeat is inside them, not beside.

    None stands for a tweet without id or text. Tombstones (withheld, deleted) hold no tweet and give none; adverts
    are left out.
    """
    stack: list[Any] = [value]
    while stack:  # not recursive: an answer may be nested as deep as its writer likes
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            if is_result(item):
                yield result(item)
            elif not item.get("promotedMetadata"):
                stack.extend(reversed(item.values()))


def is_timeline(value: Mapping[str, Any]) -> bool:
    """Say whether an answer is a page of a timeline; the last page of one holds no tweets."""
    stack: list[Any] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, dict):
            if "entryId" in item or isinstance(item.get("instructions"), list):
                return True
            stack.extend(item.values())
    return False


def result(value: Mapping[str, Any], *, depth: int = 0) -> Tweet | None:
    """Return the tweet of a GraphQL ``result``, None when it has no id or no text."""
    fields = mapping_of(value.get("legacy"))
    account = mapping_of(mapping_of(mapping_of(value.get("core")).get("user_results")).get("result"))
    tweet = _base({"id_str": value.get("rest_id"), **fields}, _user_graphql(account, fields), value)
    if tweet is None:
        return None
    _add_beside(tweet, value, whole=depth == 0)
    if views := count_of(mapping_of(value.get("views")).get("count")):
        tweet.metadata["views"] = views
    control = mapping_of(value.get("edit_control"))
    versions = control.get("edit_tweet_ids") or mapping_of(control.get("edit_control_initial")).get("edit_tweet_ids")
    if len(found := list_of(versions)) > 1:
        tweet.first_id = id_of(found[0])
    if depth < 2:
        original, quoted = _inner(fields, "retweeted_status_result"), _inner(value, "quoted_status_result")
        if original is not None:
            tweet.retweet, tweet.original = True, result(original, depth=depth + 1)
        if quoted is not None:
            tweet.quoted = result(quoted, depth=depth + 1)
    return tweet


def _add_beside(tweet: Tweet, value: Mapping[str, Any], *, whole: bool) -> None:
    """Add to a tweet's words the choices of its poll, or its article: the whole of it, or the title alone."""
    if votes := votes_of(value.get("card")):
        tweet.metadata["votes"] = votes
    beside = (*(f"- {choice}" for choice in votes), *article_of(value.get("article"), whole=whole))
    tweet.text = "\n".join(filter(None, (tweet.text, *beside)))


def _inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    found = mapping_of(mapping_of(value.get(name)).get("result"))
    found = mapping_of(found.get("tweet")) or found  # TweetWithVisibilityResults wraps it once more
    return found if is_result(found) else None


def _user_v1(user: Mapping[str, Any]) -> User:
    own = id_of(user.get("id_str")) or id_of(user.get("id"))
    return User(own, text_of(user.get("name")), text_of(user.get("screen_name")))


def _user_beside(value: Mapping[str, Any]) -> User:
    """Return the user of a tweet whose ``user`` object was flattened, as far as it is named."""
    handle = text_of(value.get("screen_name")) or text_of(value.get("username"))
    return User(id_of(value.get("user_id_str")), text_of(value.get("name")), handle)


def _user_graphql(account: Mapping[str, Any], fields: Mapping[str, Any]) -> User:
    names = {**mapping_of(account.get("legacy")), **mapping_of(account.get("core"))}  # moved to core in 2025
    own = id_of(account.get("rest_id")) or id_of(fields.get("user_id_str"))
    return User(own, text_of(names.get("name")), text_of(names.get("screen_name")))


def _base(value: Mapping[str, Any], user: User, outer: Mapping[str, Any] | None = None) -> Tweet | None:
    get = value.get
    tweet_id, text = id_of(get("id_str")) or id_of(get("id")), _words(value, outer or {})
    if tweet_id is None or text is None:
        return None
    return Tweet(
        id=tweet_id,
        text=text,
        author=user.name,
        username=user.username,
        user_id=user.id,
        created_at=time_of(get("created_at"), tweet_id=tweet_id),
        conversation_id=id_of(get("conversation_id_str")),
        reply_to=id_of(get("in_reply_to_status_id_str")) or id_of(get("in_reply_to_status_id")),
        reply_to_user=id_of(get("in_reply_to_user_id_str")) or id_of(get("in_reply_to_screen_name")),
        thread_id=id_of(mapping_of(get("self_thread")).get("id_str")),
        first_id=_first_version(mapping_of(get("edit_info")), tweet_id) if get("edit_info") else None,
        retweet=text.startswith("RT @"),
        quoted_id=id_of(get("quoted_status_id_str")),
        metadata=kept(_details(value)),
    )


def _words(value: Mapping[str, Any], outer: Mapping[str, Any]) -> str | None:
    """Return the text, the long form where there is one, with its links written out."""
    note = mapping_of(mapping_of(mapping_of(outer.get("note_tweet")).get("note_tweet_results")).get("result"))
    extended = mapping_of(value.get("extended_tweet"))
    text = (
        (text_of(note.get("text")) if note else None)
        or (text_of(extended.get("full_text")) if extended else None)
        or text_of(value.get("full_text"))
        or text_of(value.get("text"))
    )
    if text is None or "://t.co/" not in text:
        return None if text is None else unescaped(text)
    parts = map(mapping_of, (value.get("entities"), extended.get("entities"), note.get("entity_set")))
    return with_entities(unescaped(text), *(part.get(name) for part in parts for name in ("media", "urls")))


def _first_version(edits: Mapping[str, Any], tweet_id: str) -> str | None:
    """Return the id of an archive tweet's first version, None for one that was never edited."""
    edit = mapping_of(edits.get("edit"))
    initial = mapping_of(edits.get("initial")) or mapping_of(edit.get("editControlInitial"))
    versions = list_of(initial.get("editTweetIds"))
    first = id_of(edit.get("initialTweetId")) or (id_of(versions[0]) if len(versions) > 1 else None)
    return first if first != tweet_id or len(versions) > 1 else None


def _details(value: Mapping[str, Any]) -> dict[str, Any]:
    get, entities = value.get, mapping_of(value.get("entities"))
    media = mapping_of(get("extended_entities")).get("media") or entities.get("media")
    return {
        **counts_in(value, _COUNTS),
        **{name: texts_in(entities.get(group), key) for name, group, key in _TAGS},
        "media": texts_in(media, "media_url_https"),
        "language": text_of(get("lang")),
        "place": text_of(mapping_of(get("place")).get("full_name")),
        "sensitive": get("possibly_sensitive") is True,
    }
