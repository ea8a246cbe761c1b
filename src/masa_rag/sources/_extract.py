"""The main text of a page: what its author wrote, without the navigation and adverts around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from masa_rag._time import parse_time
from masa_rag.errors import ConfigurationError, SourceFormatError
from masa_rag.types import Segment


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says, and what it says about itself.

    Attributes:
        text: The main text as Markdown; empty when there are segments.
        segments: The posts of a forum thread, in reading order.
        title: The title of this page, without the name of the site.
        author: Who wrote it.
        created_at: When it was published. A date without a time is midnight UTC.
        url: The address the page claims as its own.
        licence: The licence it names.
        metadata: Description, language, name of the site and what else is known. JSON values only.
    """

    text: str
    segments: Sequence[Segment] = ()
    title: str | None = None
    author: str | None = None
    created_at: datetime | None = None
    url: str | None = None
    licence: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


def extract_page(html: bytes | str, *, url: str | None = None, fast: bool = False) -> Page:
    """Return the main text and the metadata of a page.

    Args:
        html: The page; bytes are decoded by what the page says, then by what fits.
        url: Where it came from, for links that are relative.
        fast: Take the first answer instead of comparing several extractors.

    Raises:
        SourceFormatError: It is not HTML, or holds no element at all.
    """
    from trafilatura import bare_extraction  # half a second to import, and only pages need it
    from trafilatura.xml import xmltotxt

    found = bare_extraction(
        html,
        url=url,
        fast=fast,
        include_comments=False,
        include_formatting=True,
        with_metadata=True,
        output_format="markdown",
    )
    if found is None:
        raise SourceFormatError("received a page in which no text was found; expected HTML with text in it")
    body = xmltotxt(found.body, include_formatting=True) if found.body is not None else ""
    metadata = {"description": found.description, "site": found.sitename, "language": found.language}
    return Page(
        text=body.strip(),
        title=found.title or None,
        author=found.author or None,
        created_at=_date(found.date),
        url=found.url or url,
        licence=found.license or None,
        metadata={key: value for key, value in metadata.items() if value},
    )


def _date(text: str | None) -> datetime | None:
    try:
        return parse_time(text) if text else None
    except ConfigurationError:
        return None
