"""Sitemaps: the pages that a site names by itself, as XML or a line each, also gzipped."""

from __future__ import annotations

import gzip
import re
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

from masa_rag.errors import SourceFormatError
from masa_rag.sources._pages.parse import refuse_many_tags

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_SITEMAPS = 50
MAX_TAGS = 600_000
"""A sitemap has at most 50,000 addresses (sitemaps.org), each in up to five elements."""
MAX_BYTES = 50_000_000


def read_sitemap(data: bytes) -> tuple[list[str], list[str]]:
    """Return the pages and the further sitemaps that a sitemap names.

    Raises SourceFormatError for broken XML, and for a document type: no sitemap needs one, and
    entities are how a small file becomes a large one.
    """
    data = _unzipped(data).removeprefix(b"\xef\xbb\xbf").lstrip()
    if data[:4].lower() == b"http":
        return data.decode("utf-8", "replace").split(), []
    found: dict[str, list[str]] = {"url": [], "sitemap": []}
    for place in _root(data).iter("{*}loc"):
        holder = place.getparent()
        wanted = found.get(str(holder.tag).rpartition("}")[2]) if holder is not None else None
        if place.text and wanted is not None:  # pictures have addresses as well
            wanted.append(place.text.strip())
    return found["url"], found["sitemap"]


def _root(data: bytes) -> _Element:
    """Return the root of XML without entities. Raises SourceFormatError where it is broken or declares any."""
    from lxml import etree

    refuse_many_tags(data, most=MAX_TAGS, expected="a sitemap")
    if re.search(rb"<!\s*(?:ENTITY|ATTLIST|ELEMENT)", data[:1_000_000].replace(b"\x00", b""), re.I):
        raise SourceFormatError("received XML with declarations of its own; expected plain elements")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SourceFormatError(f"received XML that cannot be read ({error})") from error


def _unzipped(data: bytes) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        unpacked = gzip.GzipFile(fileobj=BytesIO(data)).read(MAX_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceFormatError(f"received a damaged gzip file ({error})") from error
    if len(unpacked) > MAX_BYTES:
        raise SourceFormatError(f"received a file that unpacks to more than {MAX_BYTES:,} bytes")
    return unpacked
