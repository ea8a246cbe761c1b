"""Query -> candidates by words and by meaning -> one pool, scored by every ranker -> hits with reasons."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from masa_rag._copies import COPIED_WORDS
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
)
from masa_rag.indexes.words import search_words
from masa_rag.types import Hit

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from masa_rag._pool import Pool
    from masa_rag._query import Embedded, Question
    from masa_rag._view import VectorView
    from masa_rag.catalog import Catalog
    from masa_rag.protocols import Embedder
    from masa_rag.types import Chunk

    Scores = dict[str, NDArray[np.float64]]

DEPTH = 100
"""How many passages words and vectors name each, before their neighbours are added."""


def search(
    query: str, *, k: int, filters: Filters, catalog: Catalog, view: VectorView, embedder: Embedder
) -> list[Hit]:
    """Return up to ``k`` hits, best first.

    Words and vectors are always asked: words win names, tickers and numbers, vectors win paraphrases.
    What they name, and the passages beside it, is then scored by all rankers; see ``rank``.
    Filters hold before ranking, so ``k`` hits come back whenever so many different passages pass.
    What was said again is one hit: ``why["said"]`` is how often, ``why["said_by"]`` by how many authors.
    Of posts and messages (see ``_copies``) that counts the whole memory, of speech and pages the candidates.
    """
    if not query.strip() or k < 1:
        return []
    pool, scores = scored(query, depth=max(DEPTH, k), filters=filters, catalog=catalog, view=view, embedder=embedder)
    return _hits(catalog.connection, pool, scores, k=k, filters=filters)


def scored(
    query: str, *, depth: int, filters: Filters, catalog: Catalog, view: VectorView, embedder: Embedder
) -> tuple[Pool, Scores]:
    """Return the candidates of a question and all their scores; ``depth`` is how many each index names."""
    from masa_rag._pool import gather
    from masa_rag._query import embed, understand

    connection = catalog.connection
    allowed = allowed_chunks(connection, filters)
    question = understand(query, connection)
    embedded = embed(question, embedder)
    words = search_words(connection, question.words, depth, allowed)
    near = view.query(embedded.vector, depth, None if allowed is None else set(allowed.values()))
    candidates = {number for number, _ in words} | set(numbers_of(connection, [chunk_id for chunk_id, _ in near]))
    pool = gather(connection, candidates, allowed)
    return pool, rank(connection, pool, question, embedded)


def rank(connection: sqlite3.Connection, pool: Pool, question: Question, embedded: Embedded) -> Scores:
    """Return the scores of the pool's chosen rows: of each ranker, and all together as ``"all"``.

    * ``words``: BM25 over a window of neighbouring passages
    * ``document``: BM25 over the whole document
    * ``vectors``: cosine of the passage's vector
    * ``tokens``, ``tokens_beside``: late interaction with the passage, and with it and its neighbours
    * ``author``: 1 where the question names the speaker

    """
    import numpy as np

    from masa_rag._pool import cosines, document_scores, window_scores, with_neighbours, word_matches
    from masa_rag._rank import fuse

    named = named_in(connection, pool.numbers[pool.chosen].tolist(), question.names)
    scores: Scores = {
        "words": window_scores(connection, pool, question),
        "document": document_scores(connection, pool, question),
        "vectors": cosines(connection, pool, embedded.vector),
    }
    author = np.array([number in named for number in pool.numbers[pool.chosen].tolist()], np.bool_)
    if embedded.tokens is not None and len(embedded.tokens):
        matches = word_matches(connection, pool, embedded.tokens)
        unknown = np.isnan(scores["vectors"])
        for name, table in (("tokens", matches), ("tokens_beside", with_neighbours(pool, matches))):
            scores[name] = np.where(unknown, np.nan, table[pool.chosen] @ embedded.weights)
    return {**scores, "all": fuse(scores.values(), author), "author": author.astype(np.float64)}


def _hits(connection: sqlite3.Connection, pool: Pool, scores: Scores, *, k: int, filters: Filters) -> list[Hit]:
    order, ids = best_first(connection, pool, scores["all"])
    ids = ids[: k + DEPTH]
    first = {chunk_id: chunk_id for chunk_id in ids} | first_said(connection, ids)
    chunks = chunks_by_id(connection, list({*first.values()}))
    found = [(place, chunks[first[chunk_id]]) for place, chunk_id in zip(order, ids, strict=False)]
    groups = _folded(found)[:k]
    again = said_again(connection, [group[0].id for _, group in groups], filters)
    chunks |= chunks_by_id(connection, [said.shown for said in again.values()])
    return [
        Hit(
            chunks[again[group[0].id].shown] if group[0].id in again else group[0],
            float(scores["all"][place]),
            rank,
            _why(scores, place) | _said(group, again),
        )
        for rank, (place, group) in enumerate(groups, 1)
    ]


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
