"""When an entry of a feed was published, as many programs write it."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime
from typing import Any

from masa_rag._time import from_unix, mail_time, parse_time
from masa_rag.errors import ConfigurationError
from masa_rag.sources._pages.dates import read_date

_SECONDS_DIGITS = 10
"""Of a time since 1970, from 2001 to 2286."""
_WORD = re.compile(r"[年년]|[^\W\d_]{3}")
_NEVER = re.compile(r"(?<![\d+-])(?<!:\d\d )-?000\d(?!\d)")
"""The year of a time that was not set; readers of mail's times take 0001 for 2001. +0000 is no year."""
_NEVER_DAYS = frozenset({date(1, 1, 1), date(1899, 12, 30), date(1970, 1, 1)})
"""Where programs begin to count."""


def published(item: Any) -> datetime | None:
    """Return when an entry was published, None where its feed does not say or writes a time that was never set."""
    told = item.get("published") or item.get("updated") or ""
    found = None if _NEVER.search(told) else _published(told, item)
    return None if found is None or found.date() in _NEVER_DAYS else found


def iso_time(value: Any) -> datetime | None:
    """Return a time of ISO 8601, None for what is none."""
    try:
        found = parse_time(value) if isinstance(value, str) else None
    except ConfigurationError:
        return None
    return None if found is None or found.date() in _NEVER_DAYS else found


def _published(told: str, item: Any) -> datetime | None:
    if told.strip().isdecimal():  # seconds since 1970, which feedparser takes for a day of some year
        return parse_time(int(told)) if len(told.strip()) == _SECONDS_DIGITS else None
    parsed = item.get("published_parsed") or item.get("updated_parsed")
    if not told.isascii():  # feedparser takes 2024年5月3日 for the first of November
        parsed = None
    return mail_time(told) or _parsed_time(parsed) or (read_date(told) if _WORD.search(told) else None)


def _parsed_time(value: Any) -> datetime | None:
    try:
        return from_unix(calendar.timegm(value)) if value else None
    except (ValueError, TypeError, OverflowError):
        return None
