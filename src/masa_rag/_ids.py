"""Stable digests: the same content gives the same id on every machine and in every run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


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


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
