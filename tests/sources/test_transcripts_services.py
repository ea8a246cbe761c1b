"""What speech services and tools write as JSON: recognised by content, with speakers and seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from masa_rag.sources import Transcripts, open_source
from masa_rag.types import Document

ONE, TWO = "The pump failed again last night.", "Then order a new seal, Mara."


def words_of(text: str, start: float, *, unit: float = 1.0, key: str = "text", **more: Any) -> list[dict[str, Any]]:
    """Return a row a word, half a second each."""
    return [
        {key: word, "start": (start + at / 2) * unit, "end": (start + at / 2 + 0.5) * unit, **more}
        for at, word in enumerate(text.split())
    ]


def items_of(text: str, start: float, speaker: str) -> list[dict[str, Any]]:
    """Return the rows of Amazon Transcribe: words, and the mark at the end as a row without times."""
    rows: list[dict[str, Any]] = [
        {"type": "pronunciation", "alternatives": [{"confidence": "0.9", "content": row["text"]}],
         "start_time": str(row["start"]), "end_time": str(row["end"]), "speaker_label": speaker}
        for row in words_of(text.rstrip("."), start)
    ]  # fmt: skip
    return [*rows, {"type": "punctuation", "alternatives": [{"confidence": "0.0", "content": "."}]}]


def elements_of(text: str, start: float) -> list[dict[str, Any]]:
    """Return the elements of Rev: words with times, blanks and marks without."""
    rows: list[dict[str, Any]] = []
    for row in words_of(text.rstrip("."), start):
        rows += [{"type": "text", "value": row["text"], "ts": row["start"], "end_ts": row["end"]}]
        rows += [{"type": "punct", "value": " "}]
    return [*rows[:-1], {"type": "punct", "value": "."}]


WORDS = [*words_of(ONE, 0.0), *words_of(TWO, 4.0)]
BOTH = f"{ONE} {TWO}"
ASSEMBLY = {"id": "a", "audio_url": "https://a.example/a.mp3", "text": BOTH, "utterances": None}
DEEPGRAM_WORDS = [{**row, "word": "x", "punctuated_word": row["text"]} for row in WORDS]

NAMELESS: dict[str, Any] = {
    "whisper.cpp": {
        "systeminfo": "AVX = 1",
        "model": {"type": "base", "audio": {"ctx": 1500}},
        "result": {"language": "en"},
        "transcription": [
            {"timestamps": {"from": "00:00:00,000"}, "offsets": {"from": 0, "to": 3000}, "text": f" {ONE}"},
            {"timestamps": {"from": "00:00:04,000"}, "offsets": {"from": 4000, "to": 7000}, "text": f" {TWO}"},
        ],
    },
    "transformers": {
        "text": BOTH,
        "chunks": [{"timestamp": [0.0, 3.0], "text": f" {ONE}"}, {"timestamp": [4.0, 7.0], "text": f" {TWO}"}],
    },
    "faster-whisper": [
        {"id": 1, "start": 0.0, "end": 3.0, "text": f" {ONE}", "words": None, "tokens": [1, 2]},
        {"id": 2, "start": 4.0, "end": 7.0, "text": f" {TWO}", "words": None, "tokens": [3]},
    ],
    "youtube-transcript-api": [
        [{"text": ONE, "start": 0.0, "duration": 3.0}, {"text": TWO, "start": 4, "duration": 3}]
    ],
    "AssemblyAI, no speakers": {
        **ASSEMBLY,
        "words": [*words_of(ONE, 0, unit=1000), *words_of(TWO, 4, unit=1000)],
    },
    "AssemblyAI, sentences": {
        "sentences": [{"text": ONE, "start": 0, "end": 3000, "words": []}, {"text": TWO, "start": 4000, "end": 7000}],
    },
    "OpenAI, words": {"task": "transcribe", "duration": 7.0, "text": BOTH, "words": WORDS},
    "Deepgram, words": {
        "metadata": {"duration": 7.0},
        "results": {"channels": [{"alternatives": [{"transcript": BOTH, "words": DEEPGRAM_WORDS}]}]},
    },
    "Vosk": {"result": [{"conf": 1.0, **row} for row in WORDS], "text": BOTH},
    "Google": {
        "results": [
            {"alternatives": [{"transcript": ONE, "words": [{"endTime": "3s", "word": "The"}]}]},
            {
                "alternatives": [
                    {"transcript": TWO, "words": [{"startTime": "4s", "endTime": "7.000s", "word": "Then"}]}
                ]
            },
        ]
    },
    "Azure": {
        "recognizedPhrases": [
            {"offsetInTicks": 0, "durationInTicks": 3e7, "nBest": [{"lexical": "x", "display": ONE}]},
            {"offsetInTicks": 4e7, "durationInTicks": 3e7, "nBest": [{"lexical": "x", "display": TWO}]},
        ]
    },
}

NAMED: dict[str, Any] = {
    "insanely-fast-whisper": {
        "speakers": [
            {"speaker": "SPEAKER_0", "timestamp": [0.0, 3.0], "text": f" {ONE}"},
            {"speaker": "SPEAKER_1", "timestamp": [4.0, 7.0], "text": f" {TWO}"},
        ],
        "chunks": [{"timestamp": [0.0, 7.0], "text": BOTH}],
        "text": BOTH,
    },
    "AssemblyAI's utterances by themselves": [
        {"speaker": "0", "text": ONE, "start": 0, "end": 3000, "words": []},
        {"speaker": "1", "text": TWO, "start": 4000, "end": 7000, "words": []},
    ],
    "Deepgram, paragraphs": {
        "metadata": {"duration": 7.0},
        "results": {
            "channels": [
                {
                    "alternatives": [
                        {
                            "transcript": BOTH,
                            "words": DEEPGRAM_WORDS,
                            "paragraphs": {
                                "transcript": BOTH,
                                "paragraphs": [
                                    {"sentences": [{"text": ONE}], "start": 0.0, "end": 3.0, "speaker": 0},
                                    {"sentences": [{"text": TWO}], "start": 4.0, "end": 7.0, "speaker": 1},
                                ],
                            },
                        }
                    ]
                }
            ]
        },
    },
    "Gladia": {
        "id": "g",
        "result": {
            "transcription": {
                "full_transcript": BOTH,
                "utterances": [
                    {"start": 0.0, "end": 3.0, "speaker": 0, "words": [], "text": ONE},
                    {"start": 4.0, "end": 7.0, "speaker": 1, "words": [], "text": TWO},
                ],
            }
        },
    },
    "Rev": {
        "monologues": [
            {"speaker": 0, "elements": elements_of(ONE, 0.0)},
            {"speaker": 1, "elements": elements_of(TWO, 4.0)},
        ]
    },
    "Amazon": {
        "jobName": "j",
        "results": {
            "transcripts": [{"transcript": BOTH}],
            "items": [*items_of(ONE, 0.0, "spk_0"), *items_of(TWO, 4.0, "spk_1")],
        },
    },
    "Speechmatics": {
        "format": "2.9",
        "results": [
            {**row, "alternatives": [{**row["alternatives"][0], "speaker": label}]}
            for label, text, start in (("0", ONE, 0.0), ("1", TWO, 4.0))
            for row in items_of(text, start, label)
        ],
    },
    "ElevenLabs": {
        "language_code": "eng",
        "text": BOTH,
        "words": [
            {**row, "type": kind, "speaker_id": speaker, "text": row["text"] if kind == "word" else " "}
            for speaker, text, start in (("speaker_0", ONE, 0.0), ("speaker_1", TWO, 4.0))
            for row in words_of(text, start)
            for kind in ("word", "spacing")
        ],
    },
    "Fireflies": {
        "data": {
            "transcript": {
                "title": "Weekly",
                "sentences": [
                    {"index": 0, "speaker_name": "0", "text": ONE, "start_time": 0.0, "end_time": "3.0"},
                    {"index": 1, "speaker_name": "1", "text": TWO, "start_time": 4.0, "end_time": "7.0"},
                ],
            }
        }
    },
    "Fireflies, saved": [
        {"sentence": ONE, "startTime": "00:00", "endTime": "00:03", "speaker_name": "0", "speaker_id": 0},
        {"sentence": TWO, "startTime": "00:04", "endTime": "00:07", "speaker_name": "1", "speaker_id": 1},
    ],
}


def recognised(folder: Path, data: Any) -> Document:
    """Write JSON, let the library find out what it is, and return its one document."""
    (folder / "talk.json").write_text(json.dumps(data))
    source = open_source(folder / "talk.json")
    assert isinstance(source, Transcripts)
    (document,) = source
    assert isinstance(document, Document), document
    return document


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", NAMELESS)
def test_answers_without_speakers(tmp_path: Path, shape: str) -> None:
    """Each shape gives its two sentences with their seconds."""
    document = recognised(tmp_path, NAMELESS[shape])
    assert document.kind == "speech"
    assert [(line.author, line.start, line.text) for line in document.segments] == [(None, 0.0, ONE), (None, 4.0, TWO)]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", NAMED)
def test_answers_with_speakers(tmp_path: Path, shape: str) -> None:
    """Each shape gives its two turns with who speaks, from when to when."""
    document = recognised(tmp_path, NAMED[shape])
    found = [(line.author, line.start, line.text.rstrip(".")) for line in document.segments]
    labels = ("0", "1") if shape.startswith("Fire") else ("Speaker 0", "Speaker 1")
    expected = [(label if label[0] == "S" else f"Speaker {label}", at, text.rstrip("."))
                for label, at, text in zip(labels, (0.0, 4.0), (ONE, TWO), strict=True)]  # fmt: skip
    assert found == expected


AT_ONCE = (("ch_0", ONE, 0.0), ("ch_1", TWO, 0.25))
"""What two people say at the same time: the words of one stand between those of the other."""


def unlabelled(text: str, start: float) -> list[dict[str, Any]]:
    """Return the rows of Amazon Transcribe without a speaker."""
    return [{key: value for key, value in item.items() if key != "speaker_label"} for item in items_of(text, start, "")]


def test_people_on_channels_of_their_own_talk_at_once(tmp_path: Path) -> None:
    """Amazon names the channel of each word: each person has a line, and the marks behind the words."""
    timed, moment = [], 0.0
    for label, text, start in AT_ONCE:
        for item in unlabelled(text, start):
            moment = float(item.get("start_time", moment))
            timed.append((moment, {**item, "channel_label": label}))
    items = [item for _, item in sorted(timed, key=lambda pair: pair[0])]
    document = recognised(tmp_path, {"jobName": "j", "results": {"items": items}})
    assert [(line.author, line.start, line.text) for line in document.segments] == [
        ("Speaker 0", 0.0, ONE), ("Speaker 1", 0.25, TWO),
    ]  # fmt: skip


def test_a_list_for_each_channel(tmp_path: Path) -> None:
    """Older answers of Amazon have the words of all without a label, and those of each channel again."""
    channels = [{"channel_label": label, "items": unlabelled(text, start)} for label, text, start in AT_ONCE]
    items = [item for channel in channels for item in channel["items"]]
    results = {"channel_labels": {"channels": channels, "number_of_channels": 2}, "items": items}
    document = recognised(tmp_path, {"jobName": "j", "results": results})
    assert [(line.author, line.text) for line in document.segments] == [("Speaker 0", ONE), ("Speaker 1", TWO)]


def test_utterances_by_channel(tmp_path: Path) -> None:
    """Deepgram numbers the channels; one channel alone names nobody."""
    rows = [{"start": 0.1, "end": 3.0, "channel": 0, "transcript": ONE},
            {"start": 1.2, "end": 4.0, "channel": 1, "transcript": TWO}]  # fmt: skip
    both = recognised(tmp_path, {"results": {"utterances": rows}})
    assert [(line.author, line.text) for line in both.segments] == [("Speaker 0", ONE), ("Speaker 1", TWO)]
    assert [line.author for line in recognised(tmp_path, {"results": {"utterances": rows[:1]}}).segments] == [None]


def test_words_by_channel(tmp_path: Path) -> None:
    """Deepgram's words of two channels are joined each for itself."""
    channels = [{"alternatives": [{"words": words_of(text, start)}]} for text, start in ((ONE, 0.0), (TWO, 0.25))]
    document = recognised(tmp_path, {"results": {"channels": channels}})
    assert [(line.author, line.text) for line in document.segments] == [("Speaker 0", ONE), ("Speaker 1", TWO)]


def test_whole_seconds_stay_seconds(tmp_path: Path) -> None:
    """Few words over a long time are a chapter's, not milliseconds."""
    parts = [{"start": 0, "end": 300, "text": "Intro"}, {"start": 300, "end": 900, "text": "Pumps"}]
    assert [line.start for line in recognised(tmp_path, {"segments": parts}).segments] == [0.0, 300.0]


def test_language_is_kept(tmp_path: Path) -> None:
    """whisper.cpp names the language inside of its result."""
    assert recognised(tmp_path, NAMELESS["whisper.cpp"]).metadata == {"language": "en"}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_long_recording_whose_turns_come_late(tmp_path: Path, encoding: str) -> None:
    """Whisper writes the whole text before its segments: of two hours that is more than a source is shown at first."""
    segments = [{"id": at, "start": at * 4.0, "end": at * 4 + 3.5, "text": f" {ONE}"} for at in range(2400)]
    text = json.dumps({"text": " ".join([ONE] * 2400), "segments": segments, "language": "en"})
    (tmp_path / "long.json").write_bytes(text.encode(encoding))
    (document,) = open_source(tmp_path / "long.json")
    assert isinstance(document, Document)
    assert (len(document.segments), document.segments[-1].start) == (2400, 9596.0)


@pytest.mark.parametrize(
    "data",
    [
        {"text": "A note.", "words": 2},
        {"sentences": ["One.", "Two."]},
        {"results": [{"text": "a find", "score": 0.5}]},
        [{"title": "Dinner", "text": "with Ada", "start": "2024-05-01T19:00:00Z", "end": "2024-05-01T21:00:00Z"}],
        {"result": [{"text": "ok"}]},
        {"segments": [{"text": "a part of a pipe"}]},
        {"transcription": [{"text": "no times"}]},
    ],
)
def test_other_json_is_no_transcript(tmp_path: Path, data: Any) -> None:
    """Names that a transcript uses do not make one: somebody speaks, or seconds are given."""
    path = tmp_path / "other.json"
    path.write_text(json.dumps(data))
    assert not Transcripts.recognises(path, path.read_bytes())


@pytest.mark.parametrize("odd", [None, [], {}, [[]], True, -1, "", "nan"])
@pytest.mark.parametrize("shape", [*NAMELESS, *NAMED])
def test_odd_values_raise_nothing(tmp_path: Path, shape: str, odd: Any) -> None:
    """Any value may be of another kind than the service writes; the file is read or reported."""

    def spoilt(data: Any, name: str) -> Any:
        if isinstance(data, dict):
            return {key: odd if key == name else spoilt(value, name) for key, value in data.items()}
        return [spoilt(item, name) for item in data] if isinstance(data, list) else data

    def names(data: Any) -> set[str]:
        inside = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
        return set(data if isinstance(data, dict) else ()).union(*map(names, inside))

    data, path = (NAMELESS | NAMED)[shape], tmp_path / "odd.json"
    for name in names(data):
        path.write_text(json.dumps(spoilt(data, name)))
        Transcripts.recognises(path, path.read_bytes())
        list(Transcripts(path))
