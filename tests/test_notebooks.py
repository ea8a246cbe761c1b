"""Every notebook runs from its first cell to its last, in a folder where a reader would stand."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="needs nbclient and ipykernel, of the group dev")
jupyter_client = pytest.importorskip("jupyter_client", reason="needs nbclient and ipykernel, of the group dev")
nbclient = pytest.importorskip("nbclient", reason="needs nbclient and ipykernel, of the group dev")
pytest.importorskip("ipykernel", reason="needs nbclient and ipykernel, of the group dev")

REPOSITORY = Path(__file__).parents[1]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
SHOWN = {
    "01_first_memory": ["14", "oskar_k", "open at 00:00:43", "image/png", "40 TIDE"],
    "02_tweets": ["Water got into the battery case", "Wave height is coming in September", "harbour_lena"],
    "03_discord_and_telegram": ["1349000000000880044/2025-03-16", "Dry as a bone.", "Then we launch."],
    "04_podcast_from_audio": ["Welcome to Salt and Signal", "battery case"],
    "05_a_site": ["two nights in a bucket", "40 TIDE"],
    "06_langchain_agent": ["[1] Salt & Signal 12", "prefers wind in knots", "It moved to May"],
    "07_mcp": ["list_sources", "with a torch", "blue box"],
    "08_evaluate_your_memory": ["'hit@1'", "hit@3 between", "with hashing"],
    "09_keep_in_sync": ["0 bytes more", "would be deleted", "1 forgotten"],
    "10_from_langchain_community": ["Then order ten more.", "I bring the bucket.", "wave sensor"],
    "11_what_rises": ["kelp", "nothing rises", "first named on 2025-05-"],
}
"""What a reader is meant to see, in the outputs of each."""
NEEDS = {
    "01_first_memory": ["matplotlib"],
    "05_a_site": ["httpx2"],
    "06_langchain_agent": ["langchain"],
    "07_mcp": ["mcp"],
    "10_from_langchain_community": ["langchain_core"],
}
OUR_MACHINES = re.compile(r"/(?:home|root|tmp|Users)/|[A-Z]:\\\\")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One kernel for all notebooks: starting it and importing the frameworks takes longer than they do."""
    manager = jupyter_client.KernelManager(kernel_name="python3")
    profile = str(tmp_path_factory.mktemp("ipython"))
    manager.start_kernel(env=os.environ | {"MASA_RAG_OFFLINE": "1", "IPYTHONDIR": profile})
    yield manager
    manager.shutdown_kernel(now=True)


FRESH = """%reset -f
import os, sys
os.chdir({folder!r})
sys.modules.pop("faster_whisper", None)
if {deaf}: sys.modules["faster_whisper"] = None
"""
"""Begins a notebook: nothing is left of the one before. A deaf kernel finds no speech recognition."""


def outputs_of(path: Path, kernel: Any, folder: Path, *, deaf: bool) -> list[dict[str, Any]]:
    """Run a notebook in a folder beside the example data, and return what its cells show."""
    (folder / "examples").symlink_to(REPOSITORY / "examples", target_is_directory=True)
    (folder / "notebooks").mkdir()
    notebook = nbformat.read(path, as_version=4)
    begin = nbformat.v4.new_code_cell(FRESH.format(folder=str(folder / "notebooks"), deaf=deaf))
    notebook.cells.insert(0, begin)
    nbclient.NotebookClient(notebook, km=kernel, timeout=240).execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def check(path: Path, outputs: list[dict[str, Any]]) -> None:
    """Compare with what a reader is meant to see; nothing is written to stderr."""
    shown = json.dumps(outputs, ensure_ascii=False)
    assert [words for words in SHOWN[path.stem] if words not in shown] == []
    warned = [output["text"] for output in outputs if output.get("name") == "stderr"]
    # Progress bars of others ask for ipywidgets, which a reader may or may not have.
    assert [text for text in warned if "IProgress not found" not in text] == []


@pytest.mark.skipif(importlib.util.find_spec("masa_rag_minilm") is None, reason="needs the weights: ./weights")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, kernel: Any, tmp_path: Path) -> None:
    """No cell fails, without a network and without speech recognition, and what was promised is seen."""
    for package in NEEDS.get(path.stem, ()):
        pytest.importorskip(package, reason="needs an extra of masa-rag")
    check(path, outputs_of(path, kernel, tmp_path, deaf=True))


@pytest.mark.slow
def test_the_notebook_on_audio_listens(kernel: Any, tmp_path: Path) -> None:
    """With Whisper's weights the recording itself is heard: the report is of the audio, not of the transcript."""
    pytest.importorskip("faster_whisper", reason="needs the extra speech")
    (path,) = (path for path in NOTEBOOKS if "audio" in path.stem)
    outputs = outputs_of(path, kernel, tmp_path, deaf=False)
    if "No speech recognition here" in json.dumps(outputs):
        pytest.skip("needs the weights of Whisper base, as a package or in the cache")
    check(path, outputs)
    assert "<bdi>audio</bdi>" in json.dumps(outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_what_a_machine_left_in_it(path: Path) -> None:
    """No outputs (times and last digits differ between machines), no counts, no paths, one plain kernel."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
    assert notebook.metadata.kernelspec.name == "python3"
    assert OUR_MACHINES.search(path.read_text(encoding="utf-8")) is None
    assert notebook.cells[0].source.startswith("# ")
    assert path.stem in SHOWN
