"""Connections of threads: closed when nobody uses them any more, and never under somebody who does."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from weakref import ref

import pytest

from masa_rag import Document, Memory, StorageError
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex


def test_closing_waits_for_nobody_and_takes_nothing_from_who_reads(memory: Memory) -> None:
    """A thread in the midst of a result reads it to its end; its next question is told that the memory is closed."""
    memory.add([Document(id=str(number), text=f"walrus {number}") for number in range(100)], name="s")
    reading, closed = threading.Event(), threading.Event()

    def read() -> tuple[int, StorageError]:
        rows = memory.catalog.connection.execute("SELECT text FROM chunks")
        seen = len(rows.fetchmany(3))
        reading.set()
        assert closed.wait(10)
        seen += len(rows.fetchall())
        with pytest.raises(StorageError, match="this memory is closed") as told:
            memory.search("walrus")
        return seen, told.value

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        assert reading.wait(10)
        memory.close()
        closed.set()
        assert reader.result()[0] == 100


CLOSED_UNDER_READERS = """
import asyncio, sys
from masa_rag import Document, Memory, StorageError
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex
words = [f"word{number}x" for number in range(300)]
documents = [Document(id=str(n), text=" ".join(words[(n * k) % 300] for k in range(40))) for n in range(1_500)]
kinds = set()
async def ask(memory):
    try:
        while True:
            await asyncio.to_thread(memory.search, "word5x word7x word9x word11x word200x")
    except BaseException as error:
        kinds.add(type(error))
        raise
async def main(wait_s):
    with Memory(sys.argv[1], embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        memory.add(documents, name="s")
        asking = asyncio.gather(*(ask(memory) for _ in range(6)), return_exceptions=True)
        await asyncio.sleep(wait_s)
    await asking
for attempt in range(4):
    asyncio.run(main(0.2 + attempt / 50))
print(kinds == {StorageError})
"""


def test_a_memory_left_while_searches_go_on_is_an_error_in_them_and_no_crash(tmp_path: Path) -> None:
    """Tasks that outlive the block ``with Memory(...)`` learn that it is closed; the interpreter lives."""
    command = [sys.executable, "-c", CLOSED_UNDER_READERS, str(tmp_path / "brain")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def test_a_thread_that_ends_leaves_no_connection_open(memory: Memory) -> None:
    """A server with a thread for each request would run out of files otherwise."""
    connections = []

    def ask() -> None:
        memory.search("walrus")
        connections.append(ref(memory.catalog.connection))

    for _ in range(3):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert [connection() for connection in connections] == [None, None, None]


def test_a_thread_of_a_pool_keeps_its_connection_until_the_memory_is_closed(memory: Memory) -> None:
    """Opening one takes longer than many a search; an idle thread holds no file once the memory is closed."""
    with ThreadPoolExecutor(1) as pool:
        first, second = (pool.submit(lambda: ref(memory.catalog.connection)).result() for _ in range(2))
        assert first() is second() is not None
        memory.close()
        assert first() is None


def test_what_was_raised_keeps_no_file_open_after_closing(memory: Memory) -> None:
    """An error that somebody keeps refers to all that was at work; the connection is closed all the same."""
    connection = memory.catalog.connection
    memory.close()
    with pytest.raises(Exception, match="closed database"):
        connection.execute("SELECT 1")


def test_a_folder_that_cannot_be_opened_is_one_error(tmp_path: Path) -> None:
    """Nothing more is said of the connection that never was."""
    (tmp_path / "brain" / "memory.db").mkdir(parents=True)
    with pytest.raises(StorageError, match="cannot be opened"):
        Memory(tmp_path / "brain", embedder=HashingEmbedder())


DAEMON_AT_THE_END = """
import sys, threading, time
from masa_rag import Memory
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex
memory = Memory(sys.argv[1], embedder=HashingEmbedder(), index=FlatIndex())
asked = threading.Event()
def ask():
    memory.search("walrus")
    asked.set()
    time.sleep(60)
threading.Thread(target=ask, daemon=True).start()
asked.wait()
"""


def test_a_program_that_ends_beside_a_waiting_thread_says_nothing(tmp_path: Path) -> None:
    """What is still open when the interpreter ends is let go of without a word."""
    command = [sys.executable, "-c", DAEMON_AT_THE_END, str(tmp_path / "brain")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def open_logs(memory: Memory) -> int:
    """Return how many times this process has the log of the catalogue open: once for each connection that has read."""
    seen = 0
    for place in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the folder's own, closed by now
            seen += place.readlink() == memory.path / "memory.db-wal"
    return seen


@pytest.mark.skipif(not hasattr(os, "fork") or not Path("/proc/self/fd").exists(), reason="needs fork and /proc")
def test_a_forked_process_closes_no_connection_of_its_parents_threads(memory: Memory) -> None:
    """SQLite would take the parent's log for its own; the threads that held them are gone on this side."""
    asked, done = threading.Event(), threading.Event()

    def ask() -> None:
        memory.search("walrus")
        asked.set()
        done.wait(30)

    thread = threading.Thread(target=ask)
    thread.start()
    assert asked.wait(10)
    if not (child := os.fork()):
        status = 1
        try:
            assert open_logs(memory) == 2
            memory.search("walrus")
            assert open_logs(memory) == 3
            memory.close()
            assert open_logs(memory) == 2
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    done.set()
    thread.join()
    assert open_logs(memory) == 1
    memory.remember("A walrus sings.")
    assert memory.verify() == []


def test_another_folder_to_work_in_changes_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is that of the folder one was in when the memory was opened, for every thread."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        with Memory("brain", embedder=HashingEmbedder(), index=FlatIndex()) as other:
            other.remember(f"A walrus sings in {name}.")
    monkeypatch.chdir(tmp_path / "one")
    with Memory("brain", embedder=HashingEmbedder(), index=FlatIndex()) as memory, ThreadPoolExecutor(1) as pool:
        monkeypatch.chdir(tmp_path / "two")
        found: Callable[[], str] = lambda: memory.search("walrus")[0].chunk.text  # noqa: E731
        assert {found(), pool.submit(found).result()} == {"A walrus sings in one."}
        assert memory.info().path == str(memory.path) == str(tmp_path / "one" / "brain")
        assert memory.info().bytes_on_disk > 0


@pytest.mark.parametrize("raised", [KeyboardInterrupt, ValueError])
def test_an_interruption_is_no_error_of_the_file(
    open_memory: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch, raised: type[BaseException]
) -> None:
    """SQLite calls Python for the words of each passage, where Ctrl-C came out as a file to be verified."""
    memory = open_memory()
    memory.remember("The walrus sleeps.")

    def spaced(text: str) -> str:
        raise raised

    with monkeypatch.context() as patch:
        patch.setattr("masa_rag.catalog._connection.spaced", spaced)
        interrupted = open_memory()
        with pytest.raises(KeyboardInterrupt if raised is KeyboardInterrupt else StorageError):
            interrupted.remember("The harbour is full.")
    memory.remember("The harbour is empty.")
    assert memory.info().documents == 2
