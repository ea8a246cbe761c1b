"""What a bug report needs: versions, devices, weights, paths, and who is writing."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sqlite3
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from masa_rag import __version__
from masa_rag._model_files import is_offline
from masa_rag._views import counted
from masa_rag.errors import MasaRagError

_PACKAGES = (
    "chromadb", "onnxruntime", "tokenizers", "numpy", "trafilatura", "sentence-transformers", "torch",
    "faster-whisper", "langchain-core", "mcp", "httpx2",
)  # fmt: skip


def examine(place: Path) -> dict[str, str]:
    """Return names and findings, in the order in which they are read. Nothing is loaded or fetched."""
    findings = {
        "masa-rag": __version__,
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "sqlite": f"{sqlite3.sqlite_version}, FTS5 {'yes' if _has_fts5() else 'NO: the word index needs it'}",
    }
    findings |= {name: _version(name) for name in _PACKAGES}
    findings["cuda"] = _cuda()
    findings["offline"] = "yes (MASA_RAG_OFFLINE)" if is_offline("MASA_RAG_OFFLINE") else "no"
    findings["weights"] = _weights()
    findings["memory"] = _memory(place)
    return findings


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _has_fts5() -> bool:
    try:
        sqlite3.connect(":memory:").execute("CREATE VIRTUAL TABLE words USING fts5 (text)")
    except sqlite3.OperationalError:
        return False
    return True


def _cuda() -> str:
    """Look for a driver without loading a library that takes seconds."""
    if shutil.which("nvidia-smi") is None:
        return "no NVIDIA driver"
    return "driver found" + ("" if importlib.util.find_spec("torch") else '; pip install "masa-rag[torch]" to use it')


def _weights() -> str:
    from masa_rag.models import locate

    try:
        return str(locate("all-MiniLM-L6-v2"))
    except MasaRagError as error:
        return str(error)


def _memory(place: Path) -> str:
    from masa_rag.catalog import Catalog

    try:
        if not (place / "memory.db").exists():
            return f"none at {place.resolve()}"
        with closing(Catalog(place)) as catalog:
            writer = catalog.lock.owner()
            state = f"being written by {writer}" if writer else "free"
            return f"{place.resolve()}, {counted(catalog.count('chunks'), 'passage')}, {state}"
    except (MasaRagError, OSError) as error:  # when it cannot be opened, the rest is wanted most
        return str(error)
