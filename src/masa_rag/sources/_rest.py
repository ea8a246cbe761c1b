"""JSON from web services: rate limits honoured within a budget of waiting, tokens kept out of sight."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit

from masa_rag._http.offline import check_online
from masa_rag._lazy import require
from masa_rag.errors import ConfigurationError, SourceError, SourceFormatError, SourceUnavailableError

MAX_ANSWER_BYTES = 64 << 20
"""Longest answer that is read. A page of 500 tweets with all expansions has 2 to 4 MB."""
RETRIES = 4
"""How often a request is tried when the service or the network fails; with 1, 2 and 4 s between."""
TIMEOUT_S = 30.0
"""Seconds until a request is given up."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class RestClient:
    """One service, asked with a token.

    The token is read from the environment when the client is made, sent to this address only (redirects
    are not followed, plain HTTP is refused except on this machine) and kept nowhere that a repr, a log
    or an error shows.

    Args:
        base_url: What paths are appended to.
        variable: The environment variable that holds the token.
        service: Its name, for errors.
        scheme: The word before the token.
        optional: Whether it may be asked without a token.
        max_wait_s: Seconds that may be spent waiting in all, for rate limits and failures; with 0 each is an
            error at once.
    """

    def __init__(
        self,
        base_url: str,
        *,
        variable: str,
        service: str,
        scheme: str = "Bearer",
        optional: bool = False,
        max_wait_s: float = 0.0,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ConfigurationError(f"received the address {base_url!r}; expected https, for a token is sent to it")
        check_online(parts.hostname or "")
        token = os.environ.get(variable, "").strip()
        if not token and not optional:
            raise ConfigurationError(
                f"{service} needs a token in the environment variable {variable}, which is not set"
            )
        self._httpx = require("httpx2", extra="web", purpose=f"Reading {service}")
        headers = {"Authorization": f"{scheme} {token}"} if token else {}
        self._client = self._httpx.Client(headers=headers, timeout=TIMEOUT_S, follow_redirects=False)
        self._base_url, self._service, self._variable = base_url.rstrip("/"), service, variable
        self._budget_s = max_wait_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, *, missing: Any = ..., **parameters: str | int) -> Any:
        """Return the JSON of a GET, ``missing`` (if given) where the service says 404; errors as in :meth:`text`."""
        text = self.text("GET", path, parameters=parameters, missing=None if missing is ... else "")
        return self._json(text, path) if text or missing is ... else missing

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the JSON of a POST; see :meth:`text` for the errors."""
        return self._json(self.text("POST", path, body=body), path)

    def text(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        missing: str | None = None,
    ) -> str:
        """Return the answer as text, or ``missing`` (if not None) where the service says 404.

        Raises:
            SourceUnavailableError: Rate limited past the budget, failing or not reachable;
                ``retry_after_s`` says how long the service asked to wait.
            SourceError: Refused: a wrong token, a wrong query.
            SourceFormatError: Longer than any answer should be.
        """
        for attempt in range(RETRIES):
            pause = 2.0**attempt if attempt < RETRIES - 1 else None
            try:
                status, headers, data = self._ask(method, path, parameters, body)
            except self._httpx.HTTPError as error:
                self.wait(pause, because=f"not reachable ({type(error).__name__} on {path})", cause=error)
                continue
            if status == 429:
                asked = _asked_to_wait(headers, data)
                self.wait(60.0 if asked is None else asked, because="its rate limit is reached", asked=asked)
            elif status >= 500:
                asked = _asked_to_wait(headers, b"")
                self.wait(
                    pause if asked is None else asked, because=f"it fails (status {status} on {path})", asked=asked
                )
            elif status == 404 and missing is not None:
                return missing
            else:
                self._check(status, path, data)
                self._respect(headers)
                return data.decode("utf-8", "replace")
        raise SourceUnavailableError(f"{self._service} still answered with its rate limit after {RETRIES} tries")

    def _ask(
        self, method: str, path: str, parameters: Mapping[str, str | int] | None, body: Mapping[str, Any] | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        address = f"{self._base_url}{path}"
        with self._client.stream(method, address, params=parameters or None, json=body) as response:
            data = bytearray()
            for piece in response.iter_bytes():
                data += piece
                if len(data) > MAX_ANSWER_BYTES:
                    raise SourceFormatError(f"{self._service} answered with more than {MAX_ANSWER_BYTES:,} bytes")
            return response.status_code, response.headers, bytes(data)

    def _check(self, status: int, path: str, data: bytes) -> None:
        if status in (401, 403):
            raise SourceError(
                f"{self._service} refused {path} (status {status}); check the token in {self._variable} "
                "and what it may read"
            )
        if not 200 <= status < 300:
            raise SourceError(f"{self._service} answered {path} with status {status}: {_said(data)}")

    def _json(self, text: str, path: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SourceFormatError(f"{self._service} answered {path} with something else than JSON") from error

    def _respect(self, headers: Mapping[str, str]) -> None:
        """Wait before the limit is hit, where the service says that this request was the last allowed."""
        pause = _seconds(headers.get("x-ratelimit-reset-after"))
        if headers.get("x-ratelimit-remaining") == "0" and pause and pause <= self._budget_s:
            self.wait(pause, because="rate limit")

    def wait(
        self, seconds: float | None, *, because: str, asked: float | None = None, cause: Exception | None = None
    ) -> None:
        """Sleep if the budget allows it; raise SourceUnavailableError if not, or if ``seconds`` is None.

        Args:
            seconds: How long.
            because: What happened.
            asked: How long the service asks to wait, where it does.
            cause: The error behind it.
        """
        if seconds is None or seconds > self._budget_s:
            asks = f"; it asks to wait {asked:.0f} s" if asked is not None else ""
            raise SourceUnavailableError(
                f"{self._service}: {because}{asks}. Check the network and try again later", retry_after_s=asked
            ) from cause
        self._budget_s -= seconds
        time.sleep(seconds)


def _asked_to_wait(headers: Mapping[str, str], data: bytes) -> float | None:
    """Return the seconds: of the body (Discord, with fractions), of ``Retry-After``, of X's reset time, else None."""
    body = _loaded(data)
    asked = body.get("retry_after") if isinstance(body, dict) else None
    if isinstance(asked, (int, float)) and asked >= 0:
        return float(asked)
    if (after := _seconds(headers.get("retry-after"))) is not None:
        return after
    reset = _seconds(headers.get("x-rate-limit-reset"), most=1e11)
    return None if reset is None else max(0.0, reset - time.time())


def _seconds(text: str | None, *, most: float = 1e9) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None  # a date, which none of these services sends
    return value if value is not None and 0 <= value < most else None


def _said(data: bytes) -> str:
    """Return what an error answer says, without the rest of it."""
    value = _loaded(data)
    for error in (value, *_errors(value)):
        found = error.get("detail") or error.get("message") if isinstance(error, dict) else None
        if isinstance(found, str):
            return found[:300]
    return "no reason given"


def _errors(value: Any) -> list[Any]:
    if not isinstance(value, dict):
        return []
    single, many = value.get("error"), value.get("errors")
    return [{"message": single} if isinstance(single, str) else single, *(many if isinstance(many, list) else [])]


def _loaded(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
