"""Names and words that transcripts write in their own way: lower case, with a company, in scripts without blanks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from masa_rag.sources import Transcripts, open_source
from masa_rag.types import Document

ONE, TWO, THREE, FOUR = (
    "The pump failed again last night.",
    "Then order a new seal, please.",
    "The workshop opens at eight tomorrow.",
    "Good, I will call them then.",
)


def recognised(folder: Path, name: str, text: str) -> Document:
    """Write a file, let the library find out what it is, and return its first document."""
    (folder / name).write_text(text, newline="")
    source = open_source(folder / name)
    assert isinstance(source, Transcripts), text
    document = next(iter(source))
    assert isinstance(document, Document), document
    return document


@pytest.mark.parametrize("form", ["{} (00:{:02}): {}\n\n", "{} (00:{:02}.500)\n{}\n\n", "**{}** [00:{:02}] {}\n\n"])
def test_who_works_for_whom_stands_behind_the_name(tmp_path: Path, form: str) -> None:
    """A turn of somebody with a company in brackets is not added to the turn before it."""
    turns = (("Mara Holm", 1, ONE), ("Ada Park (Salt & Signal)", 5, TWO), ("Mara Holm", 9, THREE))
    document = recognised(tmp_path, "talk.txt", "".join(form.format(*turn) for turn in turns))
    assert [(line.author, int(line.start or 0), line.text) for line in document.segments] == [*turns]


@pytest.mark.parametrize("form", ["{} (00:00:{:02} - 00:00:{:02}): {}\n\n", "{} [00:{:02} --> 00:{:02}]\n{}\n\n"])
def test_ranges_behind_names(tmp_path: Path, form: str) -> None:
    """From when to when somebody speaks may stand behind the name."""
    turns = (("Mara", 1, 3, ONE), ("Jonas", 5, 8, TWO), ("Mara", 9, 12, THREE))
    document = recognised(tmp_path, "talk.txt", "".join(form.format(*turn) for turn in turns))
    assert [(line.author, line.start, line.end, line.text) for line in document.segments] == [*turns]


@pytest.mark.parametrize("form", ["0:{1:02} | {0}\n{2}\n\n", "{0}\n00:{1:02}\n{2}\n\n", "[00:00:{1:02}]\n{0}\n{2}\n\n"])
def test_names_in_lower_case_above_the_words(tmp_path: Path, form: str) -> None:
    """Some call themselves "stokes": what stands above the words at every turn is no word of theirs."""
    turns = [
        (("stokes", "Ada Park", "bo")[at % 3], 3 * at, text) for at, text in enumerate([ONE, TWO, THREE, FOUR] * 3)
    ]
    document = recognised(tmp_path, "talk.txt", "".join(form.format(*turn) for turn in turns))
    assert [(line.author, line.start, line.text) for line in document.segments] == turns


def test_words_without_blanks_below_bare_times(tmp_path: Path) -> None:
    """A transcript that is copied from YouTube is one in Japanese too: its words are counted, not its blanks."""
    said = ("今日は海のブイの話をします。", "塩水が電池に入りました。", "それはいつの事ですか。", "去年の冬の事です。")
    document = recognised(tmp_path, "talk.txt", "".join(f"0:{4 * at:02}\n{text}\n" for at, text in enumerate(said)))
    assert [(line.start, line.text) for line in document.segments] == [(4.0 * at, text) for at, text in enumerate(said)]


def test_sentences_without_blanks_are_no_single_words(tmp_path: Path) -> None:
    """Each line that Whisper heard in Japanese keeps its time, as in any language."""
    said = ("今日は海のブイの話をします", "塩水が電池に入りました", "それはいつの事ですか", "去年の冬の事です")
    rows = [{"start": 4.0 * at, "end": 4.0 * at + 4, "text": text} for at, text in enumerate(said)]
    document = recognised(tmp_path, "talk.json", json.dumps({"segments": rows}))
    assert [(line.start, line.text) for line in document.segments] == [(4.0 * at, text) for at, text in enumerate(said)]


def test_a_last_line_without_an_end(tmp_path: Path) -> None:
    """Two turns are two turns where no newline stands behind the second."""
    document = recognised(tmp_path, "talk.txt", f"Mara (00:01): {ONE}\nJonas (00:05): {TWO}")
    assert [(line.author, line.start, line.text) for line in document.segments] == [
        ("Mara", 1.0, ONE), ("Jonas", 5.0, TWO),
    ]  # fmt: skip
