"""LangChain: retriever, vector store, embeddings, tools, and loaders both ways.

Install with: pip install "masa-rag[langchain]".
"""

from __future__ import annotations

from masa_rag.integrations import _needs_langchain  # noqa: F401

# isort: split

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever, LangSmithRetrieverParams
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic import Field

from masa_rag._why_nothing import context_or_why
from masa_rag.errors import ConfigurationError, MasaRagError, RecordError
from masa_rag.integrations._langchain_documents import document_in, document_out, hit_document
from masa_rag.integrations._langchain_store import EmbedderEmbeddings, MemoryVectorStore
from masa_rag.integrations._tool_values import refusing, rises
from masa_rag.memory import Memory
from masa_rag.types import Document

if TYPE_CHECKING:
    from masa_rag.protocols import Source

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
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **given: Any
    ) -> list[LangChainDocument]:
        return await asyncio.to_thread(self._get_relevant_documents, query, run_manager=run_manager.get_sync(), **given)

    def _get_ls_params(self, **kwargs: Any) -> LangSmithRetrieverParams:
        return LangSmithRetrieverParams(
            ls_retriever_name="masa_rag",
            ls_vector_store_provider="masa_rag",
            ls_embedding_provider=type(self.memory.embedder).__name__,
            ls_embedding_model=self.memory.embedder.fingerprint,
        )


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
    """Return tools for an agent: search, trends, and with ``allow_write`` remember.

    Args:
        memory: What they work on.
        allow_write: Also give the agent a tool that stores notes.
        max_tokens: Budget of one answer of the search tool.
    """

    def search_memory(
        query: str,
        author: str | None = None,
        source: str | None = None,
        kind: str | None = None,
        after: str | None = None,
        before: str | None = None,
    ) -> tuple[str, list[LangChainDocument]]:
        """Search what people said in podcasts, tweets, chats and web pages. Returns numbered, cited quotations.

        Args:
            query: A question or some words.
            author: Only what this person said.
            source: Only this source.
            kind: Only of this kind: post, page, conversation, speech or note.
            after: Only from this time on, ISO 8601, for example 2024-05-01.
            before: Only before this time, ISO 8601.
        """
        filters = {"author": author, "source": source, "kind": kind, "after": after, "before": before}
        try:
            context = context_or_why(memory, query, max_tokens=max_tokens, filters=filters)
        except ConfigurationError as error:  # told to the model, which can ask again: "yesterday" is no date
            raise ToolException(str(error)) from error
        return str(context), [hit_document(hit) for hit in context.hits]

    def trends(
        days: float = 7,
        subject: str | None = None,
        author: str | None = None,
        source: str | None = None,
        kind: str | None = None,
        until: str | None = None,
    ) -> str:
        """Return what more people say than before: the last days compared with eight times as many before them.

        Args:
            days: How long the last stretch of time is.
            subject: Count this word or name instead of finding what rises.
            author: Only what this person said.
            source: Only this source.
            kind: Only of this kind: post, page, conversation, speech or note.
            until: When it ends, ISO 8601; when the last passage was said if left out.
        """
        try:
            found = rises(memory, days=days, subject=subject, until=until, author=author, source=source, kind=kind)
        except ConfigurationError as error:
            raise ToolException(str(error)) from error
        return json.dumps(found, ensure_ascii=False)

    def remember(text: str) -> str:
        """Store a fact or decision, in one or two sentences, to be found in later conversations.

        Args:
            text: What to remember.
        """
        try:
            return f"remembered as {memory.remember(text)}"
        except MasaRagError as error:  # no words, or another process writes
            raise ToolException(str(error)) from error

    tools = [_tool(search_memory, response_format="content_and_artifact"), _tool(trends)]
    return [*tools, _tool(remember)] if allow_write else tools


def _tool(
    function: Callable[..., Any], response_format: Literal["content", "content_and_artifact"] = "content"
) -> BaseTool:
    """Return a function as a tool, which tells the model what it called wrongly."""
    tool = StructuredTool.from_function(
        function, parse_docstring=True, response_format=response_format, handle_tool_error=True,
        handle_validation_error=str,
    )  # fmt: skip
    tool.args_schema = refusing(tool.args_schema)
    return tool
