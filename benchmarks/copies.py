"""Copies of posts: how many changed copies are found, how many other statements are taken for one, how fast.

    python benchmarks/copies.py POSTS [POSTS ...] [--show 20]

POSTS are files or folders that ``Tweets`` reads. Each post of eight words or more is changed in ways in
which people copy (recall), and in ways that turn what it says (false copies). Then the posts themselves are
compared, all with all that share a run of three words; ``--show`` prints pairs with a changed word, the
folded ones and the most alike of those that are not, to be judged by a person.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from difflib import SequenceMatcher
from pathlib import Path

from masa_rag._copies import Words, same, words_said
from masa_rag.sources import Tweets
from masa_rag.types import Document

Change = Callable[[str, random.Random], str | None]
_LINK = re.compile(r"https?://\S+")
_WORD = re.compile(r"(?<![@#$\w])[a-z]{4,}(?!\w)")
_NUMBER = re.compile(r"(?<![\w/.,:])\d+(?![\w.,/:])")
_TICKER = re.compile(r"\$[A-Za-z]{2,}\b")


def _one_word(new: str) -> Change:
    def change(text: str, chance: random.Random) -> str | None:
        found = list(_WORD.finditer(_LINK.sub(lambda link: " " * len(link[0]), text)))
        if not found:
            return None
        word = chance.choice(found)
        return text[: word.start()] + new.format(word[0]) + text[word.end() :]

    return change


def _number(text: str, chance: random.Random) -> str | None:
    found = list(_NUMBER.finditer(_LINK.sub(lambda link: "x" * len(link[0]), text)))
    if not found:
        return None
    number = chance.choice(found)
    return text[: number.start()] + str(int(number[0]) + 1) + text[number.end() :]


COPIES: dict[str, Change] = {
    "another link": lambda text, _: f"{_LINK.sub('', text)} https://pier.example/x",
    "another handle": lambda text, _: f"@pier_one {text}",
    "emoji and marks": lambda text, _: f"🔥 {text.replace('. ', '! ')} 🚀🚀!",
    "capitals": lambda text, _: text.upper(),
    "a retweet": lambda text, _: f"RT @pier_one: {text}",
    "more tags": lambda text, _: f"{text} #harbourlife",
    "a slip of the pen": _one_word("{0}e"),
    "a small word more": _one_word("just {0}"),
    "another word": _one_word("lighthouse"),
    "another word in 16 and more": lambda text, chance: (
        _one_word("lighthouse")(text, chance) if len(words_said(text).words) >= 16 else None
    ),
}
OTHERS: dict[str, Change] = {
    "another number": _number,
    "another ticker": lambda text, _: _TICKER.sub("$HRBR", text, count=1) if _TICKER.search(text) else None,
    "not": _one_word("not {0}"),
    "another name": _one_word("Mara"),
}


def folds(first: Words, second: Words) -> bool:
    """Say whether the second is found as a copy of the first, as the catalogue does it."""
    found = first.key == second.key or len(set(first.shingles) & set(second.shingles)) >= second.shared
    return first.is_long and second.is_long and found and same(first, second)


def shares(posts: list[str], changes: dict[str, Change]) -> dict[str, str]:
    """Return for each change how many of the changed posts fold with what they were."""
    found = {}
    for name, change in changes.items():
        pairs = [(text, new) for text in posts if (new := change(text, random.Random(text))) not in (None, text)]
        hits = sum(folds(words_said(text), words_said(str(new))) for text, new in pairs)
        found[name] = f"{hits} of {len(pairs)} ({100 * hits / max(1, len(pairs)):.1f} %)"
    return found


def pairs_alike(posts: list[str]) -> list[tuple[int, int]]:
    """Return the pairs that share a run of three words, those of phrases that everybody uses left out."""
    runs: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    for number, text in enumerate(posts):
        words = words_said(text).words
        for start in range(len(words) - 2):
            runs[words[start : start + 3]].add(number)
    return sorted(
        {pair for group in runs.values() if len(group) < 200 for pair in itertools.combinations(sorted(group), 2)}
    )


def texts_of(paths: list[Path]) -> list[str]:
    """Return the different texts of all posts, those of threads one by one."""
    items = (item for path in paths for item in Tweets(path, retweets=True) if isinstance(item, Document))
    return list(dict.fromkeys(part.text for item in items for part in (item.segments or [item])))


def compare(posts: list[str], words: list[Words], show: int) -> None:
    """Print how many pairs of posts fold, and some with a changed word, to be judged."""
    outcome: Counter[str] = Counter()
    near, alike = [], []
    for one, other in pairs_alike(posts):
        if words[one].words == words[other].words and words[one].tags == words[other].tags:
            outcome["the same words"] += 1
        elif folds(words[one], words[other]):
            near.append((posts[one], posts[other]))
        else:
            outcome["alike but not looked at"] += same(words[one], words[other])
            ratio = SequenceMatcher(None, words[one].words, words[other].words).ratio()
            alike.append((ratio, posts[one], posts[other]))
    others = sum(ratio >= 0.7 for ratio, *_ in alike)
    print(f"{dict(outcome)} {len(near)} with changed words, {others} others alike by 0.7")
    for label, pairs in (("folded", near), ("not folded", [pair for _, *pair in sorted(alike, reverse=True)])):
        for one, other in pairs[:show]:
            print(f"--- {label}\n  {one[:240]!r}\n  {other[:240]!r}")


def main() -> None:
    """Print the shares, and the pairs to judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posts", nargs="+", type=Path)
    parser.add_argument("--show", type=int, default=0)
    options = parser.parse_args()
    texts = texts_of(options.posts)
    posts = [text for text in texts if len(words_said(text).words) >= 8]
    begun = time.process_time()
    words = [words_said(text) for text in posts]
    taken = (time.process_time() - begun) / len(posts) * 1e6
    print(f"{len(texts)} different texts, {len(posts)} of 8 words or more; {taken:.0f} us a text")
    for title, changes in (("copies found", COPIES), ("other statements taken for copies", OTHERS)):
        print(title)
        for name, share in shares(posts, changes).items():
            print(f"  {name}: {share}")
    compare(posts, words, options.show)


if __name__ == "__main__":
    main()
