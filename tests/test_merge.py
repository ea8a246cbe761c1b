"""Two exports of one conversation become one, whatever their order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from masa_rag import Document, Segment
from masa_rag.catalog._merge import keep_segments, merge, without_authors

START = datetime(2024, 5, 1, tzinfo=UTC)


def message(number: int, text: str = "", *, edited: int | None = None, author: str = "Ann") -> Segment:
    """Return message ``number``, said that many minutes after START."""
    edited_at = None if edited is None else START + timedelta(hours=edited)
    return Segment(
        text or f"text {number}", author, START + timedelta(minutes=number), id=str(number), edited_at=edited_at
    )


def day(*messages: Segment) -> Document:
    """Return the messages as one day of a channel."""
    return Document(id="c/1", segments=messages)


def test_overlapping_exports_are_united_in_order_of_time() -> None:
    """Nothing is lost, nothing is doubled."""
    merged = merge(day(message(3), message(4)), day(message(1), message(3)))
    assert [segment.id for segment in merged.segments] == ["1", "3", "4"]


def test_messages_of_one_minute_keep_their_order() -> None:
    """A log that knows only minutes, with ids that say nothing: the order of the export holds."""

    def said(*keys: str) -> Document:
        return day(*(Segment(key, "Ann", START, id=key) for key in keys))

    assert [part.id for part in merge(said("z", "m"), said("m", "a", "k")).segments] == ["z", "m", "a", "k"]
    assert [part.id for part in merge(said("a", "k"), said("z", "m", "a")).segments] == ["z", "m", "a", "k"]


def test_the_later_edit_wins_whichever_came_first() -> None:
    """An older export added later does not undo an edit."""
    old, new = day(message(1, "teh", edited=None)), day(message(1, "the", edited=2))
    assert merge(old, new).segments[0].text == merge(new, old).segments[0].text == "the"


def test_without_edit_times_the_later_import_wins() -> None:
    """When nothing says which is newer, the newer import is."""
    assert merge(day(message(1, "a")), day(message(1, "b"))).segments[0].text == "b"


def test_a_tweet_and_its_thread_become_one() -> None:
    """One export has the first tweet, another the author's replies: in either order both are kept."""
    first = Document(id="1", text="We sail.", author="Ann", created_at=START, kind="post")
    replies = Document(id="1", kind="post", segments=[message(2), message(3)])
    for merged in (merge(first, replies), merge(replies, first)):
        assert [(part.id, part.text) for part in merged.segments] == [
            ("1", "We sail."),
            ("2", "text 2"),
            ("3", "text 3"),
        ]


def test_without_ids_the_new_document_replaces_the_old() -> None:
    """A transcript that was made again is not mixed with its first version."""
    assert merge(Document(id="e", segments=[Segment("old")]), Document(id="e", segments=[Segment("new")])).text == "new"


@given(st.lists(st.integers(0, 12), unique=True), st.lists(st.integers(0, 12), unique=True))
def test_merging_does_not_depend_on_the_order_of_imports(first: list[int], second: list[int]) -> None:
    """For messages without edits, old into new equals new into old, and merging again changes nothing."""
    a, b = day(*map(message, sorted(first))), day(*map(message, sorted(second)))
    if not (first and second):
        return
    assert merge(a, b).segments == merge(b, a).segments
    assert merge(merge(a, b), b).digest == merge(a, b).digest
    assert {segment.id for segment in merge(a, b).segments} == {str(number) for number in {*first, *second}}


def test_an_author_is_taken_out_of_a_conversation() -> None:
    """Only what they said goes; case does not count."""
    kept = without_authors(day(message(1), message(2, author="Bo")), {"ann"})
    assert kept is not None
    assert kept.text == "Bo: text 2"


def test_a_document_of_forgotten_authors_only_is_gone() -> None:
    """A post, or a conversation with nobody else in it, leaves nothing."""
    assert without_authors(Document(id="1", text="x", author="Ann"), {"ann"}) is None
    assert without_authors(day(message(1)), {"ann"}) is None


def test_keeping_no_segment_keeps_no_document() -> None:
    """A day whose messages were all deleted is no day."""
    assert keep_segments(day(message(1)), {"2"}) is None


def test_an_edit_without_id_replaces_what_it_was() -> None:
    """Where ids are made of the words, an edited message has another; the old wording goes, in either order."""

    def said(*texts: str) -> Document:
        marks = [{"edited": True} if text.endswith("!") else {} for text in texts]
        return day(
            *(Segment(text, "Ann", START, id=text, metadata=mark) for text, mark in zip(texts, marks, strict=True))
        )

    for merged in (
        merge(said("tide", "boat at nine"), said("tide", "boat at ten!")),
        merge(said("tide", "boat at ten!"), said("tide", "boat at nine")),
        merge(said("tide", "boat at nine"), said("boat at ten!")),
    ):
        assert [part.text for part in merged.segments] == ["tide", "boat at ten!"]


def test_who_has_another_name_now_says_nothing_twice() -> None:
    """A number saved in the address book is another author; somebody who stays, or says it at another time, is not."""

    def said(*lines: tuple[int, str, str]) -> Document:
        parts = [(minute, name, text, f"{minute} {name} {text}") for minute, name, text in lines]
        return day(*(Segment(text, name, START + timedelta(minutes=at), id=key) for at, name, text, key in parts))

    old = said((0, "Ann", "hi"), (0, "+49 170", "hi"), (1, "+49 170", "ropes?"), (2, "+49 170", "gone since"))
    new = said((0, "Ann", "hi"), (0, "Bo", "hi"), (1, "Bo", "ropes?"), (3, "Bo", "ropes?"))
    assert [(part.author, part.text) for part in merge(old, new).segments] == [
        ("Ann", "hi"), ("Bo", "hi"), ("Bo", "ropes?"), ("+49 170", "gone since"), ("Bo", "ropes?"),
    ]  # fmt: skip
    both = said((0, "Ann", "hi"), (0, "Cy", "hi"))
    assert len(merge(both, said((0, "Ann", "hi"))).segments) == 2
    assert len(merge(said((0, "Ann", "hi")), both).segments) == 2


def test_answers_without_their_post_do_not_rename_the_thread() -> None:
    """Whichever came first, the title and the link are those of who has the post."""
    post = Document(id="1", title="Ash or spruce?", url="https://oars.example/1", segments=[message(1)])
    answers = Document(id="1", title="rowing", segments=[message(2), message(3)])
    for merged in (merge(post, answers), merge(answers, post)):
        assert (merged.title, merged.url, len(merged.segments)) == ("Ash or spruce?", "https://oars.example/1", 3)
