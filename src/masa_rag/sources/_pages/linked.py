"""The JSON-LD of a page: what it says about itself in objects of schema.org."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lxml.etree import _Element

_DEEPEST = 12
"""A page may nest without end; what matters lies near the top."""
_LONGEST = 2_000_000
"""Characters of a script that is read; an article of 300,000 words fits."""


def linked_objects(tree: _Element) -> list[Mapping[str, Any]]:
    """Return all JSON-LD objects of the page, outer before inner; what cannot be parsed is left out."""
    found: list[Mapping[str, Any]] = []
    for script in tree.iter("script"):
        if "ld+json" in (script.get("type") or "") and 0 < len(script.text or "") <= _LONGEST:
            try:
                value = json.loads((script.text or "").strip().rstrip(";"), strict=False)
            except (ValueError, RecursionError):
                continue
            found.extend(_objects(value))
    return found


def _objects(value: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _objects(item, depth + 1)
    elif isinstance(value, Mapping):
        yield value
        for key, item in value.items():
            if isinstance(item, (list, Mapping)) and key != "liveBlogUpdate":  # each is an article by itself
                yield from _objects(item, depth + 1)


def types_of(item: Mapping[str, Any]) -> list[str]:
    """Return the types of an object, lower case."""
    return [kind.lower() for kind in listed(item.get("@type")) if isinstance(kind, str)]


def listed(value: Any) -> list[Any]:
    """Return a value that may stand alone or in a list as a list."""
    return value if isinstance(value, list) else [value]


def string(value: Any) -> str | None:
    """Return a value that is a text, or a list of which the first is one, with white space folded; else None."""
    if isinstance(value, list) and value:
        value = value[0]
    return clean(value) if isinstance(value, str) else None


def clean(text: str | None) -> str | None:
    """Return the text with white space folded and entities that were escaped twice resolved."""
    if not text:
        return None
    if "&" in text:
        from html import unescape

        text = unescape(text)
    return " ".join(text.split()) or None
