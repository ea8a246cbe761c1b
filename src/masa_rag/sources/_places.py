"""Which source reads an address: a feed, a podcast or a page, by what the address answers."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from masa_rag._http.client import Fetcher, Response
from masa_rag.errors import ConfigurationError, SourceError
from masa_rag.protocols import Source

ADDRESS_SOURCES: tuple[tuple[str, str], ...] = (
    ("podcast", "Podcast"),
    ("feed", "Feed"),
    ("website", "Website"),
    ("webpages", "WebPages"),
)
"""(module, class) of the sources that read an address. A site is never guessed: one page is what was asked for."""


def source_at(url: str, *, form: str | None = None, **options: Any) -> Source:
    """Return the source that reads an http(s) address.

    Args:
        url: The address.
        form: Name of the source to use instead of asking the address what it is, for example "Website".
        options: Passed to the source.
    """
    if form is not None:
        return _named(form)(url, **options)
    fetcher = options.pop("fetcher", None) or Fetcher()
    try:
        response = fetcher.fetch(url)
    except SourceError:  # reading it will fail as well, and say so where it is heard
        return _named("WebPages")(url, fetcher=fetcher, **options)
    return _named(_kind_of(response))(url, fetcher=_Remembering(fetcher, url, response), **options)


def _kind_of(response: Response) -> str:
    place, head = Path("feed.xml"), response.content[:65_536]
    kinds = (name for _, name in ADDRESS_SOURCES[:2] if getattr(_named(name), "recognises")(place, head))  # noqa: B009
    return next(kinds, "WebPages") if response.status == 200 else "WebPages"


def _named(form: str) -> Callable[..., Source]:
    for module, name in ADDRESS_SOURCES:
        if name.lower() == form.lower():
            found: Callable[..., Source] = getattr(importlib.import_module(f"masa_rag.sources.{module}"), name)
            return found
    known = ", ".join(name for _, name in ADDRESS_SOURCES)
    raise ConfigurationError(f"received the source {form!r} for an address; known are {known}")


class _Remembering(Fetcher):
    """Answers the first request for an address with what is known already, so that nothing is fetched twice."""

    def __init__(self, inner: Fetcher, url: str, response: Response) -> None:
        self._inner = inner
        self._known: dict[str, Response] = {url: response}
        self.limits, self.user_agent = inner.limits, inner.user_agent

    def fetch(
        self, url: str, *, headers: Mapping[str, str] | None = None, follow: Callable[[str], bool] | None = None
    ) -> Response:
        """Return what is known of the address, once; else what it answers."""
        known = self._known.pop(url, None)
        return known if known is not None else self._inner.fetch(url, headers=headers, follow=follow)

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._inner.close()
