"""Questions for the whole of something: how much of it stands in a context?

    python benchmarks/retrieval/overview.py [--data FOLDER] [--cache FOLDER] [--tokens 1500] [--nearest]

QMSum's general queries (topics of the meeting, words of the summary that people wrote), "what did they talk about"
put to each Ethereum call (highlights, decisions and actions of its minutes, and their words), and to LoCoMo's
talks, whole (sessions) and by day (facts). All figures are shares from 0 to 1. ``--nearest`` searches as if no
question were one for the whole.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from statistics import fmean

from sets import SETS, Part, command_line, opened

import masa_rag.search as engine
from masa_rag import Context, Memory
from masa_rag._words import STOP_WORDS, words_of
from masa_rag.embedders import OnnxEmbedder

Row = dict[str, float]
_TURN = re.compile(r"D\d+:\d+")


def meetings(memory: Memory, record: dict, tokens: int) -> Iterator[Row]:
    """Measure the general queries of one meeting of QMSum."""
    topics = [
        {str(turn) for first, last in topic["relevant_text_span"] for turn in range(int(first), int(last) + 1)}
        for topic in record["topic_list"]
    ]
    for query in record["general_query_list"]:
        context = memory.context(query["query"], max_tokens=tokens)
        yield {
            "meeting: topics": fmean(bool(_held(context) & topic) for topic in topics),
            "meeting: words of the summary": _shared(query["answer"], context),
        }


def calls(memory: Memory, part: Part, tokens: int) -> Iterator[Row]:
    """Measure one question to each Ethereum call."""
    for name, marks in groupby(part.questions, key=lambda question: question.source):
        context = memory.context("What did they talk about in the call?", max_tokens=tokens, source=name)
        starts = [hit.chunk.start_s or 0.0 for hit in context.hits]
        asked = [(float(question.gold[1]), question.text) for question in marks]  # type: ignore[index]
        yield {
            "call: highlights": fmean(any(mark - 60 <= start <= mark + 90 for start in starts) for mark, _ in asked),
            "call: words of the highlights": fmean(_shared(text, context) for _, text in asked),
        }


def talks(memory: Memory, talk: dict, tokens: int) -> Iterator[Row]:
    """Measure one question to a whole talk of LoCoMo, and one to each of its days."""
    people = f"{talk['conversation']['speaker_a']} and {talk['conversation']['speaker_b']}"
    facts = {
        key.removesuffix("_observation"): set(_TURN.findall(json.dumps(found)))
        for key, found in talk["observation"].items()
    }
    held = _held(memory.context(f"What did {people} talk about?", max_tokens=tokens))
    yield {"talk: sessions": fmean(bool(held & turns) for turns in facts.values())}
    for session, turns in facts.items():
        day = talk["conversation"][f"{session}_date_time"].split(" on ")[1]
        held = _held(memory.context(f"What did {people} talk about on {day}?", max_tokens=tokens))
        yield {"day: facts": len(held & turns) / len(turns)}


def _held(context: Context) -> set[str]:
    return {key for hit in context.hits for key in hit.chunk.segment_ids}


def _shared(text: str, context: Context) -> float:
    wanted = _telling(text)
    return len(wanted & _telling(" ".join(hit.chunk.text for hit in context.hits))) / max(1, len(wanted))


def _telling(text: str) -> set[str]:
    return {word for word, _, _ in words_of(text) if word not in STOP_WORDS and len(word) > 2}


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Open each part's memory, made if the cache has none, and measure it."""
    embedder = OnnxEmbedder()
    lines = (options.data / "qmsum/val.jsonl").read_text().splitlines()
    records = {
        "qmsum": [json.loads(line) for line in lines],
        "locomo": json.loads((options.data / "locomo/locomo_dev.json").read_text()),
    }
    for name in ("qmsum", "calls_within", "locomo"):
        for number, part in enumerate(SETS[name](options.data)):
            with opened(name, part, options.cache, embedder) as memory:
                if name == "calls_within":
                    yield from calls(memory, part, options.tokens)
                else:
                    measure = meetings if name == "qmsum" else talks
                    yield from measure(memory, records[name][number], options.tokens)


def main() -> None:
    """Read the command line and print the means."""
    parser = command_line(__doc__)
    parser.add_argument("--tokens", type=int, default=1500)
    parser.add_argument("--nearest", action="store_true")
    options = parser.parse_args()
    if options.nearest:
        engine.overview = lambda *_, **__: []
        engine.subject_of = lambda question: question
    columns: dict[str, list[float]] = defaultdict(list)
    for row in rows(options):
        for key, value in row.items():
            columns[key].append(value)
    for key, values in columns.items():
        print(f"{key:32s}{fmean(values):.3f}  ({len(values)} questions)")


if __name__ == "__main__":
    main()
