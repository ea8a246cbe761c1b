"""The shape of the code: who may import whom, and what ``import masa_rag`` may load."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "masa_rag"
PLUGINS = ("sources", "chunkers", "embedders", "indexes", "transcribers", "rerankers")
LAYERS = (
    ("errors", "_shell", "_ids", "_time", "_lazy", "_unicode", "_blas", "_fields"),
    ("types", "_views"),
    ("protocols",),
    (
        "_http",
        "_child",
        "_media",
        "_sound",
        "_rows",
        "_words",
        "_names",
        "_copies",
        "_reading",
        "_model_files",
        "_transformers",
        "models",
    ),
    (*PLUGINS, "catalog"),
    (
        "_searching",
        "_quotations",
        "_nearness",
        "_turns",
        "_projection",
        "_upkeep",
        "_check",
        "_statistics",
        "_voices",
        "_dossier",
        "_export",
    ),
    ("ingest", "search", "context", "answer", "trends"),
    ("_memory_parts",),
    ("memory",),
    ("integrations", "plots", "testing", "_why_nothing", "cli", "__main__"),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def part(module: str) -> str:
    """Return the first name below masa_rag: ``masa_rag.sources.tweets`` -> ``sources``."""
    return ([*module.split("."), ""])[1]


def imports(path: Path) -> set[str]:
    """Return the parts of masa_rag that a file imports at run time, TYPE_CHECKING blocks left out."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    found |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return {part(name) for name in found if name.startswith("masa_rag.")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_to_the_left(path: Path) -> None:
    """A file imports only what stands to its left; plug-in folders do not know each other."""
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert own in LEVEL, f"{own} has no place in LAYERS: give it one"
    for other in imports(path) - {own}:
        assert LEVEL[other] <= LEVEL[own], f"{own} imports {other}, which stands to its right"
        assert not (own in PLUGINS and other in PLUGINS), f"{own} imports its neighbour {other}"


def test_nothing_is_told_to_anybody(tmp_path: Path) -> None:
    """onnxruntime writes no device id and no events to be sent, whoever imports it after us."""
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([sys.executable, "-c", "import masa_rag, onnxruntime"], check=True, env=environment)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "statement", ["import masa_rag", "import masa_rag.cli", "from masa_rag.sources import open_source"]
)
def test_import_is_light(statement: str) -> None:
    """No heavy library is loaded before it is used."""
    heavy = ("numpy", "torch", "chromadb", "langchain", "onnxruntime", "trafilatura", "lxml", "bs4", "faster_whisper")
    program = f"{statement}\nimport sys\nprint([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_import_is_quick() -> None:
    """Less than 150 ms more than Python itself needs; the best of five, for the machine may be busy."""

    def seconds(statement: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        return time.perf_counter() - began

    assert min(seconds("import masa_rag") - seconds("pass") for _ in range(5)) < 0.15


def test_every_public_name_can_be_had() -> None:
    """Late names resolve, and ``dir`` lists them."""
    import masa_rag
    import masa_rag.embedders
    import masa_rag.indexes
    import masa_rag.sources

    for module in (masa_rag, masa_rag.sources, masa_rag.indexes, masa_rag.embedders):
        assert all(getattr(module, name) is not None for name in module.__all__)
        assert set(module.__all__) <= set(dir(module))
        with pytest.raises(AttributeError, match="no_such_name"):
            module.no_such_name  # noqa: B018


def test_only_the_catalogue_writes() -> None:
    """No other module holds a statement that changes a table; the one of _words.py is in memory and rolled back."""
    writers = [
        path.relative_to(PACKAGE).parts[0]
        for path in FILES
        if any(f'"{verb} ' in path.read_text() for verb in ("INSERT", "UPDATE", "DELETE FROM", "VACUUM"))
    ]
    assert set(writers) <= {"catalog", "_check.py", "_words.py"}
