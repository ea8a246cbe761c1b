"""Answers of speech services whose times stand elsewhere than beside the words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from masa_rag.sources import Transcripts, open_source
from masa_rag.types import Document

ONE, TWO = "The pump failed again last night.", "Then order a new seal, Mara."

ANSWERS: dict[str, Any] = {
    "Azure, fast": {
        "durationMilliseconds": 7000,
        "combinedPhrases": [{"text": f"{ONE} {TWO}"}],
        "phrases": [
            {"speaker": 1, "offsetMilliseconds": 0, "durationMilliseconds": 3000, "text": ONE, "locale": "en-US"},
            {"speaker": 2, "offsetMilliseconds": 4000, "durationMilliseconds": 3000, "text": TWO, "locale": "en-US"},
        ],
    },
    "Sonix": {
        "name": "pumps.m4a",
        "transcript": [
            {"speaker": "Speaker1", "start_time": 0.0, "end_time": 3.0, "text": ONE},
            {"speaker": "Speaker2", "start_time": 4.0, "end_time": 7.0, "text": TWO},
        ],
    },
    "IBM": {
        "results": [
            {"final": True, "alternatives": [{"transcript": f"{text} ", "confidence": 0.9, "timestamps": [
                [word, start + at / 2, start + (at + 1) / 2] for at, word in enumerate(text.split())]}]}
            for text, start in ((ONE, 0.0), (TWO, 4.0))
        ],
        "speaker_labels": [
            {"from": start + at / 2, "to": start + (at + 1) / 2, "speaker": speaker}
            for speaker, start in ((1, 0.0), (2, 4.0)) for at in range(6)
        ],
    },
    "Teams": {
        "type": "Transcript",
        "entries": [
            {"speakerDisplayName": "Speaker 1", "startOffset": "00:00:00", "endOffset": "00:00:03.000000", "text": ONE},
            {"speakerDisplayName": "Speaker 2", "startOffset": "0:00:04.0000000", "endOffset": "00:00:07", "text": TWO},
        ],
    },
    "Gong": {
        "callTranscripts": [{"callId": "7", "transcript": [
            {"speakerId": "1", "sentences": [{"start": 0, "end": 3000, "text": ONE}]},
            {"speakerId": "2", "sentences": [{"start": 4000, "end": 7000, "text": TWO}]}]}],
    },
    "DOTe": {
        "lines": [
            {"startTime": "00:00:00,000", "endTime": "00:00:03,000", "speakerDesignation": "Speaker 1", "text": ONE},
            {"startTime": "00:00:04,000", "endTime": "00:00:07,000", "speakerDesignation": "Speaker 2", "text": TWO}],
    },
    "tl;dv": {
        "data": [{"speaker": "Speaker 1", "text": ONE, "startTime": 0, "endTime": 3},
                 {"speaker": "Speaker 2", "text": TWO, "startTime": 4, "endTime": 7}],
    },
    "Grain": [
        {"participant_id": "a", "speaker": "Speaker 1", "start": 0, "end": 3000, "text": ONE},
        {"participant_id": "b", "speaker": "Speaker 2", "start": 4000, "end": 7000, "text": TWO},
    ],
    "Recall.ai": [
        {"participant": {"id": speaker, "name": f"Speaker {speaker}"}, "words": [
            {"text": word, "start_timestamp": {"relative": start + at / 2},
             "end_timestamp": {"relative": start + (at + 1) / 2}} for at, word in enumerate(text.split())]}
        for speaker, text, start in ((1, ONE, 0.0), (2, TWO, 4.0))
    ],
    "Google, in Node": {"name": "operations/7", "done": True, "response": {"results": [{"alternatives": [
        {"transcript": f"{ONE} {TWO}", "words": [
            {"startTime": {"seconds": str(start + at // 2), "nanos": at % 2 * 500_000_000} if start + at else {},
             "endTime": {"seconds": str(start + (at + 1) // 2), "nanos": (at + 1) % 2 * 500_000_000},
             "word": word, "speakerTag": speaker}
            for speaker, text, start in ((1, ONE, 0), (2, TWO, 4)) for at, word in enumerate(text.split())]}]}]},
    },
    "Amazon, calls": {
        "JobStatus": "COMPLETED",
        "Transcript": [
            {"Content": text, "Items": [], "BeginOffsetMillis": start, "EndOffsetMillis": start + 3000,
             "ParticipantRole": f"Speaker {speaker}"} for speaker, text, start in ((1, ONE, 0), (2, TWO, 4000))],
    },
    "Amazon, Data Automation": {
        "metadata": {"semantic_modality": "AUDIO"},
        "audio_items": [{"content": "The", "start_timestamp_millis": 0, "end_timestamp_millis": 500}],
        "audio_segments": [
            {"start_timestamp_millis": start, "end_timestamp_millis": start + 3000, "type": "TRANSCRIPT", "text": text,
             "speaker": {"speaker_label": f"spk_{speaker}"}, "channel": {"channel_label": "ch_0"}}
            for speaker, text, start in ((1, ONE, 0), (2, TWO, 4000))],
    },
    "Podlove": {
        "title": "Pumps",
        "transcripts": [
            {"start": f"00:00:0{start}.000", "start_ms": start * 1000, "end": f"00:00:0{start + 3}.000",
             "speaker": str(9 - speaker), "voice": f"Speaker {speaker}", "text": text}
            for speaker, text, start in ((1, ONE, 0), (2, TWO, 4))],
    },
}  # fmt: skip
ANSWERS["IBM, a job"] = {"id": "7", "status": "completed", "results": [{"result_index": 0, **ANSWERS["IBM"]}]}


def said(folder: Path, answer: Any) -> list[tuple[str | None, float | None, float | None, str]]:
    """Return (author, start, end, text) of the lines of an answer that is recognised."""
    (folder / "talk.json").write_text(json.dumps(answer))
    source = open_source(folder / "talk.json")
    assert isinstance(source, Transcripts)
    (document,) = source
    assert isinstance(document, Document)
    return [(line.author, line.start, line.end, line.text) for line in document.segments]


@pytest.mark.parametrize("service", ANSWERS)
def test_turns_with_their_own_names_for_times(tmp_path: Path, service: str) -> None:
    """Speakers and seconds are read under the names that each service has for them."""
    assert said(tmp_path, ANSWERS[service]) == [("Speaker 1", 0.0, 3.0, ONE), ("Speaker 2", 4.0, 7.0, TWO)]


@pytest.mark.parametrize("key", ["resultEndTime", "resultEndOffset", "result_end_time"])
def test_google_without_times_of_words(tmp_path: Path, key: str) -> None:
    """A result begins where the one before ends: more is not said unless words are asked for."""
    results = [{"alternatives": [{"transcript": text, "confidence": 0.9}], key: end}
               for text, end in ((ONE, "3s"), (TWO, "7.100s"))]  # fmt: skip
    assert said(tmp_path, {"results": results}) == [(None, 0.0, 3.0, ONE), (None, 3.0, 7.1, TWO)]


CLOCKS: dict[str, Any] = {
    "a list": [{"speaker": "1", "start": "00:00:00", "end": "00:00:03", "text": ONE},
               {"speaker": "2", "start": "00:00:04", "end": "00:00:07", "text": TWO}],
    "segments": {"segments": [{"speaker": "1", "start": "00:00:00,000", "end": "00:00:03,000", "text": ONE},
                              {"speaker": "2", "start": "00:00:04,000", "end": "00:00:07,000", "text": TWO}]},
    "utterances": {"utterances": [{"speaker": "1", "start": "0:00", "end": "0:03", "text": ONE},
                                  {"speaker": "2", "start": "0:04", "end": "0:07", "text": TWO}]},
}  # fmt: skip


@pytest.mark.parametrize("shape", CLOCKS)
def test_times_as_a_clock_shows_them(tmp_path: Path, shape: str) -> None:
    """Programs write ``00:01:05`` into JSON too; the times were left out."""
    assert said(tmp_path, CLOCKS[shape]) == [("Speaker 1", 0.0, 3.0, ONE), ("Speaker 2", 4.0, 7.0, TWO)]


def test_captions_in_thousandths(tmp_path: Path) -> None:
    """Without a speaker too, whole numbers that would make a recording of days are thousandths of seconds."""
    rows = [{"start": 1000, "end": 4000, "text": ONE}, {"start": 91_000, "end": 94_000, "text": TWO}]
    assert said(tmp_path, rows) == [(None, 1.0, 4.0, ONE), (None, 91.0, 94.0, TWO)]


@pytest.mark.parametrize("key", ["timestamp", "time"])
def test_turns_with_one_time_each(tmp_path: Path, key: str) -> None:
    """A turn ends where the next begins."""
    turns = [{"speaker": "Mara", key: "00:05", "text": ONE}, {"speaker": "Jonas", key: "01:05", "text": TWO}]
    expected = [("Mara", 5.0, 65.0, ONE), ("Jonas", 65.0, None, TWO)]
    assert said(tmp_path, turns) == expected
    assert said(tmp_path, {"title": "Pumps", "transcript": turns}) == expected


def test_one_line_without_a_time_takes_no_other_its_own(tmp_path: Path) -> None:
    """Aligners leave times out, or begin a moment before the recording."""
    lines = [{"start": -0.02, "end": 3.0, "text": ONE}, {"start": 4.0, "end": 7.0, "text": TWO}]
    assert said(tmp_path, {"segments": lines}) == [(None, None, None, ONE), (None, 4.0, 7.0, TWO)]


def test_utterances_in_whole_seconds(tmp_path: Path) -> None:
    """Three seconds for six words are a pace; three milliseconds, as AssemblyAI would mean, are none."""
    turns = [{"speaker": 1, "start": 0, "end": 3, "text": ONE}, {"speaker": 2, "start": 4, "end": 7, "text": TWO}]
    assert said(tmp_path, {"utterances": turns}) == [("Speaker 1", 0.0, 3.0, ONE), ("Speaker 2", 4.0, 7.0, TWO)]


@pytest.mark.parametrize("key", ["speaker_name", "speakerName", "speaker_label"])
def test_who_speaks_under_other_names(tmp_path: Path, key: str) -> None:
    """Also where the turns stand where those of Whisper do; all were nobody's."""
    turns = [{key: "Ada", "start": 0.5, "end": 3.0, "text": ONE}, {key: "Ben", "start": 4.0, "end": 7.0, "text": TWO}]
    assert said(tmp_path, {"segments": turns}) == [("Ada", 0.5, 3.0, ONE), ("Ben", 4.0, 7.0, TWO)]


def test_words_of_a_language_without_blanks(tmp_path: Path) -> None:
    """Services give Chinese letter by letter: a line has no blanks, and ends with its sentence."""
    words = ["浮", "标", "坏", "了。", "Ada", "明", "天", "修。"]
    turns = [{"text": word, "start": at / 4, "end": (at + 1) / 4} for at, word in enumerate(words)]
    assert [line[3] for line in said(tmp_path, {"segments": turns})] == ["浮标坏了。", "Ada 明天修。"]


@pytest.mark.parametrize(("start", "end"), [(1.28, 4.5), (1280, 4500)])
def test_sentences_in_seconds_or_milliseconds(tmp_path: Path, start: float, end: float) -> None:
    """AssemblyAI counts sentences in whole milliseconds, recognisers on one's own machine (Parakeet) in seconds."""
    rows = [{"text": ONE, "start": start, "end": end}, {"text": TWO, "start": 2 * start, "end": 2 * end}]
    found = said(tmp_path, {"text": f"{ONE} {TWO}", "sentences": rows})
    assert found == [(None, 1.28, 4.5, ONE), (None, 2.56, 9.0, TWO)]


def test_each_channel_has_a_speaker_of_its_own(tmp_path: Path) -> None:
    """Deepgram counts the speakers of each channel from zero: who calls and who is called are not one."""
    rows = [
        {"start": 4.0 * at, "end": 4.0 * at + 3, "transcript": text, "channel": at, "speaker": 0}
        for at, text in enumerate((ONE, TWO))
    ]
    found = said(tmp_path, {"metadata": {"channels": 2}, "results": {"utterances": rows}})
    assert found == [("Speaker 0", 0.0, 3.0, ONE), ("Speaker 1", 4.0, 7.0, TWO)]


@pytest.mark.parametrize(("unit", "shape"), [(1, list), (1000, list), (1000, lambda rows: {"content": rows})])
def test_captions_with_offsets(tmp_path: Path, unit: int, shape: Any) -> None:
    """Programs that fetch YouTube's captions give an offset and a duration, in seconds or thousandths."""
    rows = [{"text": ONE, "offset": 0, "duration": 3 * unit}, {"text": TWO, "offset": 4 * unit, "duration": 3 * unit}]
    assert said(tmp_path, shape(rows)) == [(None, 0.0, 3.0, ONE), (None, 4.0, 7.0, TWO)]


def test_speakers_with_facts_of_their_own(tmp_path: Path) -> None:
    """Fathom's API names who speaks in an object."""
    rows = [
        {"speaker": {"display_name": name, "matched_calendar_invitee_email": None}, "text": text, "timestamp": time}
        for name, text, time in (("Mara", ONE, "00:00:03"), ("Jonas", TWO, "00:00:09"))
    ]
    assert said(tmp_path, {"transcript": rows}) == [("Mara", 3.0, 9.0, ONE), ("Jonas", 9.0, None, TWO)]
