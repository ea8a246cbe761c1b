"""The parts of transcription that need no weights: windows, guards, kept work, speakers, progress."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masa_rag.errors import ConfigurationError
from masa_rag.transcribers._diarization import SpeakerTurn, with_speakers
from masa_rag.transcribers._guards import cut_loops, is_invented, is_looping
from masa_rag.transcribers._progress import Progress, Watch
from masa_rag.transcribers._resume import Kept
from masa_rag.transcribers._windows import RATE, Window, Word, lines_of, windows_of
from masa_rag.types import Segment


def seconds(*spans: tuple[float, float]) -> list[tuple[int, int]]:
    """Return spans in samples."""
    return [(int(start * RATE), int(end * RATE)) for start, end in spans]


def test_windows_are_filled_with_speech() -> None:
    """Stretches are joined without the pauses between them, as long as they fit."""
    windows = windows_of(seconds((0, 8), (10, 18), (30, 35), (40, 41)), limit_s=20)
    assert [window.seconds for window in windows] == [16.0, 6.0]
    assert (windows[1].start, windows[1].end) == (30 * RATE, 41 * RATE)


def test_heard_time_is_put_back_into_the_recording() -> None:
    """A second of what is heard is a second of the recording; at a cut, ends look back and starts ahead."""
    window = Window(tuple(seconds((10, 12), (20, 25))))
    assert [window.time_at(second) for second in (0, 1, 2, 3, 99)] == [10, 11, 20, 21, 25]
    assert window.time_at(2, is_end=True) == 12


@given(st.lists(st.tuples(st.floats(0.1, 9), st.floats(0.1, 9)), min_size=1, max_size=20))
def test_windows_keep_all_speech_in_order(lengths: list[tuple[float, float]]) -> None:
    """No stretch is lost or moved, and mapped times never run backwards."""
    spans, position = [], 0
    for pause, length in lengths:
        start = position + int(pause * RATE)
        position = start + int(length * RATE)
        spans.append((start, position))
    windows = windows_of(spans, limit_s=20)
    assert [span for window in windows for span in window.spans] == spans
    times = [window.time_at(window.seconds * part / 7) for window in windows for part in range(8)]
    assert times == sorted(times)


@pytest.mark.parametrize("end", [".", "。", "؟"])
def test_lines_end_with_sentences_and_pauses(end: str) -> None:
    """A line is cut after a sentence once it is long enough, at a pause, and when it gets too long."""
    window = Window(tuple(seconds((0, 30), (40, 60))))
    words = [Word(f" w{n}{end if n == 6 else ''}", n, n + 0.9, 1.0) for n in range(30)]
    starts = [line[0].text.strip() for line in lines_of([*words, Word(" after", 30.0, 31.0, 1.0)], window)]
    assert starts[:2] == ["w0", "w7"]
    assert starts[-1] == "after"
    assert all(len(list(line)) <= 12 for line in lines_of(words, window))


@pytest.mark.parametrize(
    ("text", "confidence", "no_speech", "invented"),
    [
        (" Thank you.", 0.4, 0.1, True),
        (" Thank you.", 0.9, 0.1, False),
        (" Transcribed by https://otter.ai", 0.5, 0.0, True),
        (" Subtitles by the Amara.org community", 0.3, 0.2, True),
        (" ♪ ♪", 0.9, 0.0, True),
        (" The kite flew over the second house.", 0.3, 0.1, False),
        (" You", 0.5, 0.2, True),
    ],
)
def test_what_silence_is_made_into(text: str, confidence: float, no_speech: float, invented: bool) -> None:
    """Phrases that Whisper writes over silence go, unless the model is sure of them."""
    found = is_invented(text, confidence=confidence, no_speech=no_speech, log_probability=-0.5)
    assert found is invented


def test_silence_by_the_models_own_word() -> None:
    """Above 0.6 for no speech and below -1 for the words, it is silence, whatever was written."""
    assert is_invented(" Some words.", confidence=0.3, no_speech=0.7, log_probability=-1.2)


def test_loops_are_cut_and_emphasis_is_kept() -> None:
    """Four rounds of a phrase are a loop, three are a way of talking."""
    assert cut_loops("and so on and so on and so on and so on ok".split()) == "and so on ok".split()
    assert cut_loops("no no no stop".split()) == "no no no stop".split()
    assert is_looping("go on " * 40)
    assert not is_looping("The kite flew over the second house, and Mia saw it from her window.")


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=60))
def test_cutting_loops_only_removes(words: list[str]) -> None:
    """What is left is a part of what was there, in order, and cutting again never adds."""
    cut = cut_loops(words)
    rest = iter(words)
    assert all(word in rest for word in cut)
    assert len(cut_loops(cut)) <= len(cut)


def test_kept_work_survives_a_cut_line(tmp_path: Path) -> None:
    """Finished windows are there again; a half-written line is one window to do, not an error."""
    recording = tmp_path / "a.wav"
    recording.write_bytes(b"sound")
    kept = Kept(tmp_path / "cache", recording, "model:1")
    kept.put({"start": 0, "end": 5, "lines": []})
    (file,) = (tmp_path / "cache").iterdir()
    with file.open("a") as stream:
        stream.write('{"start": 5, "end"')
    again = Kept(tmp_path / "cache", recording, "model:1")
    assert again.get(0, 5) is not None
    assert again.get(5, 9) is None
    assert again.all() is None
    again.put({"start": 5, "end": 9, "lines": []})
    again.finish([(0, 5), (5, 9)])
    complete = Kept(tmp_path / "cache", recording, "model:1").all()
    assert complete is not None
    assert [entry["start"] for entry in complete] == [0, 5]


def test_kept_work_that_does_not_fit_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    """Windows that another run found are no part of the whole; a whole that lacks one is none."""
    (tmp_path / "a.wav").write_bytes(b"sound")
    kept = Kept(tmp_path / "k", tmp_path / "a.wav", "m:1")
    for start, end in ((0, 4), (0, 5), (5, 9)):
        kept.put({"start": start, "end": end})
    kept.finish([(0, 5), (5, 9)])
    assert [entry["end"] for entry in Kept(tmp_path / "k", tmp_path / "a.wav", "m:1").all() or ()] == [5, 9]
    kept.finish([(0, 5), (5, 8)])
    again = Kept(tmp_path / "k", tmp_path / "a.wav", "m:1")
    assert again.all() is None
    assert again.get(5, 9) is not None


def test_damaged_work_is_done_again(tmp_path: Path) -> None:
    """Whichever letter of a kept window the disk changed, in a word, a name or a number, the window is not there."""
    (tmp_path / "a.wav").write_bytes(b"sound")
    Kept(tmp_path / "k", tmp_path / "a.wav", "m:1").put(
        {"start": 0, "end": 5, "lines": [{"text": "Hello.", "start": 1}]}
    )
    (file,) = (tmp_path / "k").iterdir()
    good = file.read_bytes()
    for place in range(len(good)):
        file.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        damaged = Kept(tmp_path / "k", tmp_path / "a.wav", "m:1")
        assert (damaged.get(0, 5), damaged.all()) == (None, None)


def test_a_cache_that_cannot_be_made_is_told_at_once(tmp_path: Path) -> None:
    """It is the setting that is wrong, not the recording."""
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "a.wav").write_bytes(b"sound")
    with pytest.raises(ConfigurationError, match=r"received cache=.*a folder that can be written, or None"):
        Kept(tmp_path / "file" / "cache", tmp_path / "a.wav", "m:1")


def test_work_goes_on_where_nothing_can_be_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A cache that cannot be read or written, as on a full disk, is one warning; the results are there."""
    (tmp_path / "a.wav").write_bytes(b"sound")
    Kept(tmp_path / "k", tmp_path / "a.wav", "m:1").put({"start": 0, "end": 5})
    (file,) = (tmp_path / "k").iterdir()
    file.unlink()
    early = Kept(tmp_path / "k", tmp_path / "a.wav", "m:1")
    file.mkdir()
    late = Kept(tmp_path / "k", tmp_path / "a.wav", "m:1")
    for kept in (early, late):
        kept.put({"start": 0, "end": 5})
        kept.put({"start": 5, "end": 9})
        kept.finish([(0, 5), (5, 9)])
        assert [entry["end"] for entry in kept.all() or ()] == [5, 9]
    assert [record.message.split("(")[0] for record in caplog.records] == [
        f"{file}: finished windows cannot be kept "
    ] * 2


def test_two_that_keep_the_same_recording_do_not_mix_their_lines(tmp_path: Path) -> None:
    """Whoever reads the file later finds every window whole, however long its line is."""
    (tmp_path / "a.wav").write_bytes(b"sound")
    both = [Kept(tmp_path / "k", tmp_path / "a.wav", "m:1") for _ in range(2)]
    for start in range(0, 50, 5):
        for kept in both:
            kept.put({"start": start, "end": start + 5, "lines": ["ä" * 9000]})
    for kept in both:
        kept.finish([(start, start + 5) for start in range(0, 50, 5)])
    assert len(Kept(tmp_path / "k", tmp_path / "a.wav", "m:1").all() or ()) == 10


def test_kept_work_hangs_on_content_and_settings(tmp_path: Path) -> None:
    """A renamed recording keeps its work; other bytes or another model start afresh."""
    for name, data in (("a", b"one"), ("b", b"one"), ("c", b"two")):
        (tmp_path / name).write_bytes(data)
    Kept(tmp_path / "k", tmp_path / "a", "m:1").put({"start": 0, "end": 5, "lines": []})
    assert Kept(tmp_path / "k", tmp_path / "b", "m:1").get(0, 5) is not None
    assert Kept(tmp_path / "k", tmp_path / "c", "m:1").get(0, 5) is None
    assert Kept(tmp_path / "k", tmp_path / "a", "m:2").get(0, 5) is None
    first, _, _ = next((tmp_path / "k").iterdir()).read_text().partition("\t")
    assert json.loads(first)["end"] == 5


def test_lines_get_the_speaker_of_most_of_their_time() -> None:
    """Letters go by appearance; a near turn counts within a second; else nobody."""
    turns = [SpeakerTurn(0, 4, "x"), SpeakerTurn(4, 9, "y")]
    lines = [Segment("a", start=0.0, end=5.0), Segment("b", start=4.5, end=6.0), Segment("c", start=9.5, end=10.0),
             Segment("d", start=20.0, end=21.0), Segment("e")]  # fmt: skip
    assert [line.author for line in with_speakers(lines, turns)] == ["Speaker A", "Speaker B", "Speaker B", None, None]


def test_a_line_is_cut_where_another_speaker_begins() -> None:
    """With the times of words a line becomes one a speaker; one stray word does not cut it; without times it stays."""
    turns = [SpeakerTurn(0, 2.5, "x"), SpeakerTurn(2.5, 4.5, "y"), SpeakerTurn(4.5, 5, "x")]
    line = Segment("how are you fine thanks mate", start=0.0, end=6.0,
                   metadata={"word_starts": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]})  # fmt: skip
    parts = with_speakers([line], turns)
    assert [(part.author, part.text, part.start, part.end) for part in parts] == [
        ("Speaker A", "how are you", 0.0, 3.0), ("Speaker B", "fine thanks mate", 3.0, 6.0),
    ]  # fmt: skip
    assert parts[1].metadata["word_starts"] == [3.0, 4.0, 5.0]
    (whole,) = with_speakers([Segment(line.text, start=0.0, end=6.0)], turns)
    assert (whole.author, whole.text) == ("Speaker A", line.text)


def test_a_line_is_compared_with_the_turns_around_it() -> None:
    """Of a thousand turns a line looks at few, however long the recording is."""
    looked = 0

    class Turn(SpeakerTurn):
        def __getattribute__(self, name: str) -> object:
            nonlocal looked
            looked += name == "start"
            return super().__getattribute__(name)

    turns = [Turn(float(start), start + 1.0, "xy"[start % 2]) for start in range(1000)]
    lines = [Segment("a", start=float(start), end=start + 0.5) for start in range(1000)]
    assert [line.author for line in with_speakers(lines, turns)] == ["Speaker A", "Speaker B"] * 500
    assert looked < 20 * len(lines)


def test_progress_is_honest(tmp_path: Path) -> None:
    """Shares go by bytes, and no time is guessed before there is work to judge it by."""
    files = []
    for name, size in (("a", 30), ("b", 70)):
        (tmp_path / name).write_bytes(b"x" * size)
        files.append(tmp_path / name)
    told: list[Progress] = []
    watch = Watch(files, told.append)
    watch.update([])
    watch.finished(files[0])
    watch.update([])
    assert [item.done for item in told] == [0.0, 0.3]
    assert told[0].left_s is None
    assert told[1].left_s is not None
    assert (told[1].files_done, told[1].files) == (1, 2)
