"""The files of models: the cache in which they are made once, their digests, and the refusal of pickles."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from masa_rag.errors import EmbeddingError

PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"})
_PICKLE_STARTS = (b"PK\x03\x04", b"\x80")
"""PyTorch's zip archive, and the opcode that opens a pickle (PEP 307). CTranslate2's ``model.bin`` has neither."""


def is_offline(*names: str) -> bool:
    """Say whether one of these variables forbids the network.

    For models they are ``MASA_RAG_OFFLINE`` and Hugging Face's ``HF_HUB_OFFLINE``, which says nothing of other hosts.
    """
    values = (os.environ.get(name, "") for name in names or ("MASA_RAG_OFFLINE", "HF_HUB_OFFLINE"))
    return any(value.strip().lower() in ("1", "true", "yes", "on") for value in values)


def cache_folder() -> Path:
    """Return where weights are kept: ``MASA_RAG_CACHE``, or the user's cache folder. It may not exist yet."""
    if given := os.environ.get("MASA_RAG_CACHE"):
        return Path(os.path.expanduser(given))
    import platformdirs

    return Path(platformdirs.user_cache_dir("masa-rag", appauthor=False))


def build_once(name: str, build: Callable[[Path], object]) -> Path:
    """Return the folder ``name`` of the cache, calling ``build`` on an empty folder if it is not there yet.

    The folder appears whole or not at all, and one process builds while the others wait.

    Raises EmbeddingError when the cache cannot be written.
    """
    from filelock import FileLock

    final = cache_folder() / name
    if final.is_dir():
        return final
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{final}.lock"):
            if not final.is_dir():
                _build(final, build)
    except OSError as error:
        raise EmbeddingError(
            f"the cache folder {final} cannot be written ({error.strerror or error}); expected room for the "
            "model's files. Set MASA_RAG_CACHE to a folder on a disk that has it"
        ) from error
    return final


def _build(final: Path, build: Callable[[Path], object]) -> None:
    staging = Path(tempfile.mkdtemp(dir=final.parent, prefix=".new-"))
    try:
        build(staging)
        staging.chmod(0o755)  # mkdtemp's 0o700 would lock out the other users of a shared cache
        staging.replace(final)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def sha256(path: Path) -> str:
    """Return a file's SHA-256 as hex. Read once a process, unless size or time of the file change."""
    state = path.stat()
    return _sha256(str(path), state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256(path: str, *state: int) -> str:  # noqa: ARG001 - size and time are keys of the cache
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def holds(folder: Path, accepts: Sequence[str]) -> bool:
    return any((folder / name).is_file() for name in accepts)


def refuse_pickles(folder: Path, accepts: Sequence[str]) -> None:
    """Raise unless the folder holds a weight file that the caller reads and that is no pickle."""
    for name in accepts:
        if (folder / name).is_file():
            if name.endswith(".bin"):
                _refuse_pickled(folder / name, accepts)
            return
    pickles = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICKLES)
    if pickles:
        raise EmbeddingError(pickle_refused(pickles[0], accepts))
    raise EmbeddingError(
        f"received {folder}, which holds no weights; expected {' or '.join(accepts)}. Check the path, or "
        "download the model again"
    )


def _refuse_pickled(path: Path, accepts: Sequence[str]) -> None:
    with path.open("rb") as file:
        if file.read(4).startswith(_PICKLE_STARTS):
            raise EmbeddingError(pickle_refused(path, accepts))


def pickle_refused(path: Path, accepts: Sequence[str]) -> str:
    return (
        f"received {path}, a pickle: loading it would run whatever code its author put in. Expected "
        f"{' or '.join(accepts)}; save the model again as safetensors"
    )
