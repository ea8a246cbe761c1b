"""Audio and video files: transcribed, with speakers where a diarizer tells them apart."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import ClassVar, Protocol

from masa_rag._lazy import require
from masa_rag._media import SUFFIXES
from masa_rag._time import parse_time
from masa_rag.errors import ConfigurationError, RecordError, TranscriptionError
from masa_rag.protocols import Known, Transcriber
from masa_rag.sources._base import FileSource
from masa_rag.sources._heard import Silent, bytes_of, facts_of, heard_as, heard_with, lines_known, nothing_known
from masa_rag.sources._introductions import names_by_introduction, renamed
from masa_rag.sources._paths import date_in, readable_title, relative_id, root_of
from masa_rag.sources._spoken_twice import call_of
from masa_rag.sources._transcripts.base import readable_speaker, same_words
from masa_rag.types import Document, Segment

_MAGIC = re.compile(
    rb"(?:RIFF|RF64|BW64)....(?:WAVE|AVI )|ID3|fLaC|OggS|....(?:ftyp(?!hei|hev|mif1|avif)|moov|mdat)"
    rb"|\0\0\0\x08wide|\x1a\x45\xdf\xa3"
    rb"|FORM....AIF[FC]|#!AMR|caff|\.snd|\x30\x26\xb2\x75|FLV\x01|wvpk|MAC |TTA1|\x0b\x77"
    rb"|\xff[\xe2\xe3\xf2-\xf5\xfa-\xfd][\x10-\xeb]|\xff[\xf0\xf1\xf8\xf9][\x40-\x7f]|\0\0\x01\xba"
    rb"|G[\0-\x1f@A].{186}G.{187}G",
    re.DOTALL,
)
"""How the containers begin: RIFF and its large kinds, ID3, FLAC, Ogg, MP4, QuickTime, Matroska, AIFF, AMR, CAF, AU,
ASF, FLV, AC-3, MPEG frames, ADTS, and MPEG's streams, of which the transport stream says so every 188 bytes.
MP4 may also hold a picture, as of an iPhone."""

_BEGINNING = 512


@dataclass(frozen=True, slots=True)
class _Heard:
    """A file, how it was heard (see ``heard_as``), and what was said or why it cannot be heard."""

    path: Path
    mark: str
    lines: Sequence[Segment] = ()
    error: TranscriptionError | None = None

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)


class SpeakerTurns(Protocol):
    """A diarizer as this source needs it; a ``fingerprint`` of its own names its model and settings."""

    def diarize(self, path: Path) -> object:
        """Return turns with ``start``, ``end`` and ``speaker``; raise TranscriptionError for what cannot be read."""
        ...


class Recordings(FileSource):
    """Recordings in any container that PyAV reads: one document a file, one segment a line, with seconds.

    The id is the path relative to what was given, with its suffix. Files that differ only in suffix, or in the size of
    the picture, and hold the same words (``call.m4a``, ``call.mp4``, ``call_1920x1080.mp4``) are one recording, that of
    the first. A file that cannot be decoded or transcribed is one RecordError; the others go on. Speakers need a
    ``diarizer``; without one, lines have no author. Names are taken from ``speakers=``, then from introductions in the
    first minutes ("my name is …", "please welcome …"); ``metadata["speaker_from"]`` of a segment says which.

    Args:
        paths: A file, a folder, a pattern, or several of these.
        name: The source's name; default ``recordings:<folder or file>``.
        transcriber: Turns a file into lines; default a ``FasterWhisperTranscriber`` (extra "speech") with
            the model of ``MASA_RAG_WHISPER``, "base" when that is not set.
        diarizer: Says who speaks when; None for no speakers.
        speakers: Names for ``Speaker A``, ``Speaker B``; keys may be "A" or "Speaker A".
        participants: People known to speak; they go to ``metadata["participants"]``.
        published: When it was published: a time, or a function of the path. Default: the date in the
            path, as in :class:`~masa_rag.sources.transcripts.Transcripts`; None when there is none.
        title: A title for all, or a function of the path. Default: the file's name made readable.
    """

    form: ClassVar[str] = "recordings"
    suffixes: ClassVar[frozenset[str]] = SUFFIXES

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        name: str | None = None,
        transcriber: Transcriber | None = None,
        diarizer: SpeakerTurns | None = None,
        speakers: Mapping[str, str] | None = None,
        participants: Sequence[str] | None = None,
        published: str | date | datetime | Callable[[Path], str | date | datetime | None] | None = None,
        title: str | Callable[[Path], str] | None = None,
    ) -> None:
        super().__init__(paths, name=name)
        if isinstance(participants, str):
            raise ConfigurationError(f"received participants={participants!r}; expected a list such as ['Ada', 'Ben']")
        self._transcriber = transcriber
        self._diarizer = diarizer
        self._speakers = dict(speakers or {})
        self._participants = list(participants or ())
        self._published = published
        self._title = title
        self._root = root_of(self.paths)
        self.known: Known = nothing_known
        self.notes: str | None = None

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:  # noqa: ARG003 - its content tells
        """Say yes to a file that begins like a media file."""
        return bool(_MAGIC.match(head[:_BEGINNING]))

    def __iter__(self) -> Iterator[Document | RecordError]:
        """Yield a document a recording that holds speech; those without a word are left out, with a warning."""
        twins: dict[Path, list[Path]] = {}
        for path in self.files():
            twins.setdefault(call_of(path), []).append(path)
        heard: dict[Path, list[_Heard]] = {name: [] for name in twins}
        silent = Silent(self.notes)
        for item in self._heard(twins.values(), silent.known):
            name = call_of(item.path)
            heard[name].append(item)
            if item.error is not None:
                yield RecordError(str(item.error), record_id=str(item.path))
            elif not item.text:
                self.notes = silent.add(item.mark, item.path.name)
            if len(heard[name]) == len(twins[name]):
                yield from self._documents(heard.pop(name))
        self.notes = silent.end(self.name)

    def _heard(self, twins: Iterable[Sequence[Path]], silent: Collection[str]) -> Iterator[_Heard]:
        """Yield what is said in each file, first in those that the memory knows.

        Args:
            twins: The files, those of one name together.
            silent: Mark those in which nobody speaks.
        """
        transcriber = self._get_transcriber()
        way = heard_with(transcriber, self._diarizer, self._speakers)
        marks: dict[Path, str] = {}
        for path, alike in ((path, group) for group in twins for path in group):
            mark = marks[path] = heard_as(bytes_of(path), way)
            known = (lines_known(self.known, self._id(twin), mark) for twin in alike)
            if (held := () if mark in silent else next(filter(None, known), None)) is not None:
                yield _Heard(path, marks.pop(path), held)
        for path, lines in transcribed(transcriber, list(marks)) if marks else ():
            told = lines if isinstance(lines, TranscriptionError) else self._named(path, lines)
            if isinstance(told, TranscriptionError):
                yield _Heard(path, marks[path], error=told)
            else:
                yield _Heard(path, marks[path], told)

    def _documents(self, together: Sequence[_Heard]) -> Iterator[Document]:
        """Yield a document for each of the files of one name that says other words than those before it."""
        kept: list[tuple[_Heard, list[str]]] = []
        for item in filter(lambda item: item.text, together):
            twins = next((twins for other, twins in kept if same_words(other.text, item.text)), None)
            if twins is None:
                kept.append((item, []))
            else:
                twins.append(item.mark)
        yield from (self._document(item, twins) for item, twins in kept)

    def _get_transcriber(self) -> Transcriber:
        if self._transcriber is None:
            self._transcriber = default_transcriber(participants=self._participants)
        return self._transcriber

    def _id(self, path: Path) -> str:
        return f"{relative_id(path, self._root)}{path.suffix}"

    def _document(self, item: _Heard, twins: Sequence[str]) -> Document:
        path, segments = item.path, item.lines
        identity = relative_id(path, self._root)
        title = self._title(path) if callable(self._title) else self._title
        given = self._published(path) if callable(self._published) else self._published
        people = {"participants": self._participants} if self._participants else {}
        return Document(
            self._id(path),
            segments=segments,
            kind="speech",
            title=title if title is not None else readable_title(identity),
            created_at=parse_time(given) if given is not None else date_in(f"{path.parent.name}/{identity}"),
            metadata=facts_of(item.mark, segments, self._get_transcriber(), twins) | people,
        )

    def _named(self, path: Path, lines: Sequence[Segment]) -> Sequence[Segment] | TranscriptionError:
        if self._diarizer is None or not lines:
            return without_words(lines)
        try:
            return without_words(named(with_turns(lines, self._diarizer.diarize(path)), self._speakers))
        except TranscriptionError as error:
            return error


def named(segments: Sequence[Segment], speakers: Mapping[str, str]) -> list[Segment]:
    """Give labels their names: those given first, then those from introductions."""
    labels = dict.fromkeys(item.author for item in segments if item.author is not None)
    given = {label: name for label in labels if (name := readable_speaker(label, speakers)) and name != label}
    found = {label: name for label, name in names_by_introduction(segments).items() if label not in given}
    return renamed(renamed(segments, given, how="given"), found, how="introduction")


def transcribed(
    transcriber: Transcriber, paths: Sequence[Path]
) -> Iterator[tuple[Path, Sequence[Segment] | TranscriptionError]]:
    """Yield (path, lines or the error), many files at once where the transcriber can."""
    many = getattr(transcriber, "transcribe_many", None)
    if many is not None:
        yield from many(paths)
        return
    for path in paths:
        try:
            yield path, list(transcriber.transcribe(path))
        except TranscriptionError as error:
            yield path, error


def without_words(lines: Sequence[Segment]) -> list[Segment]:
    """Leave the times of single words out: a memory cites lines."""
    return [
        replace(line, metadata={key: value for key, value in line.metadata.items() if key != "word_starts"})
        for line in lines
    ]


def default_transcriber(*, participants: Sequence[str] = ()) -> Transcriber:
    """Return a FasterWhisperTranscriber; the people's names are its glossary.

    Its model is that of the environment variable ``MASA_RAG_WHISPER``, for the command line has no place for another.
    """
    module = require("masa_rag.transcribers.faster_whisper", extra="speech", purpose="Transcribing a recording")
    transcriber: Transcriber = module.FasterWhisperTranscriber(
        os.environ.get("MASA_RAG_WHISPER") or "base", glossary=list(participants) or None
    )
    return transcriber


def with_turns(lines: Sequence[Segment], turns: object) -> list[Segment]:
    """Give the lines the speakers of a diarizer's turns."""
    module = require("masa_rag.transcribers._diarization", extra="speech", purpose="Telling speakers apart")
    segments: list[Segment] = module.with_speakers(lines, turns)
    return segments
