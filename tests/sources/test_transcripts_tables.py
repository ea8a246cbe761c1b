"""Tables of what was said in a meeting or a chat, as programs and people save them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from masa_rag.sources import Files, Transcripts, open_source
from masa_rag.types import Document

PLACES = {
    "clock": 'timestamp,speaker,text\n00:00:01,Mara,The seal broke.\n00:00:05,Jonas,"When, exactly?"\n',
    "seconds": "Speaker;Start;End;Transcript\nMara;1.0;4.5;The seal broke.\nJonas;5;6;When, exactly?\n",
    "Fireflies": "Sentence,Speaker name,Start time,End time\n"
    'The seal broke.,Mara,00:01,00:04\n"When, exactly?",Jonas,00:05,00:06\n',
    "milliseconds": "start\tend\tspeaker\ttext\n1000\t4500\tMara\tThe seal broke.\n5000\t6000\tJonas\tWhen, exactly?\n",
    "Premiere": "Speaker Name,Start Time,End Time,Text\n"
    'Mara,00:00:01:05,00:00:04:00,The seal broke.\nJonas,00:00:05;00,00:00:06;00,"When, exactly?"\n',
    "decimal commas": "Start (s);End (s);Speaker;Text\n1,0;4,5;Mara;The seal broke.\n5,0;6,25;Jonas;When, exactly?\n",
    "no times": "speaker\ttext\nMara\tThe seal broke.\nJonas\tWhen, exactly?\n",
    "hours of a day": 'time,user,message\n10:15:01,Mara,The seal broke.\n10:15:05,Jonas,"When, exactly?"\n',
}


def recognised(folder: Path, text: str) -> Document:
    """Write a table, let the library find out what it is, and return its one document."""
    (folder / "call.csv").write_text(text)
    source = open_source(folder / "call.csv")
    assert isinstance(source, Transcripts)
    (document,) = source
    assert isinstance(document, Document)
    return document


@pytest.mark.parametrize("form", PLACES)
def test_a_table_of_speech(tmp_path: Path, form: str) -> None:
    """A row is a line with its speaker; times near zero are places in a recording, others are none."""
    document = recognised(tmp_path, PLACES[form])
    assert document.kind == "speech"
    assert [(line.author, line.text) for line in document.segments] == [
        ("Mara", "The seal broke."),
        ("Jonas", "When, exactly?"),
    ]
    timed = form not in ("no times", "hours of a day")
    assert [line.start for line in document.segments] == ([1.0, 5.0] if timed else [None, None])


@pytest.mark.parametrize(
    "text",
    [
        "timestamp,speaker,text\n2024-05-13 20:00:00,Mara,We sail.\n2024-05-13 20:01:00,Jonas,When?\n",
        "date;sender;message\n5/13/2024 8:00 PM;Mara;We sail.\n5/13/2024 8:01 PM;Jonas;When?\n",
        "Date,Time,Author,Message\r13/05/2024,20:00,Mara,We sail.\r13/05/2024,20:01,Jonas,When?\r",
        "CONVERSATION ID,FROM,TO,DATE,SUBJECT,CONTENT\n1,Mara,Jonas,2024-05-13 20:00:00 UTC,,We sail.\n"
        "1,Jonas,Mara,2024-05-13 20:01:00 UTC,,When?\n",
        "from,date,message\nMara,1715630400,We sail.\nJonas,1715630460,When?\n",
    ],
)
def test_a_table_of_messages(tmp_path: Path, text: str) -> None:
    """With days for times it is a conversation, each message with its own."""
    document = recognised(tmp_path, text)
    assert document.kind == "conversation"
    assert [(item.author, item.text, item.created_at) for item in document.segments] == [
        ("Mara", "We sail.", datetime(2024, 5, 13, 20, 0, tzinfo=UTC)),
        ("Jonas", "When?", datetime(2024, 5, 13, 20, 1, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "date,user,text\n2024-05-13,Mara,Anything.\n",
        "speaker,text\n",
        "date,sender,message\nlast May,Mara,We sail.\n",
        '"A speech, with a text" and no end of it, speaker,text' + ",words" * 40_000,
    ],
)
def test_other_tables_are_none(tmp_path: Path, text: str) -> None:
    """Who wrote what in which column must be sure, and the times must be readable."""
    (tmp_path / "t.csv").write_text(text)
    with pytest.warns(UserWarning, match="read as plain text"):
        assert isinstance(open_source(tmp_path / "t.csv"), Files)


@pytest.mark.parametrize("end", ["\r", "\n"])
def test_a_transcript_of_other_lines_is_no_damaged_table(tmp_path: Path, end: str) -> None:
    """Old line ends, and a first line longer than a cell of a table may be, are no reason to refuse it."""
    text = end.join(["word " * 40_000, "[00:00:01] Mara: We sail.", "[00:00:05] Jonas: When?", ""])
    (tmp_path / "talk.txt").write_bytes(text.encode())
    document = next(iter(Transcripts(tmp_path / "talk.txt")))
    assert isinstance(document, Document)
    assert [line.author for line in document.segments] == ["Mara", "Jonas"]


@pytest.mark.parametrize(
    "rows", ["start,end,text\n0,2500,{}\n3000,4000,{}\n", "Start;End;Text\n0.0;2.5;{}\n3.0;4.0;{}\n"]
)
def test_lines_from_when_to_when_need_no_speaker(tmp_path: Path, rows: str) -> None:
    """whisper.cpp writes a table of milliseconds, other programs of seconds."""
    said = ("The seal broke last night.", "When did it break exactly?")
    document = recognised(tmp_path, rows.format(*said))
    assert [(line.author, line.start, line.end, line.text) for line in document.segments] == [
        (None, 0.0, 2.5, said[0]), (None, 3.0, 4.0, said[1]),
    ]  # fmt: skip


def test_spans_of_a_text_are_no_lines(tmp_path: Path) -> None:
    """Where each row says what stands at which letters of another text, nobody speaks."""
    rows = b"text,start,end,label\nMara,17,21,PERSON\nSkarholm,3,11,PLACE\n"
    assert not Transcripts.recognises(tmp_path / "spans.csv", rows)


def test_a_cell_without_a_name_and_times_that_run_backwards(tmp_path: Path) -> None:
    """An empty cell names nobody, and no line ends before it begins."""
    rows = "timestamp,speaker,text\n00:00:09,Mara,The seal broke last night.\n00:00:05,,When did it break exactly?\n"
    document = recognised(tmp_path, rows)
    assert [(line.author, line.start, line.end) for line in document.segments] == [
        ("Mara", 9.0, None),
        (None, 5.0, None),
    ]
