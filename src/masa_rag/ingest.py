"""Source -> catalogue: what is new, changed, gone or to be forgotten; ``_upkeep`` does what follows from it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

from masa_rag._names import same_name
from masa_rag._upkeep import CYCLE, each
from masa_rag.catalog import Catalog
from masa_rag.catalog._merge import without_authors
from masa_rag.errors import ConfigurationError, EmbeddingError, MasaRagError, RecordError, SourceError, StorageError
from masa_rag.protocols import ResumableSource, Source, SparingSource, WatchingSource
from masa_rag.types import Document, IngestReport

if TYPE_CHECKING:
    from masa_rag._upkeep import Upkeep
    from masa_rag.protocols import Chunker, OnProgress

Errors = Literal["collect", "raise"]
_READ_S = 2.0
"""Seconds of reading between two commits, so that what was read is findable by words soon."""


@dataclass(slots=True)
class Tally:
    """The counts of a run while it goes on."""

    source: str
    counts: Counter[str] = field(default_factory=Counter)
    failed: list[MasaRagError] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)
    embedding_s: float = 0.0

    def report(self) -> IngestReport:
        """Return the counts as they stand."""
        elapsed = time.perf_counter() - self.began
        return IngestReport(
            self.source, **self.counts, failed=tuple(self.failed), elapsed_s=elapsed, embedding_s=self.embedding_s
        )


class Ingest:
    """Brings documents into one memory.

    Args:
        catalog: The truth.
        chunker: Cuts documents.
        upkeep: Makes vectors and tells the index.
        progress: Told how far it is.
    """

    def __init__(self, catalog: Catalog, chunker: Chunker, upkeep: Upkeep, *, progress: OnProgress) -> None:
        self._catalog = catalog
        self._chunker = chunker
        self._upkeep = upkeep
        self._progress = progress

    def add(self, source: Source, *, errors: Errors = "collect") -> IngestReport:
        """Insert what is new and update what changed; nothing is deleted.

        Args:
            source: Where the documents come from.
            errors: "collect" notes bad records in the report and goes on; "raise" stops at the first.

        Raises:
            RecordError: A bad record, with "raise". Its batch is not stored, earlier ones are.
            SourceError: The source as a whole cannot be read. What came before it is kept.
        """
        with self._run(source.name) as tally:
            self._read(source, tally, errors=errors, seen=None)
        return tally.report()

    def sync(self, source: Source, *, errors: Errors = "collect", allow_mass_delete: bool = False) -> IngestReport:
        """Make the memory mirror the source: as ``add``, and what the source no longer has is deleted.

        Nothing is deleted unless the source was read to its end and no record failed, and not when
        more than half of it would go, unless ``allow_mass_delete`` says that this is meant. Of a
        resumable source, only what it names as gone is deleted, whatever else failed.
        """
        if isinstance(source, ResumableSource) and not isinstance(source, WatchingSource):
            raise ConfigurationError(
                f"received the resumable source {source.name!r}, which yields only what is new; "
                "expected one that yields everything it has, or knows what is gone. Use add instead"
            )
        seen: dict[str, set[str]] = {}
        with self._run(source.name) as tally:
            self._read(source, tally, errors=errors, seen=seen)
            if isinstance(source, WatchingSource):
                self._remove_gone(source, tally, allow_mass_delete=allow_mass_delete)
            elif not tally.failed:
                self._mirror(source, seen, tally, allow_mass_delete=allow_mass_delete)
        return tally.report()

    def forget(self, graves: Sequence[tuple[str, ...]]) -> IngestReport:
        """Erase each ("author", name), ("source", name) or ("document", source, id); see ``Memory.forget``."""
        tally = Tally("forget")
        with self._catalog.lock.working():
            with self._catalog.transaction():
                self._catalog.set_setting("scrub", "due")
                for what, name, *documents in graves:
                    self._catalog.bury(what, name, *documents)
                    if what == "document":
                        tally.counts["deleted"] += self._catalog.remove(name, documents)
                    elif what == "source":
                        tally.counts["deleted"] += self._catalog.remove_source(name)
                self._forget_authors({same_name(name) for what, name, *_ in graves if what == "author"}, tally)
            each(self._upkeep.scrub, partial(self._embed, tally))  # erased also where nothing can be embedded
            return tally.report()

    @contextmanager
    def _run(self, name: str) -> Iterator[Tally]:
        """Embed at the end what was stored; also where the source fails, or a deletion is refused, for it is kept."""
        tally = Tally(name)
        with self._catalog.lock.working():
            try:
                yield tally
            except (EmbeddingError, StorageError):
                raise
            except Exception:  # a source of one's own raises what its libraries do
                self._finish(tally)
                raise
            self._finish(tally)

    # Reading

    def _read(self, source: Source, tally: Tally, *, errors: Errors, seen: dict[str, set[str]] | None) -> None:
        if errors not in get_args(Errors):
            raise ConfigurationError(f"received errors={errors!r}; expected 'collect' or 'raise'")
        self._refuse_strangers(source)
        if isinstance(source, ResumableSource):
            source.cursor = self._catalog.cursor(source.name)
        if isinstance(source, SparingSource):
            source.known = partial(self._catalog.readable, source.name)
            source.notes = self._catalog.notes(source.name)
        documents = 0
        for batch in _timed_batches(iter(source)):
            self._store(source, batch, tally, errors=errors, seen=seen)
            documents += len(batch)
            self._progress("read", documents, 0)
            if self._catalog.count("pending") >= CYCLE:
                self._embed(tally)

    def _store(
        self, source: Source, batch: Sequence[Document | RecordError], tally: Tally, *, errors: Errors,
        seen: dict[str, set[str]] | None,
    ) -> None:  # fmt: skip
        with self._catalog.transaction():
            for item in batch:
                try:
                    if isinstance(item, RecordError):
                        raise item
                    if not isinstance(item, Document):
                        what = f"received {type(item)} from {source.name!r}"
                        raise ConfigurationError(f"{what}; expected masa_rag.Document")
                    outcome = self._put(source, item, mirrored=seen is not None)
                    tally.counts[outcome] += 1
                except RecordError as error:
                    if errors == "raise":
                        raise
                    tally.failed.append(error)
                else:
                    if seen is not None and outcome != "forgotten":
                        parts = self._parts(source, item)
                        seen[item.id] = seen.get(item.id, set()).union(parts) if parts else set()
            if isinstance(source, ResumableSource):
                self._catalog.set_cursor(source.name, source.cursor)
            if isinstance(source, SparingSource):
                self._catalog.set_notes(source.name, source.notes)

    def _put(self, source: Source, document: Document, *, mirrored: bool) -> str:
        cut = partial(self._chunker.chunk, source=source.name)
        if mirrored:  # the source says where each message stands now
            return self._catalog.put(source.name, document, cut, origin=_origin(source))
        rest = self._catalog.without_openers(source.name, document)
        if rest is None:
            return "unchanged"
        outcome = self._catalog.put(source.name, rest, cut, origin=_origin(source))
        if outcome != "forgotten":
            self._catalog.take_opener(source.name, rest, cut)
        return outcome

    def _parts(self, source: Source, document: Document) -> list[str]:
        """Return the ids of all that a mirrored document says: nothing else of it may stay.

        None where a segment has no id, for then the whole has replaced what was stored. What is forgotten is not
        stored.
        """
        if document.segments:
            document = self._catalog.without_forgotten(source.name, document) or document
        parts = [part.id for part in document.segments] or [document.id]
        return [part for part in parts if part is not None] if None not in parts else []

    def _refuse_strangers(self, source: Source) -> None:
        """Refuse two folders under one default name when ids are paths: their documents would replace each other."""
        origin = _origin(source)
        if not origin or getattr(source, "global_ids", False):
            return
        other = self._catalog.other_origin(source.name, origin)
        if other is not None:
            raise ConfigurationError(
                f"received {origin!r} as {source.name!r}, a name under which {other!r} was read before; the two would "
                f"replace each other's documents. Give it a name of its own: name='...' (--name), or "
                f"name={source.name!r} if it is the same folder in a new place"
            )

    def _finish(self, tally: Tally) -> None:
        self._embed(tally)
        self._upkeep.tell_index()

    def _embed(self, tally: Tally) -> None:
        embedded, seconds = self._upkeep.embed_pending()
        tally.counts["embedded"] += embedded
        tally.embedding_s += seconds

    # Deleting

    def _mirror(self, mirrored: Source, seen: dict[str, set[str]], tally: Tally, *, allow_mass_delete: bool) -> None:
        source = mirrored.name
        with self._catalog.transaction():
            stored = self._catalog.document_sizes(source)
            own = self._catalog.ids_from(source, _origin(mirrored))
            gone = sorted(own - seen.keys())
            pruned = {key: ids for key, ids in seen.items() if ids and stored.get(key) and len(ids) != stored[key]}
            if not allow_mass_delete:
                _refuse_mass_delete(source, len(gone), len(own), "documents")
                lost = sum(max(0, stored.get(key, 0) - len(ids)) for key, ids in pruned.items())
                _refuse_mass_delete(source, lost, sum(stored[key] for key in seen if key in stored), "messages")
            tally.counts["deleted"] += self._catalog.remove(source, gone)
            for document_id, ids in pruned.items():
                self._catalog.prune(source, document_id, ids, partial(self._chunker.chunk, source=source))

    def _remove_gone(self, source: WatchingSource, tally: Tally, *, allow_mass_delete: bool) -> None:
        with self._catalog.transaction():
            stored = self._catalog.document_sizes(source.name)
            gone = [document_id for document_id in source.gone if document_id in stored]
            if not allow_mass_delete:
                _refuse_mass_delete(source.name, len(gone), len(stored), "documents")
            tally.counts["deleted"] += self._catalog.remove(source.name, gone)

    def _forget_authors(self, authors: Collection[str], tally: Tally) -> None:
        for source, key, document in self._catalog.documents_by(authors) if authors else ():
            kept = None if document is None else without_authors(document, authors)
            if kept is None:
                tally.counts["deleted"] += self._catalog.remove(source, [key])
            else:
                self._catalog.rewrite(source, kept, partial(self._chunker.chunk, source=source))
                tally.counts["updated"] += 1


def refuse_forgotten(report: IngestReport) -> None:
    """Raise for what was kept out, where somebody expects it to be there now.

    Raises:
        ConfigurationError: Its source, its author or itself was forgotten.
    """
    if report.forgotten:
        raise ConfigurationError(
            f"received {report.forgotten} for {report.source!r} that are kept out: the source, the author or the "
            "document was forgotten; memory.allow(source=...), or (author=...), lets them in again"
        )


def _origin(source: Source) -> str | None:
    """Return where a source with a default name reads, nothing when its name says all; None leaves what is known."""
    origin = getattr(source, "origin", "")
    return None if origin is None else str(origin)


def _refuse_mass_delete(source: str, gone: int, stored: int, what: str) -> None:
    if 2 * gone > stored:
        raise SourceError(
            f"{source}: {gone} of {stored} {what} would be deleted, so nothing was; if the source really "
            "lost them, run sync again with allow_mass_delete=True (--allow-mass-delete)"
        )


def _timed_batches(items: Iterator[Document | RecordError]) -> Iterator[list[Document | RecordError]]:
    """Yield what was read in about ``_READ_S`` seconds, at most ``CYCLE`` items a batch."""
    batch: list[Document | RecordError] = []
    began = time.perf_counter()
    try:
        for item in items:
            batch.append(item)
            if len(batch) >= CYCLE or time.perf_counter() - began > _READ_S:
                yield batch
                batch, began = [], time.perf_counter()
    except Exception:  # whatever it was, what was read before it is kept
        if batch:
            yield batch
        raise
    yield batch  # an empty one as well: what the source knows by now is stored with it
