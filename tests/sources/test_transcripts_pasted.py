"""Transcripts copied from the pages of programs, with what those note beside what was said."""

from __future__ import annotations

from pathlib import Path

import pytest

from masa_rag.sources import Transcripts, open_source
from masa_rag.types import Document

TEAMS = """Weekly call
AI-generated content may be incorrect

Jonas Berg
started transcription

MH

Mara Holm
{m0} 3 {s}0:03
Mara Holm {m0} 3 {s}
The pump failed again last night.
Mara Holm {m0} 24 {s}
I was there for 5 minutes

+47 555-***-1234
{m1} 9 {s}1:09
+47 555-***-1234 {m1} 9 {s}
OK

Mara Holm
{h1} {m0} 15 {s}1:00:15
Mara Holm {h1} {m0} 15 {s}
Then order a new seal.
Jonas Berg
stopped transcription
"""


def read(folder: Path, text: str) -> list[Document]:
    """Write a file, let the library find out what it is, and return its documents."""
    (folder / "talk.txt").write_text(text)
    source = open_source(folder / "talk.txt")
    assert isinstance(source, Transcripts), text
    return [document for document in source if isinstance(document, Document)]


@pytest.mark.parametrize(
    "units",
    [
        {"h1": "1 hour", "m0": "0 minutes", "m1": "1 minute", "s": "seconds"},
        {"h1": "1 Stunde", "m0": "0 Minuten", "m1": "1 Minute", "s": "Sekunden"},
    ],
)
def test_page_of_teams(tmp_path: Path, units: dict[str, str]) -> None:
    """What is copied from the page of Teams has each turn once, without the head that stands above it."""
    talk, preface = read(tmp_path, TEAMS.format(**units))
    assert [(line.author, line.start, line.text) for line in talk.segments] == [
        ("Mara Holm", 3.0, "The pump failed again last night."),
        ("Mara Holm", 24.0, "I was there for 5 minutes"),
        ("+47 555-***-1234", 69.0, "OK"),
        ("Mara Holm", 3615.0, "Then order a new seal."),
    ]
    assert preface.text == "Weekly call\nAI-generated content may be incorrect"


def test_page_of_youtube(tmp_path: Path) -> None:
    """The time that YouTube's page has a second time, in words, was not said."""
    (talk,) = read(
        tmp_path,
        "0:00\n0 seconds\nthe pump failed again last night\n0:03\n3 seconds\n4 seconds later it ran again\n"
        "0:09\n9 seconds\nnobody knows why it did so\n1:02\n1 minute, 2 seconds\n"
        "so we order a new seal and look after it in the morning when the workshop opens\n",
    )
    assert [(line.start, line.text) for line in talk.segments][1:3] == [
        (3.0, "4 seconds later it ran again"),
        (9.0, "nobody knows why it did so"),
    ]
    assert talk.segments[3].text.startswith("so we order")


def test_notes_of_fathom(tmp_path: Path) -> None:
    """Tasks that Fathom notes amid the words are found beside what was said, not as somebody's words."""
    link = "https://fathom.video/share/x1?timestamp=12.9"
    talk, notes = read(
        tmp_path,
        "Weekly - May 14\n\n---\n\n0:00 - Mara Holm\n  The pump failed again last night.\n"
        f"  SCREEN SHARING: Mara started screen sharing - WATCH: {link}\n\n"
        f"0:09 - Jonas Berg\n  Then order a new seal.\n  ACTION ITEM: Order a seal - WATCH: {link}  And a pump.\n\n"
        "0:14 - Mara Holm\n  Good.\n\n0:16 - Jonas Berg\n  I will call them tomorrow.\n",
    )
    assert [(line.author, line.text) for line in talk.segments][:2] == [
        ("Mara Holm", "The pump failed again last night."),
        ("Jonas Berg", "Then order a new seal. And a pump."),
    ]
    assert notes.text.splitlines()[-1] == f"ACTION ITEM: Order a seal - WATCH: {link}"
