"""Contract for transcribers; see :mod:`masa_rag.testing.contracts`."""

from __future__ import annotations

from pathlib import Path

import pytest

from masa_rag.errors import TranscriptionError
from masa_rag.protocols import Transcriber


class TranscriberContract:
    """What every transcriber keeps. ``make`` returns one, ``recording`` a file in which somebody speaks."""

    def make(self) -> Transcriber:
        """Return a fresh transcriber with the same settings each time."""
        raise NotImplementedError

    def recording(self) -> Path:
        """Return a short recording with speech."""
        raise NotImplementedError

    def test_fingerprint_is_stable(self) -> None:
        """Two transcribers with the same settings have the same, non-empty fingerprint."""
        assert self.make().fingerprint
        assert self.make().fingerprint == self.make().fingerprint

    def test_lines_have_text_and_times(self) -> None:
        """Each line has words and lies within the recording, start before end, in order."""
        lines = list(self.make().transcribe(self.recording()))
        assert lines
        assert all(line.text.strip() for line in lines)
        starts = [line.start for line in lines if line.start is not None]
        assert len(starts) == len(lines)
        assert starts == sorted(starts)
        assert all(line.end is not None and line.start is not None and 0 <= line.start <= line.end for line in lines)

    def test_is_repeatable(self) -> None:
        """The same recording gives the same words again."""
        transcriber = self.make()
        first, again = (
            [line.text for line in transcriber.transcribe(path)] for path in (self.recording(), self.recording())
        )
        assert first == again

    def test_bad_input_is_a_typed_error(self, tmp_path: Path) -> None:
        """A missing file, an empty one and one that is no recording each raise TranscriptionError."""
        (tmp_path / "empty.wav").touch()
        (tmp_path / "words.mp3").write_text("these are words, not sound")
        for name in ("missing.wav", "empty.wav", "words.mp3"):
            with pytest.raises(TranscriptionError):
                list(self.make().transcribe(tmp_path / name))
