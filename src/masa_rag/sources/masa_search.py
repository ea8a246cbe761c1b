"""Masa, live: tweets through the hosted search, or through a worker that one runs oneself.

The hosted search answers at once (``{"items": …}``) or names a job (``{"uuid": …}``) whose result is
asked for until it is there. A worker (masa-finance/tee-worker) takes a sealed job and gives a sealed
result, which it opens for whoever holds the sealed job.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from masa_rag.errors import SourceError, SourceFormatError, SourceUnavailableError
from masa_rag.sources._rest import RestClient
from masa_rag.sources._tweets.live import LiveTweets, Position, stated
from masa_rag.sources._tweets.record import id_of, list_of, mapping_of, text_of

SEARCH_VARIABLE = "MASA_API_KEY"
WORKER_VARIABLE = "MASA_WORKER_KEY"
BASE_URL = "https://data.masa.ai/api/v1"
_SEARCH = "/search/live/twitter"
_PAGE = 100
"""How many posts are asked for at once."""
_NOT_YET = {"status": "pending"}
_WAITING = frozenset({"in progress", "pending", "processing", "queued", "received", "running"})


class _Jobs(LiveTweets):
    """What both share: pages of a query, bounded in posts and in waiting."""

    def __init__(
        self, name: str, query: str, *, retweets: bool, max_posts: int, base_url: str, poll_s: float, max_wait_s: float
    ) -> None:
        super().__init__(name, retweets=retweets, max_posts=max_posts, base_url=base_url)
        self.query: str = stated(query)
        self._poll_s, self._max_wait_s = poll_s, max_wait_s

    def _client(self) -> RestClient:
        raise NotImplementedError

    def _ask(self, api: RestClient, position: Position, count: int, cursor: str | None) -> tuple[list[Any], str | None]:
        """Return at most ``count`` rows, and where the next ones are, None when that is not said."""
        raise NotImplementedError

    def _pages(self, position: Position) -> Iterator[dict[str, Any]]:
        left, cursor = self.max_posts, None
        with self._client() as api:
            while left > 0:
                count = min(left, _PAGE)
                rows, cursor = self._ask(api, position, count, cursor)
                left -= len(rows)
                new = [row for row in rows if _new(row, position)]  # a service may pay no heed to since_id
                yield {"items": new}
                if not rows or (cursor is None and (len(rows) < count or not new)):
                    return
                if cursor is None:  # a job names no next page: all that was asked for may not be all there is
                    position = position.after(list(filter(None, map(_number, new))))
            self._stopped = True

    def _words(self, position: Position) -> str:
        """Return the query with X's own operators for where to begin and to end."""
        since = f" since_id:{position.since}" if position.since else ""
        until = f" max_id:{position.until - 1}" if position.until else ""
        return f"{self.query}{since}{until}"

    def _until_ready(self, ask: Callable[[], Any]) -> Any:
        """Ask until there is a result (anything but None); raise SourceUnavailableError after ``max_wait_s``."""
        deadline = time.monotonic() + self._max_wait_s
        while (found := ask()) is None:
            if time.monotonic() + self._poll_s > deadline:
                raise SourceUnavailableError(
                    f"the job for {self.query!r} is not done after {self._max_wait_s:g} s; try again later, "
                    "or raise max_wait_s",
                    retry_after_s=self._max_wait_s,
                )
            time.sleep(self._poll_s)
        return found


class MasaSearch(_Jobs):
    """The tweets that match a query, from Masa's hosted search; resumable.

    The key is taken from the environment variable MASA_API_KEY when reading begins.

    Args:
        query: As X's search takes it.
        name: The source's name in the memory; by default ``masa:<query>``.
        retweets: Whether retweets become documents.
        max_posts: How many posts one run may read; the next run goes on there.
        poll_s: Seconds between two looks at a job.
        max_wait_s: Seconds to wait for a job.
        base_url: Where the service is.

    Attributes:
        cursor: How far it was read, None at first.
    """

    def __init__(
        self,
        query: str,
        *,
        name: str | None = None,
        retweets: bool = False,
        max_posts: int = 100,
        poll_s: float = 2.0,
        max_wait_s: float = 120.0,
        base_url: str = BASE_URL,
    ) -> None:
        super().__init__(
            name if name is not None else f"masa:{query}", query, retweets=retweets, max_posts=max_posts,
            base_url=base_url, poll_s=poll_s, max_wait_s=max_wait_s,
        )  # fmt: skip

    def _client(self) -> RestClient:
        return RestClient(self._base_url, variable=SEARCH_VARIABLE, service="Masa's search")

    def _ask(self, api: RestClient, position: Position, count: int, cursor: str | None) -> tuple[list[Any], str | None]:
        body = {"query": self._words(position), "max_results": count}
        answer = mapping_of(api.post(_SEARCH, body if cursor is None else {**body, "next_token": cursor}))
        if (job := text_of(answer.get("uuid"))) is not None:
            return self._until_ready(
                lambda: _rows(api.get(f"{_SEARCH}/result/{quote(job, safe='')}", missing=_NOT_YET))
            ), None
        if not isinstance(answer.get("items"), list):
            raise SourceError(f"Masa's search gave neither tweets nor a job: {_reason(answer)}")
        return list_of(answer.get("items")), text_of(mapping_of(answer.get("metadata")).get("next_token"))


class MasaWorker(_Jobs):
    """The tweets that match a query, from a worker of Masa's network (tee-worker); resumable.

    A key, where the worker asks for one, is taken from the environment variable MASA_WORKER_KEY.

    Args:
        query: As X's search takes it; for other capabilities what they take, for example a handle.
        worker_url: Where the worker listens, for example ``"http://localhost:8080"``.
        name: The source's name in the memory; by default ``masa-worker:<query>``.
        capability: What the worker shall do: ``searchbyquery``, ``searchbyfullarchive``, ``gettweets``.
        job_type: ``twitter``, or what older workers call it (``twitter-scraper``).
        retweets: Whether retweets become documents.
        max_posts: How many posts one run may read; the next run goes on there.
        max_wait_s: Seconds to wait for a job.

    Attributes:
        cursor: How far it was read, None at first.
    """

    POLL_S = 1.0

    def __init__(
        self,
        query: str,
        *,
        worker_url: str,
        name: str | None = None,
        capability: str = "searchbyquery",
        job_type: str = "twitter",
        retweets: bool = False,
        max_posts: int = 100,
        max_wait_s: float = 120.0,
    ) -> None:
        super().__init__(
            name if name is not None else f"masa-worker:{query}", query, retweets=retweets, max_posts=max_posts,
            base_url=worker_url, poll_s=self.POLL_S, max_wait_s=max_wait_s,
        )  # fmt: skip
        self._type, self._capability = job_type, capability
        self._searches = capability.startswith("search")

    def _client(self) -> RestClient:
        return RestClient(self._base_url, variable=WORKER_VARIABLE, service="the Masa worker", optional=True)

    def _ask(self, api: RestClient, position: Position, count: int, cursor: str | None) -> tuple[list[Any], str | None]:
        """Seal a job, submit it, wait for its sealed result, have it opened."""
        body = {"type": self._type, "arguments": self._arguments(position, count, cursor)}
        job = _unquoted(api.text("POST", "/job/generate", body=body))
        number = text_of(mapping_of(api.post("/job/add", {"encrypted_job": job})).get("uid"))
        if number is None:
            raise SourceFormatError("the Masa worker took the job and gave no uid")
        sealed = self._until_ready(lambda: _sealed(api, number))
        return _opened(api.text("POST", "/job/result", body={"encrypted_result": sealed, "encrypted_request": job}))

    def _arguments(self, position: Position, count: int, cursor: str | None) -> dict[str, Any]:
        found = {"query": self._words(position) if self._searches else self.query, "count": count, "max_results": count}
        return {"type": self._capability, **found, **({"next_cursor": cursor} if cursor is not None else {})}


def _rows(answer: Any) -> list[Any] | None:
    """Return the tweets of a job's result, None while there is none."""
    if isinstance(answer, list):
        return answer
    found = mapping_of(answer)
    for name in ("data", "items", "results", "tweets"):
        if isinstance(found.get(name), list):
            return list_of(found[name])
    status = (text_of(found.get("status")) or "").casefold()
    if status in _WAITING:
        return None
    if text_of(found.get("error")) is not None or status not in ("done", "completed"):
        raise SourceError(f"Masa's search failed: {_reason(found)}")
    return []


def _sealed(api: RestClient, number: str) -> str | None:
    """Return the sealed result; a worker says 404, or nothing, as long as there is none."""
    return _unquoted(api.text("GET", f"/job/status/{quote(number, safe='')}", missing="")) or None


def _opened(text: str) -> tuple[list[Any], str | None]:
    """Return the tweets and the next cursor of an opened result: bare, or in the worker's envelope."""
    try:
        value = json.loads(text)
        if isinstance(value, dict) and isinstance(value.get("data"), str):
            value = {**value, "data": json.loads(base64.b64decode(value["data"], validate=True) or b"[]")}
    except (ValueError, RecursionError, binascii.Error) as error:
        raise SourceFormatError("the Masa worker gave a result that is no JSON") from error
    if isinstance(value, list):
        return value, None
    if text_of(mapping_of(value).get("error")) is not None:
        raise SourceError(f"the Masa worker could not do the job: {_reason(value)}")
    return list_of(mapping_of(value).get("data")), text_of(mapping_of(value).get("next_cursor"))


def _unquoted(text: str) -> str:
    return text.strip().strip('"')


def _reason(answer: Any) -> str:
    found = mapping_of(answer).get("error") or mapping_of(answer).get("message")
    return (text_of(found) or text_of(mapping_of(found).get("message")) or "no reason given")[:300]


def _new(row: Any, position: Position) -> bool:
    number = _number(row)
    return not number or (number > position.since and (not position.until or number < position.until))


def _number(row: Any) -> int:
    """Return a tweet's id, 0 if it is no number."""
    ids = (id_of(mapping_of(row).get(name)) for name in ("tweet_id", "ExternalID", "ID", "id"))
    found = next(filter(None, ids), "")
    return int(found) if found.isascii() and found.isdecimal() else 0
