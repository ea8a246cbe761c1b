"""Answers to questions that name a time from now: what is of another time is said to be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from masa_rag import Memory

WEDNESDAY = datetime(2025, 5, 7, 9, tzinfo=UTC)


@pytest.fixture
def notes(memory: Memory) -> Memory:
    """One note a day by Ann, and an older one by Bo."""
    for day, text in enumerate(("The mill burned.", "The seal broke.", "We sail soon."), 4):
        memory.remember(text, author="Ann", created_at=datetime(2025, 5, day, 12, tzinfo=UTC))
    memory.remember("The quay is closed.", author="Bo", created_at=datetime(2025, 1, 2, 12, tzinfo=UTC))
    return memory


def test_what_was_said_at_another_time_is_told_apart(notes: Memory) -> None:
    """Bo said nothing yesterday: what he said in January is quoted, and not passed off as yesterday's."""
    answer = notes.ask("What did Bo say yesterday?", now=WEDNESDAY)
    assert answer.text == "“The quay is closed.” [1]"
    assert answer.problems == ("“yesterday” is 2025-05-06; not known to be of that time: [1]",)


@pytest.mark.parametrize("question", ["What did Ann say yesterday?", "What did Ann say on 6 May?", "What did Ann say?"])
def test_what_is_of_the_time_or_of_a_date_is_no_problem(notes: Memory, question: str) -> None:
    """A date may be that of what is spoken of."""
    answer = notes.ask(question, now=WEDNESDAY)
    assert answer.cited
    assert answer.problems == ()


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What broke yesterday?", "(“yesterday” is 2025-05-06)"),
        ("What broke last week?", "(“last week” is 2025-04-28 to 2025-05-04)"),
        ("What broke before this week?", "(“before this week” is until 2025-05-04)"),
        ("What broke in May?", None),
    ],
)
def test_a_model_is_told_which_days_are_meant(notes: Memory, question: str, told: str | None) -> None:
    """It has no calendar: without them it cannot know which passages are yesterday's."""
    prompts: list[str] = []
    notes.ask(question, model=lambda prompt: prompts.append(prompt) or "The seal [1].", now=WEDNESDAY)
    assert f"Question: {question}\n{told}\n\n" in prompts[0] if told else "(“" not in prompts[0]
