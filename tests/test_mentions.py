"""Questions for the first and the latest mention of something, and for all talks or people that mention it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from masa_rag import Document, Memory, Segment
from masa_rag._searching.mentions import Asked, mentions_asked

NOON = datetime(2025, 5, 1, 12, tzinfo=UTC)
SAID = (
    ("Bo", "First a word on the rent, and on the latest news."),
    ("Ann", "The new mast is of larch."),
    ("Bo", "Who pays for the mast?"),
    ("Ann", "Ann here: the mast came on Friday, and the sails too."),
    ("Cy", "The sails are patched."),
)


@pytest.fixture
def chat(memory: Memory) -> Memory:
    """A channel of five days with a message a day, and one of another by Dee."""
    memory.add([
        Document(id=f"day {day}", title="harbour", kind="conversation", segments=[
            Segment(text, author, id=str(day), created_at=NOON + timedelta(days=day))
        ])
        for day, (author, text) in enumerate(SAID)
    ], name="chat")  # fmt: skip
    return memory


def said(memory: Memory, question: str) -> list[str]:
    """Return what the answer quotes, with who says it."""
    return [line.rpartition(" [")[0].strip("“”") for line in memory.ask(question).text.splitlines()]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("When did they first mention the mast?", 1),
        ("When was the mast first mentioned?", 1),
        ("When was the first mention of a mast?", 1),
        ("Who first mentioned the mast?", 1),
        ("When did Bo first talk about the mast?", 2),
        ("When was the last time that Ann mentioned the mast?", 3),
        ("What's the latest on the mast?", 3),
        ("latest news about the sails", 4),
        ("Any news on the sails?", 4),
        ("What's the latest from Bo about the mast?", 2),
        ("What did Bo say first?", 0),
        ("What was the last thing Ann said?", 3),
        ("latest message from Bo", 2),
        ("What's Ann's first message about the mast?", 1),
        ("What did Bo last say about the rent?", 0),
    ],
)
def test_the_first_and_the_latest_mention_are_of_their_time(chat: Memory, question: str, first: int) -> None:
    """Not what is nearest to the question, which speaks of "first" and "latest" itself."""
    author, text = SAID[first]
    assert chat.search(question)[0].chunk.text == f"{author}: {text}"
    assert said(chat, question)[0] == f"{author}: {text}"


@pytest.mark.parametrize(
    "question",
    [
        'Who said "the mast came on Friday"?',
        "“the mast came on Friday”",
        "When was it said: 'the mast came on Friday'?",
    ],
)
def test_a_quotation_is_found_where_it_stands(chat: Memory, question: str) -> None:
    """Word for word, and nothing else; another order of the words is another quotation."""
    assert said(chat, question) == [f"Ann: {SAID[3][1]}"]
    assert all("mentions" not in hit.why for hit in chat.search('Who said "on Friday came the mast"?'))


def test_below_a_heading_stands_what_is_said_of_it(memory: Memory) -> None:
    """The word is in the heading alone."""
    memory.remember("Mills are sold.\n**Eels**\nNone came in this week.", created_at=NOON)
    assert said(memory, "What's the latest on eels?") == ["None came in this week."]


def test_the_latest_is_what_was_stated(memory: Memory) -> None:
    """Who asks for the latest on something wants no questions; the first mention may be one."""
    for day, text in enumerate(("Any eels?", "Eels are in.", "When are the eels in?")):
        memory.remember(text, created_at=NOON + timedelta(days=day))
    assert said(memory, "What's the latest on eels?") == ["Eels are in."]
    assert said(memory, "When were eels first mentioned?")[0] == "Any eels?"


def test_a_speakers_own_name_is_no_mention(chat: Memory) -> None:
    """It stands before each of her messages; in one of them she names herself."""
    assert [hit.chunk.text for hit in chat.search("Who mentioned Ann?")] == [f"Ann: {SAID[3][1]}"]


def test_who_mentioned_something_is_answered_with_each(chat: Memory) -> None:
    """Who did so most often stands first; nobody else is in the answer."""
    hits = chat.search("Who mentioned the mast?")
    assert [(hit.chunk.authors, hit.why["mentions"]) for hit in hits] == [(("Ann",), 2.0), (("Bo",), 1.0)]
    assert len(said(chat, "Who mentioned the mast?")) == 2


def test_which_talks_mention_something_is_answered_with_each(memory: Memory) -> None:
    """One sentence of each, first of what has it in its title; a talk that mentions it often is told once."""

    def talk(name: str, *lines: str) -> Document:
        segments = [Segment(line, "Ann", start=9.0 * at) for at, line in enumerate(lines)]
        return Document(id=name, title=name, kind="speech", segments=segments)

    memory.add([
        talk("One", "We speak of eels.", "And of mills."), talk("Two", "No fish today.", "Only mills."),
        talk("Three", "Eels are sold.", "Eels are smoked.", "Eels are long."), talk("On eels", "They are long fish."),
    ], name="show")  # fmt: skip
    hits = memory.search("Which episodes mention eels?")
    assert [hit.chunk.document_id for hit in hits] == ["On eels", "Three", "One"]
    assert memory.search("List all episodes about eels") == hits
    assert len(hits) == len(memory.ask("Which episodes mention eels?").cited) == 3


def test_without_times_there_is_no_first_of_several_documents(memory: Memory) -> None:
    """Which came first is not known, so what is nearest is found."""
    memory.add([Document(id=name, text=f"Notes of {name} on eels.") for name in ("b", "a")], name="notes")
    assert all("mentions" not in hit.why for hit in memory.search("When did they first mention eels?"))


def test_what_nothing_mentions_is_searched_by_its_name_alone(chat: Memory) -> None:
    """The words of the question are in no passage for its sake."""
    assert (mentions_asked("Which episodes mention subnets?") or Asked()).subject == "subnets"
    assert (mentions_asked("When did Bo first mention the rudder?") or Asked()).subject == "Bo the rudder"
    assert all("mentions" not in hit.why for hit in chat.search("Which episodes mention subnets?"))


@pytest.mark.parametrize(
    "question",
    [
        "When did Ann first sail?", "Who said that the mast is of larch?", "What did they mention about the mast?",
        "What is the latest version?", "Which boats have a mast?", "When did they first mention it?",
        "Did they mention the mast?", "What is Ann's last name?", "latest posts", "What did they say first?",
        "What was the last thing they talked about?",
    ],
)  # fmt: skip
def test_other_questions_are_none_for_mentions(question: str) -> None:
    """They are searched as they are."""
    assert mentions_asked(question) is None


def test_a_time_and_filters_hold(chat: Memory) -> None:
    """The first mention of a day, and of what a filter lets through."""
    now = NOON + timedelta(days=3, hours=2)
    assert chat.search("When was the mast first mentioned today?", now=now)[0].chunk.text.endswith("the sails too.")
    assert chat.search("What's the latest on the mast?", author="Bo")[0].chunk.authors == ("Bo",)
