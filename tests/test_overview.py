"""Questions for the whole of something: evenly from all of it, in the order of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from masa_rag import Document, Memory, Segment
from masa_rag._searching.foreign_overview import in_english
from masa_rag._searching.overview import is_overview, subject_of
from masa_rag.context import build_context

NOON = datetime(2025, 3, 4, 12, tzinfo=UTC)
THEMES = ("bees", "copper", "sails", "lenses", "tunnels", "cheese", "kites", "glaciers")


def talk(name: str, title: str, when: datetime | None, speakers: tuple[str, ...], themes: tuple[str, ...]) -> Document:
    """Return a talk in which each theme fills four turns."""
    lines = [
        f"Now {theme} {theme} are dear to me, number {turn} of what can be told of {theme}."
        for theme in themes
        for turn in range(4)
    ]
    segments = [
        Segment(line, speakers[place % len(speakers)] if speakers else None, start=60.0 * place, end=60.0 * place + 50)
        for place, line in enumerate(lines)
    ]
    return Document(id=name, kind="speech", title=title, created_at=when, segments=segments)


@pytest.fixture
def shows(memory: Memory) -> Memory:
    """Ann and Bo talk of eight themes, Ann and Cy a day later of two others; a note stands apart."""
    memory.add([
        talk("one", "Harbour 1", NOON, ("Ann Lund", "Bo Fjord"), THEMES),
        talk("two", "Harbour 2", NOON + timedelta(days=1), ("Ann Lund", "Cy"), ("mills", "stamps")),
    ], name="show")  # fmt: skip
    memory.add([Document(id="n", text="Bo and Ann are on the list for copper.")], name="notes")
    return memory


@pytest.mark.parametrize(
    "question",
    [
        "What did Ann and Bo talk about?", "what have Ann, Bo and Cy discussed", "Summarize the call.",
        "Give me a recap of the last meeting", "What was the meeting about?", "What are the key takeaways?",
        "In which order did things happen?", "How did the boat change over time?",
        "What did the group talk about there?", "What did Ann, the hosts, and Bo Fjord & Cy say?",
        "What did @ann_b tweet?", "what has Ann posted", "whats new?", "What did I miss?",
    ],
)  # fmt: skip
def test_questions_for_the_whole_are_recognised(question: str) -> None:
    """By a few phrases; who talked with whom is a question for all of it when no subject follows."""
    assert is_overview(question)


@pytest.mark.parametrize(
    "question",
    [
        "What did Ann say about copper?", "Who moved the launch in order to please them?", "When do we sail?",
        "What did the posters at the reading say?", "What is the sum offered for the place we discussed?", "",
    ],
)  # fmt: skip
def test_other_questions_are_not(question: str) -> None:
    """They have one place that answers; nothing in them is changed."""
    assert not is_overview(question)
    assert subject_of(question) == question


@pytest.mark.parametrize("another", [", and Bo", ", the Bo", " and the Bo", " and"])
def test_a_question_of_two_hundred_names_is_read_at_once(another: str) -> None:
    """There is one way to read them, so that nobody waits for ever."""
    assert not is_overview(f"What did Ann{another * 200} eat?")


def test_what_somebody_posted_is_all_of_it(memory: Memory) -> None:
    """By the handle too; the others' posts are left out."""
    said = [("ann_b", "The mill burned."), ("ann_b", "The seal broke."), ("bo", "Tweets are short.")]
    memory.add([Document(id=text, text=text, author=author, kind="post") for author, text in said], name="s")
    for question in ("What did @ann_b tweet?", "what has ann_b posted?"):
        hits = memory.search(question)
        assert {hit.chunk.text for hit in hits} == {"The mill burned.", "The seal broke."}
        assert all("overview" in hit.why for hit in hits)


@pytest.mark.parametrize(
    "asked", ["Summarize last week", "What was discussed over the weekend?", "Recap of 9 June 2024"]
)
def test_a_summary_of_a_time_in_which_nobody_spoke_is_not_one_of_all(shows: Memory, asked: str) -> None:
    """What was said at other times would pass for what was said then."""
    assert not any("overview" in hit.why for hit in shows.search(asked, now=NOON + timedelta(days=400)))
    assert any("overview" in hit.why for hit in shows.search("Summarize everything", now=NOON + timedelta(days=400)))


def test_words_that_ask_for_the_form_do_not_rank() -> None:
    """ "List" and "order" stand in passages about other things; places of the other words stay as they are."""
    question = (
        "Can you list the order in which I brought up different aspects of my garden, in order? Mention five items."
    )
    assert subject_of(question).split() == ["I", "my", "garden,", "?", "."]
    assert subject_of(question).index("garden") == question.index("garden")
    assert subject_of("Summary of our talks, please") == "           our talks,       "
    assert subject_of("Can you give me an overview?") == "Can you give me an overview?"


def test_an_overview_has_something_of_each_stretch(shows: Memory) -> None:
    """Eight passages of a talk of eight themes hold all eight, and only those of the two who are named."""
    hits = shows.search("What did Ann and Bo talk about?", k=8)
    assert {hit.chunk.document_id for hit in hits} == {"one"}
    assert {theme for theme in THEMES for hit in hits if theme in hit.chunk.text} == set(THEMES)
    assert [hit.rank for hit in hits] == list(range(1, 9))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(set(hit.why) == {"overview"} for hit in hits)


def test_the_first_hits_are_from_the_quarters(shows: Memory) -> None:
    """However many are asked for, they are spread over the talk."""
    starts = sorted(hit.chunk.start_s or 0.0 for hit in shows.search("Summarize Harbour 1", k=4))
    assert [int(start // (8 * 60)) for start in starts] == [0, 1, 2, 3]


def test_titles_speakers_dates_and_filters_say_what_the_whole_is(shows: Memory) -> None:
    """A day that is named holds where something was said on it."""

    def documents(question: str, **filters: str) -> set[str]:
        return {hit.chunk.document_id for hit in shows.search(question, now=NOON + timedelta(days=1), **filters)}  # type: ignore[arg-type]

    assert documents("Summarize Harbour 2 in three sentences") == {"two"}
    assert documents("Give me a recap of the latest episode", source="show") == {"two"}
    assert documents("What did Ann and Bo talk about last time?") == {"one"}
    assert documents("Summarize all posts, pages and talks") == {"one", "two", "n"}
    assert documents("What did Cy say?") == {"two"}
    assert documents("What did Ann talk about yesterday?") == {"one"}
    assert documents("What did Ann talk about on 5 March 2025?") == {"two"}
    assert documents("What was the meeting about?", source="show") == {"one", "two"}
    assert {hit.chunk.authors for hit in shows.search("What did Cy say?", k=20)} == {("Cy",)}


def test_who_only_stands_in_the_text_is_found_there(memory: Memory) -> None:
    """A transcript without speakers names them in what is said."""
    memory.add(
        [talk("x", "Show", None, (), ("bees", "Bo", "Ann", "kites")), talk("y", "Show", None, (), ("Bo",))], name="s"
    )
    hits = memory.search("What did Ann and Bo talk about today?", k=8)
    assert {hit.chunk.document_id for hit in hits} == {"x"}
    assert any("bees" in hit.chunk.text for hit in hits)


def test_people_who_never_speak_together_are_both_heard(shows: Memory) -> None:
    """Bo and Cy share no document, so what either says is taken."""
    hits = shows.search("What did Bo and Cy talk about?", k=8)
    assert {hit.chunk.authors for hit in hits} == {("Bo Fjord",), ("Cy",)}


def test_an_overview_with_a_subject_is_about_it(shows: Memory) -> None:
    """What is nearest to the subject comes first, as for any question."""
    hits = shows.search("Can you give me a summary of what was said of glaciers?", k=2)
    assert all("glaciers" in hit.chunk.text and "overview" not in hit.why for hit in hits)


def test_a_context_goes_on_in_the_order_of_time(shows: Memory) -> None:
    """Documents as they began, passages as they were said."""
    hits = shows.search("Summarize the calls", k=8, source="show")
    context = build_context(hits[::-1], max_tokens=2_000, count_tokens=lambda texts: [len(text) // 4 for text in texts])
    places = [(hit.chunk.document_id, hit.chunk.position) for hit in context.hits]
    assert places == sorted(places)
    assert {document for document, _ in places} == {"one", "two"}


def test_an_answer_without_a_model_goes_through_it_in_order(shows: Memory) -> None:
    """One sentence of each passage, word for word, cited in the order of time."""
    answer = shows.ask("What did Ann and Bo talk about?", k=8)
    lines = answer.text.splitlines()
    assert [line[-3:] for line in lines] == [f"[{number}]" for number in range(1, 9)]
    assert [next(theme for theme in THEMES if theme in line) for line in lines] == list(THEMES)
    assert all(line.split("“")[1].split("”")[0] in hit.chunk.text for line, hit in zip(lines, answer.hits, strict=True))
    assert all(line.startswith(("“Ann Lund: ", "“Bo Fjord: ")) for line in lines)


def test_others_who_spoke_today_do_not_hide_a_talk_without_a_date(memory: Memory) -> None:
    """A note of today says nothing of what Ann and Bo talked about in a recording whose day is not known."""
    memory.add([talk("one", "Harbour 1", None, ("Ann Lund", "Bo Fjord"), THEMES)], name="show")
    memory.remember("Cy has painted the fence.", author="Cy", created_at=NOON)
    hits = memory.search("What did Ann and Bo talk about today?", k=8, now=NOON)
    assert {theme for hit in hits for theme in THEMES if theme in hit.chunk.text} == set(THEMES)
    assert all("overview" in hit.why for hit in hits)
    assert [hit.chunk.authors for hit in memory.search("What did Cy talk about today?", k=8, now=NOON)] == [("Cy",)]


def test_a_memory_without_anything_that_passes_says_so(shows: Memory) -> None:
    """No filter is given up for an overview."""
    assert shows.search("Summarize the call", author="Nobody") == []


@pytest.mark.parametrize(
    ("question", "english"),
    [
        ("Fass bitte zusammen, was Mara gesagt hat.", "Summarize Mara"),
        ("Kannst du das Gespräch von Mara und Jonas zusammenfassen?", "Summarize Mara and Jonas"),
        ("Worüber haben Mara und Jonas      gesprochen?", "What did Mara and Jonas talk about"),
        ("Was ist       passiert?", "What happened"),
        ("Résume la réunion", "Summarize everyone"),
        ("De quoi Mara et Jonas ont-ils parlé ?", "What did Mara and Jonas talk about"),
        ("De quoi ont-ils parlé ?", "What did everyone talk about"),
        ("Resumen de la llamada", "Summarize everyone"),
        ("¿De qué hablaron Mara y Jonas?", "What did Mara and Jonas talk about"),
        ("Итоги встречи", "Summarize everyone"),
        ("О чём говорили Мара и Йонас?", "What did Мара and Йонас talk about"),
    ],
)
def test_the_whole_is_asked_for_in_other_languages(question: str, english: str) -> None:
    """German, French, Spanish and Russian, with the names as they are; blanks stand where a day was taken out."""
    assert in_english(question) == english
    assert is_overview(english)


@pytest.mark.parametrize(
    "question", ["Resume the call", "Was war in der Kiste?", "Что было в ящике?", "¿Qué pasó con Ann?"]
)
def test_a_question_for_one_place_is_left_in_its_language(question: str) -> None:
    """It is searched as it was asked."""
    assert in_english(question) == question


def test_an_overview_in_german_goes_through_the_talk(shows: Memory) -> None:
    """These words stand in no passage, so none was nearer than another; for a subject it is searched as before."""
    hits = shows.search("Worüber sprachen Ann und Bo?", k=8)
    assert {theme for theme in THEMES for hit in hits if theme in hit.chunk.text} == set(THEMES)
    assert all("overview" in hit.why for hit in hits)
    assert all("overview" not in hit.why for hit in shows.search("Fass die Gespräche über Bienen zusammen", k=8))
