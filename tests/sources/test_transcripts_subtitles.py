"""Subtitle and JSON formats of Transcripts, and their traps."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masa_rag.sources._transcripts.base import Caption, Line, fold_rolling, forward_only, in_time
from masa_rag.sources._transcripts.json import parse_json
from masa_rag.sources._transcripts.markup import parse_cited, parse_timed_text, parse_ttml
from masa_rag.sources._transcripts.subtitles import parse_ass, parse_sbv, parse_srt
from masa_rag.sources._transcripts.vtt import parse_vtt
from masa_rag.sources.transcripts import Transcripts
from masa_rag.types import Document

DATA = Path(os.environ.get("MASA_RAG_DATA", Path(__file__).parents[3] / "shared" / "data"))


TWICE = ["Yes.", "Yes.", "Good.", "And now", "we fly.", "Up."]


def rows(lines: object) -> list[tuple[str | None, float | None, float | None, str]]:
    """Return lines as (speaker, start, end, text)."""
    return [(line.speaker, line.start, line.end, line.text) for line in lines]  # type: ignore[attr-defined]


def test_vtt_of_zoom() -> None:
    """Carriage returns, cue numbers and ``Name: text``; any label counts when most cues have one."""
    text = (
        "WEBVTT\r\n\r\n1\r\n00:00:02.500 --> 00:00:03.000\r\nMia Ode: Hello.\r\n\r\n"
        "2\r\n00:00:04.000 --> 00:00:05.000\r\nbenito: so: late\r\n"
    )
    assert rows(parse_vtt(text).lines) == [("Mia Ode", 2.5, 3.0, "Hello."), ("benito", 4.0, 5.0, "so: late")]


def test_vtt_voices_tags_and_entities() -> None:
    """``<v Name>`` is the speaker, two voices in one cue are two lines, other tags and entities are resolved."""
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v.loud Mia Ode>Q&amp;A <i>now</i></v>\n<v Ben>No\n"
    assert rows(parse_vtt(text).lines) == [("Mia Ode", 1.0, 2.0, "Q&A now"), ("Ben", 1.0, 2.0, "No")]


def test_vtt_blocks_that_are_not_captions() -> None:
    """Notes, styles, regions and cues with a bad timing are left out, as the W3C parser does."""
    text = (
        "\ufeffWEBVTT - title\nKind: captions\n\nNOTE\nnot said\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:a\n\n"
        "00:00:60.000 --> 00:00:61.000\nbad minutes\n\n00:01.000 --> 00:02.000 align:start\ngood\n"
        "00:03.000 --> 00:04.000\nno blank line before\n"
    )
    assert rows(parse_vtt(text.removeprefix("\ufeff")).lines) == [
        (None, 1.0, 2.0, "good"),
        (None, 3.0, 4.0, "no blank line before"),
    ]


@pytest.mark.real_data
@pytest.mark.skipif(not (DATA / "formats" / "vtt").is_dir(), reason="the data sets are not on this machine")
def test_w3c_parsing_tests() -> None:
    """In the W3C's files each cue that must not be read says "invalid" at its beginning (settings aside)."""
    counts = {}
    for path in sorted((DATA / "formats" / "vtt").glob("*.vtt")):
        for item in Transcripts(path):
            if isinstance(item, Document):
                counts[path.stem] = len(item.segments)
                if path.stem.startswith(("timings", "nulls", "whitespace", "signature", "header")):
                    assert not [part.text for part in item.segments if part.text == "invalid"], path.name
    expected = {
        "arrows": 6, "ids": 5, "newlines": 4, "nulls": 7, "timings-60": 2, "timings-negative": 4, "stylesheets": 2,
        "timings-omitted-hours": 3, "whitespace-chars": 3, "header-timings": 1, "timings-too-long": 2,
        "timings-too-short": 2,
    }  # fmt: skip
    assert {key: counts.get(key) for key in expected} == expected


def test_srt_with_lost_blank_lines_and_markup() -> None:
    """Numbers, tags and positions go; a timing line opens a cue even without a blank line before it."""
    text = (
        "1\n00:00:01,000 --> 00:00:02,500 X1:0\n<i>Two kites</i>\n{\\an8}up there.\n"
        "2\n00:00:03.000 --> 00:00:04.000\n7\n"
    )
    assert rows(parse_srt(text).lines) == [(None, 1.0, 2.5, "Two kites up there."), (None, 3.0, 4.0, "7")]


def test_srt_speaker_holds_until_the_next() -> None:
    """Subtitles label changes of speaker only: the label holds for the captions after it."""
    cues = ["Mia: Kites need wind", "and a lot of string.", "Ben: They need luck.", "Always."]
    text = "\n\n".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{cue}" for n, cue in enumerate(cues, 1))
    found = [(line.speaker, line.text) for line in parse_srt(text).lines]
    assert found == [
        ("Mia", "Kites need wind"), ("Mia", "and a lot of string."), ("Ben", "They need luck."), ("Ben", "Always."),
    ]  # fmt: skip


def test_sbv_ass_ttml_and_timed_text() -> None:
    """The smaller formats give the same: speaker where they have one, seconds, one text a caption."""
    assert rows(parse_sbv("0:00:01.500,0:00:02.000\nHello\nthere\n").lines) == [(None, 1.5, 2.0, "Hello there")]
    ass = (
        "[Script Info]\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Dialogue: 0,0:00:01.00,0:00:02.00,Default,Mia,0,0,0,,{\\b1}Well,\\Nthen\n"
    )
    assert rows(parse_ass(ass).lines) == [("Mia", 1.0, 2.0, "Well, then")]
    ttml = (
        '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttm="urn:m" xmlns:ttp="urn:p" ttp:frameRate="25"><head><metadata>'
        '<ttm:agent xml:id="v1"><ttm:name>Mia</ttm:name></ttm:agent></metadata></head><body><div>'
        '<p begin="1.5s" dur="500ms" ttm:agent="v1">Hello<br/>there</p><p begin="00:00:02:05" end="3s">you</p>'
        "</div></body></tt>"
    )
    assert rows(parse_ttml(ttml).lines) == [("Mia", 1.5, 2.0, "Hello there"), (None, 2.2, 3.0, "you")]
    timed = (
        '<transcript><text start="1" dur="2.5">it&amp;#39;s &lt;i&gt;on&lt;/i&gt;</text>'
        '<text start="5" dur="1"></text></transcript>'
    )
    assert rows(parse_timed_text(timed).lines) == [(None, 1.0, 3.5, "it's on")]
    cited = "<cite>Mia:</cite><time>0:00</time><p>Hello &amp; welcome</p><cite>Ben:</cite><time>0:53</time><p>Hi</p>"
    assert rows(parse_cited(cited).lines) == [("Mia", 0.0, 53.0, "Hello & welcome"), ("Ben", 53.0, None, "Hi")]


TT = '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:m="http://www.w3.org/ns/ttml#metadata" xmlns:p="urn:podcasts">'


def ttml(body: str, head: str = "") -> list[tuple[str | None, float | None, float | None, str]]:
    """Return the lines of a TTML file with this body."""
    return rows(parse_ttml(f"{TT}<head><metadata>{head}</metadata></head><body>{body}</body></tt>").lines)


def test_ttml_of_apple_podcasts() -> None:
    """Each word is a span with nothing between them; speakers have an id and no name."""
    words = '<span begin="0.2" p:unit="word">Hey</span><span begin="0.5" p:unit="word">everyone.</span>'
    body = f'<p begin="0.2" end="5.7" m:agent="SPEAKER_1"><span begin="0.2" p:unit="sentence">{words}</span></p>'
    expected = [("SPEAKER_1", 0.2, 5.7, "Hey everyone.")]
    assert ttml(f"<div>{body}</div>", '<m:agent type="person" xml:id="SPEAKER_1"/>') == expected


def test_ttml_of_apple_podcasts_becomes_readable(tmp_path: Path) -> None:
    """The id of a speaker reads as that of any other service."""
    text = f'{TT}<body><p begin="1s" end="2s" m:agent="SPEAKER_1">Hey.</p><p begin="2s">You.</p></body></tt>'
    (tmp_path / "a.ttml").write_text(text)
    (document,) = Transcripts(tmp_path / "a.ttml")
    assert isinstance(document, Document)
    assert [line.author for line in document.segments] == ["Speaker 1", None]


def test_ttml_syllables_stay_one_word() -> None:
    """Spans that are not said to be words are parts of one."""
    assert ttml('<p begin="1s" end="2s"><span>be</span><span>fore</span></p>') == [(None, 1.0, 2.0, "before")]


def test_ttml_times_of_spans() -> None:
    """A paragraph without times has those of its spans."""
    body = '<p><span begin="1s" end="3s">Hello</span> <span begin="4s" end="6s">there</span></p>'
    assert ttml(f'<div>{body}</div><div begin="60s">{body}</div>') == [
        (None, 1.0, 6.0, "Hello there"),
        (None, 61.0, 66.0, "Hello there"),
    ]


def test_ttml_times_count_from_the_parent() -> None:
    """A second within a part that begins at second 60 is second 61; a part's time is that of what has none."""
    body = '<div begin="60s"><p begin="1s" end="3s">Hello</p><p begin="4s" dur="2s">there</p></div>'
    assert ttml(f'{body}<div begin="90s" end="95s"><p>Bye</p></div>') == [
        (None, 61.0, 63.0, "Hello"), (None, 64.0, 66.0, "there"), (None, 90.0, 95.0, "Bye"),
    ]  # fmt: skip


def test_ttml_times_that_count_from_the_beginning() -> None:
    """Apple Music writes all times from the beginning: as parts of the verse, the lines would lie behind its end."""
    body = '<div begin="20" end="30"><p begin="20" end="24">Hello</p><p begin="24" end="30">there</p></div>'
    assert ttml(body) == [(None, 20.0, 24.0, "Hello"), (None, 24.0, 30.0, "there")]


def test_entities_in_ttml_are_not_expanded() -> None:
    """A document type with entities cannot read files or grow: the entity stays unresolved."""
    text = (
        '<!DOCTYPE tt [<!ENTITY x SYSTEM "file:///etc/hostname">]><tt xmlns="http://www.w3.org/ns/ttml"><body><div>'
        '<p begin="1s" end="2s">a&x;b</p></div></body></tt>'
    )
    assert [line.text for line in parse_ttml(text).lines] == ["ab"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.srt", "1\n{}:00:01,000 --> 00:00:02,000\nlost\n\n2\n00:00:03,000 --> 00:00:04,000\nHello.\n"),
        ("a.vtt", "WEBVTT\n\n{}:00:01.000 --> 00:00:02.000\nlost\n\n00:00:03.000 --> 00:00:04.000\nHello.\n"),
        ("a.ttml", '<tt xmlns="http://www.w3.org/ns/ttml"><p begin="{}s">lost</p><p begin="3s">Hello.</p></tt>'),
        ("a.json3", '{{"wireMagic": "pb3", "events": [{{"tStartMs": {}, "segs": [{{"utf8": "lost"}}]}}, '
                    '{{"tStartMs": 3000, "segs": [{{"utf8": "Hello."}}]}}]}}'),
    ],
)  # fmt: skip
def test_a_time_that_no_clock_shows(tmp_path: Path, name: str, text: str) -> None:
    """A number of 400 digits is no time: its caption has none or is left out, and the others are read."""
    (tmp_path / name).write_text(text.format("9" * 400))
    items = list(Transcripts(tmp_path / name, url="https://e.example/a"))
    segments = [segment for item in items if isinstance(item, Document) for segment in item.segments]
    assert (segments[-1].text, segments[-1].start, segments[-1].url) == ("Hello.", 3.0, "https://e.example/a#t=3")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([{"speaker": "A", "text": " Hello. "}, {"speaker": "B", "text": ""}], [("A", None, None, "Hello.")]),
        ({"text": "x", "language": "en", "segments": [{"start": 0.5, "end": 2, "text": "x"}]}, [(None, 0.5, 2, "x")]),
        ({"segments": [{"start": 1, "end": 2, "text": "b", "speaker": "S_1"}, {"start": 0, "end": 1, "text": "a"}]},
         [(None, 0.0, 1.0, "a"), ("S_1", 1.0, 2.0, "b")]),
        ({"version": "1.0.0", "segments": [{"speaker": "Mia", "startTime": 0.5, "endTime": 4, "body": "Hello."}]},
         [("Mia", 0.5, 4.0, "Hello.")]),
        ({"utterances": [{"speaker": "A", "start": 1500, "end": 2500, "text": "Hello."}]}, [("A", 1.5, 2.5, "Hello.")]),
        ({"results": {"utterances": [{"speaker": 0, "start": 1.5, "end": 2.5, "transcript": "Hello."}]}},
         [("0", 1.5, 2.5, "Hello.")]),
        ({"events": [{"tStartMs": 1500, "dDurationMs": 1000, "segs": [{"utf8": "Hel"}, {"utf8": "lo."}]},
                     {"tStartMs": 1}, {"tStartMs": 2, "segs": 3}]},
         [(None, 1.5, 2.5, "Hello.")]),
        ({"meeting_transcripts": [{"speaker": "Mia", "content": "Hello."}]}, [("Mia", None, None, "Hello.")]),
    ],
)  # fmt: skip
def test_json_shapes(data: object, expected: list[object]) -> None:
    """Each shape gives speaker, seconds and text; empty turns are left out."""
    assert rows(parse_json(json.dumps(data)).lines) == expected


def test_json_confidence_and_language() -> None:
    """A log probability becomes a probability; the language is a fact about the whole."""
    transcript = parse_json(
        '{"language": "en", "segments": [{"start": 0, "end": 1, "text": "x", "avg_logprob": -0.5}]}'
    )
    assert transcript.metadata == {"language": "en"}
    assert transcript.lines[0].metadata == {"confidence": 0.607}


def test_word_by_word_json_is_joined() -> None:
    """One word a segment becomes lines: up to a sentence's end, a change of speaker or a pause."""
    words = [("Mia", "I"), ("Mia", "am"), ("Mia", "here."), ("Mia", "You"), ("Ben", "No"), ("Ben", "way.")]
    turns = [{"speaker": who, "startTime": n, "endTime": n + 0.5, "body": word} for n, (who, word) in enumerate(words)]
    assert rows(parse_json(json.dumps({"segments": turns})).lines) == [
        ("Mia", 0.0, 2.5, "I am here."),
        ("Mia", 3.0, 3.5, "You"),
        ("Ben", 4.0, 5.5, "No way."),
    ]


def test_rolling_captions_are_said_once() -> None:
    """YouTube repeats the row above in each caption; live captions repeat all and add words."""
    shown = [["one"], ["one", "two"], ["two"], ["two", "three"]]
    rolling = [Caption(rows, number, number + 1) for number, rows in enumerate(shown)]
    assert [line.text for line in fold_rolling(rolling)] == ["one", "two", "three"]
    growing = [Caption([text], n, n + 1) for n, text in enumerate(["a", "a kite", "a kite flies", "up", "up high"])]
    assert [line.text for line in fold_rolling(growing)] == ["a", "kite", "flies", "up", "high"]


def test_what_was_said_twice_stays_twice() -> None:
    """Repetition in a file that does not roll is speech."""
    captions = [
        Caption([text], n, n + 1) for n, text in enumerate(["Yes.", "Yes.", "Good.", "And now", "we fly.", "Up."])
    ]
    assert [line.text for line in fold_rolling(captions)] == TWICE


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e5)), max_size=40))
def test_times_never_run_backwards(starts: list[float | None]) -> None:
    """Whatever a file says, the times left are in order and the words are all there, in their order."""
    lines = forward_only([Line(str(number), start=start) for number, start in enumerate(starts)])
    kept = [line.start for line in lines if line.start is not None]
    assert kept == sorted(kept)
    assert [line.text for line in lines] == [str(number) for number in range(len(starts))]
    assert sorted(line.text for line in in_time(lines)) == sorted(line.text for line in lines)


@given(st.text(max_size=400))
def test_no_text_breaks_a_parser(text: str) -> None:
    """Any text after a signature is read without a failure other than the typed one."""
    parse_vtt("WEBVTT\n\n" + text)
    parse_srt("1\n00:00:01,000 --> 00:00:02,000\n" + text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("signs", ["<", "<v ", "<a", "{\\\\", "{"])
def test_opened_marks_without_end_take_no_time(signs: str) -> None:
    """A short file of marks that nobody closes is read at once, not in hours."""
    row = signs * 200_000
    parse_vtt(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{row}\n")
    parse_srt(f"1\n00:00:01,000 --> 00:00:02,000\n{row}\n")
    parse_ass(f"[Script Info]\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.50,Default,Ada,0,0,0,,{row}\n")


def test_marks_end_at_the_next_one() -> None:
    """A sign for "less than" takes no words along with the mark behind it."""
    (line,) = parse_srt("1\n00:00:01,000 --> 00:00:02,000\nTwo <kites and <i>four</i> ropes\n").lines
    assert line.text == "Two <kites and four ropes"


def test_drawings_are_no_words() -> None:
    """SubStation Alpha draws with letters and numbers, which nobody says."""
    rows_of_ass = (
        "Dialogue: 0,0:00:01.00,0:00:02.50,Default,Ada,0,0,0,,{\\an7\\p1}m 0 0 l 100 0{\\p0}Hello{\\i1} there{\\i0}."
    )
    (line,) = parse_ass(f"[Script Info]\n[Events]\n{rows_of_ass}\n").lines
    assert line.text == "Hello there."
