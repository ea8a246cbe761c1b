"""Sound is where a player has it, on the track that a player chooses, with every microphone in it."""

from __future__ import annotations

import math
import random
import struct
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("av", reason="PyAV comes with the extra 'speech'")

from masa_rag._media import RATE, MediaDecoder

LOUD = 8000


@pytest.fixture(scope="module")
def decoder() -> Iterator[MediaDecoder]:
    """One decoder for all tests."""
    with MediaDecoder() as one:
        yield one


def loud(length_s: float, *, at_s: float, level: int = LOUD) -> Iterator[Any]:
    """Yield frames of a steady level for so long, the first of them at a time."""
    import av

    for start in range(0, int(length_s * RATE), RATE // 10):
        frame = av.AudioFrame(format="s16", layout="mono", samples=RATE // 10)
        frame.planes[0].update(level.to_bytes(2, "little") * (RATE // 10))
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), int(at_s * RATE) + start
        yield frame


def recorded(path: Path, *times: float, with_picture: bool = False) -> Path:
    """Write a second of sound at each of the times; with a picture at 0."""
    import av

    with av.open(str(path), "w") as file:
        sound = file.add_stream("pcm_s16le", rate=RATE, layout="mono")
        if with_picture:
            picture = file.add_stream("mpeg4", rate=1, width=16, height=16, pix_fmt="yuv420p")
            shown = av.VideoFrame(16, 16, "yuv420p")
            shown.pts, shown.time_base = 0, Fraction(1, 1)
            file.mux([*picture.encode(shown), *picture.encode(None)])
        for at_s in times:
            for frame in loud(1.0, at_s=at_s):
                file.mux(sound.encode(frame))
    return path


def heard(data: bytes) -> list[tuple[float, float]]:
    """Return from when to when there is sound, in seconds rounded to tenths."""
    steps = [abs(int.from_bytes(data[at : at + 2], "little", signed=True)) > 500 for at in range(0, len(data), 320)]
    edges = [step for step in range(1, len(steps)) if steps[step] != steps[step - 1]]
    edges = [*([0] if steps[0] else []), *edges, *([len(steps)] if steps[-1] else [])]
    return [(round(start / 100, 1), round(end / 100, 1)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def test_what_was_not_recorded_is_silence(tmp_path: Path, decoder: MediaDecoder) -> None:
    """Four seconds without sound move nothing that comes after them."""
    assert heard(decoder.decode(recorded(tmp_path / "a.mka", 0.0, 5.0))) == [(0.0, 1.0), (5.0, 6.0)]


def test_sound_that_begins_after_the_picture(tmp_path: Path, decoder: MediaDecoder) -> None:
    """A screen is shown for three seconds before somebody speaks."""
    assert heard(decoder.decode(recorded(tmp_path / "a.mkv", 3.0, with_picture=True))) == [(3.0, 4.0)]


def test_a_clock_that_begins_late_counts_from_there(tmp_path: Path, decoder: MediaDecoder) -> None:
    """Players show 0:00 at the beginning, whatever the file calls it."""
    assert heard(decoder.decode(recorded(tmp_path / "a.mka", 50.0, 52.0))) == [(0.0, 1.0), (2.0, 3.0)]


def test_damage_in_the_middle_moves_nothing(tmp_path: Path, decoder: MediaDecoder) -> None:
    """Of 20 recorded seconds at every second one some cannot be read: the last is at its time."""
    path = recorded(tmp_path / "a.mka", *range(0, 40, 2))
    data = path.read_bytes()
    third = len(data) // 3
    path.write_bytes(data[:third] + bytes(third) + data[2 * third :])
    times = heard(decoder.decode(path))
    assert len(times) < 20
    assert times[-1] == (38.0, 39.0)


def test_a_gap_of_days_is_damage(tmp_path: Path, decoder: MediaDecoder) -> None:
    """A small file cannot ask for forty hours of silence; what it holds is heard."""
    assert heard(decoder.decode(recorded(tmp_path / "a.mka", 0.0, 40 * 3600.0))) == [(0.0, 2.0)]


def test_no_kind_of_damage_ends_a_recording(tmp_path: Path, decoder: MediaDecoder) -> None:
    """Ten recordings with other chance bits in the middle: both ends of each are heard."""
    import av

    path = tmp_path / "a.aac"
    with av.open(str(path), "w") as file:
        sound = file.add_stream("aac", rate=RATE, layout="mono")
        for frame in loud(20.0, at_s=0.0):
            file.mux(sound.encode(frame))
        file.mux(sound.encode(None))
    data, third = path.read_bytes(), len(path.read_bytes()) // 3
    for seed in range(10):
        path.write_bytes(data[:third] + random.Random(seed).randbytes(third) + data[2 * third :])
        assert 12.0 < len(decoder.decode(path)) / 2 / RATE < 21.0


def test_a_broadcast_may_begin_a_new_clock(tmp_path: Path, decoder: MediaDecoder) -> None:
    """A jump of an hour in a transport stream is another clock, and no hour of silence."""
    import av

    with av.open(str(tmp_path / "a.ts"), "w") as file:
        sound = file.add_stream("mp2", rate=RATE, layout="mono")
        for at_s in (0.0, 3600.0):
            for frame in loud(2.0, at_s=at_s):
                file.mux(sound.encode(frame))
    assert len(decoder.decode(tmp_path / "a.ts")) / 2 / RATE == pytest.approx(4.0, abs=0.3)


def test_the_track_marked_as_default_is_heard(tmp_path: Path, decoder: MediaDecoder) -> None:
    """A film whose first track is a comment plays the second."""
    import av
    from av.stream import Disposition

    with av.open(str(tmp_path / "a.mka"), "w") as file:
        comment, film = (file.add_stream("pcm_s16le", rate=RATE, layout="mono") for _ in range(2))
        comment.disposition, film.disposition = Disposition.comment, Disposition.default
        for quiet, frame in zip(loud(1.0, at_s=0, level=1000), loud(1.0, at_s=0), strict=True):
            file.mux([*comment.encode(quiet), *film.encode(frame)])
    assert max(memoryview(decoder.decode(tmp_path / "a.mka")).cast("h")) == LOUD


@pytest.mark.parametrize(("channels", "speaks"), [(6, 3), (9, 8), (32, 0)])
def test_every_microphone_is_heard(tmp_path: Path, decoder: MediaDecoder, channels: int, speaks: int) -> None:
    """Channels without places are microphones: none is the bass of 5.1, and there may be any number of them."""
    sample = b"".join((16000 if channel == speaks else 0).to_bytes(2, "little") for channel in range(channels))
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((channels, 2, RATE, 0, "NONE", ""))
        file.writeframes(sample * RATE)
    data = decoder.decode(tmp_path / "a.wav")
    assert max(memoryview(data).cast("h")) == pytest.approx(16000 / channels, rel=0.05)


@pytest.mark.parametrize(("other", "peak"), [(-1.0, 16000), (-0.8, 14400), (1.0, 16000), (0.0, 8000)])
def test_channels_turned_against_each_other_are_heard(
    tmp_path: Path, decoder: MediaDecoder, other: float, peak: int
) -> None:
    """Two channels of which one is the other turned round are no silence: their difference is heard, else the sum."""
    tones = (int(16000 * math.sin(number / 10)) for number in range(RATE))
    sample = b"".join(struct.pack("<hh", tone, int(other * tone)) for tone in tones)
    with wave.open(str(tmp_path / "cabled.wav"), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes(sample)
    assert max(memoryview(decoder.decode(tmp_path / "cabled.wav")).cast("h")) == pytest.approx(peak, rel=0.05)


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s24le", "pcm_s64le", "pcm_f64le"])
def test_two_channels_of_any_format(tmp_path: Path, decoder: MediaDecoder, codec: str) -> None:
    """How the samples are written matters neither to what is heard nor to whether the channels are turned round."""
    import av

    with av.open(str(tmp_path / "a.wav"), "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="stereo")
        for frame in loud(1.0, at_s=0.0):
            for packet in stream.encode(frame):
                container.mux(packet)
        container.mux(stream.encode(None))
    assert len(decoder.decode(tmp_path / "a.wav")) == 2 * RATE
