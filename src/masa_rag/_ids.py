"""Stable digests: the same content gives the same id on every machine and in every run."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from numbers import Integral, Real
from pathlib import PurePath
from typing import Any
from uuid import UUID

from masa_rag._unicode import whole_text


def digest(*parts: str, size: int = 16) -> str:
    """Return a hex digest (``2 * size`` characters) of the parts, in order.

    Each part is preceded by its length, so that ("ab", "c") and ("a", "bc") differ.
    BLAKE2b (RFC 7693): fast, and 128 bits leave no room for accidental collisions.
    """
    state = hashlib.blake2b(digest_size=size)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        state.update(len(data).to_bytes(8, "big"))
        state.update(data)
    return state.hexdigest()


def canonical_json(value: Mapping[str, Any]) -> str:
    """Return the mapping as JSON with sorted keys and without empty values.

    Empty values (None, "", [], {}) are left out so that a field added to the library later
    does not change the digest of what was stored before.
    """
    kept = {key: item for key, item in value.items() if item not in (None, "", (), [], {})}
    return json.dumps(kept, sort_keys=True, ensure_ascii=False, default=_plain)


def json_value(value: Any) -> Any:
    """Return a value as it comes back from JSON: times as text in UTC, bytes in base64, sets sorted, NaN as None.

    Durations are in seconds, numbers of other libraries are Python's, half characters are mended as in a text.

    What is compared with what was stored must be what was stored. What JSON cannot hold stays as it is.
    """
    if isinstance(value, str):
        return whole_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if isfinite(value) else None
    if isinstance(value, Mapping):
        return {whole_text(str(key)): json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((json_value(item) for item in value), key=str)
    return _as_text(value)


def _as_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return json_value(value.value)
    return str(value) if isinstance(value, (Decimal, UUID, PurePath)) else value


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
