"""A podcast's feed: RSS with the Podcasting 2.0 namespace, all of its repeated elements kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from masa_rag._time import mail_time
from masa_rag.errors import SourceFormatError
from masa_rag.sources._encoding import encoding_of
from masa_rag.sources._feeds.times import iso_time
from masa_rag.sources._feeds.xml import WIDE, all_told, elements, mended_xml
from masa_rag.sources._pages.parse import refuse_many_tags
from masa_rag.sources._transcripts.answers import moment_of
from masa_rag.sources._transcripts.json import number

MAX_TAGS = 400_000
"""Opening and closing ones: some eight thousand episodes."""
_PODLOVE = "http://podlove.org/simple-chapters"
_ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"


@dataclass(frozen=True, slots=True)
class Link:
    """Something a feed points at: address, media type, language (empty when not said)."""

    url: str
    type: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Episode:
    """One item of the feed."""

    id: str
    title: str | None = None
    page: str | None = None
    published: datetime | None = None
    audio: Link | None = None
    transcripts: tuple[Link, ...] = ()
    chapters: Link | None = None
    listed_chapters: tuple[dict[str, Any], ...] = ()
    people: tuple[tuple[str, str], ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Show:
    """A feed: its title, its people (name, role), its language, its episodes in order, and all it says of people."""

    title: str | None
    people: tuple[tuple[str, str], ...]
    language: str
    episodes: tuple[Episode, ...]
    persons: tuple[dict[str, str], ...] = ()


def parse_feed(data: bytes, address: str | None = None) -> Show:
    """Read a feed. No entity is expanded and nothing is fetched. Raises SourceFormatError.

    Args:
        data: The feed.
        address: Where it is from: what relative links in it are relative to. None leaves them as they are.
    """
    refuse_many_tags(data, most=MAX_TAGS, expected="a podcast's feed")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(mended_xml(data.lstrip()), parser, base_url=address)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SourceFormatError(f"received XML that cannot be read ({error}); expected a podcast's RSS feed") from error
    channel = root.find("channel") if root is not None else None
    if channel is None:
        raise SourceFormatError("received XML without a channel; expected a podcast's RSS feed")
    return Show(
        _text(channel, "title"),
        tuple(_people(channel)),
        _text(channel, "language") or "",
        _apart([episode for item in channel.iter("item") if (episode := _episode(item)) is not None]),
        tuple(all_told(channel, "person")),
    )


def _apart(episodes: Sequence[Episode]) -> tuple[Episode, ...]:
    """Return the episodes; where several have one guid, as that of the show, the audio tells them apart."""
    times = Counter(episode.id for episode in episodes)
    return tuple(
        replace(episode, id=episode.audio.url) if times[episode.id] > 1 and episode.audio else episode
        for episode in episodes
    )


def _episode(item: Any) -> Episode | None:
    enclosed = _enclosed(item)
    page = _joined(item, _text(item, "link") or "")
    transcripts = tuple(_links(item, "transcript"))
    audio = _audio(item, enclosed)
    places = (link.url for link in (*transcripts, audio) if link)
    own = _text(item, "guid") or (enclosed.url if enclosed else None) or page
    identity = own or next(places, None) or _text(item, "title")
    if identity is None:
        return None
    chapters = next(iter(_links(item, "chapters")), None)
    facts: dict[str, Any] = {name: _of(item, name) or number(_itunes(item, name)) for name in ("season", "episode")}
    facts |= {"duration": _itunes(item, "duration"), "persons": all_told(item, "person")}
    facts["transcripts"] = all_told(item, "transcript")
    return Episode(
        identity,
        title=_text(item, "title"),
        page=page,
        published=mail_time(_text(item, "pubDate")) or iso_time(_text(item, "pubDate")),
        audio=audio,
        transcripts=transcripts,
        chapters=chapters,
        listed_chapters=tuple(_listed_chapters(item)),
        people=tuple(_people(item)),
        facts={key: value for key, value in facts.items() if value},
    )


def _audio(item: Any, enclosed: Link | None) -> Link | None:
    """Return what is to be heard: what is enclosed, or the smallest alternative, in place of a video too."""
    if enclosed is not None and not enclosed.type.startswith("video/"):
        return enclosed
    return min(_alternatives(item), default=(0.0, enclosed), key=lambda found: found[0])[1]


def _alternatives(item: Any) -> Iterator[tuple[float, Link | None]]:
    """Yield the sounds that stand beside the enclosure, in its language, with their sizes."""
    spoken = language_of(item.getparent().findtext("language") or "")
    for element in elements(item, "alternateEnclosure"):
        sizes = (number(element.get(key)) for key in ("length", "bitrate"))
        uris = (_joined(element, (source.get("uri") or "").strip()) for source in elements(element, "source"))
        url = next((uri for uri in uris if uri and urlsplit(uri).scheme in ("", "http", "https")), None)
        language = language_of(element.get("lang") or spoken)
        if url and _type(element).startswith("audio/") and language == (spoken or language):
            yield next(filter(None, sizes), inf), Link(url, _type(element))


def language_of(code: str) -> str:
    """Return "en" for "en-GB": what is in another spelling is in the same language."""
    return code.replace("_", "-").partition("-")[0].strip().lower()


def _listed_chapters(item: Any) -> Iterator[dict[str, Any]]:
    """Yield the chapters that stand in the feed itself (Podlove Simple Chapters)."""
    for element in item.iterfind(f"{{{_PODLOVE}}}chapters/{{{_PODLOVE}}}chapter"):
        if (start := moment_of(element.get("start"))) is not None and (title := (element.get("title") or "").strip()):
            yield {"start": start, "title": title}


def _enclosed(item: Any) -> Link | None:
    """Return what is enclosed to be heard; a cover or a text may be enclosed beside it."""
    enclosed = [Link(url, _type(one)) for one in item.iterfind("enclosure") if (url := _url(one))]
    heard = [link for link in enclosed if link.type.startswith(("audio/", "video/"))]
    unsure = [link for link in enclosed if not link.type.startswith(("image/", "text/", "application/pdf"))]
    return next(iter((*heard, *unsure)), None)


def _people(parent: Any) -> Iterator[tuple[str, str]]:
    """Yield (name, role); who is of the crew and not heard is left out."""
    for element in elements(parent, "person"):
        name = " ".join("".join(element.itertext()).split())
        role, group = (element.get("role") or "host").lower(), (element.get("group") or "cast").lower()
        if name and group == "cast":
            yield name, role


def _links(parent: Any, name: str) -> Iterator[Link]:
    for element in elements(parent, name):
        if url := _url(element):
            yield Link(url, _type(element), element.get("language", ""))


def _type(element: Any) -> str:
    """Return "text/vtt" for "text/VTT; charset=utf-8"."""
    return str(element.get("type", "")).partition(";")[0].strip().lower()


def _url(element: Any) -> str | None:
    return _joined(element, (element.get("url") or "").strip())


def _joined(element: Any, url: str) -> str | None:
    """Return a link as an address where the feed's own is known; None for one that is none, such as ``https://[``."""
    try:
        joined = urljoin(element.base or "", url) if url else ""
        urlsplit(joined)
    except ValueError:
        return None
    return joined or None


def _text(parent: Any, name: str) -> str | None:
    value = " ".join((parent.findtext(name) or "").split())
    return value or None


def _of(parent: Any, name: str) -> float | None:
    return next((number(element.text) for element in elements(parent, name)), None)


def _itunes(parent: Any, name: str) -> str | None:
    return (parent.findtext(f"{{{_ITUNES}}}{name}") or "").strip() or None


def looks_like_podcast(head: bytes) -> bool:
    """Say whether this is an RSS feed with audio or video enclosures or the podcast namespace."""
    if head.startswith(WIDE):
        head = head.decode(encoding_of(head), errors="ignore").encode()
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:2048]
    rss = re.match(rb"(?>(?:<!--.*?-->|<\?[^>]*\?>)\s*+)*+<rss\b", start, re.DOTALL)
    media = rb"<enclosure\b[^<>]*(?:audio|video)/|<podcast:(?:transcript|person|chapters|guid)\b"
    return rss is not None and re.search(media, head) is not None
