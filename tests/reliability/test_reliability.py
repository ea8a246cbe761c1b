"""Killed and racing processes, and full disks; the scripts beside this file do the work and can be run alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def run(script: str, *arguments: str) -> str:
    """Run a script; its output is the assertion's message when it fails."""
    done = subprocess.run([sys.executable, str(HERE / script), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_few_kills_lose_nothing() -> None:
    """Acknowledged documents survive, nothing is doubled, reopening mends."""
    assert "12 kills" in run("crash.py", "--kills", "12", "--index", "flat")


def test_two_writers_and_two_readers_share_a_memory() -> None:
    """Every document is found by words and by vector, and every reader sees every commit."""
    assert "not found 0, problems 0" in run(
        "processes.py", "--writers", "2", "--readers", "2", "--documents", "8", "--patient"
    )


MADE_ON_A_FULL_DISK = """
import resource, sys
from masa_rag import Memory
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
Memory(sys.argv[1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the size of files is limited as POSIX does")
def test_a_disk_that_fills_while_a_memory_is_made_is_named(tmp_path: Path) -> None:
    """The error is the disk's, not that of a transaction which the disk has ended."""
    command = [sys.executable, "-c", MADE_ON_A_FULL_DISK, str(tmp_path / "brain")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "disk I/O error; the disk did not take it" in done.stderr.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("seed", [1, 101, 201])
@pytest.mark.parametrize("index", ["flat", "chroma"])
def test_hundreds_of_kills_lose_nothing(index: str, seed: int) -> None:
    """The same, 300 times in three parts, with and without an index on disk."""
    run("crash.py", "--kills", "100", "--index", index, "--seed", str(seed))


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_four_writers_and_four_readers_share_a_memory() -> None:
    """The same with twice as many."""
    run("processes.py", "--writers", "4", "--readers", "4", "--documents", "50", "--patient")
