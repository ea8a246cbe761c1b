"""Opening Chroma: what is set, what is switched off, and what its failures are called.

Chroma's ``ServerAPI`` is used rather than its ``Client`` and ``Collection``, for two reasons. A
client shares one engine with every other client of the same path in the process, which stays blind
to what other processes wrote; here each opening has an engine of its own. And a collection object
may build an embedding function out of what is written in the stored collection, which must never
happen with a folder that came from somebody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from masa_rag.errors import ConfigurationError, MasaRagError, StorageError
from masa_rag.indexes._chroma_files import DATABASE_FILE, check_files, drop_trigrams
from masa_rag.types import Chunk

HNSW = {"space": "cosine", "ef_construction": 100, "max_neighbors": 24, "ef_search": 300}
"""The graph (Malkov and Yashunin 2016, arXiv 1603.09320). Recall@10 on 20,000 passages embedded by
all-MiniLM-L6-v2 is 0.999 with these and 0.996 with Chroma's defaults (100, 16, 100); on 20,000
hashed ones, many of them alike, 0.993 and 0.981. They cost as much to add, and 0.5 ms a query."""

ANSWER_TIMEOUT_S = 60.0
"""Chroma's HTTP client waits for ever; this is how long we wait for a server."""


@dataclass
class Store:
    """One opening of one collection.

    Attributes:
        api: Chroma's ServerAPI, of an engine or of a connection that nobody else uses.
        name: The collection's name.
        collection: Its id.
        dim: Length of the vectors in it, or None while there never was one; see ``known_dim``.
        max_batch: How many records one call may carry.
        is_scrubbed: Whether a new graph has been scrubbed since this opening.
    """

    api: Any
    name: str
    collection: UUID
    dim: int | None
    max_batch: int
    is_scrubbed: bool = False

    def known_dim(self) -> int | None:
        """Return ``dim``; while it is None, ask whether another client has put vectors in."""
        if self.dim is None:
            self.dim = self.api.get_collection(self.name).dimension
        return self.dim

    def close(self) -> None:
        """Stop the engine, so that its threads end and its files are closed, or hang up on the server."""
        if (session := getattr(self.api, "_session", None)) is not None:
            session.close()
        self.api._system.stop()


def open_folder(folder: Path, *, collection: str) -> Store:
    """Open the embedded engine on a folder, which is made if it is not there."""
    is_new = not (folder / DATABASE_FILE).exists()
    check_files(folder)
    folder.mkdir(parents=True, exist_ok=True)
    api = _start(chroma_api_impl="chromadb.api.rust.RustBindingsAPI", is_persistent=True, persist_directory=str(folder))
    try:
        if is_new:
            drop_trigrams(folder / DATABASE_FILE)
        return _collection(api, collection)
    except BaseException:
        api._system.stop()
        raise


def open_server(host: str, *, port: int, headers: Mapping[str, str], collection: str) -> Store:
    """Connect to a Chroma server that somebody else runs."""
    api = _start(
        chroma_api_impl="chromadb.api.fastapi.FastAPI",
        is_persistent=False,
        chroma_server_host=host,
        chroma_server_http_port=port,
        chroma_server_headers=dict(headers),
    )
    api._session.timeout = ANSWER_TIMEOUT_S
    try:
        return _collection(api, collection)
    except BaseException:
        api._session.close()
        raise


def _start(**settings: Any) -> Any:
    from chromadb.api import ServerAPI
    from chromadb.config import Settings, System

    # no .env file: a file in the folder where somebody works must not redirect where text is stored
    system = System(Settings(_env_file=None, anonymized_telemetry=False, **settings))
    api = system.instance(ServerAPI)
    system.start()
    return api


def _collection(api: Any, name: str) -> Store:
    model = api.create_collection(name, configuration={"hnsw": dict(HNSW)}, get_or_create=True)
    space = (model.configuration_json.get("hnsw") or model.configuration_json.get("spann") or {}).get("space")
    if space != "cosine":
        raise ConfigurationError(
            f"received the Chroma collection {name!r}, which measures {space!r}; expected one that measures cosine. "
            "Give another collection= or another folder"
        )
    return Store(api, name, model.id, model.dimension, api.get_max_batch_size())


@contextmanager
def engine_errors(action: str, where: str) -> Iterator[None]:
    """Turn whatever Chroma raises into a StorageError that says what to do."""
    try:
        yield
    except MasaRagError:
        raise
    except Exception as error:  # Chroma raises its own, ValueError, RuntimeError, OSError and httpx's: no common base
        raise _failure(action, where, error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # Rust's panics do not derive from Exception
            raise
        raise _failure(action, where, error) from error


def _failure(action: str, where: str, error: BaseException) -> StorageError:
    reason = f"{type(error).__name__}: {str(error)[:300]}"
    if "disk is full" in reason or "No space left" in reason:
        step = "Free some space and run the same again"
    elif type(error).__module__.startswith("http"):  # httpx: no connection, no answer in time
        step = "Check that the Chroma server runs there, for example: chroma run --path FOLDER --port 8000"
    else:
        step = "Text and vectors are safe in memory.db; make the index anew with: masa-rag rebuild"
    return StorageError(f"Chroma could not {action} in {where} ({reason}). {step}")


def record(chunk: Chunk) -> tuple[str, dict[str, Any]]:
    """Return a chunk's text and metadata as Chroma takes them: scalars, no None, no empty list."""
    started_at = chunk.started_at
    values = {
        "source": chunk.source,
        "document_id": chunk.document_id,
        "kind": chunk.kind,
        "title": chunk.title,
        "authors": [_clean(author) for author in chunk.authors],
        "url": chunk.url,
        "started_at": None if started_at is None else started_at.isoformat(),
        "started_at_s": None if started_at is None else started_at.timestamp(),
        "start_s": chunk.start_s,
        "end_s": chunk.end_s,
    }
    kept = {key: value for key, value in values.items() if value is not None and value != []}
    return _clean(chunk.text), {key: _clean(value) if isinstance(value, str) else value for key, value in kept.items()}


def _clean(text: str) -> str:
    """Replace half characters (lone surrogates), which UTF-8 cannot hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
