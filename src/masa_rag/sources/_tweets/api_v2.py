"""Tweets of X's API v2: pages with ``data`` and ``includes``, single answers of a stream, flattened rows.

Field names: https://docs.x.com/x-api/fundamentals/data-dictionary. The hosted search of Masa answers
with such rows too, without ``includes`` and with a ``url``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from masa_rag.sources._chats.fields import kept
from masa_rag.sources._tweets.record import (
    METRICS,
    Tweet,
    count_of,
    counts_in,
    handle_in,
    id_of,
    list_of,
    mapping_of,
    text_of,
    texts_in,
    unescaped,
    with_entities,
)
from masa_rag.sources._written import time_of

_MARKS = ("author_id", "edit_history_tweet_ids", "public_metrics", "referenced_tweets", "conversation_id")
_TAGS = (("hashtags", "tag"), ("cashtags", "tag"), ("mentions", "username"))


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says beside its tweets, by id or key."""

    users: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tweets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    media: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    places: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    polls: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


NO_PAGE = Page()


def is_v2(value: Mapping[str, Any]) -> bool:
    """Say whether an object is a tweet of API v2."""
    return "text" in value and "id" in value and any(mark in value for mark in _MARKS)


def page_of(value: Mapping[str, Any]) -> Page:
    """Return the ``includes`` of a page, ready to be looked up."""
    includes = mapping_of(value.get("includes"))
    if not includes:
        return NO_PAGE

    def by(name: str, key: str) -> dict[str, Mapping[str, Any]]:
        rows = (mapping_of(row) for row in list_of(includes.get(name)))
        return {found: row for row in rows if (found := id_of(row.get(key))) is not None}

    return Page(by("users", "id"), by("tweets", "id"), by("media", "media_key"), by("places", "id"), by("polls", "id"))


def v2(value: Mapping[str, Any], page: Page = NO_PAGE, *, depth: int = 0) -> Tweet | None:
    """Return the tweet of a row, with what the page says of it; None when it has no id or no text."""
    get = value.get
    tweet_id, (text, entities) = id_of(get("id")), _words(value)
    if tweet_id is None or text is None:
        return None
    user_id = id_of(get("author_id"))
    user = mapping_of(get("author")) or page.users.get(user_id or "", {})
    url = text_of(get("url"))
    tweet = Tweet(
        id=tweet_id,
        text=with_entities(unescaped(text), entities.get("urls")),
        author=text_of(user.get("name")),
        username=text_of(user.get("username")) or text_of(get("username")) or handle_in(url),
        user_id=user_id if user_id is not None else id_of(user.get("id")),
        created_at=time_of(get("created_at"), tweet_id=tweet_id),
        url=url,
        conversation_id=id_of(get("conversation_id")),
        reply_to_user=id_of(get("in_reply_to_user_id")),
        first_id=_first_version(get("edit_history_tweet_ids")),
        retweet=text.startswith("RT @"),  # all that rows without references have; references tell it better
        metadata=_details(value, entities, page),
    )
    if get("attachments") and (votes := _votes(value, page)):
        tweet.text = "\n".join([tweet.text, *(f"- {choice}" for choice in votes)])
        tweet.metadata["votes"] = votes
    if get("referenced_tweets"):
        _references(tweet, value, page, depth)
    return tweet


def _words(value: Mapping[str, Any]) -> tuple[str | None, Mapping[str, Any]]:
    """Return the text and its entities; a long post's ``text`` is cut, its ``note_tweet`` is whole."""
    note = mapping_of(value.get("note_tweet"))
    if (text := text_of(note.get("text"))) is not None:
        own = mapping_of(value.get("entities"))
        links = [*list_of(own.get("urls")), *list_of(mapping_of(note.get("entities")).get("urls"))]
        return text, {**own, **mapping_of(note.get("entities")), "urls": links}
    return text_of(value.get("text")), mapping_of(value.get("entities"))


def _first_version(ids: object) -> str | None:
    versions = list_of(ids)
    return id_of(versions[0]) if len(versions) > 1 else None


def _references(tweet: Tweet, value: Mapping[str, Any], page: Page, depth: int) -> None:
    tweet.retweet = False
    for reference in map(mapping_of, list_of(value.get("referenced_tweets"))):
        kind, other = reference.get("type"), id_of(reference.get("id"))
        row = reference if "text" in reference else page.tweets.get(other or "")
        found = v2(row, page, depth=depth + 1) if row is not None and depth < 2 and kind != "replied_to" else None
        if kind == "replied_to":
            tweet.reply_to = other
        elif kind == "quoted":
            tweet.quoted_id, tweet.quoted = other, found
        elif kind == "retweeted":
            tweet.retweet, tweet.original = True, found


def _details(value: Mapping[str, Any], entities: Mapping[str, Any], page: Page) -> dict[str, Any]:
    get, geo = value.get, mapping_of(value.get("geo"))
    return kept({
        **counts_in(mapping_of(get("public_metrics")), METRICS),
        **{name: texts_in(entities.get(name), key) for name, key in _TAGS},
        "media": _media(mapping_of(get("attachments")), page),
        "language": text_of(get("lang")),
        "place": text_of(page.places.get(id_of(geo.get("place_id")) or "", geo).get("full_name")),
        "sensitive": get("possibly_sensitive") is True,
    })  # fmt: skip


def _votes(value: Mapping[str, Any], page: Page) -> dict[str, int]:
    """Return {choice: votes} of the tweet's poll, in its order; the votes move, so they are no words."""
    attachments = mapping_of(value.get("attachments"))
    polls = [page.polls.get(id_of(found) or "", {}) for found in list_of(attachments.get("poll_ids"))]
    options = (mapping_of(option) for poll in polls for option in list_of(poll.get("options")))
    return {
        choice: count_of(option.get("votes")) or 0 for option in options if (choice := text_of(option.get("label")))
    }


def _media(attachments: Mapping[str, Any], page: Page) -> list[str]:
    rows = [mapping_of(row) for row in list_of(attachments.get("media"))]
    rows = rows or [page.media.get(id_of(key) or "", {}) for key in list_of(attachments.get("media_keys"))]
    return [link for row in rows if (link := text_of(row.get("url")) or text_of(row.get("preview_image_url")))]
