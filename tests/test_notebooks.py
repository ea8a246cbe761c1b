"""Every notebook runs from its first cell to its last, in a folder where a reader would stand."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="needs nbclient and ipykernel, of the group dev")
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
}
"""What a reader is meant to see, in the outputs of each."""
OUR_MACHINES = re.compile(r"/(?:home|root|tmp|Users)/|[A-Z]:\\\\")


def text_of(outputs: list[dict[str, Any]]) -> str:
    """Return all that the outputs show, tags and types included."""
    return json.dumps(outputs, ensure_ascii=False)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cell fails, without a network, and what was promised is seen."""
    (tmp_path / "examples").symlink_to(REPOSITORY / "examples", target_is_directory=True)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("MASA_RAG_OFFLINE", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(tmp_path / "notebooks")}}
    )
    client.execute(env=dict(os.environ))
    shown = text_of([output for cell in notebook.cells for output in cell.get("outputs", [])])
    assert [words for words in SHOWN[path.stem] if words not in shown] == []
    warned = [
        output.text for cell in notebook.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"
    ]
    # Progress bars of others ask for ipywidgets, which a reader may or may not have.
    assert [text for text in warned if "IProgress not found" not in text] == []


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
