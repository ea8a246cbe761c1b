"""Podcasts by their feed: the published transcript where there is one, otherwise the audio."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from masa_rag._media import SUFFIXES
from masa_rag.errors import (
    MissingDependencyError,
    RecordError,
    SourceError,
    SourceFormatError,
    SourceUnavailableError,
    TranscriptionError,
)
from masa_rag.protocols import Known, Transcriber
from masa_rag.sources._base import FileSource
from masa_rag.sources._feeds.podcast import Episode, Link, Show, language_of, looks_like_podcast, parse_feed
from masa_rag.sources._heard import Silent, bytes_of, facts_of, heard_as, heard_with, lines_known, nothing_known
from masa_rag.sources._transcripts.base import MAX_BYTES, Transcript, decode, link_at, segments_of
from masa_rag.sources._transcripts.formats import format_of, paragraphs
from masa_rag.sources._transcripts.json import load_json, number
from masa_rag.sources.recordings import (
    SpeakerTurns,
    default_transcriber,
    named,
    transcribed,
    with_turns,
    without_words,
)
from masa_rag.types import Document, Segment

_BEST = (
    "application/json",
    "text/vtt",
    "application/x-subrip",
    "application/srt",
    "text/srt",
    "text/html",
    "text/plain",
)
"""Kinds of published transcripts, those with speakers and times first."""

_SIGNED = re.compile(
    r"(?<=[?&])(?:[\w-]*token[\w-]*|[\w-]*hash|exp|expires|sig|signature|policy|key-pair-id|x-(?:amz|goog)-[\w-]+)=[^&#]*&?",
    re.IGNORECASE,
)
"""What feeds for members have in their addresses, anew each day."""

MAX_AUDIO_BYTES = 1_000_000_000
"""Largest episode fetched: ten hours at 200 kbit/s."""


class Podcast(FileSource):
    """A podcast's episodes: one document each, every line linked to its second (``#t=``).

    The transcript that the feed publishes is taken (in the show's language, of the kind that tells most); only
    without one is the audio fetched and transcribed, in place of a video the smallest audio that the feed offers
    beside it. An episode that cannot be had or heard is one RecordError; the others go on. Chapters go to
    ``metadata["chapters"]``, the people named in the feed to ``metadata["participants"]`` (whole, with roles and
    links: ``persons`` and ``show_persons``). If the feed names one person for the episode itself, a host, and nobody
    else for the show, lines without a speaker are that host's, marked ``metadata["speaker_from"] = "feed"``. The id
    is the episode's guid, so that moved audio changes nothing.

    Args:
        feed: Path or address of the RSS feed. Relative links in a local feed are files beside it; a
            local feed reads no other files, and a fetched feed reads none.
        name: The source's name; default ``podcast:<file or host>``.
        transcriber: For episodes without a transcript; None makes a ``FasterWhisperTranscriber``
            with the people that the feed names for the episode as the glossary.
        diarizer: Says who speaks when in audio; None for no speakers.
        speakers: Names for labels, ``{"A": "Ryan"}``.
        latest: Only that many episodes, newest first as in the feed; None takes all.
        audio: Whether to transcribe audio at all; False leaves episodes without a transcript out.
        fetcher: Fetches addresses; None makes a :class:`masa_rag.sources.Fetcher`.
    """

    form: ClassVar[str] = "podcast"
    suffixes: ClassVar[frozenset[str]] = frozenset({".xml", ".rss"})

    def __init__(
        self,
        feed: str | Path,
        *,
        name: str | None = None,
        transcriber: Transcriber | None = None,
        diarizer: SpeakerTurns | None = None,
        speakers: Mapping[str, str] | None = None,
        latest: int | None = None,
        audio: bool = True,
        fetcher: Any = None,
    ) -> None:
        self._address = str(feed) if str(feed).startswith(("http://", "https://")) else None
        host = urlsplit(self._address).netloc + urlsplit(self._address).path if self._address else None
        super().__init__(feed, name=name or (f"{self.form}:{host}" if host else None))
        self._transcriber = transcriber
        self._made: tuple[list[str], Transcriber] | None = None
        self._diarizer = diarizer
        self._speakers = dict(speakers or {})
        self._latest = latest
        self._audio = audio
        self._fetcher = fetcher
        self.known: Known = nothing_known
        self.notes: str | None = None
        self._silent = Silent(None)

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say yes to an RSS feed that carries audio or the podcast namespace."""
        return not path.is_dir() and looks_like_podcast(head)

    def __iter__(self) -> Iterator[Document | RecordError]:
        """Yield the episodes in the feed's order; what is missing to hear some is raised after the others."""
        show = parse_feed(self._bytes(self._address or str(self.files()[0])), self._address)
        self._silent = Silent(self.notes)
        missing: MissingDependencyError | None = None
        for episode in show.episodes[: self._latest]:
            try:
                yield from self._episode(show, episode, hear=self._audio and missing is None)
            except MissingDependencyError as error:
                missing = error
            except (SourceError, TranscriptionError, OSError) as error:
                yield RecordError(str(error), record_id=episode.id)
        self.notes = self._silent.end(self.name)
        if missing is not None:
            raise missing

    def _episode(self, show: Show, episode: Episode, *, hear: bool) -> Iterator[Document | RecordError]:
        problem: SourceError | OSError | None = None
        for link in sorted(episode.transcripts, key=lambda link: _order(link, show.language)):
            try:
                transcript = self._transcript(link)
            except (SourceError, OSError) as error:
                problem = error
                continue
            segments = segments_of(transcript.lines, self._speakers, _heard_at(episode))
            yield self._document(show, episode, segments, {"transcript": link.url})
            return
        if hear and episode.audio is not None:
            yield from self._from_audio(show, episode)
        elif problem is not None:
            yield RecordError(f"its transcript cannot be read ({problem})", record_id=episode.id)

    def _transcript(self, link: Link) -> Transcript:
        text = self._text(link.url)
        parser = format_of(text, whole=True)
        if parser is None and link.type == "text/plain" and not text.lstrip().startswith("<"):  # an answer in HTML
            parser = paragraphs
        if parser is None:
            raise SourceFormatError("received a transcript in no format we know", path=link.url)
        transcript = parser(text)
        if not transcript.lines:
            raise SourceFormatError("received a transcript without a line; expected at least one", path=link.url)
        return transcript

    def _from_audio(self, show: Show, episode: Episode) -> Iterator[Document | RecordError]:
        transcriber = self._transcriber
        if transcriber is None:
            transcriber = self._default([name for name, _ in (*show.people, *episode.people)])
        mark = heard_as(self._recorded(episode), heard_with(transcriber, self._diarizer, self._speakers))
        lines: Sequence[Segment] = ()
        if mark not in self._silent.known:
            lines = lines_known(self.known, episode.id, mark) or self._hear(episode, transcriber)
        if segments := [replace(line, url=link_at(_heard_at(episode), line.start)) for line in lines]:
            yield self._document(show, episode, segments, facts_of(mark, segments, transcriber))
        else:
            self.notes = self._silent.add(mark, episode.title or episode.id)

    def _recorded(self, episode: Episode) -> str:
        """Return what tells a recording from others: the bytes of a file, else the address without its signature."""
        url = episode.audio.url if episode.audio else ""
        local = self._local(url)
        return _SIGNED.sub("", url) if local is None else bytes_of(local)

    def _hear(self, episode: Episode, transcriber: Transcriber) -> Sequence[Segment]:
        with self._recording(episode) as path:
            ((_, lines),) = transcribed(transcriber, [path])
            if isinstance(lines, TranscriptionError):
                raise lines
            if self._diarizer:
                lines = named(with_turns(lines, self._diarizer.diarize(path)), self._speakers)
            return without_words(lines)

    def _default(self, people: list[str]) -> Transcriber:
        """Return a transcriber that knows these names; the last one where they are the same, whose model is loaded."""
        if self._made is None or self._made[0] != people:
            self._made = people, default_transcriber(participants=people)
        return self._made[1]

    def _document(
        self, show: Show, episode: Episode, segments: Sequence[Segment], facts: Mapping[str, Any]
    ) -> Document:
        listed = (*episode.people, *show.people)
        people = list(dict.fromkeys(name for name, _ in listed))
        is_alone = len(people) == 1 and (people[0], "host") in episode.people  # guests are seldom named for a show
        if is_alone and not any(item.author for item in segments):
            segments = [_by(item, people[0]) for item in segments]
        more = {
            "show": show.title,
            "participants": people,
            "chapters": self._chapters(episode) or list(episode.listed_chapters),
            "language": show.language,
            "show_persons": list(show.persons),
        }
        return Document(
            episode.id,
            segments=segments,
            kind="speech",
            title=episode.title,
            created_at=episode.published,
            url=_heard_at(episode),
            metadata={**facts, **episode.facts, **{key: value for key, value in more.items() if value}},
        )

    def _chapters(self, episode: Episode) -> list[dict[str, Any]]:
        """Return [{start, title}]; chapters that cannot be had are no reason to lose the episode."""
        if episode.chapters is None:
            return []
        try:
            data = load_json(self._text(episode.chapters.url))
        except (SourceError, OSError):
            return []
        rows = data.get("chapters") if isinstance(data, dict) else None
        return [
            {"start": start, "title": row["title"]}
            for row in (rows if isinstance(rows, list) else ())
            if isinstance(row, dict)
            and isinstance(row.get("title"), str)
            and (start := number(row.get("startTime"))) is not None
        ]

    @contextlib.contextmanager
    def _recording(self, episode: Episode) -> Iterator[Path]:
        """Give the episode's audio as a file: the one beside a local feed, or one fetched for a while."""
        url = episode.audio.url if episode.audio else ""
        if (local := self._local(url)) is not None:
            yield local
            return
        suffix = Path(urlsplit(url).path).suffix.lower()
        with tempfile.TemporaryDirectory(prefix="masa-rag-") as folder:
            path = Path(folder) / f"episode{suffix if suffix in SUFFIXES else '.mp3'}"
            path.write_bytes(self._fetched(url))
            yield path

    def _text(self, url: str) -> str:
        data = self._bytes(url)
        if len(data) > MAX_BYTES:
            raise SourceFormatError(f"received {len(data):,} bytes; expected text of at most {MAX_BYTES:,}", path=url)
        return decode(data)

    def _bytes(self, url: str) -> bytes:
        local = self._local(url)
        return local.read_bytes() if local is not None else self._fetched(url)

    def _local(self, url: str) -> Path | None:
        """Return the file meant by a link of a local feed: the feed itself, or one in its folder."""
        if self._address is not None or url.startswith(("http://", "https://")):
            return None
        feed = self.files()[0].resolve()
        if url == str(self.files()[0]):
            return feed
        named, path = ((feed.parent / name).resolve() for name in (url, unquote(urlsplit(url).path)))
        path = named if named.is_file() else path  # a link has "%20" where the file has a blank
        if not path.is_relative_to(feed.parent):
            raise SourceFormatError(f"received the link {url!r} out of the feed's folder; expected a file beside it")
        return path

    def _fetched(self, url: str) -> bytes:
        from masa_rag._http.client import Fetcher, Limits

        if self._fetcher is None:
            self._fetcher = Fetcher(limits=Limits(max_bytes=MAX_AUDIO_BYTES, timeout_s=3600))
        response = self._fetcher.fetch(url)
        if response.status != 200:
            raise SourceUnavailableError(f"{url}: the server answered {response.status}; expected 200")
        content: bytes = response.content
        return content


def _order(link: Link, language: str) -> tuple[bool, int]:
    """Return what transcripts are sorted by; one that does not name its language is in that of the show."""
    is_other = bool(link.language and language) and language_of(link.language) != language_of(language)
    return is_other, _BEST.index(link.type) if link.type in _BEST else len(_BEST)


def _heard_at(episode: Episode) -> str | None:
    """Return the address of the episode's page if it has one, else of its audio."""
    return episode.page or (episode.audio.url if episode.audio else None)


def _by(segment: Segment, name: str) -> Segment:
    return replace(segment, author=name, metadata={**segment.metadata, "speaker_from": "feed"})
