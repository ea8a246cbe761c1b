"""Query -> candidates by words and by meaning -> one pool, scored by every ranker -> hits with reasons."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from itertools import chain
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from masa_rag._copies import COPIED_WORDS
from masa_rag._names import named_in, names_in, without_accents
from masa_rag._reading import Filters, chunks_by_id, first_said, ids_of, numbers_of
from masa_rag._searching.copies import with_copies
from masa_rag._searching.mentions import mentions, mentions_asked
from masa_rag._searching.overview import is_news, overview, subject_of
from masa_rag._searching.pool import gather, neighbours, vector_scores, window_scores, with_neighbours, word_matches
from masa_rag._searching.query import embed, encode, understand
from masa_rag._searching.rank import AUTHOR_BOOST, fuse, one_each, spread
from masa_rag._searching.scope import scope_of
from masa_rag.indexes.words import NARROW, search_words
from masa_rag.types import Hit

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from masa_rag._searching.pool import Pool
    from masa_rag._searching.query import Embedded, Encoded, Question
    from masa_rag._searching.scope import Scope
    from masa_rag._searching.vectors import VectorView
    from masa_rag.catalog import Catalog
    from masa_rag.protocols import Embedder, Reranker, Vector
    from masa_rag.types import Chunk

    Scores = dict[str, NDArray[np.float64]]
    Width = tuple[int, set[str] | None]

DEPTH = 100
"""How many passages words and vectors name each, before their neighbours are added."""
BESIDE = 50
"""How many of them bring the passages beside them as candidates: all 100 find no more on any of six sets."""

SHORTLIST = 150
"""How many of them late interaction looks at. All of them, about 400, find no more on any of six sets."""

RERANKED = 30
"""How many hits a reranker reads: a small one needs about 10 ms for each on a CPU."""


def search(
    query: str,
    *,
    k: int,
    filters: Filters,
    catalog: Catalog,
    view: VectorView,
    embedder: Embedder,
    reranker: Reranker | None = None,
    now: datetime | None = None,
) -> list[Hit]:
    """Return up to ``k`` hits, best first.

    Words and vectors are always asked: words win names, tickers and numbers, vectors win paraphrases.
    What they name, and the passages beside it, is then scored by all rankers; see ``rank``.
    Filters hold before ranking, so ``k`` hits come back whenever so many different passages pass.
    A question for the whole of something (see ``overview``) has hits from all of it, one for the first or the latest
    mention of something (see ``mentions``) those that mention it.
    What was said again is one hit: ``why["said"]`` is how often, ``why["said_by"]`` by how many authors.
    Of posts and messages (see ``_copies``) that counts the whole memory, of speech and pages the candidates.
    """
    if not query.strip() or k < 1:
        return []
    connection = catalog.connection
    scope = scope_of(connection, query, filters, now)
    if found := _of_the_whole(connection, scope, k=k, filters=filters):
        return found
    pool, scores = scored(scope, depth=max(DEPTH, k), catalog=catalog, view=view, embedder=embedder)
    if reranker is None:
        return _hits(connection, pool, scores, k=k, scope=scope, filters=filters)
    hits = _hits(connection, pool, scores, k=max(k, RERANKED), scope=scope, filters=filters)
    return _reranked(query, hits, reranker)[:k]


def _of_the_whole(connection: sqlite3.Connection, scope: Scope, *, k: int, filters: Filters) -> list[Hit]:
    """Return the hits of a question for the whole of something, or for a mention of it; none for other questions.

    Where those that are named did not speak at the time that is named, the whole is what else there is of them.
    Of "what happened yesterday" and "summarize last week" there is no whole but that time.
    """
    for place in [scope.meant] if scope.is_timed and is_news(scope.untimed) else scope.places[::-1]:
        found = mentions(connection, scope.untimed, k=k, allowed=place, filters=filters) or overview(
            connection, scope.untimed, k=k, allowed=place, filters=filters, preferred=scope.copies
        )
        if found:
            return [replace(hit, why={**hit.why, "time": 1.0}) for hit in found] if place is scope.meant else found
    return []


def _reranked(query: str, hits: Sequence[Hit], reranker: Reranker) -> list[Hit]:
    """Return the hits in the order of both: what was found, and what the reranker says, in units of its spread.

    A reranker knows sentences from the web better than talk, so it is heard, but does not decide alone.
    """
    if not hits:
        return []
    given = one_each(reranker.score(query, [hit.chunk.embedded_text for hit in hits]), len(hits))
    total = fuse([np.array([hit.score for hit in hits]), given], np.zeros(len(hits)))
    return [
        replace(hits[place], score=float(total[place]), rank=rank, why={**hits[place].why, "reranker": given[place]})
        for rank, place in enumerate(np.argsort(-total, kind="stable").tolist(), 1)
    ]


def scored(scope: Scope, *, depth: int, catalog: Catalog, view: VectorView, embedder: Embedder) -> tuple[Pool, Scores]:
    """Return the best candidates of a question and all their scores; ``depth`` is how many each index names.

    A question that says "today" or "last week" also has the candidates of that time, if there are any.
    """
    connection = catalog.connection
    asked = mentions_asked(scope.text)
    query = asked.subject if asked else subject_of(scope.text)
    view.refresh()
    # Words and vectors take about as long, and neither needs the other; SQLite is asked on this thread only.
    with ThreadPoolExecutor(1, "masa-rag-question") as aside:
        widths = [_width(connection, among, depth) for among in scope.places]
        by_meaning = aside.submit(_by_meaning, query, widths, view=view, embedder=embedder)
        question = understand(query, connection)
        by_words = [search_words(connection, question.words, depth, among) for among in scope.places]
        first, others = _in_two(by_words)
        around = neighbours(connection, first, others)
        encoded, nearest = by_meaning.result()
    named = by_words + [
        _passing(connection, view, encoded[0], ids, among, depth)
        for ids, among in zip(nearest, scope.places, strict=True)
    ]
    foremost, rest = _in_two(named)
    around += neighbours(connection, foremost - first, rest - first - others)
    pool = gather(around, foremost | rest, foremost, scope.allowed)
    embedded, shortlist = embed(question, encoded), SHORTLIST + depth - DEPTH
    return rank(connection, pool, question, embedded, view=view, scope=scope, shortlist=shortlist)


def _by_meaning(
    query: str, widths: Sequence[Width], *, view: VectorView, embedder: Embedder
) -> tuple[Encoded, list[list[str]]]:
    """Return the question as the model sees it, and the ids of the nearest passages of each place to look."""
    encoded = encode(query, embedder)
    return encoded, [[key for key, _ in view.nearest(encoded[0], count, ids)] for count, ids in widths]


def _width(connection: sqlite3.Connection, among: Collection[int] | None, depth: int) -> Width:
    """Return how many of the nearest passages to name, and among which ids; None means all.

    Of a filter that many pass, more are named and those that do not pass are left out afterwards: of 100,000 passages
    that all passed, to look through those that do took 280 ms.
    """
    if among is None:
        return depth, None
    passages = connection.execute("SELECT count(*) FROM chunks").fetchone()[0]
    if len(among) < NARROW * passages:
        return depth, set(ids_of(connection, among).values())
    return 2 * depth * passages // len(among), None


def _passing(
    connection: sqlite3.Connection, view: VectorView, vector: Vector, ids: Sequence[str],
    among: Collection[int] | None, depth: int,
) -> list[int]:  # fmt: skip
    """Return the numbers of the nearest passages that pass; where too few of those named do, all are looked through."""
    numbers = [number for number in numbers_of(connection, ids) if among is None or number in among]
    if among is not None and len(numbers) < min(depth, len(among)):
        passing = set(ids_of(connection, among).values())
        return numbers_of(connection, [key for key, _ in view.nearest(vector, depth, passing)])
    return numbers[:depth]


def _in_two(lists: Sequence[Sequence[int]]) -> tuple[set[int], set[int]]:
    """Return what the lists name first, and what only further down."""
    first = {number for part in lists for number in part[:BESIDE]}
    return first, set(chain.from_iterable(lists)) - first


def rank(
    connection: sqlite3.Connection,
    pool: Pool,
    question: Question,
    embedded: Embedded,
    *,
    view: VectorView,
    scope: Scope,
    shortlist: int,
) -> tuple[Pool, Scores]:
    """Return the pool with only its best rows chosen, and their scores: each ranker's, and as ``"all"`` their sum.

    * ``words``: BM25 over a window of neighbouring passages
    * ``vectors``: cosine of the passage's vector, averaged with its neighbours'
    * ``tokens``, ``tokens_beside``: late interaction with the passage, and with it and its neighbours
    * ``author``: 1 where the question names the speaker
    * ``time``: 1 for what was said in the time that the question names

    All but late interaction choose the ``shortlist`` rows that it looks at, for it reads most.
    """
    scores: Scores = {
        "words": window_scores(connection, pool, question),
        "vectors": vector_scores(pool, view, embedded.vector),
    }
    numbers = pool.numbers[pool.chosen].tolist()
    author = _among(numbers, named_in(connection, numbers, question.names, question.unknown))
    time = _among(numbers, scope.meant)
    boost = AUTHOR_BOOST * author + scope.boost * time
    best = np.sort(np.argsort(-fuse(scores.values(), boost), kind="stable")[:shortlist])
    pool = replace(pool, chosen=pool.chosen[best])
    scores = {name: values[best] for name, values in scores.items()}
    scores |= _late(connection, pool, embedded, known=~np.isnan(scores["vectors"]))
    total = _spread(pool, fuse(scores.values(), boost[best]))
    return pool, {**scores, "all": total, "author": author[best], "time": time[best]}


def _among(numbers: Sequence[int], chosen: Collection[int]) -> NDArray[np.float64]:
    """Return 1 for the numbers that are among the chosen, 0 for the others."""
    return np.array([number in chosen for number in numbers], np.float64)


def _late(connection: sqlite3.Connection, pool: Pool, embedded: Embedded, *, known: NDArray[np.bool_]) -> Scores:
    """Return the scores of late interaction; none when the embedder gives no tokens or the question has no word."""
    if not len(embedded.tokens):
        return {}
    matches = word_matches(connection, pool, embedded.tokens)
    tables = {"tokens": matches, "tokens_beside": with_neighbours(pool, matches)}
    return {name: np.where(known, table[pool.chosen] @ embedded.weights, np.nan) for name, table in tables.items()}


def _spread(pool: Pool, total: NDArray[np.float64]) -> NDArray[np.float64]:
    chosen = pool.chosen
    return spread(total, documents=pool.documents[chosen], positions=pool.positions[chosen], timed=pool.timed[chosen])


def _hits(
    connection: sqlite3.Connection, pool: Pool, scores: Scores, *, k: int, scope: Scope, filters: Filters
) -> list[Hit]:
    order, ids = best_first(connection, pool, scores["all"])
    groups = _groups(connection, order, ids[: 2 * k + 8])
    if len(groups) < k and len(ids) > 2 * k + 8:  # much is said twice: look at all
        groups = _groups(connection, order, ids[: k + DEPTH])
    hits = [
        Hit(group[0], float(scores["all"][place]), rank, _why(scores, place) | _said(group))
        for rank, (place, group) in enumerate(groups[:k], 1)
    ]
    names = {without_accents(name) for name in names_in(scope.untimed)}
    return with_copies(connection, hits, filters, preferred=scope.copies, names=names)


def _groups(connection: sqlite3.Connection, order: Sequence[int], ids: Sequence[str]) -> list[tuple[int, list[Chunk]]]:
    """Return the best passages with their places, what was said again with what said it first.

    What another process has deleted since is left out.
    """
    first = {chunk_id: chunk_id for chunk_id in ids} | first_said(connection, ids)
    chunks = chunks_by_id(connection, list({*first.values()}))
    found = ((place, first[chunk_id]) for place, chunk_id in zip(order, ids, strict=False))
    return _folded([(place, chunks[chunk_id]) for place, chunk_id in found if chunk_id in chunks])


def _folded(found: list[tuple[int, Chunk]]) -> list[tuple[int, list[Chunk]]]:
    """Gather what was said in the same words: the best of them, then the others, each once."""
    groups: dict[str, tuple[int, dict[str, Chunk]]] = {}
    for place, chunk in found:
        groups.setdefault(_said_text(chunk), (place, {}))[1].setdefault(chunk.id, chunk)
    return [(place, list(chunks.values())) for place, chunks in groups.values()]


def _said_text(chunk: Chunk) -> str:
    """Return what two copies have in common, or the passage's id when it is too short to be one."""
    words = chunk.text.removeprefix(f"{', '.join(chunk.authors)}:").lower().split()
    return " ".join(words) if len(words) >= COPIED_WORDS else chunk.id


def _said(group: list[Chunk]) -> dict[str, float]:
    """Return what is said of candidates in the same words, where they are not known as copies."""
    if len(group) == 1:
        return {}
    return {"said": float(len(group)), "said_by": float(len({chunk.authors for chunk in group}))}


def best_first(connection: sqlite3.Connection, pool: Pool, scores: NDArray[np.float64]) -> tuple[list[int], list[str]]:
    """Return the places of the pool's chosen rows, best first, and the ids of the passages; ties by id."""
    numbers = pool.numbers[pool.chosen].tolist()
    ids = ids_of(connection, numbers)
    places = [place for place, number in enumerate(numbers) if number in ids]
    places.sort(key=lambda place: (-scores[place], ids[numbers[place]]))
    return places, [ids[numbers[place]] for place in places]


def _why(scores: Scores, place: int) -> dict[str, float]:
    """Return what each ranker says of a passage; what is not known, or no word, is left out."""
    found = {name: float(values[place]) for name, values in scores.items() if name != "all"}
    return {name: score for name, score in found.items() if isfinite(score) and (score or name == "vectors")}
