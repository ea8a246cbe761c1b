"""Pictures of a memory: what they count, and that names are shown as they are."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import pytest

pytest.importorskip("matplotlib", reason="needs the extra plots")

from matplotlib.figure import Figure

from masa_rag import ConfigurationError, Document, Memory
from masa_rag._statistics import Count, Speaker, passages_by_speaker, passages_by_time
from masa_rag.plots import activity, speakers

MONDAY = datetime(2024, 4, 29, 9, tzinfo=UTC)
PNG = b"\x89PNG\r\n"


@pytest.fixture
def brain(memory: Memory) -> Memory:
    """Two posts on Monday, one on Wednesday, a note on Wednesday, and one that nobody dated."""
    posts = [
        Document(id="1", text="one", author="Ann", created_at=MONDAY),
        Document(id="2", text="two", author="Bo", created_at=MONDAY),
        Document(id="3", text="three", author="Ann", created_at=MONDAY + timedelta(days=2)),
        Document(id="4", text="four", author="Cy"),
    ]
    memory.add(posts, name="posts")
    memory.add([Document(id="1", text="five", author="Ann", created_at=MONDAY + timedelta(days=2))], name="notes")
    return memory


def bars_of(figure: Figure) -> list[list[tuple[float, float]]]:
    """Return for each source (bottom, top) of its bars."""
    return [
        [(float(bar.vertices[:, 1].min()), float(bar.vertices[:, 1].max())) for bar in source.get_paths()]
        for source in figure.axes[0].collections
    ]


def test_passages_are_counted_by_day_and_source(brain: Memory) -> None:
    """In order of time, then of source; what has no time is left out."""
    assert passages_by_time(brain.catalog.connection) == [
        Count(date(2024, 4, 29), "posts", 2),
        Count(date(2024, 5, 1), "notes", 1),
        Count(date(2024, 5, 1), "posts", 1),
    ]


def test_passages_are_counted_by_month(brain: Memory) -> None:
    """A month is named by its first day."""
    found = passages_by_time(brain.catalog.connection, by="month")
    assert [(count.day.isoformat(), count.chunks) for count in found if count.source == "posts"] == [
        ("2024-04-01", 2), ("2024-05-01", 1),
    ]  # fmt: skip


def test_people_are_counted(brain: Memory) -> None:
    """Who speaks most comes first, equals by name; a source can be asked for."""
    connection = brain.catalog.connection
    assert passages_by_speaker(connection, top=2) == [Speaker("Ann", 3), Speaker("Bo", 1)]
    assert passages_by_speaker(connection, top=9, source="notes") == [Speaker("Ann", 1)]


def test_the_bars_are_as_high_as_the_counts(brain: Memory) -> None:
    """The largest source stands at the bottom, the next on top of it."""
    posts, notes = bars_of(activity(brain))
    assert posts == [(0, 2), (0, 1)]
    assert notes == [(1, 2)]


def test_people_stand_in_order_with_their_counts(brain: Memory) -> None:
    """One bar a person, the first on top."""
    axes = speakers(brain, top=3).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Ann", "Bo", "Cy"]
    assert axes.yaxis_inverted()


def test_more_sources_than_colours_share_one(memory: Memory) -> None:
    """The seven largest are named, the others are together."""
    for number in range(9):
        memory.add([Document(id="1", text="word", created_at=MONDAY)], name=f"source {number}")
    figure = activity(memory)
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert names == [*(f"source {number}" for number in range(7)), "others"]
    assert bars_of(figure)[-1] == [(7, 9)]


def test_ten_years_are_drawn_in_seconds(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """All bars of a source are one thing to matplotlib: 3,650 of them took half a minute."""
    counts = [Count(date(2015, 1, 1) + timedelta(days=day), "s", 1 + day % 7) for day in range(3650)]
    monkeypatch.setattr("masa_rag.plots.passages_by_time", lambda connection, by: counts)
    began = time.process_time()
    figure = activity(memory)
    assert figure._repr_png_().startswith(PNG)  # type: ignore[attr-defined]
    assert time.process_time() - began < 5
    assert len(bars_of(figure)[0]) == 3650


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("$\\frac{", "$\\frac{"),
        ("_hidden", "_hidden"),
        ("a\nb\x07", "a b "),
        ("<b>&amp;", "<b>&amp;"),
        ("\u202eright to left", " right to left"),
        ("n" * 500, "n" * 31 + "…"),
    ],
)
def test_any_name_can_be_drawn(memory: Memory, name: str, shown: str) -> None:
    """Strangers choose their names: no formula, no hidden label, no line of its own."""
    memory.add([Document(id="1", text="word", author=name, created_at=MONDAY)], name=name)
    figures = activity(memory), speakers(memory)
    assert all(figure._repr_png_().startswith(PNG) for figure in figures)  # type: ignore[attr-defined]
    assert figures[0].axes[0].get_legend().get_texts()[0].get_text() == shown
    assert figures[1].axes[0].get_yticklabels()[0].get_text() == shown


@pytest.mark.parametrize("by", ["day", "month"])
@pytest.mark.parametrize("years", [[1], [9999], [1, 9999], [1, 2024]])
def test_wrong_dates_are_drawn_too(memory: Memory, years: list[int], by: Literal["day", "month"]) -> None:
    """At both ends of the calendar, where matplotlib's margins would leave it."""
    days = [datetime(year, 12 if year == 9999 else 1, 31 if year == 9999 else 1, tzinfo=UTC) for year in years]
    memory.add([Document(id=str(day.year), text="word", created_at=day) for day in days], name="s")
    figure = activity(memory, by=by)
    assert sum(top for _, top in bars_of(figure)[0]) == len(years)
    assert figure._repr_png_().startswith(PNG)  # type: ignore[attr-defined]


def test_an_empty_memory_is_drawn_with_a_sentence(memory: Memory) -> None:
    """Nothing to show is said, not an error."""
    assert activity(memory).axes[0].texts[0].get_text() == "No passage has a known time yet."
    assert speakers(memory).axes[0].texts[0].get_text() == "Nobody speaks here yet."


@pytest.mark.parametrize("by", ["week", None, ["day"]])
@pytest.mark.parametrize("top", [0, 1.5, "5"])
def test_wrong_arguments_are_refused(memory: Memory, by: object, top: object) -> None:
    """The message says what was expected, and not that the memory is damaged."""
    with pytest.raises(ConfigurationError, match="expected 'day' or 'month'"):
        activity(memory, by=by)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="expected a whole number from 1"):
        speakers(memory, top=top)  # type: ignore[arg-type]


def test_figures_leave_no_global_state() -> None:
    """pyplot, which keeps every figure alive, is not loaded."""
    program = "import masa_rag.plots, sys; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_without_matplotlib_the_extra_is_named() -> None:
    """The error says what to install."""
    program = (
        "import sys; sys.modules['matplotlib'] = None; sys.modules['matplotlib.figure'] = None\n"
        "try:\n    import masa_rag.plots\nexcept ImportError as error:\n    print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "MissingDependencyError" in done.stdout
    assert "masa-rag[plots]" in done.stdout


@pytest.mark.parametrize(
    ("by", "below"),
    [
        ("day", ["2024-04-26", "2024-04-27", "2024-04-28", "2024-04-29", "2024-04-30", "2024-05-01", "2024-05-02"]),
        ("month", ["2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06", "2024-07"]),
    ],
)
def test_below_the_bars_stand_days_or_months(memory: Memory, by: Literal["day", "month"], below: list[str]) -> None:
    """Also where all was said on one day: no hours, of which some were of the evening before."""
    memory.remember("The crane is late.", created_at=MONDAY)
    figure = activity(memory, by=by)
    figure.draw_without_rendering()
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == below
