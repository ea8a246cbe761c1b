"""LangChain's own standard tests, and what they do not ask."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langchain_core", reason="needs the extra langchain")
pytest.importorskip("langchain_tests", reason="needs the development packages")

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document as LangChainDocument
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import (
    EmbeddingsIntegrationTests,
    RetrieversIntegrationTests,
    ToolsIntegrationTests,
    VectorStoreIntegrationTests,
)
from langchain_tests.unit_tests import EmbeddingsUnitTests, ToolsUnitTests

from masa_rag import (
    ConfigurationError,
    Document,
    Memory,
    MemoryMismatchError,
    MissingDependencyError,
    RecordError,
    Segment,
    source,
)
from masa_rag.embedders import HashingEmbedder, LangChainEmbedder
from masa_rag.indexes import FlatIndex
from masa_rag.integrations.langchain import (
    EmbedderEmbeddings,
    LoaderSource,
    MemoryRetriever,
    MemoryVectorStore,
    SourceLoader,
    memory_tools,
)


def small_memory(folder: Path) -> Memory:
    """Return a memory of three remarks."""
    memory = Memory(folder / "brain", embedder=HashingEmbedder(), index=FlatIndex())
    segments = [
        Segment("We collect voice data.", "Brendan", start=5.0, end=9.0),
        Segment("Voice data is hard.", "Jamil", start=9.0, end=12.0),
    ]
    when = datetime(2024, 5, 1, tzinfo=UTC)
    show = Document(
        id="1", kind="speech", title="Show", url="https://show.example/1", created_at=when, segments=segments
    )
    memory.add([show, Document(id="2", text="Copper is a metal.")], name="show")
    return memory


class TestRetrieverStandard(RetrieversIntegrationTests):
    """The whole of LangChain's contract for retrievers."""

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        """Give the tests a memory."""
        self.memory = small_memory(tmp_path)

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        """What is tested."""
        return MemoryRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        """On which memory."""
        return {"memory": self.memory}

    @property
    def retriever_query_example(self) -> str:
        """A query that finds at least three passages."""
        return "voice data"


class TestVectorStoreStandard(VectorStoreIntegrationTests):
    """The whole of LangChain's contract for vector stores."""

    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> Iterator[VectorStore]:
        """An empty store."""
        embedder = LangChainEmbedder(self.get_embeddings(), fingerprint="fake")
        with Memory(tmp_path / "store", embedder=embedder, index=FlatIndex()) as memory:
            yield MemoryVectorStore(memory)


def test_a_filter_of_the_store_is_one_of_the_memory(tmp_path: Path) -> None:
    """As LangChain gives it or by name; what is none is refused with those there are."""
    store = MemoryVectorStore(small_memory(tmp_path), source="show")
    assert [item.id for item in store.similarity_search("voice", filter={"author": "Jamil"})] == ["1"]
    assert store.similarity_search("voice", filter={"kind": "page"}, author="Jamil") == []
    assert len(store.as_retriever(search_kwargs={"filter": None}).invoke("voice")) == 2
    for wrong in ("author", ["Jamil"], {"page": 3}, {1: 2}, {"source": "other"}, {"author": {"$eq": "Jamil"}}):
        with pytest.raises(ConfigurationError, match=r"received .*; expected a (mapping with author, kind|name)"):
            store.similarity_search("voice", filter=wrong)
    with pytest.raises(ConfigurationError, match="received 'fetch_k' to filter by"):
        store.similarity_search("voice", fetch_k=20)


def test_a_long_document_keeps_no_other_out(tmp_path: Path) -> None:
    """Though all the best passages are its own: k counts documents."""
    store = MemoryVectorStore(small_memory(tmp_path))
    parts = [f"In harbour {number} the boats wait for the tide of day {7 * number}. " * 8 for number in range(40)]
    store.add_texts(["\n\n".join(parts), "a tide table", "the day of the fair"], ids=["long", "table", "fair"])
    found = store.similarity_search("boats wait in the harbour for the tide of the day", k=3)
    assert found[0].id == "long"
    assert {item.id for item in found} == {"long", "table", "fair"}


async def test_what_says_something_else_comes_second(tmp_path: Path) -> None:
    """Marginal relevance: three say nearly the same of the key, so the one of the door comes before two of them."""
    store = MemoryVectorStore(Memory(tmp_path / "brain", embedder=HashingEmbedder(), index=FlatIndex()))
    alike = ["the key is under the mat", "the key is under the old mat", "the key is there under the mat"]
    store.add_texts([*alike, "the key opens doors"], ids=["1", "2", "3", "door"])
    nearest = [document.id for document in store.similarity_search("the key is under the mat", k=4)]
    assert nearest[0] == "1"
    assert nearest[3] == "door"
    spread = store.max_marginal_relevance_search("the key is under the mat", k=2, lambda_mult=0.3)
    assert [document.id for document in spread] == ["1", "door"]
    retriever = store.as_retriever(search_type="mmr", search_kwargs={"k": 2, "fetch_k": 4, "lambda_mult": 0.3})
    assert [document.id for document in await retriever.ainvoke("the key is under the mat")] == ["1", "door"]
    assert store.max_marginal_relevance_search("key", filter={"author": "Nobody"}) == []


def test_each_text_has_its_own_id_and_metadata(tmp_path: Path) -> None:
    """Where there are too few or too many, nothing is stored, and it is said of what."""
    store = MemoryVectorStore(small_memory(tmp_path))
    with pytest.raises(ConfigurationError, match="received 1 ids for 2 texts; expected one each"):
        store.add_texts(["sea", "wind"], ids=["1"])
    with pytest.raises(ConfigurationError, match="received 3 metadatas for 2 texts"):
        store.add_texts(["sea", "wind"], [{}, {}, {}])
    with pytest.raises(ConfigurationError, match="received 2 ids for 1 texts"):
        store.add_documents([LangChainDocument(page_content="sea")], ids=["1", "2"])
    assert store.similarity_search("sea") == []


def test_all_of_the_store_is_deleted_where_no_ids_are_given(tmp_path: Path) -> None:
    """LangChain: "If None, delete all"; a list that holds no ids deletes nothing."""
    store = MemoryVectorStore(small_memory(tmp_path), source="show")
    for wrong in ([None], 7):
        with pytest.raises(ConfigurationError, match="as a source or an id; expected a text"):
            store.delete(wrong)  # type: ignore[arg-type]
    assert len(store.get_by_ids(["1", "2"])) == 2
    assert store.delete(None)
    assert store.get_by_ids(["1", "2"]) == []


class SearchTool:
    """What the two contracts for tools ask for."""

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        """Give the tests a place."""
        self.place = tmp_path

    @property
    def tool_constructor(self) -> BaseTool:
        """What is tested."""
        return memory_tools(small_memory(self.place))[0]

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        """A call."""
        return {"query": "voice data", "author": "Jamil"}


class TestSearchToolUnit(SearchTool, ToolsUnitTests):  # type: ignore[misc]
    """The whole of LangChain's contract for tools, without calling them."""


class TestSearchToolCalled(SearchTool, ToolsIntegrationTests):  # type: ignore[misc]
    """The whole of LangChain's contract for tools, called."""


class OurEmbeddings:
    """What the two contracts for embedding models ask for."""

    @property
    def embeddings_class(self) -> type[EmbedderEmbeddings]:
        """What is tested."""
        return EmbedderEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        """With which embedder."""
        return {"embedder": HashingEmbedder()}


class TestEmbeddingsUnit(OurEmbeddings, EmbeddingsUnitTests):
    """The whole of LangChain's contract for embedding models, without calling them."""


class TestEmbeddingsCalled(OurEmbeddings, EmbeddingsIntegrationTests):
    """The whole of LangChain's contract for embedding models, called."""


STANDARD = (
    RetrieversIntegrationTests, VectorStoreIntegrationTests, ToolsUnitTests, ToolsIntegrationTests,
    EmbeddingsUnitTests, EmbeddingsIntegrationTests,
)  # fmt: skip


@pytest.mark.parametrize("contract", STANDARD, ids=lambda contract: contract.__name__)
def test_no_standard_test_is_overridden(contract: type) -> None:
    """Each contract is inherited here, and none of its tests is replaced or switched off."""
    ours = [cls for cls in globals().values() if isinstance(cls, type) and issubclass(cls, contract)]
    ours = [cls for cls in ours if cls.__module__ == __name__]
    assert len(ours) == 1
    names = [name for cls in ours for part in cls.__mro__ if part.__module__ == __name__ for name in vars(part)]
    assert [name for name in names if name.startswith("test_")] == []


def test_passages_carry_citation_time_and_score(tmp_path: Path) -> None:
    """Everything that an answer cites is in the metadata, as plain JSON."""
    document = small_memory(tmp_path).as_retriever(k=1, author="Jamil").invoke("voice data")[0]
    assert document.page_content == "Jamil: Voice data is hard."
    assert document.metadata["citation"] == "Show · Jamil · 2024-05-01 · 00:00:09 <https://show.example/1#t=9>"
    assert (document.metadata["source"], document.metadata["start_s"]) == ("https://show.example/1#t=9", 9.0)
    assert document.id
    json.dumps(document.metadata)


async def test_the_retriever_is_asynchronous(tmp_path: Path) -> None:
    """ainvoke gives what invoke gives, filters of the call included."""
    retriever = small_memory(tmp_path).as_retriever(k=5)
    assert await retriever.ainvoke("voice data", author="Jamil") == retriever.invoke("voice data", author="Jamil")


def test_a_loader_becomes_a_source_and_comes_back_whole(tmp_path: Path) -> None:
    """Text, id and metadata of LangChain's document survive the way through the memory."""

    class Loader(BaseLoader):
        def lazy_load(self) -> Iterator[LangChainDocument]:
            yield LangChainDocument(id="a", page_content="word " * 400, metadata={"source": "x.txt", "page": 3})
            yield LangChainDocument(id="b", page_content=" ")

    memory = small_memory(tmp_path)
    report = memory.add(LoaderSource(Loader(), name="old loader"))
    assert (report.added, len(report.failed)) == (1, 1)
    assert MemoryVectorStore(memory, source="old loader").similarity_search("word", k=3) == [
        LangChainDocument(id="a", page_content="word " * 400, metadata={"source": "x.txt", "page": 3})
    ]


async def test_a_source_becomes_a_loader() -> None:
    """Ids, authors and times are kept; bad records are left out or raised."""

    @source("s")
    def talks() -> Iterator[Document | RecordError]:
        yield Document(id="1", text="hello", author="Ann", title="T", metadata={"likes": 2})
        yield RecordError("broken", record_id="2")

    expected = LangChainDocument(
        id="1", page_content="hello",
        metadata={"source": "s/1", "title": "T", "kind": "note", "authors": ["Ann"], "likes": 2},
    )  # fmt: skip
    assert SourceLoader(talks()).load() == [expected]
    assert [item async for item in SourceLoader(talks()).alazy_load()] == [expected]
    with pytest.raises(RecordError, match="broken"):
        SourceLoader(talks(), errors="raise").load()


def test_what_a_loader_of_ours_says_can_be_filtered_by(tmp_path: Path) -> None:
    """Who, when and what kind are known in the store that its documents are put into; what is no time is none."""
    when = datetime(2024, 5, 1, tzinfo=UTC)

    @source("s")
    def posts() -> Iterator[Document | RecordError]:
        yield Document(id="1", text="Low tide at six.", author="Ann", created_at=when, kind="post")

    store = MemoryVectorStore(small_memory(tmp_path))
    store.add_documents(SourceLoader(posts()).load())
    store.add_texts(["High tide at nine."], [{"created_at": "yesterday", "kind": ["x"], "authors": ["Bo", "Cay"]}])
    for wanted in ({"author": "Ann"}, {"after": "2024-04-30"}, {"kind": "post"}):
        assert [item.id for item in store.similarity_search("tide", filter=wanted)] == ["1"], wanted
    assert len(store.similarity_search("tide")) == 2


def test_writing_is_a_tool_only_when_allowed(tmp_path: Path) -> None:
    """An agent reads by default; with allow_write it can remember."""
    memory = small_memory(tmp_path)
    assert [tool.name for tool in memory_tools(memory)] == ["search_memory", "trends"]
    tools = {tool.name: tool for tool in memory_tools(memory, allow_write=True)}
    assert tools["remember"].invoke({"text": "The launch is in May."}).startswith("remembered as ")
    assert "The launch is in May." in tools["search_memory"].invoke({"query": "launch"})


def test_a_model_is_told_what_it_asked_wrongly(tmp_path: Path) -> None:
    """A date that is none, which models write often, is an answer that can be asked again, not the end of the agent."""
    with Memory(tmp_path, embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        search_memory, trends, remember = memory_tools(memory, allow_write=True)
        assert "received the time 'yesterday'; expected" in search_memory.invoke({"query": "x", "after": "yesterday"})
        assert "received days=0.0; expected more than 0" in trends.invoke({"days": 0})
        assert "speaker\n  Extra inputs are not permitted" in search_memory.invoke({"query": "x", "speaker": "Ann"})
        assert "expected some words" in remember.invoke({"text": " "})


def test_what_a_model_leaves_blank_is_no_filter_and_a_wrong_filter_is_named(tmp_path: Path) -> None:
    """Models fill in "" for what they leave out, and guess sources: neither is "nothing in memory" without a word."""
    with Memory(tmp_path, embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        memory.remember("The launch is in May.", author="Ann", source="talks")
        search_memory, trends = memory_tools(memory)
        blank = {"author": "", "source": " ", "kind": "", "after": "", "before": ""}
        assert "The launch is in May." in search_memory.invoke({"query": "launch", **blank})
        told = search_memory.invoke({"query": "launch", "source": "podcasts"})
        assert told == "Nothing in memory answers this. Note: there is no source 'podcasts'; there are talks."
        told = search_memory.invoke({"query": "launch", "author": "Zoe"})
        assert told == "Nothing in memory answers this. Note: nobody called 'Zoe' speaks here."
        assert (
            json.loads(trends.invoke({"source": "podcasts"}))["note"]
            == "there is no source 'podcasts'; there are talks"
        )
        (launch,) = json.loads(trends.invoke({"subject": "launch", "author": "", "until": ""}))["trends"]
        assert (launch["words"], launch["voices"]) == (["launch"], 0)  # a source that is new makes no trend
        assert search_memory.invoke({"query": ""}) == "Nothing in memory answers this."


def test_a_retriever_is_refused_when_it_is_made(tmp_path: Path) -> None:
    """Not at the first question, far from the line that was wrong."""
    with Memory(tmp_path, embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        for wrong in ({"k": 0}, {"after": "yesterday"}):
            with pytest.raises(ConfigurationError):
                memory.as_retriever(**wrong)
        told = "received 'search_kwargs' for a retriever; expected k, now, or of author, source, kind, after, before"
        with pytest.raises(ConfigurationError, match=told):
            memory.as_retriever(search_kwargs={"k": 4})
        assert memory.as_retriever(author="Ann", now=datetime(2024, 5, 1, tzinfo=UTC)).invoke("x") == []


@pytest.mark.parametrize("module", ["langchain", "langchain_agents", "langgraph"])
def test_without_langchain_the_error_names_the_extra(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the module is imported directly."""
    monkeypatch.setitem(sys.modules, "langchain_core", None)
    for name in [name for name in sys.modules if name.startswith("masa_rag.integrations")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingDependencyError, match=r'pip install "masa-rag\[langchain\]"'):
        importlib.import_module(f"masa_rag.integrations.{module}")


def test_an_embedder_serves_a_vector_store_of_langchain(tmp_path: Path) -> None:
    """The memory's model in LangChain's own in-memory store, there and back."""
    from langchain_core.vectorstores import InMemoryVectorStore

    memory = small_memory(tmp_path)
    store = InMemoryVectorStore.from_texts(["green tea", "a blue boat"], EmbedderEmbeddings(memory.embedder))
    assert store.similarity_search("boat", k=1)[0].page_content == "a blue boat"
    both = LangChainEmbedder(EmbedderEmbeddings(memory.embedder), fingerprint="there and back")
    assert (both.embed_query("boat") == memory.embedder.embed_query("boat")).all()


def test_relevance_keeps_the_order_and_its_bounds(tmp_path: Path) -> None:
    """LangChain expects scores from 0 to 1; ours have no bounds, and better stays better."""
    store = MemoryVectorStore(small_memory(tmp_path), source="show")
    found = store.similarity_search_with_relevance_scores("Who collects voice data?", k=2)
    assert [document.id for document, _ in found] == ["1", "2"]
    assert 1 > found[0][1] > found[1][1] > 0


def test_a_store_can_be_made_from_texts(tmp_path: Path) -> None:
    """As LangChain's tutorials do it."""
    store = MemoryVectorStore.from_texts(
        ["sea", "wind"],
        DeterministicFakeEmbedding(size=8),
        [{"n": 1}, {"n": 2}],
        path=str(tmp_path / "x"),
        index=FlatIndex(),
    )
    assert store.similarity_search("wind", k=1)[0].metadata == {"n": 2}
    store.memory.close()


def test_a_store_made_from_texts_knows_its_model_again(tmp_path: Path) -> None:
    """By its name, and not by the loaded model that some keep beside it; ours by its own fingerprint."""

    class Loaded(DeterministicFakeEmbedding):
        model: object = None
        model_name: str = "tide-small"

    def fingerprint(embedding: Embeddings) -> str:
        store = MemoryVectorStore.from_texts(["sea"], embedding, path=str(tmp_path / "x"), index=FlatIndex())
        store.memory.close()
        return store.memory.embedder.fingerprint

    assert [fingerprint(Loaded(size=8, model=object())) for _ in range(2)] == ["tide-small"] * 2
    with pytest.raises(MemoryMismatchError, match="hashing"):
        fingerprint(EmbedderEmbeddings(HashingEmbedder()))
