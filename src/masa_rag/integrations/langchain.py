"""LangChain: retriever, vector store, embeddings, tools, and loaders both ways.

Install with: pip install 'masa-rag[langchain]'.
"""

from __future__ import annotations

from masa_rag.integrations import _needs_langchain  # noqa: F401

# isort: split

import asyncio
import math
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document as LangChainDocument
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever, LangSmithRetrieverParams
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langchain_core.vectorstores import VectorStore
from pydantic import Field

from masa_rag._nothing import context_or_why
from masa_rag._reading import whole_number
from masa_rag.errors import ConfigurationError, RecordError
from masa_rag.ingest import refuse_forgotten
from masa_rag.integrations._langchain_documents import document_in, document_out, hit_document, paired, search_filters
from masa_rag.memory import Memory
from masa_rag.types import Document

if TYPE_CHECKING:
    from masa_rag.protocols import Embedder, Source

__all__ = ["EmbedderEmbeddings", "LoaderSource", "MemoryRetriever", "MemoryVectorStore", "SourceLoader", "memory_tools"]


class MemoryRetriever(BaseRetriever):
    """A memory as a LangChain retriever: passages with citation and score in their metadata.

    Give ``k`` and filters here or with each call: ``retriever.invoke(query, k=3, author="Brendan")``.
    """

    memory: Any
    """The Memory to ask."""
    k: int = 8
    """How many passages."""
    filters: dict[str, Any] = Field(default_factory=dict)
    """Filters of ``Memory.search`` that always hold: author, source, kind, after, before."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None, **filters: Any
    ) -> list[LangChainDocument]:
        hits = self.memory.search(query, k=self.k if k is None else k, **(self.filters | filters))
        return [hit_document(hit) for hit in hits]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, k: int | None = None, **filters: Any
    ) -> list[LangChainDocument]:
        search = self.memory.search
        hits = await asyncio.to_thread(search, query, k=self.k if k is None else k, **(self.filters | filters))
        return [hit_document(hit) for hit in hits]

    def _get_ls_params(self, **kwargs: Any) -> LangSmithRetrieverParams:
        return LangSmithRetrieverParams(
            ls_retriever_name="masa_rag",
            ls_vector_store_provider="masa_rag",
            ls_embedding_provider=type(self.memory.embedder).__name__,
            ls_embedding_model=self.memory.embedder.fingerprint,
        )


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

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """As ``embed_documents``, without blocking the loop."""
        return await asyncio.to_thread(self.embed_documents, texts)

    async def aembed_query(self, text: str) -> list[float]:
        """As ``embed_query``, without blocking the loop."""
        return await asyncio.to_thread(self.embed_query, text)


def _embedder(embedding: Embeddings) -> Embedder:
    """Return an embedding model of LangChain as one of ours, named so that a memory knows it again, and no other."""
    from masa_rag.embedders import LangChainEmbedder

    if isinstance(embedding, EmbedderEmbeddings):
        return embedding.embedder
    # Some keep the loaded model itself in ``model``, whose text is another one in each process.
    names = (getattr(embedding, name, None) for name in ("model", "model_name", "model_id"))
    name = next((name for name in names if isinstance(name, str) and name), type(embedding).__name__)
    return LangChainEmbedder(embedding, fingerprint=name)


class SourceLoader(BaseLoader):
    """Any source of ours as a LangChain loader: one LangChain document a document, with id and citation.

    Args:
        source: The source.
        errors: "skip" leaves out bad records, "raise" raises the first.
    """

    def __init__(self, source: Source, *, errors: Literal["skip", "raise"] = "skip") -> None:
        self.source = source
        self.errors = errors

    def lazy_load(self) -> Iterator[LangChainDocument]:
        """Yield the documents as they are read."""
        for item in self.source:
            if isinstance(item, Document):
                yield document_out(item, source=self.source.name)
            elif self.errors == "raise":
                raise item

    async def alazy_load(self) -> AsyncIterator[LangChainDocument]:
        """Yield the documents as they are read, without blocking the loop."""
        items, end = self.lazy_load(), object()
        while (item := await asyncio.to_thread(next, items, end)) is not end:
            yield item  # type: ignore[misc]


class LoaderSource:
    """Any LangChain loader as a source of ours.

    Args:
        loader: The loader.
        name: The source's name in the memory; keep it the same in every run.
    """

    def __init__(self, loader: BaseLoader, *, name: str) -> None:
        if not name:
            raise ConfigurationError("received an empty source name; expected one that stays the same in every run")
        if not hasattr(loader, "lazy_load"):
            raise ConfigurationError(f"received {type(loader).__name__}; expected a LangChain loader")
        self.loader = loader
        self.name = name

    def __iter__(self) -> Iterator[Document | RecordError]:
        for number, item in enumerate(self.loader.lazy_load()):
            if item.page_content.strip():
                yield document_in(item)
            else:
                yield RecordError("the loader gave a document without text", record_id=str(item.id or number))


def memory_tools(memory: Memory, *, allow_write: bool = False, max_tokens: int = 1_500) -> list[BaseTool]:
    """Return tools for an agent: search, and with ``allow_write`` remember.

    Args:
        memory: What they work on.
        allow_write: Also give the agent a tool that stores notes.
        max_tokens: Budget of one answer of the search tool.
    """

    def search_memory(
        query: str,
        author: str | None = None,
        source: str | None = None,
        after: str | None = None,
        before: str | None = None,
    ) -> tuple[str, list[LangChainDocument]]:
        """Search what people said in podcasts, tweets, chats and web pages. Returns numbered, cited quotations.

        Args:
            query: A question or some words.
            author: Only what this person said.
            source: Only this source.
            after: Only from this time on, ISO 8601, for example 2024-05-01.
            before: Only before this time, ISO 8601.
        """
        filters = {"author": author, "source": source, "after": after, "before": before}
        try:
            context = context_or_why(memory, query, max_tokens=max_tokens, filters=filters)
        except ConfigurationError as error:  # told to the model, which can ask again: "yesterday" is no date
            raise ToolException(str(error)) from error
        return str(context), [hit_document(hit) for hit in context.hits]

    def remember(text: str) -> str:
        """Store a fact or decision, in one or two sentences, to be found in later conversations."""
        try:
            return f"remembered as {memory.remember(text)}"
        except ConfigurationError as error:
            raise ToolException(str(error)) from error

    tools: list[BaseTool] = [
        StructuredTool.from_function(
            search_memory, parse_docstring=True, response_format="content_and_artifact", handle_tool_error=True
        )
    ]
    if allow_write:
        tools.append(StructuredTool.from_function(remember, handle_tool_error=True))
    return tools
