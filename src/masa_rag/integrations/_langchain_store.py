"""A memory as a LangChain vector store, and embedders as LangChain has them."""

from __future__ import annotations

from masa_rag.integrations import _needs_langchain  # noqa: F401

# isort: split

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.documents import Document as LangChainDocument
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from masa_rag._reading import whole_number
from masa_rag.ingest import refuse_forgotten
from masa_rag.integrations._langchain_documents import document_in, document_out, paired, search_filters
from masa_rag.memory import Memory

if TYPE_CHECKING:
    from masa_rag.protocols import Embedder


class MemoryVectorStore(VectorStore):
    """A source of a memory as a LangChain vector store. Search is hybrid: words count too.

    Documents come back whole and as they went in, also when the memory cut them into passages.

    Args:
        memory: Where they are kept.
        source: The source they are filed under; stores of other sources do not see them.
    """

    def __init__(self, memory: Memory, *, source: str = "langchain") -> None:
        self.memory = memory
        self.source = source

    @property
    def embeddings(self) -> Embeddings | None:
        """The memory's own model."""
        return EmbedderEmbeddings(self.memory.embedder)

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Insert or replace texts and return their ids.

        Raises:
            ConfigurationError: There are more or fewer ``metadatas`` or ``ids`` than texts.
        """
        texts = list(texts)
        details = metadatas if metadatas is not None else [{} for _ in texts]
        documents = [
            LangChainDocument(page_content=text, metadata=detail)
            for text, detail in paired(texts, details, name="metadatas")
        ]
        return self.add_documents(documents, ids=ids)

    def add_documents(
        self, documents: list[LangChainDocument], *, ids: list[str] | None = None, **kwargs: Any
    ) -> list[str]:
        """Insert or replace documents and return their ids."""
        if ids is not None:
            pairs = paired(documents, ids, name="ids")
            documents = [item.model_copy(update={"id": key}) for item, key in pairs]
        ours = [document_in(item) for item in documents]
        refuse_forgotten(self.memory.add(ours, name=self.source, errors="raise"))
        return [item.id for item in ours]

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool | None:
        """Delete documents; unknown ids are ignored. All of the source when ``ids`` is None."""
        self.memory.delete(self.source, ids)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[LangChainDocument]:
        """Return the documents of these ids; unknown ones are left out."""
        found = (self.memory.document(self.source, key) for key in ids)
        return [document_out(item, source=self.source) for item in found if item is not None]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[LangChainDocument]:
        """Return up to ``k`` documents, best first.

        Filters of ``Memory.search`` may be given as they are or as LangChain has it: ``filter={"author": "Ann"}``.
        """
        return [document for document, _ in self.similarity_search_with_score(query, k, **kwargs)]

    def similarity_search_with_score(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> list[tuple[LangChainDocument, float]]:
        """Return up to ``k`` (document, score), best first; larger is better.

        Raises:
            ConfigurationError: ``filter``, or something else given by name, is no filter of ``Memory.search``.
        """
        best = self._best(query, whole_number("k", k), search_filters(**kwargs))
        documents = {item.id: item for item in self.get_by_ids(list(best))}
        return [(documents[key], score) for key, score in best.items() if key in documents]

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[LangChainDocument]:
        """Return up to ``k`` of the ``fetch_k`` best documents: near to the query, and unlike those before them.

        Args:
            query: A question, or some words.
            k: How many.
            fetch_k: Among how many they are chosen.
            lambda_mult: 1 looks at the query alone, 0 at the difference alone (Carbonell and Goldstein 1998).
            kwargs: Filters, as for ``similarity_search``.
        """
        found = self.similarity_search(query, max(k, fetch_k), **kwargs)
        embedder = self.memory.embedder
        vectors = list(embedder.embed_documents([document.page_content for document in found]))
        chosen = maximal_marginal_relevance(embedder.embed_query(query), vectors, lambda_mult=lambda_mult, k=k)
        return [found[place] for place in chosen]

    def _best(self, query: str, k: int, filters: dict[str, Any]) -> dict[str, float]:
        """Return the ids of up to ``k`` documents with their scores, best first.

        The best passages may all be of one long document: then more are looked at.
        """
        count = 4 * k
        while True:
            hits = self.memory.search(query, k=count, source=self.source, **filters)
            best: dict[str, float] = {}
            for hit in hits:
                best.setdefault(hit.chunk.document_id, hit.score)
            if len(best) >= k or len(hits) < count:
                return dict(list(best.items())[:k])
            count *= 4

    def _select_relevance_score_fn(self) -> Any:
        # Scores have no bounds: they count standard deviations above the mean of the candidates.
        return lambda score: 1 / (1 + math.exp(-max(-500.0, min(500.0, score))))

    @classmethod
    def from_texts(
        cls, texts: list[str], embedding: Embeddings, metadatas: list[dict[str, Any]] | None = None, *,
        ids: list[str] | None = None, path: str = "brain", source: str = "langchain", **kwargs: Any,
    ) -> MemoryVectorStore:  # fmt: skip
        """Make a memory at ``path`` with a LangChain embedding model and add the texts."""
        store = cls(Memory(path, embedder=_embedder(embedding), **kwargs), source=source)
        store.add_texts(texts, metadatas, ids=ids)
        return store


class EmbedderEmbeddings(Embeddings):
    """An embedder of ours as a LangChain embedding model, for vector stores and evaluators of LangChain.

    Args:
        embedder: The embedder, for example ``memory.embedder``; all-MiniLM-L6-v2 on the CPU when None.
    """

    def __init__(self, embedder: Embedder | None = None) -> None:
        if embedder is None:
            from masa_rag.embedders import default_embedder

            embedder = default_embedder()
        self.embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector of length 1 for each text, in order."""
        rows: list[list[float]] = self.embedder.embed_documents(texts).tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a query, of length 1."""
        vector: list[float] = self.embedder.embed_query(text).tolist()
        return vector


def _embedder(embedding: Embeddings) -> Embedder:
    """Return an embedding model of LangChain as one of ours, named so that a memory knows it again, and no other."""
    from masa_rag.embedders import LangChainEmbedder

    if isinstance(embedding, EmbedderEmbeddings):
        return embedding.embedder
    # Some keep the loaded model itself in ``model``, whose text is another one in each process.
    names = (getattr(embedding, name, None) for name in ("model", "model_name", "model_id"))
    name = next((name for name in names if isinstance(name, str) and name), type(embedding).__name__)
    return LangChainEmbedder(embedding, fingerprint=name)
