"""Quotations in answers: what they leave out, and who is said to have said them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from masa_rag import Chunk, Document, Hit, Memory, Segment
from masa_rag.answer import check, extract

SAID = (
    "We will not sell. We will gladly rent. I don't think that we can stay. The mill is in Oslo. "
    "Nobody knows where. The rent is fixed, and the boat, not the mill, is ours. Wir werden das Boot nicht verkaufen. "
    "Nous n'allons jamais vendre. 我们不会卖船。"
)
HIT = Hit(Chunk("a", "1", "s", SAID, "Ann", 0, len(SAID), authors=("Ann",)), 1.0, 1)


@pytest.mark.parametrize(
    ("quote", "holds"),
    [
        ("we will … sell", False),
        ("we will [...] sell", False),
        ("we will . . . sell", False),
        ("we will … rent", True),
        ("I … think that we can stay", False),
        ("The mill is in Oslo … The rent is fixed", True),
        ("The mill … where", False),
        ("the rent is fixed … and the boat", True),
        ("the boat … is ours", False),
        ("Wir werden … verkaufen", False),
        ("nous … vendre", False),
        ("我们…卖船", False),
    ],
)
def test_an_ellipsis_does_not_hide_a_not(quote: str, holds: bool) -> None:
    """Of a sentence that is quoted in part; a sentence that is left out altogether may say what it wants."""
    problems = () if holds else (f"“{quote}” leaves out a word such as “not”",)
    assert check(f"She says “{quote}” [1].", [HIT]).problems == problems


@pytest.mark.parametrize(
    ("line", "false"),
    [
        ("She says 'we will gladly rent' [1].", None),
        ("She says 'we'll gladly sell' [1].", "we'll gladly sell"),
        ("The boys' boat and the girls' boat are hers [1].", None),
        ("In the '90s the girls' boat was hers [1].", None),
        ("Rock 'n' roll, 5' high and 6' wide [1].", None),
        ("“She said 'we will sell' then” [1].", "She said 'we will sell' then"),
    ],
)
def test_straight_single_marks_quote_too(line: str, false: str | None) -> None:
    """An apostrophe is none of them, and within other marks they are part of the quotation."""
    assert check(line, [HIT]).problems == ((f"“{false}” stands in no cited passage",) if false else ())


@pytest.mark.parametrize("citation", [
    "[1]", "【1】", "【1†L3-L9】", "[^1]", r"\[1\]", "[#1]", "[Passage 1]", "[Source 1]", "(passage 1)",
    "[1 and 1]", "[1 & 1]", "[Passage 1, Passage 1]", "(Passages 1, 1, and 1)",
])  # fmt: skip
def test_a_citation_may_be_written_otherwise(citation: str) -> None:
    """As some models do, whatever they are told."""
    answer = check(f"They will gladly rent {citation}.", [HIT])
    assert (answer.problems, answer.cited) == ((), (HIT,))


@pytest.mark.parametrize(
    ("line", "false"),
    [
        ('She says "we will gladly rent [1]."', None),
        ('She says "we will gladly rent [1]. The mill is in Oslo [1]."', None),
        ('She says "we will [1] sell" [1].', "we will [1] sell"),
        ('She says "we will gladly sell [1]."', "we will gladly sell [1]."),
    ],
)
def test_a_citation_may_stand_within_the_marks(line: str, false: str | None) -> None:
    """As American typesetters have the full stop; its number is no word of the quotation."""
    problem = check(line, [HIT]).problems
    assert bool(problem) == (false is not None)
    assert false is None or problem[0].startswith(f"“{false}” ")


@pytest.fixture
def deck(memory: Memory) -> Memory:
    """A chat of three, in one passage."""
    said = (
        ("Ann", "We sail on Monday."), ("Bo", "The seal is too thin."), ("Cleo", "Bo told me that salt is fine."),
        ("Ann", "Good morning all."), ("Bo", "Good morning all."),
    )  # fmt: skip
    turns = [
        Segment(text, author, datetime(2025, 5, 1, 9, minute, tzinfo=UTC), id=str(minute))
        for minute, (author, text) in enumerate(said)
    ]
    memory.add([Document("1", title="deck", kind="conversation", segments=turns)], name="s")
    return memory


@pytest.mark.parametrize(
    ("line", "by", "named"),
    [
        ("Bo: “we sail on Monday” [1].", "Ann", "Bo"),
        ("* **Bo** said: “we sail on Monday” [1].", "Ann", "Bo"),
        ("“We sail on Monday,” Bo said [1].", "Ann", "Bo"),
        ("“We sail on Monday” — Bo [1]", "Ann", "Bo"),
        ("Ann: “we sail on Monday”, and Cleo: “the seal is too thin” [1].", "Bo", "Cleo"),
        ("According to Bo, “we sail on Monday” [1].", "Ann", "Bo"),
        ("“We sail on Monday”, according to Bo [1].", "Ann", "Bo"),
        ("According to Bo, Ann said “we sail on Monday” [1].", None, None),
        ("According to Ann, “we sail on Monday” [1].", None, None),
        ("Ann: “we sail on Monday” [1].", None, None),
        ("They agreed: “we sail on Monday”. Bo said “the seal is too thin” [1].", None, None),
        ("Ann told Bo: “we sail on Monday” [1].", None, None),
        ("Bo: “salt is fine” [1].", None, None),
        ("Bo: “good morning all” [1].", None, None),
        ("The captain: “we sail on Monday” [1].", None, None),
    ],
)
def test_who_is_named_beside_a_quotation_said_it(deck: Memory, line: str, by: str | None, named: str | None) -> None:
    """Else it is a problem; who is spoken of in the turn, or said the same, may be named."""
    answer = deck.ask("When do we sail, and is the seal too thin?", model=lambda prompt: line)
    assert len(answer.hits) == 1
    said = [problem for problem in answer.problems if " is by " in problem]
    assert [problem.split("” ")[1] for problem in said] == ([f"is by {by}, not by {named}"] if by else [])


def test_without_the_document_nobody_knows_whose_turn_it_is() -> None:
    """Of a passage of several; where one speaks alone, that one said it."""
    several = Hit(Chunk("b", "2", "s", "Ann: We sail.\nBo: Where?", "deck", 0, 25, authors=("Ann", "Bo")), 0.5, 2)
    assert check("Bo: “we sail” [1].", [several]).problems == ()
    assert check("Bo: “the mill is in Oslo” [1].", [HIT, several]).problems == (
        "“the mill is in Oslo” is by Ann, not by Bo",
    )


@pytest.mark.parametrize("question", ["buoys.example", "电池盒", "Where is the wiring?"])
def test_what_holds_every_word_of_the_question_is_near_it(question: str) -> None:
    """A bare name, an address or a word of another script is near to nothing, but it stands there."""
    text = "The wiring of the 电池盒 is on buoys.example, says Bo."
    hit = Hit(Chunk("a", "1", "s", text, "Ann", 0, len(text)), 1.0, 1, {"tokens_beside": 0.3, "vectors": 0.1})
    assert extract(question, [hit]).found
    assert not extract(f"{question} in Bergen", [hit]).found
    assert not extract("Where is it?", [hit]).found


def test_a_fence_of_code_is_no_sentence() -> None:
    """It says nothing; what stands between two fences does."""
    text = "Ann: ```python\nlaunch()\n```"
    hit = Hit(Chunk("a", "1", "s", text, "Ann", 0, len(text), authors=("Ann",)), 1.0, 1)
    assert extract("What did we start?", [hit]).text == "“launch()” [1]"


@pytest.mark.parametrize("now", [datetime(2025, 6, 22, 20, tzinfo=UTC), datetime(2025, 6, 23, 9, tzinfo=UTC)])
def test_a_time_is_reckoned_from_when_it_is_asked(memory: Memory, now: datetime) -> None:
    """Not from the clock of the machine, where this weekend may lie ahead."""
    memory.remember("The mill burned.", author="Ann", created_at=datetime(2025, 6, 21, 12, tzinfo=UTC))
    assert memory.ask("What happened this weekend?", now=now).text == "“The mill burned.” [1]"


@pytest.mark.parametrize(
    ("written", "text", "found"),
    [
        ("<think>\nPassage [9]? No: [1].\n</think>\n\nThe mill [1].", "The mill [1].", True),
        ("Passage [9]? No: [1].\n</think>\n\nThe mill [1].", "The mill [1].", True),
        ("<think>[1] is of a mill.</think>The memory does not hold this.", "The memory does not hold this.", False),
        ("[THINK]Passage [9]?[/THINK]The mill [1].", "The mill [1].", True),
        ("<thinking>\nPassage [9]?\n</thinking>\nThe mill [1].", "The mill [1].", True),
        ("They write “</think>” there [1].", "They write “</think>” there [1].", True),
    ],
)
def test_what_a_model_thinks_aloud_is_no_answer(memory: Memory, written: str, text: str, found: bool) -> None:
    """It cites what is left out of the answer, and an answer that is not there seemed to be."""
    memory.remember("The mill is in Oslo. They write </think> there.", author="Ann")
    answer = memory.ask("Where is the mill?", model=lambda prompt: written)
    assert (answer.text, answer.found, answer.problems) == (text, found, ())


def test_marks_that_never_close_are_read_in_no_time() -> None:
    """Each of them was followed to the end of the line: 80 kB took more than three minutes."""
    began = time.process_time()
    assert check("She writes 'a b " * 2000 + "[1].", [HIT]).problems == ()
    assert time.process_time() - began < 5


def test_where_the_messages_of_a_document_stand_is_found_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a chat of 15,000 messages that takes as long as checking three quotations does."""
    chat = Document("1", segments=[Segment("We sail on Monday.", "Ann"), Segment("The seal is thin.", "Bo")])
    counted: list[str] = []
    spans = Document.spans
    monkeypatch.setattr(Document, "spans", lambda document: (counted.append(document.id), spans(document))[1])
    hit = Hit(Chunk("a", "1", "s", chat.text, "Chat", 0, len(chat.text), authors=("Ann", "Bo")), 1.0, 1)
    answer = check("Ann: “We sail on Monday.” [1]\nBo: “The seal is thin.” [1]\n", [hit], document=lambda *_: chat)
    assert [cited.chunk.text for cited in answer.cited] == ["Ann: We sail on Monday."]
    assert (answer.problems, counted) == ((), ["1"])
