"""What is said again: found however it was dressed up, counted over the whole memory, never lost."""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masa_rag import Memory
from masa_rag._copies import Words, same, words_said
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex
from masa_rag.types import Document, Segment
from sources.peak_memory import forget_peak, peak_mib

LONG = "The old harbour wall will be mended before winter comes, so bring your boats in by Friday evening, all of you"
SHILL = "Do not miss the $TIDE sale, it is the gem of this year, join now and thank me later"


def folds(first: str, second: str) -> bool:
    """Say whether two texts count as one, by the rule and by the way in which candidates are found."""
    one, other = words_said(first), words_said(second)
    found = one.key == other.key or len(set(one.shingles) & set(other.shingles)) >= other.shared
    return one.is_long and other.is_long and found and same(one, other)


@pytest.mark.parametrize(
    "copy",
    [
        SHILL.upper().replace("$TIDE", "$TIDE"),
        f"RT @mara_q: {SHILL}",
        f"@odefenn @ilse {SHILL}",
        f"{SHILL} https://tide.example/a?b=1 🚀🚀",
        f"🔥{SHILL}!!! #tide #sale",
        f"{SHILL}\n\ncc @odefenn",
        f"ICYMI: {SHILL}",
        SHILL.replace("Do not miss", "Do not miss,"),
        SHILL.replace("this year", "the year"),
        SHILL.replace("thank me", "thanks me"),
    ],
)
def test_a_copy_in_other_clothes_is_a_copy(copy: str) -> None:
    """Case, links, emoji, marks, handles, tags at the end, a small word or a slip of the pen change nothing."""
    assert folds(SHILL, copy)
    assert folds(copy, SHILL)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The price is 5 and will stay there for long now", "The price is 6 and will stay there for long now"),
        ("The price is up 5% since we opened the shop today", "The price is up 5 since we opened the shop today"),
        ("The price moved +5% since we opened the shop today", "The price moved -5% since we opened the shop today"),
        (SHILL, SHILL.replace("$TIDE", "$ROPE")),
        (SHILL, SHILL.replace("not ", "")),
        (LONG, LONG.replace("will be", "will not be")),
        (LONG, LONG.replace("before", "after")),
        (LONG, LONG.replace("Friday", "Monday")),
        (LONG, LONG.replace("winter", "summer")),
        (LONG, LONG.replace("harbour", "castle").replace("mended", "torn down")),
        ("I will buy two boats tomorrow and paint them", "I will sell two boats tomorrow and paint them"),
        ("They say the pilot is legal here and we agree", "They say the pilot is illegal here and we agree"),
        ("We heard that Mara Quill won the race again", "We heard that Ode Fenn won the race again"),
        ("Mara beats Ode by a boat and a half again", "Ode beats Mara by a boat and a half again"),
        ("@mara_q is a thief who took my new boat", "@odefenn is a thief who took my new boat"),
        ("Is the harbour wall mended before the winter?", "The harbour wall is mended before the winter."),
        ("this is the way to go now #tide", "this is the way to go now #rope"),
        ("gm harbour", "gm harbour"),
        (
            "Crew call in 15 mins\nAgenda: https://pier.example/1 Stream: https://pier.example/a",
            "Crew call in 15 mins\nAgenda: https://pier.example/2 Stream: https://pier.example/b",
        ),
    ],
)
def test_another_statement_is_no_copy(one: str, other: str) -> None:
    """Numbers, signs, tickers, names, negations and opposites must be the same; greetings are no copies."""
    assert not folds(one, other)
    assert not folds(other, one)


def test_any_word_may_differ_in_a_long_text() -> None:
    """One word in sixteen may be another one, as it is in copied posts."""
    assert folds(LONG, LONG.replace("mended", "rebuilt"))


def test_a_retweet_that_was_cut_off_is_a_copy() -> None:
    """Long retweets used to end within a word."""
    assert folds(LONG, f"RT @mara_q: {LONG[:75]}…")


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_can_be_compared(one: str, other: str) -> None:
    """Nothing raises; a text says the same as itself, and of two it does not matter which comes first."""
    first, second = words_said(one), words_said(other)
    assert same(first, first)
    assert same(first, second) == same(second, first)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    """A memory without a model; what it holds must agree at the end."""
    with Memory(tmp_path / "brain", embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        yield memory
        assert memory.verify() == []


def post(number: int, text: str = SHILL, author: str | None = None, **fields: object) -> Document:
    """A post of a day of its own."""
    when = datetime(2024, 5, 1 + number % 28, tzinfo=UTC)
    return Document(id=f"p{number}", text=text, author=author or f"Bot {number}", created_at=when, **fields)  # type: ignore[arg-type]


def counted(memory: Memory, **filters: object) -> list[tuple[str, float, float]]:
    """Return (document, said, said by) of each hit."""
    hits = memory.search("gem of the year sale", **filters)  # type: ignore[arg-type]
    return [(hit.chunk.document_id, hit.why.get("said", 1), hit.why.get("said_by", 1)) for hit in hits]


def test_copies_are_counted_and_not_embedded_again(memory: Memory) -> None:
    """Three hundred copies are one hit with exact counts, leave room for others, and cost one vector."""
    copies = [post(number, f"{SHILL} https://tide.example/{number} {'🚀' * (number % 3)}", f"Bot {number % 50}")
              for number in range(300)]  # fmt: skip
    others = [post(1000 + number, f"Sale number {number} of the year in pier {number}") for number in range(5)]
    report = memory.add([*copies, *others], name="x")
    assert report.embedded == 6
    assert counted(memory, k=6)[0] == ("p0", 300, 50)
    assert len(counted(memory, k=6)) == 6
    info = memory.info()
    assert (info.documents, info.chunks, info.copies, info.vectors) == (305, 6, 299, 6)
    assert memory.document("x", "p7").text == f"{SHILL} https://tide.example/7 🚀"  # type: ignore[union-attr]


def test_copies_are_found_by_their_own_author_and_day(memory: Memory) -> None:
    """A filter that only a copy passes finds that copy, with the counts of all."""
    memory.add([post(number) for number in range(4)], name="x")
    assert counted(memory, author="Bot 2") == [("p2", 4, 4)]
    assert counted(memory, after="2024-05-03") == [("p2", 4, 4)]
    assert counted(memory, before="2024-05-02") == [("p0", 4, 4)]
    assert counted(memory, author="Nobody") == []


def test_copies_in_other_sources_and_in_chats(memory: Memory) -> None:
    """The same post in a channel counts too; what stands beside it there is found as ever."""
    memory.add([post(0)], name="x")
    lines = [
        ("m1", "Ann", "The tide turns at nine"),
        ("m2", "Bo", SHILL),
        ("m3", "Ann", "Please no adverts in here, Bo"),
    ]
    when = datetime(2024, 6, 1, tzinfo=UTC)
    chat = [Segment(text, author, when, id=key) for key, author, text in lines]
    memory.add([Document(id="c/2024-06-01", kind="conversation", segments=chat)], name="discord")
    assert counted(memory, k=1) == [("p0", 2, 2)]
    assert counted(memory, k=1, source="discord") == [("c/2024-06-01", 2, 2)]
    assert memory.search("adverts", k=1)[0].chunk.segment_ids == ("m3",)


def test_the_same_post_from_two_sources_was_said_once(memory: Memory) -> None:
    """A tweet of an archive and of a search has one id and one author; somebody else's of that id is another."""
    memory.add([post(0)], name="archive")
    memory.add([post(0)], name="search")
    assert counted(memory) == [("p0", 1, 1)]
    memory.add([post(0, author="Mara")], name="elsewhere")
    assert counted(memory) == [("p0", 2, 2)]


def test_pieces_of_long_messages_are_no_copies(memory: Memory) -> None:
    """Two drafts of a long letter share paragraphs; each is a passage of its own."""
    letter = " ".join(f"Sentence number {number} speaks of the pier and of the boats there." for number in range(30))
    for number in (1, 2):
        part = Segment(letter, "Ann", datetime(2024, 5, number, tzinfo=UTC), id=f"m{number}")
        memory.add([Document(id=f"c/2024-05-0{number}", segments=[part])], name="mail")
    assert memory.info().copies == 0


@pytest.mark.parametrize("how", ["delete", "forget", "sync", "edit"])
def test_a_copy_takes_the_place_of_the_first(memory: Memory, how: str) -> None:
    """When the first is gone, the next is embedded and counted from; nothing is lost."""
    everyone = [post(number) for number in range(6)]
    memory.add(everyone, name="x")
    if how == "delete":
        memory.delete("x", ["p0", "p1"])
    elif how == "forget":
        memory.forget(author="Bot 0")
        memory.forget(author="Bot 1")
    elif how == "sync":
        memory.sync(everyone[2:], name="x")
    else:
        memory.add([post(0, "Nothing of this is for sale any more, sorry"), post(1, "Pier closed for today")], name="x")
    assert ("p2", 4, 4) in counted(memory)
    assert memory.info().copies == 3
    assert memory.info().vectors == memory.info().chunks


def test_the_first_of_many_copies_goes_without_comparing_the_others(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 40 the next alone is read; where that one ends in tags, the others are compared with it and are its."""
    tags = {20: f"{SHILL} #wind #rain", 21: f"{SHILL} #wind #rain"}
    memory.add([post(number, tags.get(number, SHILL), f"P{number}") for number in range(40)], name="x")
    read: list[str] = []

    def noted(text: str) -> Words:
        read.append(text)
        return words_said(text)

    monkeypatch.setattr("masa_rag.catalog._chunks.words_said", noted)
    memory.delete("x", "p0")
    assert read == [SHILL]
    memory.delete("x", [f"p{number}" for number in range(1, 20)])
    assert memory.info().copies == 19
    assert memory.verify() == []


def test_a_whole_source_of_copies_goes(memory: Memory) -> None:
    """Taking a source away takes its copies; those of another source stay."""
    memory.add([post(number) for number in range(200)], name="x")
    memory.add([post(500, author="Mara")], name="y")
    assert memory.delete("x") == 200
    assert counted(memory) == [("p500", 1, 1)]


def test_rebuild_finds_copies_anew(memory: Memory) -> None:
    """What was noted wrongly is seen by verify and mended by rebuild."""
    memory.add([*(post(number) for number in range(4)), post(9, LONG)], name="x")
    with memory.catalog.transaction() as connection:
        connection.execute("UPDATE said SET first = (SELECT max(chunk) FROM said) WHERE chunk = 2")
    assert [problem.where for problem in memory.verify()] == ["copies"]
    memory.rebuild()
    assert memory.verify() == []
    assert counted(memory, k=1) == [("p0", 4, 4)]


def test_retweets_count_who_retweets(memory: Memory) -> None:
    """A retweet carries the author's name; it is counted for the one who repeats it."""
    retweets = [post(number, author="Mara", metadata={"retweeted_by": f"fan{number}"}) for number in (1, 2, 3)]
    memory.add([post(0, author="Mara"), *retweets], name="x")
    assert counted(memory) == [("p0", 4, 4)]


def test_a_conversation_is_not_read_once_for_each_of_its_passages(memory: Memory) -> None:
    """To count who says what, its text of 1 MB is not held for each of 1,000 messages."""
    turns = [Segment(f"walrus {number}", f"fan{number % 2}", id=str(number)) for number in range(1_000)]
    memory.add([Document(id="chat", segments=turns, metadata={"about": "x" * 1_000_000})], name="x")
    memory.search("walrus", k=1)
    before = forget_peak()
    assert len(memory.search("walrus", k=1_000)) == 1_000
    assert peak_mib() - before < 500


def test_a_memory_of_the_first_format_learns_of_its_copies(tmp_path: Path) -> None:
    """Passages stored before copies were known are looked at when it is opened; their vectors go."""
    folder = tmp_path / "old"
    with Memory(folder, embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        memory.add([post(number) for number in range(3)], name="x")
    with sqlite3.connect(folder / "memory.db") as connection:
        connection.execute("DROP TABLE said")
        connection.execute("DROP TABLE shingles")
        connection.execute("CREATE TABLE document_bags (document INTEGER PRIMARY KEY, words BLOB)")
        connection.execute("INSERT INTO pending SELECT pk FROM chunks WHERE pk NOT IN (SELECT chunk FROM vectors)")
        connection.execute("PRAGMA user_version = 1")
    with Memory(folder, embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        assert (memory.info().copies, memory.info().vectors) == (2, 1)
        assert [hit.why["said"] for hit in memory.search("gem of the year")] == [3]
        memory.add([post(3)], name="x")
        assert (memory.info().copies, memory.info().vectors) == (3, 1)
        assert memory.verify() == []


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["add", "edit", "delete", "forget", "sync"]), st.integers(0, 5), st.integers(0, 2)),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(OPERATIONS)
def test_counts_are_those_of_what_is_there(tmp_path_factory: pytest.TempPathFactory, steps: list[Any]) -> None:
    """Whatever came and went in which order: each text that is left is one hit, said as often as it is there."""
    texts = [SHILL, LONG, "Nobody has seen the pilot of the ferry since noon"]
    there: dict[int, int] = {}
    forgotten: set[int] = set()
    with Memory(tmp_path_factory.mktemp("m"), embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        for verb, number, text in steps:
            if verb in ("add", "edit") and number not in forgotten:
                memory.add([post(number, texts[text])], name="x")
                there[number] = text
            elif verb == "delete":
                memory.delete("x", [f"p{number}"])
                there.pop(number, None)
            elif verb == "forget":
                memory.forget(author=f"Bot {number}")
                forgotten.add(number)
                there.pop(number, None)
            elif verb == "sync":
                there = {key: value for key, value in there.items() if key != number}
                memory.sync([post(key, texts[value]) for key, value in there.items()], name="x", allow_mass_delete=True)
        assert memory.verify() == []
        for text in range(3):
            said = sum(value == text for value in there.values())
            hits = [hit for hit in memory.search(texts[text], k=9) if hit.chunk.text == texts[text]]
            assert [hit.why.get("said", 1) for hit in hits] == [said] * bool(said)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Price alert: the pair {0} moved in the last hour, follow us to get {0} signals like this one every day", 1),
        ("Fresh listing on our exchange today, trade it now without any fees the whole week and every day #COIN{0}", 0),
    ],
)
def test_what_a_robot_posts_costs_the_same_however_much_of_it_there_is(memory: Memory, text: str, found: int) -> None:
    """Few of those that differ in a number or a tag are compared; a copy is found by a number, not by a tag alone."""

    def alerts(first: int, count: int) -> list[Document]:
        return [Document(id=str(n), text=text.format(n)) for n in range(first, first + count)]

    def steps(documents: list[Document]) -> int:
        counted = []
        memory.catalog.connection.set_progress_handler(lambda: counted.append(1), 1_000)
        memory.add(documents, name="robot")
        memory.catalog.connection.set_progress_handler(None, 0)
        return len(counted)

    memory.add(alerts(0, 250), name="robot")
    few = steps(alerts(250, 50))
    memory.add(alerts(300, 900), name="robot")
    assert steps(alerts(1_200, 50)) < 1.5 * few
    assert memory.info().copies == 0
    memory.add([Document(id="copy", text=alerts(1_240, 1)[0].text.replace("every day", "all day"))], name="other")
    assert memory.info().copies == found


def test_looking_for_all_copies_anew_holds_one_post_at_a_time(memory: Memory) -> None:
    """As a rebuild does: 400 posts of 600 letters and more, looked through with less memory than their text takes."""
    posts = [" ".join(f"w{(n * 7_919 + k * k * 31) % 90_001}" for k in range(100)) for n in range(400)]
    memory.add([Document(id=str(n), text=post) for n, post in enumerate(posts)], name="s")
    with memory.catalog.transaction():
        memory.catalog.requeue(dim=memory.embedder.dim)
        tracemalloc.start()
        memory.catalog._find_copies()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < sum(map(len, posts))
