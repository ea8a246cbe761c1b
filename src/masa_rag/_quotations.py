"""Citations and quotations in what somebody wrote: which passages it names, and what is said to stand in them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from masa_rag._words import spaced, words_of

_CITATION = re.compile(r"\[(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)\]")
_RANGE = re.compile(r"(\d+)\s*[–-]\s*(\d+)")
_LETTER = r"[^\W\u3000-\U0010ffff]"
"""A letter or digit, but none of Chinese, Japanese or Korean: before it ’ is an apostrophe and ends no quotation."""
_QUOTE = re.compile(
    r"(?:[“”„]|(?<!\d)\")([^\"“”„]+)[\"“”]"  # behind a digit it means inches
    r"|«([^«»]+)»|»([^«»]+)«|‹([^‹›]+)›|›([^‹›]+)‹|「([^「」]+)」|『([^『』]+)』"
    rf"|(?<!{_LETTER})‘((?:[^‘’]|’(?={_LETTER}))+)’(?!{_LETTER})"
)
_LEFT_OUT = re.compile(r"\[?(?:…|\.{3})\]?")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_POINT = re.compile(r"(?<=\d)[.,](?=\d)")
_MINUS = re.compile(r"(?<![^\s(])[-−][$€£]?(?=\d)")
_CURRENCY = re.compile(r"[$€£¥](?=\d)|(?<=\d)\s?[$€£¥]")
_CURRENCIES = {"$": " dollar ", "€": " euro ", "£": " pound ", "¥": " yen "}
_SMALL_LETTER = re.compile(r"\[(\w)\](?=\w)")
"""“[W]e sail”: a letter that was made large or small for the sentence around the quotation."""
_STATEMENT_WORDS = 4
"""A line of fewer words, or one that ends in a colon, is a heading, and needs no citation."""
_QUOTED_WORDS = 2
"""Fewer words in quotation marks are a term, and no quotation."""


def numbers_in(text: str) -> set[int]:
    """Return the passages that a text cites: [1], [2][3], [2, 3] and [2-4]."""
    found: set[int] = set()
    for group in _CITATION.findall(text):
        for first, last in _RANGE.findall(group):
            found |= set(range(int(first), min(int(last), int(first) + 100) + 1))
        found |= {int(number) for number in re.findall(r"\d+", group)}
    return found


def cited_in(line: str, known: Sequence[int]) -> list[int]:
    """Return those of the known passages that a line cites, in the order of their numbers."""
    return [number for number in sorted(numbers_in(line)) if number in known]


def states(line: str) -> bool:
    """Say whether a line states something, and is no heading."""
    return _words_in(line) >= _STATEMENT_WORDS and not line.rstrip(" *_").endswith((":", "："))


def quotations_in(line: str) -> list[str]:
    """Return what stands in quotation marks and is more than a term."""
    quotes = ("".join(groups) for groups in _QUOTE.findall(line))
    return [quote for quote in quotes if _words_in(quote) >= _QUOTED_WORDS]


def _words_in(text: str) -> float:
    """Return how many words a text has; where a script has no blanks between them, two letters are taken for one."""
    return sum(1.0 if spaced(word) == word else 0.5 for word in plain(text).split())


def false_quotations(line: str, texts: Sequence[str], cited: Sequence[int]) -> list[str]:
    """Return a problem for each quotation that stands in none of the passages cited for it; their texts are plain."""
    mine = [texts[number - 1] for number in cited] or texts
    problems = []
    for quote in quotations_in(line):
        if any(stands(quote, text) for text in mine):
            continue
        where = [number for number, text in enumerate(texts, 1) if stands(quote, text)]
        problems.append(
            f"“{quote}” stands in {f'[{where[0]}], which is not cited for it' if where else 'no cited passage'}"
        )
    return problems


def stands(quote: str, text: str) -> bool:
    """Say whether the parts of a quotation stand in a text, in their order."""
    place = 0
    for part in map(plain, _LEFT_OUT.split(quote)):
        found = text.find(part, place) if part.strip() else place
        if found < 0:
            return False
        place = found
    return True


def plain(text: str) -> str:
    """Return text as words only, so that line breaks and marks do not hide a quotation.

    Where a script has no blanks between words, each letter is one. A number is one word with its sign and its point,
    and a currency another: who says "2.5 million", "-5" or "$5" has not said "5 million", "5" or "€5".
    """
    text = _MINUS.sub("minus", _SMALL_LETTER.sub(r"\1", _THOUSANDS.sub("", text)))
    text = _CURRENCY.sub(lambda sign: _CURRENCIES[sign[0].strip()], text)
    return f" {' '.join(word for word, _, _ in words_of(''.join(map(spaced, _POINT.sub('point', text)))))} "
