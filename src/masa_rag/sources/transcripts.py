"""Transcripts of podcasts, videos and meetings, in any of the usual formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import ClassVar

from masa_rag._time import parse_time
from masa_rag.errors import ConfigurationError, RecordError, SourceFormatError
from masa_rag.sources._base import FileSource, read_head
from masa_rag.sources._paths import date_in, expanded, readable_title, relative_id, root_of
from masa_rag.sources._transcripts.base import MAX_BYTES, Transcript, decode, same_words, segments_of
from masa_rag.sources._transcripts.formats import format_of, is_transcript, messages_in
from masa_rag.types import Document, Kind, Segment

Published = str | date | datetime | Callable[[Path], str | date | datetime | None]

_SUBTITLES = frozenset(".srt .vtt .sbv .ass .ssa .ttml .dfxp .lrc .dote .sub .smi .sami .scc .mpl".split())
_SEEN_IN_FOLDER = 40
"""How many files of a folder are looked at to recognise it: enough to be sure, and quick."""


class Transcripts(FileSource):
    """Transcript files: one document a recording, one segment a line, with speaker and seconds.

    Read are ``[HH:MM:SS] text`` (also after a preface, or without brackets), ``Speaker A: text``,
    ``Name (00:12:31):``, text of Otter.ai, Google Meet, Teams, Fathom, Fireflies and f4, SubRip, WebVTT (Zoom's
    and YouTube's too), SBV, SubStation Alpha, TTML, SAMI, Scenarist (.scc), MicroDVD (25 frames a second where it does
    not say) and SubViewer (.sub), MPL2, TMPlayer, LRC, Whisper's table, Audacity's labels, YouTube's timed text and
    json3, ``[{speaker, text}]``, Podcasting 2.0 JSON and HTML, Zoom's chat, tables of a speaker or sender, a text and
    a time (CSV, TSV: ``timestamp,speaker,text``, ``start,end,text``, ``date,sender,message``), and the JSON of Whisper
    (and WhisperX, faster-whisper, whisper.cpp, transformers), AssemblyAI, Deepgram, Gladia, Rev, Amazon, Google,
    Azure, IBM, Teams, Speechmatics, ElevenLabs, Vosk, Fireflies, Gong, Trint, Premiere, Zoom's timeline.

    * The document's id is the path relative to what was given, without suffix: ``"acdc/174/transcript"``.
      Files that differ only in suffix and hold the same words are one recording; the one with the most
      speakers and times is read. With other words, all but the first keep their suffix in the id.
    * Words before the first time code or speaker were not said. They become a document of their own,
      id ``"<id>#preface"``, kind "note", so that they are found but never quoted as speech.
    * A label that is only a letter or number becomes ``Speaker A``; ``speakers=`` gives it a name. Several people
      in one caption are a segment each, with its times. Words such as "Note:" are no label.
    * Captions that roll (each repeats the row before) are folded.
    * In a folder or pattern, ``.txt`` and ``.json`` files that hold no transcript are passed over;
      a file named outright, or one with a suffix of subtitles, is reported.

    Args:
        paths: A file, a folder, a pattern such as ``"episodes/*.txt"``, or several of these.
        name: The source's name; default ``transcripts:<folder or file>``.
        speakers: Names for labels, for example ``{"A": "Ryan"}``; keys may be "A" or "Speaker A".
        participants: People known to speak in the recordings, where the lines do not say which. They
            go to ``metadata["participants"]``.
        published: When it was published: a time, or a function of the path. Default: the date in the
            path below what was given or in the file's own folder (``2026-02-05_174``, ``20260205``),
            the nearest to the file's name; None when there is none. Never the file's own timestamp.
        title: A title for all files, or a function of the path. Default: the file's name made readable.
        url: Where it can be heard, or a function of the path; segments get a link to their second.
    """

    form: ClassVar[str] = "transcripts"
    suffixes: ClassVar[frozenset[str]] = _SUBTITLES | {
        ".txt", ".text", ".json", ".json3", ".md", ".xml", ".html", ".tsv", ".csv",
    }  # fmt: skip

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        name: str | None = None,
        speakers: Mapping[str, str] | None = None,
        participants: Sequence[str] | None = None,
        published: Published | None = None,
        title: str | Callable[[Path], str] | None = None,
        url: str | Callable[[Path], str | None] | None = None,
    ) -> None:
        super().__init__(paths, name=name)
        if isinstance(participants, str):
            raise ConfigurationError(f"received participants={participants!r}; expected a list such as ['Ada', 'Ben']")
        self._speakers = dict(speakers or {})
        self._participants = list(participants or ())
        self._published = published
        self._title = title
        self._url = url
        self._root = root_of(self.paths)
        if name is None and len(self.paths) == 1 and (only := expanded(self.paths[0])).is_file():
            self.name: str = f"{self.form}:{relative_id(only, self._root)}"

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say yes to a file in one of the formats, and to a folder most of whose files are."""
        if path.is_dir():
            files = [item for item in sorted(path.rglob("*")) if item.is_file() and item.suffix.lower() in cls.suffixes]
            known = [is_transcript(item, read_head(item)) for item in files[:_SEEN_IN_FOLDER]]
            return 2 * sum(known) > len(known)
        return is_transcript(path, head)

    def __iter__(self) -> Iterator[Document | RecordError]:
        """Yield a document a recording, then its preface if it has one."""
        groups: dict[str, list[Path]] = {}
        for path in self.files():
            groups.setdefault(relative_id(path, self._root), []).append(path)
        for identity, paths in groups.items():
            yield from self._recording(identity, paths)

    def _recording(self, identity: str, paths: Sequence[Path]) -> Iterator[Document | RecordError]:
        """Yield what the files of one name hold: twins once, other recordings each, errors if nothing is read."""
        problems: list[RecordError] = []
        kept: list[list[Document]] = []
        for path in paths:
            try:
                documents = self._documents(identity, path)
            except (OSError, SourceFormatError) as error:
                problems.append(RecordError(_reason(error), record_id=str(path)))
            else:
                _keep_richest(kept, documents, suffix=path.suffix)
        for documents in kept:
            yield from documents
        yield from problems if not kept else ()

    def _documents(self, identity: str, path: Path) -> list[Document]:
        text = self._text(path)
        if (messages := messages_in(text)) is not None:
            return [self._document(identity, path, messages(text), {}, "conversation")]
        parser = format_of(text, whole=True)
        if parser is None:
            if self._may_be_skipped(path):
                return []
            raise SourceFormatError(
                "received text in no transcript format we know; expected time codes, speaker labels or subtitles. "
                "Use Files for other text"
            )
        return self._transcript(identity, path, parser(text))

    def _transcript(self, identity: str, path: Path, transcript: Transcript) -> list[Document]:
        if not transcript.lines:
            raise SourceFormatError("received a transcript without a single line; expected at least one")
        segments = segments_of(transcript.lines, self._speakers, _given(self._url, path))
        documents = [self._document(identity, path, segments, transcript.metadata, "speech")]
        if transcript.preface:
            documents.append(self._preface(documents[0], transcript.preface))
        return documents

    def _text(self, path: Path) -> str:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise SourceFormatError(f"received {size:,} bytes; expected a transcript of at most {MAX_BYTES:,}")
        return decode(path.read_bytes())

    def _may_be_skipped(self, path: Path) -> bool:
        named = any(expanded(given) == path for given in self.paths)
        return not named and path.suffix.lower() not in _SUBTITLES

    def _document(
        self, identity: str, path: Path, segments: Sequence[Segment], facts: Mapping[str, object], kind: Kind
    ) -> Document:  # fmt: skip
        participants = {"participants": self._participants} if self._participants else {}
        title = _given(self._title, path)
        return Document(
            identity,
            segments=segments,
            kind=kind,
            title=title if title is not None else readable_title(identity),
            created_at=self._created_at(identity, path),
            url=_given(self._url, path),
            metadata={**facts, **participants},
        )

    def _preface(self, document: Document, text: str) -> Document:
        return Document(
            f"{document.id}#preface",
            text,
            title=document.title,
            created_at=document.created_at,
            url=document.url,
            metadata={key: value for key, value in document.metadata.items() if key == "participants"},
        )

    def _created_at(self, identity: str, path: Path) -> datetime | None:
        given = self._published(path) if callable(self._published) else self._published
        return parse_time(given) if given is not None else date_in(f"{path.parent.name}/{identity}")


def _keep_richest(kept: list[list[Document]], documents: list[Document], *, suffix: str) -> None:
    """Add a file's documents, or let them replace those of a twin with fewer times and names."""
    for number, others in enumerate(kept):
        if documents and same_words(others[0].text, documents[0].text):
            if _richness(documents) > _richness(others):
                kept[number] = _renamed(documents, others[0].id)
            return
    if documents:
        kept.append(_renamed(documents, f"{documents[0].id}{suffix}") if kept else documents)


def _renamed(documents: Sequence[Document], identity: str) -> list[Document]:
    """Give a recording and its preface another id."""
    before = documents[0].id
    return [replace(item, id=f"{identity}{item.id.removeprefix(before)}") for item in documents]


def _richness(documents: Sequence[Document]) -> tuple[int, int, int]:
    """Order the files of one recording: named speakers and times first, then the number of lines."""
    segments = documents[0].segments
    known = any(item.start is not None for item in segments) + any(item.author is not None for item in segments)
    return (known, any(item.start is not None for item in segments), len(segments))


def _reason(error: Exception) -> str:
    return f"cannot be read ({error.strerror})" if isinstance(error, OSError) and error.strerror else str(error)


def _given(value: str | Callable[[Path], str | None] | None, path: Path) -> str | None:
    return value(path) if callable(value) else value
