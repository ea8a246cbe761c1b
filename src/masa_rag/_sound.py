"""What a media file sounds like: mono samples at one rate, each at its time. Used in the decoder's child only."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from masa_rag._media import BLOCK_BYTES, FORMATS, RATE, STALL_S

_TIMED = frozenset({"asf", "flv", "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "mpeg", "mpegts", "ogg"})
"""Containers that store a time with what they hold; elsewhere FFmpeg works it out, now and then wrongly."""

_GAP_S = 0.25
"""A time so much later than the sound before it is a gap; less is rounding, and what codecs put before the sound."""

_LONGEST_GAP_S = 4 * 3600.0
"""A time that is still later is damage, as is one behind the end that the file tells."""

_LONGEST_SPLICE_S = 10.0
_MANY_CLOCKS = 0x200
"""AVFMT_TS_DISCONT of libavformat: containers whose clock may start anew, as in broadcasts. As in FFmpeg's own program
a time that is farther off than this is a new clock."""


def samples(av: Any, path: str) -> Iterator[tuple[bytes, int]]:
    """Yield (mono 16-bit samples at RATE, bytes read); damaged packets are skipped, as players do."""
    options = {"protocol_whitelist": "none", "format_whitelist": FORMATS}
    pending = bytearray()
    with Path(path).open("rb") as file, av.open(file, mode="r", options=options, metadata_errors="ignore") as container:
        if not container.streams.audio:
            raise ValueError("it has no audio track")
        for part in _in_time(av, container):
            pending += part
            while len(pending) >= BLOCK_BYTES:
                yield bytes(pending[:BLOCK_BYTES]), file.tell()
                del pending[:BLOCK_BYTES]
        if pending:
            yield bytes(pending), file.tell()


def _in_time(av: Any, container: Any) -> Iterator[bytes]:
    """Yield mono 16-bit samples at RATE, with silence where the file has none.

    What begins after the picture, was not recorded for a while or is damaged would otherwise move all that follows.
    """
    mixer, done = _Mixer(av), 0
    begin, longest = (container.start_time or 0) / av.time_base, _longest_gap(av, container)
    for frame in _frames(av, container):
        late = 0.0 if frame.time is None else frame.time - begin - done / RATE
        if not -_LONGEST_SPLICE_S < late <= longest:
            begin += late
        elif late > _GAP_S:
            rest = mixer.rest()
            yield rest
            yield from _silence(int(late * RATE) - len(rest) // 2)
            done += int(late * RATE)
        part = mixer.mixed(frame)
        done += len(part) // 2
        yield part
    yield mixer.rest()


def _longest_gap(av: Any, container: Any) -> float:
    """Return how many seconds a file may leave out at once."""
    if container.format.name not in _TIMED:
        return 0.0
    if container.format.flags & _MANY_CLOCKS:
        return _LONGEST_SPLICE_S
    return min(_LONGEST_GAP_S, container.duration / av.time_base if container.duration else _LONGEST_GAP_S)


def _silence(count: int) -> Iterator[bytes]:
    """Yield so many samples of silence."""
    for start in range(0, count, RATE):
        yield bytes(2 * min(RATE, count - start))


class _Polarity:
    """Says whether the two channels of a recording swing against each other, as with one plug soldered the wrong way.

    Their mean is silence. Judged by the last second or so, for in a short moment any two microphones may do so.
    """

    def __init__(self) -> None:
        self._sum = self._each = 0.0

    def is_opposed(self, frame: Any) -> bool:
        """Take the next frame in."""
        if frame.layout.nb_channels != 2 or frame.format.name.startswith("s64"):  # no array can be made of those
            return False
        sound = frame.to_ndarray()
        one, other = (sound if frame.format.is_planar else sound.reshape(-1, 2).T)[:, ::_EVERY].astype("float32")
        if frame.format.name.startswith("u8"):
            one, other = one - 128.0, other - 128.0
        kept = max(0.0, 1 - frame.samples / frame.sample_rate)
        self._sum = kept * self._sum + float(((one + other) ** 2).sum())
        self._each = kept * self._each + float((one**2 + other**2).sum())
        return self._sum < _OPPOSED * self._each


_EVERY = 8
"""One sample in so many is looked at."""

_OPPOSED = 0.1
"""Power of the sum of two channels by the sum of their powers: 2 where they are the same, 1 where they have nothing in
common, 0 where one is the other turned round."""


class _Mixer:
    """Makes frames mono at RATE; a file may change its format midway, as where advertisements are put in."""

    def __init__(self, av: Any) -> None:
        self._av = av
        self._polarity = _Polarity()
        self._resampler: Any = None
        self._mean: Any = None
        self._form: object = None

    def mixed(self, frame: Any) -> bytes:
        """Return the samples that are ready."""
        is_opposed = self._polarity.is_opposed(frame)
        found = (frame.format.name, frame.layout.name, frame.sample_rate, is_opposed)
        before = b"" if found == self._form else self.rest()
        if self._resampler is None:
            self._resampler = self._av.audio.resampler.AudioResampler(format="s16", layout="mono", rate=RATE)
            self._mean = self._graph(frame, is_opposed=is_opposed)
            self._form = found
        if self._mean is not None:
            self._mean.push(frame)
            frame = self._mean.pull()
        frame.pts = None
        return before + _bytes(self._resampler.resample(frame))

    def _graph(self, frame: Any, *, is_opposed: bool) -> Any:
        """Return what mixes frames like this, where the resampler would do so wrongly."""
        if is_opposed:
            return _mono(self._av, frame, "c0=0.5*c0-0.5*c1")
        if _MICROPHONES.fullmatch(frame.layout.name):
            return _mono(self._av, frame, "c0<" + "+".join(f"c{number}" for number in range(frame.layout.nb_channels)))
        return None

    def rest(self) -> bytes:
        """Return the samples that waited for what comes next, and forget the format."""
        resampler, self._resampler, self._form = self._resampler, None, None
        return _bytes(resampler.resample(None)) if resampler else b""


_MICROPHONES = re.compile(r"(?:[3-9]|\d\d+) channels")
"""FFmpeg's name for channels that are no places of loudspeakers. Recorders write one for each microphone; taken for 5.1
the fourth of six would be the bass, which is left out."""


def _mono(av: Any, frame: Any, mix: str) -> Any:
    """Return a graph of filters that mixes the channels of frames like this, as ``mix`` says."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        sample_rate=frame.sample_rate, format=frame.format.name, layout=frame.layout.name, time_base=frame.time_base
    )
    mixed = graph.add("pan", f"mono|{mix}")
    sink = graph.add("abuffersink")
    source.link_to(mixed)
    mixed.link_to(sink)
    graph.configure()
    return graph


def _bytes(frames: list[Any]) -> bytes:
    return b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in frames)


def _wanted(container: Any) -> Any:
    """Return the audio track that players choose: the first that is marked as default, else the first."""
    tracks = container.streams.audio
    return next((track for track in tracks if track.disposition & _DEFAULT), tracks[0])


_DEFAULT = 1
"""AV_DISPOSITION_DEFAULT of libavformat."""
_BAD_PACKETS = 2000


def _frames(av: Any, container: Any) -> Iterator[Any]:
    """Yield audio frames; give up after many damaged packets in a row.

    FFmpeg has many names for damage: an AAC packet of chance bits may not be permitted, or not be implemented.
    """
    frames = container.decode(_wanted(container))
    damaged = 0
    started = time.monotonic()
    while damaged < _BAD_PACKETS and (damaged == 0 or time.monotonic() - started < STALL_S or damaged < 50):
        try:
            frame = next(frames)
        except StopIteration:
            break
        except MemoryError:
            raise
        except av.error.FFmpegError:
            damaged += 1
            frames = container.decode(_wanted(container))
            continue
        damaged, started = 0, time.monotonic()
        yield frame
