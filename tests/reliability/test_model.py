"""After any sequence of verbs, in any order and through any handle, a memory holds what a dictionary would."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from masa_rag import Document, Memory, Segment
from masa_rag.chunkers import RecursiveChunker, TurnChunker
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex

AUTHORS = st.sampled_from(["Ann", "Bo", "Zoë", None])
TEXTS = st.sampled_from(
    ["", "gm", "walrus " * 60, "the walrus sleeps on the ice today", "the walrus sleeps on the ice today #ice"]
)
SOURCES = st.sampled_from(["s", "t"])
POSTS = st.builds(Document, id=st.sampled_from("ab"), text=TEXTS, author=AUTHORS)
MESSAGES = st.builds(
    lambda number, text, author: Segment(text, author, datetime(2024, 5, 1, number, tzinfo=UTC), id=str(number)),
    st.integers(0, 7), TEXTS, AUTHORS,
)  # fmt: skip
CHATS = st.builds(
    lambda name, parts: Document(id=name, segments=sorted(parts, key=lambda part: part.created_at)),
    st.sampled_from("cd"), st.lists(MESSAGES, min_size=1, max_size=6, unique_by=lambda part: part.id),
)  # fmt: skip
DOCUMENTS = st.lists(POSTS | CHATS, max_size=4, unique_by=lambda document: document.id)


def without(document: Document, names: Collection[str]) -> Document | None:
    """Return what is left of a document when these people are forgotten."""
    if document.author in names:
        return None
    kept = [part for part in document.segments if part.author not in names]
    if len(kept) == len(document.segments):
        return document
    return replace(document, text="", segments=kept) if kept else None


class Machine(RuleBasedStateMachine):
    """A memory beside a dictionary of (source, id) -> document."""

    @initialize()
    def begin(self) -> None:
        """Make an empty memory."""
        self.folder = tempfile.TemporaryDirectory()
        self.held: dict[tuple[str, str], Document] = {}
        self.forgotten: set[str] = set()
        self.chunker: RecursiveChunker | TurnChunker | None = None
        self.memories = [self.open(), self.open()]

    def open(self, *, re_embed: bool = False) -> Memory:
        """Open it once more."""
        parts = {"embedder": HashingEmbedder(16), "index": FlatIndex(), "chunker": self.chunker}
        return Memory(Path(self.folder.name) / "brain", re_embed=re_embed, **parts)  # type: ignore[arg-type]

    @rule(source=SOURCES, documents=DOCUMENTS)
    def add(self, source: str, documents: list[Document]) -> None:
        """Messages are united, the rest is replaced, nothing is deleted."""
        self.memories[0].add(documents, name=source)
        for document in documents:
            known = self.held.get((source, document.id))
            if (left := without(document, self.forgotten)) is not None:
                parts = {part.id: part for part in (*(known.segments if known else ()), *left.segments)}
                united = sorted(parts.values(), key=lambda part: part.created_at or datetime.now(UTC))
                self.held[source, document.id] = replace(left, text="", segments=united) if united else left

    @rule(source=SOURCES, documents=DOCUMENTS)
    def sync(self, source: str, documents: list[Document]) -> None:
        """What is not named any more goes."""
        self.memories[0].sync(documents, name=source, allow_mass_delete=True)
        self.held = {key: document for key, document in self.held.items() if key[0] != source}
        kept = ((document.id, without(document, self.forgotten)) for document in documents)
        self.held |= {(source, key): document for key, document in kept if document is not None}

    @rule(source=SOURCES, ids=st.none() | st.sets(st.sampled_from("abcd")))
    def delete(self, source: str, ids: set[str] | None) -> None:
        """Nothing else goes."""
        gone = {key for key in self.held if key[0] == source and (ids is None or key[1] in ids)}
        assert self.memories[0].delete(source, ids) == len(gone)
        self.held = {key: document for key, document in self.held.items() if key not in gone}

    @rule(author=AUTHORS.filter(bool))
    def forget(self, author: str) -> None:
        """All that somebody said goes, and stays out."""
        self.memories[0].forget(author=author)
        self.forgotten.add(author)
        left = {key: without(document, {author}) for key, document in self.held.items()}
        self.held = {key: document for key, document in left.items() if document is not None}

    @rule(author=AUTHORS.filter(bool))
    def allow(self, author: str) -> None:
        """From now on."""
        assert self.memories[0].allow(author=author) == (author in self.forgotten)
        self.forgotten.discard(author)

    @rule()
    def rebuild(self) -> None:
        """Nothing changes."""
        self.memories[0].rebuild()

    @rule()
    def take_the_other(self) -> None:
        """Another handle writes on; this one will read what it wrote."""
        self.memories.reverse()

    @rule(chunker=st.sampled_from([None, RecursiveChunker(max_tokens=20), TurnChunker(max_tokens=16)]))
    def reopen(self, chunker: RecursiveChunker | TurnChunker | None) -> None:
        """With another chunker, which makes all passages anew."""
        self.close()
        self.chunker = chunker
        self.memories = [self.open(re_embed=True), self.open()]

    @invariant()
    def both_are_sound(self) -> None:
        """Each handle reads what there is, all passages of it are found, and the parts agree."""
        for memory in self.memories:
            assert memory.verify() == []
            read = {key: memory.document(*key) for key in self.held}
            assert (read, memory.info().documents) == (self.held, len(self.held))
            chunks = [hit.chunk for hit in memory.search("walrus", k=50)]
            for chunk in chunks:
                assert self.held[chunk.source, chunk.document_id].text[chunk.start : chunk.end] == chunk.text
            is_held = any("walrus" in document.text for document in self.held.values())
            assert any("walrus" in chunk.text for chunk in chunks) == is_held

    def close(self) -> None:
        """Close both."""
        for memory in self.memories:
            memory.close()

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.close()
        self.folder.cleanup()


TestAnyOrder = Machine.TestCase
TestAnyOrder.settings = settings(max_examples=6, stateful_step_count=15, deadline=None)
