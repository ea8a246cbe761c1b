"""Which sentences an answer without a model quotes, and which it passes over."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from masa_rag import Document, Memory, Segment
from masa_rag.chunkers._sentences import sentences

NOON = datetime(2025, 5, 7, 12, tzinfo=UTC)


def quoted(memory: Memory, question: str) -> list[str]:
    """Return what the answer quotes, line by line."""
    return [line.rpartition(" [")[0].strip("“”") for line in memory.ask(question).text.splitlines()]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("What holds the mast? Yeah. So the mast is held by two ropes.", "So the mast is held by two ropes."),
        ("Where does the mast stand?\n@ann @bo\nOn the quay, behind the shed.", "On the quay, behind the shed."),
        ("https://boats.example/mast\nThe mast came on Monday.", "The mast came on Monday."),
        ("**Mast**\nIt is of larch, and new.", "It is of larch, and new."),
        ("On the mast:\nA larch mast costs nine hundred.", "A larch mast costs nine hundred."),
        ("Does the mast hold? Yes.", "Yes."),
        ("The mast:\nIt is of larch.\nBoats are not new to anybody in the harbour.", "It is of larch."),
        (
            "The drawing of the mast:\nhttps://boats.example/mast.png",
            "The drawing of the mast: https://boats.example/mast.png",
        ),
        (
            "Friends, we have put up a mast that is taller than all others in the harbour:\nYou can see it.",
            "Friends, we have put up a mast that is taller than all others in the harbour:",
        ),
        ("#Mast is up! Who rows?", "#Mast is up!"),
        ("**The mast came on Monday, at last!**", "**The mast came on Monday, at last!**"),
    ],
)
def test_what_tells_nothing_is_passed_over(memory: Memory, said: str, told: str) -> None:
    """Words that agree, called names, links, headings: they are quoted only for want of anything else."""
    memory.remember(said)
    assert quoted(memory, "What about the mast?") == [told]


def test_a_link_that_is_asked_for_is_quoted(memory: Memory) -> None:
    """Who pastes an address wants what stands around it, or the line of it itself."""
    memory.remember("Plans of the boat:\nhttps://boats.example/mast\nHull and keel are drawn there.")
    assert quoted(memory, "https://boats.example/mast") == ["Plans of the boat: https://boats.example/mast"]


def test_an_overview_quotes_no_greetings(memory: Memory) -> None:
    """Of what somebody said only what tells something."""
    memory.add([
        Document(id=str(number), text=text, author="Ann", created_at=NOON)
        for number, text in enumerate(("gm", "The mast came on Friday.", "ok thanks"))
    ], name="s")  # fmt: skip
    assert quoted(memory, "What did Ann say?") == ["The mast came on Friday."]


def test_words_that_ask_for_a_quotation_are_not_searched(memory: Memory) -> None:
    """ "Exactly" and "quote" stand in what has nothing to do with the subject."""
    memory.add([
        Document(id="1", text="The mast is of larch.", author="Ann"),
        Document(id="2", text="That quote is exactly what we said.", author="Ann"),
    ], name="s")  # fmt: skip
    assert quoted(memory, "Quote me exactly what Ann said about the mast")[0] == "The mast is of larch."


def test_a_passage_that_only_agrees_is_no_answer_beside_one_that_tells(memory: Memory) -> None:
    """ "Thanks, Mast!" is left out where somebody says something."""
    memory.add([
        Document(id="1", text="Thanks!", author="Mast"), Document(id="3", text="@mast_7 so cool 🎉", author="Mast"),
        Document(id="2", text="The mast is of larch.", author="Bo"),
    ], name="s")  # fmt: skip
    assert quoted(memory, "Mast") == ["The mast is of larch."]


def test_two_transcripts_of_a_talk_are_quoted_once(memory: Memory) -> None:
    """One heard "Prism", the other "Prysm"; with another number it is another sentence."""
    lines = (
        "If the client {} fails then nobody can sync from the checkpoint.", "And {} has {} hundred nodes that sync."
    )  # fmt: skip
    memory.add([
        Document(id=name, kind="speech", created_at=NOON, segments=[
            Segment(lines[0].format(name), "Ann", start=5.0, end=9.0),
            Segment(lines[1].format(name, number), "Bo", start=10.0, end=14.0),
        ])
        for name, number in (("Prism", 4), ("Prysm", 5))
    ], name="calls")  # fmt: skip
    assert len(quoted(memory, "Why can nobody sync from the checkpoint when the client fails?")) == 3


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('Bo asked "Why now?" and left. It rained.', ['Bo asked "Why now?" and left.', "It rained."]),
        ("It is… a big boat. Yes… No.", ["It is… a big boat.", "Yes…", "No."]),
        ("we wait... for the tide", ["we wait... for the tide"]),
        ("it leaks. we bail. what? no way", ["it leaks.", "we bail.", "what?", "no way"]),
    ],
)
def test_a_sentence_goes_on_behind_a_quotation_or_a_pause(text: str, parts: list[str]) -> None:
    """A small letter behind them begins none; behind a full stop it does, for many write so in chats."""
    assert sentences(text, by_line=True) == parts
