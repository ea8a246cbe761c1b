"""Citations and quotations in what somebody wrote: which passages it names, and what is said to stand in them."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Sequence
from itertools import chain, pairwise

from masa_rag._words import spaced, words_of

_NUMBERS = r"(?:[\^#]|(?:passage|source)s? )?\d{1,3}(?:\s*(?:[,;&–-]|,? and )\s*(?:(?:passage|source)s? )?\d{1,3})*"
_CITATION = re.compile(
    rf"[\[【]{_NUMBERS}(?:†[^\[\]【】]*)?\\?[\]】]|\((?=passage|source){_NUMBERS}\)", re.IGNORECASE
)  # fmt: skip
_RANGE = re.compile(r"(\d+)\s*[–-]\s*(\d+)")
_LETTER = r"[^\W\u3000-\U0010ffff]"
"""A letter or digit, but none of Chinese, Japanese or Korean: before it ’ is an apostrophe and ends no quotation."""
_QUOTE = re.compile(
    r"(?:[“”„]|(?<!\d)\")([^\"“”„]+)[\"“”]"  # behind a digit it means inches
    r"|«([^«»]+)»|»([^«»]+)«|‹([^‹›]+)›|›([^‹›]+)‹|「([^「」]+)」|『([^『』]+)』"
    rf"|(?<!{_LETTER})‘((?:[^‘’]|’(?={_LETTER}))+)’(?!{_LETTER})"
    rf"|(?<!{_LETTER})'(?=[^\W\d])((?:[^'\"“”„]|'(?={_LETTER})){{1,999}})'(?!{_LETTER})"  # it may never close
)
_LEFT_OUT = re.compile(rf"\[?(?:…|\.{{3}}|\. \. \.)\]?|{_CITATION.pattern}", re.IGNORECASE)
"""Dots that say so, and a citation, which may stand within the quotation marks, or in the passage itself."""
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_POINT = re.compile(r"(?<=\d)[.,](?=\d)")
_MINUS = re.compile(r"(?<![^\s(])[-−][$€£]?(?=\d)")
_CURRENCY = re.compile(r"[$€£¥](?=\d)|(?<=\d)\s?[$€£¥]")
_CURRENCIES = {"$": " dollar ", "€": " euro ", "£": " pound ", "¥": " yen "}
_SMALL_LETTER = re.compile(r"\[(\w)\](?=\w)")
"""“[W]e sail”: a letter that was made large or small for the sentence around the quotation."""
_SENTENCE_END = re.compile("[.!?;…。！？\n]")
NEGATIONS = frozenset(
    """not no never none nobody nothing neither nor without cannot t hardly nicht kein keine keinen keinem keiner nie
    niemals ohne ne n pas jamais sans aucun nunca jamás non não niet geen inte ikke не ни нет без 不 没 沒 未""".split()
)
"""What turns a statement around; the "t" is that of "don't"."""
_STATEMENT_WORDS = 4
"""A line of fewer words, or one that ends in a colon, is a heading, and needs no citation."""
_HEADING = re.compile(r" {0,3}#{1,6} ")
_RULE = frozenset("|:- ")
"""What stands under the heads of a table in Markdown."""
_QUOTED_WORDS = 2
"""Fewer words in quotation marks are a term, and no quotation."""


def numbers_in(text: str) -> set[int]:
    """Return the passages that a text cites: [1], [2, 3] and [2-4], or as some models write, 【1†source】 and [^1]."""
    found: set[int] = set()
    for mark in _CITATION.findall(text):
        group = mark.partition("†")[0]
        for first, last in _RANGE.findall(group):
            found |= set(range(int(first), min(int(last), int(first) + 100) + 1))
        found |= {int(number) for number in re.findall(r"\d+", group)}
    return found


def cited_in(line: str, known: Sequence[int]) -> list[int]:
    """Return those of the known passages that a line cites, in the order of their numbers."""
    return [number for number in sorted(numbers_in(line)) if number in known]


def states(line: str, below: str = "") -> bool:
    """Say whether a line states something, and is no heading: neither of what follows nor, over a rule, of a table."""
    is_heading = _HEADING.match(line) or ("|" in below and set(below) <= _RULE)
    return not is_heading and _words_in(line) >= _STATEMENT_WORDS and not line.rstrip(" *_").endswith((":", "："))


def quotations_in(line: str) -> list[str]:
    """Return what stands in quotation marks and is more than a term."""
    return [quote for _, quote, _ in with_surroundings(line)]


def with_surroundings(line: str) -> list[tuple[str, str, str]]:
    """Return each quotation with what stands before and after it, up to other quotations."""
    marks = ((mark, "".join(filter(None, mark.groups()))) for mark in _QUOTE.finditer(line))
    found = [(mark, quote) for mark, quote in marks if _words_in(quote) >= _QUOTED_WORDS]
    edges = [0, *(edge for mark, _ in found for edge in mark.span()), len(line)]
    return [
        (line[edges[2 * at] : mark.start()], quote, line[mark.end() : edges[2 * at + 3]])
        for at, (mark, quote) in enumerate(found)
    ]


def _words_in(text: str) -> float:
    """Return how many words a text has; where a script has no blanks between them, two letters are taken for one."""
    return sum(1.0 if spaced(word) == word else 0.5 for word in plain(text).split())


def false_quotations(line: str, texts: Sequence[str], cited: Sequence[int]) -> list[str]:
    """Return a problem for each quotation that stands in none of the passages cited for it.

    Args:
        line: Of an answer.
        texts: Those of all passages, as ``in_clauses`` returns them.
        cited: Numbers of the passages, from 1.
    """
    mine = [texts[number - 1] for number in cited] or texts
    problems = []
    for quote in quotations_in(line):
        if any(stands(quote, text, whole=True) for text in mine):
            continue
        if any(stands(quote, text) for text in mine):
            problems.append(f"“{quote}” leaves out a word such as “not”")
            continue
        where = [number for number, text in enumerate(texts, 1) if stands(quote, text)]
        problems.append(
            f"“{quote}” stands in {f'[{where[0]}], which is not cited for it' if where else 'no cited passage'}"
        )
    return problems


def stands(quote: str, text: str, *, whole: bool = False) -> bool:
    """Say whether the parts of a quotation stand in a text, in their order.

    Args:
        quote: As it was written.
        text: As ``plain`` or ``in_clauses`` returns it.
        whole: Between two parts no "not" may be left out of the sentences that they are of; of a sentence that is left
            out altogether it may.
    """
    words = text.replace("\n", " ")
    ends: list[int] | None = None
    for part in filter(str.strip, map(plain, _LEFT_OUT.split(quote))):
        starts = [found.start() for found in re.finditer(f"(?={re.escape(part)})", words)]
        if ends is not None:
            nearest = [(ends[bisect(ends, start) - 1], start) for start in starts if start >= ends[0]]
            starts = [start for end, start in nearest if not (whole and _negates(text[end : start + 1]))]
        if not starts:
            return False
        ends = [start + len(part) - 1 for start in starts]
    return True


def _negates(left_out: str) -> bool:
    sentences = left_out.split("\n")
    return not NEGATIONS.isdisjoint(f"{sentences[0]} {sentences[-1]}".split())


def plain(text: str) -> str:
    """Return text as words only, so that line breaks and marks do not hide a quotation.

    Where a script has no blanks between words, each letter is one. A number is one word with its sign and its point,
    and a currency another: who says "2.5 million", "-5" or "$5" has not said "5 million", "5" or "€5".
    """
    return in_clauses(text).replace("\n", " ")


def in_clauses(text: str) -> str:
    """Return the words of a text as ``plain`` does, with a line break where a sentence ends and not a blank."""
    text = _MINUS.sub("minus", _SMALL_LETTER.sub(r"\1", _THOUSANDS.sub("", text)))
    text = _CURRENCY.sub(lambda sign: _CURRENCIES[sign[0].strip()], text)
    text = "".join(map(spaced, _POINT.sub("point", text)))
    words = words_of(text)
    between = [_SENTENCE_END.search(text, one[2], two[1]) for one, two in pairwise(words)]
    marks = ["\n" if found else " " for found in between]
    return f" {''.join(chain.from_iterable(zip((word for word, _, _ in words), [*marks, ' '], strict=False)))}"
