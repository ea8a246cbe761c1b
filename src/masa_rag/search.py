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
from masa_rag._overview import is_overview, overview, subject_of
from masa_rag._pool import gather, vector_scores, window_scores, with_neighbours, word_matches
from masa_rag._query import embed, encode, understand
from masa_rag._rank import AUTHOR_BOOST, DATE_BOOST, TIME_BOOST, fuse, spread
from masa_rag._reading import (
    Filters,
    Said,
    allowed_chunks,
    chunks_by_id,
    first_said,
    ids_of,
    named_in,
    numbers_of,
    said_again,
    spoken_until,
    timed_of,
)
from masa_rag._time import utc
from masa_rag._when import periods_of
from masa_rag.indexes.words import search_words
from masa_rag.types import Hit

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from masa_rag._pool import Pool
    from masa_rag._query import Embedded, Question
    from masa_rag._view import VectorView
    from masa_rag.catalog import Catalog
    from masa_rag.protocols import Embedder, Reranker
    from masa_rag.types import Chunk

    Scores = dict[str, NDArray[np.float64]]

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
    A question for the whole of something (see ``_overview``) has hits from all of it.
    What was said again is one hit: ``why["said"]`` is how often, ``why["said_by"]`` by how many authors.
    Of posts and messages (see ``_copies``) that counts the whole memory, of speech and pages the candidates.
    """
    if not query.strip() or k < 1:
        return []
    if found := _whole(catalog.connection, query, k=k, filters=filters, now=now):
        return found
    pool, scores = scored(
        query, depth=max(DEPTH, k), filters=filters, catalog=catalog, view=view, embedder=embedder, now=now
    )
    if reranker is None:
        return _hits(catalog.connection, pool, scores, k=k, filters=filters)
    hits = _hits(catalog.connection, pool, scores, k=max(k, RERANKED), filters=filters)
    return _reranked(query, hits, reranker)[:k]


def _whole(
    connection: sqlite3.Connection, query: str, *, k: int, filters: Filters, now: datetime | None
) -> list[Hit] | None:
    """Return hits from all of what is asked for; None when the question has a subject."""
    asked = query
    for period in periods_of(query, _asked_at(now))[:1]:
        asked = period.cut_from(query)
    if not is_overview(asked):
        return None  # spares looking through the filters twice
    allowed = allowed_chunks(connection, filters)
    _, meant, _ = _time_meant(connection, query, allowed, now)
    return overview(connection, asked, k=k, allowed=meant or allowed)


def _reranked(query: str, hits: Sequence[Hit], reranker: Reranker) -> list[Hit]:
    """Return the hits in the order of both: what was found, and what the reranker says, in units of its spread.

    A reranker knows sentences from the web better than talk, so it is heard, but does not decide alone.
    """
    if not hits:
        return []
    given = np.array(reranker.score(query, [hit.chunk.embedded_text for hit in hits]), np.float64)
    total = fuse([np.array([hit.score for hit in hits]), given], np.zeros(len(hits)))
    return [
        replace(hits[place], score=float(total[place]), rank=rank, why={**hits[place].why, "reranker": given[place]})
        for rank, place in enumerate(np.argsort(-total, kind="stable").tolist(), 1)
    ]


def scored(
    query: str,
    *,
    depth: int,
    filters: Filters,
    catalog: Catalog,
    view: VectorView,
    embedder: Embedder,
    now: datetime | None = None,
) -> tuple[Pool, Scores]:
    """Return the best candidates of a question and all their scores; ``depth`` is how many each index names.

    A question that says "today" or "last week" also has the candidates of that time, if there are any:
    ``now`` is when it is asked, by the clock of this machine when None.
    """
    connection = catalog.connection
    allowed = allowed_chunks(connection, filters)
    query, meant, gain = _time_meant(connection, query, allowed, now)
    query = subject_of(query)
    places = (allowed, meant) if meant else (allowed,)
    # The words and the model take about as long, and neither needs the other.
    with ThreadPoolExecutor(1, "masa-rag-question") as aside:
        encoding = aside.submit(encode, query, embedder)
        question = understand(query, connection)
        lists = [search_words(connection, question.words, depth, among) for among in places]
        embedded = embed(question, encoding.result())
    named = [[number for number, _ in found] for found in lists]
    named += [_nearest(connection, view, embedded, depth, among) for among in places]
    pool = gather(connection, _all(named), _all(part[:BESIDE] for part in named), allowed)
    return rank(
        connection, pool, question, embedded,
        view=view, meant=meant, time_boost=gain, shortlist=SHORTLIST + depth - DEPTH,
    )  # fmt: skip


def _nearest(
    connection: sqlite3.Connection, view: VectorView, embedded: Embedded, depth: int, among: Mapping[int, str] | None
) -> list[int]:
    found = view.query(embedded.vector, depth, None if among is None else set(among.values()))
    return numbers_of(connection, [chunk_id for chunk_id, _ in found])


def _all(lists: Iterable[Iterable[int]]) -> set[int]:
    return set(chain.from_iterable(lists))


def _time_meant(
    connection: sqlite3.Connection, query: str, allowed: Collection[int] | None, now: datetime | None
) -> tuple[str, dict[int, str], float]:
    """Return the question without the words that name a time, the passages of that time, and what they gain.

    The words of a date stay in the question: what is spoken of may be of another time than the speaking.
    """
    until: float | None = None
    for period in periods_of(query, _asked_at(now)):
        until = spoken_until(connection) if until is None else until
        if period.start.timestamp() > until:
            continue  # nothing is that new: spares looking through all passages
        inside = allowed_chunks(connection, Filters(after=period.start, before=period.end)) or {}
        if allowed is not None:
            inside = {number: key for number, key in inside.items() if number in allowed}
        if inside:
            return (query, inside, DATE_BOOST) if period.is_written else (period.cut_from(query), inside, TIME_BOOST)
    return query, {}, 0.0


def _asked_at(now: datetime | None) -> datetime:
    """Return the time of a question; one without a zone is refused, for nobody could say when its day began."""
    if now is None:
        return datetime.now().astimezone()
    utc(now)
    return now


def rank(
    connection: sqlite3.Connection,
    pool: Pool,
    question: Question,
    embedded: Embedded,
    *,
    view: VectorView,
    meant: Collection[int] = (),
    time_boost: float = 0.0,
    shortlist: int = SHORTLIST,
) -> tuple[Pool, Scores]:
    """Return the pool with only its best rows chosen, and their scores: each ranker's, and as ``"all"`` their sum.

    * ``words``: BM25 over a window of neighbouring passages
    * ``vectors``: cosine of the passage's vector, averaged with its neighbours'
    * ``tokens``, ``tokens_beside``: late interaction with the passage, and with it and its neighbours
    * ``author``: 1 where the question names the speaker
    * ``time``: 1 for what was said in the time that the question names, the passages ``meant``

    All but late interaction choose the ``shortlist`` rows that it looks at, for it reads most.
    """
    scores: Scores = {
        "words": window_scores(connection, pool, question),
        "vectors": vector_scores(pool, view, embedded.vector),
    }
    numbers = pool.numbers[pool.chosen].tolist()
    author = _among(numbers, named_in(connection, numbers, question.names))
    time = _among(numbers, meant)
    boost = AUTHOR_BOOST * author + time_boost * time
    best = np.sort(np.argsort(-fuse(scores.values(), boost), kind="stable")[:shortlist])
    pool = replace(pool, chosen=pool.chosen[best])
    scores = {name: values[best] for name, values in scores.items()}
    scores |= _late(connection, pool, embedded, known=~np.isnan(scores["vectors"]))
    total = _spread(connection, pool, fuse(scores.values(), boost[best]))
    return pool, {**scores, "all": total, "author": author[best], "time": time[best]}


def _among(numbers: Sequence[int], chosen: Collection[int]) -> NDArray[np.float64]:
    """Return 1 for the numbers that are among the chosen, 0 for the others."""
    return np.array([number in chosen for number in numbers], np.float64)


def _late(connection: sqlite3.Connection, pool: Pool, embedded: Embedded, *, known: NDArray[np.bool_]) -> Scores:
    """Return the scores of late interaction; none when the embedder gives no tokens or the question has no word."""
    if embedded.tokens is None or not len(embedded.tokens):
        return {}
    matches = word_matches(connection, pool, embedded.tokens)
    tables = {"tokens": matches, "tokens_beside": with_neighbours(pool, matches)}
    return {name: np.where(known, table[pool.chosen] @ embedded.weights, np.nan) for name, table in tables.items()}


def _spread(connection: sqlite3.Connection, pool: Pool, total: NDArray[np.float64]) -> NDArray[np.float64]:
    numbers = pool.numbers[pool.chosen].tolist()
    timed = timed_of(connection, numbers)
    return spread(
        total,
        documents=pool.documents[pool.chosen],
        positions=pool.positions[pool.chosen],
        timed=_among(numbers, timed) > 0,
    )


def _hits(connection: sqlite3.Connection, pool: Pool, scores: Scores, *, k: int, filters: Filters) -> list[Hit]:
    order, ids = best_first(connection, pool, scores["all"])
    groups = _groups(connection, order, ids[: 2 * k + 8])
    if len(groups) < k and len(ids) > 2 * k + 8:  # much is said twice: look at all
        groups = _groups(connection, order, ids[: k + DEPTH])
    groups = groups[:k]
    again = said_again(connection, [group[0].id for _, group in groups], filters)
    chunks = chunks_by_id(connection, [said.shown for said in again.values()])
    return [
        Hit(
            chunks.get(again[group[0].id].shown, group[0]) if group[0].id in again else group[0],
            float(scores["all"][place]),
            rank,
            _why(scores, place) | _said(group, again),
        )
        for rank, (place, group) in enumerate(groups, 1)
    ]


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


def _said(group: list[Chunk], again: Mapping[str, Said]) -> dict[str, float]:
    if (said := again.get(group[0].id)) is not None:
        return {"said": float(said.times), "said_by": float(said.by)}
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
