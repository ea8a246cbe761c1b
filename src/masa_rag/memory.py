"""Class Memory: the front door. It holds the parts and hands each call to the one that does it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

from masa_rag._ids import digest
from masa_rag._memory_parts import Parts
from masa_rag._reading import Filters, Moment, Names, whole_number
from masa_rag._unicode import whole_name
from masa_rag.errors import ConfigurationError, RecordError
from masa_rag.ingest import Errors, refuse_forgotten
from masa_rag.sources._named import named
from masa_rag.types import Context, Document, Hits, IngestReport

if TYPE_CHECKING:
    from masa_rag._check import Info, Problem
    from masa_rag._export import Exported, Form
    from masa_rag.answer import Answer, Model
    from masa_rag.integrations.langchain import MemoryRetriever
    from masa_rag.protocols import Source
    from masa_rag.trends import Trends


class Memory(Parts):
    """What an agent remembers: a folder on disk, and the verbs to use it.

    ::

        with Memory("brain") as memory:
            memory.add(Transcripts("episodes/*.txt"))
            print(memory.context("What did Brendan and Jamil talk about today?"))

    Any number of threads and processes may use one folder at once: one writes at a time, readers
    never wait and see what was committed.

    Args:
        path: The memory's folder; made if it does not exist.
        embedder: Makes the vectors; all-MiniLM-L6-v2 on the CPU when None.
        chunker: Cuts documents; by turns and by structure when None.
        index: The vector index; Chroma inside the folder when None. A FlatIndex keeps none on disk.
        reranker: Reads the best 30 hits of a search once more; nothing does when None.
        lock_timeout_s: Seconds to wait for another writer.
        re_embed: Accept a memory that was made with another embedder or chunker, and make its
            chunks and vectors anew with these.
        progress: Called as ``progress(step, done, total)`` while adding; total 0 means not known.

    Raises:
        MemoryMismatchError: Made with another embedder or chunker, and ``re_embed`` is False.
        StorageError: The folder cannot be used.
    """

    # Writing

    def add(
        self, source: Source | Iterable[Document | RecordError], *, name: str | None = None, errors: Errors = "collect"
    ) -> IngestReport:
        """Insert what is new, update what changed, delete nothing. Unchanged documents cost nothing.

        Args:
            source: A source, or documents, which need ``name``.
            name: The source's name in the memory.
            errors: "collect" puts bad records into the report and goes on; "raise" stops at the first, and of
                what was read in the two seconds before it nothing is stored.

        Raises:
            SourceError: The source cannot be read; what came before the failure is kept.
        """
        self._pin()
        return self._ingest.add(named(source, name), errors=errors)

    def sync(
        self,
        source: Source | Iterable[Document | RecordError],
        *,
        name: str | None = None,
        errors: Errors = "collect",
        allow_mass_delete: bool = False,
    ) -> IngestReport:
        """Mirror a source: as ``add``, and delete what it no longer has.

        Nothing is deleted when the source fails, when one of its records fails, or when more than half
        of its documents would go, unless ``allow_mass_delete`` is True.
        """
        self._pin()
        return self._ingest.sync(named(source, name), errors=errors, allow_mass_delete=allow_mass_delete)

    def remember(
        self,
        text: str,
        *,
        author: str | None = None,
        created_at: datetime | None = None,
        title: str | None = None,
        url: str | None = None,
        source: str = "notes",
    ) -> str:
        """Store one note and return its id. The same words by the same author are stored once.

        Args:
            text: What to remember.
            author: Who says so; a blank name is nobody.
            created_at: When it was said; now when None.
            title: A title for people.
            url: Where it can be seen.
            source: The source it is filed under.

        Raises:
            ConfigurationError: It has no words, or its author or its source was forgotten (see ``allow``).
        """
        if not isinstance(text, str) or not text.strip():
            raise ConfigurationError(f"received {text!r} to remember; expected some words")
        author = None if isinstance(author, str) and not author.strip() else author
        note = digest(text, author if isinstance(author, str) else "", size=8)
        if created_at is None:
            known = self.document(source, note)
            created_at = known.created_at if known is not None and known.created_at is not None else datetime.now(UTC)
        document = Document(id=note, text=text, kind="note", title=title, author=author, created_at=created_at, url=url)
        refuse_forgotten(self.add([document], name=source, errors="raise"))
        return note

    def delete(self, source: str, ids: str | Iterable[str] | None = None) -> int:
        """Take documents out of search; unknown ids are ignored. Returns how many there were.

        Unlike ``forget`` it leaves no tombstone, and bytes may stay in the files until they are used again.

        Args:
            source: The documents' source.
            ids: Their ids, or one; None for all of the source.
        """
        source = self.catalog.source_called(source)
        if ids is not None:
            ids = [whole_name(one) for one in ([ids] if isinstance(ids, str) or not isinstance(ids, Iterable) else ids)]
        with self.catalog.transaction():
            removed = self.catalog.remove_source(source) if ids is None else self.catalog.remove(source, ids)
        if self.catalog.count("pending"):  # copies that took the place of what is gone
            self._upkeep.embed_pending()
        return removed

    def forget(
        self, *, author: Names | None = None, source: Names | None = None, document: Names | None = None
    ) -> IngestReport:
        """Erase, from every file of the memory, and keep it out in future.

        Give ``author`` (the whole name; case does not count), or ``source``, or ``source`` and
        ``document``; several at once take as long as one. Text, words and vectors are overwritten; what
        stays is a digest that keeps the next import from bringing them back, until ``allow`` takes it away.

        Raises:
            ConfigurationError: Nobody of that name speaks here, but others of a similar name do.
            StorageError: A reader still uses the old pages; what is left is erased at the next opening.
        """
        self._pin()
        graves = self.catalog.graves(author, source, document)
        self.catalog.refuse_half_names(name for what, name, *_ in graves if what == "author")
        return self._ingest.forget(graves)

    def allow(self, *, author: Names | None = None, source: Names | None = None, document: Names | None = None) -> bool:
        """Undo ``forget`` for the future: the next import may bring it back. Returns whether any was forgotten."""
        with self.catalog.transaction():
            return sum(self.catalog.unbury(*parts) for parts in self.catalog.graves(author, source, document)) > 0

    # Reading

    def search(
        self,
        query: str,
        *,
        k: int = 8,
        author: Names | None = None,
        source: Names | None = None,
        kind: Names | None = None,
        after: Moment | None = None,
        before: Moment | None = None,
        now: datetime | None = None,
    ) -> Hits:
        """Return up to ``k`` passages that answer the query, best first.

        Args:
            query: A question, or some words.
            k: How many.
            author: Only passages in which this person speaks: a whole name, a whole word of it, or a handle.
            source: Only from this source.
            kind: Only of this kind: post, page, conversation, speech, note.
            after: Only what is not over before this time: a datetime, a date, or ISO 8601 text (UTC).
            before: Only what began before this time.
            now: When the question is asked, for words like "today" and "last week": what was said then comes
                first. Its zone says when a day begins; None takes this machine's clock and zone.
        """
        from masa_rag.search import search

        if not isinstance(query, str):
            raise ConfigurationError(f"received the query {query!r}; expected a question, or some words")
        filters = Filters(author, source, kind, after, before)
        k = min(whole_number("k", k), self.catalog.count("chunks"))
        if not k:
            return Hits()
        self._refuse_mismatch()
        return Hits(
            search(
                query, k=k, filters=filters, catalog=self.catalog, view=self._view, embedder=self.embedder,
                reranker=self._reranker, now=now,
            )
        )  # fmt: skip

    def context(self, query: str, *, max_tokens: int = 1_500, k: int = 48, **filters: Any) -> Context:
        """Return passages for a prompt: numbered, cited, fenced as data, within ``max_tokens``.

        The best passage is always there, even where it alone is longer. Messages bring those that answer them.

        Args:
            query: A question, or some words.
            max_tokens: Budget for the whole text, in tokens of the embedder.
            k: How many passages to consider.
            filters: As for ``search``.
        """
        from masa_rag._searching.overview import is_overview
        from masa_rag._searching.replies import with_replies
        from masa_rag.context import build_context

        budget = whole_number("max_tokens", max_tokens)
        hits = with_replies(self.catalog.connection, self.search(query, k=k, **filters), filters)
        return build_context(hits, max_tokens=budget, count_tokens=self._count_tokens, in_time=is_overview(query))

    def ask(self, question: str, *, model: Model | None = None, max_tokens: int = 1_500, **filters: Any) -> Answer:
        """Return an answer that cites its passages, checked, or one that says the memory does not hold it.

        Args:
            question: What to ask.
            model: A LangChain chat model, or a function from prompt to text. None takes the best
                sentences of the best passages, word for word.
            max_tokens: Budget for the passages that the model is shown.
            filters: As for ``search``, and ``k``, how many passages to consider.
        """
        from masa_rag.answer import answer, extract

        if model is None:
            return extract(question, self.search(question, **filters), document=self.document, now=filters.get("now"))
        context = self.context(question, max_tokens=max_tokens, **filters)
        return answer(question, context, model=model, document=self.document, now=filters.get("now"))

    def trends(
        self,
        *subjects: str,
        days: float = 7,
        k: int = 10,
        author: Names | None = None,
        source: Names | None = None,
        kind: Names | None = None,
        now: datetime | None = None,
    ) -> Trends:
        """Return what is said more than before, the most unusual first; with ``subjects``, how each of them goes.

        The last ``days`` are compared with as many days before, eight times over. Copies count for nothing.

        Args:
            subjects: Words or names to follow, in this order. Without any, the words that rise.
            days: Length of the last stretch of time; parts of a day are allowed.
            k: How many trends.
            author: As for ``search``.
            source: As for ``search``; one that said nothing before is left out, for all in it would be unusual.
            kind: As for ``search``.
            now: Its end. None takes the time of the last passage, so that an archive has trends too.
        """
        from masa_rag.trends import trends

        filters = Filters(author, source, kind)
        return trends(self.catalog.connection, subjects, days=days, k=whole_number("k", k), filters=filters, now=now)

    def as_retriever(self, *, k: int = 8, **filters: Any) -> MemoryRetriever:
        """Return a LangChain retriever on this memory; needs the extra ``langchain``.

        Args:
            k: How many passages.
            filters: As for ``search``; they always hold.
        """
        from masa_rag._lazy import require

        known = ", ".join(Filters.__slots__)
        if unknown := filters.keys() - {*Filters.__slots__, "now"}:  # LangChain's stores take search_kwargs={"k": 4}
            raise ConfigurationError(f"received {unknown.pop()!r} for a retriever; expected k, now, or of {known}")
        Filters(**{name: value for name, value in filters.items() if name != "now"})  # refused here, not when asked
        k = whole_number("k", k)
        langchain = require("masa_rag.integrations.langchain", extra="langchain", purpose="A LangChain retriever")
        retriever: MemoryRetriever = langchain.MemoryRetriever(memory=self, k=k, filters=filters)
        return retriever

    def document(self, source: str, document_id: str) -> Document | None:
        """Return a document as it is stored, or None."""
        return self.catalog.document(self.catalog.source_called(source), whole_name(document_id))

    def export(self, folder: str | Path, *, source: Names | None = None, form: Form = "jsonl") -> list[Exported]:
        """Write what the memory holds into a folder, one file a source, in the order of time; return the files.

        It is the memory of one moment, whoever writes meanwhile, and each file is written wholly or not at all. An
        earlier export of the same source is replaced, any other file never, nor a Markdown file: you may work on it.

        Args:
            folder: Where to; made if it does not exist.
            source: Only this source, or several; all when None.
            form: "jsonl" keeps every field, and ``open_source`` reads it back; "markdown" is for people, without
                posts that repeat an earlier one of the source.

        Raises:
            ConfigurationError: A file is in the way, or there is no such source. Nothing was written.
            StorageError: The disk is full, or documents are damaged; then all others were written.
        """
        from masa_rag._export import export

        return export(self.catalog, folder, source=source, form=form, progress=self._progress)

    def info(self) -> Info:
        """Return what is in the memory: counts, sources, times, model, size on disk."""
        from masa_rag._check import info

        return info(self.catalog, self.path)

    # Keeping it sound

    def verify(self) -> list[Problem]:
        """Return every disagreement between text, chunks, words, vectors and index; empty when all is well.

        Where nothing can be written, word index and vector index are not compared with the rest: that takes writing.
        """
        from masa_rag._check import verify

        return verify(self.catalog, self._projection, dim=self.embedder.dim)

    def rebuild(self) -> int:
        """Make words, chunks and index anew from the documents; only missing vectors are embedded.

        Returns the number of vectors in the memory; raises StorageError at the end if documents are damaged.
        """
        self._pin()
        self._upkeep.rebuild()
        return self.catalog.count("vectors")

    def close(self) -> None:
        """Bring the vector index up to date and release files. Closing twice is allowed."""
        try:
            if "_upkeep" in self.__dict__ and not self.catalog.is_closed and not self.catalog.was_forked:
                self._upkeep.close()
        finally:
            self.catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a memory cannot be copied; hand over its path, and there: Memory({str(self.path)!r})")

    def __repr__(self) -> str:
        return f"<Memory {str(self.path)!r}>"
