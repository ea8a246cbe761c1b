"""Media in a child process: what it reads, what it refuses, and that the parent stays alive."""

from __future__ import annotations

import random
import signal
import wave
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("av", reason="PyAV comes with the extra 'speech'")

from masa_rag._media import RATE, MediaDecoder
from masa_rag.errors import ConfigurationError, TranscriptionError


def tone(path: Path, *, rate: int = RATE, channels: int = 1, length_s: float = 0.5) -> Path:
    """Write a WAV file with a saw tooth."""
    frames = b"".join((int(number * 400) % 20000 - 10000).to_bytes(2, "little", signed=True) * channels
                      for number in range(int(rate * length_s)))  # fmt: skip
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(frames)
    return path


@pytest.fixture(scope="module")
def decoder() -> object:
    """One decoder for all tests: it must survive what they give it."""
    with MediaDecoder(stall_s=5) as one:
        yield one


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 2), (44100, 2), (48000, 1)])
def test_any_rate_and_channels(tmp_path: Path, decoder: MediaDecoder, rate: int, channels: int) -> None:
    """Half a second is half a second, mono, at 16 kHz, whatever the file has."""
    data = decoder.decode(tone(tmp_path / "a.wav", rate=rate, channels=channels))
    assert len(data) / 2 / RATE == pytest.approx(0.5, abs=0.02)


def mp3(path: Path, *, rate: int, layout: str) -> bytes:
    """Return a second of silence as MP3."""
    import av

    with av.open(str(path), "w") as file:
        stream = file.add_stream("mp3", rate=rate)
        stream.layout = layout
        frame = av.AudioFrame(format="s16p", layout=layout, samples=rate)
        frame.sample_rate = rate
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        file.mux([*stream.encode(frame), *stream.encode(None)])
    return path.read_bytes()


@pytest.mark.parametrize("other", [{"rate": 44100, "layout": "mono"}, {"rate": 22050, "layout": "stereo"}])
def test_a_format_that_changes_midway(tmp_path: Path, decoder: MediaDecoder, other: dict[str, Any]) -> None:
    """As where an advertisement was put in: all three parts are heard, each in its time (but for what MP3 pads)."""
    usual, inserted = mp3(tmp_path / "a.mp3", rate=44100, layout="stereo"), mp3(tmp_path / "b.mp3", **other)
    (tmp_path / "c.mp3").write_bytes(usual + inserted + usual)
    seconds = [len(decoder.decode(tmp_path / name)) / 2 / RATE for name in ("a.mp3", "b.mp3", "c.mp3")]
    assert seconds[2] == pytest.approx(2 * seconds[0] + seconds[1], abs=0.2)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("empty.wav", b"", "empty file"),
        ("words.mp3", b"these are words", "cannot be decoded"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n", "cannot be decoded"),
        ("list.txt", b"ffconcat version 1.0\nfile /etc/hostname\n", "cannot be decoded"),
        ("zeros.wav", bytes(5000), "cannot be decoded"),
    ],
)
def test_what_is_refused(tmp_path: Path, decoder: MediaDecoder, name: str, data: bytes, says: str) -> None:
    """Empty files, text, and playlists that name other files are one typed error each."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(TranscriptionError, match=says):
        decoder.decode(tmp_path / name)


@pytest.mark.parametrize("address", ["http://localhost:1/a.mp3", "file:///etc/hostname", "/nowhere/a.wav"])
def test_only_files_are_opened(decoder: MediaDecoder, address: str) -> None:
    """Addresses are refused before anything is opened."""
    with pytest.raises(TranscriptionError, match="not a file"):
        decoder.decode(Path(address))


def test_a_name_that_no_disk_takes(tmp_path: Path, decoder: MediaDecoder) -> None:
    """What the system says of a file that it will not look at is told as of any other."""
    with pytest.raises(TranscriptionError, match="cannot be read"):
        decoder.decode(tmp_path / ("long" * 100))


def test_damaged_files_do_no_harm(tmp_path: Path, decoder: MediaDecoder) -> None:
    """Fifty files with random damage: each is sound or a typed error, and the next good one is read."""
    good = tone(tmp_path / "good.wav").read_bytes()
    chance = random.Random(7)
    for number in range(50):
        data = bytearray(good)
        for _ in range(chance.randrange(1, 30)):
            data[chance.randrange(min(len(data), 200))] = chance.randrange(256)
        path = tmp_path / f"{number}.wav"
        path.write_bytes(data[: chance.randrange(20, len(data))])
        try:
            assert decoder.decode(path)
        except TranscriptionError as error:
            assert path.name in str(error)
    assert decoder.decode(tone(tmp_path / "after.wav"))


def test_a_dead_child_is_replaced(tmp_path: Path) -> None:
    """When the child has died, the next file gets a new one."""
    path = tone(tmp_path / "a.wav")
    with MediaDecoder() as decoder:
        decoder.decode(path)
        child = decoder._child
        assert child is not None
        child.kill()
        child.wait()
        assert decoder.decode(path)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="only POSIX systems can halt a process")
def test_a_child_that_stands_still_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time given for a sample the file is given up; the next one gets a new child."""
    path = tone(tmp_path / "a.wav")
    with MediaDecoder() as decoder:
        decoder.decode(path)
        assert decoder._child is not None
        decoder._child.send_signal(signal.SIGSTOP)
        monkeypatch.setattr(decoder, "_stall_s", 0.05)
        with pytest.raises(TranscriptionError, match=r"no sound was decoded for 0\.05 seconds"):
            decoder.decode(path)
        monkeypatch.undo()
        assert decoder.decode(path)


def test_too_long_is_refused(tmp_path: Path) -> None:
    """More sound than allowed is given up while it is decoded, not after."""
    with MediaDecoder(max_hours=0.0001) as decoder, pytest.raises(TranscriptionError, match="more than"):
        decoder.decode(tone(tmp_path / "a.wav", length_s=2))


def test_limits_are_positive() -> None:
    """A limit of nothing is a mistake."""
    with pytest.raises(ConfigurationError):
        MediaDecoder(stall_s=0)
