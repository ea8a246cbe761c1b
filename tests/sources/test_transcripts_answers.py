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
}


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
