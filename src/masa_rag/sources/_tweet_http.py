"""Requests to the services that tweets are fetched from: typed errors, bounded answers, tokens out of sight."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from masa_rag._lazy import require
from masa_rag.errors import ConfigurationError, SourceError, SourceFormatError, SourceUnavailableError

MAX_ANSWER_BYTES = 64 << 20
"""A page of 500 tweets with all expansions has 2 to 4 MB."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class JsonApi:
    """One service, asked with a token.

    The token is read from the environment when the service is opened, sent as a bearer token to
    this address only (redirects are not followed, plain HTTP is refused except on this machine) and
    kept nowhere that a repr, a log or an error shows.

    Args:
        base_url: What paths are appended to.
        variable: The environment variable that holds the token.
        service: Its name, for errors.
        optional: Whether it may be asked without a token.
        timeout_s: Seconds until a request is given up.
    """

    def __init__(
        self, base_url: str, *, variable: str, service: str, optional: bool = False, timeout_s: float = 30.0
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ConfigurationError(f"received the address {base_url!r}; expected https, for a token is sent to it")
        token = os.environ.get(variable, "").strip()
        if not token and not optional:
            raise ConfigurationError(
                f"{service} needs a token in the environment variable {variable}, which is not set"
            )
        self._httpx = require("httpx2", extra="web", purpose=f"Reading {service}")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = self._httpx.Client(headers=headers, timeout=timeout_s, follow_redirects=False)
        self._base_url, self._service, self._variable = base_url.rstrip("/"), service, variable

    def __enter__(self) -> JsonApi:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
            SourceUnavailableError: Rate limited, failing or not reachable; may be tried again.
            SourceError: Refused: a wrong token, a wrong query.
            SourceFormatError: Longer than any answer should be.
        """
        try:
            status, headers, data = self._ask(method, path, parameters, body)
        except self._httpx.HTTPError as error:
            raise SourceUnavailableError(
                f"{self._service} is not reachable ({type(error).__name__}); check the network and try again"
            ) from error
        if status in (429, 503) or status >= 500:
            wait = _retry_after(headers)
            asked = f"; it asks to wait {wait:.0f} s" if wait is not None else ""
            reason = "its rate limit is reached" if status == 429 else f"it fails (status {status})"
            raise SourceUnavailableError(f"{self._service}: {reason}{asked}. Try again later", retry_after_s=wait)
        if status in (401, 403):
            raise SourceError(
                f"{self._service} refused {path} (status {status}); check the token in {self._variable} "
                "and what it may read"
            )
        if status == 404 and missing is not None:
            return missing
        if not 200 <= status < 300:
            raise SourceError(f"{self._service} answered {path} with status {status}: {_said(data)}")
        return data.decode("utf-8", "replace")

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

    def _json(self, text: str, path: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SourceFormatError(f"{self._service} answered {path} with something else than JSON") from error


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait: ``Retry-After``, else X's ``x-rate-limit-reset`` (Unix seconds), else None."""
    try:
        if (after := headers.get("retry-after")) is not None:
            return max(0.0, float(after))
        if (reset := headers.get("x-rate-limit-reset")) is not None:
            return max(0.0, float(reset) - time.time())
    except ValueError:
        return None  # a date, which these services do not send
    return None


def _said(data: bytes) -> str:
    """Return what an error answer says, without the rest of it."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return "no reason given"
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
