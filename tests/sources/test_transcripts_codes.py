"""Time codes in text: ranges, recordings that begin late, what is heard beside the words, labels in bold."""

from __future__ import annotations

from pathlib import Path

import pytest

from masa_rag.errors import RecordError
from masa_rag.sources import Transcripts, open_source
from masa_rag.sources._transcripts.base import Caption, fold_rolling
from masa_rag.sources._transcripts.subtitles import looks_like_srt, parse_srt
from masa_rag.sources._transcripts.vtt import parse_vtt
from masa_rag.types import Document

TEXTS = ("Good morning and welcome.", "Morning, how are you all today?", "The buoy is broken again.", "Mara mends it.")


def read(folder: Path, text: str, name: str = "talk.txt") -> Document:
    """Write a text that is recognised and return its first document."""
    (folder / name).write_text(text)
    assert Transcripts.recognises(folder / name, text.encode())
    document = next(iter(Transcripts(folder / name)))
    assert isinstance(document, Document), document
    return document


@pytest.mark.parametrize("heard", ["*laughs* ", "<laugh> ", "** ", "== "])
def test_what_is_heard_beside_the_words(tmp_path: Path, heard: str) -> None:
    """One line that begins as those of a chat log do makes no chat log."""
    said = [TEXTS[0], heard + TEXTS[1], *TEXTS[2:]]
    document = read(tmp_path, "".join(f"[00:00:{5 * at:02}] {text}\n" for at, text in enumerate(said)))
    assert [(line.start, line.text) for line in document.segments] == [(5.0 * at, text) for at, text in enumerate(said)]


@pytest.mark.parametrize("hour", [1, 10])
def test_a_recording_that_begins_late(tmp_path: Path, hour: int) -> None:
    """Part two of a call goes on counting from the beginning of part one."""
    rows = [f"[{hour:02}:{at:02}:10] Speaker {at % 2 + 1}: {text}\n" for at, text in enumerate(TEXTS)]
    document = read(tmp_path, "".join(rows))
    assert [(line.author, line.start, line.text) for line in document.segments] == [
        (f"Speaker {at % 2 + 1}", hour * 3600 + at * 60 + 10, text) for at, text in enumerate(TEXTS)
    ]


def test_a_meeting_beyond_midnight(tmp_path: Path) -> None:
    """The clock of the day begins anew, and the seconds count on."""
    clocks = ("23:58:10", "23:59:50", "00:00:30", "00:02:00")
    rows = [f"[{clock}] Speaker {at % 2 + 1}: {TEXTS[at]}\n" for at, clock in enumerate(clocks)]
    document = read(tmp_path, "".join(rows))
    assert [(line.start, line.end, line.text) for line in document.segments] == [
        (86290.0, 86390.0, TEXTS[0]), (86390.0, 86430.0, TEXTS[1]), (86430.0, 86520.0, TEXTS[2]),
        (86520.0, None, TEXTS[3]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [
        "[10:0{}:10] [Server thread/INFO]: a player came\n",
        "[10:0{}:10] DEBUG one more step\n",
        "[10:0{}:10] <mia> hi\n",
    ],
)
def test_logs_are_no_recordings(tmp_path: Path, row: str) -> None:
    """Programs and chats write the time of day in brackets too."""
    text = "".join(row.format(at) for at in range(6))
    (tmp_path / "late.txt").write_text(text)
    assert not Transcripts.recognises(tmp_path / "late.txt", text.encode())


@pytest.mark.parametrize("text", ["[Music]\nhello world\n", "[1] a footnote\n", "[laughs] and nothing else"])
def test_brackets_are_no_json(tmp_path: Path, text: str) -> None:
    """What is no transcript is said to be none; only what begins like JSON is said to be broken JSON."""
    (tmp_path / "talk.txt").write_text(text)
    (error,) = Transcripts(tmp_path / "talk.txt")
    assert isinstance(error, RecordError)
    assert "no transcript format" in str(error)


def test_music_before_the_first_time_code(tmp_path: Path) -> None:
    """What stands above the first time code is the preface."""
    rows = "".join(f"[00:00:{5 * at:02}] {text}\n" for at, text in enumerate(TEXTS))
    assert [line.text for line in read(tmp_path, f"[Music]\n{rows}").segments] == list(TEXTS)


@pytest.mark.parametrize(
    "form",
    ["[00:00:{at:02}] **{name}:** {text}\n", "[00:00:{at:02}] **{name}**: {text}\n",
     "**{name}:** [00:00:{at:02}] {text}\n", "**{name}** [00:00:{at:02}]: {text}\n"],
)  # fmt: skip
def test_names_in_bold(tmp_path: Path, form: str) -> None:
    """Markdown's asterisks are no part of the name, and of the text neither."""
    names = ("Jane", "Bob", "Jane", "Bob")
    rows = [form.format(at=at, name=name, text=text) for at, (name, text) in enumerate(zip(names, TEXTS, strict=True))]
    document = read(tmp_path, "# Episode 12\n\n" + "\n".join(rows), "talk.md")
    assert [(line.author, line.start, line.text) for line in document.segments] == [
        (name, at, text) for at, (name, text) in enumerate(zip(names, TEXTS, strict=True))
    ]


def test_names_in_bold_without_times(tmp_path: Path) -> None:
    """A name in bold opens a turn."""
    rows = [f"**{name}:** {text}\n" for name, text in zip(("Jane", "Bob") * 4, TEXTS * 2, strict=True)]
    document = read(tmp_path, "\n".join(rows), "talk.md")
    assert [(line.author, line.text) for line in document.segments][:2] == [("Jane", TEXTS[0]), ("Bob", TEXTS[1])]


RANGES = [
    "00:00:{a:02} - 00:00:{b:02} {said}\n", "00:00:{a:02} – 00:00:{b:02} {said}\n",
    "00:00:{a:02} --> 00:00:{b:02} {said}\n", "0:{a:02}-0:{b:02} {said}\n", "00:00:{a:02} --> 00:00:{b:02}\n{said}\n\n",
    "[00:00:{a:02} - 00:00:{b:02}] {said}\n", "[00:00:{a:02} – 00:00:{b:02}] {said}\n",
    "[00:00:{a:02} --> 00:00:{b:02}]: {said}\n", "(0:{a:02} - 0:{b:02}) {said}\n",
    "[00:00:{a:02}] - [00:00:{b:02}] {said}\n", "[00:00:{a:02}] --> [00:00:{b:02}]\n{said}\n\n",
]  # fmt: skip


@pytest.mark.parametrize("form", RANGES)
def test_ranges(tmp_path: Path, form: str) -> None:
    """A line may tell from when to when; neither time is part of what is said."""
    names = ("Jane", "Bob", "Jane", "Bob")
    spoken = [(name, 5.0 * at, 5.0 * at + 4, text) for at, (name, text) in enumerate(zip(names, TEXTS, strict=True))]
    rows = [form.format(a=int(start), b=int(end), said=f"{name}: {text}") for name, start, end, text in spoken]
    found = read(tmp_path, "".join(rows)).segments
    assert [(line.author, line.start, line.end, line.text) for line in found] == spoken


def test_days_of_a_log_are_no_recording(tmp_path: Path) -> None:
    """A meeting passes one midnight, not two."""
    clocks = ("23:40:00", "23:59:00", "00:10:00", "09:00:00", "23:30:00", "00:20:00")
    text = "".join(f"[{clock}] pump two: {TEXTS[at % 4]}\n" for at, clock in enumerate(clocks))
    (tmp_path / "days.txt").write_text(text)
    assert not Transcripts.recognises(tmp_path / "days.txt", text.encode())


@pytest.mark.parametrize(
    "times",
    [
        ("00: 00: 01,000 --> 00: 00: 02,500", "00:00:10,000 -> 00:00:11,000"),
        ("0:0:1,0 --> 0:0:2,5", "0:0:10,0 --> 0:0:11,0"),
        ("00:00:01:000 --> 00:00:02:500", "00:00:10:000 --> 00:00:11:000"),
    ],
)
def test_subrip_as_language_models_and_typists_write_it(times: tuple[str, str]) -> None:
    """A blank, one digit, one dash or a colon too many are no words of the caption before, and no other format."""
    text = f"1\n{times[0]}\nTwo kites.\n\n2\n{times[1]}\nThree.\n"
    lines = parse_srt(text).lines
    assert looks_like_srt(text)
    assert [(line.start, line.end, line.text) for line in lines] == [(1.0, 2.5, "Two kites."), (10.0, 11.0, "Three.")]


@pytest.mark.parametrize(
    "first", ["0:0:1.0 --> 0:0:2.5", "00:00:01,000 --> 00:00:02,500", "1.000 --> 2.500", "00:00:01 --> 00:00:02.5"]
)
def test_webvtt_whose_times_are_written_otherwise(first: str) -> None:
    """Teams leaves zeros out, others all before the seconds: captions were left out, or all of them."""
    text = f"\nWEBVTT\n\n{first}\n<v Mia Ode>Two kites.</v>\n\n0:10:12.300 --> 0:10:13.000\n<v Ben>Three.</v>\n"
    lines = [(line.speaker, line.start, line.end, line.text) for line in parse_vtt(text).lines]
    assert lines == [("Mia Ode", 1.0, 2.5, "Two kites."), ("Ben", 612.3, 613.0, "Three.")]


def test_webvtt_of_teams_with_facts() -> None:
    """What Teams' API writes with the facts of each caption is read by its words."""
    text = (
        'WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n{"startDateTime":"2025-03-07T08:18:36.0Z","speakerName":"Mia <Ode>",'
        '"spokenText":"Two & <three> kites.","spokenLanguage":"en-us"}\n\n00:00:03.000 --> 00:00:04.000\n{"a": no}\n'
    )
    lines = [(line.speaker, line.text) for line in parse_vtt(text).lines]
    assert lines == [("Mia <Ode>", "Two & <three> kites."), (None, '{"a": no}')]


@pytest.mark.parametrize("height", [2, 3, 4])
def test_captions_of_television_scroll(height: int) -> None:
    """Each caption shows the last rows again, three of them came three times; what is said twice stays twice."""
    said = ["Two kites.", "Up there.", "Yes.", "Yes.", "Over the mill.", "No wind."]
    shown = [said[max(0, last - height) : last] for last in range(1, len(said) + 1)]
    captions = [Caption(rows, number, number + 1) for number, rows in enumerate(shown)]
    assert [caption.text for caption in fold_rolling(captions)] == said


@pytest.mark.parametrize("form", ["Speaker {n}\n[0:0{n}]\n{text}\n\n", "[0:0{n}] - Speaker {n}\n{text}\n\n"])
def test_two_turns_of_numbered_speakers(tmp_path: Path, form: str) -> None:
    """A voice memo has few turns: what is certainly a speaker's label is no word of the turn before, or of its own."""
    text = "".join(form.format(n=number, text=TEXTS[number]) for number in (1, 2))
    lines = read(tmp_path, text).segments
    assert [(line.author, line.text) for line in lines] == [("Speaker 1", TEXTS[1]), ("Speaker 2", TEXTS[2])]


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16", "utf-8-sig"])
def test_xml_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    """What a file says of its encoding holds for its bytes, not for the text that was made of them."""
    said = '<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="1s" end="2s">Grüße, Köln</p></div></body></tt>'
    name = encoding.removesuffix("-sig")
    (tmp_path / "talk.ttml").write_bytes(f'<?xml version="1.0" encoding="{name}"?>\n{said}'.encode(encoding))
    (document,) = Transcripts(tmp_path / "talk.ttml")
    assert isinstance(document, Document)
    assert document.text == "Grüße, Köln"


def test_what_is_markup_in_captions_and_what_is_said() -> None:
    """A break parts words, a space of no width is nothing; in SubRip only known words in brackets are markup."""
    rows = [
        "{\\an7}\\h\\h<i>Two</i><br/>kites",
        "\u200b",
        "<laughs> Our List<int>.",
        "<00:00:01.500><c> No</c>[br]wind",
    ]
    times = [f"00:00:0{number},000 --> 00:00:0{number},900" for number in range(4)]
    text = "".join(f"{time}\n{row}\n\n" for time, row in zip(times, rows, strict=True))
    expected = ["Two kites", "<laughs> Our List<int>.", "No wind"]
    assert [line.text for line in parse_srt(text).lines] == expected
    lines = parse_vtt("WEBVTT\n\n" + text.replace(",", ".")).lines
    assert [line.text for line in lines] == ["Two kites", "Our List.", "No wind"]


def test_lyrics_of_whisper_in_a_folder(tmp_path: Path) -> None:
    """whisper.cpp's .lrc is read in a folder as it is by itself."""
    (tmp_path / "talk.lrc").write_text("[by:whisper.cpp]\n[00:00.00]The pump failed.\n[00:04.50]Order a new seal.\n")
    talk = next(iter(open_source(tmp_path)))
    assert isinstance(talk, Document)
    assert [(line.start, line.text) for line in talk.segments] == [
        (0.0, "The pump failed."),
        (4.5, "Order a new seal."),
    ]


def test_a_time_code_without_words(tmp_path: Path) -> None:
    """A line after one in which nothing was heard is one of its own."""
    rows = [f"[0:0{at}] {text}" for at, text in zip((3, 5, 7, 9), TEXTS, strict=True)]
    rows[2:2] = ["[0:06]"]
    found = [(line.start, line.text) for line in read(tmp_path, "\n".join(["[0:00]", *rows])).segments]
    assert found == [*zip((3.0, 5.0, 7.0, 9.0), TEXTS, strict=True)]


def test_a_colon_behind_the_time_code(tmp_path: Path) -> None:
    """``0:05: text`` is a time code too."""
    rows = [f"0:0{at}: {text}" for at, text in zip((3, 5, 7, 9), TEXTS, strict=True)]
    assert [(line.start, line.text) for line in read(tmp_path, "\n".join(rows)).segments] == [
        *zip((3.0, 5.0, 7.0, 9.0), TEXTS, strict=True)
    ]


@pytest.mark.parametrize("between", [" ", "\n"])
@pytest.mark.parametrize("hour", ["5:30", "0:01"])
def test_an_hour_at_the_head_of_a_later_row(tmp_path: Path, between: str, hour: str) -> None:
    """An hour that lies outside the time codes around it is said; it was a turn, and kept files from being read."""
    rows = [f"0:0{at}{between}{text}" for at, text in zip((3, 5, 7, 9), TEXTS, strict=True)]
    rows[2:2] = [f"{hour} in the morning or so."]
    found = [(line.start, line.text) for line in read(tmp_path, "\n".join(rows)).segments]
    assert found[1] == (5.0, f"{TEXTS[1]} {hour} in the morning or so.")
    assert [start for start, _ in found] == [3.0, 5.0, 7.0, 9.0]


@pytest.mark.parametrize("form", ["{0}: [{1}] {2}", "**{0}:** \\[{1}\\] {2}", "{0} ({1}): {2}"])
@pytest.mark.parametrize("times", [("0:10", "", "", "1:05", "", ""), ("0:10", "0:20", "0:30", "1:05", "1:10", "2:10")])
def test_turns_of_which_some_have_a_time(tmp_path: Path, form: str, times: tuple[str, ...]) -> None:
    """A turn whose time nobody wrote down was said by the one before it, or no turn had its time."""
    said = (*TEXTS, "With what?", "With tape.")
    turns = [
        (form if time else "**{0}:** {2}" if "*" in form else "{0}: {2}").format(
            ("Mara", "Jonas")[at % 2], time, said[at]
        )
        for at, time in enumerate(times)
    ]
    seconds = {"": None, "0:10": 10.0, "0:20": 20.0, "0:30": 30.0, "1:05": 65.0, "1:10": 70.0, "2:10": 130.0}
    found = [(line.author, line.start, line.text) for line in read(tmp_path, "\n\n".join(turns)).segments]
    assert found == [(("Mara", "Jonas")[at % 2], seconds[time], said[at]) for at, time in enumerate(times)]
