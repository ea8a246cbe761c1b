"""Tweets that a newsletter shows in boxes of its own making, which its scripts fill in (Substack)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lxml.etree import _Element


def write_tweets(tree: _Element) -> None:
    """Put into each empty box the tweet that its attribute holds, as a quote of who wrote it."""
    for box in tree.iter("div"):
        told = box.get("data-attrs") or ""
        if '"full_text"' in told and not "".join(box.itertext()).strip():
            _write(box, _fields(told))


def _fields(told: str) -> dict[str, Any]:
    try:
        found = json.loads(told)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(box: _Element, tweet: dict[str, Any]) -> None:
    said, name, handle = (tweet.get(key) for key in ("full_text", "name", "username"))
    if not isinstance(said, str) or not said.strip():
        return
    who = f"{name} (@{handle}): " if name and handle else f"@{handle}: " if handle else ""
    box[:] = []
    box.tag, box.text = "blockquote", f"{who}{said.strip()}"
