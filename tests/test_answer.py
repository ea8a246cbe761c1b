"""Answers: cited, checked, and honest about what is not there."""

from __future__ import annotations

import http.server
import importlib.util
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from masa_rag import Chunk, ConfigurationError, Context, Document, Hit, Memory, Segment
from masa_rag.answer import NOT_FOUND, check, extract
from masa_rag.answer import answer as written
from masa_rag.cli import main
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex


@pytest.fixture
def brain(memory: Memory) -> Memory:
    """A memory of two remarks."""
    memory.add([
        Document(id="1", text="We sail on Monday. The weather is fine, they say.", author="Ann"),
        Document(id="2", text="The seal was too thin.", author="Bo", url="https://b.example"),
    ], name="s")  # fmt: skip
    return memory


def test_without_a_model_the_best_sentences_answer_word_for_word(brain: Memory) -> None:
    """Nothing is invented: each line stands in a passage and cites it."""
    answer = brain.ask("When do we sail?", author="Ann")
    assert answer.text == "“We sail on Monday.” [1]"
    assert [hit.chunk.document_id for hit in answer.cited] == ["1"]
    assert str(answer) == "“We sail on Monday.” [1]\n\n[1] Ann"


def test_a_model_sees_fenced_passages_and_its_citations_are_checked(brain: Memory) -> None:
    """A quotation that stands in the cited passage has no problem."""
    prompts: list[str] = []

    def model(prompt: str) -> str:
        prompts.append(prompt)
        return 'They sail soon: "we sail on Monday" [1].'

    answer = brain.ask("When do we sail?", model=model, author="Ann")
    assert "```\nWe sail on Monday." in prompts[0]
    assert (answer.problems, answer.found) == ((), True)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("On Monday [7].", "[7] is no passage; there are 1"),
        ("On Monday.", "nothing is cited"),
        ('He said "we never sail on Monday" [1].', "“we never sail on Monday” stands in no cited passage"),
        ("On Monday [0].", "[0] is no passage; there are 1"),
    ],
)
def test_what_does_not_hold_is_said(brain: Memory, text: str, problem: str) -> None:
    """An invented citation or quotation is a problem of the answer, and is printed with it."""
    answer = brain.ask("When do we sail?", model=lambda prompt: text, author="Ann")
    assert problem in answer.problems
    assert f"Check this: {problem}" in str(answer)


TWO = (Hit(Chunk("a", "1", "s", "We sail on Monday, the weather is fine.", "Salt & Signal · Ann", 0, 39), 1.0, 1),
       Hit(Chunk("b", "2", "s", "The seal was too thin.", "Bo", 0, 22), 0.5, 2))  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ('She says "we sail on Monday" [1].', ()),
        ('She says "we sail … the weather is fine" [1].', ()),
        ("Sie sagt „the weather is fine“ [1], et lui «too thin» [2].", ()),
        ('In "Salt & Signal" they speak of it [1].', ()),
        ('The so-called "gasket" was thin [2].', ()),
        ("On Monday, with a new seal [1, 2].", ()),
        ("On Monday, with a new seal [1-2].", ()),
        ("Two things:\n\n* they sail on Monday [1]\n* the seal was thin [2]", ()),
        ("They wrote it on [2024-10-15] [1].", ()),
        ("## What they say about the weather\n\nIt is fine [1].", ()),
        ("| Who says so | What they say of it |\n|:---|---:|\n| Bo | The seal was too thin [2] |", ()),
        ("#1 is that it rains.\nThey sail [1].", ("nothing is cited for: #1 is that it rains.",)),
        (
            'She says "the weather is fine … we sail" [1].',
            ("“the weather is fine … we sail” stands in no cited passage",),
        ),
        (
            'She says "the seal was too thin" [1].',
            ("“the seal was too thin” stands in [2], which is not cited for it",),
        ),
        ("They sail on Monday [1].\nThe seal was too thin.", ("nothing is cited for: The seal was too thin.",)),
        ("They sail [1-3].", ("[3] is no passage; there are 2",)),
    ],
)
def test_every_line_is_checked_against_what_it_cites(text: str, problems: tuple[str, ...]) -> None:
    """Quotations with something left out, several marks, lists and ranges; a name in the header is no invention."""
    assert check(text, TWO).problems == problems


FIGURES = (
    Hit(Chunk("e", "5", "s", "We have 12.5 million users, 1,000 more; it is -5 degrees (−$3).", "", 0, 65), 1.0, 1),
    Hit(Chunk("f", "6", "s", "A buoy was $300, a seal 20 €.", "", 0, 29), 0.5, 2),
)


@pytest.mark.parametrize(
    ("quote", "holds"),
    [
        ("12.5 million users", True), ("1000 more", True), ("it is -5 degrees", True), ("[w]e have 12.5 million", True),
        ("degrees (−$3)", True), ("5 million users", False), ("have 12", False), ("000 more", False),
        ("5 degrees", False), ("degrees 3", False), ("was $300", True), ("a buoy was €300", False), ("seal 20€", True),
        ("a seal 20 $", False),
    ],
)  # fmt: skip
def test_a_part_of_a_number_is_another_number(quote: str, holds: bool) -> None:
    """Its sign and what stands before its point belong to it, and so does the currency."""
    assert (check(f"They say “{quote}” [1, 2].", FIGURES).problems == ()) is holds


OTHERS = (Hit(Chunk("c", "3", "s", "她说章鱼偷走了2个电池盒，用Python写的。", "Li", 0, 22), 1.0, 1),
          Hit(Chunk("d", "4", "s", "The boys’ boat is 6 m long. We don’t sail.", "Ann", 0, 42), 0.5, 2))  # fmt: skip


@pytest.mark.parametrize(
    ("text", "false"),
    [
        ("她说“章鱼吃掉了电池盒” [1]。", "章鱼吃掉了电池盒"),
        ("她说“章鱼偷走了2个电池” [1]。", None),
        ("她用“Python写”，说“电池盒，用Python写” [1]。", None),
        ("她说「章鱼吃掉了电池盒」 [1]。", "章鱼吃掉了电池盒"),
        ("她说『偷走了2个电池盒』 [1]。", None),
        ("她说‘章鱼吃掉了电池盒’了 [1]。", "章鱼吃掉了电池盒"),
        ("所谓的“传感器” [1]。", None),
        ("She says ‘we don’t sail’ [2].", None),
        ("She says ‘we don’t ever sail’ [2].", "we don’t ever sail"),
        ("In the ‘90s they didn’t sail [2].", None),
        ("The boys’ boat and the girls’ boat are long [2].", None),
        ("The boys’ boat: ‘we do sail’ [2].", "we do sail"),
        ("Elle dit ‹we do sail› [2].", "we do sail"),
        ('It is 6" long, 2" wide and 3" high, and "we do sail" [2].', "we do sail"),
        ('She says "the boys\' boat is 6" [2], and it is.', None),
    ],
)
def test_quotations_are_found_in_other_scripts_and_marks(text: str, false: str | None) -> None:
    """Chinese is compared letter by letter; an apostrophe ends no quotation, and a sign for inches begins none."""
    problems = () if false is None else (f"“{false}” stands in no cited passage",)
    assert check(text, OTHERS).problems == problems


@pytest.mark.parametrize(
    ("line", "states"), [("章鱼偷走了电池盒。", True), ("电池问题", False), ("电池盒的问题有很多：", False)]
)
def test_a_statement_without_blanks_needs_a_citation(line: str, states: bool) -> None:
    """Two letters are taken for a word, so four words are eight; a heading has fewer, or ends in a colon."""
    problems = (f"nothing is cited for: {line}",) if states else ()
    assert check(f"她说是的 [1]。\n{line}", OTHERS).problems == problems


def near(hit: Hit, tokens: float) -> Hit:
    """Return the hit with the nearness of its words to those of the question."""
    return replace(hit, why={"tokens_beside": tokens, "vectors": tokens / 2})


def test_without_a_model_what_is_not_near_is_no_answer() -> None:
    """Far from the question is not found; of the best three, only the near ones are quoted."""
    answer = extract("When was the tower built?", (near(TWO[0], 0.5), near(TWO[1], 0.4)))
    assert (answer.text, answer.found, len(answer.hits)) == (NOT_FOUND, False, 2)
    one = extract("How thin was the seal?", (near(TWO[0], 0.5), near(TWO[1], 0.6)))
    assert one.text == "“The seal was too thin.” [2]"


def on_days(question: str, *notes: tuple[str, float, bool]) -> str:
    """Return the answer from notes, each with its nearness and whether it is of the time that the question names."""
    hits = [
        Hit(Chunk(str(n), str(n), "s", text, "Ann", 0, len(text)), 1 / n, n,
            {"tokens_beside": tokens, "vectors": 0.1} | ({"time": 1.0} if then else {}))
        for n, (text, tokens, then) in enumerate(notes, 1)
    ]  # fmt: skip
    return extract(question, hits).text


@pytest.mark.parametrize("question", ["What happened yesterday?", "What did we do last week?", "Any news today?"])
def test_what_names_only_a_time_is_answered_from_it(question: str) -> None:
    """No passage is near such a question; what was said then answers it, and what was said at other times does not."""
    notes = ("The seal broke.", 0.3, False), ("The mill burned.", 0.2, True), ("The boat happened to sink.", 0.9, False)
    assert on_days(question, *notes) == "“The mill burned.” [2]"


def test_what_was_said_then_is_quoted_first() -> None:
    """Of what is near, for the question has a subject; the rest still follows."""
    notes = ("The seal broke at noon.", 0.9, False), ("The seal broke again.", 0.8, True), ("We slept.", 0.2, True)
    said = on_days("When did the seal break yesterday?", *notes)
    assert said == "“The seal broke again.” [2]\n“The seal broke at noon.” [1]"


@pytest.mark.parametrize(
    ("question", "notes"),
    [
        ("Who won the cup yesterday?", [("The mill burned.", 0.2, True)]),
        ("What happened?", [("The mill burned.", 0.2, False)]),
        ("What happened in May 2025?", [("The mill burned.", 0.2, True)]),
    ],
)
def test_a_time_alone_makes_nothing_near(question: str, notes: list[tuple[str, float, bool]]) -> None:
    """Where something else is asked for too, no time is named, or a date that may be that of what is spoken of."""
    assert on_days(question, *notes) == NOT_FOUND


def test_yesterday_s_note_answers_for_yesterday(memory: Memory) -> None:
    """Of notes on several days, also with an embedder that does not tell what is near."""
    for day, text in enumerate(("The mill burned.", "The seal broke.", "We sail soon."), 4):
        memory.remember(text, author="Ann", created_at=datetime(2025, 5, day, 12, tzinfo=UTC))
    answer = memory.ask("What happened yesterday?", now=datetime(2025, 5, 6, 9, tzinfo=UTC))
    assert [hit.chunk.text for hit in answer.cited] == ["The seal broke."]


def test_who_lends_nearness_to_a_neighbour_is_near() -> None:
    """The second passage is near by words of the first, which ranks before it: the first is quoted too."""
    lender = replace(TWO[0], why={"tokens": 0.65, "tokens_beside": 0.65, "vectors": 0.1})
    borrower = replace(TWO[1], why={"tokens": 0.3, "tokens_beside": 0.65, "vectors": 0.2})
    assert extract("When do we sail?", (lender, borrower)).text.startswith(
        "“We sail on Monday, the weather is fine.” [1]"
    )


def test_who_holds_more_of_the_words_than_a_near_one_is_near() -> None:
    """The model knows nothing of the first one's language, and takes the second for near."""
    first = replace(TWO[0], why={"tokens": 0.2, "tokens_beside": 0.2, "vectors": 0.4, "words": 7.0})
    second = replace(TWO[1], why={"tokens": 0.4, "tokens_beside": 0.4, "vectors": 0.5})
    assert extract("When do we sail?", (first, second)).text.startswith("“We sail on Monday, the weather is fine.” [1]")


def test_an_extract_answers_and_does_not_ask_back() -> None:
    """The words of the question stand in the interviewer's; the answer is what follows. A heading says nothing."""
    talk = "Jonas: Welcome. Why did you move the launch?\nMara: Salt water crept in, so May. The buoys are small."
    page = "# Moving the launch\n\nWhy move it? The seal of the launch buoy was too thin."
    hits = (
        Hit(Chunk("a", "1", "s", talk, "Talk", 0, len(talk)), 3.0, 1),
        Hit(Chunk("b", "2", "s", page, "Page", 0, len(page)), 2.0, 2),
        Hit(Chunk("c", "3", "s", "Ann: Why did they move the launch?", "Chat", 0, 34), 1.0, 3),
    )
    answer = extract("Why was the launch moved?", hits)
    assert answer.text == "“Mara: Salt water crept in, so May.” [1]\n“The seal of the launch buoy was too thin.” [2]"
    alone = extract("Why was the launch moved?", hits[2:])
    assert alone.text == "“Ann: Why did they move the launch?” [1]"


@pytest.mark.parametrize(
    ("question", "turn", "sentence"),
    [
        ("What did Ann repair?", "Ann: Hello Bo! I repaired the winch.", "I repaired the winch."),
        ("Which colour is it?", "Ann: Oh yes. The old hull is dark green.", "The old hull is dark green."),
        ("Who paid for the seal?", "Ann: We paid a lot. The seal was Oskar's.", "The seal was Oskar's."),
    ],
)  # fmt: skip
def test_the_sentence_that_tells_most_is_quoted(question: str, turn: str, sentence: str) -> None:
    """Rare words count more than common ones, the speaker's name not at all; of equal sentences the fuller one wins."""
    others = ("Bo: They paid us.", "Bo: We paid for it.", "Cleo: Nobody paid yet.")
    hits = [
        Hit(Chunk(str(n), str(n), "s", text, "Chat", 0, len(text), authors=(text.partition(":")[0],)), 3.0 - n, n + 1)
        for n, text in enumerate((turn, *others))
    ]
    assert extract(question, hits).text.startswith(f"“{sentence}” [1]")


def test_a_recording_is_cited_to_the_second() -> None:
    """A passage of a recording is cited from the line that is quoted: its time code, link and speaker."""
    lines = (
        Segment("Welcome to the show.", author="Jonas", start=60.0, end=64.0),
        Segment("Thanks for coming.", author="Jonas", start=64.0, end=70.0),
        Segment("Salt water crept into the battery case.", author="Mara", start=83.5, end=88.0),
    )
    talk = Document("1", segments=lines, kind="speech", title="Talk", url="https://talk.example/1")
    chunk = Chunk(
        "a", "1", "s", talk.text, "Talk · Jonas, Mara · 00:01:00", 0, len(talk.text), start_s=60.0, end_s=88.0
    )
    hits = (Hit(chunk, 1.0, 1),)
    answer = extract("What crept into the case?", hits, document=lambda source, identity: talk)
    (cited,) = answer.cited
    assert answer.text == "“Mara: Salt water crept into the battery case.” [1]"
    assert (cited.chunk.start_s, cited.chunk.end_s, cited.chunk.authors) == (83.5, 88.0, ("Mara",))
    assert (cited.chunk.url, cited.chunk.header) == ("https://talk.example/1#t=83", "Talk · Mara · 00:01:23")
    assert talk.text[cited.chunk.start : cited.chunk.end] == cited.chunk.text
    assert extract("What crept into the case?", hits).cited == hits
    assert extract("What crept into the case?", hits, document=lambda source, identity: None).cited == hits


def captions(*lines: str, chosen: slice) -> tuple[Document, Hit]:
    """Return a recording with one line every five seconds, and a hit on some of its lines."""
    segments = tuple(Segment(line, "Mara", start=5.0 * at, end=5.0 * at + 4) for at, line in enumerate(lines))
    talk = Document("1", segments=segments, kind="speech", title="Talk")
    start, end = talk.spans()[chosen][0][0], talk.spans()[chosen][-1][1]
    text = talk.text[start:end]
    chunk = Chunk("a", "1", "s", text, "Talk · Mara", start, end, start_s=5.0 * chosen.start, authors=("Mara",))
    return talk, Hit(chunk, 1.0, 1)


def test_a_sentence_of_a_recording_is_whole() -> None:
    """It runs over the lines of captions and over both ends of the passage, and is cited from where it begins."""
    talk, hit = captions(
        "Thanks. When we opened the case", "we found salt water in", "the battery, and so",
        "the launch moved to May. Any", "questions?", chosen=slice(1, 3),
    )  # fmt: skip
    answer = extract("What was in the battery?", [hit], document=lambda source, identity: talk)
    whole = "When we opened the case we found salt water in the battery, and so the launch moved to May."
    assert answer.text == f"“{whole}” [1]"
    assert answer.cited[0].chunk.start_s == 0.0


def test_captions_without_full_stops_are_quoted_by_the_line() -> None:
    """Where no sentence ends, a line is what can be quoted."""
    talk, hit = captions("so we opened it", "salt water in the battery", "then lunch", chosen=slice(0, 3))
    answer = extract("What was in the battery?", [hit], document=lambda source, identity: talk)
    assert answer.text == "“salt water in the battery” [1]"
    assert answer.cited[0].chunk.start_s == 5.0


@pytest.mark.parametrize(
    ("question", "text", "sentence"),
    [
        ("Who built the U.S. buoys?", "We pay. Dr. J. Holm built the U.S. buoys in Oslo. Bye.",
         "Dr. J. Holm built the U.S. buoys in Oslo."),
        ("Who said they sail?", 'It rained. Ann said "they sail." Then she left.', 'Ann said "they sail."'),
        ("متى الإطلاق؟", "هل نحن جاهزون؟ الإطلاق في مايو.", "الإطلاق في مايو."),
        ("Wann ist das Fest?", "Ja. Das Fest ist am 29. Juni um drei. Bis dann.", "Das Fest ist am 29. Juni um drei."),
        ("Kdy je slavnost?", "Ano. Slavnost je 9. června v parku. Ahoj.", "Slavnost je 9. června v parku."),
        ("Was bringt Ann mit?", "Ja. Ann bringt z. B. Wein mit. Bis dann.", "Ann bringt z. B. Wein mit."),
        ("Who paid 5?", "Bo can't. Ann paid 5. Bo paid nothing.", "Ann paid 5."),
    ],
)  # fmt: skip
def test_sentences_end_where_they_end(question: str, text: str, sentence: str) -> None:
    """Titles, initials, days and closing quotation marks do not cut one; other scripts have full stops of their own."""
    answer = extract(question, (Hit(Chunk("a", "1", "s", text, "Ann", 0, len(text)), 1.0, 1),))
    assert answer.text == f"“{sentence}” [1]"


def test_the_same_sentence_is_quoted_once() -> None:
    """Two transcripts of one talk say the same; what differs in one word may differ in what it says."""
    heard = ("The launch moves to May.", "the launch moves, to May.", "The launch moves to June.")
    hits = [Hit(Chunk(str(n), str(n), "s", text, "Talk", 0, len(text)), 2.0, n) for n, text in enumerate(heard, 1)]
    assert extract("When is the launch?", hits).text == f"“{heard[0]}” [1]\n“{heard[2]}” [3]"


@pytest.mark.parametrize("question", ["?", "!!!", "-", "🚀"])
def test_a_question_without_a_word_has_no_answer(question: str) -> None:
    """Nothing can be near it, so nothing is quoted as if it answered."""
    assert extract(question, TWO).found is False


@pytest.mark.parametrize("between", [" ", "\n", "\n2. Of the passengers: "])
def test_what_is_answered_in_part_stays_an_answer(between: str) -> None:
    """A model that cites something and says that the rest is not there is not cut off, nor asked for a citation."""
    text = f"They sail on Monday [1].{between}{NOT_FOUND}"
    answer = written("When, and with whom?", Context("", TWO), model=lambda prompt: text)
    assert (answer.text, answer.found, answer.problems) == (text, True, ())


@pytest.mark.skipif(importlib.util.find_spec("masa_rag_minilm") is None, reason="needs the weights: ./weights")
def test_the_default_model_tells_what_the_memory_does_not_hold(tmp_path: Path) -> None:
    """On the invented story of the examples: six questions that it answers, six on other things."""
    from masa_rag.cli._demo import demo_data, demo_sources
    from masa_rag.embedders import OnnxEmbedder

    held = ("Why was the launch moved?", "Who found the leak?", "When are rewards paid?",
            "What happened to buoy three?", "How often must the wind sensor be cleaned?",
            "What was the last voltage of buoy three?")  # fmt: skip
    foreign = ("What is the capital of France?", "Who won the football world cup?", "Why do cats purr?",
               "How many strings does a violin have?", "What did Brendan study?",
               "When was the tower built?")  # fmt: skip
    with Memory(tmp_path / "brain", embedder=OnnxEmbedder(), index=FlatIndex()) as memory:
        for source in demo_sources(demo_data()):
            memory.add(source)
        assert [question for question in held if not memory.ask(question).found] == []
        assert [question for question in foreign if memory.ask(question).found] == []


@pytest.mark.skipif(importlib.util.find_spec("masa_rag_minilm") is None, reason="needs the weights: ./weights")
def test_the_first_answer_of_the_readme(tmp_path: Path) -> None:
    """Its command on the tutorial's episode, with the default model: the sentence and its second."""
    from masa_rag.sources import Transcripts

    tutorial = (Path(__file__).parents[1] / "docs" / "tutorial.md").read_text()
    (tmp_path / "12.txt").write_text(tutorial.split("```text\n")[1].split("```")[0])
    with Memory(tmp_path / "brain", index=FlatIndex()) as memory:
        memory.add(Transcripts(tmp_path / "12.txt"))
        shown = str(memory.ask("Why was the launch moved?"))
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    assert "“Mara: Salt water crept into a battery case, so we launch in May.” [1]" in shown
    assert [line for line in shown.splitlines() if line not in readme] == []


def chat(*messages: tuple[str, str]) -> Document:
    """Return a chat with a message a day, each with a link of its own, from 1 May 2025."""
    segments = (
        Segment(text, author, datetime(2025, 5, day, tzinfo=UTC), url=f"https://chat.example/{day}", id=str(day))
        for day, (author, text) in enumerate(messages, 1)
    )
    return Document("chan", title="chan", kind="conversation", segments=tuple(segments))


TURNS = ("Ann", "Where is the boat?"), ("Bo", "At the mill, I think."), ("Cleo", "It sank.")


@pytest.mark.parametrize(
    ("reply", "citation"),
    [
        ('Bo: "at the mill" [1].', "[1] chan · Bo · 2025-05-02 <https://chat.example/2>"),
        ('Cleo: "It sank", Bo: "at the mill" [1].', "[1] chan · Cleo · 2025-05-03 <https://chat.example/3>"),
        ('"I think … it sank" [1].', "[1] chan · Bo, Cleo · 2025-05-02 <https://chat.example/2>"),
        ("At the mill [1].", "[1] chan · Ann, Bo, Cleo · 2025-05-01 to 2025-05-03 <https://chat.example/1>"),
        (
            'In "chan chan": "it flew" [1].',
            "[1] chan · Ann, Bo, Cleo · 2025-05-01 to 2025-05-03 <https://chat.example/1>",
        ),
    ],
)
def test_a_citation_is_that_of_the_turn_that_is_quoted(memory: Memory, reply: str, citation: str) -> None:
    """Its speaker, day and link: of the first quotation that stands there; without one, those of the whole passage."""
    memory.add([chat(*TURNS)], name="s")
    answer = memory.ask("Where is the boat at the mill that sank?", model=lambda prompt: reply)
    assert citation in str(answer).splitlines()


def test_without_the_documents_a_passage_is_cited_as_a_whole() -> None:
    """Nobody knows then where its turns are; nor in a document that is gone or has none."""
    document = chat(*TURNS)
    whole = Hit(Chunk("a", "chan", "s", document.text, "chan", 0, len(document.text)), 1.0, 1)
    reply = 'Bo: "at the mill" [1].'
    assert check(reply, [whole]).cited == (whole,)
    assert check(reply, [whole], document=lambda source, identity: None).cited == (whole,)
    assert check(reply, [whole], document=lambda source, identity: Document("1", document.text)).cited == (whole,)
    (cited,) = check(reply, [whole], document=lambda source, identity: document).cited
    assert cited.chunk.text == "Bo: At the mill, I think."
    assert document.text[cited.chunk.start : cited.chunk.end] == cited.chunk.text


def test_a_name_that_is_shown_again_may_be_quoted() -> None:
    """A passage that begins within Ann's turn is shown with her name in front; to quote that is no invention."""
    chunk = Chunk("a", "1", "s", "I looked.\nBo: Gone.", "chan", 0, 19, authors=("Ann", "Bo"))
    assert check('"Ann: I looked" [1].', [Hit(chunk, 1.0, 1)]).problems == ()


def test_an_empty_memory_and_a_model_that_does_not_know_say_so(brain: Memory) -> None:
    """Not found is an answer of its own."""
    assert brain.ask("Who?", author="Nobody").found is False
    answer = brain.ask("Who?", model=lambda prompt: "the memory does not hold this")
    assert (answer.text, answer.found) == (NOT_FOUND, False)


def test_something_that_is_no_model_is_refused(brain: Memory) -> None:
    """The error says what a model is."""
    with pytest.raises(ConfigurationError, match="LangChain chat model or a function"):
        brain.ask("Who?", model="gpt")


@pytest.mark.parametrize("reply", [None, 7, b"On Monday [1].", {"text": "On Monday [1]."}])
def test_a_model_that_gives_no_text_is_refused(brain: Memory, reply: object) -> None:
    """A function that forgot its return would have answered "None"."""
    with pytest.raises(ConfigurationError, match="as the model's answer; expected text or a message of LangChain"):
        brain.ask("When?", model=lambda prompt: reply, author="Ann")


def test_a_function_may_give_a_message(brain: Memory) -> None:
    """What a chat model of LangChain returned can be handed on as it is."""
    messages = pytest.importorskip("langchain_core.messages", reason="needs the extra langchain")
    answer = brain.ask("When?", model=lambda prompt: messages.AIMessage("On Monday [1]."), author="Ann")
    assert answer.text == "On Monday [1]."


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A server on loopback that speaks the protocol of OpenAI's chat completions."""
    requests: list[dict[str, object]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            message = {"role": "assistant", "content": 'He said "the seal was too thin" [1].'}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            body = json.dumps(
                {"id": "1", "object": "chat.completion", "created": 0, "model": "local", "choices": [choice]}
            )
            body = body.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    service = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=service.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{service.server_port}", requests
    service.shutdown()
    thread.join()
    service.server_close()


def test_a_server_that_speaks_the_openai_protocol_is_a_model(
    brain: Memory, server: tuple[str, list[dict[str, object]]]
) -> None:
    """A function of five lines is enough to use one."""
    import urllib.request

    address, requests = server

    def model(prompt: str) -> str:
        body = json.dumps({"model": "local", "messages": [{"role": "user", "content": prompt}]}).encode()
        with urllib.request.urlopen(f"{address}/v1/chat/completions", body) as reply:
            return str(json.load(reply)["choices"][0]["message"]["content"])

    answer = brain.ask("What was wrong with the seal?", model=model, author="Bo")
    assert answer.problems == ()
    assert answer.cited[0].chunk.url == "https://b.example"
    assert "What was wrong with the seal?" in json.dumps(requests)


def test_the_client_of_openai_is_a_model(
    brain: Memory, server: tuple[str, list[dict[str, object]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """LangChain's own client of the protocol, against the server on loopback, and by name on the command line."""
    openai = pytest.importorskip("langchain_openai", reason="needs langchain-openai, of the group dev")
    address, requests = server
    model = openai.ChatOpenAI(model="local", base_url=f"{address}/v1", api_key="none", max_retries=0)
    answer = brain.ask("What was wrong with the seal?", model=model, author="Bo")
    assert (answer.problems, answer.cited[0].chunk.authors) == ((), ("Bo",))
    assert requests[0]["model"] == "local"
    monkeypatch.setenv("OPENAI_BASE_URL", f"{address}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setattr("masa_rag.embedders.default_embedder", HashingEmbedder)
    shown = CliRunner().invoke(
        main, ["ask", "the seal?", "--author", "Bo", "--model", "openai:m", "-m", str(brain.path)]
    )
    assert shown.output == 'He said "the seal was too thin" [1].\n\n[1] Bo <https://b.example>\n'


def test_a_langchain_chat_model_is_a_model(brain: Memory) -> None:
    """Anything with ``invoke`` that returns a message."""
    models = pytest.importorskip("langchain_core.language_models.fake_chat_models", reason="needs the extra langchain")
    answer = brain.ask("When?", model=models.FakeListChatModel(responses=["On Monday [1]."]), author="Ann")
    assert (answer.text, answer.problems) == ("On Monday [1].", ())


def test_what_is_cited_is_listed_under_its_number(memory: Memory) -> None:
    """The numbers below an answer are those in it, whatever rank search gave the passages."""
    memory.add([Document(id="1", text="The boat is at the mill."), Document(id="2", text="A boat, a boat.")], name="s")
    hits = [replace(hit, rank=7 - hit.rank) for hit in memory.search("boat")]
    assert str(check("It floats [2].", hits)).splitlines()[-1] == f"[2] {hits[1].chunk.document_id}"


def test_an_overview_quotes_what_was_said_and_no_address(memory: Memory) -> None:
    """The name of a picture has more words than most sentences; alone it is quoted for want of anything else."""
    picture = "https://pictures.example/video_thumb/1746530548825165824/img/mill-wheel-turning-again-at-noon.jpg"
    texts = [f"The mill turns again.\n{picture}", f"{picture}\nWe sail on Monday.", picture]
    memory.add([Document(id=str(n), text=text, author="Ann") for n, text in enumerate(texts)], name="posts")
    quoted = memory.ask("Summarize everything.").text.splitlines()
    assert {line[1:-5] for line in quoted} == {"The mill turns again.", "We sail on Monday.", picture}
