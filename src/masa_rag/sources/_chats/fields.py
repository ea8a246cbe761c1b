"""What stands in the fields of an export's records, whatever type it has there: texts, ids, lists, times.

Tweets, which come in millions, have quicker readers of their own in ``_tweets/record.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from masa_rag._time import from_unix
from masa_rag.errors import ConfigurationError, RecordError

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def kept(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing: None, empty texts and containers, 0 and False."""
    return {key: value for key, value in values.items() if value}


def clean(text: str) -> str:
    """Return the text as it can be stored: line breaks as ``\\n``, outer space off, half characters marked."""
    return _UNSTORABLE.sub(_storable, text).replace("\r\n", "\n").strip()


def _storable(match: re.Match[str]) -> str:
    return "" if match[0] == "\x00" else "\ufffd"


def text_of(record: Any, *names: str) -> str:
    """Return the first of the fields that holds a text, "" when none does."""
    if isinstance(record, dict):
        for name in names:
            if isinstance(value := record.get(name), str) and (text := clean(value)):
                return text
    return ""


def id_of(record: Any, *names: str) -> str:
    """Return the first of the fields that holds an id (a text or a whole number) as text, "" when none does."""
    if isinstance(record, dict):
        for name in names:
            value = record.get(name)
            if isinstance(value, str) and (text := clean(value)):
                return text
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
    return ""


def list_of(record: Any, name: str) -> list[dict[str, Any]]:
    """Return the objects in the field's list; [] when there are none."""
    value = record.get(name) if isinstance(record, dict) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts_of(record: Any, name: str, *names: str) -> list[str]:
    """Return the first text in each of the objects in the field's list, those without one left out."""
    return [text for item in list_of(record, name) if (text := text_of(item, *names))]


def counts_of(pairs: Iterable[tuple[str | None, Any]]) -> dict[str, int]:
    """Return {name: count} of what has a name and a whole number, those of one name together."""
    counts: dict[str, int] = {}
    for name, count in pairs:
        if name and isinstance(count, int):
            counts[name] = counts.get(name, 0) + count
    return counts


def content_of(record: dict[str, Any], name: str, *, record_id: str) -> str:
    """Return the message's text; raise RecordError when the field holds anything but text or nothing."""
    value = record.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RecordError(
            f"received {type(value).__name__} as {name!r}; expected text. The message is left out",
            record_id=record_id,
        )
    return clean(value)


def time_of(value: object, *, zone: tzinfo = UTC) -> datetime | None:
    """Return the UTC time of ISO 8601 text or Unix seconds (number or digits); None when it is neither.

    Args:
        value: What the export has.
        zone: The zone of a text that names none.
    """
    try:
        if isinstance(value, str):
            return _from_text(value.strip(), zone)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return from_unix(value)
    except (ValueError, OverflowError):
        pass  # no time at all, or one that no calendar holds
    return None


def _from_text(text: str, zone: tzinfo) -> datetime:
    if text.replace(".", "", 1).lstrip("-").isdecimal():
        return from_unix(float(text))
    parsed = datetime.fromisoformat(f"{text.removesuffix(' UTC')}+00:00" if text.endswith(" UTC") else text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).astimezone(UTC)


def zone_of(name: str) -> tzinfo:
    """Return the IANA zone of that name. Raises ConfigurationError when there is none."""
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"received the timezone {name!r}; expected an IANA name such as 'Europe/Berlin'"
        ) from error
