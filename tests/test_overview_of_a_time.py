"""Questions for all of a day or of a talk, in few words: "4 May", "What happened on yesterday's call?"."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from masa_rag import Document, Memory, Segment

NOW = datetime(2025, 5, 7, 9, tzinfo=UTC)
LINES = ("The mill burned down.", "The seal broke twice.", "We sail on Monday.")


@pytest.fixture
def days(memory: Memory) -> Memory:
    """A call a day, each of three lines; on 6 May they are those of the mill."""
    for day in (4, 5, 6):
        said = LINES if day == 6 else tuple(f"{line[:-1]} in story {day}." for line in LINES)
        lines = [Segment(line, "Ann", start=60.0 * at, end=60.0 * at + 9) for at, line in enumerate(said)]
        memory.add(
            [Document(id=f"{day}", kind="speech", segments=lines, created_at=datetime(2025, 5, day, tzinfo=UTC))],
            name="calls",
        )
    return memory


@pytest.mark.parametrize(
    "question",
    [
        "6 May 2025", "2025-05-06", "May 6th call", "What was the May 6 call about?", "Who spoke on May 6?",
        "What happened on the 6th of May?",
        "yesterday?", "What about May 6?", "and yesterday?", "What happened on 6 May?",
        "What happened on yesterday's call?", "What happened on Tuesday's call?",
        "What was posted yesterday?", "Anything new yesterday?",
        "Was there anything new yesterday?", "Catch me up on yesterday", "Was wurde gestern besprochen?",
        "Was haben sie gestern diskutiert?", "What happened in the last call?", "Was wurde im letzten Call besprochen?",
        "Fass das letzte Gespräch zusammen",
    ],
)  # fmt: skip
def test_a_time_or_the_last_talk_is_answered_with_all_of_it(days: Memory, question: str) -> None:
    """In its order, and with nothing else."""
    answer = days.ask(question, now=NOW)
    assert [hit.chunk.document_id for hit in answer.hits] == ["6"] * len(answer.hits)
    assert [line.rpartition(" [")[0].strip("“”").removeprefix("Ann: ") for line in answer.text.splitlines()] == [*LINES]


def test_a_question_with_a_subject_is_searched(days: Memory) -> None:
    """A day beside it only helps."""
    assert "overview" not in days.search("What about the mill on 6 May?", now=NOW)[0].why


def test_who_is_only_spoken_of_has_said_nothing(memory: Memory) -> None:
    """Where speakers are known by name, what others say on the day they name somebody is not what that one said."""
    memory.add([
        Document(id="day", segments=[
            Segment("The quay is closed.", "Ann", created_at=NOW, id="1"),
            Segment("Vera wrote a paper on tides.", "Bo", created_at=NOW, id="2"),
            Segment("Boats leave at noon.", "Cy", created_at=NOW, id="3"),
        ]),
    ], name="chat")  # fmt: skip
    best = memory.search("What did Vera say?")[0]
    assert ("overview" in best.why, best.chunk.authors) == (False, ("Bo",))


@pytest.mark.parametrize("speakers", [("", ""), ("A", "B"), ("Speaker 1", "Speaker 2")])
def test_who_is_named_in_a_talk_without_names_may_have_spoken(memory: Memory, speakers: tuple[str, str]) -> None:
    """Then all of it is what they talked about."""
    lines = ("Welcome, Vera, and hello Bo.", "The tides are strong.")
    said = [
        Segment(line, name or None, start=9.0 * at) for at, (line, name) in enumerate(zip(lines, speakers, strict=True))
    ]
    memory.add([Document(id="talk", kind="speech", segments=said)], name="calls")
    assert "overview" in memory.search("What did Vera and Bo talk about?")[0].why
