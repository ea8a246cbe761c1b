"""Transcripts without times in which names stand alone above the words, or a heading stands above all."""

from __future__ import annotations

from pathlib import Path

import pytest

from masa_rag.sources import Transcripts, open_source
from masa_rag.types import Document

SAID = [
    ("Mara Holm", "The pump failed again last night."),
    ("Jonas Berg", "Yes"),
    ("Mara Holm", "Then order a new seal, please."),
    ("Jonas Berg", "The workshop opens at eight."),
    ("Mara Holm", "Good."),
    ("Ada Park", "I will call them then."),
    ("Jonas Berg", "Tell them that it is the old pump: they know it."),
    ("Mara Holm", "See you."),
    ("Jonas Berg", "Bye."),
]


def read(folder: Path, text: str) -> list[Document]:
    """Write a file, let the library find out what it is, and return its documents."""
    (folder / "talk.txt").write_text(text)
    source = open_source(folder / "talk.txt")
    assert isinstance(source, Transcripts), text
    return [document for document in source if isinstance(document, Document)]


def lines(document: Document) -> list[tuple[str | None, str]]:
    """Return who says what."""
    return [(line.author, line.text) for line in document.segments]


def test_names_above_a_colon(tmp_path: Path) -> None:
    """A name with a colon, alone above the words, says who speaks."""
    (talk,) = read(tmp_path, "".join(f"{name}:\n{text}\n\n" for name, text in SAID if name != "Ada Park"))
    assert lines(talk) == [turn for turn in SAID if turn[0] != "Ada Park"]


def test_otter_without_times(tmp_path: Path) -> None:
    """Otter.ai writes bare names above the words when it is told to leave the times out."""
    head = "Weekly Sync\nMon, Apr 22, 2024\n\nSPEAKERS\nMara Holm, Jonas Berg, Ada Park\n\n"
    turns = "".join(f"{name}\n{text}\n\n" for name, text in SAID)
    talk, preface = read(tmp_path, f"{head}{turns}Transcribed by https://otter.ai\n")
    assert lines(talk) == SAID
    assert preface.text == head.strip()


@pytest.mark.parametrize(
    "form",
    ["SPEAKER: S{number}\n{text}\n\n", "Speaker {number}\n{text}\n\n", "[Speaker {number}]\n{text}\n\n"],
)
def test_numbers_above_the_words(tmp_path: Path, form: str) -> None:
    """Speechmatics, recorders and Otter.ai write numbers where they know no names."""
    turns = [(1, "The pump failed again."), (2, "Yes"), (1, "Then order a new seal.")]
    (talk,) = read(tmp_path, "".join(form.format(number=number, text=text) for number, text in turns))
    assert [(author and author[-1], text) for author, text in lines(talk)] == [(str(n), text) for n, text in turns]


@pytest.mark.parametrize("many", [8, 40])
def test_headings_do_not_speak(tmp_path: Path, many: int) -> None:
    """What Granola and others write above a talk is its preface, however long that is."""
    head = (
        "Meeting Title: Weekly Sync\nDate: May 14\nRecording Date: May 14\nSpeakers: Me, Them\n"
        "Meeting participants: Ada Park\n\nTranscript:"
    )
    turns = [(("Them", "Me")[number % 2], f"The pump ran {number} hours.") for number in range(many)]
    talk, preface = read(tmp_path, head + "\n \n" + "".join(f"{name}: {text}  \n" for name, text in turns))
    assert lines(talk) == turns
    assert preface.text == head


def test_fields_are_no_dialogue(tmp_path: Path) -> None:
    """Two labels that stand beside a third, which names nobody, are fields of a list."""
    text = "".join(f"Title: {item}\nOwner: Mara\nPlace: Skarholm\n\n" for item in ("Seals", "Buoys", "Salt"))
    (tmp_path / "plan.txt").write_text(text)
    assert not Transcripts.recognises(tmp_path / "plan.txt", text.encode())


def test_what_is_played_speaks(tmp_path: Path) -> None:
    """Words of a video that is shown are not those of who spoke before it."""
    turns = [*SAID[:5], ("Video", "The sea is high tonight."), *SAID[6:]]
    (talk,) = read(tmp_path, "".join(f"{name}: {text}\n" for name, text in turns))
    assert lines(talk) == turns
