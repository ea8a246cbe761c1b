"""Files of a folder whose words are in a transcript beside them: each answer would come twice."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from masa_rag._media import SUFFIXES
from masa_rag.errors import MasaRagError
from masa_rag.types import Document

_KIND = re.compile(r"\.(?!chat$)[A-Za-z_-]+(?:-\d{3})?$", re.IGNORECASE)
"""What stands before a transcript's ending: a language ("es-419"), or "transcript". A chat is none."""
_OF_ZOOM = re.compile(r"^(?:audio|video)(?=\d{6,}$)|(?:_(?:as|avo|gallery|gvo))?_\d{3,4}x\d{3,4}$")
"""What Zoom adds to a call's number, and to the name of a video in its cloud: what it shows, and how large."""
_SAID, _COMPLETE = 0.9, 0.7
"""Share of a text's distinct words that were said, and of those said that it has; notes on a talk have far fewer."""


def spoken_twice(files: Mapping[str, Sequence[Path]]) -> set[Path]:
    """Return the recordings that have a transcript of the same name, and the texts and captions that say what one says.

    Also what a podcast's feed names: it is read with the feed.
    A transcript holds speech: a chat, or captions without a line, replace nothing.

    Zoom puts ``call.transcript.vtt`` beside ``call.m4a`` and ``call_1920x1080.mp4``, and ``call.cc.vtt`` without names;
    yt-dlp captions beside a video, whisper.cpp ``talk.wav.srt`` beside ``talk.wav``, Whisper ``talk.txt`` beside
    ``talk.srt``. To transcribe what has been transcribed takes long, and each answer would come twice.

    Args:
        files: The folder's files by the name of the source that reads them.
    """
    twins: dict[Path, list[Path]] = {}
    named: dict[Path, list[Path]] = {}
    for path in (*files.get("Transcripts", ()), *files.get("YouTube", ())):
        bare = path.with_suffix("")
        twins.setdefault(bare, []).append(path)
        for name in {bare, bare.with_name(bare.stem if bare.suffix.lower() in SUFFIXES else _KIND.sub("", bare.name))}:
            named.setdefault(name, []).append(path)
    recordings = {
        path
        for path in files.get("Recordings", ())
        if any(_spoken(named, name) for name in {path.with_suffix(""), call_of(path)})
    }
    texts = [path for path in files.get("Files", ()) if path.suffix.lower() == ".txt"]
    plain = {path for path in texts if _is_within(_words(path), _spoken(twins, path.with_suffix("")))}
    captions = [path for path in files.get("Transcripts", ()) if path.stem.endswith(".cc")]
    shown = {path for path in captions if _is_within(_speech(path), _spoken(twins, _whole(path)))}
    return recordings | plain | shown | {path for feed in files.get("Podcast", ()) for path in _episodes(feed)}


def _episodes(feed: Path) -> Iterator[Path]:
    """Yield where the files are that a podcast's feed names, which are read as its episodes."""
    from masa_rag.sources._feeds.podcast import parse_feed

    with contextlib.suppress(OSError, MasaRagError):  # who reads it says what is wrong
        for episode in parse_feed(feed.read_bytes()).episodes:
            for link in filter(None, (*episode.transcripts, episode.audio, episode.chapters)):
                yield feed.parent / link.url
                yield feed.parent / unquote(urlsplit(link.url).path)


def _whole(captions: Path) -> Path:
    """Return where Zoom has the transcript of a call with these captions, without its ending."""
    return captions.with_name(f"{captions.stem.removesuffix('.cc')}.transcript")


def call_of(recording: Path) -> Path:
    """Return a recording's path without its ending, and without what Zoom says there of the kind of recording."""
    return recording.with_name(_OF_ZOOM.sub("", recording.stem))


def _spoken(transcripts: Mapping[Path, Sequence[Path]], name: Path) -> list[str]:
    """Return what is said in the transcripts of a name, those without speech left out."""
    return list(filter(None, map(_speech, transcripts.get(name, ()))))


def _speech(path: Path) -> str:
    """Return what is said in a transcript, nothing when it is a chat or cannot be read."""
    from masa_rag.sources.transcripts import Transcripts

    try:
        first = next(iter(Transcripts(path)), None)
    except MasaRagError:
        return ""
    return first.text if isinstance(first, Document) and first.kind == "speech" else ""


def _words(path: Path) -> str:
    """Return the text of a file, nothing when it cannot be read: who reads it says what is wrong."""
    from masa_rag.sources._transcripts.base import MAX_BYTES, decode

    try:
        return decode(path.read_bytes()) if path.stat().st_size <= MAX_BYTES else ""
    except (OSError, MasaRagError):
        return ""


def _is_within(text: str, spoken: Sequence[str]) -> bool:
    """Say whether a text has the words of one that was spoken."""
    return any(_same_words(text, said) for said in spoken)


def _same_words(text: str, speech: str) -> bool:
    ours, theirs = (set(re.findall(r"\w+", words.lower())) for words in (text, speech))
    shared = len(ours & theirs)
    return shared > 0 and shared >= _SAID * len(ours) and shared >= _COMPLETE * len(theirs)
