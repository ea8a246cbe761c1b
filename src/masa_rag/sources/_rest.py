"""JSON from web APIs: rate limits honoured within a budget of waiting, tokens kept out of sight."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import Any

from masa_rag._lazy import require
from masa_rag.errors import ConfigurationError, SourceError, SourceFormatError, SourceUnavailableError

MAX_ANSWER_BYTES = 33_554_432
"""Longest answer that is read (32 MiB); pages of 100 messages stay below one."""
RETRIES = 4
"""How often a request is tried when the service or the network fails; with 1, 2 and 4 s between."""


def token_from(variable: str, *, service: str) -> str:
    """Return the token in the environment variable. Raises ConfigurationError when it is not set."""
    if not (token := os.environ.get(variable, "").strip()):
        raise ConfigurationError(f"{service} needs a token in the environment variable {variable}, which is not set")
    return token


class RestClient:
    """Gets JSON from one service.

    Args:
        base_url: What paths are appended to.
        headers: Sent with each request; the token is among them. They are not kept in a readable
            place, redirects are not followed, and no error repeats them.
        service: Its name, for errors.
        max_wait_s: Seconds that may be spent waiting in all, for rate limits and failures.
        timeout_s: Seconds until a request is given up.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str],
        service: str,
        max_wait_s: float,
        timeout_s: float = 30.0,
    ) -> None:
        self._httpx = require("httpx2", extra="web", purpose=f"Reading {service}")
        self._client = self._httpx.Client(headers=dict(headers), timeout=timeout_s, follow_redirects=False)
        self._base_url = base_url.rstrip("/")
        self._service = service
        self._budget_s = max_wait_s

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, **parameters: str | int) -> Any:
        """Return the answer's JSON.

        Raises:
            SourceUnavailableError: Rate limited past the budget, or not reachable; ``retry_after_s``
                says how long the service asked to wait.
            SourceFormatError: The answer is no JSON.
            SourceError: The request was refused.
        """
        for attempt in range(RETRIES):
            last = attempt == RETRIES - 1
            try:
                status, headers, data = self._request(path, parameters)
            except self._httpx.HTTPError as error:
                self.wait(None if last else 2.0**attempt, because=f"{type(error).__name__} on {path}", cause=error)
                continue
            if status == 429:
                self.wait(_retry_after(headers, data), because="rate limit")
            elif status >= 500:
                self.wait(None if last else 2.0**attempt, because=f"status {status} on {path}")
            else:
                answer = self._answer(status, path, data)
                self._respect(headers)
                return answer
        raise SourceUnavailableError(f"{self._service} still answered with its rate limit after {RETRIES} tries")

    def _request(self, path: str, parameters: Mapping[str, str | int]) -> tuple[int, Mapping[str, str], bytes]:
        with self._client.stream("GET", f"{self._base_url}{path}", params=dict(parameters)) as response:
            data = b""
            for piece in response.iter_bytes():
                data += piece
                if len(data) > MAX_ANSWER_BYTES:
                    raise SourceFormatError(f"{self._service} answered with more than {MAX_ANSWER_BYTES:,} bytes")
            return response.status_code, response.headers, data

    def _answer(self, status: int, path: str, data: bytes) -> Any:
        if status in (401, 403):
            raise SourceError(f"{self._service} refused {path} (status {status}); check the token and its permissions")
        if status != 200:
            raise SourceError(f"{self._service} answered {path} with status {status}; expected 200. Check the id")
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise SourceFormatError(f"{self._service} answered {path} with something else than JSON") from error

    def _respect(self, headers: Mapping[str, str]) -> None:
        """Wait before the limit is hit, where the service says that this request was the last allowed."""
        pause = _seconds(headers.get("x-ratelimit-reset-after"))
        if headers.get("x-ratelimit-remaining") == "0" and pause and pause <= self._budget_s:
            self.wait(pause, because="rate limit")

    def wait(self, seconds: float | None, *, because: str, cause: Exception | None = None) -> None:
        """Sleep if the budget allows it; raise SourceUnavailableError if not, or if ``seconds`` is None."""
        if seconds is None or seconds > self._budget_s:
            asked = f"; it asks to wait {seconds:g} s" if seconds is not None else ""
            raise SourceUnavailableError(
                f"{self._service}: {because}{asked}. Try again later", retry_after_s=seconds
            ) from cause
        self._budget_s -= seconds
        time.sleep(seconds)


def _retry_after(headers: Mapping[str, str], data: bytes) -> float:
    """Return the seconds to wait: of the header, of the body (Discord, with fractions), else one minute."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        body = None
    asked = body.get("retry_after") if isinstance(body, dict) else None
    precise = float(asked) if isinstance(asked, (int, float)) and asked >= 0 else None
    return precise if precise is not None else _seconds(headers.get("retry-after")) or 60.0


def _seconds(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None  # a date, which neither service sends
    return value if value is not None and 0 <= value < 1e9 else None
