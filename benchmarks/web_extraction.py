"""Main text, titles, authors and dates of web pages, beside other extractors, in one run.

    python benchmarks/train_web_blocks.py ../shared/data/web_extraction --folds build/web_folds.json
    python benchmarks/web_extraction.py ../shared/data/web_extraction --folds build/web_folds.json
    python benchmarks/web_extraction.py ../shared/data/web_extraction --only masa_rag,trafilatura

Word F1: words by ``\\w+``, lower case, as bags; mean over pages. The model that is shipped was trained on all of
these pages, so "masa_rag" shows what it remembers; "masa_rag unseen" reads each page with a model that saw neither
it nor its site (five-fold cross-validation), and is the figure to expect on other pages. The extractors take turns
page by page. Time is CPU time, parsing and metadata included for ours. A thread's text is what the library stores,
"Author: text" a line. Dates count by their day.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any
from unittest.mock import patch

from web_pages import Sample, samples

from masa_rag.sources._pages.model import model_of

WORD = re.compile(r"\w+")


def word_f1(found: str, truth: str) -> float:
    first, second = (Counter(WORD.findall(text.lower())) for text in (found, truth))
    if not first or not second:
        return float(first == second)
    shared = (first & second).total()
    return 2 * shared / (first.total() + second.total())


def ours(fast: bool) -> Callable[[bytes], dict[str, Any]]:
    from masa_rag.sources._pages.extract import extract_page
    from masa_rag.types import Document

    def read(html: bytes) -> dict[str, Any]:
        page = extract_page(html, fast=fast)
        text = Document(id="x", segments=page.segments).text if page.segments else page.text
        day = page.created_at.date().isoformat() if page.created_at else None
        return {"text": text, "title": page.title, "author": page.author, "date": day}

    return read


def read_trafilatura(html: bytes) -> dict[str, Any]:
    from trafilatura import extract

    return {"text": extract(html, include_comments=False) or ""}


def read_trafilatura_metadata(html: bytes) -> dict[str, Any]:
    from trafilatura import extract_metadata

    found = extract_metadata(html)
    return {"text": "", "title": found.title, "author": found.author, "date": found.date}


def read_readability(html: bytes) -> dict[str, Any]:
    from lxml import html as lxml_html
    from readability import Document

    return {"text": lxml_html.fromstring(Document(html.decode("utf-8", "replace")).summary()).text_content()}


def read_get_text(html: bytes) -> dict[str, Any]:
    from bs4 import BeautifulSoup

    return {"text": BeautifulSoup(html, "lxml").get_text(" ")}


EXTRACTORS: dict[str, Callable[[], Callable[[bytes], dict[str, Any]]]] = {
    "masa_rag": lambda: ours(fast=False),
    "masa_rag fast": lambda: ours(fast=True),
    "trafilatura": lambda: read_trafilatura,
    "trafilatura metadata": lambda: read_trafilatura_metadata,
    "readability": lambda: read_readability,
    "get_text": lambda: read_get_text,
}


def same(found: str | None, truth: str | None) -> bool:
    """Titles and authors are the same when their words are."""
    return WORD.findall((found or "").lower()) == WORD.findall((truth or "").lower())


class Measured:
    """What one extractor did so far."""

    def __init__(self, name: str, read: Callable[[bytes], dict[str, Any]]) -> None:
        self.name, self.read = name, read
        self.scores: dict[str, list[float]] = defaultdict(list)
        self.told: dict[str, list[float]] = defaultdict(list)
        self.spent = 0.0

    def take(self, page: Sample) -> None:
        began = time.process_time()
        try:
            found = self.read(page.html)
        except Exception as error:  # noqa: BLE001 - other people's extractors raise what they like; it counts as no text
            print(f"  {self.name} {page.page_id}: {error!r:.80}")
            found = {"text": ""}
        self.spent += time.process_time() - began
        score = word_f1(found["text"], page.truth["main_content"])
        for group in ("all", page.kind):
            self.scores[group].append(score)
        for field, key in (("title", "title"), ("author", "author"), ("date", "publish_date")):
            if page.truth.get(key) and "title" in found:
                wanted = page.truth[key]
                self.told[field].append(found[field] == wanted if field == "date" else same(found[field], wanted))

    def show(self) -> None:
        print(f"{self.name:22} {len(self.scores['all']) / self.spent:6.1f} pages/s", end="  ")
        if not self.name.endswith("metadata"):
            print("  ".join(f"{group} {fmean(values):.3f}" for group, values in sorted(self.scores.items())), end="")
        print()
        for field, values in self.told.items():
            print(f"{'':22} {field}: {fmean(values):.3f} of {len(values)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default=",".join(EXTRACTORS))
    parser.add_argument("--folds", type=Path, help="models of train_web_blocks.py --folds, for 'masa_rag unseen'")
    given = parser.parse_args()
    pages = list(samples(given.folder))
    measured = [Measured(name, EXTRACTORS[name]()) for name in given.only.split(",")]
    unseen = [Measured("masa_rag unseen", ours(fast=False)), Measured("masa_rag fast unseen", ours(fast=True))]
    models = [model_of(stored) for stored in json.loads(given.folds.read_text())] if given.folds else []
    for one in measured:
        one.read(pages[0].html)  # imports and tables
    for page in pages:
        for one in measured:
            one.take(page)
        if models:
            with patch("masa_rag.sources._pages.extract.load_model", return_value=models[page.fold]):
                for one in unseen:
                    one.take(page)
    for one in [*measured, *(unseen if models else [])]:
        one.show()


if __name__ == "__main__":
    main()
