"""A memory as LangGraph's store: its verbs, and what LangGraph's own store answers."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("langgraph", reason="needs the extra langchain")

from langgraph.store.base import PutOp
from langgraph.store.memory import InMemoryStore

from masa_rag import ConfigurationError, Memory
from masa_rag.integrations.langgraph import MemoryStore


def test_a_store_puts_gets_searches_and_deletes(memory: Memory) -> None:
    """The verbs of LangGraph's store, by namespace."""
    store = MemoryStore(memory)
    store.put(("users", "ann"), "tea", {"likes": "green tea", "n": 1})
    store.put(("users", "ann"), "boat", {"likes": "blue boats", "n": 2})
    store.put(("users", "bo"), "tea", {"likes": "no tea", "n": 1})
    item = store.get(("users", "ann"), "tea")
    assert item is not None
    assert item.value == {"likes": "green tea", "n": 1}
    assert [found.key for found in store.search(("users", "ann"), query="boats", limit=1)] == ["boat"]
    assert {found.namespace for found in store.search(("users",), filter={"n": 1})} == {
        ("users", "ann"),
        ("users", "bo"),
    }
    assert store.list_namespaces(prefix=("users",)) == [("users", "ann"), ("users", "bo")]
    assert store.list_namespaces(max_depth=1) == [("users",)]
    created = item.created_at
    store.put(("users", "ann"), "tea", {"likes": "black tea"})
    changed = store.get(("users", "ann"), "tea")
    assert changed is not None
    assert (changed.value, changed.created_at) == ({"likes": "black tea"}, created)
    assert changed.updated_at > created
    store.delete(("users", "ann"), "tea")
    assert store.get(("users", "ann"), "tea") is None


async def test_the_store_is_asynchronous(memory: Memory) -> None:
    """aput and aget."""
    store = MemoryStore(memory)
    await store.aput(("a",), "k", {"v": 1})
    item = await store.aget(("a",), "k")
    assert item is not None
    assert item.value == {"v": 1}


PEOPLE: dict[tuple[str, ...], dict[str, dict[str, Any]]] = {
    ("users", "ann"): {"a": {"age": 30, "tags": ["sea", "wind"], "home": {"town": "Skarholm", "zip": 7}}},
    ("users", "bo"): {"a": {"age": 41, "tags": [], "name": None}, "b": {"age": "30.5", "tags": ["sea", "wind"]}},
    ("teams",): {"x": {"age": 3, "home": {"town": "Skarholm"}}, "ä": {"age": 9, "open": True}},
}
FILTERS: tuple[dict[str, Any] | None, ...] = (
    None, {"age": 30}, {"age": {"$gt": 30}}, {"age": {"$gte": 30, "$lt": 41}}, {"age": {"$lte": 9}},
    {"age": {"$ne": 30}}, {"age": {"$eq": 41}}, {"tags": ["sea", "wind"]}, {"tags": []}, {"home": {"town": "Skarholm"}},
    {"age": {"$lt": "9.5"}}, {"home": {"town": "Skarholm", "zip": 7}}, {"open": True}, {"name": None}, {"absent": "x"},
)  # fmt: skip


def test_filters_answer_as_langgraphs_own_store_does(memory: Memory) -> None:
    """The same items put into both, the same filters on three prefixes, the same keys."""
    ours, theirs = MemoryStore(memory), InMemoryStore()
    for namespace, items in PEOPLE.items():
        for key, value in items.items():
            ours.put(namespace, key, value)
            theirs.put(namespace, key, value)
    for prefix in ((), ("users",), ("users", "bo")):
        for wanted in FILTERS:
            expected = {(item.namespace, item.key) for item in theirs.search(prefix, filter=wanted, limit=10)}
            found = ours.search(prefix, filter=wanted, limit=10)
            assert {(item.namespace, item.key) for item in found} == expected, (prefix, wanted)
            assert all(item.value == PEOPLE[item.namespace][item.key] for item in found)
    for conditions in ({}, {"prefix": ("users",)}, {"prefix": ("*", "bo")}, {"suffix": ("ann",)}, {"max_depth": 1}):
        assert ours.list_namespaces(**conditions) == theirs.list_namespaces(**conditions)  # type: ignore[arg-type]


def test_an_operator_that_does_not_exist_is_refused(memory: Memory) -> None:
    """The error names those that do."""
    store = MemoryStore(memory)
    store.put(("a",), "k", {"n": 1})
    with pytest.raises(ConfigurationError, match=r"'\$like'.*\$eq"):
        store.search(("a",), filter={"n": {"$like": 1}})


def test_only_what_is_indexed_is_found_by_a_query(memory: Memory) -> None:
    """A value kept out of the index comes last and without a score; named fields alone are searched."""
    store = MemoryStore(memory)
    store.put(("a",), "public", {"text": "blue boats", "note": "kept in the shed"}, index=["text"])
    store.put(("a",), "secret", {"text": "blue boats"}, index=False)
    found = store.search(("a",), query="blue boats")
    assert [(item.key, item.score is None) for item in found] == [("public", False), ("secret", True)]
    assert memory.search("shed", source='store:["a"]')[0].chunk.text == "blue boats"
    assert store.get(("a",), "secret").value == {"text": "blue boats"}  # type: ignore[union-attr]


def test_pages_of_a_search_do_not_overlap(memory: Memory) -> None:
    """limit and offset cut one list into pieces, in the same order each time."""
    store = MemoryStore(memory)
    for number in range(7):
        store.put(("n",), str(number), {"n": number})
    pages = [[item.key for item in store.search(("n",), limit=3, offset=offset)] for offset in (0, 3, 6)]
    assert pages == [["0", "1", "2"], ["3", "4", "5"], ["6"]]


def test_a_filter_leaves_the_order_of_what_passes(memory: Memory) -> None:
    """Also where few pass, and a hundred that do not answer the query better."""
    store = MemoryStore(memory)
    puts = [PutOp(("n",), f"noise{number}", {"text": f"rope {number}", "of": "noise"}) for number in range(120)]
    store.batch([
        *puts,
        PutOp(("n",), "1", {"text": "Write a letter home before the winter, to all whom we left", "of": "task"}),
        PutOp(("n",), "2", {"text": "Of all that is still to be done, mend the old rope in the shed", "of": "task"}),
    ])  # fmt: skip
    found = store.search(("n",), query="rope", filter={"of": "task"}, limit=1)
    assert [(item.key, item.score is None) for item in found] == [("2", False)]


def test_all_who_said_the_same_are_found(memory: Memory) -> None:
    """A search of the memory shows one of those that say the same; two items are two, and neither comes last."""
    store = MemoryStore(memory)
    for number, name in enumerate(("ann", "bo", "cay"), 1):
        store.put(("users", name), "unit", {"text": "prefers the speed of the wind in knots"})
        store.put(("users", name), "tea", {"text": f"drinks {number} cups of tea"})
    found = store.search(("users",), query="wind in knots", limit=4)
    assert {item.namespace[1] for item in found[:3]} == {"ann", "bo", "cay"}
    assert {item.key for item in found[:3]} == {"unit"}
    assert found[0].score == found[2].score


def test_nothing_is_wanted_where_the_limit_is_nought(memory: Memory) -> None:
    """As LangGraph's own store has it."""
    store = MemoryStore(memory)
    store.put(("a",), "k", {"text": "blue boats"})
    assert store.search(("a",), limit=0) == store.search(("a",), query="boats", limit=0) == []


def test_a_source_that_was_not_put_is_no_namespace(memory: Memory) -> None:
    """Whatever its name begins with, and what is filed beside the items is none of them."""
    store = MemoryStore(memory)
    store.put(("a",), "k", {"n": 1})
    for name in ("store:books", "store:5", 'store:"ab"', 'store:["a"]'):
        memory.remember("A note.", source=name)
    assert store.list_namespaces() == [("a",)]
    assert [item.key for item in store.search((), query="note")] == ["k"]
    (note,) = set(memory.catalog.document_sizes('store:["a"]')) - {"k"}
    assert store.get(("a",), note) is None


def test_half_a_character_keeps_no_value_out(memory: Memory) -> None:
    """Models are cut off within an emoji; what they said before it is kept."""
    store = MemoryStore(memory)
    store.put(("a",), "k", {"text": "blue boats \ud83d"})
    assert store.get(("a",), "k").value == {"text": "blue boats \ufffd"}  # type: ignore[union-attr]


def test_a_search_does_not_count_what_is_in_the_memory(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a listing: among 20,000 documents that was all but a few thousandths of a second of either."""
    store = MemoryStore(memory)
    store.put(("a",), "k", {"x": 1})
    monkeypatch.setattr(Memory, "info", None)
    assert [item.key for item in store.search(("a",))] == ["k"]
    assert store.list_namespaces() == [("a",)]
