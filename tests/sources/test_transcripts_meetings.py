"""Transcripts and chats as meeting programmes, players and users write them down as text."""

from __future__ import annotations

from datetime import UTC, datetime
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
SAID = ((0, "Jonas Berg", ONE), (4, "Mara Holm", TWO), (8, "Jonas Berg", THREE), (12, "Mara Holm", FOUR))


def recognised(folder: Path, name: str, text: str) -> Document:
    """Write a file, let the library find out what it is, and return its first document."""
    (folder / name).write_text(text)
    source = open_source(folder / name)
    assert isinstance(source, Transcripts), text
    document = next(iter(source))
    assert isinstance(document, Document), document
    return document


FORMS = {
    "bare time codes": "{clock} {name}: {text}\n",
    "Fathom": "{short} - {name}\n  {text}\n\n",
    "Fireflies": "{minutes}\n{name}\n{text}\n\n",
    "Teams, copied": "{name}\n{short}\n{text}\n\n",
    "Teams, older": "0:0:{at}.0 --> 0:0:{at}.900\n{name}\n{text}\n\n",
    "name above": "{name}\n[{clock}]\n{text}\n\n",
    "an arrow and the words": "{clock}.000 --> {clock}.900 {name}: {text}\n",
    "Happy Scribe": "[{clock}.00] - {name}\n{text}\n\n",
    "Rev, older": "{name}: ({minutes})\n{text}\n\n",
    "Sonix": "{name} {clock}\n{text}\n\n",
    "Notta": "{name} {minutes}\n{text}\n\n",
    "Teams, as Markdown": "**{name}** 0:{at:02}\\\n{text}\n\n",
    "a dash": "{name} - {minutes}\n{text}\n\n",
    "Gong": "{minutes} | {name}\n{text}\n\n",
    "a long dash": "{name} – {clock}\n{text}\n\n",
    "full-width brackets": "{name}（{minutes}）：{text}\n\n",
    "heading": "## {name} ({minutes})\n{text}\n\n",
    "Premiere": "00;00;{at:02};12 - 00;00;{at:02};24\n{name}\n{text}\n\n",
    "frames": "[{clock}:12] {name}: {text}\n",
    "table": "{clock}\t{name}\t{text}\n",
    "links": "[{clock}](https://youtu.be/a1-_efghijk?t={at}) {name}: {text}\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_names_and_times_in_text(tmp_path: Path, form: str) -> None:
    """Each form gives who says what at which second."""
    rows = [
        FORMS[form].format(
            at=at, clock=f"00:00:{at:02}", short=f"0:{at:02}", minutes=f"00:{at:02}", name=name, text=text
        )
        for at, name, text in SAID
    ]
    document = recognised(tmp_path, "talk.txt", "".join(rows))
    assert [(line.start, line.author, line.text) for line in document.segments] == list(SAID)


@pytest.mark.parametrize(
    ("form", "hour"),
    [
        ("{clock} - {name}\n  {text}\n\n", "5:38"),
        ("{clock} {name}\n{text}\n\n", "5:38"),
        ("{clock}\n{name}\n{text}\n\n", "5:38 it was."),
    ],
)
def test_what_is_said_may_begin_with_a_time(tmp_path: Path, form: str, hour: str) -> None:
    """An hour of the day at the beginning of what somebody says is said, by that one."""
    turns = [*SAID, *((at + 16, name, text) for at, name, text in SAID)]
    turns[1], turns[6] = (4, "Mara Holm", f"5:34 is fine. {TWO}"), (24, "Jonas Berg", hour)
    rows = [form.format(clock=f"0:{at:02}", name=name, text=text) for at, name, text in turns]
    document = recognised(tmp_path, "talk.txt", "".join(rows))
    assert [(line.start, line.author, line.text) for line in document.segments] == turns


def test_a_sentence_with_a_time_is_no_speaker(tmp_path: Path) -> None:
    """Typists write down where they are in the middle of a turn, too."""
    text = f"Ada (00:02):\n{ONE}\nIt ran for an hour or so, [00:05] then it stopped.\n\nBen (00:09):\n{TWO}\n"
    document = recognised(tmp_path, "talk.txt", text)
    assert [(line.start, line.author, line.text) for line in document.segments] == [
        (2.0, "Ada", f"{ONE} It ran for an hour or so, [00:05] then it stopped."), (9.0, "Ben", TWO),
    ]  # fmt: skip


def test_what_teams_notes_was_not_said(tmp_path: Path) -> None:
    """Who began and who stopped to record is no word of the last speaker."""
    turns = "".join(f"{name}   0:{at:02}\n{text}\n\n" for at, name, text in SAID)
    text = f"Pumps\n\nMara Holm started transcription\n\n{turns}Mara Holm stopped transcription\n"
    assert [line.text for line in recognised(tmp_path, "talk.txt", text).segments] == [text for _, _, text in SAID]


def test_captions_copied_from_a_player(tmp_path: Path) -> None:
    """A time on a line of its own stands above what is said then."""
    document = recognised(tmp_path, "talk.txt", "".join(f"0:{at:02}\n{text}\n" for at, _, text in SAID))
    assert [(line.start, line.text) for line in document.segments] == [(at, text) for at, _, text in SAID]


@pytest.mark.parametrize("form", ["{:.2f}s -> {:.2f}s", "{:.1f} - {:.2f}", "{:.3f} --> {:.3f}"])
def test_printed_segments_of_faster_whisper(tmp_path: Path, form: str) -> None:
    """``[0.00s -> 3.50s]`` holds both times in seconds, as programs print them in several ways."""
    document = recognised(tmp_path, "talk.txt", f"[{form.format(0, 3.5)}] {ONE}\n[{form.format(4, 7.25)}] {TWO}\n")
    assert [(line.start, line.end, line.text) for line in document.segments] == [(0.0, 3.5, ONE), (4.0, 7.25, TWO)]


def test_table_of_whisper(tmp_path: Path) -> None:
    """Whisper's .tsv counts milliseconds."""
    document = recognised(tmp_path, "talk.tsv", f"start\tend\ttext\n0\t3500\t{ONE}\n4000\t7250\t{TWO}\n")
    assert [(line.start, line.end, line.text) for line in document.segments] == [(0.0, 3.5, ONE), (4.0, 7.25, TWO)]


def test_subrip_without_numbers(tmp_path: Path) -> None:
    """Some programs leave the numbers of the captions out."""
    rows = f"00:00:00,000 --> 00:00:03,500\n{ONE}\n\n00:00:04,000 --> 00:00:07,250\n{TWO}\n"
    document = recognised(tmp_path, "talk.srt", rows)
    assert [(line.start, line.end, line.text) for line in document.segments] == [(0.0, 3.5, ONE), (4.0, 7.25, TWO)]


def test_subrip_without_fractions(tmp_path: Path) -> None:
    """Times in whole seconds are times, and the number above them is no word of the caption before."""
    rows = f"1\n00:00:00 --> 00:00:03\n{ONE}\n\n2\n00:00:04 --> 00:00:07 X1:10 X2:90 Y1:5 Y2:9\n{TWO}\n"
    document = recognised(tmp_path, "talk.srt", rows)
    assert [(line.start, line.end, line.text) for line in document.segments] == [(0.0, 3.0, ONE), (4.0, 7.0, TWO)]


def test_subrip_with_times_that_cannot_be(tmp_path: Path) -> None:
    """What was moved before the beginning is said there, and nothing ends before it begins."""
    rows = f"1\n-00:00:02,500 --> 00:00:01,000\n{ONE}\n\n2\n00:00:04,000 --> 00:00:03,000\n{TWO}\n"
    document = recognised(tmp_path, "talk.srt", rows)
    assert [(line.start, line.end, line.text) for line in document.segments] == [(0.0, 1.0, ONE), (4.0, None, TWO)]


def test_google_meet(tmp_path: Path) -> None:
    """A time on a line of its own is that of the next turn, and what Google writes below was not said."""
    turns = [f"{name}: {text}" for _, name, text in SAID]
    text = "\n".join(["Pumps - Transcript", "", "00:00:00", " ", *turns, "", "00:05:00", " ", *turns, "",
                      "Meeting ended after 00:06:00 👋",
                      "This editable transcript was computer generated and might contain errors. People can also "
                      "change the text after it was created."])  # fmt: skip
    document = recognised(tmp_path, "talk.txt", text)
    assert [(line.start, line.author, line.text) for line in document.segments] == [
        ({0: 0.0, 4: 300.0}.get(number), name, text) for number, (_, name, text) in enumerate([*SAID, *SAID])
    ]


def test_google_meet_as_markdown(tmp_path: Path) -> None:
    """Google Docs gives headings for the times and bold names; a heading is no word of the speaker above it."""
    turns = [f"**{name}:** {text}" for _, name, text in SAID]
    rows = ["# Pumps", "### 00:00:00", *turns, "### 00:05:00", *turns]
    document = recognised(tmp_path, "talk.md", "\n\n".join(rows))
    assert [(line.start, line.author, line.text) for line in document.segments] == [
        ({0: 0.0, 4: 300.0}.get(number), name, text) for number, (_, name, text) in enumerate([*SAID, *SAID])
    ]


def test_a_short_meeting_of_google(tmp_path: Path) -> None:
    """Times on lines of their own and the footer are not counted against the few turns."""
    turns = [f"{name}: {text}" for _, name, text in (*SAID, *SAID[:2])]
    text = "\n".join(["Pumps - Transcript", "Attendees", "Jonas Berg, Mara Holm", "00:00:00", *turns[:3], "00:05:00",
                      *turns[3:], "Meeting ended after 00:06:00 👋",
                      "This editable transcript was computer generated and might contain errors. People can also "
                      "change the text after it was created."])  # fmt: skip
    document = recognised(tmp_path, "talk.txt", text)
    assert [line.author for line in document.segments] == ["Jonas Berg", "Mara Holm"] * 3


ZOOM = {
    "old": "{clock}\t From  {name} : {text}\n",
    "named to": "{clock}\t From {name} to Everyone : {text}\n",
    "on two lines": "{clock} From {name} to Everyone:\n\t{text}\n",
    "private": "{clock} From {name} to Ada(Direct Message):\n\t{text}\n",
}


@pytest.mark.parametrize("form", ZOOM)
def test_chat_that_a_user_saved_in_zoom(tmp_path: Path, form: str) -> None:
    """Each version of Zoom has its own form; all tell the time of day, which is no second of a recording."""
    rows = [ZOOM[form].format(clock=f"10:02:{at:02}", name=name, text=text) for at, name, text in SAID]
    document = recognised(tmp_path, "meeting_saved_chat.txt", "".join(rows))
    assert document.kind == "conversation"
    expected = [(None, name, text) for _, name, text in SAID]
    assert [(line.start, line.author, line.text) for line in document.segments] == expected


def test_chat_saved_past_midnight(tmp_path: Path) -> None:
    """The clock begins anew; the messages keep their order, and an answer finds what it answers."""
    text = (
        "23:58:10 From Ada to Everyone:\n\tIs the buoy repaired?\n"
        "23:59:50 From Ben to Everyone:\n\tAlmost, we wait for parts\n"
        '00:00:30 From Ada to Everyone:\n\tReplying to "Almost, we wait for p..."\n\n\tWhich parts?\n'
    )
    asked, almost, which = recognised(tmp_path, "meeting_saved_chat.txt", text).segments
    assert [line.text for line in (asked, almost, which)] == [
        "Is the buoy repaired?", "Almost, we wait for parts", "Which parts?",
    ]  # fmt: skip
    assert (asked.start, which.start, which.reply_to) == (None, None, almost.id)


def test_chat_saved_with_the_seconds_of_a_recording(tmp_path: Path) -> None:
    """Times that begin near zero count from the beginning of the recording, in this form too."""
    text = "00:01:02\t From  Ada : Is it repaired?\n01:12:09\t From  Ben : It is.\n"
    document = recognised(tmp_path, "chat.txt", text)
    assert [(line.start, line.author) for line in document.segments] == [(62.0, "Ada"), (4329.0, "Ben")]


def test_chat_with_lines_replies_and_a_day(tmp_path: Path) -> None:
    """A message of several lines stays one; with a day in the file its time is known."""
    text = (
        "2023-02-01 23:59:58 From Jonas Berg to Everyone:\n\tThe pump: failed\n\tagain\n"
        '2023-02-02 00:00:03 From Mara Holm to Everyone:\n\tReplying to "The pump: failed..."\n\t\n\tWe know.\n'
        '2023-02-02 00:00:09 From Ada to Everyone:\n\tReacted to "We know." with 👍\n'
    )
    first, answer = recognised(tmp_path, "meeting_saved_new_chat.txt", text).segments
    assert (first.text, first.start) == ("The pump: failed\nagain", None)
    assert first.created_at == datetime(2023, 2, 1, 23, 59, 58, tzinfo=UTC)
    assert (answer.text, answer.reply_to, answer.metadata) == ("We know.", first.id, {"reactions": {"👍": 1}})


def test_reactions_with_the_sign_in_quotation_marks(tmp_path: Path) -> None:
    """Some of Zoom's programs write them so; what quotes nothing that was written is said by somebody."""
    rows = ["Ada:\tIs it salt again?", 'Ben:\tReacted to Is it sal... with "👍"', 'Ben:\tReacted to it with "wow"']
    text = "".join(f"00:01:0{second}\t{row}\n" for second, row in enumerate(rows))
    question, remark = recognised(tmp_path, "chat.txt", text).segments
    assert (question.metadata, remark.text) == ({"reactions": {"👍": 1}}, 'Reacted to it with "wow"')


@pytest.mark.parametrize(
    "text",
    [
        "A good talk\n0:00 Intro\n2:10 Guests\n10:00 Pumps\n30:30 Goodbye\n",
        "8:00 Breakfast\n9:15 Standup meeting\n9:30 Review of the sprint\n12:00 Lunch\n",
        "10:00 jonas: The pump failed again last night.\n10:00 mara: Then order one.\n" * 4,
        "12:10 PM we met\n12:15 PM we ate\n12:20 PM we left\n12:30 PM we slept\n",
        "Ada - 1:00\nBen - 2:00\nAda - 3:00\nBen - 4:00\n",
        "Ada 10:00\nThe pump failed.\nBen 10:01\nOrder one.\nAda 10:02\nGood.\nBen 10:03\nBye.\n",
        "Salt 03:10\nA song of ropes\nTide 03:40\nA song of nets\nOars 04:00\nA song\nSails 04:20\nA song\n",
        "The pump failed again. [00:03]\nOrder a seal, please. [00:09]\nThe workshop opens at eight. [00:14]\n",
    ],
)
def test_other_texts_with_times_are_no_transcript(tmp_path: Path, text: str) -> None:
    """Chapters, programmes of a day, chats, logs and lists of songs have times too, and sentences are no names."""
    path = tmp_path / "notes.txt"
    path.write_text(text)
    assert not Transcripts.recognises(path, path.read_bytes())


@pytest.mark.parametrize("label", ["[SPEAKER_0{}]: {}", "[Speaker 0{}] {}"], ids=["WhisperX", "recorder"])
def test_labels_in_brackets(tmp_path: Path, label: str) -> None:
    """Who speaks may stand in brackets before what is said, in captions and in text."""
    said = [label.format(number % 2, text) for number, (_, _, text) in enumerate(SAID)]
    rows = [f"{at}\n00:00:0{at},000 --> 00:00:0{at},900\n{text}\n" for at, text in enumerate(said)]
    expected = [(f"Speaker 0{number % 2}", text) for number, (_, _, text) in enumerate(SAID)]
    for name, text in (("talk.srt", "\n".join(rows)), ("talk.txt", "\n".join(said))):
        document = recognised(tmp_path, name, text)
        assert [(line.author, line.text) for line in document.segments] == expected


def test_closed_captions_saved_in_zoom(tmp_path: Path) -> None:
    """Zoom's saved captions have the name in brackets and the time of day behind it."""
    rows = [f"[{name}] 10:02:{at:02}\n{text}\n\n" for at, name, text in SAID]
    document = recognised(tmp_path, "meeting_saved_closed_caption.txt", "".join(rows))
    assert [(line.start, line.author, line.text) for line in document.segments] == [
        (36120 + at, name, text) for at, name, text in SAID
    ]


def test_speakers_of_webex(tmp_path: Path) -> None:
    """Webex names the speaker in the line that numbers the caption."""
    cues = ('1 "Jonas Berg" (12)\n00:01.000 --> 00:02.000', '2 "Mara" (3)\n00:03.000 --> 00:04.000')
    text = f"WEBVTT\n\n{cues[0]}\n{ONE}\n\n{cues[1]}\n{TWO}\n"
    document = recognised(tmp_path, "meeting.vtt", text)
    assert [(line.author, line.text) for line in document.segments] == [("Jonas Berg", ONE), ("Mara", TWO)]


def test_first_caption_of_youtube_starts_when_it_is_said(tmp_path: Path) -> None:
    """Its upper row is a blank, which does not end the caption."""
    text = (
        "WEBVTT\n\n00:00:00.160 --> 00:00:02.230\n \nthe<00:00:00.320><c> pump</c>\n\n"
        "00:00:02.230 --> 00:00:02.240\nthe pump\n \n\n00:00:02.240 --> 00:00:04.470\nthe pump\nfailed again\n\n"
        "00:00:04.470 --> 00:00:04.480\nfailed again\n \n\n00:00:04.480 --> 00:00:06.000\nfailed again\nlast night\n"
    )
    document = recognised(tmp_path, "talk.en.vtt", text)
    assert [(line.start, line.text) for line in document.segments] == [
        (0.16, "the pump"),
        (2.24, "failed again"),
        (4.48, "last night"),
    ]
