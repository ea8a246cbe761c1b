"""Values: what they refuse, what they derive."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masa_rag import (
    ConfigurationError,
    Document,
    IngestReport,
    MasaRagError,
    MissingDependencyError,
    RecordError,
    Segment,
)

texts = st.text(max_size=40)
segments = st.builds(Segment, text=texts, author=st.none() | st.sampled_from(["Ann", "Bo"]))


def test_text_is_derived_from_segments_with_a_name_where_the_speaker_changes() -> None:
    """One line a segment; the author opens a line only where the author changes."""
    document = Document(id="1", segments=[Segment("hi", "Ann"), Segment("again", "Ann"), Segment("yes", "Bo")])
    assert document.text == "Ann: hi\nagain\nBo: yes"
    assert document.spans() == ((0, 7), (8, 13), (14, 21))
    assert document.authors == ("Ann", "Bo")


@given(st.lists(segments, max_size=8))
def test_spans_cut_the_text_into_its_segments(parts: list[Segment]) -> None:
    """Each span ends with its segment's words, and spans and line breaks make up the whole text."""
    document = Document(id="1", segments=parts)
    pieces = [document.text[start:end] for start, end in document.spans()]
    assert "\n".join(pieces) == document.text
    assert all(piece.endswith(part.text) for piece, part in zip(pieces, parts, strict=True))


def test_text_and_segments_together_are_refused() -> None:
    """A document has one truth: its text or its segments."""
    with pytest.raises(ConfigurationError, match="both text and segments"):
        Document(id="1", text="other", segments=[Segment("hi")])


@pytest.mark.parametrize("make", [lambda: Document(id=""), lambda: Segment("x", id="")])
def test_empty_ids_are_refused(make: object) -> None:
    """An empty id would merge what does not belong together."""
    with pytest.raises(ConfigurationError, match="empty"):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: Document(id=5, text="x"), "id=5"),  # type: ignore[arg-type]
        (lambda: Document(id="1", text=None), "text=None"),  # type: ignore[arg-type]
        (lambda: Document(id="1", text="x", url=5), "url=5"),  # type: ignore[arg-type]
        (lambda: Document(id="1", text="x", kind="banana"), "kind='banana'"),  # type: ignore[arg-type]
        (lambda: Document(id="1", text="x", metadata=5), "metadata=5"),  # type: ignore[arg-type]
        (lambda: Document(id=None, text="x"), "id=None"),  # type: ignore[arg-type]
        (lambda: Document(id=["1"], text="x"), "id=['1']"),  # type: ignore[arg-type]
        (lambda: Document(id="1", segments=None), "segments=None"),  # type: ignore[arg-type]
        (lambda: Document(id="1", segments=Segment("x")), "segments=Segment(text='x'"),  # type: ignore[arg-type]
        (lambda: Document(id="1", segments="abc"), "'a' among the segments"),  # type: ignore[arg-type]
        (lambda: Segment(None), "text=None"),  # type: ignore[arg-type]
        (lambda: Segment("x", author=["Ann"]), "author="),  # type: ignore[arg-type]
        (lambda: Segment("x", start="00:01"), "start='00:01'"),  # type: ignore[arg-type]
        (lambda: Segment("x", end=float("nan")), "end=nan"),
        (lambda: Segment("x", start=True), "start=True"),
    ],
)
def test_wrong_types_are_refused_where_they_are_given(make: Callable[[], object], what: str) -> None:
    """Stored, they could not be read again, and whole memories could not be verified or rebuilt."""
    with pytest.raises(ConfigurationError, match=f"received .*{re.escape(what)}"):
        make()


def test_half_characters_are_mended() -> None:
    """Two halves that stand together are one character, one alone is U+FFFD; ids keep what tells them apart."""
    document = Document(id="\udcff", text="\ud83d\ude00 \ud83d", title="\udcff")
    assert (document.id, document.text, document.title) == ("\\udcff", "\U0001f600 \ufffd", "\ufffd")
    document = Document(id="1", metadata={"\ud83d": 1, "bio": "sea \ud83d", "more": ["\ud83d", {"at": "\ud83d\ude00"}]})
    assert document.metadata == {"\ufffd": 1, "bio": "sea \ufffd", "more": ["\ufffd", {"at": "\U0001f600"}]}


@pytest.mark.parametrize("value", ["2024-05-01", date(2024, 5, 1), 1_714_521_600])
def test_what_is_no_time_is_refused(value: Any) -> None:
    """A text, a day and a number each say less than a time does, or something else."""
    with pytest.raises(ConfigurationError, match=r"received the time .*; expected an aware datetime"):
        Document(id="1", text="x", created_at=value)


def test_naive_times_are_refused_and_aware_ones_become_utc() -> None:
    """A time without a zone could be any; an aware one is kept in UTC."""
    with pytest.raises(ConfigurationError, match="without a zone"):
        Document(id="1", text="x", created_at=datetime(2024, 5, 1))  # noqa: DTZ001
    lisbon = datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=1)))
    assert Document(id="1", text="x", created_at=lisbon).created_at == datetime(2024, 5, 1, 11, tzinfo=UTC)


def test_digest_ignores_when_it_was_fetched_and_nothing_else() -> None:
    """Another visit changes nothing; another word, title or like does."""
    document = Document(id="1", text="x")
    assert document.digest == Document(id="1", text="x", fetched_at=datetime.now(UTC)).digest
    others = [
        Document(id="1", text="y"),
        Document(id="1", text="x", title="t"),
        Document(id="1", text="x", metadata={"likes": 1}),
        Document(id="1", segments=[Segment("x")]),
    ]
    assert len({document.digest, *(other.digest for other in others)}) == 5


def test_digest_is_the_same_in_every_run() -> None:
    """A literal value: were it to change, every memory would be written anew."""
    assert Document(id="1", text="x", metadata={"b": 1, "a": None}).digest == "5090e9bb509015dff65ebe0b30aeacec"


def test_a_report_sums_to_what_was_seen() -> None:
    """Added, updated, unchanged, forgotten and failed make up all records; deleted ones were not seen."""
    report = IngestReport(
        "s", added=1, updated=2, unchanged=3, deleted=9, forgotten=4, failed=(RecordError("x", record_id="1"),)
    )
    assert report.seen == 11
    assert (
        str(report)
        == "s: 1 added, 2 updated, 3 unchanged, 9 deleted, 4 forgotten, 1 failed (0 passages embedded, 0.0 s)"
    )


@pytest.mark.parametrize(
    "error", [RecordError("x", record_id="1"), MissingDependencyError("p", extra="e", purpose="A")]
)
def test_an_error_can_be_copied_and_handed_over(error: MasaRagError) -> None:
    """A report of another process, or as a dictionary, has its errors with message and fields."""
    report = IngestReport("s", failed=(error,))
    for copied in (pickle.loads(pickle.dumps(report)).failed, asdict(report)["failed"]):
        assert (type(copied[0]), str(copied[0]), vars(copied[0])) == (type(error), str(error), vars(error))
