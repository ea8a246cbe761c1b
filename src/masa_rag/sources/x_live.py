"""X, live: the tweets that match a search, and those of an account, through API v2.

https://docs.x.com/x-api/posts/search-recent-posts and https://docs.x.com/x-api/users/get-posts
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Literal

from masa_rag.errors import ConfigurationError, SourceError
from masa_rag.sources._rest import RestClient
from masa_rag.sources._tweets.live import LiveTweets, Position, stated
from masa_rag.sources._tweets.record import id_of, mapping_of
from masa_rag.sources._written import snowflake_time

TOKEN_VARIABLE = "X_BEARER_TOKEN"  # noqa: S105 - the variable's name
BASE_URL = "https://api.x.com"
_FIELDS = {
    "tweet.fields": "author_id,conversation_id,created_at,edit_history_tweet_ids,entities,geo,in_reply_to_user_id,lang,"
    "note_tweet,possibly_sensitive,public_metrics,referenced_tweets,attachments",
    "expansions": "author_id,attachments.media_keys,attachments.poll_ids,geo.place_id,referenced_tweets.id,"
    "referenced_tweets.id.author_id",
    "user.fields": "name,username",
    "media.fields": "url,preview_image_url,type",
    "place.fields": "full_name",
    "poll.fields": "options",
}
PAGE = 100
"""The most posts that X gives at once."""
_LEAST = 10
"""The fewest that its search may be asked for."""
_REACH = timedelta(days=7) - timedelta(minutes=5)
"""How far the recent search reaches back; an older ``since_id`` is refused with status 400."""


class _XApi(LiveTweets):
    """What search and account share."""

    @property
    def _page_size(self) -> int:
        """How many posts to ask for at once: as few pages as can be, which together hold no more than may be read."""
        pages = ceil(self.max_posts / PAGE)
        return max(_LEAST, ceil(self.max_posts / pages))

    def _follow(
        self, api: RestClient, path: str, token_name: str, parameters: dict[str, str | int]
    ) -> Iterator[dict[str, Any]]:
        """Yield pages until the last one, or until ``max_posts`` posts were read."""
        left = self.max_posts
        while True:
            page = api.get(path, **parameters)
            if not isinstance(page, dict):
                raise SourceError(f"X answered {path} with something else than a page")
            meta = mapping_of(page.get("meta"))
            if page.get("data") or (page.get("errors") and not meta):
                yield page
            rows = page.get("data")
            left -= len(rows) if isinstance(rows, list) else 0
            token = meta.get("next_token")
            if not isinstance(token, str) or not token:
                return
            if left <= 0:
                self._stopped = True
                return
            parameters = {**parameters, token_name: token}


class XSearch(_XApi):
    """The tweets that match a query of X's search; resumable.

    The bearer token is taken from the environment variable X_BEARER_TOKEN when reading begins.

    Args:
        query: As X's search takes it, for example ``"#tide -is:retweet lang:en"``.
        name: The source's name in the memory; by default ``x:<query>``.
        archive: Whether to search all tweets ever written (``/2/tweets/search/all``, which needs
            access to it) instead of the last seven days.
        retweets: Whether retweets become documents.
        max_posts: How many posts one run may read. X counts, and bills, posts: reading ends with
            the page that reaches this number, and the next run goes on there. A page has ten at least.
        base_url: Where the API is.

    Attributes:
        cursor: How far it was read, None at first.
    """

    def __init__(
        self,
        query: str,
        *,
        name: str | None = None,
        archive: bool = False,
        retweets: bool = False,
        max_posts: int = 1_000,
        base_url: str = BASE_URL,
    ) -> None:
        name = name if name is not None else f"x:{query}"
        super().__init__(name, retweets=retweets, max_posts=max_posts, base_url=base_url)
        self.query: str = stated(query)
        self._kind: Literal["all", "recent"] = "all" if archive else "recent"

    def _pages(self, position: Position) -> Iterator[dict[str, Any]]:
        parameters: dict[str, str | int] = {"query": self.query, "max_results": self._page_size, **_FIELDS}
        if position.since and (self._kind == "all" or _within_reach(position.since)):
            parameters["since_id"] = str(position.since)
        if position.until and (self._kind == "all" or _within_reach(position.until)):
            parameters["until_id"] = str(position.until)
        elif position.until:
            return  # the gap lies further back than the recent search reaches
        with RestClient(self._base_url, variable=TOKEN_VARIABLE, service="X") as api:
            yield from self._follow(api, f"/2/tweets/search/{self._kind}", "next_token", parameters)


class XUser(_XApi):
    """The tweets of one account, newest first (X gives the last 3,200); resumable.

    The bearer token is taken from the environment variable X_BEARER_TOKEN when reading begins.

    Args:
        username: The handle, with or without the @.
        name: The source's name in the memory; by default ``x:@<handle>``.
        retweets: Whether retweets become documents.
        max_posts: How many posts one run may read; the next run goes on there.
        base_url: Where the API is.

    Attributes:
        cursor: How far it was read, None at first.
    """

    def __init__(
        self,
        username: str,
        *,
        name: str | None = None,
        retweets: bool = False,
        max_posts: int = 1_000,
        base_url: str = BASE_URL,
    ) -> None:
        self.username: str = username.lstrip("@")
        name = name if name is not None else f"x:@{self.username}"
        super().__init__(name, retweets=retweets, max_posts=max_posts, base_url=base_url)
        if not (self.username.isascii() and self.username.replace("_", "a").isalnum() and len(self.username) <= 15):
            raise ConfigurationError(f"received the handle {username!r}; expected up to 15 letters, digits and _")

    def _pages(self, position: Position) -> Iterator[dict[str, Any]]:
        parameters: dict[str, str | int] = {"max_results": self._page_size, **_FIELDS}
        if not self.retweets:
            parameters["exclude"] = "retweets"
        if position.since:
            parameters["since_id"] = str(position.since)
        if position.until:
            parameters["until_id"] = str(position.until)
        with RestClient(self._base_url, variable=TOKEN_VARIABLE, service="X") as api:
            account = api.get(f"/2/users/by/username/{self.username}")
            user_id = id_of(mapping_of(mapping_of(account).get("data")).get("id"))
            if user_id is None:
                raise SourceError(f"X knows no account @{self.username}; check the handle")
            yield from self._follow(api, f"/2/users/{user_id}/tweets", "pagination_token", parameters)


def _within_reach(tweet_id: int) -> bool:
    written = snowflake_time(str(tweet_id))
    return written is not None and datetime.now(UTC) - written < _REACH
