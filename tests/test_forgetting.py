"""What forgetting and mirroring must not leave behind, and must not lose."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any

import numpy as np
import pytest

from masa_rag import Document, Memory, Segment
from masa_rag.catalog._forgetting import _tombstones as tombstones
from masa_rag.chunkers import RecursiveChunker
from masa_rag.embedders import HashingEmbedder
from masa_rag.errors import ConfigurationError, StorageError

NOON = datetime(2025, 5, 1, 12, tzinfo=UTC)


def thread(*segments: Segment, author: str | None = "Ann") -> Document:
    """Return a thread opened by an author, with a title and a description in that author's words."""
    return Document(
        id="t", kind="conversation", title="My door code 4711", author=author, url="https://f.example/my-door-code-4711",
        segments=segments, metadata={"description": "Hello, my door code 4711 stopped working."},
    )  # fmt: skip


def part(key: str, author: str | None = "Ann", text: str | None = None) -> Segment:
    """Return a message."""
    return Segment(text or f"number {key}", author, id=key)


def test_who_opened_a_thread_wrote_its_title(memory: Memory) -> None:
    """Title, link and description go with their author; what others said stays."""
    memory.add([thread(part("1"), part("2", "Bob", "Try the other key."), part("3", None, "By nobody."))], name="forum")
    memory.forget(author="ann")
    kept = memory.document("forum", "t")
    assert kept is not None
    assert (kept.text, kept.title, kept.url, kept.author, kept.metadata) == (
        "Bob: Try the other key.",
        None,
        None,
        None,
        {},
    )
    assert "4711" not in str(memory.context("door code 4711"))


@pytest.mark.parametrize(
    "document",
    [
        Document(id="d", author="Ann", segments=[Segment("The door code is 4711."), Segment("Keep it.")]),
        Document(id="d", author="Ann", title="Door code 4711"),
    ],
)
def test_an_author_is_found_where_no_passage_names_one(memory: Memory, document: Document) -> None:
    """Segments without authors, and a document without text, are the document's author's."""
    memory.add([document], name="notes")
    assert memory.forget(author="Ann").deleted == 1
    assert memory.document("notes", "d") is None


def test_what_is_kept_out_is_not_said_to_be_remembered(memory: Memory) -> None:
    """After a source or an author was forgotten, a note for it is an error until it is allowed."""
    memory.remember("one", author="Ann")
    memory.forget(source="notes")
    with pytest.raises(ConfigurationError, match=r"was forgotten; memory.allow\(source="):
        memory.remember("two")
    memory.forget(author="Ann")
    with pytest.raises(ConfigurationError, match="kept out"):
        memory.remember("three", author="Ann", source="other")
    memory.allow(source="notes")
    assert memory.document("notes", memory.remember("two")) is not None


def test_mirroring_keeps_what_has_no_id(memory: Memory) -> None:
    """Where one segment has none, the whole replaces what was stored, and nothing of it is taken out."""
    memory.sync([Document(id="d", kind="conversation", segments=[part("1"), Segment("beta", "Bob")])], name="x")
    assert memory.search("beta")


def test_mirroring_takes_out_what_is_gone_beside_what_is_forgotten(memory: Memory) -> None:
    """As many messages as before are not the same messages."""

    def chat(*parts: Segment) -> list[Document]:
        return [Document(id="d", kind="conversation", segments=parts)]

    memory.sync(chat(part("1"), part("2", "Bob"), part("3", "Cid")), name="x")
    memory.forget(author="Ann")
    memory.sync(chat(part("1"), part("2", "Bob")), name="x")
    kept = memory.document("x", "d")
    assert kept is not None
    assert [segment.id for segment in kept.segments] == ["2"]
    memory.sync(chat(part("1")), name="x", allow_mass_delete=True)
    assert memory.document("x", "d") is None


class Numbers:
    """A source that goes on where it stopped."""

    name = "secretson"
    cursor: str | None = None

    def __iter__(self) -> Iterator[Document]:
        for number in range(int(self.cursor or 0), 3):
            self.cursor = str(number + 1)
            yield Document(id=str(number), text=f"number {number}")


def test_who_is_forgotten_is_looked_up_once(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for each document in which somebody speaks, and not again when it is mirrored."""
    memory.forget(author="Cid")
    asked: list[tuple[str, ...]] = []

    def noted(*parts: str) -> tuple[str, str]:
        asked.append(parts)
        return tombstones(*parts)

    monkeypatch.setattr("masa_rag.catalog._forgetting._tombstones", noted)
    days = [Document(id=day, segments=[part(f"{day}{who}", who) for who in ("Ann", "Cid")]) for day in ("1", "2", "3")]
    assert memory.sync(days, name="x").added == 3
    assert sorted(asked) == [
        ("author", "Ann"), ("author", "Cid"), *(("document", "x", day) for day in ("1", "2", "3")), ("source", "x"),
    ]  # fmt: skip


def test_who_has_forgotten_nothing_looks_up_nobody(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No digest is made of what comes in where none could be like it."""
    monkeypatch.setattr("masa_rag.catalog._forgetting._tombstones", lambda *_: 1 / 0)
    assert memory.add([Document(id="1", segments=[part("1")])], name="x").added == 1


@pytest.mark.parametrize("how", ["forget", "delete"])
def test_a_source_that_is_gone_is_read_from_its_beginning(memory: Memory, how: str) -> None:
    """Neither its name nor how far it was read stays behind."""
    assert memory.add(Numbers()).added == 3
    if how == "forget":
        memory.forget(source="secretson")
        assert b"secretson" not in (memory.path / "memory.db").read_bytes()
        memory.allow(source="secretson")
    else:
        memory.delete("secretson")
    assert memory.add(Numbers()).added == 3


def test_several_are_forgotten_in_one_overwriting(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a document by two of them nothing is left; all are kept out, and let in again."""
    days = [Document(id=day, segments=[part(f"{day}{who}", who) for who in ("Ann", "Cid")]) for day in ("1", "2", "3")]
    talk = [*days, Document(id="4", segments=[part("4", "Bob", "By Bob.")])]
    memory.add(talk, name="x")
    scrubbed: list[None] = []
    scrub = memory.catalog.scrub
    monkeypatch.setattr(memory.catalog, "scrub", lambda: scrubbed.append(scrub()))
    report = memory.forget(author=["ann", "CID"])
    assert (report.deleted, report.updated, len(scrubbed)) == (3, 0, 1)
    assert memory.add(talk, name="x").forgotten == 3
    assert memory.allow(author=["Ann", "Cid"])
    memory.add(talk, name="x")
    assert memory.forget(source="x", document=["1", "3"]).deleted == 2
    assert memory.forget(source=["x", "y"]).deleted == 2


@pytest.mark.parametrize("names", [[], ["Ann", ""], ["Ann", 5], 5])
def test_who_is_to_be_forgotten_is_named(memory: Memory, names: Any) -> None:
    """Where one of several is nobody's name nothing is erased, nor where none is given."""
    memory.add([Document(id="1", text="one", author="Ann")], name="x")
    with pytest.raises(ConfigurationError, match="expected author, or source"):
        memory.forget(author=names)
    with pytest.raises(ConfigurationError, match="expected author, or source"):
        memory.forget(source=["x", "y"], document="1")
    assert len(memory.search("one")) == 1


def test_metadata_is_what_comes_back(memory: Memory) -> None:
    """Times, bytes and numbers that JSON does not know are stored as they are compared: nothing seems damaged."""
    east = timezone(timedelta(hours=2))
    given = {"when": NOON.astimezone(east), "share": float("nan"), "raw": b"ab", "tags": {"b", "a"}, "n": [1, (2.5,)]}
    document = Document(id="d", text="copper", metadata=given)
    expected = {"when": "2025-05-01T12:00:00+00:00", "share": None, "raw": "YWI=", "tags": ["a", "b"], "n": [1, [2.5]]}
    assert document.metadata == expected
    memory.add([document], name="x")
    assert memory.document("x", "d") == document
    assert memory.verify() == []
    assert memory.add([document], name="x").unchanged == 1


class Word(str):
    """A text as HTML and message libraries hand it out."""


class Moment(datetime):
    """A time as libraries for tables hand it out."""


class Mood(Enum):
    """A value of a program's own."""

    CALM = "calm"


@pytest.mark.parametrize(
    "document",
    [
        Document(id="d", segments=[Segment("copper", start=5, end=np.float32(7.5))]),
        Document(id=Word("d"), text=Word("copper"), author=Word("Ann"), title=Word("Tin")),
        Document(id="d", segments=[Segment("copper", Word("Ann"), id=Word("1"))]),
        Document(id="d", text="copper", created_at=Moment(2025, 5, 1, tzinfo=UTC)),
        Document(id="d", text="copper", created_at=datetime.max.replace(tzinfo=UTC)),
        Document(id="d", text="copper", metadata={1: 2, "a": 3}),  # type: ignore[dict-item]
        Document(id="d", text="copper", metadata={"took": timedelta(1), "mood": Mood.CALM, "n": np.int64(4)}),
        Document(id="d", text="copper", metadata={"share": np.float64(0.5), "by": [Word("Ann")]}),
    ],
    ids=str,
)
def test_values_of_other_libraries_are_stored_as_they_are_compared(memory: Memory, document: Document) -> None:
    """Whole seconds, texts and times of other types, names of metadata that are numbers: kept, found, not damaged."""
    assert memory.add([document], name="x").added == 1
    assert memory.document("x", "d") == document
    assert [hit.chunk.document_id for hit in memory.search("copper")] == ["d"]
    assert memory.verify() == []
    assert memory.add([document], name="x").unchanged == 1


def test_a_damaged_document_is_named_and_can_be_replaced(memory: Memory) -> None:
    """Its bytes are no document any more: an error that says so, and a new version takes its place."""
    memory.add([Document(id="d", text="copper")], name="x")
    with memory.catalog.transaction():
        memory.catalog.connection.execute("UPDATE documents SET body = x'7b22ff227d'")
    assert [problem.where for problem in memory.verify()] == ["documents"]
    with pytest.raises(StorageError, match="cannot be read"):
        memory.document("x", "d")
    assert memory.add([Document(id="d", text="copper and tin")], name="x").updated == 1
    assert memory.verify() == []


def test_an_owner_who_never_speaks_is_forgotten_beside_a_namesake(memory: Memory) -> None:
    """Ann owns a talk of others; that an Annabel speaks in it does not make her unknown."""
    talk = Document(id="t", kind="conversation", title="Ann's talk", author="Ann", segments=[part("1", "Annabel")])
    memory.add([talk], name="x")
    memory.forget(author="Ann")
    assert "Ann's" not in str(memory.document("x", "t"))


def test_who_is_forgotten_takes_part_no_more(memory: Memory) -> None:
    """The list of those who took part, which headers show, loses the name."""
    meeting = Document(
        id="m",
        kind="conversation",
        segments=[part("1", "Bob"), part("2", "Cid")],
        metadata={"participants": ["Bob", "Cid"]},
    )
    memory.add([meeting], name="x")
    memory.forget(author="bob")
    kept = memory.document("x", "m")
    assert kept is not None
    assert kept.metadata == {"participants": ["Cid"]}


def test_who_speaks_is_forgotten_where_a_chunker_names_nobody(open_memory: Callable[..., Memory]) -> None:
    """Passages that are cut without regard to turns have no authors; the document knows who said what."""
    memory = open_memory(chunker=RecursiveChunker())
    memory.add([Document(id="d", segments=[part("1", "Ann", "The code is 4711."), part("2", "Bob")])], name="x")
    memory.forget(author="Ann")
    assert str(memory.document("x", "d")).count("4711") == 0
    assert b"4711" not in memory.catalog.path.read_bytes()
    assert memory.search("number")[0].chunk.text == "Bob: number 2"


def test_forgetting_erases_where_nothing_can_be_embedded(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was a copy of what is forgotten waits for its vector; the erasure waits for nothing."""
    said = "We all meet at the old bridge at nine."
    texts = (("Ann", said), ("Ann", "The code is 4711."), ("Bob", said))
    memory.add([Document(id=str(n), text=text, author=name) for n, (name, text) in enumerate(texts)], name="x")
    monkeypatch.setattr(HashingEmbedder, "embed_documents", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        memory.forget(author="Ann")
    assert b"4711" not in memory.catalog.path.read_bytes()
    assert memory.catalog.count("pending") == 1


def test_a_damaged_document_of_an_author_goes_as_a_whole(memory: Memory) -> None:
    """It keeps neither the others from being forgotten nor anybody from searching."""
    text = "The very same words of more than six are said by us."
    memory.add(
        [Document(id=str(n), text=text, kind="post", author=name) for n, name in enumerate(("Ann", "Bo"))], name="x"
    )
    with memory.catalog.transaction():
        memory.catalog.connection.execute("UPDATE documents SET body = x'7b22ff227d' WHERE id = '0'")
    assert memory.search("same words")[0].why["said"] == 2
    assert memory.forget(author="Ann").deleted == 1
    assert memory.search("same words")[0].chunk.authors == ("Bo",)


def test_a_part_without_ids_replaces_what_came_before_it(memory: Memory) -> None:
    """A document that comes in two parts, the second without ids: what the source said last is there."""
    whole = Document(id="d", kind="conversation", segments=[Segment("gamma", "Bob"), Segment("delta", "Cid")])
    memory.sync([Document(id="d", kind="conversation", segments=[part("1"), part("2")])], name="x")
    memory.sync([Document(id="d", kind="conversation", segments=[part("1")]), whole], name="x")
    assert memory.document("x", "d") == whole


def test_metadata_too_deep_to_store_is_one_record(memory: Memory) -> None:
    """The record is reported and the others go on."""
    deep: list[object] = []
    for _ in range(200_000):  # Python 3.13 writes some 10,000 levels, 3.11 some 1,000
        deep = [deep]
    report = memory.add([Document(id="a", text="one", metadata={"deep": deep}), Document(id="b", text="two")], name="x")
    assert (report.added, len(report.failed)) == (1, 1)


FORGETTING_WITH_80_MB = """
import resource, sys
from pathlib import Path
from masa_rag import Memory
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex
memory = Memory(sys.argv[1], embedder=HashingEmbedder(), index=FlatIndex())
used = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData"))
limit = 1_024 * int(used.split()[1]) + 80_000_000  # 64 of it for pages that SQLite keeps
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
print(memory.forget(source="x", document="0").deleted)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted by /proc")
def test_forgetting_needs_no_memory_of_the_size_of_the_file(memory: Memory) -> None:
    """The file is written anew to overwrite what was in it: 120 MB, by a process that can have 80 MB more."""
    memory.add([Document(id=str(n), text="a note", metadata={"raw": "x" * 1_000_000}) for n in range(120)], name="x")
    memory.close()
    command = [sys.executable, "-c", FORGETTING_WITH_80_MB, str(memory.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("1\n", "")
