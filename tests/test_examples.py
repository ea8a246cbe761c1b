"""Every ready-made example runs in an empty folder and shows what it promises."""

from __future__ import annotations

import importlib.util
import runpy
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from masa_rag.embedders import OnnxEmbedder

EXAMPLES = Path(__file__).parents[1] / "examples"
SHOWN = {
    "ask_a_podcast": ["1 added", "<https://salt-and-signal.example/12#t=43>", "It went silent after nine days"],
    "book_draft": ["## The fault of buoy three", "> Mara Ellison: Buoy three happened.", "[^1]: Salt & Signal 12 · "],
    "chat_and_tweets": ["16 Mar 11:20", "discord: mara_ellison: Thank you", "tweets: New launch date: 14 May"],
    "evaluate_your_memory": ["How much is paid for a day at a buoy?", "hit@1", "MRR@5"],
    "langchain_agent": ["ai: ['search_memory']", "[1] Salt & Signal 12", "ai: Salt water got behind the seal [1]."],
    "mcp_client": ["tools: search, fetch, recall, timeline, list_sources", "Wave height"],
    "nightly_sync": [
        "first night:  notes: 5 added", "second night: notes: 0 added, 0 updated, 5 unchanged (0 passages embedded",
        "third night:  notes: 1 added, 1 updated, 3 unchanged, 1 deleted", "4 of 5 documents would be deleted",
        "still there:  5 documents",
    ],
    "own_source": ["2 added", "1 failed", "3: received the time 'yesterday'", "Water behind the seal"],
}  # fmt: skip
NEEDS = {"langchain_agent": "langchain", "mcp_client": "mcp"}


@cache
def model() -> OnnxEmbedder:
    """The default model, loaded once for all examples."""
    return OnnxEmbedder()


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load the model once, and leave out the index on disk, which these few passages do not need."""
    monkeypatch.setattr("masa_rag.embedders.default_embedder", model)
    monkeypatch.setattr("masa_rag.memory.Memory._projection", None)


def check_needs(name: str) -> None:
    """Skip where weights or an optional package are not installed."""
    if importlib.util.find_spec("masa_rag_minilm") is None:
        pytest.skip("needs the default model's weights: pip install ./weights")
    pytest.importorskip(NEEDS.get(name, "masa_rag"), reason="needs an extra of masa-rag")


@pytest.mark.parametrize("name", sorted(SHOWN.keys() - {"mcp_client"}))
@pytest.mark.usefixtures("_quick")
def test_an_example_shows_what_it_promises(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It runs to its end, and the words that a reader is meant to see are there."""
    check_needs(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [f"{name}.py"])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert [words for words in SHOWN[name] if words not in printed] == []


@pytest.mark.slow
def test_the_mcp_example_talks_to_a_server_of_its_own(tmp_path: Path) -> None:
    """Two processes, the default model and index, the official client."""
    check_needs("mcp_client")
    done = subprocess.run(
        [sys.executable, EXAMPLES / "mcp_client.py"], cwd=tmp_path, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    assert [words for words in SHOWN["mcp_client"] if words not in done.stdout] == []


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short_and_says_what_it_is(path: Path) -> None:
    """Fewer than 40 lines, a sentence and the command at the top, and a place in the test above."""
    text = path.read_text()
    assert len(text.splitlines()) < 40
    assert text.startswith('"""')
    assert f"python examples/{path.name}" in text
    assert path.stem in SHOWN
