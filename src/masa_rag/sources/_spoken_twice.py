"""Files of a folder whose words are in a transcript beside them: each answer would come twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from masa_rag.errors import MasaRagError
from masa_rag.types import Document

_KIND = re.compile(r"\.(?!chat$)[A-Za-z-]+$", re.IGNORECASE)
"""What stands before a transcript's ending: a language, or "transcript". A chat is none."""
_SAID, _COMPLETE = 0.9, 0.7
"""Share of a text's distinct words that were said, and of those said that it has; notes on a talk have far fewer."""


def spoken_twice(files: Mapping[str, Sequence[Path]]) -> set[Path]:
    """Return the recordings that have a transcript of the same name, and the plain texts that say what one says.

    A transcript holds speech: a chat, or captions without a line, replace nothing.

    Zoom puts ``call.transcript.vtt`` beside ``call.m4a`` and ``call.mp4``, Whisper ``talk.txt`` beside ``talk.srt``. To
    transcribe what has been transcribed takes long, and each answer would come twice.

    Args:
        files: The folder's files by the name of the source that reads them.
    """
    twins: dict[Path, list[Path]] = {}
    named: dict[Path, list[Path]] = {}
    for path in files.get("Transcripts", ()):
        bare = path.with_suffix("")
        twins.setdefault(bare, []).append(path)
        for name in {bare, bare.with_name(_KIND.sub("", bare.name))}:
            named.setdefault(name, []).append(path)
    recordings = (path for path in files.get("Recordings", ()) if _spoken(named, path))
    texts = (path for path in files.get("Files", ()) if path.suffix.lower() == ".txt")
    return {*recordings, *(path for path in texts if any(_same_words(path, said) for said in _spoken(twins, path)))}


def _spoken(transcripts: Mapping[Path, Sequence[Path]], path: Path) -> list[str]:
    """Return what is said in the transcripts with a file's name, those without speech left out."""
    return list(filter(None, map(_speech, transcripts.get(path.with_suffix(""), ()))))


def _speech(path: Path) -> str:
    """Return what is said in a transcript, nothing when it is a chat or cannot be read."""
    from masa_rag.sources.transcripts import Transcripts

    try:
        first = next(iter(Transcripts(path)), None)
    except MasaRagError:
        return ""
    return first.text if isinstance(first, Document) and first.kind == "speech" else ""


def _same_words(path: Path, speech: str) -> bool:
    from masa_rag.sources._transcripts.base import MAX_BYTES, decode

    try:
        text = decode(path.read_bytes()) if path.stat().st_size <= MAX_BYTES else ""
    except (OSError, MasaRagError):
        return False  # who reads it says what is wrong
    ours, theirs = (set(re.findall(r"\w+", words.lower())) for words in (text, speech))
    shared = len(ours & theirs)
    return shared > 0 and shared >= _SAID * len(ours) and shared >= _COMPLETE * len(theirs)
