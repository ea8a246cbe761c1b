"""Answers without a language model: how much of what answers stands in the three sentences that are quoted?

    python benchmarks/retrieval/extracts.py [SET ...] [--data FOLDER] [--cache FOLDER]

LoCoMo and QMSum: the share of the words of the answer that people wrote which is quoted (words that rank, without
those of the question), and the share of answers that quote from a turn that answers. SciFact: the share of claims of
which the first quotation, or any, is a sentence that people marked as evidence. Of all sets: how many questions are
answered at all, and how many of those that are put to another talk or meeting, which holds no answer. All from 0 to 1.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

from sets import SETS, Question, command_line, opened

from masa_rag._searching.sentences import stems_of
from masa_rag._words import STOP_WORDS
from masa_rag.answer import Answer
from masa_rag.chunkers._sentences import sentences
from masa_rag.embedders import OnnxEmbedder

Row = dict[str, float]
_QUOTED = re.compile(r"“(.*)” \[(\d+)\]$", re.MULTILINE)


def answers(name: str, data: Path) -> dict[str, str]:
    """Return what people wrote as the answer to each question; nothing for SciFact."""
    if name == "locomo":
        talks = json.loads((data / "locomo/locomo_dev.json").read_text())
        return {item["question"]: str(item["answer"]) for talk in talks for item in talk["qa"] if "answer" in item}
    if name == "qmsum":
        meetings = map(json.loads, (data / "qmsum/val.jsonl").read_text().splitlines())
        return {item["query"]: item["answer"] for meeting in meetings for item in meeting["specific_query_list"]}
    return {}


def evidence(data: Path) -> dict[tuple[str, str], set[str]]:
    """Return the sentences that people marked in an abstract for a claim of SciFact: (claim, abstract) -> sentences."""
    lines = (data / "scifact/corpus.jsonl").read_text().splitlines()
    texts = {row["_id"]: sentences(row["text"], by_line=True) for row in map(json.loads, lines)}
    found: dict[tuple[str, str], set[str]] = {}
    for row in map(json.loads, (data / "scifact/queries.jsonl").read_text().splitlines()):
        for key, marks in row["metadata"].items():
            places = {place for mark in marks for place in mark["sentences"]}
            found[row["text"], key] = {texts[key][place] for place in places if place < len(texts[key])}
    return found


def measured(answer: Answer, question: Question, written: str, marked: dict[tuple[str, str], set[str]]) -> Row:
    """Return the figures of one answer."""
    quoted = [(text, answer.hits[int(number) - 1].chunk) for text, number in _QUOTED.findall(answer.text)]
    if marked:
        right = [text in marked.get((question.text, chunk.document_id), ()) for text, chunk in quoted] or [False]
        return {"evidence, first": right[0], "evidence, any": max(right)}
    row: Row = {"from a turn that answers": any(set(chunk.segment_ids) & set(question.gold) for _, chunk in quoted)}
    if wanted := _telling(written) - _telling(question.text):
        said = {stem for text, _ in quoted for stem in _telling(text)}
        row["words of the answer"] = len(wanted & said) / len(wanted)
    return row


def _telling(text: str) -> set[str]:
    return stems_of(text) - stems_of(" ".join(STOP_WORDS))


def rows(name: str, data: Path, cache: Path, embedder: OnnxEmbedder) -> Iterator[Row]:
    """Ask every question of a set and yield its figures."""
    written, marked = answers(name, data), evidence(data) if name == "scifact" else {}
    parts = list(SETS[name](data))
    for part, other in zip(parts, parts[1:] + parts[:1], strict=True):
        with opened(name, part, cache, embedder) as memory:
            for question in part.questions:
                answer = memory.ask(question.text)
                yield {"answered": answer.found, **measured(answer, question, written.get(question.text, ""), marked)}
            for question in other.questions if other is not part else ():
                yield {"answered, of another part": memory.ask(question.text).found}


def main() -> None:
    """Read the command line and print the means of each set."""
    parser = command_line(__doc__)
    parser.add_argument("sets", nargs="*", default=["locomo", "qmsum", "scifact"])
    options = parser.parse_args()
    for name in options.sets:
        columns: defaultdict[str, list[float]] = defaultdict(list)
        for row in rows(name, options.data, options.cache, OnnxEmbedder()):
            for key, value in row.items():
                columns[key].append(value)
        print(f"{name}:", ", ".join(f"{key} {fmean(values):.3f}" for key, values in columns.items()))


if __name__ == "__main__":
    main()
