"""An archive's long posts: each gets the whole text that is its own, or keeps its short one where that is not sure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_tweets_archive import make_zip, read, script, tweet

BOILERPLATE = (
    "Morning report of the harbour office at Tidewell, read out at the north pier and pinned to the chandler's door: "
)
"""112 characters, more than the first 100 by which notes are found."""
MAY_12 = BOILERPLATE + "The dredger went aground at the third buoy. " * 8
MAY_13 = BOILERPLATE + "The lamp of the east mole is dark until Friday. " * 8
NOON = "Mon May 13 12:00:00 +0000 2024"


def note(written: str | None, text: str, **core: Any) -> dict[str, Any]:
    """Return an entry of note-tweet.js."""
    return {"noteTweet": {"noteTweetId": "55", "createdAt": written, "core": {"text": text, "urls": [], **core}}}


def texts(folder: Path, tweets: list[Any], notes: list[Any]) -> dict[str, str]:
    """Return {id: text} of an archive of these tweets and notes."""
    path = make_zip(
        folder / "a.zip",
        {"data/tweets.js": script("tweets", tweets), "data/note-tweet.js": script("note_tweet", notes)},
    )
    return {key: document.text for key, document in read(path).items()}


def test_posts_that_open_with_the_same_words_keep_their_own(tmp_path: Path) -> None:
    """Two long posts and a short one share 112 characters: each long one has its second's note, the short one none."""
    assert len(BOILERPLATE) == 112
    rows = [
        tweet("3", MAY_12[:275] + "\u2026", created_at="Sun May 12 08:00:00 +0000 2024"),
        tweet("4", MAY_13[:275] + "\u2026", created_at="Mon May 13 08:00:00 +0000 2024"),
        tweet("5", BOILERPLATE + "Nothing today.", created_at="Tue May 14 08:00:00 +0000 2024"),
    ]
    notes = [note("2024-05-12T08:00:00.000Z", MAY_12), note("2024-05-13T08:00:01.000Z", MAY_13)]
    assert texts(tmp_path, rows, notes) == {"3": MAY_12, "4": MAY_13, "5": BOILERPLATE + "Nothing today."}


def test_a_short_post_of_the_same_second_is_not_lengthened(tmp_path: Path) -> None:
    """A thread may be sent at once: its short tweet opens like the long one and is not a cut of it."""
    rows = [tweet("3", MAY_13[:275], created_at=NOON), tweet("4", BOILERPLATE, created_at=NOON)]
    found = texts(tmp_path, rows, [note("2024-05-13T12:00:00.000Z", MAY_13)])
    assert found == {"3": MAY_13, "4": BOILERPLATE}


def test_a_cut_before_a_long_word_is_a_cut(tmp_path: Path) -> None:
    """X cuts at the end of a word: before one of 60 letters the tweet is that much shorter."""
    whole = f"{MAY_13[:220].rstrip()} {'w' * 60} and more."
    rows = [tweet("3", MAY_13[:220].rstrip() + "\u2026", created_at=NOON)]
    assert texts(tmp_path, rows, [note("2024-05-13T12:00:00.000Z", whole)]) == {"3": whole}


@pytest.mark.parametrize("written", [None, "2024-05-11T06:00:00.000Z"])
def test_a_note_of_another_time_is_found_by_its_beginning(tmp_path: Path, written: str | None) -> None:
    """The only note that a cut tweet begins is its whole text, also where the note's time is missing or another."""
    rows = [tweet("3", MAY_13[:275] + " https://t.co/self", created_at=NOON)]
    assert texts(tmp_path, rows, [note(written, MAY_13), note(None, MAY_12)]) == {"3": MAY_13}


def test_a_beginning_that_two_notes_share_decides_nothing(tmp_path: Path) -> None:
    """Where the first 275 characters are those of two notes of other times, the short text stays."""
    same = MAY_12[:290]
    cut = same[:275] + "\u2026"
    notes = [note("2024-05-01T08:00:00.000Z", same + "One."), note("2024-05-02T08:00:00.000Z", same + "Two.")]
    assert texts(tmp_path, [tweet("3", cut, created_at=NOON)], notes) == {"3": cut}


def test_two_notes_within_two_seconds_decide_nothing(tmp_path: Path) -> None:
    """Which of two notes with the same 275 characters is whose, two seconds do not tell."""
    same = MAY_12[:290]
    cut = same[:275] + "\u2026"
    notes = [note("2024-05-13T12:00:00.000Z", same + "One."), note("2024-05-13T12:00:01.000Z", same + "Two.")]
    assert texts(tmp_path, [tweet("3", cut, created_at=NOON)], notes) == {"3": cut}


@pytest.mark.parametrize("own_first", [True, False])
def test_a_note_belongs_to_the_tweet_of_its_second(tmp_path: Path, own_first: bool) -> None:
    """Who later quotes the beginning of an own long post, with a link to it, keeps that short text."""
    own = tweet("3", MAY_12[:275] + "\u2026", created_at="Sun May 12 08:00:00 +0000 2024")
    later = tweet("4", MAY_12[:275] + "\u2026 https://t.co/own", created_at=NOON)
    rows = [own, later] if own_first else [later, own]
    found = texts(tmp_path, rows, [note("2024-05-12T08:00:00.000Z", MAY_12)])
    assert found == {"3": MAY_12, "4": MAY_12[:275] + "\u2026 https://t.co/own"}


def test_a_note_that_two_tweets_begin_is_given_to_none(tmp_path: Path) -> None:
    """Two cut tweets of other times could both be its beginning: one note was lost, and which is not known."""
    rows = [tweet("3", MAY_12[:275] + "\u2026", created_at=NOON), tweet("4", MAY_12[:270] + "\u2026", created_at=NOON)]
    found = texts(tmp_path, rows, [note("2024-05-01T08:00:00.000Z", MAY_12)])
    assert found == {"3": MAY_12[:275] + "\u2026", "4": MAY_12[:270] + "\u2026"}


def test_a_whole_tweet_is_not_taken_for_a_cut_one(tmp_path: Path) -> None:
    """Without a mark of the cut, a long tweet of another time that a note begins with stays what it is."""
    rows = [tweet("3", MAY_12[:275], created_at=NOON)]
    assert texts(tmp_path, rows, [note("2024-05-01T08:00:00.000Z", MAY_12)]) == {"3": MAY_12[:275]}


def test_a_link_has_another_short_form_in_the_note(tmp_path: Path) -> None:
    """X shortens a link anew for the note; the two are the same text all the same."""
    opening = "See https://t.co/{} for the tide tables. "
    rest = "High water at the north pier is an hour later than printed. " * 6
    url = {"shortUrl": "https://t.co/note", "expandedUrl": "https://tides.example"}
    rows = [tweet("3", opening.format("tweet") + rest[:230] + " https://t.co/self", created_at=NOON)]
    found = texts(tmp_path, rows, [note("2024-05-13T12:00:00.000Z", opening.format("note") + rest, urls=[url])])
    assert found == {"3": f"See https://tides.example for the tide tables. {rest}"}


def test_a_cut_tweet_in_japanese_has_half_as_many_characters(tmp_path: Path) -> None:
    """X counts two for each of them, so that 137 characters are a cut tweet."""
    whole = "港の朝の報告です。" * 30
    rows = [tweet("3", whole[:137] + "\u2026", created_at=NOON)]
    assert texts(tmp_path, rows, [note("2024-05-13T12:00:00.000Z", whole)]) == {"3": whole}
