"""What is said more than before: which words rise, who is counted, and what is no trend."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from math import log, sqrt
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from masa_rag import ConfigurationError, Document, Memory, Segment
from masa_rag._voices import surprise
from masa_rag.cli import main
from masa_rag.embedders import HashingEmbedder
from masa_rag.sources import open_source

END = datetime(2025, 3, 31, 12, tzinfo=UTC)
USUAL = ("The tide is low", "Bread was dear again", "Our ferry came late", "Rain over the pier", "Gulls stole my lunch")


def post(text: str, author: str | None, *, days_ago: float) -> Document:
    """Return a post."""
    when = END - timedelta(days=days_ago)
    return Document(id=f"{author}/{days_ago}/{text}", text=text, author=author, created_at=when, kind="post")


def chatter(weeks: Iterable[int] = range(9), people: int = 10) -> list[Document]:
    """Return what ten people post each week, which is nothing new."""
    return [
        post(f"{USUAL[number % len(USUAL)]} {number}", f"Neighbour {number}", days_ago=7 * week + 0.3 * number)
        for week in weeks
        for number in range(people)
    ]


def by_others(text: str, count: int, *, days_ago: float = 1) -> list[Document]:
    """Return posts of as many different people, each in words of their own."""
    return [
        post(f"{text} {'abcdefghijklmnop'[number] * 3}", f"Person {number}", days_ago=days_ago - number / 1000)
        for number in range(count)
    ]


@pytest.fixture
def harbour(memory: Memory) -> Memory:
    """Nine weeks of chatter; in the last one five people speak of a lighthouse."""
    memory.add([*chatter(), *by_others("They sell the lighthouse", 5)], name="posts")
    return memory


def words_in(memory: Memory, **options: object) -> list[str]:
    """Return all words of the trends."""
    return [word for trend in memory.trends(**options) for word in trend.words]  # type: ignore[arg-type]


def test_what_many_say_now_and_nobody_said_before_rises(harbour: Memory) -> None:
    """The word, its voices, who they are, since when, and passages that say it."""
    (trend,) = harbour.trends(now=END)
    assert trend.words == ("sell", "lighthouse") or trend.words == ("lighthouse", "sell")
    assert (trend.voices, trend.authors, trend.series) == (5, 5, (0, 0, 0, 0, 0, 0, 0, 0, 5))
    assert trend.expected == 0
    assert trend.since == END - timedelta(days=1)
    assert len(trend.passages) == len({chunk.authors for chunk in trend.passages}) == 3
    assert all("lighthouse" in chunk.text for chunk in trend.passages)


def test_what_was_compared_is_said(harbour: Memory) -> None:
    """The last seven days have 15 voices, the eight weeks before 80."""
    found = harbour.trends(now=END)
    assert (found.voices, found.before, found.since, found.until) == (15, 80, END - timedelta(days=7), END)
    assert str(found).splitlines()[0] == (
        "2025-03-24 12:00 to 2025-03-31 12:00 UTC: 15 voices, 80 in eight times as long before"
    )
    assert str(found).splitlines()[1].endswith(": 5 voices, 0.0 expected (0 0 0 0 0 0 0 0 5)")


def test_without_now_an_archive_ends_with_its_last_passage(harbour: Memory) -> None:
    """What was said last is part of it; a clock that is ahead of ours does not count."""
    ahead = datetime.now(UTC) + timedelta(days=400)
    harbour.add([Document("ahead", "Greetings", author="Zed", created_at=ahead)], name="posts")
    found = harbour.trends()
    assert found.until == END
    assert found.voices == 15


def test_the_same_as_before_is_no_trend(memory: Memory) -> None:
    """Nine weeks alike: nothing rises, and that is said."""
    memory.add(chatter(), name="posts")
    found = memory.trends(now=END)
    assert not found
    assert found.note.endswith("10 voices, 80 in eight times as long before; nothing rises")


def test_more_of_everything_is_no_trend(memory: Memory) -> None:
    """Where three times as many people speak as before, each word has three times as many voices."""
    memory.add([*chatter(range(1, 9), 5), *chatter([0], 15)], name="posts")
    assert words_in(memory, now=END) == []


def test_one_who_repeats_it_makes_no_trend(memory: Memory) -> None:
    """However often, and on however many days."""
    loud = [post(f"Buy my lanterns number {n} {'xyz'[n % 3]}", "Ned", days_ago=n / 4) for n in range(24)]
    memory.add([*chatter(), *loud], name="posts")
    assert words_in(memory, now=END) == []


def test_two_make_no_trend_where_there_are_more(memory: Memory) -> None:
    """With a third one they do."""
    both = [post(f"My lanterns number {n}", ("Ned", "Lou")[n % 2], days_ago=n) for n in range(6)]
    memory.add([*chatter(), *both], name="posts")
    assert words_in(memory, now=END) == []
    memory.add([post("My lanterns", "Kit", days_ago=1)], name="posts")
    assert words_in(memory, now=END) == ["lanterns"]


def test_two_make_a_trend_where_nobody_else_speaks(memory: Memory) -> None:
    """Two hosts who come back to a subject on three days."""
    usual = [post(f"{USUAL[n % 5]} {n}", ("Ned", "Lou")[n % 2], days_ago=n * 0.7 + 0.1) for n in range(90)]
    both = [post(f"The lantern {n}", ("Ned", "Lou")[n % 2], days_ago=n // 2 + 0.2) for n in range(6)]
    memory.add([*usual, *both], name="posts")
    assert words_in(memory, now=END) == ["lantern"]


def test_many_who_copy_one_text_make_no_trend(memory: Memory) -> None:
    """Copies count for nothing: one voice is left."""
    copies = [post("Huge lighthouse giveaway, send a coin and get two back", f"Bot {n}", days_ago=1) for n in range(12)]
    memory.add([*chatter(), *copies], name="posts")
    assert words_in(memory, now=END) == []
    (asked,) = memory.trends("giveaway", now=END)
    assert asked.voices == 1


def test_of_copies_the_earliest_counts(memory: Memory) -> None:
    """Also where the copies were read before it, as live sources give the newest first."""
    text = "They sell the old lighthouse to the ferry company"
    memory.add([post(text, f"Bot {n}", days_ago=1) for n in range(3)], name="posts")
    memory.add([*chatter(), post(text, "Ann", days_ago=15)], name="posts")
    (trend,) = memory.trends("lighthouse", now=END)
    assert trend.series == (0, 0, 0, 0, 0, 0, 1, 0, 0)


def test_who_says_it_twice_on_a_day_is_one_voice(memory: Memory) -> None:
    """And two on two days."""
    said = [post(f"The lighthouse {n}", "Ann", days_ago=days) for n, days in enumerate((1.0, 1.1, 3.0))]
    memory.add([*chatter(), *said], name="posts")
    (trend,) = memory.trends("lighthouse", now=END)
    assert (trend.voices, trend.authors) == (2, 1)


def test_a_source_that_said_nothing_before_is_left_out(memory: Memory) -> None:
    """All that it says would be unusual."""
    memory.add(chatter(), name="posts")
    memory.add(by_others("They sell the lighthouse", 8), name="new")
    found = memory.trends(now=END)
    assert not found
    assert found.voices == 10
    assert words_in(memory, now=END, source="new") == []


def test_names_links_and_the_calendar_are_no_trends(memory: Memory) -> None:
    """Nor is who opens a turn, nor what only one says; who is spoken of is."""
    talk = [
        Document(
            id=f"chat/{n}", kind="conversation",
            segments=[
                Segment(f"see https://harbour.example/plans on Monday, {2000 + n} of March", author="Quillon",
                        created_at=END - timedelta(days=n)),
                Segment(f"Marlowe said {USUAL[n]}", author=f"Person {n}", created_at=END - timedelta(days=n)),
            ],
        )
        for n in range(5)
    ]  # fmt: skip
    memory.add([*chatter(), *talk], name="posts")
    assert set(words_in(memory, now=END)) == {"Marlowe"}


def test_subjects_are_followed_as_asked(memory: Memory) -> None:
    """All words of a subject in one passage count; what nobody says is counted too, and order is kept."""
    rare = [post("The old lighthouse is dark", f"Person {week}", days_ago=7 * week + 2) for week in (8, 4, 4.2, 0)]
    memory.add([*chatter(), *rare, post("a light house", "Ann", days_ago=1)], name="posts")
    old, whale = memory.trends("old LIGHTHOUSES", "whale", now=END)
    assert old.words == ("old LIGHTHOUSES",)
    assert old.series == (1, 0, 0, 0, 2, 0, 0, 0, 1)
    assert old.expected == pytest.approx(3 * 12 / 83)
    assert (whale.voices, whale.score, whale.since, whale.passages) == (0, 0.0, None, ())


def test_a_subject_that_falls_has_a_score_below_nothing(memory: Memory) -> None:
    """Six a week before, none now."""
    before = [document for week in range(1, 9) for document in by_others("The lighthouse", 6, days_ago=7 * week + 1)]
    memory.add([*chatter(), *before], name="posts")
    (trend,) = memory.trends("lighthouse", now=END)
    assert trend.voices == 0
    assert trend.score < -2


def test_hours_can_be_compared_too(memory: Memory) -> None:
    """In stretches of an hour nobody counts twice."""
    usual = [post(f"{USUAL[n % 5]} {n}", f"Neighbour {n}", days_ago=(n + 0.5) / 240) for n in range(90)]
    memory.add([*usual, *by_others("They sell the lighthouse", 6, days_ago=0.01)], name="posts")
    found = memory.trends(days=1 / 24, now=END)
    assert "lighthouse" in found[0].words
    assert found[0].voices == 6


def test_filters_choose_who_is_counted(harbour: Memory) -> None:
    """As for a search."""
    (trend,) = harbour.trends("lighthouse", author="Person 2", now=END)
    assert (trend.voices, trend.authors) == (1, 1)
    assert harbour.trends("lighthouse", kind="speech", now=END)[0].voices == 0
    assert [trend.voices for trend in harbour.trends("lighthouse", source="posts", now=END)] == [5]


def test_scripts_without_blanks_rise_too(memory: Memory) -> None:
    """By pairs of characters."""
    memory.add([*chatter(), *by_others("灯塔", 6)], name="posts")
    assert words_in(memory, now=END) == ["灯塔"]


def test_nothing_to_compare_with_is_said(memory: Memory) -> None:
    """An empty memory, one without times, and one that holds only these days."""
    assert "nothing of known time" in memory.trends().note
    memory.add([Document("n", "No time")], name="notes")
    assert "nothing of known time" in memory.trends().note
    memory.add(chatter([0]), name="posts")
    found = memory.trends("tide")
    assert "nothing of known time was said, or only by sources that said nothing before" in found.note
    assert (found.before, found[0].score, found[0].expected) == (0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"days": 0}, "received days=0; expected more than 0"),
        ({"days": float("nan")}, "received days=nan"),
        ({"days": "week"}, "received days='week'"),
        ({"k": 0}, "received k=0"),
        ({"kind": "tweet"}, "received kind='tweet'"),
        ({"now": datetime(2025, 3, 1)}, "without a zone"),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_meant_is_refused(memory: Memory, options: dict[str, object], said: str) -> None:
    """With what was received and what was expected."""
    with pytest.raises(ConfigurationError, match=said):
        memory.trends(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("subject", ["", " ?! ", ["buoy", "battery"], 7])
def test_a_subject_has_words(memory: Memory, subject: object) -> None:
    """Several are given one after the other."""
    with pytest.raises(ConfigurationError, match="expected a word, a name, or several words"):
        memory.trends("buoy", subject)  # type: ignore[arg-type]


def test_strangers_write_no_html(memory: Memory) -> None:
    """A notebook shows words, names and passages as text."""
    memory.add([*chatter(), *by_others("<script>alert(1)</script> lighthouse", 5)], name="posts")
    shown = memory.trends(now=END)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert memory.trends("<b>", now=END)._repr_html_().count("&lt;b&gt;") == 1


def test_surprise_of_five_where_nobody_was() -> None:
    """Equal stretches: by chance a ninth of five would be in the last one; the root of 2 * 5 * ln 9."""
    (score,) = surprise(np.array([[0] * 8 + [5]]), np.array([10] * 9))
    assert score == pytest.approx(sqrt(2 * 5 * log(9)))


def test_surprise_of_the_same_share_is_nothing() -> None:
    """Four of ten, and twelve of thirty."""
    assert surprise(np.array([[4] * 8 + [12]]), np.array([10] * 8 + [30]))[0] == pytest.approx(0, abs=1e-9)


def test_what_comes_and_goes_surprises_less() -> None:
    """Of 0 and 8 in turns the squares sum to 32 with 7 free, so the score is divided by the root of 39/14."""
    totals = np.array([100] * 9)
    steady, restless = surprise(np.array([[4] * 8 + [20], [0, 8] * 4 + [20]]), totals)
    assert steady / restless == pytest.approx(sqrt(39 / 14))


@given(
    st.lists(st.integers(0, 50), min_size=8, max_size=8), st.lists(st.integers(50, 500), min_size=9, max_size=9),
    st.integers(0, 49),
)  # fmt: skip
def test_more_voices_surprise_more(before: list[int], totals: list[int], now: int) -> None:
    """With all else equal; and the order of the earlier stretches does not matter."""
    one, two = surprise(np.array([[*before, now], [*before, now + 1]]), np.array(totals))
    assert one < two or not sum(before)
    (turned,) = surprise(np.array([[*before[::-1], now]]), np.array([*totals[:8][::-1], totals[8]]))
    assert turned == pytest.approx(one)


TWEETS = Path(os.environ.get("MASA_RAG_DATA") or Path(__file__).parents[1] / "../shared/data") / "trends/cryptop12_ada"


@pytest.mark.real_data
@pytest.mark.skipif(not TWEETS.exists(), reason="no data sets: set MASA_RAG_DATA to their folder")
def test_what_was_new_in_a_coin_is_named_in_its_week(memory: Memory) -> None:
    """Tweets on one coin: a trust registered for it, a musician who bought it, a fund that changed over to it."""
    memory.add(open_source(str(TWEETS / "tweets")))
    weeks = {
        day: set(words_in(memory, now=datetime(2021, *day, 23, 59, tzinfo=UTC))) for day in ((1, 30), (2, 20), (2, 27))
    }
    assert "Grayscale" in weeks[1, 30]
    assert "Simmons" in weeks[2, 20]
    assert "FD7" in weeks[2, 27]


@pytest.fixture
def brain(open_memory: Callable[..., Memory], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of such a memory, as the command line opens it."""
    monkeypatch.setattr("masa_rag.embedders.default_embedder", HashingEmbedder)
    monkeypatch.setattr("masa_rag.memory.Memory._projection", None)
    with Memory(tmp_path / "brain", embedder=HashingEmbedder()) as memory:
        memory.add([*chatter(), *by_others("They sell the lighthouse", 5)], name="posts")
    return tmp_path / "brain"


def test_the_command_prints_them(brain: Path) -> None:
    """What was compared, the words with their voices, and a passage with its citation."""
    shown = CliRunner().invoke(main, ["trends", "lighthouse", "-m", str(brain), "--until", "2025-03-31T12:00:00Z"])
    assert shown.exit_code == 0
    assert shown.output.splitlines() == [
        "2025-03-24 12:00 to 2025-03-31 12:00 UTC: 15 voices, 80 in eight times as long before",
        "",
        "lighthouse: 5 voices by 5 people, 0.0 expected (0 0 0 0 0 0 0 0 5), since 2025-03-30",
        "  Person 0 · 2025-03-30",
        "    They sell the lighthouse aaa",
    ]


def test_a_passage_without_blanks_is_shown_too(brain: Path) -> None:
    """Cut after 200 characters, on a page, in a notebook and by the command."""
    with Memory(brain, embedder=HashingEmbedder()) as memory:
        memory.add([post("灯塔" * 300, "Ann", days_ago=1)], name="posts")
        assert f"{('灯塔' * 300)[:199]}…" in memory.trends("灯塔", now=END)._repr_html_()
    shown = CliRunner().invoke(main, ["trends", "灯塔", "-m", str(brain), "--until", "2025-03-31T12:00Z"])
    assert f"{('灯塔' * 300)[:199]}…" in shown.output


def test_the_command_gives_json(brain: Path) -> None:
    """The same as data."""
    shown = CliRunner().invoke(main, ["trends", "--days", "7", "-m", str(brain), "--json"])
    found = json.loads(shown.output)
    assert (found["voices"], found["before"], found["until"]) == (15, 80, "2025-03-31T12:00:00+00:00")
    assert found["trends"][0]["series"] == [0] * 8 + [5]
    assert found["trends"][0]["passages"][0]["authors"] == ["Person 0"]


def test_the_command_says_whom_it_does_not_know(brain: Path) -> None:
    """As a search does."""
    shown = CliRunner().invoke(main, ["trends", "--author", "Zacharias", "-m", str(brain)])
    assert "nobody called 'Zacharias' speaks here" in shown.stderr


def test_the_command_refuses_what_it_cannot_read(brain: Path) -> None:
    """In one line."""
    shown = CliRunner().invoke(main, ["trends", "--until", "soon", "-m", str(brain)])
    assert shown.exit_code == 1
    assert "received the time 'soon'" in shown.output
