"""Names, words and times that transcripts write in their own way: in lower case, with a company, behind a dash."""

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


@pytest.mark.parametrize("form", ["{}  00:{:02}\n{}\n\n", "{} (00:{:02}):\n{}\n\n", "**{}** - 00:{:02}\n{}\n\n"])
@pytest.mark.parametrize("other", ["+47 (55) 010-***-12", "🌊 Ada", "Ada [Host]"])
def test_callers_and_names_with_signs_head_turns(tmp_path: Path, form: str, other: str) -> None:
    """What somebody says whose name is a number, or has a sign or brackets, is not another's."""
    turns = (("Mara Holm", 1, ONE), (other, 5, TWO), ("Mara Holm", 9, THREE), (other, 12, FOUR))
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


def test_a_name_that_comes_once_is_one_where_each_row_is_a_turn(tmp_path: Path) -> None:
    """Who speaks once is not quoted as the words of who spoke before."""
    turns = [("Mara", ONE), ("Jonas", TWO)] * 4 + [("Ines Aalto", THREE), ("Mara", FOUR)]
    document = recognised(tmp_path, "talk.txt", "".join(f"{name}: {text}\n\n" for name, text in turns))
    assert [(line.author, line.text) for line in document.segments] == turns


def test_what_google_meet_writes_below_was_not_said(tmp_path: Path) -> None:
    """Its footer is none of the last speaker's words in Markdown either."""
    turns = [("Mara Holm", ONE), ("Jonas Berg", TWO)] * 3
    rows = "".join(f"**{name}:** {text}  \n" for name, text in turns)
    footer = (
        "### Meeting ended after 00:31:07 👋\n\n*This editable transcript was computer generated and might contain "
        "errors. People can also change the text after it was created.*\n"
    )
    document = recognised(tmp_path, "call.md", f"# Weekly - Transcript\n\n### 00:00:00\n\n{rows}\n{footer}")
    assert [(line.author, line.text) for line in document.segments] == turns


def test_times_behind_the_turns(tmp_path: Path) -> None:
    """f4 and MAXQDA write the time at which a paragraph ends behind it; it is none of the words."""
    turns = [("I", ONE, 3.5), ("B", TWO, 8.1), ("I", THREE, 12.0)] * 2
    turns = [(name, text, end + 20 * (at // 3)) for at, (name, text, end) in enumerate(turns)]
    rows = [f"{name}: {text} #00:00:{int(end):02}-{round(end % 1 * 10)}#\n" for name, text, end in turns]
    document = recognised(tmp_path, "interview.txt", "".join(rows))
    starts = [0.0, *(end for _, _, end in turns)]
    assert [(line.author, line.text, line.start, line.end) for line in document.segments] == [
        (f"Speaker {name}", text, start, end) for (name, text, end), start in zip(turns, starts, strict=False)
    ]


def test_labels_of_audacity(tmp_path: Path) -> None:
    """Seconds, seconds and text, as labels are exported; a line of what is shown is none."""
    text = f"0.000000\t2.500000\t{ONE}\n\\\t120.0\t900.0\n3.250000\t4.000000\t{TWO}\n"
    document = recognised(tmp_path, "labels.txt", text)
    assert [(line.start, line.end, line.text) for line in document.segments] == [(0.0, 2.5, ONE), (3.25, 4.0, TWO)]


def test_numbers_and_a_name_are_no_labels(tmp_path: Path) -> None:
    """What is measured has no order of times."""
    (tmp_path / "flowers.tsv").write_text("5.1\t9.5\tsetosa\n4.9\t8.0\tsetosa\n4.7\t7.2\tvirginica\n")
    assert not Transcripts.recognises(tmp_path / "flowers.tsv", (tmp_path / "flowers.tsv").read_bytes())


def test_names_in_brackets_behind_a_dash(tmp_path: Path) -> None:
    """Captions that typists made have ``- [Narrator]`` where somebody begins; a sound is no name."""
    said = ("- [Narrator] It was cold.", "Nobody slept.", "- [Mara] I heard the pump.", "- [Applause] It stopped.",
            "- [Narrator] Then came the day.")  # fmt: skip
    rows = [f"{at}\n00:00:0{at},000 --> 00:00:0{at},900\n{text}\n\n" for at, text in enumerate(said, 1)]
    document = recognised(tmp_path, "film.srt", "".join(rows))
    assert [(line.author, line.text) for line in document.segments] == [
        ("Narrator", "It was cold."), ("Narrator", "Nobody slept."), ("Mara", "I heard the pump."),
        ("Mara", "- [Applause] It stopped."), ("Narrator", "Then came the day."),
    ]  # fmt: skip


def test_what_is_said_in_brackets_in_timed_text(tmp_path: Path) -> None:
    """YouTube's own form has words in pointed brackets that are no markup; markup is no word."""
    rows = "<p t='0'>use a List&lt;String&gt; here</p><p t='1000'>if a&lt;b, then &lt;i&gt;stop&lt;/i&gt;</p>"
    document = recognised(tmp_path, "talk.xml", f"<timedtext format='3'><body>{rows}</body></timedtext>")
    assert [line.text for line in document.segments] == ["use a List<String> here", "if a<b, then stop"]


def test_a_line_with_its_length_ends_where_it_says(tmp_path: Path) -> None:
    """Captions that youtube-transcript-api gives end after their length, not when the next begins."""
    rows = [{"text": ONE, "start": 1.0, "duration": 2.5}, {"text": TWO, "start": 30.0, "duration": 2.0}]
    document = recognised(tmp_path, "talk.json", json.dumps(rows))
    assert [(line.start, line.end) for line in document.segments] == [(1.0, 3.5), (30.0, 32.0)]


@pytest.mark.parametrize(
    "form", ["{} · 0:{:02}\n{}\n\n", "### {} 0:{:02}\n{}\n\n", "00:00:{1:02}\t00:01:00\t{0}\t{2}\n"]
)
def test_names_beside_times(tmp_path: Path, form: str) -> None:
    """A point between name and time, a heading of Markdown, and a table without a head have both."""
    turns = [("Mara Holm", 0, ONE), ("Jonas Berg", 4, TWO), ("Mara Holm", 8, THREE), ("Jonas Berg", 12, FOUR)]
    document = recognised(tmp_path, "talk.txt", "".join(form.format(*turn) for turn in turns))
    assert [(line.author, line.start, line.text) for line in document.segments] == turns


def test_turns_of_several_lines(tmp_path: Path) -> None:
    """A transcript whose lines are broken after some words has its names before paragraphs."""
    turns = [("MARA", ONE), ("JONAS BERG", TWO)] * 3 + [("INES", THREE), ("MARA", FOUR)] * 2
    rows = [f"{name}: {text.replace(' ', chr(10), 3)}\n\n" for name, text in turns]
    document = recognised(tmp_path, "talk.txt", "".join(rows))
    assert [(line.author, line.text) for line in document.segments] == turns


def test_records_of_several_lines_are_no_turns(tmp_path: Path) -> None:
    """Paragraphs of fields, as files about licences have them, are said by nobody."""
    rows = "".join(f"Files: src/{at}\nCopyright: 20{at} Mara\n and others\nLicense: MIT\n\n" for at in range(12, 24))
    assert not Transcripts.recognises(tmp_path / "copyright", rows.encode())


def test_numbered_speakers_above_the_words(tmp_path: Path) -> None:
    """``Speaker 1:`` may stand above what is said."""
    turns = [("Speaker 1", ONE), ("Speaker 2", TWO), ("Speaker 1", THREE)]
    document = recognised(tmp_path, "talk.txt", "".join(f"{name}:\r\n{text}\r\n\r\n" for name, text in turns))
    assert [(line.author, line.text) for line in document.segments] == turns


def test_fields_of_records_are_no_speakers(tmp_path: Path) -> None:
    """ "Speaker" and "Text" before colons are what the lines are called."""
    rows = "".join(f"Speaker: Mara\nText: {text}\n\n" for text in (ONE, TWO, THREE, FOUR))
    assert not Transcripts.recognises(tmp_path / "talk.txt", rows.encode())


@pytest.mark.parametrize("form", ["[00:00:{1:02}] [{0}] {2}\n", "0:{1:02} ({0}) {2}\n"])
def test_names_in_brackets_at_each_line(tmp_path: Path, form: str) -> None:
    """Where nearly each line begins with a name in brackets, it is who speaks."""
    turns = [("Mara Holm", 0, ONE), ("Jonas", 4, TWO), ("Mara Holm", 8, THREE), ("Jonas", 12, FOUR)]
    document = recognised(tmp_path, "talk.txt", "".join(form.format(*turn) for turn in turns))
    assert [(line.author, line.start, line.text) for line in document.segments] == turns


def test_a_caption_without_an_end(tmp_path: Path) -> None:
    """Number and time of a caption of SubRip are no words where its end is missing; it ends when the next begins."""
    times = ("00:00:01,000 --> 00:00:04,000", "00:00:05,000 -->", "00:00:07,000 --> 00:00:09,000")
    rows = [
        f"{at}\n{time}\n{text}\n\n" for at, (time, text) in enumerate(zip(times, (ONE, TWO, THREE), strict=True), 1)
    ]
    document = recognised(tmp_path, "talk.srt", "".join(rows))
    assert [(line.start, line.end, line.text) for line in document.segments] == [
        (1.0, 4.0, ONE), (5.0, 7.0, TWO), (7.0, 9.0, THREE),
    ]  # fmt: skip
