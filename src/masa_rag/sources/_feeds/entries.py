"""The entries of a feed, whichever of the three forms it has: RSS, Atom, JSON feed."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import urljoin

from masa_rag._lazy import require
from masa_rag.errors import SourceFormatError
from masa_rag.sources._feeds.times import iso_time, published
from masa_rag.sources._feeds.xml import WIDE, all_told, mended_xml
from masa_rag.sources._pages.encoding import page_text
from masa_rag.sources._pages.fragments import fragment_text
from masa_rag.sources._pages.parse import refuse_many_tags

_CAPTION = "{*}content/{http://search.yahoo.com/mrss/}description"
"""What a post's picture shows, which feedparser takes for what the post says, if it stands behind that."""
_REPEATED = ("transcript", "person")
"""Elements of the podcast namespace that may occur more than once; feedparser keeps the last of each only."""

_MAIL_FIRST = re.compile(r"[^\s@]+@\S+ \(([^()@]+)\)")
_MAIL_LAST = re.compile(r"([^()<>@]+) [(<][^\s@]+@[^\s@]+[)>]")

_SUBMITTED = re.compile(r'(?:\s|&#32;)*submitted by(?:\s|&#32;)*<a href="https://www\.reddit\.com/user/.{,900}\Z', re.S)
"""What Reddit's feeds write below each post: its author again, and two links without words."""

_MARKUP = ("text/html", "application/xhtml+xml")

_SAYING = ("content_html", "content_text", "summary")
"""Fields of a JSON feed's item, the best first; all but the first are plain text."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes:
        id: Its guid or id, else its link, else its title; empty where it has none of them.
        is_named: Whether that is an id of its own, not its link or its title, which others may have as well.
        content: What it says, or its summary where that is all there is.
        is_html: Whether ``content`` is HTML, not plain text.
        is_whole: Whether ``content`` is marked as such, not as a summary.
        title: Its title.
        link: The address of its page.
        author: Who wrote it.
        created_at: When it was published.
        metadata: ``tags``, ``transcripts``, ``persons``, ``show_persons`` (those the feed names for all of its
            entries), ``audio``. JSON values only.
    """

    id: str
    content: str
    is_html: bool
    is_whole: bool
    is_named: bool
    title: str | None = None
    link: str | None = None
    author: str | None = None
    created_at: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FeedText:
    """A parsed feed: its title, and its entries in the feed's order."""

    title: str | None
    entries: tuple[Entry, ...]


MAX_TAGS = 100_000
"""Opening and closing ones: some two thousand entries. The reader takes half a minute for a million."""

MAX_BYTES = 10_000_000
"""The reader takes fifteen times the size in memory."""

_BEFORE_ROOT = rb"\A(?:\xef\xbb\xbf)?\s*+(?>(?:<\?.*?\?>|<!--.*?-->|<!doctype[^>\[]*>)\s*+)*+"
_ENCODING = re.compile(rb"\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*[\"']([\w.:-]{1,40})", re.I)
_ROOT = re.compile(_BEFORE_ROOT + rb"<(?:[\w-]+:)?(rss|rdf|feed)\b([^>]*)>", re.I | re.S)
_JSON_FEED = re.compile(rb'"version"\s*:\s*"https?:(?:\\?/){2}(?:www\.)?jsonfeed\.org(?:\\?/)version')


def looks_like_feed(head: bytes) -> bool:
    """Say whether the first bytes of a file are RSS, an RDF site summary, Atom, or a JSON feed."""
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _JSON_FEED.search(head) is not None
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "ignore").encode()
    if (root := _ROOT.match(head)) is None:
        return False
    name, spaces = root[1].lower(), root[2]
    return name == b"rss" or (
        b"purl.org/rss/1.0" in spaces if name == b"rdf" else b"/Atom" in spaces or b"atom" in spaces
    )


def read_feed(data: bytes, *, headers: Mapping[str, str] | None = None, url: str | None = None) -> FeedText:
    """Return the entries of a feed.

    Entities that a feed declares itself are refused; broken XML is read as far as it can be.

    Args:
        data: The feed.
        headers: The server's, for the encoding.
        url: Where it came from, for links that are relative.

    Raises:
        SourceFormatError: It is no feed, or declares entities.
    """
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _read_json(data, url)
    if re.search(rb"<!\s*(?:ENTITY|ELEMENT|ATTLIST)", data.replace(b"\x00", b""), re.I):
        raise SourceFormatError("received a feed with XML declarations of its own; expected plain elements")
    if len(data) > MAX_BYTES:
        raise SourceFormatError(f"received a feed of {len(data):,} bytes; expected at most {MAX_BYTES:,}")
    refuse_many_tags(data, most=MAX_TAGS, expected="a feed")
    data = mended_xml(_utf8(data, (headers or {}).get("content-type", "")))
    feedparser = require("feedparser", extra="web", purpose="Reading a feed")
    options = {"sanitize_html": False, "resolve_relative_uris": False}  # half a minute for a hostile text
    try:
        parsed = feedparser.parse(data, response_headers=dict(headers or {}), **options)
    except Exception as error:  # hostile feeds bring it to raise what its documentation does not name
        raise SourceFormatError(f"received a feed that cannot be read ({error}); expected RSS or Atom") from error
    if not parsed.entries and not parsed.get("version"):
        raise SourceFormatError("received bytes that are no feed; expected RSS, Atom or a JSON feed")
    repeated = list(_repeated(data))
    entries = []
    is_atom = parsed.get("version", "").startswith("atom")
    author = _author(parsed.feed) if is_atom else None  # RSS names the editor of the whole, who wrote none
    base = _address(parsed.feed.get("link"), url) or url
    for number, item in enumerate(parsed.entries):
        extra = repeated[number] if len(repeated) == len(parsed.entries) else {}
        entries.append(_from_xml(item, extra, author, base))
    return FeedText(_title(parsed.feed), tuple(entries))


def _utf8(data: bytes, content_type: str) -> bytes:
    """Return a feed that is no UTF-8, and says that it is or nothing, in what its letters look like."""
    named = _ENCODING.match(data)
    told = "charset" in content_type.lower() or (named is not None and named[1].lower() not in (b"utf-8", b"utf8"))
    if told or data.startswith(WIDE):
        return data  # the reader goes by it
    try:
        data.decode()
    except UnicodeDecodeError:
        return page_text(data).encode("utf-8", "replace")
    return data


def _from_xml(item: Any, repeated: dict[str, Any], author: str | None, base: str | None) -> Entry:
    told, is_whole = _said(item, repeated.pop("captions", ()))
    title, link, own = _title(item), _text(item.get("link")), _text(item.get("id"))
    metadata = {"tags": [tag["term"] for tag in item.get("tags") or () if tag.get("term")], **repeated}
    enclosures = [file for file in item.get("enclosures") or () if not str(file.get("type")).startswith("image/")]
    audio = [{key: file[key] for key in ("href", "type", "length") if file.get(key)} for file in enclosures]
    return Entry(
        id=own or link or _text(item.get("title")) or "",
        content=_SUBMITTED.sub("", told.get("value") or ""),
        is_html=told.get("type") != "text/plain",
        is_whole=is_whole,
        is_named=own is not None and (own != link or _address(own, None) is None),
        title=title,
        link=_address(link, base if not item.get("guidislink") else None),
        author=_author(item) or _author(item.get("source") or {}) or author,
        created_at=published(item),
        metadata={key: value for key, value in {**metadata, "audio": audio}.items() if value},
    )


def _said(item: Any, captions: Collection[str]) -> tuple[Mapping[str, Any], bool]:
    """Return what an entry says, and whether that is marked as its content; feedparser mixes captions into both."""
    parts = [*(item.get("content") or ()), item.get("summary_detail") or {}]
    *whole, summary = [part if unescape(part.get("value") or "") not in captions else {} for part in parts]
    if any(part.get("value") for part in whole):
        return max(whole, key=lambda part: len(part.get("value") or "")), True
    return (summary if summary.get("value") else {"value": item.get("summary")}), False


def _address(told: str | None, base: str | None) -> str | None:
    """Return the address that a feed names, seen from its own; None for what is no address of the web."""
    try:
        found = urljoin(base or "", told) if told else ""
    except ValueError:
        return None
    return found if found.lower().startswith(("http://", "https://")) else None


def _title(item: Any) -> str | None:
    """Return the title of an entry or a feed as plain text; in RSS, feedparser guesses whether it is HTML."""
    title = item.get("title")
    if title and (item.get("title_detail") or {}).get("type") in _MARKUP:
        title = fragment_text(title) or unescape(title)
    return _text(title)


def _author(item: Any) -> str | None:
    """Return who wrote an entry or a feed; several names are joined by a semicolon."""
    names = [unescape(name) for author in item.get("authors") or () if (name := _text(author.get("name")))]
    told = unescape(_text(item.get("author")) or "")
    named = _MAIL_FIRST.fullmatch(told) or _MAIL_LAST.fullmatch(told)
    only = named[1] if named is not None else told.removeprefix("/u/")
    return "; ".join(names) if len(names) > 1 else only or None


def _repeated(data: bytes) -> Iterator[dict[str, Any]]:
    """Yield, for each item, all of its transcripts and persons with their attributes, and its pictures' captions."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return
    if root is None:
        return
    channel = next(root.iter("{*}channel"), root)
    show = all_told(channel, "person")
    for item in root.iter("{*}item", "{*}entry"):
        found: dict[str, Any] = {f"{name}s": all_told(item, name) for name in _REPEATED}
        found["captions"] = [unescape(text).strip() for note in item.iterfind(_CAPTION) if (text := note.text)]
        yield {key: value for key, value in {**found, "show_persons": show}.items() if value}


def _read_json(data: bytes, url: str | None) -> FeedText:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SourceFormatError(f"received JSON that cannot be parsed ({error}); expected a feed") from error
    items = value.get("items") if isinstance(value, dict) else None
    if not isinstance(items, list) or "jsonfeed.org" not in str(value.get("version")):
        raise SourceFormatError("received JSON that is no feed; expected version and items of jsonfeed.org")
    author = _json_author(value)
    base = _address(_text(value.get("home_page_url")), url) or url
    entries = (_from_json(item, author, base) for item in items if isinstance(item, dict))
    return FeedText(_text(value.get("title")), tuple(entries))


def _json_author(item: Mapping[str, Any]) -> str | None:
    authors = item.get("authors") or [item.get("author")]
    listed = authors if isinstance(authors, list) else []
    names = [_text(author.get("name")) for author in listed if isinstance(author, dict)]
    return "; ".join(name for name in names if name) or None


def _from_json(item: Mapping[str, Any], author: str | None, base: str | None) -> Entry:
    told = {name: value for name in _SAYING if isinstance(value := item.get(name), str) and value.strip()}
    said = next(iter(told), "")
    link, tags = _text(item.get("url")) or _text(item.get("external_url")), item.get("tags")
    return Entry(
        id=str(item.get("id") or link or item.get("title") or ""),
        content=told.get(said, ""),
        is_html=said == "content_html",
        is_whole=said.startswith("content"),
        is_named=bool(item.get("id")) and item["id"] != link,
        title=_text(item.get("title")),
        link=_address(link, base),
        author=_json_author(item) or author,
        created_at=iso_time(item.get("date_published")) or iso_time(item.get("date_modified")),
        metadata={"tags": [str(tag) for tag in tags]} if isinstance(tags, list) and tags else {},
    )


def _text(value: Any) -> str | None:
    return " ".join(value.split()) or None if isinstance(value, str) else None
