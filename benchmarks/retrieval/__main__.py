"""What search finds, on sets with known answers: the full pipeline, its parts, and each technique on and off.

    python benchmarks/retrieval [SET ...] [--data FOLDER] [--cache FOLDER] [--parts] [--budgets 500 1000 1500]

Everything goes through ``Memory.add``, ``search`` and ``context``; ``--parts`` also ranks the same candidates by
words only, by vectors only, and without one technique at a time. A set is embedded once: its memory in the
cache folder is used again. Units: ndcg, recall, rr, hit and evidence are shares from 0 to 1; times are ms.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from statistics import median

import numpy as np
from measures import SHOWN, Row, average, evidence, ranking
from sets import SETS, Part, Question, command_line, opened

import masa_rag.search as engine
from masa_rag import Memory
from masa_rag._reading import Filters, allowed_chunks, chunks_by_id, ids_of
from masa_rag._searching.pool import Pool
from masa_rag._searching.query import embed, encode, understand
from masa_rag._searching.rank import AUTHOR_BOOST, fuse
from masa_rag._searching.scope import Scope, scope_of
from masa_rag.embedders import OnnxEmbedder
from masa_rag.indexes.words import search_words

_RANKED = 60
"""Passages ranked a question: enough for recall@20 of messages that were cut into several."""


def whole(memory: Memory, name: str, part: Part, budgets: Sequence[int]) -> Iterator[tuple[Question, Row]]:
    """Measure the full pipeline through the public verbs."""
    for question in part.questions:
        began = time.perf_counter()
        hits = memory.search(question.text, k=_RANKED, source=question.source)
        row = {"ms": 1000 * (time.perf_counter() - began)}
        row |= ranking(name, [hit.chunk for hit in hits], question)
        for budget in budgets:
            context = memory.context(question.text, max_tokens=budget, source=question.source)
            row |= {f"{key}@{budget}": value for key, value in evidence(name, context, part, question).items()}
        yield question, row


def parts(memory: Memory, name: str, part: Part) -> Iterator[tuple[str, Question, Row]]:
    """Measure single rankers, and the pipeline without one technique at a time, on the same candidates."""
    connection = memory.catalog.connection
    for question in part.questions:
        filters = Filters(source=question.source)
        scope = scope_of(connection, question.text, filters)
        pool, scores = engine.scored(
            scope, depth=engine.DEPTH, catalog=memory.catalog, view=memory._view, embedder=memory.embedder
        )
        totals = _totals(memory, pool, scores, scope)
        orders = {
            "words alone": _by_words(memory, question, filters),
            "vectors alone": _by_vectors(memory, question, filters),
        } | {label: engine.best_first(connection, pool, total)[1][:_RANKED] for label, total in totals.items()}
        chunks = chunks_by_id(connection, list({key for order in orders.values() for key in order}))
        for label, order in orders.items():
            yield label, question, ranking(name, [chunks[key] for key in order], question)


def _totals(memory: Memory, pool: Pool, scores: engine.Scores, scope: Scope) -> dict[str, np.ndarray]:
    """Return the scores of the shortlist with all techniques, and with each of them left out."""
    rankers = _rankers(scores)
    by_author, by_time = AUTHOR_BOOST * scores["author"], scope.boost * scores["time"]
    boost = by_author + by_time
    late = [key for key in rankers if key.startswith("tokens")]
    boosts = {"all": boost, "without author": by_time, "without time": by_author}
    totals = {label: fuse(rankers.values(), given) for label, given in boosts.items()}
    for label, left_out in [(key, [key]) for key in rankers] + [("late interaction", late)]:
        totals[f"without {label}"] = fuse([rankers[key] for key in rankers if key not in left_out], boost)
    totals["without neighbours"] = fuse(_alone(memory, pool, scope).values(), boost)
    spread = {label: engine._spread(pool, total) for label, total in totals.items()}
    return {**spread, "without spreading": totals["all"]}


def _rankers(scores: engine.Scores) -> engine.Scores:
    return {key: values for key, values in scores.items() if key not in ("all", "author", "time")}


class _Alone(Pool):
    """Rows of which none stands beside another."""

    def shifted(self, steps: int) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)


def _alone(memory: Memory, pool: Pool, scope: Scope) -> engine.Scores:
    connection = memory.catalog.connection
    asked = understand(scope.text, connection)
    embedded = embed(asked, encode(scope.text, memory.embedder))
    rows = _Alone(pool.numbers, pool.documents, pool.positions, pool.timed, pool.chosen)
    view, shortlist = memory._view, len(pool.chosen)
    return _rankers(engine.rank(connection, rows, asked, embedded, view=view, scope=scope, shortlist=shortlist)[1])


def _by_words(memory: Memory, question: Question, filters: Filters) -> list[str]:
    connection = memory.catalog.connection
    words = understand(question.text, connection).words
    found = search_words(connection, words, _RANKED, allowed_chunks(connection, filters))
    ids = ids_of(connection, found)
    return [ids[number] for number in found]


def _by_vectors(memory: Memory, question: Question, filters: Filters) -> list[str]:
    connection = memory.catalog.connection
    allowed = allowed_chunks(connection, filters)
    among = None if allowed is None else set(ids_of(connection, allowed).values())
    return [key for key, _ in memory._view.query(memory.embedder.embed_query(question.text), _RANKED, among)]


def _line(label: str, means: Row, keys: Sequence[str]) -> str:
    return f"  {label:26s}" + "  ".join(f"{key} {means[key]:.3f}" for key in keys if key in means)


def measure(name: str, options: argparse.Namespace, embedder: OnnxEmbedder) -> None:
    """Print one set's figures."""
    rows: list[tuple[Question, Row]] = []
    tables: dict[str, list[tuple[Question, Row]]] = {}
    for part in SETS[name](options.data):
        with opened(name, part, options.cache, embedder) as memory:
            rows += whole(memory, name, part, options.budgets)
            if options.parts:
                for label, question, row in parts(memory, name, part):
                    tables.setdefault(label, []).append((question, row))
    means = average(name, rows)
    times = sorted(row["ms"] for _, row in rows)
    print(
        f"{name}: {len(rows)} questions, search p50 {median(times):.0f} ms, p95 {times[int(0.95 * len(times))]:.0f} ms"
    )
    print(_line("search", means, SHOWN[name]))
    print(_line("context", means, [key for key in means if "@" in key]), flush=True)
    for label, table in tables.items():
        print(_line(label, average(name, table), SHOWN[name]))
    if name == "beam":
        abilities = sorted(key[:-4] for key in means if key.endswith(":r10"))
        for ability in abilities:
            columns = {label: average(name, tables[label])[f"{ability}:r10"] for label in list(tables)[:3]}
            print(_line(ability, columns or {"search": means[f"{ability}:r10"]}, list(columns or ["search"])))
    print(flush=True)


def main() -> None:
    """Read the command line and measure the sets named, or all."""
    parser = command_line(__doc__)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"any of {', '.join(SETS)}; all when none is named")
    parser.add_argument("--parts", action="store_true", help="also single rankers and techniques on and off")
    parser.add_argument("--budgets", type=int, nargs="*", default=[500, 1000, 1500], help="tokens of context")
    parser.add_argument("--model", default="all-MiniLM-L6-v2", help="a name or a folder, as for OnnxEmbedder")
    options = parser.parse_args()
    if unknown := set(options.sets) - set(SETS):
        parser.error(f"no set is called {', '.join(sorted(unknown))}; there are {', '.join(SETS)}")
    embedder = OnnxEmbedder(options.model)
    for name in options.sets or SETS:
        measure(name, options, embedder)


if __name__ == "__main__":
    main()
