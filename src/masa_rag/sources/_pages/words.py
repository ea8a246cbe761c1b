"""The words of a text, counted alike in languages with and without blanks between them."""

from __future__ import annotations

import re

WORD = re.compile(r"\w+")
_SIGNS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Kana and Chinese characters."""
_WITHOUT_BLANKS = re.compile(f"[{_SIGNS}]")
_PARTS = re.compile(f"[{_SIGNS}]{{1,2}}|[^{_SIGNS}]+")


def words_of(text: str) -> list[str]:
    """Return the words of a text, lower case; in Chinese and Japanese, written without blanks, two signs are one."""
    found: list[str] = WORD.findall(text.lower())
    if text.isascii() or _WITHOUT_BLANKS.search(text) is None:
        return found
    return [part for word in found for part in _PARTS.findall(word)]
