"""Feeds: RSS, Atom and JSON feed; one document an entry."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from masa_rag._http.addresses import read_address
from masa_rag._http.client import Fetcher
from masa_rag._ids import digest
from masa_rag.errors import RecordError, SourceError, SourceFormatError, SourceUnavailableError
from masa_rag.sources._base import FileSource
from masa_rag.sources._feeds.entries import Entry, FeedText, looks_like_feed, read_feed
from masa_rag.sources._pages.extract import extract_tree
from masa_rag.sources._pages.fragments import fragment_text
from masa_rag.sources._pages.hidden import visible_characters
from masa_rag.sources._pages.live import fetch_page, plain_document
from masa_rag.sources.webpages import page_document
from masa_rag.types import Document

SUMMARY_WORDS = 120
"""An entry with fewer words, and none marked as its content, is a summary: its page is fetched."""


class Feed(FileSource):
    """The entries of a feed, read from an address or from files.

    Feeds forget: an entry that is no longer in the feed is still published, so a feed cannot be
    mirrored, only added. The cursor holds the feed's ETag and Last-Modified and a digest of each
    entry: an unchanged feed costs one request, an unchanged entry none. An entry whose page could not be
    had for a while is read again the next time.

    Args:
        place: An http(s) address, a file, a folder or a pattern.
        name: The source's name in the memory; by default ``feed:<host and path, or file>``.
        full_text: Whether to fetch the page of an entry that is a summary only. None means yes for
            an address, no for a file.
        fetcher: How to fetch; give one to set limits or hosts of your own network.
    """

    form: ClassVar[str] = "feed"
    suffixes: ClassVar[frozenset[str]] = frozenset({".xml", ".rss", ".atom", ".rdf", ".json"})

    def __init__(
        self,
        place: str | Path,
        *,
        name: str | None = None,
        full_text: bool | None = None,
        fetcher: Fetcher | None = None,
    ) -> None:
        self._url = read_address(str(place)).url if str(place).lower().startswith(("http://", "https://")) else None
        super().__init__(place, name=f"{self.form}:{_label(self._url)}" if name is None and self._url else name)
        self._full_text = full_text if full_text is not None else self._url is not None
        self._fetcher = fetcher if fetcher is not None else Fetcher()
        self._given: dict[str, Any] = {}
        self._state: dict[str, Any] = {}
        self._later: set[str] = set()

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:  # noqa: ARG003 - its content tells
        """Say yes to RSS, RDF site summaries, Atom and JSON feeds."""
        return looks_like_feed(head)

    @property
    def cursor(self) -> str | None:
        """What the last visit told, as text. Each iteration begins from the one that was set last."""
        return json.dumps(self._state, sort_keys=True) if self._state else None

    @cursor.setter
    def cursor(self, text: str | None) -> None:
        try:
            self._given = dict(json.loads(text)) if text is not None else {}
        except (ValueError, TypeError) as error:
            raise SourceUnavailableError(f"received a cursor that cannot be read ({error}); forget it") from error
        self._state = self._given

    def __iter__(self) -> Iterator[Document | RecordError]:
        if self._url is None:
            yield from super().__iter__()
            return
        self._state, self._later = dict(self._given), set()
        loaded = self._load(self._url)
        if loaded is None:
            return
        data, headers = loaded
        feed = _parsed(data, headers, place=self._url)
        seen = dict(self._state.get("entries", {}))
        current: dict[str, str] = {}
        known = dict(seen)
        for entry, mark in _marked(feed):
            if seen.get(entry.id) == mark:
                current[entry.id] = mark
                continue
            item = self._document(entry, feed.title)
            if isinstance(item, Document) and entry.id not in self._later:
                current[entry.id] = known[entry.id] = mark
                self._state["entries"] = known
            yield item
        self._state = {"entries": current, "headers": _validators(headers) if not self._later else {}}

    def _read(self, path: Path) -> Iterator[Document | RecordError]:
        try:
            feed = _parsed(path.read_bytes(), {}, place=str(path))
        except SourceFormatError as error:
            if path in map(Path, self.paths):
                raise  # it was asked for by name
            yield RecordError(str(error), record_id=str(path))
            return
        for entry, _ in _marked(feed):
            yield self._document(entry, feed.title)

    def _load(self, url: str) -> tuple[bytes, dict[str, str]] | None:
        """Return the feed and the server's headers, or None if it has not changed."""
        told = self._state.get("headers") or {}
        conditions = {"If-None-Match": told.get("etag"), "If-Modified-Since": told.get("last-modified")}
        response = self._fetcher.fetch(url, headers={key: value for key, value in conditions.items() if value})
        if response.status == 304:
            return None
        if response.status != 200:
            raise SourceUnavailableError(f"{url} answered {response.status}; expected a feed")
        return response.content, dict(response.headers)

    def _document(self, entry: Entry, feed_title: str | None) -> Document | RecordError:
        text, problem = self._text(entry)
        about = {"feed": feed_title, "page_error": problem}
        if not text.strip() or not entry.id:
            return RecordError("received an entry that says nothing; expected text", record_id=entry.id or "entry")
        return Document(
            id=entry.id,
            text=text,
            kind="page",
            title=entry.title,
            author=entry.author,
            created_at=entry.created_at,
            url=entry.link,
            fetched_at=datetime.now(UTC) if self._url is not None else None,
            metadata={**entry.metadata, **{name: value for name, value in about.items() if value}},
        )

    def _text(self, entry: Entry) -> tuple[str, str | None]:
        """Return what an entry says, from its page where the feed has a summary only; and why that could not be."""
        problem = None
        text = fragment_text(entry.content) if entry.is_html else visible_characters(entry.content).strip()
        if self._full_text and entry.link and not entry.is_whole and len(text.split()) < SUMMARY_WORDS:
            try:
                text = max(text, self._page_text(entry.link), key=lambda told: len(told.split()))
            except SourceError as error:
                problem = str(error)[:300]
                if isinstance(error, SourceUnavailableError):
                    self._later.add(entry.id)
        return text or entry.title or "", problem

    def _page_text(self, link: str) -> str:
        response, head = fetch_page(link, self._fetcher)
        page = plain_document(response) if head is None else page_document(extract_tree(head), record_id=link)
        if isinstance(page, RecordError):
            raise page
        return page.text


def _label(url: str) -> str:
    address = read_address(url)
    return f"{address.authority}{address.target}".rstrip("/")


def _parsed(data: bytes, headers: dict[str, str], *, place: str) -> FeedText:
    try:
        return read_feed(data, headers=headers, url=place if headers else None)
    except SourceFormatError as error:
        raise SourceFormatError(str(error), path=place) from error


def _marked(feed: FeedText) -> Iterator[tuple[Entry, str]]:
    """Yield each entry with the digest of what it says; one that is repeated word for word is given once."""
    given: dict[str, str] = {}
    for entry in _told_apart(feed.entries):
        mark = digest(entry.id, entry.title or "", entry.content, json.dumps(entry.metadata, sort_keys=True))
        if given.get(entry.id) != mark:
            given[entry.id] = mark
            yield entry, mark


def _told_apart(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Yield the entries; those that share a link or a title as their id have their time, or a digest, behind it."""
    said: dict[str, set[tuple[str | None, str]]] = defaultdict(set)
    times: dict[tuple[str, datetime | None], set[tuple[str | None, str]]] = defaultdict(set)
    for entry in entries:
        said[entry.id].add((entry.title, entry.content))
        times[entry.id, entry.created_at].add((entry.title, entry.content))
    for entry in entries:
        is_alone = entry.id != "" and len(said[entry.id]) == 1
        if entry.is_named or is_alone or not (entry.title or entry.content):
            yield entry
        elif entry.created_at is not None and len(times[entry.id, entry.created_at]) == 1:
            yield replace(entry, id=f"{entry.id} {entry.created_at.isoformat()}".strip())
        else:
            yield replace(entry, id=f"{entry.id} {digest(entry.title or '', entry.content)}".strip())


def _validators(headers: dict[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in ("etag", "last-modified") if headers.get(name)}
