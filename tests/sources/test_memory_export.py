"""What a memory wrote out is read back as it was: into the same memory, or into another one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peak_memory import forget_peak, peak_mib

from masa_rag import Document, Memory, Segment
from masa_rag.embedders import HashingEmbedder
from masa_rag.errors import RecordError, SourceFormatError, SourceUnavailableError
from masa_rag.indexes import FlatIndex
from masa_rag.protocols import Source
from masa_rag.sources import MemoryExport, Transcripts, known_sources, open_source, open_sources
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Kind

NOON = datetime(2025, 3, 16, 12, 0, 0, 123456, tzinfo=UTC)
POST = Document(
    id="p1", text="Ten buoys are out.\n\nTwo “more” follow: 🛟\x1b", kind="post", title="Buoys", author="Mara Ellison",
    created_at=NOON, url="https://tidewell.example/p1", fetched_at=NOON + timedelta(days=1), licence="CC BY 4.0",
    contributor="Priya", metadata={"likes": 3, "tags": ["sea", None], "nested": {"a": 0.1}},
)  # fmt: skip
TALK = Document(
    id="t1", kind="conversation", title="#harbour", created_at=NOON,
    segments=[
        Segment("Is it the seal?", author="Oskar", created_at=NOON, id="m1", url="https://chat.example/m1"),
        Segment(
            "It is.", author="Mara Ellison", created_at=NOON + timedelta(microseconds=1), start=1.5, end=2.25, id="m2",
            reply_to="m1", edited_at=NOON + timedelta(days=2), metadata={"reactions": {"👍": 2}},
        ),
    ],
)  # fmt: skip
BARE = Document(id="b1", text="No more is known of this.")


def small(path: Path) -> Memory:
    """A memory that needs no weights."""
    return Memory(path, embedder=HashingEmbedder(), index=FlatIndex())


def exported(tmp_path: Path, *documents: Document, name: str = "harbour") -> Path:
    """The file of a memory that holds these."""
    with small(tmp_path / "first") as memory:
        memory.add(documents, name=name)
        return Path(memory.export(tmp_path / "backup")[0].path)


class TestMemoryExport(SourceContract):
    """It keeps what every source keeps."""

    @pytest.fixture(autouse=True)
    def _exported(self, tmp_path: Path) -> None:
        self.path = exported(tmp_path, POST, TALK, BARE)

    def make(self) -> Source:
        """Return the export of three documents."""
        return MemoryExport(self.path)


def test_every_field_comes_back(tmp_path: Path) -> None:
    """Documents and segments are equal to what was stored, whatever they have; fetched_at is no part of the digest."""
    path = exported(tmp_path, POST, TALK, BARE)
    found = {item.id: item for item in MemoryExport(path) if isinstance(item, Document)}
    assert found == {"b1": BARE, "p1": POST, "t1": TALK}
    assert found["p1"].fetched_at == datetime(2025, 3, 17, 12, 0, 0, 123456, tzinfo=UTC)


def test_it_is_recognised_and_keeps_the_name_of_its_source(tmp_path: Path) -> None:
    """By its content, whatever the file is called; another name can be given."""
    path = exported(tmp_path, POST, name="telegram:Tidewell / crew")
    other = path.rename(tmp_path / "renamed.txt")
    source = open_source(other)
    assert type(source) is MemoryExport
    assert source.name == "telegram:Tidewell / crew"
    assert open_source(other, name="old").name == "old"
    assert repr(source) == "<MemoryExport 'telegram:Tidewell / crew'>"
    assert known_sources()["MemoryExport"] == "masa_rag.sources.memory_export"


def test_in_the_memory_it_came_from_nothing_changes(tmp_path: Path) -> None:
    """All is unchanged and nothing is embedded."""
    path = exported(tmp_path, POST, TALK, BARE)
    with small(tmp_path / "first") as memory:
        report = memory.add(MemoryExport(path))
    assert (report.source, report.unchanged, report.seen, report.embedded) == ("harbour", 3, 3, 0)


def test_a_source_still_finds_what_it_has_lost(tmp_path: Path) -> None:
    """Reading an export does not take documents away from the folder in which they were seen: sync deletes there."""
    episodes = tmp_path / "episodes"
    episodes.mkdir()
    for number in range(3):
        (episodes / f"{number}.vtt").write_text(f"WEBVTT\n\n00:01.000 --> 00:03.000\n<v Ann>Buoy {number} sails.\n")
    with small(tmp_path / "brain") as memory:
        memory.add(Transcripts(episodes))
        path = memory.export(tmp_path / "backup")[0].path
        memory.add(MemoryExport(path))
        (episodes / "2.vtt").unlink()
        assert memory.sync(Transcripts(episodes)).deleted == 1


def test_a_new_memory_gives_the_same_passages_and_the_same_export(tmp_path: Path) -> None:
    """Ids, headers and links of passages are equal, and so is every byte that is exported from there."""
    path = exported(tmp_path, POST, TALK, BARE)
    with small(tmp_path / "first") as first, small(tmp_path / "second") as second:
        assert second.add(MemoryExport(path)).added == 3
        assert [hit.chunk for hit in second.search("seal")] == [hit.chunk for hit in first.search("seal")] != []
        again = second.export(tmp_path / "again")[0].path
    assert Path(again).read_bytes() == path.read_bytes()


def test_what_was_forgotten_stays_out(tmp_path: Path) -> None:
    """An export from before brings back neither a person nor a document."""
    path = exported(tmp_path, POST, TALK, BARE)
    with small(tmp_path / "first") as memory:
        memory.forget(author="Mara Ellison")
        memory.forget(source="harbour", document="b1")
        report = memory.add(MemoryExport(path))
        kept = memory.document("harbour", "t1")
        assert (report.forgotten, report.updated, report.added) == (2, 0, 0)
        assert kept is not None
        assert [part.text for part in kept.segments] == ["Is it the seal?"]


def test_sync_deletes_what_came_in_since(tmp_path: Path) -> None:
    """Wherever it was seen."""
    path = exported(tmp_path, POST, TALK, BARE)
    with small(tmp_path / "first") as memory:
        memory.add([Document(id="new", text="Came later.")], name="harbour")
        assert memory.sync(MemoryExport(path)).deleted == 1
        assert memory.document("harbour", "new") is None


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b'{"id":"p1","te', "JSON is malformed"),
        (b"not JSON", "JSON is malformed"),
        (b'{"id":"","text":"x"}', "empty id"),
        (b'{"id":"x","text":"x","kind":"tweet"}', "'tweet'"),
        (b'{"id":"x","text":"x","created_at":"2025-01-01T00:00:00"}', "without a zone"),
        (b'{"id":"\xff","text":"x"}', "utf-8"),
        (b'{"id":"x","metadata":{"a":' + b"[" * 100_000, "recursion"),
        (b"{}", "`id`"),
    ],
)
def test_a_damaged_line_is_one_error(tmp_path: Path, line: bytes, what: str) -> None:
    """It says which line and what is wrong with it, and the others are read."""
    path = exported(tmp_path, BARE, POST, TALK)
    heading, first, _, third = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([heading, first, line, third]) + b"\n")
    found = list(MemoryExport(path))
    assert [item.id for item in found if isinstance(item, Document)] == ["b1", "t1"]
    (error,) = (item for item in found if isinstance(item, RecordError))
    assert str(error).startswith(f"{path}: line 3: is no document as it was exported (")
    assert what in str(error)


def test_a_file_that_ends_too_early_says_so(tmp_path: Path) -> None:
    """Half a copy is no whole one, and sync deletes nothing of what it lacks."""
    path = exported(tmp_path, POST, TALK, BARE)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    with small(tmp_path / "first") as memory:
        report = memory.sync(MemoryExport(path))
        assert (report.unchanged, report.deleted) == (2, 0)
        assert [str(error) for error in report.failed] == [
            f"{path}: holds 2 of 3 documents: it is cut off, or was damaged; copy it again, or export anew"
        ]
        assert memory.info().documents == 3


def test_editors_may_have_touched_the_file(tmp_path: Path) -> None:
    """A mark of the byte order, blanks in the first line, Windows' line ends and blank lines do no harm."""
    path = exported(tmp_path, POST, BARE)
    heading, *rest = path.read_bytes().splitlines()
    spaced = json.dumps(json.loads(heading)).encode()
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n\r\n".join([spaced, *rest]))
    assert type(open_source(path)) is MemoryExport
    assert list(MemoryExport(path)) == [BARE, POST]


def test_a_newer_version_is_refused_with_the_next_step(tmp_path: Path) -> None:
    """It is recognised, so that it is not read as something else, and says what to do; nothing of it is stored."""
    path = tmp_path / "newer.jsonl"
    path.write_text('{"format":"masa-rag export","version":2,"source":"s"}\n{"id":"1","text":"x"}\n')
    with small(tmp_path / "brain") as memory:
        with pytest.raises(
            SourceFormatError, match=r"version 2; this .* reads version 1\. Update it with: pip install"
        ):
            memory.add(open_source(path))
        assert memory.info().documents == 0


@pytest.mark.parametrize(
    "first",
    ["", '{"id":"1","text":"x"}', '{"format":"masa-rag export"}', '{"format":"masa-rag export","source":" "}',
     '{"format":"masa-rag export",'],
)  # fmt: skip
def test_what_is_no_export_is_refused(tmp_path: Path, first: str) -> None:
    """The error has what its first line should be."""
    path = tmp_path / "other.jsonl"
    path.write_text(f"{first}\n")
    with pytest.raises(SourceFormatError, match="first line is not that of an export"):
        MemoryExport(path)


def test_a_folder_and_nothing_are_refused(tmp_path: Path) -> None:
    """A folder with the way to read it, a name that is not there as for any source."""
    with pytest.raises(SourceFormatError, match="this is a folder; give one file, or each of open_sources"):
        open_source(tmp_path, form="MemoryExport")
    with pytest.raises(SourceUnavailableError, match=r"cannot be read \(No such file or directory\)"):
        MemoryExport(tmp_path / "none.jsonl")


def test_a_folder_of_exports_is_one_source_each(tmp_path: Path) -> None:
    """Each under its own name, also beside other files, and although their lines resemble tweets or chats."""
    with small(tmp_path / "first") as memory:
        for name, document in (("tweets", POST), ("discord", TALK), ("Tweets", BARE)):
            memory.add([document], name=name)
        memory.export(tmp_path / "backup")
    alone = open_sources(tmp_path / "backup")
    (tmp_path / "backup" / "read me.md").write_text("Of March.\n")
    beside = open_sources(tmp_path / "backup")
    assert sorted(source.name for source in alone) == ["Tweets", "discord", "tweets"]
    assert sorted(source.name for source in beside) == ["Tweets", "discord", "files:backup", "tweets"]


def test_an_export_beside_saved_pages_is_read_too(tmp_path: Path) -> None:
    """What a page loads is no document of its own; an export is."""
    path = exported(tmp_path, POST)
    words = "The buoys are tested in salt water for two nights before they are launched. " * 9
    (path.parent / "page.html").write_text(f"<html><body><article><h1>Buoys</h1><p>{words}</p></article></body></html>")
    assert sorted(type(source).__name__ for source in open_sources(path.parent)) == ["MemoryExport", "WebPages"]


def test_a_name_for_a_folder_of_exports_is_not_taken(tmp_path: Path) -> None:
    """Under one name they would replace each other's documents; a note says that each keeps its own."""
    exported(tmp_path, POST)
    with pytest.warns(UserWarning, match="keeps the name it has"):
        (source,) = open_sources(tmp_path / "backup", name="old")
    assert source.name == "harbour"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MAYBE = st.none() | TEXTS
TIMES = st.none() | st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
NUMBERS = st.none() | st.floats(0, 1e6)
METADATA = st.dictionaries(
    TEXTS,
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)
SHARED: dict[str, Any] = {"author": MAYBE, "created_at": TIMES, "url": MAYBE, "metadata": METADATA}
SEGMENTS = st.lists(
    st.builds(Segment, TEXTS, **SHARED, start=NUMBERS, end=NUMBERS, reply_to=MAYBE, edited_at=TIMES), max_size=4
)
DOCUMENTS = st.lists(
    st.builds(
        Document, id=TEXTS.filter(bool), kind=st.sampled_from(get_args(Kind)), title=MAYBE, fetched_at=TIMES,
        licence=MAYBE, contributor=MAYBE, **SHARED,
    ).flatmap(
        lambda bare: st.builds(lambda text: replace(bare, text=text), TEXTS)
        | st.builds(lambda segments, ids: replace(bare, segments=_named(segments, ids)), SEGMENTS, st.booleans())
    ),
    max_size=5, unique_by=lambda document: document.id,
)  # fmt: skip


def _named(segments: list[Segment], with_ids: bool) -> list[Segment]:
    return [replace(part, id=str(number)) for number, part in enumerate(segments)] if with_ids else segments


@settings(max_examples=30)
@given(documents=DOCUMENTS)
def test_whatever_is_stored_comes_back(documents: list[Document]) -> None:
    """Any documents with any texts, times, names and values; a second export of the copy has the same bytes."""
    with TemporaryDirectory() as folder, small(Path(folder, "one")) as one, small(Path(folder, "two")) as two:
        one.add(documents, name="s")
        for file in one.export(Path(folder, "out")):
            two.add(MemoryExport(file.path), errors="raise")
        stored = [memory.document("s", document.id) for document in documents for memory in (one, two)]
        assert stored[::2] == stored[1::2] == documents
        pages = [
            [Path(file.path).read_bytes() for file in memory.export(Path(folder, name))]
            for memory, name in ((one, "again"), (two, "other"))
        ]
        assert pages[0] == pages[1]


@pytest.mark.slow
def test_a_large_memory_goes_out_and_in_within_little_ram(tmp_path: Path) -> None:
    """Forty thousand posts, 40 MB of text, in less than 40 MiB each way."""
    with small(tmp_path / "first") as memory:
        memory.add(
            (Document(id=str(n), text=f"Buoy {n}", metadata={"more": "x" * 1_000}) for n in range(40_000)), name="s"
        )
        before = forget_peak()
        (file,) = memory.export(tmp_path / "backup")
        assert peak_mib() - before < 40
        assert Path(file.path).stat().st_size > 40e6
        before = forget_peak()
        assert memory.add(MemoryExport(file.path)).unchanged == 40_000
        assert peak_mib() - before < 40


@pytest.mark.real_data
def test_real_exports_keep_their_digests(data: Path, open_memory: Callable[..., Memory], tmp_path: Path) -> None:
    """Tweets, chats and talks of real people: every document has the digest that it had, and none is new."""
    memory = open_memory()
    for name in ("masa/discord", "masa/tweets", "formats/whatsapp", "ethereum_calls/acdc", "masa/podcasts_txt"):
        for source in open_sources(data / name):
            memory.add(source)
    files = memory.export(tmp_path / "backup")
    reports = [memory.add(open_source(file.path)) for file in files]
    assert [report.unchanged for report in reports] == [file.documents for file in files]
    with small(tmp_path / "second") as second:
        assert [second.add(open_source(file.path)).added for file in files] == [file.documents for file in files]
        query = "SELECT id, digest FROM documents ORDER BY 1, 2"
        first, copied = (one.catalog.connection.execute(query).fetchall() for one in (memory, second))
        assert list(map(tuple, first)) == list(map(tuple, copied))
