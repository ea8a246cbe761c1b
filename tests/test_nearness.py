"""Which passages are near enough to answer a question without a model."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from masa_rag._nearness import near_to
from masa_rag.answer import extract
from masa_rag.types import Chunk, Hit


def hit(nearness: float, header: str = "Harbour talk · Ann") -> Hit:
    """Return a passage of this nearness, half of it from the words and half from the vectors."""
    text = "The battery case let salt water in."
    chunk = Chunk("1", "1", "talks", text, header, 0, len(text), authors=("Ann",))
    return Hit(chunk, 1.0, 1, {"tokens_beside": nearness / 2, "vectors": nearness / 2, "tokens": nearness / 2})


@pytest.mark.parametrize(
    ("question", "nearness", "near"),
    [
        ("What did Ann say about batteries?", 0.81, True),
        ("What did Ann say about batteries?", 0.79, False),
        ("What did Zoltan say about batteries?", 0.81, False),
        ("What did Zoltan say about batteries?", 0.94, False),
        ("What did Zoltan say about batteries?", 0.96, True),  # he may be written otherwise
        ("What did Ann and Zoltan say about batteries?", 0.81, True),
        ("What did Ann, Zoltan and Imre say about batteries?", 0.81, False),
        ("what did zoltan say about batteries?", 0.81, True),  # not known to be a name
    ],
)
def test_a_question_about_strangers_needs_a_nearer_passage(question: str, nearness: float, near: bool) -> None:
    """Most of the names that it has, written as names, stand in none of the passages: it is about something else."""
    assert bool(near_to(question, [hit(nearness)], {"zzz"})) is near


def test_a_month_is_no_stranger() -> None:
    """That a passage does not speak of the month in which it was said says nothing."""
    found = extract(
        "What was said about salt water in the case in March?", [hit(0.81)], now=datetime(2026, 5, 1, tzinfo=UTC)
    )
    assert found.found


def test_names_in_the_title_and_of_the_speakers_count() -> None:
    """They stand in the header."""
    assert near_to("What went wrong at Harbour?", [hit(0.81)], {"zzz"})
    assert not near_to("What went wrong at Harbour?", [hit(0.81, header="Talk")], {"zzz"})
