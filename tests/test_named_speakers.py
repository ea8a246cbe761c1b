"""Whom a question names that does not write the name as it is: misspelt, cut short, or only its ending."""

from __future__ import annotations

import pytest

from masa_rag import Document, Memory


@pytest.fixture
def chat(memory: Memory) -> Memory:
    """Three who speak of fish, one of them with a name that ends as on a chain."""
    memory.add([
        Document(id=name, kind="post", author=name, text=f"Fish {number} is sold at the quay, they say.")
        for number, name in enumerate(("timlarsen", "ann_fjord", "niko.eth", "vera_eth"))
    ], name="chat")  # fmt: skip
    return memory


def boosted(memory: Memory, question: str) -> set[str]:
    """Return those whose posts come first because the question names them."""
    return {hit.chunk.authors[0] for hit in memory.search(question) if "author" in hit.why}


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What did timlarsne say about fish?", {"timlarsen"}), ("What did Timl say about fish?", {"timlarsen"}),
        ("What did fjrod say about fish?", {"ann_fjord"}), ("What did niko say about fish?", {"niko.eth"}),
        ("What did Tom say about fish?", set()), ("What about fishy things?", set()),
    ],
)  # fmt: skip
def test_a_name_may_be_misspelt_or_the_beginning_of_a_handle(chat: Memory, question: str, named: set[str]) -> None:
    """Where no passage holds the word: what is known as a word is meant as it is written."""
    assert boosted(chat, question) == named


def test_how_handles_end_names_nobody(chat: Memory) -> None:
    """Who asks for the price of ETH does not ask those who are called "niko.eth"."""
    assert boosted(chat, "What is the price of ETH at the quay?") == set()
