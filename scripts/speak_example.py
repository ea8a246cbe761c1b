"""Speak examples/data/tidewell_podcast.txt with espeak-ng and write it as a small Ogg file.

Needs the program espeak-ng and the package av: python scripts/speak_example.py
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import av
import numpy as np

DATA = Path(__file__).parents[1] / "examples" / "data"
VOICES = {"Jonas Reik": ("en-us", "45"), "Mara Ellison": ("en-gb+f3", "60")}
LINE = re.compile(r"\[[\d:]+\] ([^:]+): (.+)")
RATE = 16_000


def speak(name: str, text: str) -> np.ndarray:
    """Return one line as mono samples at 16 kHz, followed by 0.4 s of silence."""
    voice, pitch = VOICES[name]
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["espeak-ng", "-v", voice, "-p", pitch, "-s", "150", "-w", file.name, text], check=True)
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        with av.open(file.name) as container:
            frames = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([*frames, np.zeros(int(0.4 * RATE), dtype=np.int16)])


def main() -> None:
    """Write the Ogg file, and the transcript again with the times that the speech has."""
    lines = [LINE.fullmatch(line) for line in (DATA / "tidewell_podcast.txt").read_text().splitlines()]
    spoken = [(match[1], match[2], speak(match[1], match[2])) for match in lines if match]
    position, transcript = 0, []
    for name, text, samples in spoken:
        seconds = position // RATE
        transcript.append(f"[{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}] {name}: {text}\n")
        position += len(samples)
    (DATA / "tidewell_podcast.txt").write_text("".join(transcript))
    write(np.concatenate([samples for _, _, samples in spoken]))


def write(samples: np.ndarray) -> None:
    """Write mono samples as Opus at 16 kbit/s."""
    with av.open(str(DATA / "tidewell_podcast.ogg"), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        stream.bit_rate = 16_000
        resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000, frame_size=960)
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = RATE
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
