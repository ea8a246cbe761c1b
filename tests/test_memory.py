"""The front door: opening, remembering, what other processes see."""

from __future__ import annotations

import contextlib
import copy
import os
import pickle
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NoReturn

import pytest

from masa_rag import ConfigurationError, Document, Memory, MemoryLockedError, MemoryMismatchError, StorageError
from masa_rag.catalog._connection import unwritten
from masa_rag.chunkers import RecursiveChunker
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex


def test_notes_are_remembered_once(memory: Memory) -> None:
    """The same words by the same author are one note, and it keeps the time of the first."""
    first = memory.remember("The key is under the mat.", author="Ann", created_at=datetime(2024, 5, 1, tzinfo=UTC))
    assert memory.remember("The key is under the mat.", author="Ann") == first
    assert memory.remember("The key is under the mat.", author="Bo") != first
    stored = memory.document("notes", first)
    assert stored is not None
    assert stored.created_at == datetime(2024, 5, 1, tzinfo=UTC)
    assert memory.search("where is the key?")[0].chunk.text == "The key is under the mat."


def test_a_blank_name_is_nobody(memory: Memory) -> None:
    """A note by "" has no author; to forget "" is refused, for it would erase what has none."""
    note = memory.document("notes", memory.remember("The key is under the mat.", author=" "))
    assert note is not None
    assert note.author is None
    with pytest.raises(ConfigurationError, match=r"received author=''.*; expected author, or source"):
        memory.forget(author="")


def test_an_author_who_is_no_text_is_refused(memory: Memory) -> None:
    """As everywhere else: a number is nobody's name."""
    with pytest.raises(ConfigurationError, match="received author=5"):
        memory.remember("The key is under the mat.", author=5)  # type: ignore[arg-type]


def test_an_empty_note_is_refused(memory: Memory) -> None:
    """There is nothing to remember in blanks."""
    with pytest.raises(ConfigurationError, match="to remember; expected some words"):
        memory.remember("  ")


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ("notes/", {}, r"received 'notes/'; expected a source: add\(open_source\(path\)\)"),
        (Path("notes"), {"name": "n"}, "expected a source"),
        (["some words"], {"name": "n"}, "received <class 'str'> from 'n'; expected masa_rag.Document"),
        ([{"id": "1"}], {"name": "n"}, "received <class 'dict'> from 'n'"),
        ([], {"name": "n", "errors": "ignore"}, "received errors='ignore'; expected 'collect' or 'raise'"),
    ],
)
def test_what_is_no_source_is_refused(memory: Memory, given: Any, options: dict[str, Any], message: str) -> None:
    """A path, words and rows are mistaken for documents most often: the message says what they need."""
    with pytest.raises(ConfigurationError, match=message):
        memory.add(given, **options)
    assert memory.info().documents == 0


def test_a_source_or_an_id_that_is_no_text_is_refused(memory: Memory) -> None:
    """None is what a look-up that found nothing gives; nothing is deleted for it."""
    note = memory.remember("A walrus sings.")
    for wrong in (
        lambda: memory.document(None, note),  # type: ignore[arg-type]
        lambda: memory.document("notes", None),  # type: ignore[arg-type]
        lambda: memory.delete(None),  # type: ignore[arg-type]
        lambda: memory.delete("notes", [note, None]),  # type: ignore[list-item]
        lambda: memory.delete("notes", 7),  # type: ignore[arg-type]
    ):
        with pytest.raises(ConfigurationError, match=r"received (None|7) as a source or an id; expected a text"):
            wrong()
    assert memory.document("notes", note)


def test_the_name_of_a_part_is_no_part(open_memory: Callable[..., Memory]) -> None:
    """Parts are objects; their names belong to the command line."""
    with pytest.raises(ConfigurationError, match="received embedder='all-MiniLM-L6-v2'; expected an object"):
        open_memory(embedder="all-MiniLM-L6-v2")


@pytest.mark.parametrize("path", [123, None, "", "a\0b"])
def test_what_is_no_folder_is_refused(path: Any) -> None:
    """An empty path would make a memory of whatever folder one is in."""
    with pytest.raises(ConfigurationError, match="expected the memory's folder"):
        Memory(path)


@pytest.mark.parametrize("wait", ["5", None, -1, float("nan")])
def test_a_wait_that_is_no_time_is_refused_at_once(open_memory: Callable[..., Memory], wait: Any) -> None:
    """And not by the first write, in words of a lock."""
    with pytest.raises(ConfigurationError, match=r"received lock_timeout_s=.*; expected seconds, 0 or more"):
        open_memory(lock_timeout_s=wait)


def test_who_writes_may_wait_for_ever(open_memory: Callable[..., Memory]) -> None:
    """Longer than a lock can be told to."""
    assert open_memory(lock_timeout_s=float("inf")).remember("the walrus sleeps")


@pytest.mark.parametrize(
    "asked",
    [
        {"query": None}, {"query": b"x"}, {"k": 0}, {"k": -1}, {"k": "3"}, {"k": 2.5}, {"k": None}, {"author": 3},
        {"author": [None]}, {"source": 3}, {"kind": "podcast"}, {"after": "yesterday"}, {"after": [1]},
        {"after": datetime(2024, 5, 1)},  # noqa: DTZ001
        {"before": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9)))},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("filled", [False, True])
def test_questions_that_mean_nothing_are_refused(memory: Memory, asked: dict[str, Any], filled: bool) -> None:
    """Also by an empty memory: who tries the call first and fills it later learns of it at once."""
    if filled:
        memory.remember("A walrus sings.")
    with pytest.raises(ConfigurationError, match="received"):
        memory.search(**{"query": "walrus"} | asked)
    if "query" not in asked:
        with pytest.raises(ConfigurationError, match="received"):
            memory.context("walrus", **asked)


def test_a_text_without_blanks_takes_its_room_in_a_prompt(memory: Memory) -> None:
    """A key of thousands of letters is one word to a tokenizer, and no prompt has room for ten of them."""
    for letter in "abcdefghij":
        memory.remember(f"The key of the walrus is {letter * 4_000}")
    assert len(str(memory.context("key of the walrus", max_tokens=300))) < 300 * 32


@pytest.mark.parametrize("max_tokens", [0, -5, "9", None])
def test_a_budget_is_a_number_of_tokens(memory: Memory, max_tokens: Any) -> None:
    """No context fits into less than one token."""
    with pytest.raises(ConfigurationError, match="received max_tokens"):
        memory.context("walrus", max_tokens=max_tokens)


def test_more_than_there_is_may_be_asked_for(memory: Memory) -> None:
    """Any number of passages, from names with half characters, and what is found is what is there."""
    memory.remember("A walrus sings.")
    assert len(memory.search("walrus", k=10**30)) == 1
    assert memory.search("walrus", source="\udcff") == []
    assert memory.document("\udcff", "\udcff") is None
    assert memory.delete("\udcff", "\udcff") == 0
    assert memory.forget(source="\udcff").deleted == 0


def test_one_id_is_not_a_list_of_letters(memory: Memory) -> None:
    """A text given as ids is the id of one document."""
    memory.add([Document(id=name, text=f"About {name}.") for name in ("a", "b", "ab")], name="s")
    assert memory.delete("s", "ab") == 1
    assert memory.info().documents == 2
    assert memory.delete("s") == 2


def test_another_model_is_refused_by_name(open_memory: Callable[..., Memory]) -> None:
    """The message names both models and the command that re-embeds."""
    open_memory().add([Document(id="1", text="x")], name="s")
    with pytest.raises(MemoryMismatchError, match=r"embedder .*256.*now .*64.*--re-embed"):
        open_memory(embedder=HashingEmbedder(64))


def test_another_model_is_accepted_when_all_is_embedded_anew(open_memory: Callable[..., Memory]) -> None:
    """With re_embed=True the vectors are made again, and the new model is pinned."""
    open_memory().add([Document(id="1", text="lighthouse")], name="s")
    memory = open_memory(embedder=HashingEmbedder(64), re_embed=True)
    assert memory.verify() == []
    assert memory.search("lighthouse")[0].why["vectors"] > 0
    with pytest.raises(MemoryMismatchError):
        open_memory()


def test_vectors_of_another_length_are_not_mixed(open_memory: Callable[..., Memory]) -> None:
    """A model that is asked for shorter vectors keeps its name; what is new is kept, and nothing else is spoilt."""
    open_memory().add([Document(id="1", text="lighthouse")], name="s")

    class Shorter(HashingEmbedder):
        fingerprint = HashingEmbedder().fingerprint

    memory = open_memory(embedder=Shorter(64))
    with pytest.raises(MemoryMismatchError, match=r"received vectors of 64 numbers .* have 256; .*memory\.rebuild\(\)"):
        memory.add([Document(id="2", text="harbour")], name="s")
    assert memory.rebuild() == 2
    assert memory.search("harbour")[0].why["vectors"] > 0


def test_another_chunker_is_refused_and_can_be_adopted(open_memory: Callable[..., Memory]) -> None:
    """Passages of two chunkers in one memory would be cut at different places."""
    open_memory().add([Document(id="1", text="One. " * 100)], name="s")
    with pytest.raises(MemoryMismatchError, match="chunker"):
        open_memory(chunker=RecursiveChunker(max_tokens=20))
    memory = open_memory(chunker=RecursiveChunker(max_tokens=20), re_embed=True)
    assert memory.info().chunks > 4
    assert memory.verify() == []


def test_a_closed_memory_says_so(memory: Memory) -> None:
    """No sqlite3 error reaches the user."""
    memory.close()
    memory.close()
    with pytest.raises(StorageError, match="closed"):
        memory.search("x")


def test_a_file_that_is_no_memory_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    (tmp_path / "memory.db").write_bytes(b"this is no database, it is a text file of some length" * 100)
    with pytest.raises(StorageError, match="not a memory"):
        Memory(tmp_path, embedder=HashingEmbedder())


@pytest.mark.parametrize("version", [0, 3, 99])
def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path, version: int) -> None:
    """Whatever it counts as its version; ``verify`` could not help, so the message names a folder as the next step."""
    path = tmp_path / "memory.db"
    with contextlib.closing(sqlite3.connect(path)) as foreign:
        foreign.execute("CREATE TABLE documents (name TEXT)")
        foreign.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"memory.db: .* belongs to another program .* give the folder of a memory"):
        Memory(tmp_path, embedder=HashingEmbedder())
    assert path.read_bytes() == before


def test_a_newer_memory_is_refused(open_memory: Callable[..., Memory]) -> None:
    """An old library must not write into a new format."""
    memory = open_memory()
    memory.catalog.connection.execute("PRAGMA user_version = 99")
    memory.close()
    with pytest.raises(StorageError, match="pip install -U"):
        open_memory()


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "brain").write_text("")
    with pytest.raises(StorageError, match="cannot make the folder"):
        Memory(tmp_path / "brain")


def test_a_memory_on_a_read_only_disk_can_be_asked(
    open_memory: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A memory in an image of a container: it is read as it stands, without a file beside it, and not written."""
    with open_memory() as first:
        first.remember("A walrus sings.")
    monkeypatch.setattr("masa_rag.catalog._connection.os.access", lambda *_: False)
    memory = open_memory()
    assert (len(memory.search("walrus")), memory.info().documents) == (1, 1)
    assert not list(memory.path.glob("memory.db-*"))
    with pytest.raises(StorageError, match="cannot be written here; check the permissions"):
        memory.remember("A seal sings.")


def test_what_its_owner_writes_is_seen_by_who_may_only_read(
    open_memory: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is taken for one that never changes may be another user's, who goes on with it."""
    writer = open_memory()
    writer.add([Document(id=str(n), text=f"The walrus sings {n} songs.") for n in range(300)], name="s")
    writer.close()
    with monkeypatch.context() as readonly:
        readonly.setattr("masa_rag.catalog._connection.os.access", lambda *_: False)
        reader = open_memory()
        assert reader.info().documents == 300
    with open_memory() as writer:
        writer.delete("s", [str(n) for n in range(299)])
        writer.catalog.scrub()
    monkeypatch.setattr("masa_rag.catalog._connection.os.access", lambda *_: False)
    assert [hit.chunk.document_id for hit in reader.search("walrus")] == ["299"]
    assert reader.verify() == []


def test_a_file_that_belongs_to_somebody_else_is_only_read(
    open_memory: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that all may write: what was made beside it would be no longer the owner's to write."""
    with open_memory() as first:
        first.remember("A walrus sings.")
    monkeypatch.setattr("masa_rag.catalog._connection.os.access", lambda path, _: path.name != "memory.db")
    memory = open_memory()
    assert len(memory.search("walrus")) == 1
    assert not list(memory.path.glob("memory.db-*"))


def test_a_folder_that_may_not_be_looked_into_is_left_to_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its error is one of ours; not even what is there can be asked."""

    def refuse(path: Path) -> NoReturn:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("masa_rag.catalog._connection.os.access", lambda *_: False)
    monkeypatch.setattr(Path, "exists", refuse)
    assert unwritten(tmp_path / "memory.db") is None


def test_an_older_memory_on_a_read_only_disk_says_what_to_do(
    open_memory: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must be brought up to date before it is read, and cannot be there."""
    with open_memory() as first:
        first.catalog.connection.execute("PRAGMA user_version = 4")
    monkeypatch.setattr("masa_rag.catalog._connection.os.access", lambda *_: False)
    with pytest.raises(StorageError, match=r"format 4 .* Open it once where it may be written"):
        open_memory()


def test_what_a_killed_writer_left_on_a_read_only_disk_can_be_asked(
    open_memory: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be mended there; what was stored is found all the same."""
    with open_memory() as first:
        first.remember("A walrus sings.")
    (first.path / "memory.writer-999999999").touch()
    monkeypatch.setattr("masa_rag.catalog._connection.os.access", lambda *_: False)
    monkeypatch.setattr("filelock.FileLock.acquire", lambda *_, **__: pytest.fail("nothing is written here"))
    assert len(open_memory().search("walrus")) == 1


@pytest.mark.parametrize("full", ["write_text", "touch"])
def test_a_full_disk_is_one_clear_error(memory: Memory, monkeypatch: pytest.MonkeyPatch, full: str) -> None:
    """Who is writing is noted for messages only, and forgetting frees space; that one writes at all must be noted."""
    memory.remember("A walrus sings.")

    def refuse(path: Path, *_: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, full, refuse)
    if full == "write_text":
        assert memory.forget(source="notes").deleted == 1
    else:
        with pytest.raises(StorageError, match="No space left on device"):
            memory.remember("A seal sings.")


def test_a_second_writer_waits_and_then_is_told_who_writes(open_memory: Callable[..., Memory]) -> None:
    """The error names the owner's process."""
    memory = open_memory()
    program = (
        "import sys; from masa_rag import Memory; from masa_rag.embedders import HashingEmbedder\n"
        "m = Memory(sys.argv[1], embedder=HashingEmbedder())\n"
        "with m.catalog.lock.hold():\n    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(memory.path)], stdin=-1, stdout=-1, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        impatient = open_memory(lock_timeout_s=0.1)
        with pytest.raises(MemoryLockedError, match=f"pid {other.pid}") as caught:
            impatient.add([Document(id="1", text="x")], name="s")
        assert caught.value.owner == f"pid {other.pid}"
        assert memory.info().writer == f"pid {other.pid}"
        other.communicate("")
    assert impatient.add([Document(id="1", text="x")], name="s").added == 1
    assert memory.info().writer is None


def test_a_reader_sees_what_another_memory_committed(open_memory: Callable[..., Memory]) -> None:
    """Added, changed and deleted: the next query knows, by words and by vectors."""
    reader, writer = open_memory(), open_memory()
    assert reader.search("lighthouse") == []
    writer.add([Document(id="1", text="lighthouse"), Document(id="2", text="harbour")], name="s")
    assert set(reader.search("lighthouse")[0].why) >= {"words", "vectors"}
    writer.sync([Document(id="2", text="harbour")], name="s")
    assert [hit.chunk.text for hit in reader.search("lighthouse")] == ["harbour"]
    writer.forget(source="s")
    assert reader.search("harbour") == []


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use is not moved there")
@pytest.mark.parametrize("replaced", [False, True])
def test_a_memory_that_was_moved_is_not_written_any_more(
    open_memory: Callable[..., Memory], tmp_path: Path, replaced: bool
) -> None:
    """Its lock, its index and its next connection would be in the old place, where nobody looks any more."""
    memory = open_memory(index=None)
    memory.add([Document(id="a", text="the walrus sleeps", author="Ann")], name="s")
    memory.path.rename(tmp_path / "moved")
    if replaced:
        open_memory().close()
    written: list[Callable[[], object]] = [
        lambda: memory.remember("the seal sleeps"),
        lambda: memory.delete("s"),
        lambda: memory.forget(author="Ann"),
        memory.rebuild,
        memory.close,
    ]
    memory.info()
    for write in written:
        with pytest.raises(StorageError, match="was moved, deleted or replaced since this memory was opened"):
            write()
    assert (tmp_path / "brain").exists() == replaced
    assert not (tmp_path / "brain" / "chroma").exists()
    with Memory(tmp_path / "moved", embedder=HashingEmbedder(), index=FlatIndex()) as moved:
        assert (moved.verify(), moved.info().documents) == ([], 1)


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use is not moved there")
def test_a_thread_makes_no_memory_where_one_was_moved_from(open_memory: Callable[..., Memory], tmp_path: Path) -> None:
    """Each thread has a connection of its own, and SQLite makes a file where there is none."""
    memory = open_memory()
    memory.remember("the walrus sleeps")
    memory.path.rename(tmp_path / "moved")
    with ThreadPoolExecutor(1) as pool, pytest.raises(StorageError, match="was moved"):
        pool.submit(memory.search, "walrus").result()
    assert not (tmp_path / "brain").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_may_read_and_is_told_not_to_write(memory: Memory) -> None:
    """SQLite's connections and the lock belong to the process that made them; the parent's stay whole."""
    memory.remember("A walrus sings.")
    if not (child := os.fork()):
        status = 1
        try:
            assert len(memory.search("walrus")) == 1
            with pytest.raises(StorageError, match="opened before this process was forked"):
                memory.remember("A seal sings.")
            memory.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    memory.remember("A whale sings.")
    assert (memory.info().documents, memory.verify()) == (2, [])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_of_a_fork_has_a_connection_of_its_own(memory: Memory) -> None:
    """The parent's, the child's and the grandchild's are three."""

    def forked(action: Callable[[], None]) -> None:
        if not (child := os.fork()):
            status = 1
            try:
                action()
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0

    def grandchild() -> None:
        assert memory.catalog.connection not in seen
        assert len(memory.search("walrus")) == 1
        memory.close()

    def child() -> None:
        seen.append(memory.catalog.connection)
        forked(grandchild)
        assert len(memory.search("walrus")) == 1

    memory.remember("A walrus sings.")
    seen = [memory.catalog.connection]
    forked(child)
    assert memory.verify() == []


def test_a_memory_is_not_copied(memory: Memory) -> None:
    """What another process needs is the path."""
    for copied in (copy.copy, pickle.dumps):
        with pytest.raises(TypeError, match="hand over its path"):
            copied(memory)


def test_many_threads_read_while_one_writes(memory: Memory) -> None:
    """Every search succeeds and every document is found in the end."""
    memory.add([Document(id="0", text="lighthouse 0")], name="s")
    errors: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                assert memory.search("lighthouse")
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(1, 30):
        memory.add([Document(id=str(number), text=f"lighthouse {number}")], name="s")
    done.set()
    for reader in readers:
        reader.join()
    assert errors == []
    assert len(memory.search("lighthouse", k=50)) == 30


def test_opening_mends_what_a_killed_writer_left(open_memory: Callable[..., Memory]) -> None:
    """Killed between storing and embedding: the next opening embeds what is missing, unasked."""
    memory = open_memory()
    program = (
        "import os, sys; from masa_rag import Document, Memory; from masa_rag.embedders import HashingEmbedder\n"
        "from masa_rag.indexes import FlatIndex\n"
        "class Deadly(HashingEmbedder):\n"
        "    def embed_documents(self, texts): os.kill(os.getpid(), 9)\n"
        "m = Memory(sys.argv[1], embedder=Deadly(), index=FlatIndex())\n"
        "m.add([Document(id='1', text='lighthouse')], name='s')"
    )
    subprocess.run([sys.executable, "-c", program, str(memory.path)], check=False)
    assert memory.info().chunks == 1
    assert memory.info().vectors == 0
    assert open_memory().info().vectors == 1
    assert memory.verify() == []
