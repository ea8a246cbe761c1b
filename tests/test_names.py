"""Names of people: how they are compared, filtered by, forgotten, and noticed in questions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unicodedata import normalize

import pytest

from masa_rag import ConfigurationError, Document, Memory, Segment
from masa_rag._ids import digest
from masa_rag._names import authors_like, capitalised, same_name, without_accents

NOON = datetime(2025, 5, 1, 12, tzinfo=UTC)
ON_A_MAC = normalize("NFD", "André Östberg")


def chat(title: str, *turns: tuple[str, str], name: str = "c") -> Document:
    """Return a conversation of (author, text)."""
    segments = [Segment(text, author, NOON, id=f"{name}{place}") for place, (author, text) in enumerate(turns)]
    return Document(id=name, kind="conversation", title=title, segments=segments)


def quoted(memory: Memory, question: str) -> set[str]:
    """Return who is heard in the answer."""
    return {author for hit in memory.ask(question).cited for author in hit.chunk.authors}


def test_one_name_has_one_form() -> None:
    """Case, outer blanks and the two encodings of an accent do not count; the accent does."""
    assert same_name(f" {ON_A_MAC.upper()} ") == same_name("André Östberg") == "andré östberg"
    assert same_name("Zoe") != same_name("Zoë")
    assert without_accents("Zoë") == "zoe"
    assert without_accents("राम") == "राम"  # vowel signs are no accents


@pytest.mark.parametrize("author", ["André", "andre", "André Östberg", ON_A_MAC, "Ostberg"])
def test_a_filter_finds_a_name_however_its_accents_are_written(memory: Memory, author: str) -> None:
    """macOS writes é as two characters; some keyboards have none."""
    memory.remember("Rope for mooring is sold out.", author=ON_A_MAC)
    assert len(memory.search("rope", author=author)) == 1


def test_a_source_is_the_same_however_its_accents_are_written(memory: Memory) -> None:
    """It is named after a folder, and a folder of a Mac has é as two characters, which nobody types."""
    typed, named = "files:Café", normalize("NFD", "files:Café")
    note = Document(id="1", text="Rope for mooring is sold out.")
    memory.add([note], name=named)
    assert len(memory.search("rope", source=typed)) == len(memory.search("rope", source=named)) == 1
    assert memory.document(typed, "1") == note
    assert memory.delete(typed, "1") == 1
    memory.add([note], name=named)
    assert memory.forget(source=typed).deleted == 1
    assert memory.add([note], name=named).forgotten == memory.add([note], name=typed).forgotten == 1
    assert memory.allow(source=typed)
    assert memory.add([note], name=named).added == 1


@pytest.mark.parametrize("author", ["O'Neil", "o’neil"])
def test_a_filter_finds_a_name_however_its_apostrophe_is_bent(memory: Memory, author: str) -> None:
    """One person writes from a phone and from a keyboard."""
    turns = [Segment("The crane fell.", name, id=name) for name in ("Pat O'Neil", "Pat O’Neil", "Neil")]
    memory.add([Document(id="1", segments=turns)], name="x")
    assert {hit.chunk.authors for hit in memory.search("crane", author=author)} == {("Pat O'Neil",), ("Pat O’Neil",)}


@pytest.mark.parametrize(("author", "found"), [("@zoe_l", 2), ("zoe_l", 2), ("@", 0), ("@zoe", 0)])
def test_a_filter_finds_a_handle_with_and_without_its_sign(memory: Memory, author: str, found: int) -> None:
    """Some exports have the sign, some do not."""
    turns = [Segment("The crane fell.", name, id=name) for name in ("zoe_l", "@zoe_l", "Zoelle")]
    memory.add([Document(id="1", segments=turns)], name="x")
    assert len({hit.chunk.authors for hit in memory.search("crane", author=author)}) == found


def test_a_handle_finds_who_posts_under_it(memory: Memory) -> None:
    """Tweets and chats store the readable name; agents are given handles, for these stand in what people write."""
    memory.add(
        [
            Document(id="1", text="The crane is late.", author="Mara Olsen", metadata={"username": "mara_O"}),
            Document(id="2", text="Whose crane? Ask @mara_o.", author="Bo", metadata={"mentions": ["mara_o"]}),
            Document(id="3", segments=[Segment("A crane!", "Ida Lund", id="a", metadata={"handle": "ida.l"})]),
        ],
        name="s",
    )
    assert [hit.chunk.authors for hit in memory.search("crane", author="@Mara_o")] == [("Mara Olsen",)]
    assert [hit.chunk.authors for hit in memory.search("crane", author=["ida.l", "Bo"])] == [("Ida Lund",), ("Bo",)]
    assert memory.search("crane", author="@maraxo") == []


@pytest.mark.parametrize("typed", ["mara_o", "@mara_o", "@Mara  O’Sen", "Mara  O'Sen", "Mara O’Sen"])
def test_whom_a_filter_finds_is_not_forgotten_without_a_word(memory: Memory, typed: str) -> None:
    """Nothing was erased, and who asked for it could think that it was."""
    memory.add([Document(id="1", text="Rope.", author="Mara  O’Sen", metadata={"username": "mara_o"})], name="s")
    with pytest.raises(ConfigurationError, match="did you mean Mara  O’Sen"):
        memory.forget(author=typed)
    assert memory.forget(author="Somebody Else").deleted == 0
    assert memory.forget(author="mara  o’sen").deleted == 1


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("Bredan", ["Brendan Eich"]), ("@zoe lnud", ["Zoë Lund"]), ("eich", ["Brendan Eich", "Teicher"]), ("Nan", [])],
)
def test_a_name_that_is_misspelt_names_who_may_be_meant(memory: Memory, typed: str, meant: list[str]) -> None:
    """Those whose name holds it come first; Ann is not nearly Nan."""
    for author in ("Zoë Lund", "Teicher", "Brendan Eich", "Ann", "Bo"):
        memory.remember("Rope is sold out.", author=author)
    assert authors_like(memory.catalog.connection, typed) == meant


def test_who_speaks_no_more_is_not_meant(memory: Memory) -> None:
    """Bo's messages remain; forgetting an Ann was refused for the sake of an Ann Lund who was gone."""
    memory.add([chat("c", ("Ann Lund", "Rope is sold out."), ("Bo", "And tar?"))], name="s")
    memory.sync([chat("c", ("Bo", "And tar?"), name="d")], name="s", allow_mass_delete=True)
    assert authors_like(memory.catalog.connection, "Ann Lnud") == []
    assert memory.forget(author="Ann").deleted == 0
    assert authors_like(memory.catalog.connection, "Bob") == ["Bo"]


def test_an_accent_that_is_typed_counts(memory: Memory) -> None:
    """Zoë and Zoe may be two people: who types the accent means the one."""
    memory.remember("Rope is sold out.", author="Zoe")
    assert not memory.search("rope", author="Zoë")


def test_a_name_is_forgotten_however_its_accents_are_encoded(memory: Memory) -> None:
    """What was stored by a Mac is erased by the name as others type it, and does not come back."""
    note = Document(id="1", text="Rope for mooring is sold out.", author=ON_A_MAC)
    memory.add([note], name="notes")
    memory.forget(author="André Östberg")
    memory.add([note], name="notes")
    assert not memory.search("rope")


def test_a_grave_of_the_other_encoding_holds(memory: Memory) -> None:
    """Memories of before told the two apart: what they buried stays buried, and can be allowed."""
    old = digest("author", ON_A_MAC.casefold())
    with memory.catalog.transaction():
        memory.catalog.connection.execute("INSERT INTO tombstones VALUES (?)", (old,))
    note = Document(id="1", text="Rope for mooring is sold out.", author="André Östberg")
    assert memory.add([note], name="notes").forgotten == 1
    memory.allow(author="André Östberg")
    assert memory.add([note], name="notes").added == 1


def test_a_speaker_named_without_accents_comes_first(memory: Memory) -> None:
    """ "What did Zoe say" means Zoë where she speaks."""
    memory.add([chat("", ("Zoë", "The rope is sold out."), ("Bo", "The rope is not sold out."))], name="chat")
    assert memory.search("What did Zoe say about the rope?")[0].chunk.authors == ("Zoë",)


def test_a_title_with_a_name_silences_nobody(memory: Memory) -> None:
    """Somewhere stands a list for Ann: asked is still what Ann and Bo say."""
    memory.add([chat("harbour", ("Ann", "We should paint the hull."), ("Bo", "The anchor is rusty."))], name="chat")
    memory.add([Document(id="n", title="Birthday list for Ann", text="Candles and cake.", author="Cleo")], name="x")
    assert quoted(memory, "What did Ann and Bo talk about?") == {"Ann", "Bo"}
    assert quoted(memory, "What did Ann say?") == {"Ann"}


def test_a_title_is_meant_where_no_people_are_asked_for(memory: Memory) -> None:
    """ "Summarize the Ann Arbor chat" is for everybody in it, whoever is called Ann."""
    memory.add([
        chat("Ann Arbor", ("Bo", "We sail on Friday."), ("Cleo", "The wind is good."), name="a"),
        chat("harbour", ("Ann", "We should paint the hull."), ("Arbor", "Paint it red."), name="b"),
    ], name="chat")  # fmt: skip
    assert {"Bo", "Cleo"} <= quoted(memory, "Summarize the Ann Arbor chat")


def test_a_whole_name_means_nobody_else_of_that_first_name(memory: Memory) -> None:
    """What Ann Lund talked about is not what Ann Smith said; "Ann" alone means both."""
    names = ("Ann Lund", "Ann Smith", "Bo")
    turns = [Segment(f"Crane number {n}.", names[n % 3], id=str(n)) for n in range(9)]
    memory.add([Document(id="1", segments=turns)], name="x")

    def heard(question: str) -> set[str]:
        return {name for hit in memory.search(question, k=9) for name in hit.chunk.authors}

    assert heard("What did Ann Lund talk about?") == {"Ann Lund"}
    assert heard("What did Ann Lund and Bo talk about?") == {"Ann Lund", "Bo"}
    assert heard("What did Ann talk about?") == {"Ann Lund", "Ann Smith"}
    assert heard("What did Ann Lund and Ann Smith talk about?") == {"Ann Lund", "Ann Smith"}


def test_names_that_are_common_words_are_names(memory: Memory) -> None:
    """Will is somebody where he is written so within a question and somebody of that name speaks."""
    memory.add([chat("", ("Will", "We should paint the hull."), ("Eva", "The anchor is rusty."))], name="chat")
    memory.remember("Candles and cake.", author="Cleo")
    assert quoted(memory, "What did Will and Eva talk about?") == {"Will", "Eva"}
    assert quoted(memory, "What did Will say?") == {"Will"}
    found = memory.search("What did Will say about the anchor?")
    assert [(hit.chunk.authors, hit.why.get("author")) for hit in found[:2]] == [(("Will",), 1), (("Eva",), None)]
    assert capitalised("Will Ann or I go when Will goes?") == {"ann", "will"}


@pytest.mark.parametrize("name", ["Élodie", "Øyvind", "Ольга"])
def test_names_may_begin_with_any_capital(memory: Memory, name: str) -> None:
    """SQLite's small letters are those of ASCII."""
    memory.add([chat("", (name, "We should paint the hull."), ("Bo", "Cut the grass."))], name="chat")
    memory.remember(f"{name} owes me a cake.", author="Cleo")
    assert quoted(memory, f"What did {name} say?") == {name}


@pytest.fixture
def copied(memory: Memory) -> Memory:
    """Bo and Ann post the same, and Bo's, the later one, was added first."""
    text = "The harbour bridge will be closed to all lorries from next month on."
    memory.add([Document(id="2", kind="post", text=text, author="Bo", created_at=NOON + timedelta(days=20))], name="b")
    memory.add([Document(id="1", kind="post", text=text, author="Ann", created_at=NOON)], name="a")
    memory.remember("My bread has risen well.", author="Cleo")
    return memory


@pytest.mark.parametrize(
    ("question", "filters", "author"),
    [
        ("harbour bridge", {}, "Ann"),
        ("harbour bridge", {"author": "Bo"}, "Bo"),
        ("What did Bo say of the harbour bridge?", {}, "Bo"),
        ("harbour bridge closed today", {"now": NOON + timedelta(days=20)}, "Bo"),
        ("Give me an overview", {"author": "Bo"}, "Bo"),
        ("Give me an overview", {"source": "b"}, "Bo"),
        ("Give me an overview", {"after": NOON + timedelta(days=9), "kind": "post"}, "Bo"),
        ("What did Bo say?", {}, "Bo"),
        ("What did Ann say?", {}, "Ann"),
    ],
)
def test_of_copies_the_one_that_is_asked_for_is_shown(
    copied: Memory, question: str, filters: dict[str, object], author: str
) -> None:
    """What passes, is of whom and when the question says; else what was said first, not what was added first."""
    hit = copied.search(question, **filters)[0]
    assert (hit.chunk.authors, hit.why["said"]) == ((author,), 2)


@pytest.mark.parametrize(
    "question", ["What happened yesterday?", "What was said yesterday?", "What's new?", "What is going on here?"]
)
def test_what_happened_is_a_question_for_all_of_it(memory: Memory, question: str) -> None:
    """With nothing but a time, or nothing at all, every passage of it answers."""
    memory.add([chat("", ("Ann", "The crane hit the shed."), ("Bo", "Nobody was hurt."))], name="chat")
    found = memory.search(question, now=NOON + timedelta(days=1))
    assert {hit.chunk.authors for hit in found if "overview" in hit.why} == {("Ann",), ("Bo",)}


def test_nothing_of_yesterday_is_not_the_whole_memory(memory: Memory) -> None:
    """Where nothing was said then, what was said years before is no answer."""
    memory.add([Document(id=str(n), text=f"Note {n} of the boiler.", created_at=NOON) for n in range(3)], name="notes")
    for question in ("What happened yesterday?", "what's new today?", "What happened in March 2024?"):
        found = memory.search(question, now=NOON + timedelta(days=900))
        assert not any("overview" in hit.why for hit in found)


def test_a_subject_in_a_title_frees_nobody_from_being_named(memory: Memory) -> None:
    """ "What did Ann say in the budget?": only she, though the meeting is called so."""
    memory.add([chat("Budget meeting", ("Ann", "We save."), ("Bo", "We spend."), ("Cy", "We borrow."))], name="chat")
    assert quoted(memory, "What did Ann say in the budget?") == {"Ann"}


@pytest.fixture
def goodbyes(memory: Memory) -> Memory:
    """Two talks a month apart that end in the same words, of which the second are a copy."""
    bye = "Thank you all for being here today, and see you again in two weeks."
    for name, when, words in (("old", NOON, "We plant tulips."), ("new", NOON + timedelta(days=30), "We paint.")):
        segments = [Segment(words, "Ann", when, id=f"{name}1"), Segment(bye, "Bo", when, id=f"{name}2")]
        memory.add(
            [Document(id=name, kind="conversation", title=name, created_at=when, segments=segments)], name="talk"
        )
    return memory


def test_the_last_talk_is_the_last_though_it_ends_like_another(goodbyes: Memory) -> None:
    """Its goodbye was said before; it is still the last talk that is summarized."""
    found = goodbyes.search("Summarize the last conversation")
    assert [hit.chunk.document_id for hit in found] == ["new", "new"]


def test_the_copy_of_the_day_is_shown_west_of_utc(memory: Memory) -> None:
    """Posts of which only the day is known are of that day wherever the question is asked."""
    from zoneinfo import ZoneInfo

    text = "The harbour bridge will be closed to all lorries from next month on."
    days = [datetime(2025, 5, day, tzinfo=UTC) for day in (4, 5, 6)]
    memory.add(
        [Document(id=str(day), kind="post", text=text, author=f"A{day.day}", created_at=day) for day in days], name="x"
    )
    now = datetime(2025, 5, 9, 12, tzinfo=ZoneInfo("America/New_York"))
    assert memory.search("harbour bridge on 5 May 2025", now=now)[0].chunk.authors == ("A5",)
