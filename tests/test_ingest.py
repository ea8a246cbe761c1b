"""Adding, mirroring and erasing: what is promised about them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from masa_rag import (
    ConfigurationError,
    Document,
    EmbeddingError,
    Memory,
    RecordError,
    Segment,
    SourceError,
    StorageError,
    source,
)  # fmt: skip
from masa_rag.catalog import Catalog
from masa_rag.embedders import HashingEmbedder

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def note(key: str, text: str, **fields: object) -> Document:
    """Return a small document."""
    return Document(id=key, text=text, **fields)  # type: ignore[arg-type]


def day(*messages: tuple[str, str, str]) -> Document:
    """Return a channel's day of (id, author, text), a minute apart."""
    segments = [Segment(text, author, NOON + timedelta(minutes=int(key)), id=key) for key, author, text in messages]
    return Document(id="c/2024-05-01", kind="conversation", title="harbour", segments=segments)


class CountingEmbedder(HashingEmbedder):
    """Counts the texts that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def embed_documents(self, texts: list[str]) -> np.ndarray:  # type: ignore[override]
        """Embed, and remember what."""
        self.texts.extend(texts)
        return super().embed_documents(texts)


def test_unchanged_documents_cost_nothing(open_memory: Callable[..., Memory]) -> None:
    """A second run embeds nothing and adds no byte."""
    memory = open_memory(embedder=(embedder := CountingEmbedder()))
    documents = [note(str(number), f"word{number} " * 50) for number in range(20)]
    memory.add(documents, name="s")
    embedder.texts.clear()
    memory.catalog.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = memory.info().bytes_on_disk
    report = memory.add(documents, name="s")
    assert (report.unchanged, report.added, report.embedded, embedder.texts) == (20, 0, 0, [])
    assert memory.info().bytes_on_disk == size


def test_only_changed_passages_are_embedded(open_memory: Callable[..., Memory]) -> None:
    """One message of a day changes: its passage is embedded, the others keep their vectors."""
    memory = open_memory(embedder=(embedder := CountingEmbedder()))
    memory.add([day(("1", "Ann", "wind"), ("2", "Bo", "sea"), ("3", "Ann", "rain"))], name="s")
    embedder.texts.clear()
    report = memory.add([day(("1", "Ann", "wind"), ("2", "Bo", "high sea"), ("3", "Ann", "rain"))], name="s")
    assert (report.updated, report.embedded) == (1, 1)
    assert ["high sea" in text for text in embedder.texts] == [True]


def test_metadata_that_moves_embeds_nothing(open_memory: Callable[..., Memory]) -> None:
    """More likes are stored; the passage stays."""
    memory = open_memory(embedder=(embedder := CountingEmbedder()))
    memory.add([note("1", "ahoy", metadata={"likes": 1})], name="s")
    embedder.texts.clear()
    assert memory.add([note("1", "ahoy", metadata={"likes": 2})], name="s").updated == 1
    assert embedder.texts == []
    stored = memory.document("s", "1")
    assert stored is not None
    assert stored.metadata == {"likes": 2}


def test_a_bad_record_is_reported_and_the_others_get_in(memory: Memory) -> None:
    """Errors of single records end in the report."""
    bad = RecordError("not readable", record_id="2")
    report = memory.add([note("1", "one"), bad, note("3", "three")], name="s")
    assert (report.added, report.failed, report.seen) == (2, (bad,), 3)


def test_errors_may_be_raised_instead(memory: Memory) -> None:
    """With errors="raise" the first bad record stops the run, and its batch is not half there."""
    with pytest.raises(RecordError, match="not readable"):
        memory.add([note("1", "one"), RecordError("not readable", record_id="2")], name="s", errors="raise")
    assert memory.info().documents == 0


def test_half_characters_keep_no_document_out(memory: Memory) -> None:
    """Half a surrogate pair, as broken JSON escapes leave it, becomes U+FFFD; ids that differ in it stay different."""
    report = memory.add([note("1", "half \ud83d"), note("2\udcff", "one"), note("2\udcfe", "two")], name="s")
    assert (report.added, report.failed) == (3, ())
    assert memory.search("half")[0].chunk.text == "half \ufffd"
    assert memory.document("s", "2\udcfe") == note("2\udcfe", "two")
    assert memory.verify() == []


def test_metadata_that_cannot_be_stored_is_a_bad_record(memory: Memory) -> None:
    """What is no JSON value keeps only its own document out."""
    report = memory.add([Document(id="1", text="x", metadata={"a": object()}), note("2", "whole")], name="s")
    assert (report.added, len(report.failed)) == (1, 1)
    assert "1: cannot be stored" in str(report.failed[0])


@pytest.mark.parametrize("error", [SourceError("the network went away"), KeyError("the network went away")])
def test_a_source_that_breaks_keeps_what_came_before(memory: Memory, error: Exception) -> None:
    """The error is raised, whatever it is, and the documents before it are there, embedded."""

    @source("s")
    def broken() -> Iterator[Document]:
        yield note("1", "lighthouse")
        raise error

    with pytest.raises(type(error), match="went away"):
        memory.add(broken())
    assert [hit.chunk.document_id for hit in memory.search("lighthouse")] == ["1"]
    assert memory.info().vectors == 1


@pytest.mark.parametrize("name", ["", " ", 5, "a\udcff"])
def test_names_that_cannot_be_stored_are_refused(memory: Memory, name: Any) -> None:
    """A source's name is a text: everything of the source hangs on it."""
    with pytest.raises(ConfigurationError, match="source name"):
        memory.add([note("1", "x")], name=name)


def test_documents_need_a_name(memory: Memory) -> None:
    """A list has no name of its own, and ids are unique only within one."""
    with pytest.raises(ConfigurationError, match="name="):
        memory.add([note("1", "x")])


def test_overlapping_exports_merge(memory: Memory) -> None:
    """Each message is there once, in order, and found."""
    memory.add([day(("1", "Ann", "wind"), ("2", "Bo", "sea"))], name="s")
    memory.add([day(("2", "Bo", "sea"), ("3", "Ann", "rain"))], name="s")
    stored = memory.document("s", "c/2024-05-01")
    assert stored is not None
    assert [segment.id for segment in stored.segments] == ["1", "2", "3"]


@pytest.mark.parametrize("bring", ["add", "sync"])
def test_a_message_that_comes_twice_is_stored_once(memory: Memory, bring: str) -> None:
    """Pages of an answer overlap. What differs under the same id is kept, for nobody says which is newer."""
    parts = [Segment(text, author, NOON, id=key) for text, author, key in (("Now?", "Ann", "1"), ("Yes.", "Bob", "2"))]
    day = Document(id="day", segments=[*parts, *parts])
    assert getattr(memory, bring)([day], name="x").added == 1
    assert memory.document("x", "day") == Document(id="day", segments=parts)
    assert getattr(memory, bring)([day], name="x").unchanged == 1
    other = Document(id="other", segments=[*parts, Segment("No.", "Bob", NOON, id="2")])
    assert memory.add([other], name="x").added == 1
    assert memory.document("x", "other") == other


def test_add_deletes_nothing_and_sync_mirrors(memory: Memory) -> None:
    """What the source lost stays with add and goes with sync: documents and single messages."""
    both = [note("1", "one"), note("2", "two"), day(("1", "Ann", "wind"), ("2", "Bo", "sea"))]
    memory.add(both, name="s")
    memory.add([note("1", "one")], name="s")
    assert memory.info().documents == 3
    report = memory.sync([note("1", "one"), day(("1", "Ann", "wind"))], name="s")
    assert (report.deleted, memory.info().documents) == (1, 2)
    stored = memory.document("s", "c/2024-05-01")
    assert stored is not None
    assert stored.text == "Ann: wind"
    assert memory.search("two") == [] or all(hit.chunk.document_id != "2" for hit in memory.search("two"))


def test_sync_reads_a_document_that_comes_in_parts(memory: Memory) -> None:
    """A day yielded twice with different messages is whole, not pruned to its last part."""
    parts = [day(("1", "Ann", "wind")), day(("2", "Bo", "sea"))]
    for _ in range(2):
        memory.sync(parts, name="s")
        stored = memory.document("s", "c/2024-05-01")
        assert stored is not None
        assert [segment.id for segment in stored.segments] == ["1", "2"]


def test_a_thread_that_lost_its_replies_shrinks_to_its_first_tweet(memory: Memory) -> None:
    """With sync; other plain documents and lines without ids are left as they are."""
    thread = replace(day(("1", "Ann", "wind"), ("2", "Ann", "sea")), id="1")
    talk = Document(id="talk", segments=[Segment("one"), Segment("two")])
    plain = [note("1", "wind", author="Ann", created_at=NOON), talk, note("other", "x"), note("more", "y")]
    memory.sync([thread, *plain[1:]], name="s")
    memory.sync(plain, name="s", allow_mass_delete=True)
    texts = {key: item.text for key in ("1", "talk", "other") if (item := memory.document("s", key)) is not None}
    assert texts == {"1": "Ann: wind", "talk": "one\ntwo", "other": "x"}


def test_a_failing_sync_deletes_nothing(memory: Memory) -> None:
    """Neither a failed record nor a source that raises counts as gone."""
    memory.add([note(str(number), "x") for number in range(4)], name="s")
    kept = [note("0", "x"), note("1", "x"), note("2", "x")]
    assert memory.sync([*kept, RecordError("bad", record_id="3")], name="s").deleted == 0

    @source("s")
    def broken() -> Iterator[Document]:
        yield from kept
        raise SourceError("cut off")

    with pytest.raises(SourceError):
        memory.sync(broken())
    assert memory.info().documents == 4


def test_sync_refuses_to_delete_more_than_half(memory: Memory) -> None:
    """An empty export is an accident unless somebody says that it is not."""
    memory.add([note(str(number), "x") for number in range(4)], name="s")
    with pytest.raises(SourceError, match=r"3 of 4 documents would be deleted.*allow_mass_delete"):
        memory.sync([note("0", "x")], name="s")
    assert memory.info().documents == 4
    assert memory.sync([note("0", "x")], name="s", allow_mass_delete=True).deleted == 3


def test_sync_refuses_to_empty_a_conversation_by_accident(memory: Memory) -> None:
    """Losing more than half of all messages is refused like losing more than half of the documents."""
    memory.add([day(*((str(number), "Ann", f"text {number}") for number in range(10)))], name="s")
    with pytest.raises(SourceError, match="8 of 10 messages"):
        memory.sync([day(("0", "Ann", "text 0"), ("1", "Ann", "text 1"))], name="s")


class Feed:
    """A source that goes on where it stopped."""

    name = "feed"

    def __init__(self, total: int, *, fail_at: int | None = None) -> None:
        self.cursor: str | None = None
        self._total, self._fail_at = total, fail_at

    def __iter__(self) -> Iterator[Document | RecordError]:
        for number in range(int(self.cursor or 0), self._total):
            if number == self._fail_at:
                raise SourceError("rate limit")
            self.cursor = str(number + 1)
            yield note(str(number), f"item {number}")


def test_a_resumable_source_goes_on_where_it_stopped(memory: Memory) -> None:
    """The cursor is stored with the documents before it, also when the source breaks."""
    with pytest.raises(SourceError):
        memory.add(Feed(6, fail_at=4))
    assert memory.info().documents == 4
    report = memory.add(Feed(6))
    assert (report.seen, report.added, memory.info().documents) == (2, 2, 6)


def test_a_resumable_source_cannot_be_mirrored(memory: Memory) -> None:
    """It yields only what is new, so everything else would look deleted."""
    with pytest.raises(ConfigurationError, match="Use add instead"):
        memory.sync(Feed(3))


class Watched(Feed):
    """A resumable source that says what was taken down."""

    def __init__(self, total: int, *, gone: tuple[str, ...] = ()) -> None:
        super().__init__(total)
        self.gone = gone

    def __iter__(self) -> Iterator[Document | RecordError]:
        yield from super().__iter__()
        yield RecordError("did not answer", record_id="other")


def test_sync_deletes_what_a_resumable_source_says_is_gone(memory: Memory) -> None:
    """What is known to be gone is deleted, once, though the source yields nothing else and one record failed."""
    memory.add(Watched(6))
    report = memory.sync(Watched(6, gone=("1", "4", "unheard of")))
    assert (report.deleted, len(report.failed), memory.info().documents) == (2, 1, 4)
    assert memory.sync(Watched(6, gone=("1", "4"))).deleted == 0
    assert memory.add(Watched(6, gone=("0",))).deleted == 0


def test_most_of_a_watched_source_goes_only_when_it_is_meant(memory: Memory) -> None:
    """A site that answers 404 to everything is more likely broken than gone."""
    memory.add(Watched(4))
    with pytest.raises(SourceError, match="allow_mass_delete"):
        memory.sync(Watched(4, gone=("0", "1", "2")))
    assert memory.sync(Watched(4, gone=("0", "1", "2")), allow_mass_delete=True).deleted == 3


@pytest.mark.parametrize("bad", [np.full((1, 256), np.nan), np.zeros((2, 256)), np.zeros((1, 255))])
def test_an_embedder_that_breaks_its_promise_spoils_nothing(
    open_memory: Callable[..., Memory], bad: np.ndarray
) -> None:
    """Wrong vectors are refused; the text is kept, found by words, and embedded later."""

    class Broken(HashingEmbedder):
        def embed_documents(self, texts: list[str]) -> np.ndarray:  # type: ignore[override]
            return bad

    memory = open_memory(embedder=Broken())
    with pytest.raises(EmbeddingError, match="finite numbers"):
        memory.add([note("1", "lighthouse")], name="s")
    memory.close()
    again = open_memory()
    assert [hit.chunk.text for hit in again.search("lighthouse")] == ["lighthouse"]
    assert again.rebuild() == 1


def test_a_full_disk_is_one_clear_error_and_loses_nothing(open_memory: Callable[..., Memory]) -> None:
    """What was there stays, and the message says what to do."""
    memory = open_memory()
    memory.add([note("1", "lighthouse")], name="s")
    pages = memory.catalog.connection.execute("PRAGMA page_count").fetchone()[0]
    memory.catalog.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StorageError, match="free some space"):
        memory.add([note("2", "x" * 500_000)], name="s")
    memory.catalog.connection.execute("PRAGMA max_page_count = 1000000")
    assert [hit.chunk.document_id for hit in memory.search("lighthouse")] == ["1"]
    assert memory.add([note("2", "harbour")], name="s").added == 1


def scan(folder: Path, needle: bytes) -> list[str]:
    """Return the files that hold these bytes."""
    return [path.name for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]


def test_forgetting_an_author_leaves_no_byte_and_stays(memory: Memory) -> None:
    """Text, words and vectors are gone from every file; the next import does not bring them back."""
    export = [
        day(("1", "Ann Secret", "the zanzibar password"), ("2", "Bo", "calm sea")),
        note("t", "zanzibar tweet", author="ann secret"),
    ]
    memory.add(export, name="s")
    vectors = [row[0] for row in memory.catalog.connection.execute(
        "SELECT v.vector FROM vectors v JOIN chunks c ON c.pk = v.chunk WHERE c.text LIKE '%zanzibar%'")]  # fmt: skip
    assert len(vectors) == 2
    assert scan(memory.path, b"zanzibar")
    report = memory.forget(author="Ann Secret")
    assert (report.deleted, report.updated) == (1, 1)
    for needle in (b"zanzibar", b"Ann Secret", b"ann secret", *vectors):
        assert scan(memory.path, needle) == []
    again = memory.add(export, name="s")
    assert (again.forgotten, again.unchanged) == (1, 1)
    assert scan(memory.path, b"zanzibar") == []
    assert [hit.chunk.text for hit in memory.search("calm sea")] == ["Bo: calm sea"]


def test_forgetting_takes_the_whole_name(memory: Memory) -> None:
    """Forgetting "Brendan" must not erase "Brendan Eich" by accident."""
    memory.add([note("1", "x", author="Brendan Eich")], name="s")
    with pytest.raises(ConfigurationError, match="did you mean Brendan Eich"):
        memory.forget(author="Brendan")


def test_forgotten_documents_and_sources_can_be_allowed_again(memory: Memory) -> None:
    """Forgetting is undone for the future, on purpose only."""
    documents = [note("1", "one"), note("2", "two")]
    memory.add(documents, name="s")
    memory.forget(source="s", document="1")
    assert memory.add(documents, name="s").forgotten == 1
    memory.forget(source="s")
    assert memory.add(documents, name="s").forgotten == 2
    assert memory.allow(source="s")
    assert memory.add(documents, name="s").added == 1
    assert memory.allow(source="s", document="1")
    assert memory.add(documents, name="s").added == 1


def test_an_interrupted_erasure_is_finished_at_the_next_opening(
    open_memory: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between deleting and overwriting leaves no text behind for long."""
    memory = open_memory()
    memory.add([note("1", "zanzibar", author="Ann"), note("2", "sea", author="Bo")], name="s")
    monkeypatch.setattr("masa_rag.catalog.Catalog.scrub", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        memory.forget(author="Ann")
    monkeypatch.undo()
    memory.close()
    again = open_memory()
    assert again.catalog.setting("scrub") == "done"
    assert scan(again.path, b"zanzibar") == []


def test_an_erasure_that_the_disk_has_no_room_for_is_finished_once_it_has(
    open_memory: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was forgotten is out of search at once; that its bytes are not yet erased is said, with what to do."""
    memory = open_memory()
    memory.add([note("1", "zanzibar", author="Ann"), note("2", "sea", author="Bo")], name="s")

    def refuse(catalog: Catalog) -> None:
        raise StorageError("memory.db: database or disk is full")

    monkeypatch.setattr(Catalog, "scrub", refuse)
    with pytest.raises(StorageError, match=r"no longer found, but bytes .* disk is full.* about 1 MB of free space"):
        memory.forget(author="Ann")
    assert [hit.chunk.document_id for hit in memory.search("zanzibar")] == ["2"]
    memory.close()
    with pytest.warns(UserWarning, match="next opening"):
        open_memory().close()
    monkeypatch.undo()
    again = open_memory()
    assert (again.info().documents, again.verify(), scan(again.path, b"zanzibar")) == (1, [], [])


def test_rebuild_mends_what_verify_finds(memory: Memory) -> None:
    """A lost vector, a wrong passage and a lost word are found and made anew."""
    memory.add([note("1", "lighthouse keeper"), note("2", "harbour master")], name="s")
    assert memory.verify() == []
    with sqlite3.connect(memory.catalog.path) as raw:
        raw.execute("UPDATE chunks SET text = 'harbour mistress' WHERE text = 'harbour master'")
        raw.execute("DELETE FROM vectors WHERE chunk = (SELECT pk FROM chunks WHERE text = 'lighthouse keeper')")
    raw.close()
    assert {problem.where for problem in memory.verify()} == {"words", "chunks", "vectors"}
    assert memory.rebuild() == 2
    assert memory.verify() == []
    assert memory.search("master")[0].chunk.text == "harbour master"


def test_an_edit_of_a_forgotten_authors_line_stays_out(memory: Memory) -> None:
    """A newer edit of a forgotten message is no new message."""
    memory.add([day(("1", "Ann", "old"), ("2", "Bo", "sea"))], name="s")
    memory.forget(author="Ann")
    edited = day(("1", "Ann", "old"), ("2", "Bo", "sea"))
    edited = replace(
        edited, text="", segments=[replace(edited.segments[0], text="new", edited_at=NOON), edited.segments[1]]
    )
    assert memory.add([edited], name="s").unchanged == 1


def test_exports_of_one_platform_meet_and_sync_deletes_only_its_own(memory: Memory, tmp_path: Path) -> None:
    """Two Discord exports share a source by default: nothing is doubled, and mirroring one leaves the other."""
    from masa_rag.sources import DiscordExport

    def export(name: str, *numbers: int) -> DiscordExport:
        rows = [
            {"id": f"13500000000000{number:05d}", "channel_id": "1349000000000880044", "content": f"text {number}",
             "author": {"id": "1350000000000000071", "username": "ann", "discriminator": "0", "avatar": None},
             "timestamp": f"2025-03-{number:02d}T06:00:00+00:00"}
            for number in numbers
        ]  # fmt: skip
        (tmp_path / name).write_text(json.dumps(rows))
        return DiscordExport(tmp_path / name)

    memory.add(export("one.json", 1, 2, 3))
    assert memory.add(export("two.json", 3, 4)).added == 1
    assert [(item.name, item.documents) for item in memory.info().sources] == [("discord", 4)]
    assert memory.sync(export("one.json", 2, 1)).deleted == 0
    assert memory.sync(export("two.json", 4)).deleted == 1
    assert memory.info().documents == 3


def test_two_folders_of_one_name_are_not_mixed(memory: Memory, tmp_path: Path) -> None:
    """Their ids are paths and would replace each other; a name of its own, or saying that it moved, helps."""
    from masa_rag.sources import Files

    for place in ("a/notes", "b/notes"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "one.md").write_text(f"This is {place}.")
    memory.add(Files(tmp_path / "a" / "notes"))
    with pytest.raises(ConfigurationError, match="name='files:notes' if it is the same folder"):
        memory.add(Files(tmp_path / "b" / "notes"))
    assert memory.add(Files(tmp_path / "b" / "notes", name="others")).added == 1
    assert memory.add(Files(tmp_path / "a" / "notes" / "*.md")).unchanged == 1
