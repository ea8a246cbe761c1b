"""The values that travel through the library, one way: document, chunk, hit, context.

All are frozen: a stage returns new values and never edits its input. Times are aware and in UTC,
offsets count characters of ``Document.text``, positions in a recording are seconds. ``None``
always means "not known", never "now" and never "zero".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from masa_rag._fields import in_order, in_utc, settle
from masa_rag._ids import canonical_json, digest
from masa_rag._time import position
from masa_rag.errors import ConfigurationError, MasaRagError

Kind = Literal["post", "page", "conversation", "speech", "note"]
"""A label for people and filters. Behaviour depends on structure (segments or not), never on it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A message, a tweet of a thread, a transcript line, a section of a page.

    Attributes:
        text: What was said, verbatim.
        author: Who said it, as a readable name.
        created_at: When it was said.
        start: Seconds from the beginning of the recording at which it starts.
        end: Seconds at which it ends.
        url: A link to exactly this segment.
        id: The source's own id. Segments with ids merge across exports; those without are replaced.
        reply_to: The ``id`` of the segment it answers.
        edited_at: When it was last edited; the newer edit wins when two exports disagree.
        metadata: Anything else worth keeping (reactions, confidence). JSON values only.
    """

    text: str
    author: str | None = None
    created_at: datetime | None = None
    start: float | None = None
    end: float | None = None
    url: str | None = None
    id: str | None = None
    reply_to: str | None = None
    edited_at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        settle(self, ("author", "url", "id", "reply_to"))
        if self.id == "":
            raise ConfigurationError("received an empty segment id; expected a text, or None if there is none")
        for name in ("start", "end"):
            object.__setattr__(self, name, position(name, getattr(self, name)))
        in_utc(self, ("created_at", "edited_at"))


@dataclass(frozen=True, slots=True)
class Document:
    """One item as its source published it: an episode, a thread, a day of a channel, a page.

    Give either ``text`` or ``segments``. With segments, ``text`` is derived from them: one line a
    segment, opened by ``Author: `` wherever the author changes.

    Attributes:
        id: Stable, and unique within its source.
        text: The whole text; every chunk is a verbatim slice of it, from its start to its end.
        segments: The parts, in reading order; empty for plain text.
        kind: What sort of thing it is.
        title: A title for people.
        author: Who wrote it, when it is one person's.
        created_at: When it was published or began.
        url: Where it can be seen.
        fetched_at: When it was fetched. Not part of the digest.
        licence: Under which terms it was published.
        contributor: Who brought it into the memory.
        metadata: Anything else (engagement, language). JSON values only.
    """

    id: str
    text: str = ""
    segments: Sequence[Segment] = ()
    kind: Kind = "note"
    title: str | None = None
    author: str | None = None
    created_at: datetime | None = None
    url: str | None = None
    fetched_at: datetime | None = None
    licence: str | None = None
    contributor: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        settle(self, ("title", "author", "url", "licence", "contributor"), required=("id", "text"))
        if not self.id:
            raise ConfigurationError("received a document with an empty id; expected one that is stable in its source")
        if self.kind not in _KINDS:
            raise ConfigurationError(f"received kind={self.kind!r} for a document; expected one of {', '.join(_KINDS)}")
        if type(self.segments) is not tuple:
            object.__setattr__(self, "segments", in_order(self.segments, of=self.id))
        if self.segments:
            object.__setattr__(self, "text", self._derived())
        in_utc(self, ("created_at", "fetched_at"))

    def _derived(self) -> str:
        """Return the text of the segments; refuse what is none, and another text beside them."""
        if odd := next((part for part in self.segments if not isinstance(part, Segment)), None):
            raise ConfigurationError(f"received {odd!r} among the segments of {self.id!r}; expected masa_rag.Segment")
        derived = "\n".join(self._lines())
        if self.text not in ("", derived):
            raise ConfigurationError(f"received both text and segments for document {self.id!r}; expected one of them")
        return derived

    def _lines(self) -> Iterator[str]:
        previous: str | None = None
        for segment in self.segments:
            opens = segment.author is not None and segment.author != previous
            yield f"{segment.author}: {segment.text}" if opens else segment.text
            previous = segment.author

    def spans(self) -> tuple[tuple[int, int], ...]:
        """Return each segment's (start, end) in ``text``, author prefix included, in order."""
        spans = []
        position = 0
        for line in self._lines():
            spans.append((position, position + len(line)))
            position += len(line) + 1  # the line break
        return tuple(spans)

    @property
    def authors(self) -> tuple[str, ...]:
        """Everyone who speaks in it, each once, in order of appearance."""
        names = [self.author, *(segment.author for segment in self.segments)]
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @property
    def digest(self) -> str:
        """A digest of all that was published; ``fetched_at`` is left out, for it moves at each visit."""
        own = {name: getattr(self, name) for name in _DIGESTED}
        segments = (canonical_json({name: getattr(item, name) for name in _SEGMENT_FIELDS}) for item in self.segments)
        return digest("1", canonical_json(own), "" if self.segments else self.text, *segments)


_KINDS = get_args(Kind)
_DIGESTED = ("id", "kind", "title", "author", "created_at", "url", "licence", "contributor", "metadata")
_SEGMENT_FIELDS = (
    "text", "author", "created_at", "start", "end", "url", "id", "reply_to", "edited_at", "metadata",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage: the unit that is embedded, found and cited.

    Attributes:
        id: Derived from source, document, header and text, so an unchanged passage keeps its vector.
        document_id: The document it was cut from.
        source: The name of the document's source.
        text: Verbatim ``document.text[start:end]``.
        header: Context that is found by words and shown, but not part of the quoted text:
            title, speakers, date and time code, joined by " · ".
        start: First character in the document's text.
        end: One past the last character.
        segment_ids: Ids of the segments it holds, in order; those without an id are left out.
        started_at: Earliest known time of what is in it.
        ended_at: Latest known time.
        start_s: Seconds into the recording at which it starts.
        end_s: Seconds at which it ends.
        authors: Who speaks in it, in order of appearance.
        url: A link as exact as the source allows.
        title: The document's title.
        kind: The document's kind.
        position: Its number within the document, from 0.
    """

    id: str
    document_id: str
    source: str
    text: str
    header: str
    start: int
    end: int
    segment_ids: tuple[str, ...] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None
    start_s: float | None = None
    end_s: float | None = None
    authors: tuple[str, ...] = ()
    url: str | None = None
    title: str | None = None
    kind: Kind = "note"
    position: int = 0

    @property
    def embedded_text(self) -> str:
        """What the embedder sees: the text, with who speaks in front.

        The rest of the header is left to the word index. In a vector, a title and a date that are the
        same all through a document make its passages alike (measured on LoCoMo and on recorded calls).
        """
        name = ", ".join(self.authors)
        return self.text if self.text.startswith(f"{name}:") or not name else f"{name}: {self.text}"


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that answers a query.

    Attributes:
        chunk: The passage.
        score: Larger is better; comparable within one search only.
        rank: From 1.
        why: The score of each ranker that found it, for example ``{"words": 7.1, "vectors": 0.62}``; where the
            same was said again, ``said`` is how often in all, and ``said_by`` by how many.
    """

    chunk: Chunk
    score: float
    rank: int
    why: Mapping[str, float] = field(default_factory=dict, hash=False)

    def _repr_html_(self) -> str:
        from masa_rag._views import hits_view

        return hits_view([self])


class Hits(list[Hit]):
    """A list of hits, best first, that a notebook shows as cards; in all else a list."""

    def _repr_html_(self) -> str:
        from masa_rag._views import hits_view

        return hits_view(self)


@dataclass(frozen=True, slots=True)
class Context:
    """Passages ready for a prompt; ``str(context)`` is the text.

    Attributes:
        text: Numbered passages, each fenced as quoted data, each with its citation.
        hits: The hits behind the passages: ``hits[0]`` is passage 1.
    """

    text: str
    hits: tuple[Hit, ...] = ()

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        from masa_rag._views import context_view

        return context_view(self)


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one ``add`` or ``sync`` did. The counts sum to the documents seen.

    Attributes:
        source: The source's name.
        added: Documents that were new.
        updated: Documents that changed.
        unchanged: Documents that were there already, word for word.
        deleted: Documents removed because the source no longer has them (``sync`` only; not "seen").
        forgotten: Documents kept out because they, or all of their authors, were forgotten.
        failed: The errors of records that could not be read, in order.
        embedded: Passages that had to be embedded.
        elapsed_s: Seconds it took.
        embedding_s: Seconds of that spent in the embedder.
    """

    source: str
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    forgotten: int = 0
    failed: tuple[MasaRagError, ...] = ()
    embedded: int = 0
    elapsed_s: float = 0.0
    embedding_s: float = 0.0

    @property
    def seen(self) -> int:
        """How many documents and bad records the source gave."""
        return self.added + self.updated + self.unchanged + self.forgotten + len(self.failed)

    def __str__(self) -> str:
        parts = [f"{self.added} added", f"{self.updated} updated", f"{self.unchanged} unchanged"]
        for name in ("deleted", "forgotten"):
            if count := getattr(self, name):
                parts.append(f"{count} {name}")
        if self.failed:
            parts.append(f"{len(self.failed)} failed")
        from masa_rag._views import counted

        return (
            f"{self.source}: {', '.join(parts)} ({counted(self.embedded, 'passage')} embedded, {self.elapsed_s:.1f} s)"
        )

    def _repr_html_(self) -> str:
        from masa_rag._views import report_view

        return report_view(self)
