"""The marks of processes that write in several steps: whose are alive, and whose were killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from masa_rag import Document, Memory
from masa_rag.catalog._lock import WriterLock


@pytest.fixture
def lock(tmp_path: Path) -> WriterLock:
    """The lock of a folder in which nobody writes."""
    return WriterLock(tmp_path / "memory.lock", timeout_s=5)


def marks(lock: WriterLock) -> list[Path]:
    """Return the marks that are there."""
    return sorted(lock._owner_file.parent.glob("memory.writer-*"))


def refused(path: Path, *_: object, **__: object) -> None:
    """What Windows does where a file is open in another process."""
    raise PermissionError(13, "used by another process", str(path))


@contextmanager
def another_process_at_work(lock: WriterLock) -> Iterator[subprocess.Popen[str]]:
    """A process that marks itself as being at work and waits; killed at the end."""
    program = (
        "import sys; from pathlib import Path; from masa_rag.catalog._lock import WriterLock\n"
        "with WriterLock(Path(sys.argv[1]), timeout_s=5).working():\n    print('at work', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(lock._owner_file.with_suffix(".lock"))]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "at work\n"
        yield other
        other.kill()


def test_who_lives_was_not_killed_and_who_was_killed_is_noticed_once(lock: WriterLock) -> None:
    """Busy while the other is at work; killed, until somebody has mended what it left."""
    with another_process_at_work(lock) as other:
        assert (lock.is_busy(), lock.was_killed()) == (True, False)
        other.kill()
        other.wait()
        assert (lock.is_busy(), lock.was_killed()) == (False, True)
    lock.forget_killed()
    assert (lock.was_killed(), marks(lock)) == (False, [])


def test_a_mark_with_the_own_process_id_that_this_process_did_not_make_is_of_a_dead_one(lock: WriterLock) -> None:
    """In containers every process has the id 1; the own mark is left alone."""
    lock._owner_file.with_name(f"memory.writer-{os.getpid()}").touch()
    assert lock.was_killed()
    with lock.working():
        lock.forget_killed()
        assert (lock.was_killed(), lock.is_busy(), len(marks(lock))) == (False, True, 1)
    assert (lock.is_busy(), marks(lock)) == (False, [])


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_an_id_that_another_process_has_by_now_is_of_a_dead_one(lock: WriterLock) -> None:
    """A mark says when its process began too; one of a time before is not its."""
    with another_process_at_work(lock) as other:
        (mark,) = marks(lock)
        assert mark.name.startswith(f"memory.writer-{other.pid}-")
        mark.rename(mark.with_name(f"memory.writer-{other.pid}-1"))
        assert (lock.is_busy(), lock.was_killed()) == (False, True)


def test_two_handles_of_one_process_share_a_mark_until_the_last_is_done(lock: WriterLock, tmp_path: Path) -> None:
    """The first to finish does not take it from the other."""
    second = WriterLock(tmp_path / "memory.lock", timeout_s=5)
    with lock.working():
        with second.working():
            assert len(marks(lock)) == 1
        assert len(marks(lock)) == 1
    assert marks(lock) == []


def test_who_holds_the_lock_is_busy(lock: WriterLock, tmp_path: Path) -> None:
    """Also without a mark: one step is enough."""
    with lock.hold():
        assert WriterLock(tmp_path / "memory.lock", timeout_s=5).is_busy()


def test_what_a_process_of_the_same_id_left_is_mended(open_memory: Callable[..., Memory]) -> None:
    """The container was stopped in the midst of an import, and started anew."""
    with open_memory() as memory:
        memory.add([Document(id="1", text="lighthouse")], name="s")
        with memory.catalog.transaction() as connection:
            connection.execute("INSERT INTO pending SELECT chunk FROM vectors")
            connection.execute("DELETE FROM vectors")
    mark = memory.path / f"memory.writer-{os.getpid()}"
    mark.touch()
    assert open_memory().info().vectors == 1
    assert not mark.exists()


def test_who_is_at_work_under_another_name_of_the_folder_is_alive(lock: WriterLock, tmp_path: Path) -> None:
    """A memory may be opened by a link to its folder while the same process writes it by the folder's own name."""
    (tmp_path / "link").symlink_to(tmp_path)
    other = WriterLock(tmp_path / "link" / "memory.lock", timeout_s=5)
    with lock.working():
        assert (other.is_busy(), other.was_killed()) == (True, False)


def test_a_name_file_that_cannot_be_deleted_locks_nobody_out(lock: WriterLock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows refuses to delete it while another process reads who writes; the lock is free all the same."""
    with monkeypatch.context() as windows:
        windows.setattr(Path, "unlink", refused)
        with lock.hold(), lock.working():
            pass
    with WriterLock(lock._owner_file.with_suffix(".lock"), timeout_s=0).hold():
        pass
