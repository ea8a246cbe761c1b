"""Query -> ranked chunks: words and vectors, filtered before ranking, fused, with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from masa_rag._reading import Filters, allowed_chunks, chunks_by_id, ids_of
from masa_rag.indexes.words import search_words
from masa_rag.types import Hit

if TYPE_CHECKING:
    from masa_rag._view import VectorView
    from masa_rag.catalog import Catalog
    from masa_rag.protocols import Embedder

_DEPTH = 100
"""How many passages each ranker names before they are fused."""


def search(
    query: str, *, k: int, filters: Filters, catalog: Catalog, view: VectorView, embedder: Embedder
) -> list[Hit]:
    """Return up to ``k`` hits, best first.

    Both rankers are always asked: words win names, tickers and numbers, vectors win paraphrases.
    Filters hold before ranking, so ``k`` hits come back whenever so many passages pass.
    """
    if not query.strip() or k < 1:
        return []
    allowed = allowed_chunks(catalog.connection, filters)
    depth = max(_DEPTH, 2 * k)
    words = search_words(catalog.connection, query, depth, allowed)
    ids = ids_of(catalog.connection, [number for number, _ in words])
    rankings = {
        "words": [(ids[number], score) for number, score in words if number in ids],
        "vectors": view.query(embedder.embed_query(query), depth, None if allowed is None else set(allowed.values())),
    }
    ranked = fuse(rankings)
    chunks = chunks_by_id(catalog.connection, [chunk_id for chunk_id, _ in ranked[: 2 * k]])
    found = [(chunks[chunk_id], score) for chunk_id, score in ranked if chunk_id in chunks]
    why = {name: dict(ranking) for name, ranking in rankings.items()}
    return [
        Hit(chunk, score, rank, {name: scores[chunk.id] for name, scores in why.items() if chunk.id in scores})
        for rank, (chunk, score) in enumerate(found[:k], 1)
    ]


def fuse(rankings: Mapping[str, Sequence[tuple[str, float]]]) -> list[tuple[str, float]]:
    """Return ids with the sum of their scores, each ranking divided by its best, best first; ties by id."""
    total: dict[str, float] = {}
    for ranking in rankings.values():
        best = max((score for _, score in ranking), default=0.0)
        for chunk_id, score in ranking:
            total[chunk_id] = total.get(chunk_id, 0.0) + (score / best if best > 0 else 0.0)
    return sorted(total.items(), key=lambda item: (-item[1], item[0]))
