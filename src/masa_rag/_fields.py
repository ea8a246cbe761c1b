"""What may stand in the fields of a document and of its segments: texts that can be stored, and JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from masa_rag._ids import json_value
from masa_rag._time import utc
from masa_rag._unicode import whole_name, whole_text
from masa_rag.errors import ConfigurationError

_IDS = ("id", "reply_to")
_PLAIN = (int, bool, type(None))


def settle(item: Any, optional: Sequence[str], *, required: Sequence[str] = ("text",)) -> None:
    """Refuse what is no text where a text belongs: what is stored must be readable. Mend half characters.

    Args:
        item: A frozen document or segment.
        optional: Names of fields that are a text or None.
        required: Names of fields that are a text.
    """
    for name in (*required, *optional):
        value = getattr(item, name)
        if isinstance(value, str):
            whole = whole_name(value) if name in _IDS else whole_text(value)
            if whole is not value:
                object.__setattr__(item, name, whole)
        elif value is not None or name in required:
            expected = "a text" if name in required else "a text, or None"
            raise ConfigurationError(f"received {name}={value!r} for a {type(item).__name__}; expected {expected}")
    if not isinstance(item.metadata, Mapping):
        raise ConfigurationError(f"received metadata={item.metadata!r}; expected a mapping of JSON values")
    if not all(isinstance(name, str) and _is_plain(name) and _is_plain(value) for name, value in item.metadata.items()):
        with suppress(RecursionError):  # so deep it cannot be stored: that is told there, for this record alone
            object.__setattr__(item, "metadata", json_value(item.metadata))


def in_utc(item: Any, names: Sequence[str]) -> None:
    """Put the times of a frozen document or segment into UTC; None stays None."""
    for name in names:
        if (value := getattr(item, name)) is not None:
            object.__setattr__(item, name, utc(value))


def in_order(parts: object, of: str) -> tuple[Any, ...]:
    """Return the segments of a document as a tuple."""
    if not isinstance(parts, Iterable):
        raise ConfigurationError(f"received segments={parts!r} for {of!r}; expected a list of masa_rag.Segment")
    return tuple(parts)


def _is_plain(value: object) -> bool:
    """Say whether a value comes back from JSON as it is."""
    return whole_text(value) is value if isinstance(value, str) else type(value) in _PLAIN
