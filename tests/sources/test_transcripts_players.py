"""Captions of players and of television: MicroDVD, SubViewer, MPL2, TMPlayer, LRC, SAMI, Scenarist."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masa_rag.sources._transcripts.base import Line
from masa_rag.sources._transcripts.formats import format_of
from masa_rag.sources._transcripts.line21 import parse_scc
from masa_rag.sources.transcripts import Transcripts
from masa_rag.types import Document


def rows(text: str) -> list[tuple[float | None, float | None, str]]:
    """Return the lines of a text in a format that is recognised, as (start, end, text), times to the millisecond."""
    parser = format_of(text, whole=True)
    assert parser is not None
    return timed(parser(text).lines)


def timed(lines: Sequence[Line]) -> list[tuple[float | None, float | None, str]]:
    """Return lines as (start, end, text), times to the millisecond."""
    return [(_rounded(line.start), _rounded(line.end), line.text) for line in lines]


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def test_microdvd_counts_frames_at_the_rate_in_its_first_caption() -> None:
    """``{start}{end}`` are frames; ``|`` breaks rows and marks of the look are left out."""
    text = "{1}{1}23.976\n{24}{72}Hello Jonas.|How are you?\n{96}{}{y:i}Fine, <b>thanks</b>.\n{240}{288}/Good.\n"
    assert rows(text) == [(1.001, 3.003, "Hello Jonas. How are you?"), (4.004, 10.01, "Fine, thanks."),
                          (10.01, 12.012, "Good.")]  # fmt: skip


def test_microdvd_without_a_rate_has_25_frames_a_second(tmp_path: Path) -> None:
    """The rate that times are made with is told, since the file does not say it."""
    (tmp_path / "talk.sub").write_text("{0}{50}Hello Jonas.\n{100}{150}Fine, thanks.\n")
    (talk,) = Transcripts(tmp_path / "talk.sub")
    assert isinstance(talk, Document)
    assert talk.metadata == {"frame_rate": 25.0}
    assert [(line.start, line.end) for line in talk.segments] == [(0.0, 2.0), (4.0, 6.0)]


def test_mpl2_counts_tenths_of_seconds() -> None:
    """``[start][end]`` are tenths; a row without times belongs to the caption above."""
    captions = [f"[{10 * number}][{10 * number + 5}]Row {number}." for number in range(10)]
    text = "\n".join([*captions[:5], "It goes on.", *captions[5:]])
    assert rows(text)[3:6] == [(3.0, 3.5, "Row 3."), (4.0, 4.5, "Row 4. It goes on."), (5.0, 5.5, "Row 5.")]


def test_tmplayer_ends_captions_by_empty_ones() -> None:
    """``00:00:01:text`` has no end; a row without text is one."""
    text = "00:00:01:Hello Jonas.|How are you?\n00:00:04:\n00:00:07:Good.\n00:00:09:We begin.\n"
    assert rows(text) == [(1.0, 4.0, "Hello Jonas. How are you?"), (7.0, 9.0, "Good."), (9.0, None, "We begin.")]


def test_subviewer_of_both_versions() -> None:
    """What stands in brackets above the captions was not said."""
    second = (
        "[INFORMATION]\n[TITLE]Talk\n[END INFORMATION]\n[SUBTITLE]\n[COLF]&HFFFFFF,[STYLE]bd\n"
        "00:00:01.50,00:00:03.00\nHello Jonas.[br]How are you?\n\n00:00:04.00,00:00:06.00\nFine.\n"
    )
    assert rows(second) == [(1.5, 3.0, "Hello Jonas. How are you?"), (4.0, 6.0, "Fine.")]
    first = (
        "[TITLE]\nTalk\n[BEGIN]\n******** START SCRIPT ********\n[00:00:01]\nHello Jonas.|How are you?\n[00:00:03]\n\n"
        "[00:00:04]\nFine.\n[00:00:06]\n\n[END]\n******** END SCRIPT ********\n"
    )
    assert rows(first) == [(1.0, 3.0, "Hello Jonas. How are you?"), (4.0, 6.0, "Fine.")]


def test_lrc_has_several_times_for_a_row_and_times_of_words() -> None:
    """A row that is sung twice comes twice; the offset, in milliseconds, moves all of them to the front."""
    text = "[ti:Tide]\n[offset:+500]\n[00:01.50]Salt\n[00:04.00][00:12.00]Rope\n[00:09.00]<00:09.00>word <00:09.50>by\n"
    assert rows(text) == [(1.0, 3.5, "Salt"), (3.5, 8.5, "Rope"), (8.5, 11.5, "word by"), (11.5, None, "Rope")]


@pytest.mark.parametrize(
    "text",
    [
        "[1][2] Ellison, tides. [3] Wirth.\nThe first study found nothing.\nNor did the second.",
        "{1} one\n{2} two\n",
        "12:03:01:INFO started\n12:03:04:INFO stopped\n12:03:05:INFO gone\n",
        "[12][1]\nA list of pairs is no speech.\n[3][4]\nNor is this.\n",
    ],
)
def test_what_has_numbers_in_brackets_need_not_be_captions(text: str) -> None:
    """Footnotes, lists and logs are none."""
    assert format_of(text, whole=True) is None


SAMI = """<SAMI><HEAD><STYLE TYPE="text/css"><!--
.ENCC {Name:English; lang:en-US;} .DECC {Name:Deutsch; lang:de-DE;} --></STYLE></HEAD><BODY>
<SYNC Start=1000><P Class=ENCC ID=Source>Mara:<P Class=ENCC>Hello <i>Jonas</i>.<br>All well?
<P Class=DECC>Hallo.
<SYNC Start=3000><P Class=ENCC>&nbsp;<P Class=DECC>&nbsp;
<SYNC Start="4000"><P Class=ENCC ID=Source>Jonas<P Class=ENCC>Salt &amp; rope,
no more.</SYNC>
</BODY></SAMI>"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_sami_in_the_language_with_most_captions(tmp_path: Path, encoding: str) -> None:
    """``&nbsp;`` ends a caption, a source says who speaks, and another language is not said a second time."""
    (tmp_path / "talk.smi").write_text(SAMI, encoding=encoding)
    (talk,) = Transcripts(tmp_path / "talk.smi")
    assert isinstance(talk, Document)
    assert [(line.start, line.end, line.author, line.text) for line in talk.segments] == [
        (1.0, 3.0, "Mara", "Hello Jonas. All well?"),
        (4.0, None, "Jonas", "Salt & rope, no more."),
    ]
    assert talk.metadata == {"language": "en-US"}


def code(*values: int) -> str:
    """Return bytes with odd parity as Scenarist writes them, two to a word."""
    whole = [value if value.bit_count() % 2 else value | 0x80 for value in values]
    return " ".join(f"{one:02x}{two:02x}" for one, two in zip(whole[::2], whole[1::2], strict=True))


def said(text: str) -> str:
    """Return letters as words of Scenarist's."""
    return code(*text.encode("ascii"), *(b"\0" * (len(text) % 2)))


POP_ON, ROLL_UP, PAINT_ON, ERASE, SHOW, NEXT = (code(0x14, second) for second in (0x20, 0x25, 0x29, 0x2C, 0x2F, 0x2D))
ROW_14, ROW_15 = code(0x14, 0x50), code(0x14, 0x70)


def scc(*lines: str) -> str:
    """Return a file of lines, each a time code and words."""
    return "\n\n".join(["Scenarist_SCC V1.0", *lines]) + "\n"


def test_scc_pop_on() -> None:
    """A caption is shown by its last code, of which each pair comes twice; frames are 1001/30000 of a second."""
    text = scc(
        f"00:00:01:00\t{POP_ON} {POP_ON} {ROW_15} {ROW_15} {said('are you?')} {ROW_14} {ROW_14} {said('How')} "
        f"{SHOW} {SHOW}",
        f"00:00:04:00\t{ERASE} {ERASE}",
        f"00:00:05:00\t{POP_ON} {POP_ON} {ROW_15} {ROW_15} {said('Good.')} {SHOW} {SHOW}",
    )
    # Frame 30 + 12 pairs before SHOW; 4 s are 120 frames; 150 + 7.
    assert timed(parse_scc(text).lines) == [(1.401, 4.004, "How are you?"), (5.239, None, "Good.")]


def test_scc_roll_up_has_each_row_once() -> None:
    """A row ends when the next begins, though it stays on the screen above it."""
    text = scc(
        f"00:00:00:00\t{ROLL_UP} {ROLL_UP} {NEXT} {NEXT} {ROW_15} {ROW_15} {said('>> MARA: The buoy')}",
        f"00:00:02:00\t{ROLL_UP} {ROLL_UP} {NEXT} {NEXT} {ROW_15} {ROW_15} {said('is gone.')}",
        f"00:00:04:00\t{ROLL_UP} {ROLL_UP} {NEXT} {NEXT} {ROW_15} {ROW_15} {said('>> JONAS: Since when?')}",
        f"00:00:06:00\t{ERASE} {ERASE}",
    )
    lines = parse_scc(text).lines
    assert [(line.speaker, line.text) for line in lines] == [
        ("MARA", "The buoy"), ("MARA", "is gone."), ("JONAS", "Since when?")
    ]  # fmt: skip
    assert timed(lines)[1][:2] == (2.202, 4.071)  # frames 66 and 122


def test_scc_paint_on_and_letters() -> None:
    """Accented letters, signs and extended letters, which take the place of the one before, are read."""
    text = scc(
        f"00:00:01:00\t{PAINT_ON} {PAINT_ON} {ROW_15} {ROW_15} {code(0x5C, 0x6C)} {said('eve')} "
        f"{code(0x11, 0x37)} {code(0x11, 0x37)} {said('a ')} {said('A')} {code(0x12, 0x30)} {code(0x12, 0x30)}",
        f"00:00:03:00\t{ERASE} {ERASE}",
    )
    assert timed(parse_scc(text).lines) == [(1.134, 3.003, "éleve♪a À")]


def test_scc_drop_frame_and_second_channel() -> None:
    """Behind a semicolon two numbers a minute are skipped, but in each tenth; what another channel says is left out."""
    other = code(0x1C, 0x20)
    text = scc(
        f"00:10:00;00\t{POP_ON} {POP_ON} {ROW_15} {ROW_15} {said('Good.')} {other} {other} {said('Bien')} {SHOW} {SHOW}"
    )
    ((start, _, words),) = timed(parse_scc(text).lines)
    assert (start, words) == (round((18_000 - 18 + 11) * 1001 / 30_000, 3), "Good.")


@given(st.lists(st.integers(0, 0xFFFF), max_size=60))
def test_scc_of_any_words_is_read(words: list[int]) -> None:
    """Damaged codes are no error."""
    parse_scc(scc("00:00:01:00\t" + " ".join(f"{word:04x}" for word in words)))


def test_captions_that_are_doubled() -> None:
    """What is shown twice at the same time, as in layers, is said once; "Yes." a second later is said again."""
    dialogue = "Dialogue: {0},0:00:0{1}.00,0:00:0{2}.00,Default,,0,0,0,,{3}\n"
    events = [
        (0, 1, 2, "Yes."),
        (0, 2, 3, "Yes."),
        (0, 4, 5, "Good."),
        (0, 6, 7, "Then go."),
        (0, 8, 9, "Up."),
        (1, 4, 5, "Good."),
    ]
    text = "[Script Info]\n\n[Events]\n" + "".join(dialogue.format(*event) for event in events)
    assert [(start, said) for start, _, said in rows(text)] == [
        (1.0, "Yes."), (2.0, "Yes."), (4.0, "Good."), (6.0, "Then go."), (8.0, "Up.")
    ]  # fmt: skip


def test_less_is_no_tag_of_webvtt() -> None:
    """``1 < 2`` is said where a program did not escape it."""
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\nIf 1 < 2 and <i>a</i> > b.\n"
    assert rows(text) == [(1.0, 2.0, "If 1 < 2 and a > b.")]
