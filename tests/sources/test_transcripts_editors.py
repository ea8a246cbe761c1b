"""JSON of editors of transcripts and of services, in which who speaks stands beside the words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from masa_rag.sources import Transcripts, open_source
from masa_rag.sources._transcripts.markup import parse_ttml
from masa_rag.types import Document


def word(text: str, at: int, paragraph: str, speaker: str | None) -> dict[str, Any]:
    """Return a word of Trint's, half a second long."""
    return {"value": text, "time": at, "duration": 500, "paragraphId": paragraph, "speaker": speaker}


FILES: dict[str, Any] = {
    "Premiere": {
        "language": "en-us",
        "segments": [
            {"speaker": "a-1", "start": 1.0, "duration": 1.0, "words": [
                {"text": "First", "start": 1.0, "duration": 0.5, "eos": False, "type": "word"},
                {"text": "buoy.", "start": 1.5, "duration": 0.5, "eos": True, "type": "word"}]},
            {"speaker": "b-2", "start": 4.0, "duration": 1.0, "words": [
                {"text": "Which", "start": 4.0, "duration": 0.5, "eos": False, "type": "word"},
                {"text": "one?", "start": 4.5, "duration": 0.5, "eos": True, "type": "word"}]},
        ],
        "speakers": [{"id": "a-1", "name": "Mara"}, {"id": "b-2", "name": "Jonas"}],
    },
    "Trint": {
        "title": "tide.mp3",
        "words": [word("First", 1000, "p0", "s1"), word("buoy.", 1500, "p0", "s1"),
                  word("Which", 4000, "p1", "s2"), word("one?", 4500, "p1", "s2")],
        "speakers": {"s1": {"name": "Mara"}, "s2": {"name": "Jonas"}},
        "paragraphs": {"p0": {}, "p1": {}},
    },
    "Trint, speakers at paragraphs": {
        "transcript": {
            "words": [word("First", 1000, "p0", None), word("buoy.", 1500, "p0", None),
                      word("Which", 4000, "p1", None), word("one?", 4500, "p1", None)],
            "speakers": [{"id": "s1", "name": "Mara"}, {"id": "s2", "name": "Jonas"}],
            "paragraphs": [{"id": "p0", "speaker": "s1"}, {"id": "p1", "speaker": "s2"}],
        },
    },
    "words and paragraphs": {
        "words": [{"start": 1.0, "end": 1.5, "text": "First"}, {"start": 1.5, "end": 2.0, "text": "buoy."},
                  {"start": 4.0, "end": 4.5, "text": "Which"}, {"start": 4.5, "end": 5.0, "text": "one?"}],
        "paragraphs": [{"speaker": "Mara", "start": 1.0, "end": 2.0}, {"speaker": "Jonas", "start": 3.9, "end": 5.0}],
    },
    "Google Speech 2": {
        "results": [
            {"alternatives": [{"transcript": "First buoy.", "words": [
                {"startOffset": "1s", "endOffset": "1.500s", "word": "First", "speakerLabel": "Mara"},
                {"startOffset": "1.500s", "endOffset": "2s", "word": "buoy.", "speakerLabel": "Mara"}]}]},
            {"alternatives": [{"transcript": "Which one?", "words": [
                {"startOffset": "4s", "endOffset": "4.500s", "word": "Which", "speakerLabel": "Jonas"},
                {"startOffset": "4.500s", "endOffset": "5s", "word": "one?", "speakerLabel": "Jonas"}]}]},
        ],
    },
    "Zoom's timeline": {
        "timeline": [
            {"text": "First buoy.", "ts": "00:00:01.000", "end_ts": "00:00:02.000", "users": [{"username": "Mara"}]},
            {"text": "Which one?", "ts": "00:00:04.000", "end_ts": "00:00:05.000", "users": [{"username": "Jonas"}]},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_editors(tmp_path: Path, name: str) -> None:
    """Words are joined to sentences, with the names of who says them."""
    (tmp_path / "talk.json").write_text(json.dumps(FILES[name]))
    source = open_source(tmp_path / "talk.json")
    assert isinstance(source, Transcripts)
    (talk,) = source
    assert isinstance(talk, Document)
    assert [(line.author, line.start, line.end, line.text) for line in talk.segments] == [
        ("Mara", 1.0, 2.0, "First buoy."),
        ("Jonas", 4.0, 5.0, "Which one?"),
    ]


def test_ttml_of_television() -> None:
    """Frames are counted with their multiplier, and facts within a caption are not said."""
    text = (
        '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="30" '
        'ttp:frameRateMultiplier="1000 1001"><body><div><p begin="3000f" end="6000f"><metadata>row 1</metadata>'
        "First buoy.</p></div></body></tt>"
    )
    (line,) = parse_ttml(text).lines
    assert (line.start, line.end, line.text) == (pytest.approx(100.1), pytest.approx(200.2), "First buoy.")
