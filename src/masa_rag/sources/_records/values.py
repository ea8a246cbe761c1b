"""What a single value is: words that somebody said, a time, an address, a name; and how it is read."""

from __future__ import annotations

import html
import math
import re
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import Any

from masa_rag._time import from_unix
from masa_rag.sources._chats.cooked import cooked_text
from masa_rag.sources._chats.dates import moment
from masa_rag.sources._chats.fields import clean
from masa_rag.sources._written import DateOrder, time_of, worded_time

_ABSENT = frozenset({"", "n/a", "na", "nan", "nat", "none", "null", "undefined", "[deleted]", "[removed]", "(unknown)"})
_EARLIEST, _LATEST = 3.0e8, 4.2e9
"""Unix seconds, in the years 1979 and 2103."""
_FIRST_YEAR = 1979
_TAG = re.compile(
    r"</?(?:p|br|div|span|a|b|i|em|strong|u|code|pre|blockquote|ul|ol|li|h[1-6]|img|table)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_OPENS_WITH_TAG = re.compile(rf"\s*{_TAG.pattern}", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|amp|lt|gt|quot|apos|nbsp);", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?|at)://\S+")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\u0e00-\u0e7f]")
_WORD = re.compile(r"[^\W\d_]{2,}")


def text_in(value: Any) -> str:
    """Return the text of a scalar; "" for what stands where there is none."""
    if isinstance(value, str):
        found = clean(value)
        return "" if found.casefold() in _ABSENT else found
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    return str(int(value)) if isinstance(value, float) and math.isfinite(value) and value == int(value) else str(value)


def said(value: Any) -> str:
    """Return what somebody wrote: HTML as text, entities and letters as they were meant, all else verbatim."""
    text = text_in(value) if isinstance(value, str) else ""
    if is_markup(text):
        return clean(cooked_text(text))
    return clean(html.unescape(text)) if _ENTITY.search(text) else mended(text)


def is_markup(text: str) -> bool:
    """Say whether a text is HTML; Markdown, and code in it, may hold tags too, but blank lines between paragraphs."""
    if "<" not in text or _TAG.search(text) is None:
        return False
    return _OPENS_WITH_TAG.match(text) is not None or "\n\n" not in text


def mended(text: str) -> str:
    """Return a text whose letters are the bytes of UTF-8, one each, as Meta writes them, as it was meant."""
    with suppress(UnicodeError):  # it is written as it should be
        return text if text.isascii() else clean(text.encode("latin-1").decode("utf-8"))
    return text


def words_in(text: str) -> float:
    """Return how many words a text has; where there are no blanks, two letters are one."""
    return len(_WORD.findall(text)) + len(_UNSPACED.findall(text)) / 2


def is_prose(text: str) -> bool:
    """Say whether a text consists of words, and is no address, path, number or code."""
    if _ADDRESS.fullmatch(text) or (text[:1] in ("{", "[") and text[-1:] in ("}", "]")):
        return False
    if not any(map(str.isspace, text)) and _UNSPACED.search(text) is None:
        return False
    letters = sum(character.isalpha() or character.isspace() for character in text[:2_000])
    return words_in(text[:2_000]) >= 2 and letters >= 0.6 * len(text[:2_000])


def link_in(value: Any) -> str:
    """Return an address of the web, or of Bluesky, "" for anything else."""
    found = text_in(value)
    return found if _ADDRESS.fullmatch(found) else ""


def time_in(value: Any, zone: tzinfo = UTC, order: DateOrder | None = None) -> datetime | None:
    """Return when something was said: ISO 8601, a count since 1970, a date of mails, tables or people.

    Args:
        value: What the record has. Counts are seconds, milliseconds, microseconds or nanoseconds.
        zone: The zone of times that name none.
        order: What the dates of the whole file tell of which number is the month.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return _counted(float(value))
    written = text_in(value)
    if not written or len(written) > 80 or not any(map(str.isdigit, written)):
        return None
    if written.replace(".", "", 1).isdecimal() and len(written) > 8:
        return _counted(float(written))
    return _written_iso(written, zone) or _written_otherwise(written, zone, order)


def _counted(count: float) -> datetime | None:
    while count > 1e11:  # thousandths, millionths, …
        count /= 1_000
    return from_unix(count) if _EARLIEST < count < _LATEST else None


def _written_iso(written: str, zone: tzinfo) -> datetime | None:
    text = f"{written[:-4]}+00:00" if written.endswith(" UTC") else written
    try:
        found = datetime.fromisoformat(text)
        found = (found if found.tzinfo is not None else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year >= _FIRST_YEAR and len(text) > 7 else None


def _written_otherwise(written: str, zone: tzinfo, order: DateOrder | None) -> datetime | None:
    if written.isdecimal():
        return None
    found = time_of(written, zone=zone) or (order or DateOrder()).read(written, zone)
    if found is None and any(map(str.isalpha, written)):
        found = worded_time(written, zone) or moment(written, zone)
    return found if found is not None and found.year >= _FIRST_YEAR else None
