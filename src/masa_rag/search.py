"""Query -> candidates by words and by meaning -> one pool, scored by every ranker -> hits with reasons."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from masa_rag._reading import Filters, allowed_chunks, chunks_by_id, ids_of, named_in, numbers_of
from masa_rag.indexes.words import search_words
from masa_rag.types import Hit

if TYPE_CHECKING:
    import sqlite3

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

_COPIED_WORDS = 6
"""From so many words on, the same words are a copy; shorter ones ("gm", "I agree.") people say on their own."""


def search(
    query: str, *, k: int, filters: Filters, catalog: Catalog, view: VectorView, embedder: Embedder
) -> list[Hit]:
    """Return up to ``k`` hits, best first.

    Words and vectors are always asked: words win names, tickers and numbers, vectors win paraphrases.
    What they name, and the passages beside it, is then scored by all rankers; see ``rank``.
    Filters hold before ranking, so ``k`` hits come back whenever so many different passages pass.
    The same words said again are one hit: ``why["said"]`` is how often they are among the candidates,
    ``why["said_by"]`` by how many authors.
    """
    if not query.strip() or k < 1:
        return []
    pool, scores = scored(query, depth=max(DEPTH, k), filters=filters, catalog=catalog, view=view, embedder=embedder)
    return _hits(catalog.connection, pool, scores, k=k)


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


def _hits(connection: sqlite3.Connection, pool: Pool, scores: Scores, *, k: int) -> list[Hit]:
    order, ids = best_first(connection, pool, scores["all"])
    chunks = chunks_by_id(connection, ids[: k + DEPTH])
    found = [(place, chunks[chunk_id]) for place, chunk_id in zip(order, ids, strict=True) if chunk_id in chunks]
    return [
        Hit(chunks[0], float(scores["all"][place]), rank, _why(scores, place) | _said(chunks))
        for rank, (place, chunks) in enumerate(_folded(found)[:k], 1)
    ]


def _folded(found: list[tuple[int, Chunk]]) -> list[tuple[int, list[Chunk]]]:
    """Gather what was said in the same words: the best of them, then the others."""
    groups: dict[str, tuple[int, list[Chunk]]] = {}
    for place, chunk in found:
        groups.setdefault(_said_text(chunk), (place, []))[1].append(chunk)
    return list(groups.values())


def _said_text(chunk: Chunk) -> str:
    """Return what two copies have in common, or the passage's id when it is too short to be one."""
    words = chunk.text.removeprefix(f"{', '.join(chunk.authors)}:").lower().split()
    return " ".join(words) if len(words) >= _COPIED_WORDS else chunk.id


def _said(chunks: list[Chunk]) -> dict[str, float]:
    if len(chunks) == 1:
        return {}
    return {"said": float(len(chunks)), "said_by": float(len({chunk.authors for chunk in chunks}))}


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
