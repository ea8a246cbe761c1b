"""ChromaIndex: what the contract does not say. Files, other processes, other clients, damage."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from masa_rag.errors import ConfigurationError, MemoryMismatchError, StorageError
from masa_rag.indexes import ChromaIndex
from masa_rag.testing.indexes import IndexContract, make_chunks, make_vectors
from masa_rag.types import Chunk

chromadb = pytest.importorskip("chromadb")

DIM = 8
PASSAGE = Chunk(
    id="c1", document_id="ep1", source="transcripts:show", text="Kelp is cut at low tide.", header="Tidewell", start=0,
    end=24, started_at=datetime(2024, 5, 1, 12, 30, tzinfo=UTC), start_s=75.0, end_s=90.5, authors=("Ann", "Bob"),
    url="https://example.org/1", title="Tidewell", kind="speech",
)  # fmt: skip


class TestChromaIndex(IndexContract):
    """ChromaIndex, embedded, keeps the contract of an index."""

    many = 2_300  # more than two batches

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "chroma"

    def make(self) -> ChromaIndex:
        """Return an index in a new folder."""
        return ChromaIndex(self.folder)

    def reopen(self) -> ChromaIndex:
        """Return an index over the same folder."""
        return ChromaIndex(self.folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return where an index may be made."""
    return tmp_path / "chroma"


@contextlib.contextmanager
def opened(folder: Path, *names: str) -> Iterator[ChromaIndex]:
    """Yield an index over the folder, with a chunk for each name put in."""
    index = ChromaIndex(folder)
    try:
        if names:
            index.upsert(make_chunks(*names), make_vectors(*names, dim=DIM))
        yield index
    finally:
        index.close()


@contextlib.contextmanager
def plain_client(folder: Path) -> Iterator[Any]:
    """Yield the client that any other program would use."""
    client = chromadb.PersistentClient(str(folder), settings=chromadb.Settings(anonymized_telemetry=False))
    try:
        yield client
    finally:
        client.close()


def stored_bytes(folder: Path) -> bytes:
    """Return the content of all files below a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


# Opening and closing


def test_nothing_is_made_before_first_use(folder: Path) -> None:
    """Making and closing an index touches neither disk nor engine."""
    ChromaIndex(folder).close()
    assert not folder.exists()


def test_new_handle_sees_what_another_process_wrote(folder: Path) -> None:
    """A handle that was open stays blind to it; a new one, or the same after closing, is not."""
    program = (
        "import sys; from masa_rag.indexes import ChromaIndex; from masa_rag.testing.indexes import *\n"
        f"index = ChromaIndex(sys.argv[1]); index.upsert(make_chunks('b'), make_vectors('b', dim={DIM})); index.close()"
    )
    query = make_vectors("b", dim=DIM)[0]
    with opened(folder, "a") as stale:
        assert stale.query(query, 1)[0][0] == "a"
        subprocess.run([sys.executable, "-c", program, str(folder)], check=True)
        with opened(folder) as fresh:
            assert fresh.query(query, 1)[0][0] == "b"
        stale.close()
        assert stale.query(query, 1)[0][0] == "b"


def test_handles_do_not_share_an_engine(folder: Path) -> None:
    """Closing one of two handles of a folder leaves the other working."""
    with opened(folder, "a") as first, opened(folder) as second:
        assert len(second) == 1
        second.close()
        assert first.query(make_vectors("a", dim=DIM)[0], 1)[0][0] == "a"


def test_close_releases_threads_and_files(folder: Path) -> None:
    """After closing, the process has as many threads and open files as before opening."""
    psutil = pytest.importorskip("psutil")
    process = psutil.Process()

    def use() -> tuple[int, int]:
        with opened(folder, "a") as index:
            index.query(make_vectors("a", dim=DIM)[0], 1)
        gc.collect()
        return process.num_threads(), process.num_fds() if hasattr(process, "num_fds") else 0

    before = use()  # the first use starts thread pools that live as long as the process
    for _ in range(5):
        after = use()
    assert after <= before


def test_threads_may_read_while_one_writes(folder: Path) -> None:
    """Queries beside writes raise nothing and always find what was there before."""
    names = [f"n{number}" for number in range(200)]
    query = make_vectors("n0", dim=DIM)[0]
    failures: list[object] = []
    done = threading.Event()
    with opened(folder, *names) as index:

        def read() -> None:
            while not done.is_set():
                try:
                    if index.query(query, 1)[0][0] != "n0" or index.query(query, 1, allowed=["n1"])[0][0] != "n1":
                        failures.append("lost")
                except StorageError as error:
                    failures.append(error)

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for turn in range(12):
            more = [f"m{turn}-{number}" for number in range(100)]
            index.upsert(make_chunks(*more), make_vectors(*more, dim=DIM))
        done.set()
        for reader in readers:
            reader.join()
        assert failures == []
        assert len(index) == 1_400


# What other programs find


def test_metadata_by_hand(folder: Path) -> None:
    """Text and metadata are stored as Chroma's document and metadata; what is unknown is absent."""
    bare = Chunk(id="c2", document_id="n", source="notes", text="Short.", header="", start=0, end=6)
    with opened(folder) as index:
        index.upsert([PASSAGE, bare], make_vectors("a", "b", dim=DIM))
    with plain_client(folder) as client:
        found = client.get_collection("masa_rag", embedding_function=None).get(ids=["c1", "c2"])
    stored = dict(zip(found["ids"], zip(found["documents"], found["metadatas"], strict=True), strict=True))
    assert stored["c1"] == (
        "Kelp is cut at low tide.",
        {
            "source": "transcripts:show", "document_id": "ep1", "kind": "speech", "title": "Tidewell",
            "authors": ["Ann", "Bob"], "url": "https://example.org/1", "started_at": "2024-05-01T12:30:00+00:00",
            "started_at_s": 1714566600.0, "start_s": 75.0, "end_s": 90.5,
        },
    )  # fmt: skip
    assert stored["c2"] == ("Short.", {"source": "notes", "document_id": "n", "kind": "note"})


def test_other_clients_can_filter(folder: Path) -> None:
    """Filters on text and metadata of a plain client work, though the trigram index is not kept."""
    other = Chunk(id="c2", document_id="n", source="notes", text="Nothing about tides.", header="", start=0, end=20)
    with opened(folder) as index:
        index.upsert([PASSAGE, other], make_vectors("a", "b", dim=DIM))
        index.upsert([other], make_vectors("b", dim=DIM))
    with plain_client(folder) as client:
        collection = client.get_collection("masa_rag", embedding_function=None)
        assert collection.get(where_document={"$contains": "low tide"})["ids"] == ["c1"]
        assert collection.get(where_document={"$contains": "tide"})["ids"] == ["c1", "c2"]
        assert collection.get(where_document={"$not_contains": "Kelp"})["ids"] == ["c2"]
        assert collection.get(where_document={"$regex": "Kelp.*tide"})["ids"] == ["c1"]
        assert collection.get(where={"kind": "speech"})["ids"] == ["c1"]
        assert collection.get(where={"authors": {"$contains": "Bob"}})["ids"] == ["c1"]


def test_langchain_can_open_it(folder: Path) -> None:
    """LangChain's Chroma finds the passages with text and metadata."""
    langchain_chroma = pytest.importorskip("langchain_chroma")
    with opened(folder) as index:
        index.upsert([PASSAGE], make_vectors("a", dim=DIM))
    with plain_client(folder) as client:
        store = langchain_chroma.Chroma(
            client=client, collection_name="masa_rag", create_collection_if_not_exists=False
        )
        [document] = store.similarity_search_by_vector(make_vectors("a", dim=DIM)[0].tolist(), k=1)
    assert document.page_content == "Kelp is cut at low tide."
    assert document.metadata["title"] == "Tidewell"
    assert document.id == "c1"


def test_half_characters_are_replaced(folder: Path) -> None:
    """Text that UTF-8 cannot hold goes in with a question mark in its place."""
    chunk = Chunk(id="c", document_id="d\ud800", source="s", text="a\ud83d b", header="", start=0, end=4)
    with opened(folder) as index:
        index.upsert([chunk], make_vectors("a", dim=DIM))
    with plain_client(folder) as client:
        assert client.get_collection("masa_rag", embedding_function=None).get()["documents"] == ["a? b"]


@pytest.mark.filterwarnings("ignore:legacy embedding function")
def test_stored_embedding_function_is_never_built(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A collection that names an embedding function is used without building it."""
    from chromadb.utils import embedding_functions

    class Trap(chromadb.EmbeddingFunction[Any]):
        """An embedding function that must not come to life again."""

        def __init__(self) -> None:
            pass

        def __call__(self, input: Any) -> Any:
            raise AssertionError("it was called")

        @staticmethod
        def name() -> str:
            return "trap"

        @staticmethod
        def build_from_config(config: dict[str, Any]) -> Any:
            raise AssertionError("it was built")

        def get_config(self) -> dict[str, Any]:
            return {}

        def default_space(self) -> Any:
            return "cosine"

    monkeypatch.setitem(embedding_functions.known_embedding_functions, "trap", Trap)
    with plain_client(folder) as client:
        client.create_collection("masa_rag", embedding_function=Trap(), configuration={"hnsw": {"space": "cosine"}})
    with opened(folder, "a", "b") as index:
        assert index.query(make_vectors("a", dim=DIM)[0], 1, allowed=["a"])[0][0] == "a"
        index.delete(["a"])
        assert index.ids() == {"b"}


def test_env_file_is_not_read(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A .env file where somebody works does not redirect where text is stored."""
    (tmp_path / ".env").write_text("CHROMA_API_IMPL=chromadb.api.fastapi.FastAPI\nMIGRATIONS=none\n")
    monkeypatch.chdir(tmp_path)
    with opened(folder, "a") as index:
        assert len(index) == 1
    assert (folder / "chroma.sqlite3").exists()


# Erasing


def test_clear_leaves_no_byte(folder: Path) -> None:
    """After clearing, neither text nor vector is in any file, not even in room that a new graph sets aside."""
    names = [f"n{number}" for number in range(1_200)]  # enough for the graph to be on disk
    with opened(folder, *names) as index:
        index.upsert([PASSAGE], make_vectors("secret", dim=DIM))
        index.delete(["c1"])
        assert b"Kelp is cut" in stored_bytes(folder)  # Chroma keeps what was deleted: hence the clearing
        index.clear()
        assert list(folder.iterdir()) == []
        index.upsert(make_chunks("new"), make_vectors("new", dim=DIM))
        left = stored_bytes(folder)
    assert b"Kelp" not in left
    assert b"text of n1" not in left
    assert make_vectors("secret", dim=DIM).tobytes() not in left


def test_clear_touches_chromas_files_only(folder: Path) -> None:
    """Files of others in the folder stay."""
    with opened(folder, "a") as index:
        (folder / "notes.txt").write_text("mine")
        (folder / "photos").mkdir()
        index.clear()
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt", "photos"]


def test_clear_refuses_a_shared_folder(folder: Path) -> None:
    """A folder with another collection in it is not cleared, because that would be lost."""
    with opened(folder, "a") as index:
        with plain_client(folder) as client:
            client.create_collection("somebody_elses", embedding_function=None)
        with pytest.raises(ConfigurationError, match="somebody_elses"):
            index.clear()
        assert len(index) == 1


# Damage


def graph(folder: Path) -> Path:
    """Return the folder of the graph."""
    return next(path for path in folder.iterdir() if path.is_dir())


def cut(path: Path) -> None:
    """Cut a file in the middle."""
    os.truncate(path, path.stat().st_size // 2)


def with_elements(path: Path, elements: int) -> None:
    """Write a number of elements into a header."""
    header = bytearray(path.read_bytes())
    struct.pack_into("<Q", header, 20, elements)
    path.write_bytes(header)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "database is noise": lambda folder: (folder / "chroma.sqlite3").write_bytes(os.urandom(9_000)),
    "database is empty": lambda folder: (folder / "chroma.sqlite3").write_bytes(b""),
    "database is cut off": lambda folder: cut(folder / "chroma.sqlite3"),
    "database is gone": lambda folder: (folder / "chroma.sqlite3").unlink(),
    "graph is gone": lambda folder: shutil.rmtree(graph(folder)),
    "header is cut off": lambda folder: cut(graph(folder) / "header.bin"),
    "header says too much": lambda folder: with_elements(graph(folder) / "header.bin", 1 << 40),
    "header says nothing": lambda folder: with_elements(graph(folder) / "header.bin", 0),
    "vectors are cut off": lambda folder: cut(graph(folder) / "data_level0.bin"),
    "lengths are cut off": lambda folder: cut(graph(folder) / "length.bin"),
    "links are gone": lambda folder: (graph(folder) / "link_lists.bin").unlink(),
    "labels are gone": lambda folder: (graph(folder) / "index_metadata.pickle").unlink(),
    "labels are cut off": lambda folder: cut(graph(folder) / "index_metadata.pickle"),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an index that is whole, and whose graph is on disk."""
    folder = tmp_path_factory.mktemp("sound") / "chroma"
    names = [f"n{number}" for number in range(1_100)]
    with opened(folder, *names):
        return folder


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_told_and_cleared(damage: Callable[[Path], object], sound: Path, folder: Path) -> None:
    """Each use of a damaged index raises a StorageError that names the command; clearing mends it."""
    shutil.copytree(sound, folder)
    damage(folder)
    with opened(folder) as index:
        for use in (lambda: len(index), index.ids, lambda: index.query(make_vectors("a", dim=DIM)[0], 1)):
            with pytest.raises(StorageError, match="masa-rag rebuild"):
                use()
        index.clear()
        index.upsert(make_chunks("a"), make_vectors("a", dim=DIM))
        assert index.ids() == {"a"}


def test_half_done_transaction_is_undone(sound: Path, folder: Path) -> None:
    """What a killed writer left half written in the database is undone at the next opening, not called damage."""
    shutil.copytree(sound, folder)
    program = (
        "import os, signal, sqlite3, sys; database = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "for statement in ('PRAGMA cache_size = 1', 'BEGIN IMMEDIATE', 'DELETE FROM embeddings'):\n"
        "    database.execute(statement)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(folder / "chroma.sqlite3")], check=False)
    assert (folder / "chroma.sqlite3-journal").stat().st_size > 0
    with opened(folder) as index:
        assert len(index) == 1_100


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    """A path that is taken by a file raises a StorageError, not an OSError."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(StorageError, match="taken"):
        len(ChromaIndex(tmp_path / "taken"))


def test_unknown_database_is_left_alone(folder: Path) -> None:
    """A database without the table for trigrams is not touched by the leaner layout."""
    from masa_rag.indexes._chroma_files import drop_trigrams

    folder.mkdir()
    with contextlib.closing(sqlite3.connect(folder / "chroma.sqlite3")) as connection:
        connection.execute("CREATE TABLE embeddings (id INTEGER)")
        drop_trigrams(folder / "chroma.sqlite3")
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("embeddings",)]


# Wrong use


def test_folder_or_host() -> None:
    """Exactly one of folder and host is needed."""
    with pytest.raises(ConfigurationError, match="exactly one"):
        ChromaIndex()
    with pytest.raises(ConfigurationError, match="exactly one"):
        ChromaIndex("brain/chroma", host="localhost")


def test_collection_of_another_measure_is_refused(folder: Path) -> None:
    """Distances that are not cosines would be taken for cosines, so such a collection is refused."""
    with plain_client(folder) as client:
        client.create_collection("masa_rag", embedding_function=None, configuration={"hnsw": {"space": "l2"}})
    with pytest.raises(ConfigurationError, match="'l2'"):
        len(ChromaIndex(folder))


def test_vectors_of_another_length_are_refused(folder: Path) -> None:
    """Vectors or queries of another length than those in the index raise a typed error, also after reopening."""
    with opened(folder, "a"):
        pass
    with opened(folder) as index:
        with pytest.raises(MemoryMismatchError, match="length 3"):
            index.query(np.ones(3, dtype=np.float32), 1)
        with pytest.raises(MemoryMismatchError, match="length 3"):
            index.upsert(make_chunks("b"), np.ones((1, 3), dtype=np.float32))
        assert len(index) == 1


def test_server_that_is_not_there() -> None:
    """No answer from a server raises a StorageError that says how to start one."""
    index = ChromaIndex(host="127.0.0.1", port=9)
    with pytest.raises(StorageError, match="chroma run"):
        len(index)


# Allowed ids


def test_allowed_ids_far_from_the_query(folder: Path) -> None:
    """Many allowed ids that are all far away are found as exactly as near ones."""
    rng = np.random.default_rng(0)
    near, far = ([f"{side}{number:04d}" for number in range(1_100)] for side in ("near", "far"))
    direction = np.eye(DIM, dtype=np.float32)[0]
    noise = 0.1 * rng.standard_normal((2_200, DIM)).astype(np.float32)
    vectors = noise + np.repeat([direction, -direction], 1_100, axis=0)
    with opened(folder) as index:
        index.upsert(make_chunks(*near, *far), vectors)
        hits = index.query(direction, 5, allowed=far)
    cosines = vectors[1_100:] @ direction / np.linalg.norm(vectors[1_100:], axis=1)
    assert [key for key, _ in hits] == [far[row] for row in np.argsort(-cosines)[:5]]


IDS = st.sampled_from([f"id{number}" for number in range(6)])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("upsert"), st.lists(st.tuples(IDS, IDS), min_size=1, max_size=5)),
        st.tuples(st.just("delete"), st.lists(IDS, max_size=4)),
        st.tuples(st.just("close"), st.just([])),
    ),
    max_size=8,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, allowed=st.none() | st.sets(IDS))
def test_agrees_with_a_dict(folder: Path, steps: list[tuple[str, list[Any]]], allowed: set[str] | None) -> None:
    """After any sequence of writes and reopenings it holds and ranks what a dict would."""
    model: dict[str, str] = {}
    index = ChromaIndex(folder)
    for verb, items in steps:
        if verb == "upsert":
            index.upsert(make_chunks(*(key for key, _ in items)), make_vectors(*(v for _, v in items), dim=DIM))
            model.update(items)
        elif verb == "delete":
            index.delete(items)
            model = {key: value for key, value in model.items() if key not in items}
        else:
            index.close()
    query = make_vectors("q", dim=DIM)[0]
    cosine = {key: round(float(make_vectors(value, dim=DIM)[0] @ query), 4) for key, value in model.items()}
    expected = sorted(value for key, value in cosine.items() if allowed is None or key in allowed)[::-1]
    found = index.query(query, 6, allowed=allowed)
    assert index.ids() == set(model)
    assert [round(score, 4) for _, score in found] == pytest.approx(expected, abs=2e-4)
    assert all(abs(cosine[key] - score) < 2e-4 for key, score in found)
    index.clear()
