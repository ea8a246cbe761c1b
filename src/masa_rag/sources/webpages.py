"""Web pages: addresses, saved HTML files, web archives, and the two shapes in which Masa's scrapers wrote pages."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from masa_rag._http.client import Fetcher
from masa_rag.errors import RecordError, SourceError
from masa_rag.sources._base import HEAD_BYTES, FileSource, read_head
from masa_rag.sources._pages import masa
from masa_rag.sources._pages.extract import Page, extract_page, extract_tree
from masa_rag.sources._pages.kinds import PIECE, SUFFIXES, is_page, is_site_folder, plain_head
from masa_rag.sources._pages.live import fetch_page, plain_document
from masa_rag.sources._pages.meta import host_of
from masa_rag.sources._pages.mhtml import is_mhtml, unpack_mhtml
from masa_rag.sources._pages.parse import saved_from
from masa_rag.sources._pages.warc import Capture, captures, is_warc
from masa_rag.sources._paths import expanded
from masa_rag.sources._transcripts.formats import is_transcript
from masa_rag.types import Document

if TYPE_CHECKING:
    from masa_rag.sources.browser import Browser

MAX_PAGE_BYTES = 20_000_000
"""Larger files are refused: a page of this size is a data dump, and parsing it takes ten times its size in memory."""


class WebPages(FileSource):
    """Pages by address, pages saved as HTML (also gzipped) or as one file (MHTML), web archives (WARC), and JSON
    files of Masa's scrapers.

    A page becomes one document: its main text as Markdown, without navigation and adverts, with
    title, author, date, language and licence as far as the page names them. A forum thread
    becomes a document with one segment a post. Plain text and Markdown at an address stay as they are.
    A page of an archive has its address as id, and the time of its capture as ``fetched_at``; a saved
    page that does not name its address has the one that the browser, or SingleFile, noted when it saved it.

    Args:
        paths: A file, folder, pattern or http(s) address, or several. An address is fetched at
            each reading; its document has the id of the address that answered.
        name: The source's name in the memory; by default ``pages:<file, folder>``.
        fast: Leave menus, asides, forms and footers unread, and look for the author in the head only: 1.4 times
            as fast, at a loss of 0.006 of word F1 (0.04 on lists of goods) on sites that the model has not seen,
            and of one author in four (``benchmarks/web_extraction.py``).
        fetcher: How to fetch addresses; give one to set limits or hosts of your own network.
        browser: Shows pages (of addresses) that hold no text without JavaScript; None reports them.
    """

    form: ClassVar[str] = "pages"
    suffixes: ClassVar[frozenset[str]] = SUFFIXES | {".gz", ".json", ".warc"}

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        name: str | None = None,
        fast: bool = False,
        fetcher: Fetcher | None = None,
        browser: Browser | None = None,
    ) -> None:
        given = [paths] if isinstance(paths, (str, Path)) else list(paths)
        self.urls: list[str] = [str(place) for place in given if _is_address(place)]
        files = [place for place in given if not _is_address(place)]
        if self.urls and name is None:  # of one page, so that mirroring another of the site does not delete it
            name = f"{self.form}:{_label(self.urls)}"
        super().__init__(files or given, name=name)
        self.paths: list[str | Path] = files if self.urls else self.paths
        self.fast = fast
        self._fetcher = fetcher
        self._browser = browser

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say yes to HTML, to Masa's web shapes, and to folders of saved pages with their assets."""
        if path.is_dir():
            return is_site_folder(path)
        plain = plain_head(head)
        if path.suffix.lower() in SUFFIXES and PIECE.match(plain):
            return not is_transcript(path, head)  # some are pieces of HTML
        return is_page(plain) or is_warc(plain) or masa.is_masa_web(head)

    def _takes(self, item: Path) -> bool:
        """Take the pages of a folder, and of its JSON only what Masa's scrapers wrote."""
        if not super()._takes(item):
            return False
        if item.suffix.lower() in (".json", ".gz", ".warc"):
            return self.recognises(item, read_head(item))
        return True

    def __iter__(self) -> Iterator[Document | RecordError]:
        if self.urls:
            with self._fetcher if self._fetcher is not None else Fetcher() as fetcher:
                for url in dict.fromkeys(self.urls):
                    yield self._fetch(url, fetcher)
        if self.paths:
            yield from super().__iter__()

    def _fetch(self, url: str, fetcher: Fetcher) -> Document | RecordError:
        try:
            response, head = fetch_page(url, fetcher, quick=self.fast)
            if head is None:
                return fetched_now(plain_document(response), response.url)
            page = extract_tree(head, fast=self.fast)
            if page.needs_browser and self._browser is not None:
                page = extract_page(self._browser.show(response.url), url=response.url, fast=self.fast)
        except SourceError as error:
            return RecordError(str(error), record_id=url)
        item = page_document(page, record_id=response.url)
        if isinstance(item, RecordError) and head.frames:
            told = ", ".join(head.frames)
            return RecordError(
                f"received a page that shows others in frames; give their addresses: {told}", record_id=url
            )
        return fetched_now(item, response.url) if isinstance(item, Document) else item

    def _read(self, path: Path) -> Iterator[Document | RecordError]:
        if is_warc(plain_head(read_head(path))):
            yield from map(self._captured, captures(path, max_bytes=MAX_PAGE_BYTES))
            return
        data = _load(path)
        if isinstance(data, RecordError):
            yield data
        elif masa.is_masa_web(data[:65536]):
            yield from self._read_masa(path, data)
        else:
            yield self._read_html(path, data)

    def _captured(self, capture: Capture | RecordError) -> Document | RecordError:
        if isinstance(capture, RecordError):
            return capture
        try:
            page = extract_page(capture.html, url=capture.url, fast=self.fast)
        except SourceError as error:
            return RecordError(str(error), record_id=capture.url)
        item = page_document(page, record_id=capture.url)
        return fetched(item, capture.url, at=capture.fetched_at) if isinstance(item, Document) else item

    def _read_html(self, path: Path, data: bytes) -> Document | RecordError:
        record_id = self._id(path)
        try:
            html, url, saved_at = unpack_mhtml(data) if is_mhtml(data[:HEAD_BYTES]) else (data, saved_from(data), None)
            url = url if host_of(url) else None
            page = extract_page(html, url=url, fast=self.fast)
        except SourceError as error:
            return RecordError(str(error), record_id=record_id)
        item = page_document(page, record_id=record_id)
        return fetched(item, url, at=saved_at) if isinstance(item, Document) else item

    def _read_masa(self, path: Path, data: bytes) -> Iterator[Document | RecordError]:
        try:
            value: Any = json.loads(data)
        except (ValueError, RecursionError) as error:
            yield RecordError(f"received JSON that cannot be parsed ({error}); scrape it again", record_id=str(path))
            return
        yield from masa.documents(value, origin=self._id(path))

    def _id(self, path: Path) -> str:
        """Return the path below the folder that was given, so that the id does not hang on where it lies."""
        for given in self.paths:
            root = expanded(given)
            if root.is_dir() and path.is_relative_to(root):
                return path.relative_to(root).as_posix()
        return path.name


def page_document(page: Page, *, record_id: str) -> Document | RecordError:
    """Return the page as a document, or the error that says why it cannot be one."""
    if page.needs_browser:
        return RecordError(
            "received a page that is filled in by JavaScript, or a check for robots in its place; read it with "
            "WebPages(..., browser=Browser()), or save it from a browser (complete page) and give the saved file",
            record_id=record_id,
        )
    if not page.text.strip() and not page.segments:
        return RecordError("received a page without main text; expected some sentences", record_id=record_id)
    return Document(
        id=record_id,
        text="" if page.segments else page.text,
        segments=page.segments,
        kind="conversation" if page.segments else "page",
        title=page.title,
        author=page.author,
        created_at=page.created_at,
        url=page.url,
        licence=page.licence,
        metadata=page.metadata,
    )


def fetched(document: Document, url: str | None, *, at: datetime | None) -> Document:
    """Return the document with the time of fetching, and the address it came from where it names none."""
    text = "" if document.segments else document.text
    return replace(document, text=text, url=document.url or url, fetched_at=at)


def fetched_now(document: Document, url: str) -> Document:
    """Return the document as fetched at this moment."""
    return fetched(document, url, at=datetime.now(UTC))


def _label(urls: list[str]) -> str:
    """Return what names a list of addresses: the one there is, or the host of the first."""
    whole = urls[0].partition("://")[2].partition("#")[0].rstrip("/")
    return whole if len(urls) == 1 else host_of(urls[0]) or whole


def _is_address(place: str | Path) -> bool:
    return isinstance(place, str) and place.lower().startswith(("http://", "https://"))


def _load(path: Path) -> bytes | RecordError:
    try:
        opener = gzip.open if path.suffix.lower() == ".gz" else open
        with opener(path, "rb") as file:
            data: bytes = file.read(MAX_PAGE_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        return RecordError(f"received a damaged gzip file ({error}); fetch it again", record_id=str(path))
    if len(data) > MAX_PAGE_BYTES:
        return RecordError(f"received more than {MAX_PAGE_BYTES:,} bytes; expected one page", record_id=str(path))
    return data
