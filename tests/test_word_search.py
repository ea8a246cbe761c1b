"""Passages that words name: rare words alone, common ones where they stand together."""

from __future__ import annotations

import pytest

from masa_rag import Document, Memory
from masa_rag._reading import chunks_by_id, ids_of
from masa_rag._searching.query import understand
from masa_rag.indexes import words as index

SUBJECTS = ("market", "validator", "bridge")


@pytest.fixture
def posts(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> Memory:
    """Of 600 posts 120 hold each of three words, by tens; 4 hold all three. More than 50 is much."""
    monkeypatch.setattr(index, "_MANY", 50)
    texts = [f"{SUBJECTS[number // 10 % 3]} number{number}" for number in range(360)]
    texts += [f"{' '.join(SUBJECTS)} total{number}" for number in range(4)]
    texts += [f"something other{number}" for number in range(236)]
    memory.add([Document(id=text, kind="post", text=text) for text in texts], name="posts")
    return memory


def named(memory: Memory, question: str, *, k: int = 10, allowed: set[int] | None = None) -> list[str]:
    """Return the texts of the passages that the words of a question name."""
    connection = memory.catalog.connection
    numbers = index.search_words(connection, understand(question, connection).words, k, allowed)
    ids = ids_of(connection, numbers)
    chunks = chunks_by_id(connection, list(ids.values()))
    return [chunks[ids[number]].text for number in numbers]


def test_common_words_count_together(posts: Memory) -> None:
    """Each of the words is in too many passages to rank; those that hold all of them are named first."""
    assert set(named(posts, "market validator bridge")[:4]) == {
        f"market validator bridge total{number}" for number in range(4)
    }


def test_a_rare_word_comes_before_common_ones(posts: Memory) -> None:
    """What holds the rare word is named first, what holds the common ones together after it."""
    found = named(posts, "market validator bridge number7")
    assert found[0] == "market number7"
    assert set(found[1:]) == {f"market validator bridge total{number}" for number in range(4)}


def test_a_common_word_alone_is_ranked(posts: Memory) -> None:
    """A question of one common word still finds passages."""
    assert len(named(posts, "validator")) == 10


def test_two_words_that_never_meet_are_still_found(posts: Memory) -> None:
    """Where nothing holds both, the rarer one is ranked."""
    assert len(named(posts, "something bridge")) == 10


def test_only_allowed_passages_are_named(posts: Memory) -> None:
    """A filter holds for both."""
    row = posts.catalog.connection.execute(
        "SELECT pk FROM chunks WHERE text = 'market validator bridge total2'"
    ).fetchone()
    assert named(posts, "market validator bridge", allowed={row[0]}) == ["market validator bridge total2"]


def test_forms_of_one_stem_are_one_word(posts: Memory) -> None:
    """To the word index "validator" and "validators" are the same, so they are not two words that meet."""
    words = understand("validator validators", posts.catalog.connection).words
    assert list(words) == ["validator"]


def test_among_few_passages_common_words_are_rare(posts: Memory) -> None:
    """Of thirty passages that pass, those with either word are named, though each word is common in the whole."""
    ends = ("* number[0-9]", "* number1[0-9]", "* other1[0-9]")
    rows = [posts.catalog.connection.execute("SELECT pk FROM chunks WHERE text GLOB ?", (end,)) for end in ends]
    allowed = {row[0] for part in rows for row in part}
    assert len(allowed) == 30
    found = named(posts, "market validator", k=30, allowed=allowed)
    held = [f"market number{number}" for number in range(10)] + [
        f"validator number{number}" for number in range(10, 20)
    ]
    assert sorted(found) == sorted(held)


def test_a_long_question_is_looked_up_at_once(posts: Memory) -> None:
    """A thousand words take as many statements as one; one after the other, 100 kB took seconds."""
    connection = posts.catalog.connection
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    understand("gas", connection)
    few = sum(not text.startswith("--") for text in statements)  # the others are the word index's own
    understand(" ".join(f"gas{number}" for number in range(1000)), connection)
    connection.set_trace_callback(None)
    assert sum(not text.startswith("--") for text in statements) == 2 * few
