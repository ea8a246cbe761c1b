"""ChromaIndex against a Chroma server in a process of its own, as somebody else would run it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from masa_rag.indexes import ChromaIndex
from masa_rag.testing.indexes import IndexContract, make_chunks, make_vectors

CHROMA = shutil.which("chroma", path=str(Path(sys.executable).parent)) or shutil.which("chroma")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMA is None, reason="the command 'chroma' is not installed"),
]


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Say whether somebody listens."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run ``chroma run`` (the Rust server) on the loopback interface and yield its port."""
    number = free_port()
    folder = tmp_path_factory.mktemp("server")
    command = [str(CHROMA), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(number)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not answers(number):
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.skip("chroma run did not come up")
            time.sleep(0.05)
        yield number
    finally:
        server.terminate()
        server.wait(timeout=30)


class TestChromaServer(IndexContract):
    """ChromaIndex with a server keeps the contract of an index."""

    many = 2_300

    @pytest.fixture(autouse=True)
    def _port(self, port: int) -> None:
        self.port = port

    def make(self) -> ChromaIndex:
        """Return an index over a collection that is empty."""
        index = ChromaIndex(host="127.0.0.1", port=self.port)
        index.clear()
        return index

    def reopen(self) -> ChromaIndex:
        """Return an index over the same collection."""
        return ChromaIndex(host="127.0.0.1", port=self.port)


def test_other_clients_of_a_server_see_a_write_at_once(port: int) -> None:
    """With a server there is one engine, so no handle is ever blind to another's writes."""
    first, second = (ChromaIndex(host="127.0.0.1", port=port, collection="shared") for _ in range(2))
    try:
        assert len(second) == 0
        first.upsert(make_chunks("a"), make_vectors("a", dim=8))
        assert second.query(make_vectors("a", dim=8)[0], 1)[0][0] == "a"
    finally:
        first.close()
        second.close()
