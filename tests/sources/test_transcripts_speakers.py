"""Who speaks, where the words themselves say it: labels in captions and in text, and phrases that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from masa_rag.sources import Transcripts, open_source
from masa_rag.sources._transcripts.subtitles import parse_srt
from masa_rag.types import Document

Said = list[tuple[str | None, str]]


def spoken(*captions: str) -> Said:
    """Return (speaker, text) of each line of a SubRip file that has these captions, one a second."""
    cues = (f"{at}\n00:{at // 60:02}:{at % 60:02},000 --> 00:{at // 60:02}:{at % 60:02},900\n{caption}\n"
            for at, caption in enumerate(captions))  # fmt: skip
    return [(line.speaker, line.text) for line in parse_srt("\n".join(cues)).lines]


def read(folder: Path, text: str) -> Document:
    """Write a text and return the document that it becomes."""
    (folder / "talk.txt").write_text(text)
    document = next(iter(Transcripts(folder / "talk.txt")))
    assert isinstance(document, Document), document
    return document


def test_each_row_of_a_caption_goes_to_its_speaker() -> None:
    """Two people in one caption are two lines with its times; the label holds for rows and captions without one."""
    text = (
        "1\n00:00:01,000 --> 00:00:04,000\nJOHN: Are you ready?\nMARY: Not yet.\n\n"
        "2\n00:00:05,000 --> 00:00:07,000\nWait for me.\nJOHN: I do.\n"
    )
    found = [(line.speaker, line.start, line.end, line.text) for line in parse_srt(text).lines]
    assert found == [
        ("JOHN", 1.0, 4.0, "Are you ready?"),
        ("MARY", 1.0, 4.0, "Not yet."),
        ("MARY", 5.0, 7.0, "Wait for me."),
        ("JOHN", 5.0, 7.0, "I do."),
    ]


def test_a_label_may_stand_alone_in_its_row() -> None:
    """The name above, what is said below."""
    assert spoken("JOHN:\nAre you ready?", "MARY:\nNot yet.") == [("JOHN", "Are you ready?"), ("MARY", "Not yet.")]


def test_a_word_above_a_label_is_no_part_of_it() -> None:
    """Of a row without a label only the row below it, which has one, changes the speaker."""
    assert spoken("JOHN: Ready?", "MARY: Not yet.", "Wait.\nJOHN: I do.") == [
        ("JOHN", "Ready?"), ("MARY", "Not yet."), ("MARY", "Wait."), ("JOHN", "I do."),
    ]  # fmt: skip


def test_a_sentence_that_runs_on_into_the_next_row() -> None:
    """A word before a colon in the middle of a sentence is nobody, in a dialogue neither."""
    captions = ["Mia: Where?", "Ben: I had it in", "Ben: my hand in\nLisbon: it fell.", "Mia: Oh.", "No.", "Not again."]
    assert spoken(*captions)[2] == ("Ben", "my hand in Lisbon: it fell.")


def test_one_word_before_a_colon() -> None:
    """In a short talk as well, one such word names nobody."""
    assert spoken("Hello there.", "Hi: I am late.") == [(None, "Hello there."), (None, "Hi: I am late.")]


def test_dashes_leave_a_caption_whole() -> None:
    """Dashes tell that two people speak, not which."""
    assert spoken("- Are you ready?\n- Not yet.") == [(None, "- Are you ready? - Not yet.")]


TURNS = [("Jane", "Welcome."), ("Bob", "Thanks."), ("Jane", "What is new?"), ("Bob", "The buoy."), ("Jane", "Oh.")]


def test_turns_below_a_time_code(tmp_path: Path) -> None:
    """A block of several people is cut into turns, each of which lies within the block's time."""
    rows = "\n".join(f"{name}: {text}" for name, text in TURNS[:3])
    found = read(tmp_path, f"[00:00:00]\n{rows}\n\n[00:00:30]\n{rows}\n").segments
    assert [(line.author, line.text) for line in found] == [*TURNS[:3], *TURNS[:3]]
    assert [(line.start, line.end) for line in found] == [(0.0, 30.0)] * 3 + [(30.0, None)] * 3


@pytest.mark.parametrize("code", ["[00:{}]", "00:{}", "(00:{})", "[00:00:{}]", "00:00:{}", "**[00:{}]**"])
def test_time_codes_far_apart(tmp_path: Path, code: str) -> None:
    """Where many turns stand below a time code, it is that of the first; none of it was said."""
    rows = "\n".join(f"{name}: {text}" for name, text in TURNS)
    document = read(tmp_path, f"{code.format('00')}\n{rows}\n\n{code.format('30')}\n{rows}\n")
    assert [(line.author, line.text) for line in document.segments] == TURNS * 2
    assert {at: line.start for at, line in enumerate(document.segments) if line.start is not None} == {0: 0.0, 5: 30.0}


LECTURE = ["Welcome to the course.", "Today it is knots.", "", "The bowline is first.", "It never slips.", "",
           "Now the second.", "It is on every boat.", "Thank you all."]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Remember: keep the rope dry.", "Remember: practise at home."),
        ("Option A: you sail at night.", "Option B: you sail by day."),
        ("Stage One: you plan.", "Stage Two: you tie it."),
        ("Question: does it slip?", "Answer: it does not."),
        ("Lisbon: a city of knots.", "Lisbon: a city of ropes."),
        ("Monday: we rest.", "Tuesday: we sail."),
    ],
)
def test_phrases_are_nobody(one: str, other: str) -> None:
    """What a lecturer says before a colon names nobody, and stays in the text."""
    captions = [*LECTURE[:2], one, *LECTURE[3:5], other, *LECTURE[6:]]
    assert spoken(*captions) == [(None, caption) for caption in captions]


@pytest.mark.parametrize("phrase", ["Remember", "Option B", "Step 2", "Warning", "Paris"])
def test_a_phrase_within_a_dialogue(phrase: str) -> None:
    """Where speakers are in capitals, another word before a colon is what one of them says."""
    captions = ["JOHN: I have news.", "Hear me.", f"{phrase}: it is late.", "MARY: We know.", "Go on.", "JOHN: Good."]
    assert spoken(*captions) == [
        ("JOHN", "I have news."), ("JOHN", "Hear me."), ("JOHN", f"{phrase}: it is late."),
        ("MARY", "We know."), ("MARY", "Go on."), ("JOHN", "Good."),
    ]  # fmt: skip


@pytest.mark.parametrize("label", ["Guest {}", "Person {}", "Participant {}", "Speaker {}", "SPEAKER_{}", "Host {}"])
@pytest.mark.parametrize("number", ["AB", "12"])
def test_people_by_letter_or_number(label: str, number: str) -> None:
    """People whose names are not known have a letter or a number."""
    one, other = (label.format(sign) for sign in number)
    assert spoken(f"{one}: Are you ready?", "I am.", f"{other}: Not yet.", "Wait.") == [
        (one, "Are you ready?"), (one, "I am."), (other, "Not yet."), (other, "Wait."),
    ]  # fmt: skip


@pytest.mark.parametrize("names", [("Mia", "Ben"), ("Anna B", "Jonas K"), ("MIA ODE", "BEN ITO")])
def test_few_and_long_turns(names: tuple[str, str]) -> None:
    """An interview of 82 captions in which four have a name: it holds until the next."""
    long = [f"on the day before {at} it rained" for at in range(20)]
    one, other = names
    captions = [f"{one}: How?", *long, f"{other}: Well,", *long, f"{one}: And?", *long, f"{other}: Yes,", *long[2:]]
    speakers = [speaker for speaker, _ in spoken(*captions)]
    assert speakers == [one] * 21 + [other] * 21 + [one] * 21 + [other] * 19


def test_names_after_an_opening_without_one() -> None:
    """A jingle and a title without a name do no harm where two people go on to take turns."""
    jingle, long = ["[Music]", "This is Kites at Noon"], [f"on the day before {at} it rained" for at in range(9)]
    turns = [caption for name in ("Mia", "Ben") * 3 for caption in (f"{name}: Well,", *long)]
    speakers = [speaker for speaker, _ in spoken(*jingle, *turns)]
    assert speakers == [None] * 2 + (["Mia"] * 10 + ["Ben"] * 10) * 3


def test_captions_of_broadcasts() -> None:
    """``>>`` says that somebody else speaks: who is named, or nobody known; the turn before does not go on."""
    found = spoken(
        ">> ANNA: Is it on?", ">> BEN: It is.\n>> ANNA: Good.", ">> Then begin.", "We all wait.", "ANNA: Now."
    )
    assert found == [
        ("ANNA", "Is it on?"),
        ("BEN", "It is."),
        ("ANNA", "Good."),
        ("Unknown speaker", "Then begin."),
        ("Unknown speaker", "We all wait."),
        ("ANNA", "Now."),
    ]


def test_changes_of_speaker_without_any_name() -> None:
    """Where nobody is named the words stay as they are."""
    assert spoken(">> Is it on?", ">> It is.") == [(None, ">> Is it on?"), (None, ">> It is.")]


@pytest.mark.parametrize(
    ("one", "two", "colon"),
    [("张三", "李四", "："), ("أحمد", "سارة", ": "), ("דנה", "יואב", ": "), ("राम", "सीता", ": ")],
)
def test_names_in_scripts_without_capitals(tmp_path: Path, one: str, two: str, colon: str) -> None:
    """They are names where they are used as such; Chinese writes a wide colon and no blank."""
    lines = [f"{name}{colon}{number}" for number in "123" for name in (one, two)]
    expected = [(name, number) for number in "123" for name in (one, two)]
    assert [(line.author, line.text) for line in read(tmp_path, "\n".join(lines)).segments] == expected
    assert spoken(*lines) == expected


def test_records_are_no_dialogue(tmp_path: Path) -> None:
    """A list of addresses is a text: nobody called Phone says a number."""
    rows = "".join(f"Name: P{number}\nPhone: 55{number}\nEmail: p{number}@mill.example\n\n" for number in range(5))
    (tmp_path / "people.txt").write_text(rows)
    assert type(open_source(tmp_path / "people.txt")).__name__ == "Files"


@pytest.mark.parametrize("names", [("Sprecher 1", "Sprecher 2"), ("Intervenant 1", "Locuteur 2"), ("화자 1", "화자 2")])
def test_numbered_speakers_of_other_languages(tmp_path: Path, names: tuple[str, str]) -> None:
    """Recorders number the speakers in the language of their users."""
    text = "".join(f"{name}: It is mended now.\n" for name in names * 3)
    assert [line.author for line in read(tmp_path, text).segments] == [*names * 3]


def test_marks_of_direction_are_no_part_of_a_name(tmp_path: Path) -> None:
    """Hebrew and Arabic texts have them around names."""
    text = "".join(f"\u200f{name}\u200e: שלום לכולם\n" for name in ("דנה", "יוסי") * 3)
    assert [line.author for line in read(tmp_path, text).segments] == ["דנה", "יוסי"] * 3


def test_who_calls_in_and_who_has_a_picture(tmp_path: Path) -> None:
    """A number speaks as a name does; without it most captions had no label, and all went to the first who had one."""
    captions = ["Mia: Hello.", "+47****0100: It is me.", "🌊 Ada: Hi!", "15550100: And me.", "Mia: Good."]
    assert spoken(*captions) == [(name, text) for name, text in (caption.split(": ") for caption in captions)]


def test_columns_are_no_dialogue(tmp_path: Path) -> None:
    """Where three or more labels come in the same order again and again, they are the columns of a list."""
    text = "".join(f"Agenda: {item}\nOwner: Mara\nPlace: Skarholm\n\n" for item in ("Seals", "Buoys", "Salt"))
    (tmp_path / "plan.txt").write_text(text)
    assert not Transcripts.recognises(tmp_path / "plan.txt", text.encode())


def test_how_somebody_speaks_is_no_part_of_the_name(tmp_path: Path) -> None:
    """Mara laughing is Mara, and that she laughs is kept with her words; where somebody is from belongs to the name."""
    text = (
        "Mara: May.\nJonas (Skarholm): March.\nMara (laughing): No.\nJonas (Skarholm): Yes.\nMARA (CONT'D): No.\n" * 2
    )
    found = [(line.author, line.text) for line in read(tmp_path, text).segments][:5]
    assert found == [
        ("Mara", "May."), ("Jonas (Skarholm)", "March."), ("Mara", "(laughing) No."), ("Jonas (Skarholm)", "Yes."),
        ("MARA", "(CONT'D) No."),
    ]  # fmt: skip


def test_dashes_in_a_dialogue() -> None:
    """Each row is somebody's, of those named or not; neither is words of the last who was named."""
    found = spoken("MARA: Where is it?", "- On the pier.\n- Oh.", "- JONAS: It broke.\n- MARA: When?", "JONAS: In May.")
    assert found == [
        ("MARA", "Where is it?"), ("Unknown speaker", "- On the pier."), ("Unknown speaker", "- Oh."),
        ("JONAS", "It broke."), ("MARA", "When?"), ("JONAS", "In May."),
    ]  # fmt: skip


def test_brackets_behind_a_name() -> None:
    """Who is on the phone or from somewhere is no other person's words."""
    found = spoken("Mara: Where?", "Jonas [on phone]: There.", "Mara: When?", "Ada [Mill]: Now.", "Ada [Mill]: Yes.")
    assert found == [
        ("Mara", "Where?"), ("Jonas", "[on phone] There."), ("Mara", "When?"), ("Ada [Mill]", "Now."),
        ("Ada [Mill]", "Yes."),
    ]  # fmt: skip


def test_a_mark_of_change_at_the_end_of_a_caption() -> None:
    """Live captions break behind ``>>``: nobody says nothing, and what comes next is not the last speaker's."""
    found = spoken("MARA: Good night.\n>>", "Good night.", "MARA: Bye.\n>>", "JONAS: Bye.")
    assert found == [("MARA", "Good night."), ("Unknown speaker", "Good night."), ("MARA", "Bye."), ("JONAS", "Bye.")]
