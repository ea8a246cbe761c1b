"""Contexts of chats: what was asked brings what was answered, however much was said between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from masa_rag import Document, Memory, Segment
from masa_rag._searching.replies import with_replies

NOON = datetime(2025, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def chat(memory: Memory) -> Memory:
    """Ann asks about the printer, ten others speak of harvests, then Bo answers her and Cy answers Bo."""
    segments = [Segment("Why does the printer blink red since noon?", "Ann", NOON, id="q")]
    segments += [
        Segment(f"Harvest number {place} was rather good in the printer village.", f"P{place}", NOON, id=str(place))
        for place in range(10)
    ]
    late = NOON + timedelta(hours=2)
    segments += [
        Segment("Open the flap and take the sheet out.", "Bo", late, id="a", reply_to="q"),
        Segment("That did it, thank you!", "Ann", late, id="t", reply_to="a"),
    ]
    memory.add([Document(id="day", kind="conversation", title="Office", segments=segments)], name="chat")
    return memory


def texts(chat: Memory, question: str, k: int, **filters: str) -> list[str]:
    """Return what stands in the context, in the order in which it was taken."""
    context = chat.context(question, k=k, **filters)
    return [hit.chunk.text for hit in sorted(context.hits, key=lambda hit: hit.rank)]


def test_an_answer_comes_with_its_question(chat: Memory) -> None:
    """No word of it is in the question; search alone has other talk in its place."""
    question = "Why does the printer blink red?"
    assert not any("flap" in hit.chunk.text for hit in chat.search(question, k=3))
    assert texts(chat, question, 3) == [
        "Ann: Why does the printer blink red since noon?",
        "Bo: Open the flap and take the sheet out.\nAnn: That did it, thank you!",
    ]


def test_ranks_count_on_and_reasons_are_given(chat: Memory) -> None:
    """What rose says so; what was best stays as it was."""
    found = chat.search("Why does the printer blink red?", k=4)
    hits = with_replies(chat.catalog.connection, found, {})
    assert [hit.rank for hit in hits] == [1, 2, 3, 4]
    assert hits[0] == found[0]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[1].why["replies"] == hits[1].score


def test_filters_hold(chat: Memory) -> None:
    """Who asks for Ann's words gets no answer by Bo, who asks for noon nothing from two o'clock."""
    assert not any(text.startswith("Bo") for text in texts(chat, "printer blink red", 3, author="Ann"))
    assert not any("flap" in text for text in texts(chat, "printer blink red", 3, before="2025-03-04T13:00:00Z"))
    assert any("flap" in text for text in texts(chat, "printer blink red", 3, source="chat"))


def test_without_reply_links_nothing_changes(memory: Memory) -> None:
    """Recordings, pages and chats that do not say what answers what are taken as search found them."""
    segments = [Segment("The boat is late.", "Ann", NOON, id="1"), Segment("It is at the mill.", "Bo", NOON, id="2")]
    memory.add([Document(id="d", segments=segments), Document(id="p", text="A boat.")], name="s")
    hits = memory.search("Where is the boat?")
    assert with_replies(memory.catalog.connection, hits, {}) == hits
    assert with_replies(memory.catalog.connection, [], {}) == []


def test_a_damaged_document_has_no_links(chat: Memory) -> None:
    """Its passages are stored apart and still answer; who reads the document itself is told."""
    with chat.catalog.transaction():
        chat.catalog.connection.execute("UPDATE documents SET body = CAST('{\"reply_to\":' AS BLOB)")
    found = chat.search("Why does the printer blink red?", k=3)
    assert with_replies(chat.catalog.connection, found, {}) == list(found)
